#include "workloads/onnx_import.hpp"

#include <algorithm>
#include <optional>
#include <set>

#include "core/error.hpp"
#include "workloads/onnx_site.hpp"

namespace fringe {
namespace {

constexpr std::int64_t oldest_opset = 11, newest_opset = 17;

const OnnxRow* find(const OnnxNode& node) {
  for (const auto& family : {onnx_rows::products(), onnx_rows::recurrent(), onnx_rows::elementwise(),
                             onnx_rows::windows(), onnx_rows::views()})
    for (const OnnxRow& row : family)
      if (row.type == node.type && node.domain.empty()) return &row;
  return nullptr;
}

class Import {
 public:
  explicit Import(OnnxFile file) : file_(std::move(file)) {}

  OnnxModel model(std::optional<Operator> loss) {
    if (file_.opset < oldest_opset || file_.opset > newest_opset)
      fail("opset " + std::to_string(file_.opset) + "; must be " + std::to_string(oldest_opset) + " to " +
           std::to_string(newest_opset));
    OnnxModel result;
    result.producer = file_.producer;
    result.opset = static_cast<int>(file_.opset);
    result.names_loss = file_.metadata.contains("fringe.loss");
    result.sha256 = file_.sha256;
    if (!loss) loss = loss_of_file();
    if (file_.outputs.size() != 1)
      fail(std::to_string(file_.outputs.size()) + " outputs; must be one, that which a loss can follow");
    last_ = file_.outputs[0].name;
    require_order();
    fuse(file_);
    keep_needed();
    if (*loss == Operator::softmax_cross_entropy) leave_out_softmax(result);
    take_input();
    for (auto& [name, tensor] : file_.initialisers) values_.emplace(name, std::move(tensor));
    for (const OnnxNode& node : file_.nodes)
      for (const std::string& input : node.inputs) ++readers_[input];
    ++readers_[last_];
    for (std::size_t i = 0; i < file_.nodes.size(); ++i) map(file_.nodes[i], i + 1);
    const auto found = values_.find(last_);
    if (found == values_.end() || !std::holds_alternative<OnnxValue>(found->second))
      fail("its output '" + last_ + "' doesn't depend on its input");
    const OnnxValue& out = std::get<OnnxValue>(found->second);
    draft_.start({last_, file_.nodes.size() + 1});
    guarded("output '" + last_ + "' ", [&] { draft_.finish(draft_.whole(out), *loss, result); });
    return result;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw Error(file_.name + ": " + what); }

  template <class F>
  void guarded(const std::string& where, F&& work) const {
    try {
      work();
    } catch (const Error& error) {
      fail(where + error.what());
    }
  }

  Operator loss_of_file() const {
    const auto found = file_.metadata.find("fringe.loss");
    if (found == file_.metadata.end()) return Operator::softmax_cross_entropy;
    for (const OperatorRow& row : operator_table())
      if (row.kind == OperatorKind::loss && row.name == found->second) return row.op;
    fail("metadata fringe.loss = '" + found->second + "' is no loss");
  }

  // Nodes of a file stand before their readers.
  void require_order() const {
    std::set<std::string> made{""};
    for (const OnnxPort& port : file_.inputs) made.insert(port.name);
    for (const auto& [name, tensor] : file_.initialisers) made.insert(name);
    for (const OnnxNode& node : file_.nodes) {
      for (const std::string& input : node.inputs)
        if (!made.contains(input))
          fail("node '" + node.name + "' reads '" + input + "', which nothing before it makes");
      made.insert(node.outputs.begin(), node.outputs.end());
    }
  }

  // From the output back.
  void keep_needed() {
    std::set<std::string> needed{last_};
    std::vector<OnnxNode> kept;
    for (auto node = file_.nodes.rbegin(); node != file_.nodes.rend(); ++node) {
      if (std::none_of(node->outputs.begin(), node->outputs.end(),
                       [&](const std::string& o) { return needed.contains(o); }))
        continue;
      needed.insert(node->inputs.begin(), node->inputs.end());
      kept.push_back(std::move(*node));
    }
    std::reverse(kept.begin(), kept.end());
    file_.nodes = std::move(kept);
    std::erase_if(file_.inputs, [&](const OnnxPort& port) { return !needed.contains(port.name); });
    std::erase_if(file_.initialisers, [&](const auto& item) { return !needed.contains(item.first); });
  }

  void leave_out_softmax(OnnxModel& result) {
    if (file_.nodes.size() < 2) return;
    const OnnxNode& end = file_.nodes.back();
    if ((end.type != "Softmax" && end.type != "LogSoftmax") || end.outputs[0] != last_) return;
    result.left_out = end.type;
    last_ = end.inputs.at(0);
    file_.nodes.pop_back();
  }

  // The batch is the free dimension, or the first.
  void take_input() {
    if (file_.inputs.size() != 1) {
      std::string names;
      for (const OnnxPort& port : file_.inputs) names += (names.empty() ? "'" : ", '") + port.name + "'";
      fail("inputs " + names + "; must be one" + (names.empty() ? ", which its output needs" : ""));
    }
    const OnnxPort& port = file_.inputs[0];
    const std::string where = "input '" + port.name + "' of " + to_string(port.dims);
    const auto free = std::count(port.dims.begin(), port.dims.end(), -1);
    if (port.dims.size() < 2) fail(where + " must have a batch and at least one more dimension");
    if (free > 1)
      fail(where + " has the free dimensions " + port.free + "; only the batch may be free: export it with " +
           "the others fixed");
    OnnxDims dims = port.dims;
    const auto batch = free == 1 ? std::find(dims.begin(), dims.end(), -1) : dims.begin();
    if (*batch != -1 && *batch != 1)
      fail(where + " is for a batch of " + std::to_string(*batch) + "; must be free or 1");
    *batch = 1;
    if (std::any_of(dims.begin(), dims.end(), [](auto d) { return d < 1; })) fail(where + " is empty");
    double all = 1;
    for (const std::int64_t size : dims) all *= static_cast<double>(size);
    if (all > 0x1p40) fail(where + " has more numbers than any machine holds");
    Attributes a;
    for (auto d = dims.begin(); d != dims.end(); ++d)
      if (d != batch) a.shape.push_back(static_cast<std::size_t>(*d));
    draft_.start({port.name, 0});
    guarded(where + " ", [&] {
      values_[port.name] = OnnxValue{.node = draft_.add(Operator::input, {}, a), .dims = dims};
    });
  }

  void map(const OnnxNode& node, std::size_t place) {
    const std::string where = "node '" + node.name + "' (" + node.type + ") ";
    if (node.outputs.empty()) return;
    draft_.start({node.name, place});
    const OnnxSite site{draft_, node, values_, readers_, file_.opset};
    bool constant = true;
    for (std::size_t i = 0; i < node.inputs.size(); ++i)
      constant = constant && (!site.given(i) || site.is_constant(i));
    if (constant && folds(node)) return guarded(where, [&] { fold_here(site); });
    const OnnxRow* row = find(node);
    if (row == nullptr) refuse(node);
    guarded(where, [&] { row->map(site); });
  }

  void fold_here(const OnnxSite& site) {
    std::vector<OnnxTensor> made = fold(site.node, site.constants());
    for (std::size_t i = 0; i < made.size(); ++i) site.result(std::move(made[i]), i);
  }

  [[noreturn]] void refuse(const OnnxNode& node) const {
    const std::string type = node.domain.empty() ? node.type : node.domain + "." + node.type;
    fail("node '" + node.name + "' is a " + type +
         ", an operator that fringe doesn't have; workloads/README.md lists those that are read");
  }

  OnnxFile file_;
  std::string last_;
  Draft draft_;
  std::map<std::string, OnnxOperand> values_;
  std::map<std::string, std::size_t> readers_;
};

}  // namespace

OnnxModel read_onnx(const std::filesystem::path& file) { return Import(read_onnx_file(file)).model({}); }
OnnxModel read_onnx(const std::filesystem::path& file, Operator loss) {
  return Import(read_onnx_file(file)).model(loss);
}

}  // namespace fringe
