// A node of the ONNX file in its place, and the table of what becomes of it: one row for each type of node.
#pragma once

#include <array>
#include <map>
#include <span>
#include <variant>

#include "workloads/onnx_draft.hpp"
#include "workloads/onnx_fold.hpp"

namespace fringe {

using OnnxOperand = std::variant<OnnxTensor, OnnxValue>;

struct OnnxSite {
  Draft& draft;
  const OnnxNode& node;
  std::map<std::string, OnnxOperand>& values;         ///< of the file so far, by name
  const std::map<std::string, std::size_t>& readers;  ///< how many nodes read a name
  std::int64_t opset;

  std::size_t operands() const noexcept { return node.inputs.size(); }
  bool given(std::size_t i) const { return i < operands() && !node.inputs[i].empty(); }
  bool is_constant(std::size_t i) const;
  /// Throws Error that names the operand where it isn't one.
  const OnnxTensor& constant(std::size_t i, const char* what) const;
  /// The operand, a constant as a learned value.
  OnnxValue value(std::size_t i) const;
  /// Constants where operands are, nullptr elsewhere.
  std::vector<const OnnxTensor*> constants() const;
  /// Throws Error unless the attribute is missing or has this value.
  void require(const char* attribute, std::int64_t value) const;

  void result(OnnxOperand made, std::size_t i = 0) const;
  /// An operator on one value that leaves its dimensions.
  void unary(Operator op, Attributes attributes = {}) const;
  /// [begin, end) on an axis.
  OnnxValue cut(const OnnxValue& from, std::size_t axis, std::int64_t begin, std::int64_t end) const;
};

/// Sizes before an axis, of it, and behind it, as the shape in which it is cut or joined.
struct OnnxCut {
  Shape shape;
  std::size_t axis = 0, block = 1;  ///< a step along the file's axis is `block` along this one
};
OnnxCut cut_at(const OnnxDims& dims, std::size_t axis);

struct OnnxRow {
  std::string_view type;
  void (*map)(const OnnxSite&);
};
/// By family, as in the zoo.
namespace onnx_rows {
std::span<const OnnxRow> products();
std::span<const OnnxRow> recurrent();
std::span<const OnnxRow> elementwise();
std::span<const OnnxRow> windows();
std::span<const OnnxRow> views();
}  // namespace onnx_rows

/// Rewrites what stands in several nodes and is one operator: LayerNormalization, RMSNormalization, Gelu,
/// Swish, under the names that later opsets give them.
void fuse(OnnxFile& file);

}  // namespace fringe
