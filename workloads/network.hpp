// A graph that runs: products with weights on an Accelerator, products of activations where it sends them,
// everything else on its executor (kernels.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "core/accelerator.hpp"
#include "core/tensor.hpp"
#include "workloads/graph.hpp"
#include "workloads/kernels.hpp"
#include "workloads/parameter_set.hpp"
#include "workloads/scratch.hpp"
#include "workloads/value_plan.hpp"
#include "workloads/weighted_product.hpp"

namespace fringe {

/// Throws Error that names the first operator that a Network cannot run.
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
  /// One per batch norm: the running mean of each channel, then the running (biased) variance; a forward pass
  /// in training moves both a tenth of the way to the batch's (kernels_batch_norm.hpp).
  std::vector<std::vector<float>> states;
};

/// Normal weights from Draw{seed, initial_weights, site = node index}; variance 2/in before a ReLU (K. He et
/// al., ICCV 2015, arXiv:1502.01852, eq. 10), else 2/(in + out) (X. Glorot, Y. Bengio, AISTATS 2010, eq. 12),
/// where in and out count the taps of a convolution. Biases are 0, scales of norms 1, running variances 1;
/// tables and learned values are normal with variance 0.02² (A. Radford et al., GPT-2, 2019).
Parameters initial_parameters(const Graph& graph, std::uint64_t seed);

/// Everything that training changes in a network, as its hardware holds it, in host memory.
struct NetworkState {
  /// The hardware's own, matrix by matrix (weights, or phases and gains), then those of the digital unit.
  std::vector<std::vector<float>> parameters;
  std::vector<std::vector<float>> states;  ///< Parameters::states
  OptimiserState optimiser;
};

/// A product just executed: y = W·x as the hardware gave it, in executor memory, before any bias.
struct ProductView {
  std::string_view name;  ///< of the operator
  std::size_t matrix;     ///< number of the programmed matrix, 0 …
  ConstMatrix x, y;
};

class Network {
 public:
  /// Programs every matrix with a site of its own: the index of its node, or a number behind all nodes for
  /// the second and further groups of a convolution. The accelerator must outlive the network. Throws Error
  /// on a graph that isn't executable or parameters whose shapes are not the graph's.
  Network(const Graph& graph, const Parameters& parameters, Accelerator& accelerator);

  const Graph& graph() const noexcept { return graph_; }
  Accelerator& accelerator() const noexcept { return *accelerator_; }

  /// What the loss reads, [features×B] (classes, or tokens × classes), for x[features×B]; both in executor
  /// memory. The result is valid until the next call; where backward follows (context.training), x must stay
  /// unchanged until then.
  ConstMatrix forward(ConstMatrix x, const Context& context);
  /// After forward in training with the same context: adds the gradients of gradient_scale times the mean
  /// loss, and returns that loss, without the scale.
  double backward(const Targets& targets, const Context& context, float gradient_scale = 1);
  double backward(const std::int32_t* labels, const Context& context) {
    return backward(Targets{labels, nullptr}, context);
  }
  /// Mean loss of the last forward's batch; no gradients.
  double loss(const Targets& targets);
  double loss(const std::int32_t* labels) { return loss(Targets{labels, nullptr}); }
  /// One step with the gradients added since the last one, at `rate` instead of optimiser.rate; writes the
  /// new parameters to the hardware and zeroes the gradients. Changing the optimiser's kind midway restarts
  /// its state. With loss_scale > 0 the gradients are those of so many times the loss; where one isn't finite
  /// the parameters stay, and the answer is false.
  bool step(const Optimiser& optimiser, float rate, float loss_scale = 0);
  void step(const Optimiser& optimiser) { step(optimiser, optimiser.rate); }

  /// With a state restored, training goes on with the bits that it would have had (network_state.cpp).
  NetworkState state();
  /// Throws Error where the state is another network's. Without steps in state.optimiser, the optimiser
  /// starts anew.
  void restore(const NetworkState& state);
  /// Forgets what the caches of a decoder hold: the next call brings the first tokens. Without it, every call
  /// at inference follows the one before, of the same samples; Error where their number differs. Training
  /// neither reads nor changes caches.
  void reset();

  /// What the hardware realises now, without noise per shot.
  Parameters parameters() const;
  std::size_t matrix_count() const noexcept { return matrices_.size(); }
  ProgrammedMatrix& matrix(std::size_t index) { return *matrices_.at(index); }
  /// Called after each product with a matrix in a forward pass (of a large convolution: after each part);
  /// empty to stop.
  void set_hook(std::function<void(const ProductView&)> hook) { hook_ = std::move(hook); }

 private:
  /// A node at run time.
  struct Place {
    OperatorKernel kernel;
    Products products;            ///< of weighted nodes
    std::vector<Shape> in;        ///< shapes of what it reads
    int matrix = -1;              ///< its first programmed matrix
    int weights = -1;             ///< its Parameters::weights
    int vectors = -1;             ///< its buffer in vectors_
    int states = -1;              ///< its buffer in states_
    int cache = -1;               ///< its buffer in caches_
    int cached = -1;              ///< softmax: node of the cache along its columns
    int tied = -1;                ///< tied embedding: node of the dense whose weights are its table
    int table = -1;               ///< and its buffer in tables_
    bool rearranges = false;      ///< the matrices' columns are not the value itself
    std::size_t saved = 0;        ///< numbers per sample that forward leaves for the pass back
    std::vector<const float*> x;  ///< of the pass that runs
    std::vector<float*> dx;
  };

  void reserve(std::size_t batch, bool training);
  void prepare_training();
  void prepare_caches();
  void find_relations();
  void read_tables();
  const float* value(int node) const;
  float* slot(const ValuePlan& plan, const std::vector<Buffer<float>>& buffers, std::size_t node) const;
  Call call_of(std::size_t node, const Context& context);
  WeightedProduct weighted(const Place& place);

  Graph graph_;
  Accelerator* accelerator_;
  std::vector<Place> places_;
  std::vector<std::unique_ptr<ProgrammedMatrix>> matrices_;
  std::vector<Buffer<float>> vectors_, vector_gradients_, states_;
  ValuePlan inference_, training_, gradient_plan_;
  std::vector<Buffer<float>> values_, gradients_, saved_;
  std::vector<Buffer<float>> caches_, tables_;
  std::size_t calls_ = 0, cached_batch_ = 0;  // that the caches have seen since the last reset
  Scratch scratch_;
  std::size_t capacity_ = 0, batch_ = 0;
  bool trains_ = false;  // what the buffers are laid out for
  ConstMatrix input_;
  ParameterSet trained_;
  std::function<void(const ProductView&)> hook_;
};

}  // namespace fringe
