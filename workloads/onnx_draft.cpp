#include "workloads/onnx_draft.hpp"

#include <algorithm>
#include <numeric>
#include <set>

#include "core/error.hpp"

namespace fringe {
namespace {

Shape as_shape(const OnnxDims& dims) { return {dims.begin(), dims.end()}; }

// The dimensions before their reordering.
OnnxDims before(const OnnxValue& value) {
  OnnxDims dims(value.dims.size());
  for (std::size_t i = 0; i < dims.size(); ++i) dims[value.axes[i]] = value.dims[i];
  return dims;
}

struct Turn {
  Shape shape, axes;
};

// A reordering as an operator can do it: without the batch; where more than three axes remain, without those
// of size 1, and with those as one that stay beside each other.
Turn turn_of(const OnnxValue& value) {
  const OnnxDims dims = before(value);
  Turn turn;
  if (dims.size() <= 4 && dims[0] == 1 && value.axes[0] == 0) {
    turn.shape = as_shape({dims.begin() + 1, dims.end()});
    for (std::size_t i = 1; i < dims.size(); ++i) turn.axes.push_back(value.axes[i] - 1);
    return turn;
  }
  std::vector<std::vector<std::size_t>> groups;  // of old axes, in their new order
  for (const std::size_t axis : value.axes) {
    if (dims[axis] == 1) continue;
    const auto follows = [&] {
      for (std::size_t k = groups.back().back() + 1; k < axis; ++k)
        if (dims[k] != 1) return false;
      return groups.back().back() < axis;
    };
    if (!groups.empty() && follows())
      groups.back().push_back(axis);
    else
      groups.push_back({axis});
  }
  std::vector<std::size_t> order(groups.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return groups[a][0] < groups[b][0]; });
  for (const std::size_t g : order) {
    turn.shape.push_back(1);
    for (const std::size_t axis : groups[g]) turn.shape.back() *= static_cast<std::size_t>(dims[axis]);
  }
  for (std::size_t g = 0; g < groups.size(); ++g)
    turn.axes.push_back(static_cast<std::size_t>(std::find(order.begin(), order.end(), g) - order.begin()));
  if (turn.shape.size() > 3)
    throw Error("reorders axes of " + to_string(dims) + " in a way that takes more than three dimensions");
  return turn;
}

// Whether the numbers stay where they are.
bool moves_nothing(const OnnxValue& value) {
  if (value.axes.empty()) return true;
  const OnnxDims dims = before(value);
  std::vector<std::size_t> real;
  for (const std::size_t axis : value.axes)
    if (dims[axis] != 1) real.push_back(axis);
  return std::is_sorted(real.begin(), real.end());
}

}  // namespace

std::optional<std::size_t> batch_axis(const OnnxDims& dims) {
  if (dims.size() > 1 && dims[0] == 1) return 0;
  if (dims.size() > 2 && dims[1] == 1) return 1;
  return {};
}

Shape natural(OnnxDims dims) {
  if (const auto batch = batch_axis(dims)) dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(*batch));
  while (dims.size() > 3 && dims[0] == 1) dims.erase(dims.begin());
  if (dims.size() > 3)
    throw Error("takes a value of " + to_string(dims) + "; a sample has at most three dimensions");
  return dims.empty() ? Shape{1} : as_shape(dims);
}

void Draft::start(OnnxOrigin origin) { current_ = std::move(origin); }

int Draft::append(DraftNode node) {
  std::vector<Shape> in;
  for (const int from : node.inputs) in.push_back(at(from).shape);
  node.shape = row_of(node.op).shape(in, node.attributes);
  nodes_.push_back(std::move(node));
  return static_cast<int>(nodes_.size()) - 1;
}

int Draft::add(Operator op, std::vector<int> inputs, Attributes attributes, std::string_view part) {
  OnnxOrigin origin = current_;
  if (!part.empty()) origin.name += "." + std::string(part);
  return append({op, std::move(inputs), std::move(attributes), std::move(origin)});
}

int Draft::learned(const std::string& name, Shape shape, const OnnxTensor& numbers) {
  if (!numbers.real) throw Error("computes with the integers '" + name + "'");
  Attributes a;
  a.shape = std::move(shape);
  DraftNode node{Operator::learned,
                 {},
                 std::move(a),
                 {numbers.initialiser.empty() ? name : numbers.initialiser, current_.place}};
  node.vectors = numbers.reals;
  return append(std::move(node));
}

// One reading is one operator, however many read it.
int Draft::view(Operator op, int from, Shape argument, const OnnxOrigin& origin, std::string_view part) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const DraftNode& n = nodes_[i];
    if (n.op == op && n.inputs == std::vector{from} && n.attributes.shape == argument)
      return static_cast<int>(i);
  }
  Attributes a;
  a.shape = std::move(argument);
  OnnxOrigin named = origin;
  if (named.name.empty()) named = {current_.name + "." + std::string(part), current_.place};
  return append({op, {from}, std::move(a), std::move(named)});
}

int Draft::ordered(const OnnxValue& value) {
  if (value.padding != std::array<std::size_t, 2>{0, 0})
    throw Error("reads a padded value; only convolutions and means over windows take one");
  if (value.causal) throw Error("reads a causally masked value; only a softmax over it is known");
  int node = value.node;
  if (!moves_nothing(value)) {
    const Turn turn = turn_of(value);
    if (at(node).shape != turn.shape) node = view(Operator::reshape, node, turn.shape, value.shaped, "split");
    node = view(Operator::transpose, node, turn.axes, value.turned, "turn");
  }
  if (value.scale == 1) return node;
  const auto scale = static_cast<float>(value.scale);
  return add(Operator::multiply, {node, learned(current_.name + ".scale", {1}, real_tensor({1}, {scale}))},
             {}, "scaled");
}

int Draft::shaped(const OnnxValue& value, Shape shape) {
  int node = ordered(value);
  if (at(node).shape == shape) return node;
  const bool plain = node == value.node;
  if (at(node).op == Operator::reshape) node = at(node).inputs[0];
  if (at(node).shape == shape) return node;
  return view(Operator::reshape, node, std::move(shape), plain ? value.shaped : OnnxOrigin{}, "reshape");
}

int Draft::whole(const OnnxValue& value) { return shaped(value, natural(value.dims)); }

std::pair<OnnxValue, bool> Draft::perhaps_transposed(OnnxValue value) const {
  const std::size_t rank = value.dims.size();
  if (value.axes.empty() || value.axes.back() == rank - 1 || value.axes[rank - 2] != rank - 1)
    return {std::move(value), false};
  std::swap(value.axes[rank - 1], value.axes[rank - 2]);
  std::swap(value.dims[rank - 1], value.dims[rank - 2]);
  value.turned = value.earlier;
  return {std::move(value), true};
}

void Draft::finish(int last, Operator loss, OnnxModel& model) {
  std::vector<bool> needed(nodes_.size());
  needed[static_cast<std::size_t>(last)] = true;
  for (std::size_t i = nodes_.size(); i-- > 0;)
    if (needed[i])
      for (const int from : nodes_[i].inputs) needed[static_cast<std::size_t>(from)] = true;
  // Views were made where they were needed, but belong where the file has them.
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (needed[i]) order.push_back(i);
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return nodes_[a].origin.place < nodes_[b].origin.place; });
  std::vector<int> index(nodes_.size(), -1);
  std::set<std::string> names{"loss", std::string(to_string(loss)) + "1"};
  for (const std::size_t i : order) {
    DraftNode& n = nodes_[i];
    std::vector<int> inputs;
    for (const int from : n.inputs) inputs.push_back(index[static_cast<std::size_t>(from)]);
    std::string name = n.origin.name;
    for (int again = 2; !names.insert(name).second; ++again)
      name = n.origin.name + "." + std::to_string(again);
    index[i] = model.graph.add(n.op, std::move(inputs), n.attributes, std::move(name));
    const OperatorKind kind = row_of(n.op).kind;
    if (kind == OperatorKind::weighted || kind == OperatorKind::recurrence)
      model.parameters.weights.push_back(std::move(n.weights));
    if (model.graph.vectors(index[i]) > 0) model.parameters.vectors.push_back(std::move(n.vectors));
    if (n.op == Operator::batch_norm) model.parameters.states.push_back(std::move(n.states));
  }
  model.graph.add(loss, {index[static_cast<std::size_t>(last)]});
}

}  // namespace fringe
