// Weighted operators, products of two values and recurrences as nodes of ONNX.
#include "core/error.hpp"
#include "workloads/onnx_writer.hpp"

namespace fringe::onnx_export {
namespace {

// Gates in the file's order: the g-th block of the file is block order[g] of the graph.
std::vector<float> gates_of(std::span<const float> from, std::span<const std::size_t> order) {
  const std::size_t block = from.size() / order.size();
  std::vector<float> to;
  for (const std::size_t gate : order)
    to.insert(to.end(), from.begin() + static_cast<std::ptrdiff_t>(gate * block),
              from.begin() + static_cast<std::ptrdiff_t>((gate + 1) * block));
  return to;
}

std::vector<float> transposed(std::span<const float> from, std::size_t rows) {
  const std::size_t columns = from.size() / rows;
  std::vector<float> to(from.size());
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
  return to;
}

// A recurrence in ONNX multiplies its inputs itself.
bool belongs_to_recurrence(const OnnxWriter& w, std::size_t index) {
  for (const std::size_t reader : w.readers_of(index)) {
    const Node& n = w.graph().nodes()[reader];
    if (row_of(n.op).kind == OperatorKind::recurrence) return true;
    if (w.graph().nodes()[index].op == Operator::dense && n.op == Operator::bias &&
        belongs_to_recurrence(w, reader))
      return true;
  }
  return false;
}

void recurrence(OnnxWriter& w, const char* type, std::span<const std::size_t> order) {
  std::size_t index = static_cast<std::size_t>(w.node().inputs[0]);
  std::vector<float> both(w.vectors().size(), 0.0f);
  const auto alone = [&] { return w.readers_of(index).size() == 1; };
  bool ours = alone();
  if (w.graph().nodes()[index].op == Operator::bias) {
    both = gates_of(w.vectors_of(index), order);
    index = static_cast<std::size_t>(w.graph().nodes()[index].inputs[0]);
    ours = ours && alone();
  }
  const Node& inputs = w.graph().nodes()[index];
  if (inputs.op != Operator::dense || !ours) w.fail("reads gate inputs that no dense makes for it alone");
  const std::vector<float> own = gates_of(w.vectors(), order);
  both.insert(both.end(), own.begin(), own.end());
  const Node& from = w.graph().node(inputs.inputs[0]);
  const auto gates = static_cast<std::int64_t>(both.size() / 2);
  const auto width = static_cast<std::int64_t>(w.node().shape[1]);
  const auto in = static_cast<std::int64_t>(from.shape.back());
  const std::string tokens_first =
      w.emit("Transpose", {w.value(from)}, {onnx_integers("perm", {1, 0, 2})}, "tokens_first");
  std::vector<OnnxAttribute> attributes{onnx_integer("hidden_size", width)};
  if (w.node().op == Operator::gru) attributes.push_back(onnx_integer("linear_before_reset", 1));
  const std::string states = w.emit_first(
      type,
      {tokens_first, w.reals("inputs.weight", {1, gates, in}, gates_of(w.weights_of(index), order)),
       w.reals("weight", {1, gates, width}, gates_of(w.weights(), order)),
       w.reals("bias", {1, 2 * gates}, both)},
      attributes, "states");
  const std::string one = w.emit("Squeeze", {states, w.integers("direction", {1})}, {}, "one_direction");
  w.emit_last("Transpose", {one}, {onnx_integers("perm", {1, 0, 2})}, "tokens_second");
}

}  // namespace

void dense(OnnxWriter& w) {
  if (belongs_to_recurrence(w, w.place())) return;
  const std::size_t out = w.node().shape.back(), in = w.source().shape.back();
  w.emit("MatMul", {w.x(), w.reals("weight", {static_cast<std::int64_t>(in), static_cast<std::int64_t>(out)},
                                   transposed(w.weights(), out))});
}

void bias(OnnxWriter& w) {
  if (belongs_to_recurrence(w, w.place())) return;
  OnnxDims dims{static_cast<std::int64_t>(w.vectors().size())};
  if (w.node().shape.size() == 3) dims.insert(dims.end(), {1, 1});
  w.emit("Add", {w.x(), w.reals("bias", std::move(dims), w.vectors())});
}

void convolution(OnnxWriter& w) {
  const Attributes& a = w.node().attributes;
  const std::size_t in = w.source().shape[0], inner = in / a.groups;
  std::vector<OnnxAttribute> attributes = window(w);
  const auto dims = [&](std::size_t first, std::size_t second) {
    return dims_of({first, second, a.kernel[0], a.kernel[1]});
  };
  if (w.node().op == Operator::conv2d) {
    attributes.push_back(onnx_integer("group", static_cast<std::int64_t>(a.groups)));
    w.emit("Conv", {w.x(), w.reals("weight", dims(a.features, inner), w.weights())}, attributes);
    return;
  }
  const std::vector<float> by_inputs = transposed(w.weights(), w.weights().size() / in);
  w.emit("ConvTranspose", {w.x(), w.reals("weight", dims(in, a.features), by_inputs)}, attributes);
}

void matmul(OnnxWriter& w) {
  const Attributes& a = w.node().attributes;
  std::string right = w.x(1);
  if (a.transposed) {
    const OnnxDims axes = w.node().shape.size() == 3 ? OnnxDims{0, 1, 3, 2} : OnnxDims{0, 2, 1};
    right = w.emit("Transpose", {right}, {onnx_integers("perm", axes)}, "transposed");
  }
  if (a.scale == 1) {
    w.emit("MatMul", {w.x(), right});
    return;
  }
  const std::string product = w.emit_first("MatMul", {w.x(), right}, {}, "product");
  const std::string scale = w.constant("scale", {}, {static_cast<float>(a.scale)});
  w.emit_last("Mul", {product, scale}, {}, "scaled");
}

void lstm(OnnxWriter& w) { recurrence(w, "LSTM", std::array<std::size_t, 4>{0, 3, 1, 2}); }
void gru(OnnxWriter& w) { recurrence(w, "GRU", std::array<std::size_t, 3>{1, 0, 2}); }

}  // namespace fringe::onnx_export
