#include "workloads/onnx_fold.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <type_traits>

#include "core/error.hpp"

namespace fringe {
namespace {

using Tensors = std::vector<OnnxTensor>;

constexpr std::size_t most_numbers = std::size_t{1} << 28;  // no chain of shapes or mask comes near

void require_modest(const OnnxDims& dims) {
  double product = 1;
  bool negative = false;
  for (const std::int64_t size : dims) {
    product *= static_cast<double>(size);
    negative = negative || size < 0;
  }
  if (negative || product > static_cast<double>(most_numbers))
    throw Error("makes a constant of " + to_string(dims));
}

const OnnxTensor& operand(OnnxOperands in, std::size_t i) {
  if (i >= in.size() || in[i] == nullptr) throw Error("lacks operand " + std::to_string(i));
  return *in[i];
}
const OnnxTensor* optional(OnnxOperands in, std::size_t i) { return i < in.size() ? in[i] : nullptr; }

std::vector<std::int64_t> strides_of(const OnnxDims& dims) {
  std::vector<std::int64_t> strides(dims.size(), 1);
  for (std::size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

// Numbers of `from`, picked by their places.
OnnxTensor pick(const OnnxTensor& from, OnnxDims dims, const std::vector<std::size_t>& places) {
  OnnxTensor to{.dims = std::move(dims), .real = from.real, .initialiser = from.initialiser};
  for (const std::size_t place : places) {
    if (from.real)
      to.reals.push_back(from.reals.at(place));
    else
      to.integers.push_back(from.integers.at(place));
  }
  return to;
}

// Transpose, Slice and Expand: one step through the numbers for each axis of the result.
OnnxTensor strided(const OnnxTensor& from, const OnnxDims& dims, const std::vector<std::int64_t>& strides,
                   std::int64_t begin = 0) {
  require_modest(dims);
  std::vector<std::size_t> places(count(dims));
  for (std::size_t i = 0; i < places.size(); ++i) {
    auto rest = static_cast<std::int64_t>(i), place = begin;
    for (std::size_t axis = dims.size(); axis-- > 0; rest /= dims[axis])
      place += rest % dims[axis] * strides[axis];
    places[i] = static_cast<std::size_t>(place);
  }
  return pick(from, dims, places);
}

OnnxTensor expanded(const OnnxTensor& from, const OnnxDims& dims) {
  const auto own = strides_of(from.dims);
  std::vector<std::int64_t> strides(dims.size(), 0);
  const std::size_t lead = dims.size() - from.dims.size();
  for (std::size_t i = 0; i < own.size(); ++i) strides[lead + i] = from.dims[i] == 1 ? 0 : own[i];
  return strided(from, dims, strides);
}

// ---- one function for each kind of operator

Tensors view(const OnnxNode& node, OnnxOperands in) {
  OnnxTensor result = operand(in, 0);
  result.dims = viewed_dims(node, result.dims, optional(in, 1));
  return {std::move(result)};
}

Tensors transpose(const OnnxNode& node, OnnxOperands in) {
  const OnnxTensor& x = operand(in, 0);
  const auto own = strides_of(x.dims);
  OnnxDims dims;
  std::vector<std::int64_t> strides;
  for (const std::size_t axis : transpose_axes(node, x.dims.size())) {
    dims.push_back(x.dims[axis]);
    strides.push_back(own[axis]);
  }
  return {strided(x, dims, strides)};
}

Tensors slice(const OnnxNode& node, OnnxOperands in) {
  const OnnxTensor& x = operand(in, 0);
  const auto ranges = slice_ranges(node, x.dims, in);
  auto strides = strides_of(x.dims);
  OnnxDims dims;
  std::int64_t begin = 0;
  for (std::size_t axis = 0; axis < ranges.size(); ++axis) {
    begin += ranges[axis].begin * strides[axis];
    strides[axis] *= ranges[axis].step;
    dims.push_back(ranges[axis].size);
  }
  return {strided(x, dims, strides, begin)};
}

Tensors expand(const OnnxNode&, OnnxOperands in) {
  const OnnxTensor& x = operand(in, 0);
  return {expanded(x, broadcast_dims(x.dims, integers_of(operand(in, 1))))};
}

Tensors gather(const OnnxNode& node, OnnxOperands in) {
  const OnnxTensor &x = operand(in, 0), &which = operand(in, 1);
  const std::size_t axis = positive_axis(node.integer("axis", 0), x.dims.size());
  const OnnxDims before(x.dims.begin(), x.dims.begin() + static_cast<std::ptrdiff_t>(axis));
  const OnnxDims behind(x.dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.dims.end());
  const std::size_t size = static_cast<std::size_t>(x.dims[axis]), block = count(behind);
  OnnxDims dims = before;
  dims.insert(dims.end(), which.dims.begin(), which.dims.end());
  dims.insert(dims.end(), behind.begin(), behind.end());
  require_modest(dims);
  std::vector<std::size_t> places;
  for (std::size_t lead = 0; lead < count(before); ++lead)
    for (const std::int64_t i : integers_of(which))
      for (std::size_t k = 0; k < block; ++k)
        places.push_back((lead * size + positive_axis(i, size)) * block + k);
  return {pick(x, dims, places)};
}

Tensors concat(const OnnxNode& node, OnnxOperands in) {
  OnnxTensor result{.dims = operand(in, 0).dims, .real = operand(in, 0).real};
  const std::size_t axis = positive_axis(node.integer("axis", 0), result.dims.size());
  std::size_t lead = 1;
  for (std::size_t i = 0; i < axis; ++i) lead *= static_cast<std::size_t>(result.dims[i]);
  result.dims[axis] = 0;
  for (std::size_t i = 0; i < in.size(); ++i) result.dims[axis] += operand(in, i).dims.at(axis);
  for (std::size_t row = 0; row < lead; ++row)
    for (const OnnxTensor* part : in) {
      const std::size_t block = part->size() / std::max<std::size_t>(lead, 1);
      for (std::size_t k = row * block; k < (row + 1) * block; ++k) {
        if (result.real)
          result.reals.push_back(static_cast<float>(part->at(k)));
        else
          result.integers.push_back(static_cast<std::int64_t>(part->at(k)));
      }
    }
  if (result.size() != count(result.dims)) throw Error("joins constants whose dimensions differ");
  return {std::move(result)};
}

Tensors shape(const OnnxNode&, OnnxOperands in) {
  const OnnxDims& dims = operand(in, 0).dims;
  return {integer_tensor({static_cast<std::int64_t>(dims.size())}, dims)};
}

Tensors constant(const OnnxNode& node, OnnxOperands) {
  if (const OnnxAttribute* a = node.find("value")) return {a->tensor};
  for (const char* name : {"value_float", "value_floats", "value_int", "value_ints"}) {
    const OnnxAttribute* a = node.find(name);
    if (a == nullptr) continue;
    const bool real = !a->reals.empty();
    const auto size = static_cast<std::int64_t>(real ? a->reals.size() : a->integers.size());
    OnnxDims dims;
    if (std::string_view(name).ends_with('s')) dims = {size};
    return {real ? real_tensor(dims, a->reals) : integer_tensor(dims, a->integers)};
  }
  throw Error("is a constant without a number");
}

Tensors constant_of_shape(const OnnxNode& node, OnnxOperands in) {
  OnnxTensor value = real_tensor({1}, {0.0f});
  if (const OnnxAttribute* a = node.find("value")) value = a->tensor;
  value.dims = {1};
  const OnnxDims dims = integers_of(operand(in, 0));
  return {dims.empty() ? pick(value, {}, {0}) : expanded(value, dims)};
}

Tensors range(const OnnxNode&, OnnxOperands in) {
  const OnnxTensor& first = operand(in, 0);
  const double begin = first.at(0), end = operand(in, 1).at(0), step = operand(in, 2).at(0);
  if (step == 0) throw Error("steps by 0");
  const auto size = static_cast<std::int64_t>(std::max(0.0, std::ceil((end - begin) / step)));
  require_modest({size});
  OnnxTensor result{.dims = {size}, .real = first.real};
  for (std::int64_t i = 0; i < size; ++i) {
    const double value = begin + step * static_cast<double>(i);
    if (result.real)
      result.reals.push_back(static_cast<float>(value));
    else
      result.integers.push_back(static_cast<std::int64_t>(value));
  }
  return {std::move(result)};
}

Tensors cast(const OnnxNode& node, OnnxOperands in) {
  const OnnxTensor& x = operand(in, 0);
  // TensorProto::DataType: 1, 10 and 11 are float, half and double, 9 is bool.
  const std::int64_t to = node.integer("to", 1);
  if (to == 1 || to == 10 || to == 11) {
    OnnxTensor result{.dims = x.dims, .initialiser = x.initialiser};
    for (std::size_t i = 0; i < x.size(); ++i) result.reals.push_back(static_cast<float>(x.at(i)));
    return {std::move(result)};
  }
  OnnxTensor result{.dims = x.dims, .real = false};
  for (std::size_t i = 0; i < x.size(); ++i)
    result.integers.push_back(to == 9 ? x.at(i) != 0 : static_cast<std::int64_t>(x.at(i)));
  return {std::move(result)};
}

Tensors where(const OnnxNode&, OnnxOperands in) {
  const OnnxTensor &c = operand(in, 0), &a = operand(in, 1), &b = operand(in, 2);
  const OnnxDims dims = broadcast_dims(broadcast_dims(a.dims, b.dims), c.dims);
  const OnnxTensor choice = expanded(c, dims), other = expanded(b, dims);
  OnnxTensor result = expanded(a, dims);
  result.initialiser.clear();
  for (std::size_t i = 0; i < choice.size(); ++i) {
    if (choice.at(i) != 0) continue;
    if (result.real)
      result.reals[i] = static_cast<float>(other.at(i));
    else
      result.integers[i] = other.integers.at(i);
  }
  return {std::move(result)};
}

Tensors triangle(const OnnxNode& node, OnnxOperands in) {
  OnnxTensor x = operand(in, 0);
  const std::size_t rank = x.dims.size();
  if (rank < 2) throw Error("takes a matrix");
  const std::int64_t diagonal = optional(in, 1) == nullptr ? 0 : integers_of(*in[1]).at(0);
  const bool upper = node.integer("upper", 1) != 0;
  const std::int64_t rows = x.dims[rank - 2], columns = x.dims[rank - 1];
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::int64_t place = static_cast<std::int64_t>(i) % (rows * columns);
    const std::int64_t over = place % columns - place / columns - diagonal;
    if (upper ? over >= 0 : over <= 0) continue;
    if (x.real)
      x.reals[i] = 0;
    else
      x.integers[i] = 0;
  }
  return {std::move(x)};
}

// Sums, products, quotients and roots of floats in double, rounded once, are those in float.
template <class F>
Tensors binary(const OnnxNode&, OnnxOperands in) {
  constexpr bool compares = std::is_same_v<decltype(F{}(1.0, 1.0)), bool>;
  const OnnxDims dims = broadcast_dims(operand(in, 0).dims, operand(in, 1).dims);
  const OnnxTensor a = expanded(*in[0], dims), b = expanded(*in[1], dims);
  if (a.real != b.real) throw Error("combines integers with reals");
  OnnxTensor result{.dims = dims, .real = a.real && !compares};
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!a.real)
      result.integers.push_back(F{}(a.integers[i], b.integers[i]));
    else if (compares)
      result.integers.push_back(F{}(a.at(i), b.at(i)) ? 1 : 0);
    else
      result.reals.push_back(static_cast<float>(F{}(a.at(i), b.at(i))));
  }
  return {std::move(result)};
}

template <double (*f)(double)>
Tensors unary(const OnnxNode&, OnnxOperands in) {
  OnnxTensor x = operand(in, 0);
  x.initialiser.clear();
  for (float& value : x.reals) value = static_cast<float>(f(value));
  for (std::int64_t& value : x.integers) value = static_cast<std::int64_t>(f(static_cast<double>(value)));
  return {std::move(x)};
}

struct Quotient {
  double operator()(double a, double b) const { return a / b; }
  std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    if (b == 0) throw Error("divides an integer by 0");
    return a / b;
  }
};
struct Power {
  double operator()(double a, double b) const { return std::pow(a, b); }
  std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    return static_cast<std::int64_t>(std::pow(static_cast<double>(a), static_cast<double>(b)));
  }
};
struct Larger {
  template <class T>
  T operator()(T a, T b) const {
    return std::max(a, b);
  }
};
struct Smaller {
  template <class T>
  T operator()(T a, T b) const {
    return std::min(a, b);
  }
};

struct Row {
  std::string_view type;
  Tensors (*compute)(const OnnxNode&, OnnxOperands);
};
constexpr std::array rows{
    Row{"Constant", constant},
    Row{"ConstantOfShape", constant_of_shape},
    Row{"Range", range},
    Row{"Shape", shape},
    Row{"Identity", view},
    Row{"Reshape", view},
    Row{"Flatten", view},
    Row{"Squeeze", view},
    Row{"Unsqueeze", view},
    Row{"Transpose", transpose},
    Row{"Slice", slice},
    Row{"Expand", expand},
    Row{"Gather", gather},
    Row{"Concat", concat},
    Row{"Cast", cast},
    Row{"Where", where},
    Row{"Trilu", triangle},
    Row{"Add", binary<std::plus<>>},
    Row{"Sub", binary<std::minus<>>},
    Row{"Mul", binary<std::multiplies<>>},
    Row{"Div", binary<Quotient>},
    Row{"Pow", binary<Power>},
    Row{"Max", binary<Larger>},
    Row{"Min", binary<Smaller>},
    Row{"Equal", binary<std::equal_to<>>},
    Row{"Less", binary<std::less<>>},
    Row{"LessOrEqual", binary<std::less_equal<>>},
    Row{"Greater", binary<std::greater<>>},
    Row{"GreaterOrEqual", binary<std::greater_equal<>>},
    Row{"And", binary<std::logical_and<>>},
    Row{"Or", binary<std::logical_or<>>},
    Row{"Not", unary<[](double a) { return a == 0 ? 1.0 : 0.0; }>},
    Row{"Neg", unary<[](double a) { return -a; }>},
    Row{"Sqrt", unary<[](double a) { return std::sqrt(a); }>},
    Row{"Reciprocal", unary<[](double a) { return 1 / a; }>},
};

const Row* row_for(const OnnxNode& node) noexcept {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return r.type == node.type; });
  return found == rows.end() || !node.domain.empty() ? nullptr : &*found;
}

}  // namespace

bool folds(const OnnxNode& node) noexcept { return row_for(node) != nullptr; }

std::vector<OnnxTensor> fold(const OnnxNode& node, OnnxOperands operands) {
  return row_for(node)->compute(node, operands);
}

}  // namespace fringe
