#include "workloads/onnx_export.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <numbers>

#include "core/error.hpp"
#include "workloads/onnx_writer.hpp"

namespace fringe {
namespace {

void input(OnnxWriter& w) {
  const bool ids = std::all_of(w.readers_of(0).begin(), w.readers_of(0).end(), [&](std::size_t reader) {
    return w.graph().nodes()[reader].op == Operator::embedding;
  });
  w.file().inputs = {{.name = w.node().name, .dims = with_batch(w.node().shape, -1), .real = !ids}};
}

void relu(OnnxWriter& w) {
  const double limit = w.node().attributes.limit;
  if (limit > 0)
    w.emit("Clip",
           {w.x(), w.constant("least", {}, {0}), w.constant("limit", {}, {static_cast<float>(limit)})});
  else
    w.emit("Relu", {w.x()});
}

void gelu(OnnxWriter& w) {
  const auto number = [&](const char* name, double value) {
    return w.constant(name, {}, {static_cast<float>(value)});
  };
  std::string inner;
  if (w.node().attributes.by_tanh) {
    const std::string cube = w.emit("Pow", {w.x(), number("three", 3)}, {}, "cube");
    const std::string small = w.emit("Mul", {cube, number("cubic", 0.044715)}, {}, "correction");
    const std::string sum = w.emit("Add", {w.x(), small}, {}, "corrected");
    const std::string argument =
        w.emit("Mul", {sum, number("slope", std::sqrt(2 / std::numbers::pi))}, {}, "argument");
    inner = w.emit("Tanh", {argument}, {}, "tanh");
  } else {
    const std::string argument = w.emit("Div", {w.x(), number("root", std::numbers::sqrt2)}, {}, "argument");
    inner = w.emit("Erf", {argument}, {}, "erf");
  }
  const std::string twice = w.emit("Add", {inner, number("one", 1)}, {}, "weight");
  w.emit("Mul", {w.emit("Mul", {w.x(), twice}, {}, "twice"), number("half", 0.5)});
}

void softmax(OnnxWriter& w) {
  std::string scores = w.x();
  if (w.node().attributes.causal) {
    const Shape& shape = w.node().shape;
    const std::size_t tokens = shape.back();
    if (shape.size() < 2 || shape[shape.size() - 2] != tokens) w.fail("masks scores that are no square");
    std::vector<float> mask(tokens * tokens, 0.0f);
    for (std::size_t i = 0; i < mask.size(); ++i)
      if (i % tokens > i / tokens) mask[i] = std::numeric_limits<float>::lowest();
    const auto size = static_cast<std::int64_t>(tokens);
    scores = w.emit("Add", {scores, w.constant("mask", {size, size}, std::move(mask))}, {}, "masked");
  }
  w.emit("Softmax", {scores}, {onnx_integer("axis", -1)});
}

void norm(OnnxWriter& w) {
  if (w.node().shape.size() == 3) w.fail("normalises channels or heads of a value of three dimensions");
  const std::span<const float> both = w.vectors();
  const auto width = w.node().shape.back();
  const OnnxDims dims{static_cast<std::int64_t>(width)};
  const auto epsilon = static_cast<float>(w.node().attributes.epsilon);
  const std::string scale = w.reals("scale", dims, both.first(width));
  if (w.node().op == Operator::layer_norm) {
    w.emit("LayerNormalization", {w.x(), scale, w.reals("shift", dims, both.subspan(width))},
           {onnx_real("epsilon", epsilon), onnx_integer("axis", -1)});
    return;
  }
  const std::string squares = w.emit("Mul", {w.x(), w.x()}, {}, "squares");
  const std::string mean = w.emit("ReduceMean", {squares}, {onnx_integers("axes", {-1})}, "mean");
  const std::string sum = w.emit("Add", {mean, w.constant("epsilon", {}, {epsilon})}, {}, "sum");
  const std::string root = w.emit("Sqrt", {sum}, {}, "root");
  w.emit("Mul", {w.emit("Div", {w.x(), root}, {}, "normal"), scale});
}

void batch_norm(OnnxWriter& w) {
  if (w.node().shape.size() == 2) w.fail("normalises features of tokens");
  const std::span<const float> both = w.vectors(), running = w.states();
  const std::size_t channels = both.size() / 2;
  const OnnxDims dims{static_cast<std::int64_t>(channels)};
  w.emit(
      "BatchNormalization",
      {w.x(), w.reals("scale", dims, both.first(channels)), w.reals("shift", dims, both.subspan(channels)),
       w.reals("mean", dims, running.first(channels)), w.reals("variance", dims, running.subspan(channels))},
      {onnx_real("epsilon", static_cast<float>(w.node().attributes.epsilon))});
}

void pool(OnnxWriter& w) {
  const Attributes& a = w.node().attributes;
  std::vector<OnnxAttribute> attributes = window(w);
  attributes.push_back(onnx_integer("ceil_mode", a.ceil ? 1 : 0));
  if (w.node().op == Operator::max_pool) {
    w.emit("MaxPool", {w.x()}, attributes);
    return;
  }
  if (a.dilation != std::array<std::size_t, 2>{1, 1}) w.fail("is a mean over a dilated window");
  std::erase_if(attributes, [](const OnnxAttribute& attribute) { return attribute.name == "dilations"; });
  attributes.push_back(onnx_integer("count_include_pad", a.counts_padding ? 1 : 0));
  w.emit("AveragePool", {w.x()}, attributes);
}

void embedding(OnnxWriter& w) {
  const Attributes& a = w.node().attributes;
  if (a.tied) w.fail("shares its table with a dense");
  std::string ids = w.x();
  if (w.source().op != Operator::input || w.file().inputs[0].real)
    ids = w.emit("Cast", {ids}, {onnx_integer("to", 7)}, "ids");
  w.emit("Gather", {w.reals("table", dims_of({a.vocabulary, a.features}), w.vectors()), ids});
}

// A learned value repeats over the batch by itself; another with fewer dimensions gets them behind the
// batch.
void combine(OnnxWriter& w, const char* type) {
  std::vector<std::string> operands;
  for (const std::size_t i : {0, 1}) {
    const std::size_t lacks = w.node().shape.size() - w.source(i).shape.size();
    if (w.source(i).op == Operator::learned && i == 1) {
      operands.push_back(w.source(i).name);
    } else if (lacks > 0) {
      OnnxDims axes;
      for (std::size_t k = 1; k <= lacks; ++k) axes.push_back(static_cast<std::int64_t>(k));
      operands.push_back(w.emit("Unsqueeze", {w.x(i), w.integers("axes", axes)}, {}, "operand"));
    } else {
      operands.push_back(w.x(i));
    }
  }
  w.emit(type, std::move(operands));
}

void concat(OnnxWriter& w) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < w.node().inputs.size(); ++i) parts.push_back(w.x(i));
  w.emit("Concat", std::move(parts),
         {onnx_integer("axis", static_cast<std::int64_t>(w.node().attributes.axis) + 1)});
}

void silu(OnnxWriter& w) { w.emit("Mul", {w.x(), w.emit("Sigmoid", {w.x()}, {}, "gate")}); }
void tanh(OnnxWriter& w) { w.emit("Tanh", {w.x()}); }
void sigmoid(OnnxWriter& w) { w.emit("Sigmoid", {w.x()}); }

void global_pool(OnnxWriter& w) {
  w.emit_last("Flatten", {w.emit_first("GlobalAveragePool", {w.x()}, {}, "mean")}, {}, "flat");
}

void learned(OnnxWriter& w) {
  const auto values = w.vectors();
  w.file().initialisers[w.node().name] =
      real_tensor(with_batch(w.node().shape, 1), {values.begin(), values.end()});
}

void reshape(OnnxWriter& w) {
  w.emit("Reshape", {w.x(), w.integers("sizes", with_batch(w.node().shape, -1))});
}

void transpose(OnnxWriter& w) {
  OnnxDims axes{0};
  for (const std::size_t axis : w.node().attributes.shape)
    axes.push_back(static_cast<std::int64_t>(axis) + 1);
  w.emit("Transpose", {w.x()}, {onnx_integers("perm", axes)});
}

void slice(OnnxWriter& w) {
  const Attributes& a = w.node().attributes;
  const auto number = [&](const char* name, std::size_t value) {
    return w.integers(name, {static_cast<std::int64_t>(value)});
  };
  w.emit("Slice", {w.x(), number("begin", a.begin), number("end", a.end), number("axis", a.axis + 1)});
}

void dropout(OnnxWriter& w) {
  w.emit("Dropout", {w.x(), w.constant("ratio", {}, {static_cast<float>(w.node().attributes.probability)})});
}

void add(OnnxWriter& w) { combine(w, "Add"); }
void multiply(OnnxWriter& w) { combine(w, "Mul"); }

void loss(OnnxWriter& w) {
  if (w.place() + 1 < w.graph().nodes().size()) w.fail("is one of several losses");
  w.file().metadata["fringe.loss"] = to_string(w.node().op);
  w.file().outputs = {{.name = w.source().name, .dims = with_batch(w.source().shape, -1)}};
}

struct Row {
  Operator op;
  void (*write)(OnnxWriter&);  ///< null: ONNX has no such operator
};
constexpr std::array<Row, static_cast<std::size_t>(Operator::count)> rows{{
    {Operator::input, input},
    {Operator::dense, onnx_export::dense},
    {Operator::bias, onnx_export::bias},
    {Operator::relu, relu},
    {Operator::softmax_cross_entropy, loss},
    {Operator::conv2d, onnx_export::convolution},
    {Operator::conv2d_transposed, onnx_export::convolution},
    {Operator::matmul, onnx_export::matmul},
    {Operator::lstm, onnx_export::lstm},
    {Operator::gru, onnx_export::gru},
    {Operator::gelu, gelu},
    {Operator::silu, silu},
    {Operator::tanh, tanh},
    {Operator::sigmoid, sigmoid},
    {Operator::softmax, softmax},
    {Operator::layer_norm, norm},
    {Operator::batch_norm, batch_norm},
    {Operator::rms_norm, norm},
    {Operator::max_pool, pool},
    {Operator::average_pool, pool},
    {Operator::global_pool, global_pool},
    {Operator::embedding, embedding},
    {Operator::learned, learned},
    {Operator::cache, nullptr},
    {Operator::rotary, nullptr},
    {Operator::add, add},
    {Operator::multiply, multiply},
    {Operator::concat, concat},
    {Operator::reshape, reshape},
    {Operator::transpose, transpose},
    {Operator::slice, slice},
    {Operator::dropout, dropout},
    {Operator::mean_squared_error, loss},
    {Operator::mean_absolute_error, loss},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].op != static_cast<Operator>(i)) return false;
  return true;
}
static_assert(in_order(), "one row for each operator, in its order");

}  // namespace

OnnxFile to_onnx(const Graph& graph, const Parameters& parameters) {
  OnnxWriter w(graph, parameters);
  w.file().name = w.file().producer = "fringe";
  for (std::size_t place = 0; place < graph.nodes().size(); ++place) {
    w.start(place);
    const Row& row = rows[static_cast<std::size_t>(w.node().op)];
    if (row.write == nullptr) w.fail("is a " + std::string(to_string(w.node().op)));
    row.write(w);
  }
  return std::move(w.file());
}

void write_onnx(const Graph& graph, const Parameters& parameters, const std::filesystem::path& file) {
  const std::string bytes = onnx_bytes(to_onnx(graph, parameters));
  std::filesystem::path partial = file;
  partial += ".part";
  std::ofstream stream(partial, std::ios::binary);
  stream << bytes;
  stream.close();
  std::error_code error;
  if (stream) std::filesystem::rename(partial, file, error);
  if (stream && !error) return;
  std::filesystem::remove(partial, error);
  throw Error(file.string() + ": this file cannot be written");
}

}  // namespace fringe
