// A graph in the making: operators with their parameters, put in order and pruned at the end, and values of
// the ONNX file as readings of them.
#pragma once

#include <optional>

#include "workloads/onnx_file.hpp"
#include "workloads/onnx_import.hpp"

namespace fringe {

/// Where an operator comes from: a node of the file, by name and place.
struct OnnxOrigin {
  std::string name;
  std::size_t place = 0;
};

/// A value of one sample: the numbers of an operator of the draft, read in the dimensions that the file gives
/// them for a batch of one, perhaps in another order of axes. Views become operators only where one is
/// needed.
struct OnnxValue {
  int node = -1;
  OnnxDims dims;                    ///< after the axes were reordered
  OnnxOrigin shaped{};              ///< the node that gave it its dimensions, if any
  std::vector<std::size_t> axes{};  ///< their order; empty: as it is
  OnnxOrigin turned{}, earlier{};   ///< the node that gave it its order, and the one before that, if any
  std::array<std::size_t, 2> padding{0, 0};  ///< zeros around an image that dims count: height, width
  double scale = 1;                          ///< times this
  bool causal = false;                       ///< masked; the softmax that follows knows
};

struct DraftNode {
  Operator op;
  std::vector<int> inputs;
  Attributes attributes;
  OnnxOrigin origin;
  Shape shape{};
  std::vector<float> weights{}, vectors{}, states{};
};

class Draft {
 public:
  /// The node that operators come from until the next call.
  void start(OnnxOrigin origin);
  const OnnxOrigin& current() const noexcept { return current_; }
  /// An operator of the node; `part` names what isn't its first. Throws Error on shapes that don't fit.
  int add(Operator op, std::vector<int> inputs, Attributes attributes = {}, std::string_view part = {});
  DraftNode& at(int node) { return nodes_.at(static_cast<std::size_t>(node)); }
  /// A learned value of a constant's numbers, called after its initialiser, else after the name.
  int learned(const std::string& name, Shape shape, const OnnxTensor& numbers);

  /// The operator with the value's numbers in order, whatever its shape.
  int ordered(const OnnxValue& value);
  /// The same in a shape.
  int shaped(const OnnxValue& value, Shape shape);
  /// The same in natural().
  int whole(const OnnxValue& value);
  /// The value itself, or the one that its node's last two axes exchanged would be, if that needs no operator
  /// for the exchange; says whether it is that.
  std::pair<OnnxValue, bool> perhaps_transposed(OnnxValue value) const;

  /// Whatever `last` needs, in order, with the loss behind it.
  void finish(int last, Operator loss, OnnxModel& model);

 private:
  int append(DraftNode node);
  int view(Operator op, int from, Shape argument, const OnnxOrigin& origin, std::string_view part);

  std::vector<DraftNode> nodes_;
  OnnxOrigin current_;
};

/// The axis that stands for the batch: the first of size 1 among the first two; none.
std::optional<std::size_t> batch_axis(const OnnxDims& dims);
/// Dimensions without the batch: what operators mostly take. Throws Error beyond three.
Shape natural(OnnxDims dims);

}  // namespace fringe
