// Nodes of an ONNX file that work on each number, or normalise.
#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "workloads/onnx_site.hpp"

namespace fringe::onnx_rows {
namespace {

template <Operator op>
void unary(const OnnxSite& s) {
  s.unary(op);
}

void clip(const OnnxSite& s) {
  const auto limit = [&](std::size_t i, const char* attribute, double otherwise) {
    return s.given(i) ? s.constant(i, "its limit").at(0) : s.node.real(attribute, otherwise);
  };
  const double low = limit(1, "min", -INFINITY), high = limit(2, "max", INFINITY);
  if (low != 0 || !(high > 0))
    throw Error("limits " + std::to_string(low) + " and " + std::to_string(high) + "; the lower must be 0");
  Attributes a;
  a.limit = high < 3e38 ? high : 0;
  s.unary(Operator::relu, a);
}

void gelu(const OnnxSite& s) {
  Attributes a;
  a.by_tanh = s.node.text("approximate", "none") == "tanh";
  s.unary(Operator::gelu, a);
}

void softmax(const OnnxSite& s) {
  OnnxValue x = s.value(0);
  const std::size_t rank = x.dims.size();
  // Before opset 13 all dimensions from the axis on are one.
  const std::size_t axis = positive_axis(s.node.integer("axis", s.opset < 13 ? 1 : -1), rank);
  const auto first = x.dims.begin() + static_cast<std::ptrdiff_t>(axis);
  const bool last =
      s.opset < 13 ? std::all_of(first, x.dims.end() - 1, [](auto d) { return d == 1; }) : axis == rank - 1;
  if (!last)
    throw Error("axis = " + std::to_string(axis) + " of " + to_string(x.dims) + "; must be the last");
  Attributes a;
  a.causal = x.causal;
  x.causal = false;
  s.result(OnnxValue{.node = s.draft.add(Operator::softmax, {s.draft.whole(x)}, a), .dims = x.dims});
}

// ---- two operands

// What a value of dimensions `dims` reads: the other operand in its own dimensions, without the batch of the
// first, which a broadcast counts from the last.
Shape part_of(OnnxDims part, const OnnxDims& dims) {
  if (const auto batch = batch_axis(dims)) {
    const std::size_t behind = dims.size() - 1 - *batch;
    if (part.size() > behind) part.erase(part.end() - 1 - static_cast<std::ptrdiff_t>(behind));
  }
  while (part.size() > natural(dims).size() && part[0] == 1) part.erase(part.begin());
  return part.empty() ? Shape{1} : Shape(part.begin(), part.end());
}

// A constant that is the same all over each channel, as a number for each; else nothing.
std::vector<float> per_channel(const OnnxTensor& c, const OnnxDims& dims) {
  const Shape whole = natural(dims), part = part_of(c.dims, dims);
  const std::size_t channel = whole.size() == 3 ? 0 : whole.size() - 1, behind = whole.size() - 1 - channel;
  if (c.size() != whole[channel] || part.size() <= behind || part[part.size() - 1 - behind] != c.size())
    return {};
  return c.reals;
}

// A value of either operand, repeated along what it lacks of the other: the whole comes first.
void combine(const OnnxSite& s, Operator op, const OnnxValue& a, const OnnxValue& b) {
  const OnnxDims dims = broadcast_dims(a.dims, b.dims);
  const bool swapped = part_of(a.dims, dims) != natural(dims);
  const OnnxValue &whole = swapped ? b : a, &part = swapped ? a : b;
  if (part_of(whole.dims, dims) != natural(dims))
    throw Error("combines " + to_string(a.dims) + " with " + to_string(b.dims) +
                "; one must have all dimensions of the result");
  const int first = s.draft.shaped(whole, natural(dims)),
            second = s.draft.shaped(part, part_of(part.dims, dims));
  s.result(OnnxValue{.node = s.draft.add(op, {first, second}), .dims = dims});
}

// 0 where a token may look, far below 0 at the later ones.
bool masks_later(const OnnxTensor& c, const OnnxDims& scores) {
  const std::size_t rank = c.dims.size();
  if (rank < 2 || scores.size() < 2 || !std::equal(c.dims.end() - 2, c.dims.end(), scores.end() - 2) ||
      c.dims[rank - 1] != c.dims[rank - 2] || c.size() != count({c.dims[rank - 1], c.dims[rank - 1]}))
    return false;
  const auto tokens = static_cast<std::size_t>(c.dims[rank - 1]);
  for (std::size_t i = 0; i < c.size(); ++i)
    if (i % tokens > i / tokens ? !(c.at(i) <= -1e4) : c.at(i) != 0) return false;
  return tokens > 1;
}

std::size_t which_constant(const OnnxSite& s) { return s.is_constant(0) ? 0 : s.is_constant(1) ? 1 : 2; }

void add_constant(const OnnxSite& s, OnnxValue x, const OnnxTensor& c, const std::string& name) {
  if (masks_later(c, x.dims)) {
    x.causal = true;
    return s.result(std::move(x));
  }
  if (!c.real) throw Error("computes with the integers '" + name + "'");
  if (c.initialiser.empty() && std::all_of(c.reals.begin(), c.reals.end(), [](float v) { return v == 0; }) &&
      broadcast_dims(x.dims, c.dims) == x.dims)
    return s.result(std::move(x));
  if (std::vector<float> bias = per_channel(c, x.dims); !bias.empty()) {
    const int node = s.draft.add(Operator::bias, {s.draft.whole(x)});
    s.draft.at(node).vectors = std::move(bias);
    return s.result(OnnxValue{.node = node, .dims = x.dims});
  }
  combine(s, Operator::add, x, {.node = s.draft.learned(name, part_of(c.dims, x.dims), c), .dims = c.dims});
}

void add(const OnnxSite& s) {
  const std::size_t k = which_constant(s);
  if (k == 2) return combine(s, Operator::add, s.value(0), s.value(1));
  add_constant(s, s.value(1 - k), s.constant(k, ""), s.node.inputs[k]);
}

OnnxTensor changed(OnnxTensor c, float (*f)(float)) {
  for (float& v : c.reals) v = f(v);
  return c;
}

void subtract(const OnnxSite& s) {
  if (!s.is_constant(1)) throw Error("subtracts a computed value: fringe has no such operator");
  add_constant(s, s.value(0), changed(s.constant(1, ""), [](float v) { return -v; }), s.node.inputs[1]);
}

// A product of two values as it was computed, that nothing else reads.
bool takes_scale(const OnnxSite& s, std::size_t at, const OnnxValue& x) {
  return s.draft.at(x.node).op == Operator::matmul && x.axes.empty() && x.shaped.name.empty() &&
         x.scale == 1 && s.readers.at(s.node.inputs[at]) == 1;
}

// A number that is no parameter stays beside the value until an operator takes it.
void multiply_constant(const OnnxSite& s, std::size_t at, const OnnxTensor& c, const std::string& name) {
  OnnxValue x = s.value(at);
  if (!c.real) throw Error("computes with the integers '" + name + "'");
  if (c.size() == 1 && takes_scale(s, at, x)) {
    s.draft.at(x.node).attributes.scale *= static_cast<double>(c.reals[0]);
    return s.result(std::move(x));
  }
  if (c.size() == 1 && c.initialiser.empty()) {
    x.scale *= static_cast<double>(c.reals[0]);
    return s.result(std::move(x));
  }
  combine(s, Operator::multiply, x,
          {.node = s.draft.learned(name, part_of(c.dims, x.dims), c), .dims = c.dims});
}

void multiply(const OnnxSite& s) {
  const std::size_t k = which_constant(s);
  if (k == 2) return combine(s, Operator::multiply, s.value(0), s.value(1));
  multiply_constant(s, 1 - k, s.constant(k, ""), s.node.inputs[k]);
}

void divide(const OnnxSite& s) {
  if (!s.is_constant(1)) throw Error("divides by a computed value: fringe has no such operator");
  const OnnxTensor& c = s.constant(1, "");
  OnnxValue x = s.value(0);
  if (c.size() == 1 && c.real && takes_scale(s, 0, x)) {
    s.draft.at(x.node).attributes.scale /= static_cast<double>(c.reals[0]);
    return s.result(std::move(x));
  }
  multiply_constant(s, 0, changed(c, [](float v) { return 1 / v; }), s.node.inputs[1]);
}

// ---- norms

std::vector<float> vector_of(const OnnxSite& s, std::size_t i, std::size_t size, float otherwise) {
  if (!s.given(i)) return std::vector<float>(size, otherwise);
  const OnnxTensor& c = s.constant(i, "its parameter");
  if (c.size() != size || !c.real)
    throw Error("its parameter '" + s.node.inputs[i] + "' of " + to_string(c.dims) + " must have " +
                std::to_string(size) + " numbers");
  return c.reals;
}

void append(std::vector<float>& to, const std::vector<float>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

template <Operator op>
void norm(const OnnxSite& s) {
  const OnnxValue x = s.value(0);
  if (positive_axis(s.node.integer("axis", -1), x.dims.size()) != x.dims.size() - 1)
    throw Error("normalises more than the last axis of " + to_string(x.dims));
  const auto width = static_cast<std::size_t>(x.dims.back());
  Shape shape = natural(x.dims);
  if (shape.size() == 3) shape = {shape[0] * shape[1], shape[2]};
  Attributes a;
  a.epsilon = s.node.real("epsilon", 1e-5);
  const int node = s.draft.add(op, {s.draft.shaped(x, shape)}, a);
  s.draft.at(node).vectors = vector_of(s, 1, width, 1);
  if (op == Operator::layer_norm) append(s.draft.at(node).vectors, vector_of(s, 2, width, 0));
  s.result(OnnxValue{.node = node, .dims = x.dims});
}

void batch_norm(const OnnxSite& s) {
  s.require("training_mode", 0);
  const OnnxValue x = s.value(0);
  if (x.dims.size() < 2 || x.dims[0] != 1) throw Error("normalises channels of " + to_string(x.dims));
  const auto channels = static_cast<std::size_t>(x.dims[1]);
  Shape shape = natural(x.dims);
  if (shape.size() == 2) shape.insert(shape.begin() + 1, 1);  // channels of a sequence stand first
  Attributes a;
  a.epsilon = s.node.real("epsilon", 1e-5);
  const int node = s.draft.add(Operator::batch_norm, {s.draft.shaped(x, shape)}, a);
  DraftNode& made = s.draft.at(node);
  append(made.vectors, vector_of(s, 1, channels, 1));
  append(made.vectors, vector_of(s, 2, channels, 0));
  append(made.states, vector_of(s, 3, channels, 0));
  append(made.states, vector_of(s, 4, channels, 1));
  s.result(OnnxValue{.node = node, .dims = x.dims});
}

void dropout(const OnnxSite& s) {
  Attributes a;
  a.probability = s.given(1) ? s.constant(1, "its ratio").at(0) : s.node.real("ratio", 0.5);
  s.unary(Operator::dropout, a);
}

constexpr std::array rows{OnnxRow{"Relu", unary<Operator::relu>},
                          OnnxRow{"Clip", clip},
                          OnnxRow{"Sigmoid", unary<Operator::sigmoid>},
                          OnnxRow{"Tanh", unary<Operator::tanh>},
                          OnnxRow{"Gelu", gelu},
                          OnnxRow{"Swish", unary<Operator::silu>},
                          OnnxRow{"Softmax", softmax},
                          OnnxRow{"Add", add},
                          OnnxRow{"Sub", subtract},
                          OnnxRow{"Mul", multiply},
                          OnnxRow{"Div", divide},
                          OnnxRow{"LayerNormalization", norm<Operator::layer_norm>},
                          OnnxRow{"RMSNormalization", norm<Operator::rms_norm>},
                          OnnxRow{"BatchNormalization", batch_norm},
                          OnnxRow{"Dropout", dropout}};

}  // namespace

std::span<const OnnxRow> elementwise() { return rows; }

}  // namespace fringe::onnx_rows
