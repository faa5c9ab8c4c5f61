#include "workloads/onnx_export.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <numbers>

#include "core/error.hpp"

namespace fringe {
namespace {

OnnxDims dims_of(const Shape& shape) { return {shape.begin(), shape.end()}; }
OnnxDims with_batch(const Shape& shape, std::int64_t batch) {
  OnnxDims dims = dims_of(shape);
  dims.insert(dims.begin(), batch);
  return dims;
}
OnnxAttribute sizes(const char* name, const std::array<std::size_t, 2>& values) {
  return onnx_integers(name, {static_cast<std::int64_t>(values[0]), static_cast<std::int64_t>(values[1])});
}

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

class Export {
 public:
  Export(const Graph& graph, const Parameters& parameters) : graph_(graph) {
    const auto nodes = graph.nodes();
    require_complete(graph);
    readers_.resize(nodes.size());
    weights_.resize(nodes.size());
    vectors_.resize(nodes.size());
    states_.resize(nodes.size());
    std::size_t w = 0, v = 0, s = 0;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const auto index = static_cast<int>(i);
      for (const int from : nodes[i].inputs) readers_[static_cast<std::size_t>(from)].push_back(i);
      const OperatorKind kind = row_of(nodes[i].op).kind;
      if (kind == OperatorKind::weighted || kind == OperatorKind::recurrence)
        weights_[i] = take(parameters.weights, w++, graph.products(index).weights(), nodes[i]);
      if (const std::size_t size = graph.vectors(index); size > 0)
        vectors_[i] = take(parameters.vectors, v++, size, nodes[i]);
      if (nodes[i].op == Operator::batch_norm)
        states_[i] = take(parameters.states, s++, graph.vectors(index), nodes[i]);
    }
  }

  OnnxFile file() {
    file_.name = "fringe";
    file_.producer = "fringe";
    const auto nodes = graph_.nodes();
    for (place_ = 0; place_ < nodes.size(); ++place_) {
      if (row_of(node().op).kind == OperatorKind::loss && place_ + 1 < nodes.size())
        fail("is one of several losses");
      write();
    }
    return std::move(file_);
  }

 private:
  static std::span<const float> take(const std::vector<std::vector<float>>& all, std::size_t index,
                                     std::size_t size, const Node& node) {
    if (index >= all.size() || all[index].size() != size)
      throw Error("parameters of '" + node.name +
                  "': " + std::to_string(index < all.size() ? all[index].size() : 0) +
                  " numbers given; must be " + std::to_string(size));
    return all[index];
  }

  const Node& node() const { return graph_.nodes()[place_]; }
  const Node& source(std::size_t i = 0) const { return graph_.node(node().inputs[i]); }
  [[noreturn]] void fail(const std::string& what) const {
    throw Error("operator '" + node().name + "' " + what + ": it isn't written to ONNX");
  }

  // ---- parts of a node

  std::string part(const std::string& name) const { return node().name + "." + name; }
  std::string reals(const std::string& name, OnnxDims dims, std::span<const float> values) {
    file_.initialisers[part(name)] = real_tensor(std::move(dims), {values.begin(), values.end()});
    return part(name);
  }
  std::string integers(const std::string& name, OnnxDims values) {
    const auto size = static_cast<std::int64_t>(values.size());
    file_.initialisers[part(name)] = integer_tensor({size}, std::move(values));
    return part(name);
  }
  /// A number that isn't trained.
  std::string constant(const std::string& name, OnnxDims dims, std::vector<float> values) {
    file_.nodes.push_back({"Constant",
                           part(name),
                           {},
                           {part(name)},
                           {{.name = "value",
                             .kind = OnnxAttribute::Kind::tensor,
                             .tensor = real_tensor(std::move(dims), std::move(values))}}});
    return part(name);
  }
  /// The last of the node's nodes carries its name, those before that of a part.
  std::string emit(const char* type, std::vector<std::string> inputs,
                   std::vector<OnnxAttribute> attributes = {}, const std::string& name = {}) {
    const std::string full = name.empty() ? node().name : part(name);
    file_.nodes.push_back({type, full, std::move(inputs), {full}, std::move(attributes)});
    return full;
  }
  /// The importer calls an operator after the node that it finds it in: where others follow, that node makes
  /// the value `name`, and the last of them the operator's.
  std::string emit_first(const char* type, std::vector<std::string> inputs,
                         std::vector<OnnxAttribute> attributes, const std::string& name) {
    file_.nodes.push_back({type, node().name, std::move(inputs), {part(name)}, std::move(attributes)});
    return part(name);
  }
  void emit_last(const char* type, std::vector<std::string> inputs, std::vector<OnnxAttribute> attributes,
                 const std::string& name) {
    file_.nodes.push_back({type, part(name), std::move(inputs), {node().name}, std::move(attributes)});
  }
  std::string x(std::size_t i = 0) {
    const Node& from = source(i);
    return from.op == Operator::learned ? expanded(from) : from.name;
  }
  // A learned value for each sample of the batch, whose size is the input's.
  std::string expanded(const Node& from) {
    const std::string name = part(from.name);
    const auto rank = static_cast<std::int64_t>(from.shape.size());
    file_.initialisers[name + ".zero"] = integer_tensor({1}, {0});
    file_.initialisers[name + ".ones"] = integer_tensor({rank}, OnnxDims(from.shape.size(), 1));
    file_.nodes.push_back({"Shape", name + ".shape", {graph_.node(0).name}, {name + ".shape"}});
    file_.nodes.push_back({"Gather", name + ".batch", {name + ".shape", name + ".zero"}, {name + ".batch"}});
    file_.nodes.push_back({"Concat",
                           name + ".sizes",
                           {name + ".batch", name + ".ones"},
                           {name + ".sizes"},
                           {onnx_integer("axis", 0)}});
    file_.nodes.push_back({"Expand", name, {from.name, name + ".sizes"}, {name}});
    return name;
  }

  // ---- operators

  void write() {
    const Node& n = node();
    const Attributes& a = n.attributes;
    switch (n.op) {
      case Operator::input:
        input();
        return;
      case Operator::dense:
        dense();
        return;
      case Operator::bias:
        bias();
        return;
      case Operator::conv2d:
      case Operator::conv2d_transposed:
        convolution();
        return;
      case Operator::matmul:
        matmul();
        return;
      case Operator::lstm:
        recurrence("LSTM", std::array<std::size_t, 4>{0, 3, 1, 2});
        return;
      case Operator::gru:
        recurrence("GRU", std::array<std::size_t, 3>{1, 0, 2});
        return;
      case Operator::relu:
        relu();
        return;
      case Operator::gelu:
        gelu();
        return;
      case Operator::silu:
        emit("Mul", {x(), emit("Sigmoid", {x()}, {}, "gate")});
        return;
      case Operator::tanh:
        emit("Tanh", {x()});
        return;
      case Operator::sigmoid:
        emit("Sigmoid", {x()});
        return;
      case Operator::softmax:
        softmax();
        return;
      case Operator::layer_norm:
      case Operator::rms_norm:
        norm();
        return;
      case Operator::batch_norm:
        batch_norm();
        return;
      case Operator::max_pool:
      case Operator::average_pool:
        pool();
        return;
      case Operator::global_pool:
        emit_last("Flatten", {emit_first("GlobalAveragePool", {x()}, {}, "mean")}, {}, "flat");
        return;
      case Operator::embedding:
        embedding();
        return;
      case Operator::learned:
        file_.initialisers[n.name] =
            real_tensor(with_batch(n.shape, 1), {vectors_[place_].begin(), vectors_[place_].end()});
        return;
      case Operator::add:
        combine("Add");
        return;
      case Operator::multiply:
        combine("Mul");
        return;
      case Operator::concat:
        concat();
        return;
      case Operator::reshape:
        emit("Reshape", {x(), integers("sizes", with_batch(n.shape, -1))});
        return;
      case Operator::transpose: {
        OnnxDims axes{0};
        for (const std::size_t axis : a.shape) axes.push_back(static_cast<std::int64_t>(axis) + 1);
        emit("Transpose", {x()}, {onnx_integers("perm", axes)});
        return;
      }
      case Operator::slice:
        emit("Slice", {x(), integers("begin", {static_cast<std::int64_t>(a.begin)}),
                       integers("end", {static_cast<std::int64_t>(a.end)}),
                       integers("axis", {static_cast<std::int64_t>(a.axis) + 1})});
        return;
      case Operator::dropout:
        emit("Dropout", {x(), constant("ratio", {}, {static_cast<float>(a.probability)})});
        return;
      case Operator::softmax_cross_entropy:
      case Operator::mean_squared_error:
      case Operator::mean_absolute_error:
        file_.metadata["fringe.loss"] = to_string(n.op);
        file_.outputs = {{source().name, with_batch(source().shape, -1)}};
        return;
      case Operator::cache:
      case Operator::rotary:
      case Operator::count:
        break;
    }
    fail("is a " + std::string(to_string(n.op)));
  }

  void input() {
    const bool ids = std::all_of(readers_[0].begin(), readers_[0].end(), [&](std::size_t reader) {
      return graph_.nodes()[reader].op == Operator::embedding;
    });
    file_.inputs = {{.name = node().name, .dims = with_batch(node().shape, -1), .real = !ids}};
  }

  // A recurrence in ONNX multiplies its inputs itself.
  bool belongs_to_recurrence(std::size_t index) const {
    for (const std::size_t reader : readers_[index]) {
      const Node& n = graph_.nodes()[reader];
      if (row_of(n.op).kind == OperatorKind::recurrence) return true;
      if (graph_.nodes()[index].op == Operator::dense && n.op == Operator::bias &&
          belongs_to_recurrence(reader))
        return true;
    }
    return false;
  }

  void dense() {
    if (belongs_to_recurrence(place_)) return;
    const std::size_t out = node().shape.back(), in = source().shape.back();
    emit("MatMul", {x(), reals("weight", {static_cast<std::int64_t>(in), static_cast<std::int64_t>(out)},
                               transposed(weights_[place_], out))});
  }

  void bias() {
    if (belongs_to_recurrence(place_)) return;
    OnnxDims dims{static_cast<std::int64_t>(vectors_[place_].size())};
    if (node().shape.size() == 3) dims.insert(dims.end(), {1, 1});
    emit("Add", {x(), reals("bias", std::move(dims), vectors_[place_])});
  }

  std::vector<OnnxAttribute> window() const {
    const Attributes& a = node().attributes;
    const auto pad = [&](std::size_t axis) { return static_cast<std::int64_t>(a.padding[axis]); };
    return {sizes("kernel_shape", a.kernel), sizes("strides", a.stride), sizes("dilations", a.dilation),
            onnx_integers("pads", {pad(0), pad(1), pad(0), pad(1)})};
  }

  void convolution() {
    const Attributes& a = node().attributes;
    const std::size_t in = source().shape[0], inner = in / a.groups;
    std::vector<OnnxAttribute> attributes = window();
    const auto dims = [&](std::size_t first, std::size_t second) {
      return dims_of({first, second, a.kernel[0], a.kernel[1]});
    };
    if (node().op == Operator::conv2d) {
      attributes.push_back(onnx_integer("group", static_cast<std::int64_t>(a.groups)));
      emit("Conv", {x(), reals("weight", dims(a.features, inner), weights_[place_])}, attributes);
      return;
    }
    const std::vector<float> by_inputs = transposed(weights_[place_], weights_[place_].size() / in);
    emit("ConvTranspose", {x(), reals("weight", dims(in, a.features), by_inputs)}, attributes);
  }

  void matmul() {
    const Attributes& a = node().attributes;
    std::string right = x(1);
    if (a.transposed) {
      const OnnxDims axes = node().shape.size() == 3 ? OnnxDims{0, 1, 3, 2} : OnnxDims{0, 2, 1};
      right = emit("Transpose", {right}, {onnx_integers("perm", axes)}, "transposed");
    }
    if (a.scale == 1) {
      emit("MatMul", {x(), right});
      return;
    }
    const std::string product = emit_first("MatMul", {x(), right}, {}, "product");
    const std::string scale = constant("scale", {}, {static_cast<float>(a.scale)});
    emit_last("Mul", {product, scale}, {}, "scaled");
  }

  void recurrence(const char* type, std::span<const std::size_t> order) {
    std::size_t index = static_cast<std::size_t>(node().inputs[0]);
    std::vector<float> both(vectors_[place_].size(), 0.0f);
    const auto alone = [&] { return readers_[index].size() == 1; };
    bool ours = alone();
    if (graph_.nodes()[index].op == Operator::bias) {
      both = gates_of(vectors_[index], order);
      index = static_cast<std::size_t>(graph_.nodes()[index].inputs[0]);
      ours = ours && alone();
    }
    const Node& inputs = graph_.nodes()[index];
    if (inputs.op != Operator::dense || !ours) fail("reads gate inputs that no dense makes for it alone");
    const std::vector<float> own = gates_of(vectors_[place_], order);
    both.insert(both.end(), own.begin(), own.end());
    const Node& from = graph_.node(inputs.inputs[0]);
    const auto gates = static_cast<std::int64_t>(both.size() / 2);
    const auto width = static_cast<std::int64_t>(node().shape[1]);
    const auto in = static_cast<std::int64_t>(from.shape.back());
    const std::string tokens_first =
        emit("Transpose", {from.op == Operator::learned ? expanded(from) : from.name},
             {onnx_integers("perm", {1, 0, 2})}, "tokens_first");
    std::vector<OnnxAttribute> attributes{onnx_integer("hidden_size", width)};
    if (node().op == Operator::gru) attributes.push_back(onnx_integer("linear_before_reset", 1));
    const std::string states =
        emit_first(type,
                   {tokens_first, reals("inputs.weight", {1, gates, in}, gates_of(weights_[index], order)),
                    reals("weight", {1, gates, width}, gates_of(weights_[place_], order)),
                    reals("bias", {1, 2 * gates}, both)},
                   attributes, "states");
    const std::string one = emit("Squeeze", {states, integers("direction", {1})}, {}, "one_direction");
    emit_last("Transpose", {one}, {onnx_integers("perm", {1, 0, 2})}, "tokens_second");
  }

  void relu() {
    const double limit = node().attributes.limit;
    if (limit > 0)
      emit("Clip", {x(), constant("least", {}, {0}), constant("limit", {}, {static_cast<float>(limit)})});
    else
      emit("Relu", {x()});
  }

  void gelu() {
    const auto number = [&](const char* name, double value) {
      return constant(name, {}, {static_cast<float>(value)});
    };
    std::string inner;
    if (node().attributes.by_tanh) {
      const std::string cube = emit("Pow", {x(), number("three", 3)}, {}, "cube");
      const std::string small = emit("Mul", {cube, number("cubic", 0.044715)}, {}, "correction");
      const std::string sum = emit("Add", {x(), small}, {}, "corrected");
      const std::string argument =
          emit("Mul", {sum, number("slope", std::sqrt(2 / std::numbers::pi))}, {}, "argument");
      inner = emit("Tanh", {argument}, {}, "tanh");
    } else {
      const std::string argument = emit("Div", {x(), number("root", std::numbers::sqrt2)}, {}, "argument");
      inner = emit("Erf", {argument}, {}, "erf");
    }
    const std::string twice = emit("Add", {inner, number("one", 1)}, {}, "weight");
    emit("Mul", {emit("Mul", {x(), twice}, {}, "twice"), number("half", 0.5)});
  }

  void softmax() {
    std::string scores = x();
    if (node().attributes.causal) {
      const Shape& shape = node().shape;
      const std::size_t tokens = shape.back();
      if (shape.size() < 2 || shape[shape.size() - 2] != tokens) fail("masks scores that are no square");
      std::vector<float> mask(tokens * tokens, 0.0f);
      for (std::size_t i = 0; i < mask.size(); ++i)
        if (i % tokens > i / tokens) mask[i] = std::numeric_limits<float>::lowest();
      const auto size = static_cast<std::int64_t>(tokens);
      scores = emit("Add", {scores, constant("mask", {size, size}, std::move(mask))}, {}, "masked");
    }
    emit("Softmax", {scores}, {onnx_integer("axis", -1)});
  }

  void norm() {
    if (node().shape.size() == 3) fail("normalises channels or heads of a value of three dimensions");
    const std::span<const float> both = vectors_[place_];
    const auto width = node().shape.back();
    const OnnxDims dims{static_cast<std::int64_t>(width)};
    const auto epsilon = static_cast<float>(node().attributes.epsilon);
    const std::string scale = reals("scale", dims, both.first(width));
    if (node().op == Operator::layer_norm) {
      emit("LayerNormalization", {x(), scale, reals("shift", dims, both.subspan(width))},
           {onnx_real("epsilon", epsilon), onnx_integer("axis", -1)});
      return;
    }
    const std::string squares = emit("Mul", {x(), x()}, {}, "squares");
    const std::string mean = emit("ReduceMean", {squares}, {onnx_integers("axes", {-1})}, "mean");
    const std::string sum = emit("Add", {mean, constant("epsilon", {}, {epsilon})}, {}, "sum");
    const std::string root = emit("Sqrt", {sum}, {}, "root");
    emit("Mul", {emit("Div", {x(), root}, {}, "normal"), scale});
  }

  void batch_norm() {
    if (node().shape.size() == 2) fail("normalises features of tokens");
    const std::span<const float> both = vectors_[place_], running = states_[place_];
    const std::size_t channels = both.size() / 2;
    const OnnxDims dims{static_cast<std::int64_t>(channels)};
    emit("BatchNormalization",
         {x(), reals("scale", dims, both.first(channels)), reals("shift", dims, both.subspan(channels)),
          reals("mean", dims, running.first(channels)), reals("variance", dims, running.subspan(channels))},
         {onnx_real("epsilon", static_cast<float>(node().attributes.epsilon))});
  }

  void pool() {
    const Attributes& a = node().attributes;
    std::vector<OnnxAttribute> attributes = window();
    attributes.push_back(onnx_integer("ceil_mode", a.ceil ? 1 : 0));
    if (node().op == Operator::max_pool) {
      emit("MaxPool", {x()}, attributes);
      return;
    }
    if (a.dilation != std::array<std::size_t, 2>{1, 1}) fail("is a mean over a dilated window");
    std::erase_if(attributes, [](const OnnxAttribute& attribute) { return attribute.name == "dilations"; });
    attributes.push_back(onnx_integer("count_include_pad", a.counts_padding ? 1 : 0));
    emit("AveragePool", {x()}, attributes);
  }

  void embedding() {
    const Attributes& a = node().attributes;
    if (a.tied) fail("shares its table with a dense");
    std::string ids = x();
    if (source().op != Operator::input || file_.inputs[0].real)
      ids = emit("Cast", {ids}, {onnx_integer("to", 7)}, "ids");
    emit("Gather", {reals("table", dims_of({a.vocabulary, a.features}), vectors_[place_]), ids});
  }

  // A learned value repeats over the batch by itself; another with fewer dimensions gets them behind the
  // batch.
  void combine(const char* type) {
    std::vector<std::string> operands;
    for (const std::size_t i : {0, 1}) {
      const std::size_t lacks = node().shape.size() - source(i).shape.size();
      if (source(i).op == Operator::learned && i == 1) {
        operands.push_back(source(i).name);
      } else if (lacks > 0) {
        OnnxDims axes;
        for (std::size_t k = 1; k <= lacks; ++k) axes.push_back(static_cast<std::int64_t>(k));
        operands.push_back(emit("Unsqueeze", {x(i), integers("axes", axes)}, {}, "operand"));
      } else {
        operands.push_back(x(i));
      }
    }
    emit(type, std::move(operands));
  }

  void concat() {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < node().inputs.size(); ++i) parts.push_back(x(i));
    emit("Concat", std::move(parts),
         {onnx_integer("axis", static_cast<std::int64_t>(node().attributes.axis) + 1)});
  }

  const Graph& graph_;
  OnnxFile file_;
  std::size_t place_ = 0;
  std::vector<std::vector<std::size_t>> readers_;
  std::vector<std::span<const float>> weights_, vectors_, states_;
};

}  // namespace

OnnxFile to_onnx(const Graph& graph, const Parameters& parameters) {
  return Export(graph, parameters).file();
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
