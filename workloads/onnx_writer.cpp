#include "workloads/onnx_writer.hpp"

#include "core/error.hpp"

namespace fringe {
namespace {

std::span<const float> take(const std::vector<std::vector<float>>& all, std::size_t index, std::size_t size,
                            const Node& node) {
  const std::size_t given = index < all.size() ? all[index].size() : 0;
  if (given != size)
    throw Error("parameters of '" + node.name + "': " + std::to_string(given) + " numbers given; must be " +
                std::to_string(size));
  return all[index];
}

OnnxAttribute sizes(const char* name, const std::array<std::size_t, 2>& values) {
  return onnx_integers(name, {static_cast<std::int64_t>(values[0]), static_cast<std::int64_t>(values[1])});
}

}  // namespace

OnnxWriter::OnnxWriter(const Graph& graph, const Parameters& parameters) : graph_(graph) {
  require_complete(graph);
  const auto nodes = graph.nodes();
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

void OnnxWriter::fail(const std::string& what) const {
  throw Error("operator '" + node().name + "' " + what + ": it isn't written to ONNX");
}

std::string OnnxWriter::reals(const std::string& name, OnnxDims dims, std::span<const float> values) {
  file_.initialisers[part(name)] = real_tensor(std::move(dims), {values.begin(), values.end()});
  return part(name);
}

std::string OnnxWriter::integers(const std::string& name, OnnxDims values) {
  const auto size = static_cast<std::int64_t>(values.size());
  file_.initialisers[part(name)] = integer_tensor({size}, std::move(values));
  return part(name);
}

std::string OnnxWriter::constant(const std::string& name, OnnxDims dims, std::vector<float> values) {
  OnnxAttribute value{.name = "value", .kind = OnnxAttribute::Kind::tensor};
  value.tensor = real_tensor(std::move(dims), std::move(values));
  return emit("Constant", {}, {std::move(value)}, name);
}

std::string OnnxWriter::value(const Node& from) {
  if (from.op != Operator::learned) return from.name;
  // The size of the batch is the input's.
  const std::string name = part(from.name);
  file_.initialisers[name + ".zero"] = integer_tensor({1}, {0});
  file_.initialisers[name + ".ones"] =
      integer_tensor({static_cast<std::int64_t>(from.shape.size())}, OnnxDims(from.shape.size(), 1));
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

std::string OnnxWriter::emit(const char* type, Inputs inputs, Settings settings, const std::string& name) {
  const std::string full = name.empty() ? node().name : part(name);
  file_.nodes.push_back({type, full, std::move(inputs), {full}, std::move(settings)});
  return full;
}

std::string OnnxWriter::emit_first(const char* type, Inputs inputs, Settings settings,
                                   const std::string& name) {
  file_.nodes.push_back({type, node().name, std::move(inputs), {part(name)}, std::move(settings)});
  return part(name);
}

void OnnxWriter::emit_last(const char* type, Inputs inputs, Settings settings, const std::string& name) {
  file_.nodes.push_back({type, part(name), std::move(inputs), {node().name}, std::move(settings)});
}

OnnxDims dims_of(const Shape& shape) { return {shape.begin(), shape.end()}; }

OnnxDims with_batch(const Shape& shape, std::int64_t batch) {
  OnnxDims dims = dims_of(shape);
  dims.insert(dims.begin(), batch);
  return dims;
}

OnnxWriter::Settings window(const OnnxWriter& w) {
  const Attributes& a = w.node().attributes;
  const auto pad = [&](std::size_t axis) { return static_cast<std::int64_t>(a.padding[axis]); };
  return {sizes("kernel_shape", a.kernel), sizes("strides", a.stride), sizes("dilations", a.dilation),
          onnx_integers("pads", {pad(0), pad(1), pad(0), pad(1)})};
}

}  // namespace fringe
