#include "workloads/operators.hpp"

#include "workloads/operator_shapes.hpp"

namespace fringe {
namespace {

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

// As PyTorch keeps them: a dropout's zeros, and where in the image the largest of a window was.
constexpr double mask_bytes = 1, index_bytes = 8;

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
// clang-format off
constexpr std::array<OperatorRow, static_cast<std::size_t>(Operator::count)> rows{{
    {Operator::input, "input", Kind::source, 0, shapes::given},
    {Operator::dense, "dense", Kind::weighted, 1, shapes::dense, dense_products},
    {.op = Operator::bias, .name = "bias", .kind = Kind::elementwise, .inputs = 1, .shape = shapes::same,
     .vectors = one_vector, .operations = each<1>, .backward_operations = 1, .passes_gradient = true},
    {.op = Operator::relu, .name = "relu", .kind = Kind::elementwise, .inputs = 1, .shape = shapes::same,
     .operations = each<1>, .backward_operations = 1, .saved = 1, .keeps = Keeps::result},
    {.op = Operator::softmax_cross_entropy, .name = "softmax_cross_entropy", .kind = Kind::loss, .inputs = 1,
     .shape = shapes::same, .operations = each<7>, .forward_numbers = with_labels, .keeps = Keeps::result},
    {Operator::conv2d, "conv2d", Kind::weighted, 1, shapes::conv, conv_products},
    {Operator::conv2d_transposed, "conv2d_transposed", Kind::weighted, 1, shapes::conv_transposed,
     conv_transposed_products},
    {Operator::matmul, "matmul", Kind::activations, 2, shapes::matmul, matmul_products},
    {.op = Operator::lstm, .name = "lstm", .kind = Kind::recurrence, .inputs = 1, .shape = shapes::lstm,
     .products = recurrent_products, .vectors = gate_bias, .operations = each<26>, .backward_operations = 40,
     .saved = 6},
    {.op = Operator::gru, .name = "gru", .kind = Kind::recurrence, .inputs = 1, .shape = shapes::gru,
     .products = recurrent_products, .vectors = gate_bias, .operations = each<21>, .backward_operations = 32,
     .saved = 5},
    {.op = Operator::gelu, .name = "gelu", .kind = Kind::elementwise, .inputs = 1, .shape = shapes::same,
     .operations = each<5>, .backward_operations = 11, .saved = 1, .keeps = Keeps::inputs},
    {.op = Operator::silu, .name = "silu", .kind = Kind::elementwise, .inputs = 1, .shape = shapes::same,
     .operations = each<5>, .backward_operations = 9, .saved = 1, .keeps = Keeps::inputs},
    {.op = Operator::tanh, .name = "tanh", .kind = Kind::elementwise, .inputs = 1, .shape = shapes::same,
     .operations = each<1>, .backward_operations = 3, .saved = 1, .keeps = Keeps::result},
    {.op = Operator::sigmoid, .name = "sigmoid", .kind = Kind::elementwise, .inputs = 1,
     .shape = shapes::same, .operations = each<4>, .backward_operations = 3, .saved = 1, .keeps = Keeps::result},
    {.op = Operator::softmax, .name = "softmax", .kind = Kind::elementwise, .inputs = 1,
     .shape = shapes::same, .operations = masked_softmax, .backward_operations = 4, .saved = 1, .keeps = Keeps::result},
    {.op = Operator::layer_norm, .name = "layer_norm", .kind = Kind::elementwise, .inputs = 1,
     .shape = shapes::same, .vectors = two_vectors, .operations = each<7>, .backward_operations = 13,
     .saved = 1, .keeps = Keeps::inputs},
    {.op = Operator::batch_norm, .name = "batch_norm", .kind = Kind::elementwise, .inputs = 1,
     .shape = shapes::same, .vectors = two_vectors, .operations = normalise_batch, .backward_operations = 13,
     .saved = 1, .keeps = Keeps::inputs},
    {.op = Operator::rms_norm, .name = "rms_norm", .kind = Kind::elementwise, .inputs = 1,
     .shape = shapes::same, .vectors = one_vector, .operations = each<4>, .backward_operations = 10,
     .saved = 1, .keeps = Keeps::inputs},
    {.op = Operator::max_pool, .name = "max_pool", .kind = Kind::elementwise, .inputs = 1,
     .shape = shapes::pool, .operations = window, .backward_operations = 1, .saved = 1, .kept_bytes = index_bytes},
    {.op = Operator::average_pool, .name = "average_pool", .kind = Kind::elementwise, .inputs = 1,
     .shape = shapes::pool, .operations = window, .backward_operations = 1},
    {.op = Operator::global_pool, .name = "global_pool", .kind = Kind::elementwise, .inputs = 1,
     .shape = shapes::global_pool, .operations = all_of_channel, .backward_operations = 1},
    {.op = Operator::embedding, .name = "embedding", .kind = Kind::elementwise, .inputs = 1,
     .shape = shapes::embedding, .vectors = table, .backward_operations = 1, .saved = 1,
     .forward_numbers = looked_up, .stored_numbers = result, .keeps = Keeps::inputs},
    {.op = Operator::learned, .name = "learned", .kind = Kind::source, .inputs = 0, .shape = shapes::given,
     .vectors = whole_value, .backward_operations = 1},
    {.op = Operator::cache, .name = "cache", .kind = Kind::elementwise, .inputs = 1, .shape = shapes::cache,
     .passes_gradient = true, .forward_numbers = written_through},
    {.op = Operator::rotary, .name = "rotary", .kind = Kind::elementwise, .inputs = 1, .shape = shapes::same,
     .operations = each<3>, .backward_operations = 3},
    {.op = Operator::add, .name = "add", .kind = Kind::elementwise, .inputs = 2, .shape = shapes::add,
     .operations = each<1>, .passes_gradient = true},
    {.op = Operator::multiply, .name = "multiply", .kind = Kind::elementwise, .inputs = 2,
     .shape = shapes::add, .operations = each<1>, .backward_operations = 2, .saved = 2, .keeps = Keeps::inputs},
    {.op = Operator::concat, .name = "concat", .kind = Kind::elementwise, .inputs = -1,
     .shape = shapes::concat, .passes_gradient = true},
    {Operator::reshape, "reshape", Kind::view, 1, shapes::reshape},
    {Operator::transpose, "transpose", Kind::view, 1, shapes::transpose},
    {Operator::slice, "slice", Kind::view, 1, shapes::slice},
    {.op = Operator::dropout, .name = "dropout", .kind = Kind::elementwise, .inputs = 1,
     .shape = shapes::same, .operations = each<2>, .backward_operations = 1, .saved = 1,
     .training_only = true, .kept_bytes = mask_bytes},
    {.op = Operator::mean_squared_error, .name = "mean_squared_error", .kind = Kind::loss, .inputs = 1,
     .shape = shapes::same, .operations = each<4>, .forward_numbers = with_targets, .keeps = Keeps::inputs},
    {.op = Operator::mean_absolute_error, .name = "mean_absolute_error", .kind = Kind::loss, .inputs = 1,
     .shape = shapes::same, .operations = each<4>, .forward_numbers = with_targets, .keeps = Keeps::inputs},
}};
// clang-format on

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
