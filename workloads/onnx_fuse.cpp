// Operators that exporters write in parts, found again. Products are compared as sets of factors, whatever
// the order in which they are written: x·½·(1 + erf(x/√2)) has the factors ½, x and the sum.
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>
#include <set>

#include "workloads/onnx_site.hpp"

namespace fringe {
namespace {

struct Factors {
  double number = 1;
  std::multiset<std::string> values;
};

class Fusion {
 public:
  explicit Fusion(OnnxFile& file) : file_(file) {
    for (std::size_t i = 0; i < file.nodes.size(); ++i) {
      for (const std::string& output : file.nodes[i].outputs) maker_[output] = i;
      for (const std::string& input : file.nodes[i].inputs) readers_[input].push_back(i);
    }
  }

  void run() {
    for (OnnxNode& node : file_.nodes) {
      if (!node.domain.empty()) continue;
      if (node.type == "Mul") swish(node) || gelu(node) || rms_norm(node);
      if (node.type == "Div") layer_norm(node) || rms_norm(node);
    }
  }

 private:
  const OnnxNode* made_by(const std::string& name, std::string_view type) const {
    const auto found = maker_.find(name);
    if (found == maker_.end() || file_.nodes[found->second].type != type) return nullptr;
    return &file_.nodes[found->second];
  }

  const OnnxTensor* constant(const std::string& name) const {
    if (const auto found = file_.initialisers.find(name); found != file_.initialisers.end())
      return &found->second;
    const OnnxNode* node = made_by(name, "Constant");
    const OnnxAttribute* value = node == nullptr ? nullptr : node->find("value");
    return value == nullptr ? nullptr : &value->tensor;
  }
  std::optional<double> number(const std::string& name) const {
    const OnnxTensor* found = constant(name);
    return found == nullptr || found->size() != 1 ? std::nullopt : std::optional(found->at(0));
  }

  // The factors of a value: through products, quotients by numbers, and squares and cubes.
  Factors factors(const std::string& name, int depth = 4) const {
    if (const auto n = number(name)) return {*n, {}};
    const OnnxNode* node = nullptr;
    for (const char* type : {"Mul", "Div", "Pow"})
      if (node == nullptr && depth > 0) node = made_by(name, type);
    if (node == nullptr || node->inputs.size() != 2) return {1, {name}};
    const auto second = number(node->inputs[1]);
    if (node->type != "Mul" && !second) return {1, {name}};
    Factors product = factors(node->inputs[0], depth - 1);
    if (node->type == "Mul") {
      const Factors more = factors(node->inputs[1], depth - 1);
      product.number *= more.number;
      product.values.insert(more.values.begin(), more.values.end());
    } else if (node->type == "Div") {
      product.number /= *second;
    } else if (*second == 2 || *second == 3) {
      const Factors base = product;
      for (int k = 1; k < static_cast<int>(*second); ++k) {
        product.number *= base.number;
        product.values.insert(base.values.begin(), base.values.end());
      }
    } else {
      return {1, {name}};
    }
    return product;
  }

  // Numbers in files are floats, and so are their products.
  static bool is(double value, double expected) {
    return std::abs(value - expected) <= 4 * 0x1p-24 * std::abs(expected);
  }
  bool is(const Factors& f, double number_of, std::multiset<std::string> values) const {
    return is(f.number, number_of) && f.values == values;
  }

  // The value that is added to a number.
  std::optional<std::string> plus(const std::string& name, double what) const {
    const OnnxNode* sum = made_by(name, "Add");
    if (sum == nullptr) return {};
    for (const std::size_t i : {0, 1})
      if (const auto n = number(sum->inputs[i]); n && is(*n, what)) return sum->inputs[1 - i];
    return {};
  }

  void become(OnnxNode& node, std::string type, std::vector<std::string> inputs,
              std::vector<OnnxAttribute> attributes = {}) {
    node.type = std::move(type);
    node.inputs = std::move(inputs);
    node.attributes = std::move(attributes);
  }

  bool swish(OnnxNode& node) {
    for (const std::size_t i : {0, 1}) {
      const OnnxNode* gate = made_by(node.inputs[i], "Sigmoid");
      if (gate == nullptr || gate->inputs[0] != node.inputs[1 - i]) continue;
      become(node, "Swish", {gate->inputs[0]});
      return true;
    }
    return false;
  }

  // x/2·(1 + erf(x/√2)) or x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))): D. Hendrycks, K. Gimpel,
  // arXiv:1606.08415.
  bool gelu(OnnxNode& node) {
    const Factors all = factors(node.outputs[0]);
    if (!is(all.number, 0.5) || all.values.size() != 2) return false;
    for (const std::string& sum : all.values) {
      const auto inner = plus(sum, 1);
      if (!inner) continue;
      std::multiset<std::string> rest = all.values;
      rest.erase(rest.find(sum));
      const std::string x = *rest.begin();
      if (const OnnxNode* erf = made_by(*inner, "Erf");
          erf != nullptr && is(factors(erf->inputs[0]), 1 / std::numbers::sqrt2, {x})) {
        become(node, "Gelu", {x});
        return true;
      }
      const OnnxNode* tanh = made_by(*inner, "Tanh");
      if (tanh == nullptr) continue;
      const Factors argument = factors(tanh->inputs[0]);
      if (argument.values.size() != 1 || !is(argument.number, std::sqrt(2 / std::numbers::pi))) continue;
      const OnnxNode* cubic = made_by(*argument.values.begin(), "Add");
      if (cubic == nullptr) continue;
      for (const std::size_t i : {0, 1})
        if (cubic->inputs[1 - i] == x && is(factors(cubic->inputs[i]), 0.044715, {x, x, x})) {
          become(node, "Gelu", {x},
                 {{.name = "approximate", .kind = OnnxAttribute::Kind::text, .text = "tanh"}});
          return true;
        }
    }
    return false;
  }

  // What the mean over one axis is taken of; the axis goes to `axis`.
  std::optional<std::string> mean_of(const std::string& name, std::int64_t& axis) const {
    const OnnxNode* mean = made_by(name, "ReduceMean");
    if (mean == nullptr || mean->integer("keepdims", 1) != 1) return {};
    OnnxDims axes = mean->integers("axes");
    if (mean->inputs.size() > 1)
      if (const OnnxTensor* given = constant(mean->inputs[1])) axes = given->integers;
    if (axes.size() != 1) return {};
    axis = axes[0];
    return mean->inputs[0];
  }

  // √(mean of squares + ε): the value that is squared.
  std::optional<std::string> root_mean_square(const std::string& name, double& epsilon,
                                              std::int64_t& axis) const {
    const OnnxNode* root = made_by(name, "Sqrt");
    const OnnxNode* sum = root == nullptr ? nullptr : made_by(root->inputs[0], "Add");
    if (sum == nullptr) return {};
    for (const std::size_t i : {0, 1}) {
      const auto e = number(sum->inputs[i]);
      const auto squares = mean_of(sum->inputs[1 - i], axis);
      if (!e || !squares) continue;
      const Factors f = factors(*squares);
      if (f.number != 1 || f.values.size() != 2 || *f.values.begin() != *f.values.rbegin()) continue;
      epsilon = *e;
      return *f.values.begin();
    }
    return {};
  }

  // The product with a constant that is all that a value goes to, and the constant.
  std::pair<OnnxNode*, std::string> then_constant(const std::string& value, std::string_view type) {
    const auto found = readers_.find(value);
    if (found == readers_.end() || found->second.size() != 1) return {};
    OnnxNode& next = file_.nodes[found->second[0]];
    if (next.type != type || !next.domain.empty()) return {};
    for (const std::size_t i : {0, 1})
      if (const OnnxTensor* c = constant(next.inputs[i]); c != nullptr && c->size() > 1)
        return {&next, next.inputs[i]};
    return {};
  }

  // The node that ends the pattern becomes the norm, with its scale and shift where they follow.
  void norm(OnnxNode& node, const char* type, const std::string& x, double epsilon, std::int64_t axis,
            bool shifts) {
    std::vector<std::string> inputs{x};
    OnnxNode* last = &node;
    if (const auto [next, scale] = then_constant(last->outputs[0], "Mul"); next != nullptr) {
      inputs.push_back(scale);
      last = next;
      if (const auto [after, shift] = then_constant(last->outputs[0], "Add"); shifts && after != nullptr) {
        inputs.push_back(shift);
        last = after;
      }
    }
    become(*last, type, std::move(inputs),
           {onnx_real("epsilon", static_cast<float>(epsilon)), onnx_integer("axis", axis)});
  }

  // (x − mean)/√(mean of (x − mean)² + ε)
  bool layer_norm(OnnxNode& node) {
    double epsilon = 0;
    std::int64_t axis = 0, other = 0;
    const auto centred = root_mean_square(node.inputs[1], epsilon, axis);
    const OnnxNode* above = made_by(node.inputs[0], "Sub");
    const OnnxNode* below = centred ? made_by(*centred, "Sub") : nullptr;
    if (above == nullptr || below == nullptr || above->inputs != below->inputs) return false;
    const auto x = mean_of(above->inputs[1], other);
    if (!x || *x != above->inputs[0] || axis != other) return false;
    norm(node, "LayerNormalization", *x, epsilon, axis, true);
    return true;
  }

  // x/√(mean of x² + ε), or x times the reciprocal.
  bool rms_norm(OnnxNode& node) {
    double epsilon = 0;
    std::int64_t axis = 0;
    for (const std::size_t i : {0, 1}) {
      std::string root = node.inputs[1 - i];
      if (node.type == "Div" && i == 1) continue;
      if (node.type == "Mul") {
        if (const OnnxNode* r = made_by(root, "Reciprocal"))
          root = r->inputs[0];
        else if (const OnnxNode* d = made_by(root, "Div"); d != nullptr && number(d->inputs[0]) == 1.0)
          root = d->inputs[1];
        else
          continue;
      }
      const auto x = root_mean_square(root, epsilon, axis);
      if (!x || *x != node.inputs[i]) continue;
      norm(node, "RMSNormalization", *x, epsilon, axis, false);
      return true;
    }
    return false;
  }

  OnnxFile& file_;
  std::map<std::string, std::size_t> maker_;
  std::map<std::string, std::vector<std::size_t>> readers_;
};

}  // namespace

void fuse(OnnxFile& file) { Fusion(file).run(); }

}  // namespace fringe
