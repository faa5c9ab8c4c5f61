#include "sim/imported.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "sim/text.hpp"

namespace fringe {
namespace {

struct Line {
  std::string_view op;
  std::size_t count = 0, parameters = 0;
  double macs = 0;
};

/// One for each operator that the graph has, in the order of their first.
std::vector<Line> lines_of(const Graph& graph) {
  std::vector<Line> lines;
  for (int i = 0; i < static_cast<int>(graph.nodes().size()); ++i) {
    const Operator op = graph.node(i).op;
    const auto same = [&](const Line& l) { return l.op == to_string(op); };
    auto line = std::find_if(lines.begin(), lines.end(), same);
    if (line == lines.end()) line = lines.insert(lines.end(), Line{to_string(op)});
    const OperatorKind kind = row_of(op).kind;
    const Products products = graph.products(i);
    const bool weighted = kind == OperatorKind::weighted || kind == OperatorKind::recurrence;
    ++line->count;
    line->parameters += graph.vectors(i) + (weighted ? products.weights() : 0);
    line->macs += products.macs();
  }
  return lines;
}

const Node& output_of(const Graph& graph) { return graph.node(graph.nodes().back().inputs[0]); }

}  // namespace

std::string imported_text(const OnnxModel& model, const std::string& file) {
  const Graph& graph = model.graph;
  const Node &input = graph.node(0), &output = output_of(graph);
  std::string text = fmt::format(
      "fringe · {} · ONNX opset {}{}\ninput '{}' {}, output '{}' {}{}; for training: {}\n\n  "
      "{:<24}{:>7}{:>14}{:>16}\n",
      file, model.opset, model.producer.empty() ? "" : ", " + model.producer, input.name,
      to_string(input.shape), output.name, to_string(output.shape),
      model.left_out.empty() ? "" : " before its " + model.left_out, to_string(graph.nodes().back().op),
      "operator", "count", "parameters", "MACs a sample");
  const auto number = [](double value) { return value == 0 ? "–" : fmt::format("{:.0f}", value); };
  const auto row = [&](std::string_view name, std::size_t count, double parameters, double macs) {
    const std::string p = number(parameters), m = number(macs);
    text += fmt::format("  {:<24}{:>7}{}{}{}{}\n", name, count, padding(p, 14), p, padding(m, 16), m);
  };
  for (const Line& l : lines_of(graph)) row(l.op, l.count, static_cast<double>(l.parameters), l.macs);
  row("all", graph.nodes().size(), static_cast<double>(parameter_count(graph)), forward_macs(graph, 1));
  return text + fmt::format(
                    "\nfringe compare --workload {0} prices it on all modelled hardware, with --data DATA "
                    "runs it.\n",
                    file);
}

std::string imported_json(const OnnxModel& model, const std::string& file) {
  const Graph& graph = model.graph;
  nlohmann::ordered_json json{
      {"file", file},
      {"opset", model.opset},
      {"producer", model.producer},
      {"input", {{"name", graph.node(0).name}, {"shape", graph.node(0).shape}}},
      {"output", {{"name", output_of(graph).name}, {"shape", output_of(graph).shape}}},
      {"left_out", model.left_out},
      {"loss", to_string(graph.nodes().back().op)},
      {"parameters", parameter_count(graph)},
      {"macs", forward_macs(graph, 1)},
      {"operators", nlohmann::ordered_json::array()},
      {"graph", nlohmann::ordered_json::array()}};
  for (const Line& l : lines_of(graph))
    json["operators"].push_back(
        {{"operator", l.op}, {"count", l.count}, {"parameters", l.parameters}, {"macs", l.macs}});
  for (const Node& n : graph.nodes()) {
    nlohmann::ordered_json inputs = nlohmann::ordered_json::array();
    for (const int from : n.inputs) inputs.push_back(graph.node(from).name);
    json["graph"].push_back(
        {{"name", n.name}, {"operator", to_string(n.op)}, {"inputs", inputs}, {"shape", n.shape}});
  }
  return json.dump(2) + "\n";
}

}  // namespace fringe
