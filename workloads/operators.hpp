// The table of operators: one row says what an operator does to shapes, which parameters it has, and what it
// computes and moves. Adding an operator is adding its row; graph, lower() and the counts read nothing else.
//
// A value of one sample has the shape [features], [tokens, features], [heads, tokens, features] or
// [channels, height, width]; sequences are images of height 1 where they are convolved. The batch is no part
// of a shape, the length of a sequence is.
//
// Arithmetic is counted as a formula is written; exponential, logarithm, root, tanh and erf count as one
// operation, as on hardware that has them in its special-function units.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fringe {

using Shape = std::vector<std::size_t>;

enum class Operator {
  input,
  dense,
  bias,
  relu,
  softmax_cross_entropy,
  conv2d,
  conv2d_transposed,
  matmul,
  lstm,
  gru,
  gelu,
  silu,
  tanh,
  sigmoid,
  softmax,
  layer_norm,
  batch_norm,
  rms_norm,
  max_pool,
  average_pool,
  global_pool,
  embedding,
  learned,
  cache,
  rotary,
  add,
  multiply,
  concat,
  reshape,
  transpose,
  slice,
  dropout,
  mean_squared_error,
  mean_absolute_error,
  count
};

/// How a step of work follows from an operator.
enum class OperatorKind {
  source,       ///< reads nothing
  weighted,     ///< a product with a resident weight matrix
  activations,  ///< products of two activations, both new each time
  recurrence,   ///< at each token: a product of a weight matrix with the state, then element-wise work
  elementwise,
  view,  ///< another reading of the same numbers: no work
  loss,  ///< ends the graph; only training computes it
};

/// Which values the pass back reads, and memory holds until then. Products with weights keep their input,
/// products of activations both, recurrences their result and what they saved: by their kind.
enum class Keeps { nothing, inputs, result };

/// What an operator may be told; each reads its own fields.
struct Attributes {
  std::size_t features = 0;    ///< outputs of dense, channels of a convolution, width of an embedding
  std::size_t vocabulary = 0;  ///< rows of an embedding's table
  std::array<std::size_t, 2> kernel{1, 1}, stride{1, 1}, padding{0, 0}, dilation{1, 1};  ///< height, width
  std::size_t groups = 1;       ///< of a convolution; as many as channels: depthwise
  bool ceil = false;            ///< a pool whose last window may hang over the edge
  bool transposed = false;      ///< matmul: the second operand is [columns × inner]
  double scale = 1;             ///< matmul: its product is multiplied by it
  bool causal = false;          ///< softmax: later tokens are masked; their scores are computed all the same
  double epsilon = 1e-5;        ///< added to the variance by the norms
  double limit = 0;             ///< relu: its largest value; 0: none
  bool by_tanh = false;         ///< gelu in the approximation of GPT-2
  bool counts_padding = false;  ///< average_pool: divides by all taps on image and padding, else by those on
                                ///< the image
  double probability = 0;       ///< dropout: of a zero, in [0, 1)
  bool tied = false;  ///< an embedding whose table is the weight of a dense, which counts and updates it
  Shape shape;        ///< of input, learned and reshape; order of axes of a transpose
  std::size_t axis = 0, begin = 0, end = 0;  ///< concat; slice of [begin, end)
  std::size_t context = 0;                   ///< tokens that a cache holds, the new ones among them
};

/// An operator in its place.
struct Site {
  std::span<const Shape> in;
  const Attributes& attributes;
  const Shape& out;
  bool training = false;  ///< some operators compute less at inference
};

/// The products of one sample's forward pass: groups·steps times Y[rows×columns] = W[rows×inner]·X, one W for
/// each group. Steps follow each other.
struct Products {
  std::size_t rows = 0, inner = 0, columns = 0, groups = 1, steps = 1;
  std::size_t weights() const { return rows * inner * groups; }
  double macs() const;
};

struct OperatorRow {
  Operator op;
  std::string_view name;
  OperatorKind kind;
  int inputs;  ///< how many values it reads; −1: two or more
  /// Shape of the result; throws Error with the rule that the inputs break.
  Shape (*shape)(std::span<const Shape> in, const Attributes& a);
  Products (*products)(const Site&) = nullptr;       ///< weighted, activations and recurrence
  std::size_t (*vectors)(const Site&) = nullptr;     ///< parameters that the digital unit holds; none without
  double (*operations)(const Site&) = nullptr;       ///< arithmetic per element of the result; none without
  double backward_operations = 0;                    ///< the same, of the pass back
  int saved = 0;                                     ///< values of the result's size that the pass back reads
  bool passes_gradient = false;                      ///< the gradient goes to every input as it came
  bool training_only = false;                        ///< a view at inference
  double (*forward_numbers)(const Site&) = nullptr;  ///< moved per sample where not inputs + result + vectors
  double (*stored_numbers)(const Site&) = nullptr;   ///< those of them that lie off chip before
  Keeps keeps = Keeps::nothing;
  double kept_bytes = 0;  ///< beside values, of any format, for each element of the result: a mask, an index
};
std::span<const OperatorRow> operator_table() noexcept;
const OperatorRow& row_of(Operator op) noexcept;
std::string_view to_string(Operator op) noexcept;

/// Numbers of a value.
std::size_t numbers(const Shape& shape) noexcept;
/// "[3, 224, 224]"
std::string to_string(const Shape& shape);

}  // namespace fringe
