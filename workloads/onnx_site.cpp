#include "workloads/onnx_site.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace fringe {

bool OnnxSite::is_constant(std::size_t i) const {
  return given(i) && std::holds_alternative<OnnxTensor>(values.at(node.inputs[i]));
}

const OnnxTensor& OnnxSite::constant(std::size_t i, const char* what) const {
  if (!is_constant(i)) throw Error(std::string(what) + " must be a constant of the file");
  return std::get<OnnxTensor>(values.at(node.inputs[i]));
}

OnnxValue OnnxSite::value(std::size_t i) const {
  if (!given(i)) throw Error("lacks operand " + std::to_string(i));
  if (!is_constant(i)) return std::get<OnnxValue>(values.at(node.inputs[i]));
  const OnnxTensor& tensor = constant(i, "");
  return {.node = draft.learned(node.inputs[i], natural(tensor.dims), tensor), .dims = tensor.dims};
}

std::vector<const OnnxTensor*> OnnxSite::constants() const {
  std::vector<const OnnxTensor*> found;
  for (std::size_t i = 0; i < operands(); ++i)
    found.push_back(is_constant(i) ? &std::get<OnnxTensor>(values.at(node.inputs[i])) : nullptr);
  return found;
}

void OnnxSite::require(const char* attribute, std::int64_t expected) const {
  const std::int64_t given_value = node.integer(attribute, expected);
  if (given_value != expected)
    throw Error(std::string(attribute) + " = " + std::to_string(given_value) + "; only " +
                std::to_string(expected) + " is read");
}

void OnnxSite::result(OnnxOperand made, std::size_t i) const {
  if (i < node.outputs.size() && !node.outputs[i].empty()) values[node.outputs[i]] = std::move(made);
}

void OnnxSite::unary(Operator op, Attributes attributes) const {
  const OnnxValue from = value(0);
  result(OnnxValue{.node = draft.add(op, {draft.ordered(from)}, std::move(attributes)), .dims = from.dims});
}

OnnxCut cut_at(const OnnxDims& dims, std::size_t axis) {
  if (dims[0] == 1 && axis > 0 && dims.size() <= 4) return {natural(dims), axis - 1, 1};
  std::size_t before = 1, behind = 1;
  for (std::size_t i = 0; i < axis; ++i) before *= static_cast<std::size_t>(dims[i]);
  for (std::size_t i = axis + 1; i < dims.size(); ++i) behind *= static_cast<std::size_t>(dims[i]);
  const auto size = static_cast<std::size_t>(dims[axis]);
  if (before == 1) return {behind == 1 ? Shape{size} : Shape{size, behind}, 0, 1};
  return {{before, size * behind}, 1, behind};
}

OnnxValue OnnxSite::cut(const OnnxValue& from, std::size_t axis, std::int64_t begin, std::int64_t end) const {
  if (begin == 0 && end == from.dims[axis]) return from;
  const OnnxCut place = cut_at(from.dims, axis);
  Attributes a;
  a.axis = place.axis;
  a.begin = static_cast<std::size_t>(begin) * place.block;
  a.end = static_cast<std::size_t>(end) * place.block;
  OnnxValue to{.node = draft.add(Operator::slice, {draft.shaped(from, place.shape)}, a), .dims = from.dims};
  to.dims[axis] = end - begin;
  return to;
}

}  // namespace fringe
