// What operators compute on numbers. Products with weights belong to the Accelerator, products of two
// activations too; everything else is a kernel here, written once for host and device (kernels_impl.hpp).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/draw.hpp"
#include "core/executor.hpp"
#include "workloads/graph.hpp"

namespace fringe {

/// An operator at work on a batch. Values are [shape…, batch] in executor memory, batch contiguous; pointers
/// that an operator has no use for are null.
struct Call {
  const Node* node = nullptr;
  std::span<const Shape> in;
  std::size_t batch = 0;
  bool training = false;
  std::span<const float* const> x;    ///< values read
  float* y = nullptr;                 ///< value made
  const float* vectors = nullptr;     ///< the node's Parameters::vectors
  float* states = nullptr;            ///< its Parameters::states; of a cache what it holds, null in training
  float* saved = nullptr;             ///< what forward leaves for the pass back
  const float* dy = nullptr;          ///< pass back: ∂loss/∂y
  std::span<float* const> dx;         ///< ∂loss/∂x, overwritten; null where nobody asks
  float* vector_gradients = nullptr;  ///< added to
  Draw draw;  ///< dropout: site = node; element = number in the sample·2³² + sample
  std::uint64_t first_sample = 0;
  std::size_t first_token = 0;    ///< position of the first token: how many a cache has seen before
  std::size_t hidden_tokens = 0;  ///< softmax over a cache: columns that no token has filled yet

  const Attributes& attributes() const { return node->attributes; }
  Site site() const { return {in, node->attributes, node->shape, training}; }
};

/// Some of the positions of a product's columns: column (p − first)·batch + b of X belongs to position p.
struct Positions {
  std::size_t first = 0, count = 1;
};

/// A step of a recurrence, width = numbers of the state; parts of gates are [gates·width × batch], others
/// [width × batch].
struct RecurrentStep {
  const float *x, *product, *bias;  ///< the inputs' part, W·h, and [gates·width]
  const float* before;              ///< y of the step before, or zeros
  float* state;                     ///< what else goes on to the next step; 0 before the first
  float* y;
  float* saved;  ///< for the pass back, or null
};
struct RecurrentStepBack {
  const float *dy, *carried;              ///< what reaches y by itself, and by W of the next step
  const float *before, *saved;            ///< as in RecurrentStep
  const float* saved_before;              ///< of the step before, or null
  float* state;                           ///< gradient of the state, on the way back
  float *dproduct, *dx, *bias_gradients;  ///< dx may be null; the bias's is added to
};

/// What a network's result is compared with, in executor memory: labels of cross entropy, one for each sample
/// and token, [tokens × batch], each < classes; or values of the other losses, [features × batch].
struct Targets {
  const std::int32_t* labels = nullptr;
  const float* values = nullptr;
};

/// One row per operator; a function that is null has nothing to do.
struct OperatorKernel {
  Operator op = Operator::input;
  /// y from x.
  void (*forward)(Executor&, const Call&) = nullptr;
  /// dx and vector gradients from dy.
  void (*backward)(Executor&, const Call&) = nullptr;
  /// Mean loss of x[0]; dx[0] becomes its gradient, where it isn't null.
  double (*loss)(Executor&, const Call&, const Targets&) = nullptr;
  /// Numbers per sample that forward leaves in Call::saved, where training.
  std::size_t (*saved)(const Site&) = nullptr;
  bool in_place = false;      ///< y may be x[0] and dx[0] may be dy
  bool reads_input = false;   ///< backward reads x
  bool reads_output = false;  ///< backward reads y

  // Weighted operators, Y = W·X. Null: value and matrix are the same numbers. A depthwise convolution has no
  // matrix: the digital unit holds its weights (Call::vectors) and runs forward and backward.
  /// X[groups·inner × count·batch] from x.
  void (*gather)(Executor&, const Call&, Positions, Matrix columns) = nullptr;
  /// dx[0] from dX[groups·inner × count·batch].
  void (*scatter)(Executor&, const Call&, Positions, ConstMatrix columns) = nullptr;
  /// y from Y[groups·rows × count·batch].
  void (*deliver)(Executor&, const Call&, Positions, ConstMatrix columns) = nullptr;
  /// dY[groups·rows × count·batch] from dy.
  void (*collect)(Executor&, const Call&, Positions, Matrix columns) = nullptr;
  /// What scatter or deliver write overlaps: they add to what is there, which is 0 before the first position.
  bool overlaps = false;
  // Products of two activations.
  /// [heads][numbers][batch] to one matrix for each head and sample, and back.
  void (*pack)(Executor&, const float* from, float* to, std::size_t heads, std::size_t numbers,
               std::size_t batch) = nullptr;
  void (*unpack)(Executor&, const float* from, float* to, std::size_t heads, std::size_t numbers,
                 std::size_t batch) = nullptr;

  // Recurrences.
  void (*step)(Executor&, const RecurrentStep&, std::size_t width, std::size_t batch) = nullptr;
  void (*step_back)(Executor&, const RecurrentStepBack&, std::size_t width, std::size_t batch,
                    std::size_t gates) = nullptr;

  /// Whether a site needs any of gather, scatter, deliver and collect at all; null: always.
  bool (*rearranges)(const Site&) = nullptr;
};

/// The kernels for an executor: on the host those of the widest instruction set that this processor runs.
std::span<const OperatorKernel> kernels_of(const Executor& executor);
inline const OperatorKernel& kernel_of(const Executor& executor, Operator op) {
  return kernels_of(executor)[static_cast<std::size_t>(op)];
}

/// Whether numbers of this operator can be computed.
bool has_kernel(Operator op) noexcept;

}  // namespace fringe
