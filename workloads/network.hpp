// A graph that runs: dense operators on an Accelerator, everything else on the accelerator's executor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "core/accelerator.hpp"
#include "core/tensor.hpp"
#include "workloads/graph.hpp"

namespace fringe {

/// Throws Error that names the first operator which a Network doesn't run yet: it runs chains of dense, bias
/// and ReLU on [features], from the input to softmax cross entropy.
void require_executable(const Graph& graph);

/// Everything that a trained network is, in host memory; each list in the order of the graph's nodes.
struct Parameters {
  /// One per node with a weight matrix: [rows×inner] row-major, the groups of a convolution one after the
  /// other. So a convolution holds [filters][channels/groups][height][width], a dense [out][in]. Gates
  /// of an LSTM stand in the order input, forget, cell, output, those of a GRU reset, update, new.
  std::vector<std::vector<float>> weights;
  /// One per node with parameters in the digital unit: a bias, a learned value, an embedding's table
  /// [vocabulary][width], the recurrent bias of an LSTM or GRU, the scale of a norm and then its shift.
  std::vector<std::vector<float>> vectors;
  /// One per batch norm: the running mean of each channel, then the running (biased) variance.
  std::vector<std::vector<float>> states;
};

/// Normal weights from Draw{seed, initial_weights, site = node index}; variance 2/in before a ReLU (K. He et
/// al., ICCV 2015, arXiv:1502.01852, eq. 10), else 2/(in + out) (X. Glorot, Y. Bengio, AISTATS 2010, eq. 12).
/// Biases are 0.
Parameters initial_parameters(const Graph& graph, std::uint64_t seed);

/// One dense operator just executed: y = W·x as the hardware gave it, in executor memory, before the bias.
struct DenseView {
  std::string_view name;
  std::size_t dense;  ///< number of the dense operator, 0 …
  ConstMatrix x, y;
};

class Network {
 public:
  /// Programs every dense with site = its node index. The accelerator must outlive the network. Throws Error
  /// on a graph that isn't executable or parameters whose shapes are not the graph's.
  Network(const Graph& graph, const Parameters& parameters, Accelerator& accelerator);

  const Graph& graph() const noexcept { return graph_; }
  Accelerator& accelerator() const noexcept { return *accelerator_; }

  /// Logits[classes×B] for x[features×B], both in executor memory. The result is valid until the next call;
  /// where backward follows, x must stay unchanged until then. The context is handed to every dense as it is.
  ConstMatrix forward(ConstMatrix x, const Context& context);
  /// After forward with keep_for_backward: adds the gradients of the mean loss, and returns that loss.
  /// labels[B] in executor memory, each < classes.
  double backward(const std::int32_t* labels, const Context& context);
  /// Mean loss of the last forward's batch; no gradients.
  double loss(const std::int32_t* labels);
  /// One step with the gradients added since the last one, at `rate` instead of optimiser.rate; writes the
  /// new parameters to the hardware and zeroes the gradients. Changing the optimiser's kind midway restarts
  /// its state.
  void step(const Optimiser& optimiser, float rate);
  void step(const Optimiser& optimiser) { step(optimiser, optimiser.rate); }

  /// What the hardware realises now, without noise per shot.
  Parameters parameters() const;
  std::size_t dense_count() const noexcept { return dense_.size(); }
  ProgrammedMatrix& dense(std::size_t index) { return *dense_.at(index); }
  /// Called after each dense of a forward pass; empty to stop.
  void set_hook(std::function<void(const DenseView&)> hook) { hook_ = std::move(hook); }

 private:
  struct Trained {  // a span of parameters with its gradient and the optimiser's state
    std::span<float> values, gradients;
    Buffer<float> first, second;
  };
  void reserve(std::size_t batch);
  void prepare_training();
  Matrix view(const std::vector<Buffer<float>>& buffers, std::size_t node) const;
  ConstMatrix value(std::size_t node) const;

  Graph graph_;
  Accelerator* accelerator_;
  std::vector<std::unique_ptr<ProgrammedMatrix>> dense_;
  std::vector<Buffer<float>> biases_, bias_gradients_;
  std::vector<int> ordinal_;  // node → which dense or bias it is
  std::vector<int> slot_;     // node → dense whose buffer holds its value: bias and ReLU work in place
  std::vector<Buffer<float>> values_, gradients_;  // per dense, [rows × capacity]
  std::size_t capacity_ = 0, batch_ = 0;
  ConstMatrix input_;
  std::vector<Trained> trained_;
  Optimiser::Kind kind_ = Optimiser::Kind::adam;
  int steps_ = 0;
  std::function<void(const DenseView&)> hook_;
};

}  // namespace fringe
