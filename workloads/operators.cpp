#include "workloads/operators.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace fringe {
namespace {

using In = std::span<const Shape>;

void require(bool ok, const std::string& rule) {
  if (!ok) throw Error(rule);
}

void require_rank(const Shape& shape, std::size_t least, std::size_t most, const char* what) {
  require(shape.size() >= least && shape.size() <= most,
          "reads a value of shape " + to_string(shape) + "; must be " + what);
}

std::string of(std::size_t number) { return std::to_string(number); }

// ---- shapes

Shape same(In in, const Attributes&) { return in[0]; }

Shape given(In, const Attributes& a) {
  require_rank(a.shape, 1, 3, "of one to three dimensions");
  return a.shape;
}

Shape dense_shape(In in, const Attributes& a) {
  require_rank(in[0], 1, 2, "[features] or [tokens, features]; reshape it first");
  require(a.features > 0, "features = 0; must be at least 1");
  Shape out = in[0];
  out.back() = a.features;
  return out;
}

// Positions of a window of k taps, d apart.
std::size_t windows(std::size_t size, const Attributes& a, std::size_t axis) {
  const std::size_t padded = size + 2 * a.padding[axis], reach = a.dilation[axis] * (a.kernel[axis] - 1) + 1;
  require(a.kernel[axis] > 0 && a.stride[axis] > 0 && a.dilation[axis] > 0,
          "kernel, stride and dilation must be at least 1");
  require(reach <= padded, "its kernel reaches over " + of(reach) + " values of " + of(padded));
  const std::size_t steps = padded - reach;
  return (steps + (a.ceil ? a.stride[axis] - 1 : 0)) / a.stride[axis] + 1;
}

Shape conv_shape(In in, const Attributes& a) {
  require_rank(in[0], 3, 3, "[channels, height, width]");
  require(a.features > 0, "features = 0; must be at least 1");
  require(a.groups > 0 && in[0][0] % a.groups == 0 && a.features % a.groups == 0,
          "groups = " + of(a.groups) + " must divide " + of(in[0][0]) + " channels in and " + of(a.features) +
              " out");
  return {a.features, windows(in[0][1], a, 0), windows(in[0][2], a, 1)};
}

Shape conv_transposed_shape(In in, const Attributes& a) {
  require_rank(in[0], 3, 3, "[channels, height, width]");
  require(a.features > 0, "features = 0; must be at least 1");
  require(a.groups == 1, "groups = " + of(a.groups) + "; a transposed convolution has one");
  Shape out{a.features, 0, 0};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::size_t full = (in[0][axis + 1] - 1) * a.stride[axis] + a.kernel[axis];
    require(full > 2 * a.padding[axis], "padding = " + of(a.padding[axis]) + " leaves nothing");
    out[axis + 1] = full - 2 * a.padding[axis];
  }
  return out;
}

Shape pool_shape(In in, const Attributes& a) {
  require_rank(in[0], 3, 3, "[channels, height, width]");
  return {in[0][0], windows(in[0][1], a, 0), windows(in[0][2], a, 1)};
}

Shape global_pool_shape(In in, const Attributes&) {
  require_rank(in[0], 3, 3, "[channels, height, width]");
  return {in[0][0]};
}

Shape matmul_shape(In in, const Attributes& a) {
  const Shape &left = in[0], &right = in[1];
  require_rank(left, 2, 3, "[tokens, features] or [heads, tokens, features]");
  const std::size_t rank = left.size();
  require(right.size() == rank && (rank == 2 || left[0] == right[0]) &&
              left.back() == (a.transposed ? right[rank - 1] : right[rank - 2]),
          "multiplies " + to_string(left) + " by " + to_string(right) + (a.transposed ? " transposed" : "") +
              "; inner sizes must agree, and heads");
  Shape out = left;
  out.back() = a.transposed ? right[rank - 2] : right[rank - 1];
  return out;
}

template <std::size_t gates>
Shape gates_shape(In in, const Attributes&) {
  require_rank(in[0], 2, 2, "[tokens, gates]");
  require(in[0][1] % gates == 0,
          "reads " + of(in[0][1]) + " gate inputs a token; must be a multiple of " + of(gates));
  return {in[0][0], in[0][1] / gates};
}

Shape embedding_shape(In in, const Attributes& a) {
  require_rank(in[0], 1, 1, "[tokens], one number for each");
  require(a.features > 0 && a.vocabulary > 0, "features and vocabulary must be at least 1");
  return {in[0][0], a.features};
}

Shape cache_shape(In in, const Attributes& a) {
  require_rank(in[0], 2, 3, "[tokens, features] or [heads, tokens, features]");
  Shape out = in[0];
  std::size_t& tokens = out[out.size() - 2];
  require(a.context >= tokens, "context = " + of(a.context) + " must hold the " + of(tokens) + " new tokens");
  tokens = a.context;
  return out;
}

// The second operand may miss leading dimensions, or have 1 in place of others: it is the same along them.
Shape add_shape(In in, const Attributes&) {
  const Shape &whole = in[0], &part = in[1];
  const auto fits = [](std::size_t p, std::size_t w) { return p == w || p == 1; };
  require(part.size() <= whole.size() && std::equal(part.rbegin(), part.rend(), whole.rbegin(), fits),
          "combines " + to_string(whole) + " with " + to_string(part) + "; shapes must agree");
  return whole;
}

Shape concat_shape(In in, const Attributes& a) {
  Shape out = in[0];
  require(a.axis < out.size(), "axis = " + of(a.axis) + " of " + to_string(out));
  for (const Shape& next : in.subspan(1)) {
    Shape expected = in[0];
    require(next.size() == out.size(), "joins " + to_string(in[0]) + " and " + to_string(next));
    expected[a.axis] = next[a.axis];
    require(next == expected, "joins " + to_string(in[0]) + " and " + to_string(next) + "; all but axis " +
                                  of(a.axis) + " must agree");
    out[a.axis] += next[a.axis];
  }
  return out;
}

Shape reshape_shape(In in, const Attributes& a) {
  require_rank(a.shape, 1, 3, "of one to three dimensions");
  require(numbers(a.shape) == numbers(in[0]),
          "cannot turn " + to_string(in[0]) + " into " + to_string(a.shape));
  return a.shape;
}

Shape transpose_shape(In in, const Attributes& a) {
  require(a.shape.size() == in[0].size(), "axes must be as many as dimensions");
  Shape out;
  std::vector<bool> seen(in[0].size());
  for (const std::size_t axis : a.shape) {
    require(axis < in[0].size() && !seen[axis], "axes must be a permutation");
    seen[axis] = true;
    out.push_back(in[0][axis]);
  }
  return out;
}

Shape slice_shape(In in, const Attributes& a) {
  require(a.axis < in[0].size() && a.begin < a.end && a.end <= in[0][a.axis],
          "takes [" + of(a.begin) + ", " + of(a.end) + ") on axis " + of(a.axis) + " of " + to_string(in[0]));
  Shape out = in[0];
  out[a.axis] = a.end - a.begin;
  return out;
}

// ---- products

Products dense_products(const Site& s) {
  return {s.attributes.features, s.in[0].back(), numbers(s.in[0]) / s.in[0].back()};
}

Products conv_products(const Site& s) {
  const Attributes& a = s.attributes;
  return {a.features / a.groups, s.in[0][0] / a.groups * a.kernel[0] * a.kernel[1], s.out[1] * s.out[2],
          a.groups};
}

// Every input spreads over a window of the result; what overlaps is added there.
Products conv_transposed_products(const Site& s) {
  const Attributes& a = s.attributes;
  return {a.features * a.kernel[0] * a.kernel[1], s.in[0][0], s.in[0][1] * s.in[0][2]};
}

Products matmul_products(const Site& s) {
  const Shape& left = s.in[0];
  return {left[left.size() - 2], left.back(), s.out.back(), left.size() == 3 ? left[0] : 1};
}

Products recurrent_products(const Site& s) { return {s.in[0][1], s.out[1], 1, 1, s.in[0][0]}; }

// ---- parameters outside weight matrices

// The channels of an image, the features of everything else.
std::size_t channels(const Shape& shape) { return shape.size() == 3 ? shape[0] : shape.back(); }
std::size_t one_vector(const Site& s) { return channels(s.out); }
std::size_t two_vectors(const Site& s) { return 2 * channels(s.out); }
std::size_t whole_value(const Site& s) { return numbers(s.out); }
std::size_t gate_bias(const Site& s) { return s.in[0][1]; }
std::size_t table(const Site& s) {
  return s.attributes.tied ? 0 : s.attributes.vocabulary * s.attributes.features;
}

// ---- arithmetic

template <int n>
double each(const Site&) {
  return n;
}
double window(const Site& s) { return static_cast<double>(s.attributes.kernel[0] * s.attributes.kernel[1]); }
double all_of_channel(const Site& s) { return static_cast<double>(s.in[0][1] * s.in[0][2]); }
double normalise_batch(const Site& s) { return s.training ? 7 : 2; }
double masked_softmax(const Site& s) { return s.attributes.causal ? 6 : 5; }

// ---- what is moved

// The labels, one for each vector of logits, or as many targets as values.
double with_labels(const Site& s) {
  return static_cast<double>(2 * numbers(s.in[0]) + numbers(s.in[0]) / s.in[0].back());
}
double with_targets(const Site& s) { return 3.0 * static_cast<double>(numbers(s.in[0])); }
double looked_up(const Site& s) { return static_cast<double>(numbers(s.in[0]) + 2 * numbers(s.out)); }
double result(const Site& s) { return static_cast<double>(numbers(s.out)); }
double written_through(const Site& s) { return 2.0 * static_cast<double>(numbers(s.in[0])); }

using Kind = OperatorKind;

// Operations, forward: relu compares; sigmoid negates, exponential, adds, divides: 4, and silu multiplies;
// gelu is x/2·(1 + erf(x/√2)): 5; softmax: largest, subtract, exponential, sum, divide; layer norm: mean,
// subtract, square, sum, divide, scale, shift; batch norm the same, at inference scale and shift alone; root
// mean square: square, sum, divide, scale; rotary: two multiplications, one addition. A cell of an LSTM adds
// the recurrent part and its bias to each of four gates (8), takes three sigmoids (12), two tanh (2), f·c +
// i·g (3) and o·tanh c (1); that of a GRU: 6 + 8 + 1, r·h and its sum (2), (1−z)·n + z·h (4). Cross entropy:
// largest of a column, subtract, exponential, sum, divide, subtract the label, divide by the batch: 7.
// Squared and absolute errors: subtract, square or magnitude, sum, gradient. Backward: y·dy, its sum,
// subtract, multiply for softmax; γ·dy, two sums with a product, x̂ again (2), its multiple, two subtractions,
// scale, dγ (2), dβ: 13 for layer and batch norm, one sum and dβ less without mean.
constexpr std::array<OperatorRow, static_cast<std::size_t>(Operator::count)> rows{{
    {Operator::input, "input", Kind::source, 0, given},
    {Operator::dense, "dense", Kind::weighted, 1, dense_shape, dense_products},
    {.op = Operator::bias,
     .name = "bias",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = same,
     .vectors = one_vector,
     .operations = each<1>,
     .backward_operations = 1,
     .passes_gradient = true},
    {.op = Operator::relu,
     .name = "relu",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = same,
     .operations = each<1>,
     .backward_operations = 1,
     .saved = 1},
    {.op = Operator::softmax_cross_entropy,
     .name = "softmax_cross_entropy",
     .kind = Kind::loss,
     .inputs = 1,
     .shape = same,
     .operations = each<7>,
     .forward_numbers = with_labels},
    {Operator::conv2d, "conv2d", Kind::weighted, 1, conv_shape, conv_products},
    {Operator::conv2d_transposed, "conv2d_transposed", Kind::weighted, 1, conv_transposed_shape,
     conv_transposed_products},
    {Operator::matmul, "matmul", Kind::activations, 2, matmul_shape, matmul_products},
    {.op = Operator::lstm,
     .name = "lstm",
     .kind = Kind::recurrence,
     .inputs = 1,
     .shape = gates_shape<4>,
     .products = recurrent_products,
     .vectors = gate_bias,
     .operations = each<26>,
     .backward_operations = 40,
     .saved = 6},
    {.op = Operator::gru,
     .name = "gru",
     .kind = Kind::recurrence,
     .inputs = 1,
     .shape = gates_shape<3>,
     .products = recurrent_products,
     .vectors = gate_bias,
     .operations = each<21>,
     .backward_operations = 32,
     .saved = 5},
    {.op = Operator::gelu,
     .name = "gelu",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = same,
     .operations = each<5>,
     .backward_operations = 11,
     .saved = 1},
    {.op = Operator::silu,
     .name = "silu",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = same,
     .operations = each<5>,
     .backward_operations = 9,
     .saved = 1},
    {.op = Operator::tanh,
     .name = "tanh",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = same,
     .operations = each<1>,
     .backward_operations = 3,
     .saved = 1},
    {.op = Operator::sigmoid,
     .name = "sigmoid",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = same,
     .operations = each<4>,
     .backward_operations = 3,
     .saved = 1},
    {.op = Operator::softmax,
     .name = "softmax",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = same,
     .operations = masked_softmax,
     .backward_operations = 4,
     .saved = 1},
    {.op = Operator::layer_norm,
     .name = "layer_norm",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = same,
     .vectors = two_vectors,
     .operations = each<7>,
     .backward_operations = 13,
     .saved = 1},
    {.op = Operator::batch_norm,
     .name = "batch_norm",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = same,
     .vectors = two_vectors,
     .operations = normalise_batch,
     .backward_operations = 13,
     .saved = 1},
    {.op = Operator::rms_norm,
     .name = "rms_norm",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = same,
     .vectors = one_vector,
     .operations = each<4>,
     .backward_operations = 10,
     .saved = 1},
    {.op = Operator::max_pool,
     .name = "max_pool",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = pool_shape,
     .operations = window,
     .backward_operations = 1,
     .saved = 1},
    {.op = Operator::average_pool,
     .name = "average_pool",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = pool_shape,
     .operations = window,
     .backward_operations = 1},
    {.op = Operator::global_pool,
     .name = "global_pool",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = global_pool_shape,
     .operations = all_of_channel,
     .backward_operations = 1},
    {.op = Operator::embedding,
     .name = "embedding",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = embedding_shape,
     .vectors = table,
     .backward_operations = 1,
     .saved = 1,
     .forward_numbers = looked_up,
     .stored_numbers = result},
    {.op = Operator::learned,
     .name = "learned",
     .kind = Kind::source,
     .inputs = 0,
     .shape = given,
     .vectors = whole_value,
     .backward_operations = 1},
    {.op = Operator::cache,
     .name = "cache",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = cache_shape,
     .passes_gradient = true,
     .forward_numbers = written_through},
    {.op = Operator::rotary,
     .name = "rotary",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = same,
     .operations = each<3>,
     .backward_operations = 3},
    {.op = Operator::add,
     .name = "add",
     .kind = Kind::elementwise,
     .inputs = 2,
     .shape = add_shape,
     .operations = each<1>,
     .passes_gradient = true},
    {.op = Operator::multiply,
     .name = "multiply",
     .kind = Kind::elementwise,
     .inputs = 2,
     .shape = add_shape,
     .operations = each<1>,
     .backward_operations = 2,
     .saved = 2},
    {.op = Operator::concat,
     .name = "concat",
     .kind = Kind::elementwise,
     .inputs = -1,
     .shape = concat_shape,
     .passes_gradient = true},
    {Operator::reshape, "reshape", Kind::view, 1, reshape_shape},
    {Operator::transpose, "transpose", Kind::view, 1, transpose_shape},
    {Operator::slice, "slice", Kind::view, 1, slice_shape},
    {.op = Operator::dropout,
     .name = "dropout",
     .kind = Kind::elementwise,
     .inputs = 1,
     .shape = same,
     .operations = each<2>,
     .backward_operations = 1,
     .saved = 1,
     .training_only = true},
    {.op = Operator::mean_squared_error,
     .name = "mean_squared_error",
     .kind = Kind::loss,
     .inputs = 1,
     .shape = same,
     .operations = each<4>,
     .forward_numbers = with_targets},
    {.op = Operator::mean_absolute_error,
     .name = "mean_absolute_error",
     .kind = Kind::loss,
     .inputs = 1,
     .shape = same,
     .operations = each<4>,
     .forward_numbers = with_targets},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].op != static_cast<Operator>(i)) return false;
  return true;
}
static_assert(in_order(), "one row for each operator, in its order");

}  // namespace

double Products::macs() const {
  return static_cast<double>(rows) * static_cast<double>(inner) * static_cast<double>(columns) *
         static_cast<double>(groups) * static_cast<double>(steps);
}

std::span<const OperatorRow> operator_table() noexcept { return rows; }
const OperatorRow& row_of(Operator op) noexcept { return rows[static_cast<std::size_t>(op)]; }
std::string_view to_string(Operator op) noexcept { return row_of(op).name; }

std::size_t numbers(const Shape& shape) noexcept {
  std::size_t product = 1;
  for (const std::size_t size : shape) product *= size;
  return product;
}

std::string to_string(const Shape& shape) {
  std::string text;
  for (const std::size_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "[" + text + "]";
}

}  // namespace fringe
