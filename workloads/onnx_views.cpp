// Nodes of an ONNX file that move numbers: other dimensions, another order, parts, joins, rows of a table.
#include <algorithm>

#include "core/error.hpp"
#include "workloads/onnx_site.hpp"

namespace fringe::onnx_rows {
namespace {

void view(const OnnxSite& s) {
  OnnxValue x = s.value(0);
  const OnnxDims dims = viewed_dims(s.node, x.dims, s.is_constant(1) ? &s.constant(1, "") : nullptr);
  if (s.given(1) && !s.is_constant(1)) throw Error("its sizes must not depend on the input's values");
  if (dims == x.dims) return s.result(std::move(x));
  if (!x.axes.empty()) {
    const double scale = x.scale;
    x.scale = 1;
    x = {.node = s.draft.ordered(x), .dims = x.dims, .scale = scale};
  }
  x.dims = dims;
  x.shaped = s.draft.current();
  s.result(std::move(x));
}

void transpose(const OnnxSite& s) {
  OnnxValue x = s.value(0);
  std::vector<std::size_t> axes;
  OnnxDims dims;
  for (const std::size_t axis : transpose_axes(s.node, x.dims.size())) {
    axes.push_back(x.axes.empty() ? axis : x.axes[axis]);
    dims.push_back(x.dims[axis]);
  }
  x.earlier = x.axes.empty() ? s.draft.current() : x.turned;
  x.axes = std::move(axes);
  x.dims = std::move(dims);
  x.turned = s.draft.current();
  s.result(std::move(x));
}

void slice(const OnnxSite& s) {
  OnnxValue x = s.value(0);
  for (std::size_t i = 1; i < s.operands(); ++i)
    if (s.given(i)) s.constant(i, "its starts, ends, axes and steps");
  const auto ranges = slice_ranges(s.node, x.dims, s.constants());
  for (std::size_t axis = 0; axis < ranges.size(); ++axis) {
    const auto [begin, step, size] = ranges[axis];
    if (step != 1 && size > 1) throw Error("steps by " + std::to_string(step) + "; must be 1");
    if (size == 0) throw Error("takes nothing of " + to_string(x.dims));
    x = s.cut(x, axis, begin, begin + size);
  }
  s.result(std::move(x));
}

void split(const OnnxSite& s) {
  const OnnxValue x = s.value(0);
  const std::size_t axis = positive_axis(s.node.integer("axis", 0), x.dims.size());
  const auto parts = static_cast<std::int64_t>(s.node.outputs.size());
  OnnxDims sizes = s.given(1) ? integers_of(s.constant(1, "its sizes")) : s.node.integers("split");
  if (sizes.empty()) {
    const std::int64_t each = (x.dims[axis] + parts - 1) / parts;
    for (std::int64_t i = 0; i < parts; ++i) sizes.push_back(std::min(each, x.dims[axis] - i * each));
  }
  std::int64_t begin = 0;
  for (std::size_t i = 0; i < s.node.outputs.size(); ++i) {
    const std::int64_t size = i < sizes.size() ? sizes[i] : 0,
                       end = begin + std::clamp<std::int64_t>(size, 0, x.dims[axis]);
    if (size < 1 || end > x.dims[axis] || end - begin != size)
      throw Error("cuts " + to_string(x.dims) + " into " + to_string(sizes));
    s.result(s.cut(x, axis, begin, end), i);
    begin = end;
  }
}

void concat(const OnnxSite& s) {
  OnnxDims dims = s.value(0).dims;
  const std::size_t axis = positive_axis(s.node.integer("axis", 0), dims.size());
  dims[axis] = 0;
  std::vector<int> parts;
  Attributes a;
  for (std::size_t i = 0; i < s.operands(); ++i) {
    const OnnxValue part = s.value(i);
    if (part.dims.size() != dims.size()) throw Error("joins values of different dimensions");
    const OnnxCut place = cut_at(part.dims, axis);
    a.axis = place.axis;
    parts.push_back(s.draft.shaped(part, place.shape));
    dims[axis] += part.dims[axis];
  }
  if (parts.size() == 1) return s.result(s.value(0));
  s.result(OnnxValue{.node = s.draft.add(Operator::concat, std::move(parts), a), .dims = std::move(dims)});
}

// Rows of a table by token ids, or a place of a value by a constant index.
void gather(const OnnxSite& s) {
  const std::int64_t given_axis = s.node.integer("axis", 0);
  if (s.is_constant(0)) {
    const OnnxTensor& table = s.constant(0, "");
    const OnnxValue ids = s.value(1);
    if (table.dims.size() != 2 || given_axis != 0 || !table.real)
      throw Error("looks up rows of a table of " + to_string(table.dims) +
                  "; must be [vocabulary, features]");
    Attributes a;
    a.vocabulary = static_cast<std::size_t>(table.dims[0]);
    a.features = static_cast<std::size_t>(table.dims[1]);
    const int node = s.draft.add(Operator::embedding, {s.draft.shaped(ids, {count(ids.dims)})}, a);
    s.draft.at(node).vectors = table.reals;
    OnnxValue rows{.node = node, .dims = ids.dims};
    rows.dims.push_back(table.dims[1]);
    return s.result(std::move(rows));
  }
  const OnnxValue x = s.value(0);
  const std::size_t axis = positive_axis(given_axis, x.dims.size());
  const OnnxTensor& which = s.constant(1, "its index");
  const OnnxDims places = integers_of(which);
  if (places.empty() || which.dims.size() > 1) throw Error("takes places " + to_string(places));
  const std::size_t first = positive_axis(places[0], static_cast<std::size_t>(x.dims[axis]));
  for (std::size_t i = 0; i < places.size(); ++i)
    if (positive_axis(places[i], static_cast<std::size_t>(x.dims[axis])) != first + i)
      throw Error("takes places " + to_string(places) + "; must follow each other");
  const auto begin = static_cast<std::int64_t>(first);
  OnnxValue part = s.cut(x, axis, begin, begin + static_cast<std::int64_t>(places.size()));
  if (which.dims.empty()) {
    // Without the axis: another reading of the part.
    if (!part.axes.empty()) part = {.node = s.draft.ordered(part), .dims = part.dims};
    part.dims.erase(part.dims.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  s.result(std::move(part));
}

void expand(const OnnxSite& s) {
  const OnnxValue x = s.value(0);
  if (broadcast_dims(x.dims, integers_of(s.constant(1, "its sizes"))) != x.dims)
    throw Error("repeats a computed value along an axis");
  s.result(x);
}

// scores where a token may look, else far below 0: a causal mask.
void where(const OnnxSite& s) {
  const OnnxTensor& mask = s.constant(0, "its condition");
  const bool keeps = s.is_constant(2);
  OnnxValue x = s.value(keeps ? 1 : 2);
  const OnnxTensor& low = s.constant(keeps ? 2 : 1, "one of its values");
  const std::size_t rank = mask.dims.size();
  const std::int64_t tokens = rank < 2 ? 0 : mask.dims[rank - 1];
  bool causal = tokens > 1 && mask.dims[rank - 2] == tokens && mask.size() == count({tokens, tokens}) &&
                low.size() == 1 && low.at(0) <= -1e4 && broadcast_dims(x.dims, mask.dims) == x.dims;
  for (std::size_t i = 0; causal && i < mask.size(); ++i) {
    const auto place = static_cast<std::int64_t>(i);
    causal = (mask.at(i) != 0) == (keeps == (place % tokens <= place / tokens));
  }
  if (!causal) throw Error("chooses between values; only a causal mask over scores is known");
  x.causal = true;
  s.result(std::move(x));
}

// Zeros around an image, which the window that follows takes over.
void pad(const OnnxSite& s) {
  OnnxValue x = s.value(0);
  if (s.node.text("mode", "constant") != "constant" || (s.given(2) && s.constant(2, "its number").at(0) != 0))
    throw Error("pads with other numbers than zeros");
  const OnnxDims pads = integers_of(s.constant(1, "its pads"));
  const std::size_t rank = x.dims.size();
  if (pads.size() != 2 * rank) throw Error("pads " + to_string(pads) + " don't fit " + to_string(x.dims));
  for (std::size_t i = 0; i < rank; ++i) {
    if (pads[i] == 0 && pads[rank + i] == 0) continue;
    if (rank < 3 || i < 2 || pads[i] != pads[rank + i] || pads[i] < 0 || pads[i] > (1 << 24))
      throw Error("pads " + to_string(pads) + "; must be the same at both ends of an image's axes");
    x.padding[i + 2 - rank] += static_cast<std::size_t>(pads[i]);
    x.dims[i] += 2 * pads[i];
  }
  s.result(std::move(x));
}

void same(const OnnxSite& s) { s.result(s.value(0)); }

// Token ids and reals are floats here alike; cutting off fractions is no operator.
void cast(const OnnxSite& s) {
  const OnnxValue x = s.value(0);
  const std::int64_t to =
      s.node.integer("to", 1);  // TensorProto: 1 float, 6 and 7 integers, 10 half, 11 double
  const bool integer = to == 6 || to == 7;
  if (to != 1 && to != 10 && to != 11 && !(integer && s.draft.at(x.node).op == Operator::input))
    throw Error("casts a computed value to type " + std::to_string(to) + "; must be a float");
  s.result(x);
}

void shape(const OnnxSite& s) {
  const OnnxDims dims = s.value(0).dims;
  const auto rank = static_cast<std::int64_t>(dims.size());
  s.result(integer_tensor({rank}, dims));
}

constexpr std::array rows{
    OnnxRow{"Identity", same},       OnnxRow{"Cast", cast},     OnnxRow{"Reshape", view},
    OnnxRow{"Flatten", view},        OnnxRow{"Squeeze", view},  OnnxRow{"Unsqueeze", view},
    OnnxRow{"Transpose", transpose}, OnnxRow{"Slice", slice},   OnnxRow{"Split", split},
    OnnxRow{"Concat", concat},       OnnxRow{"Gather", gather}, OnnxRow{"Expand", expand},
    OnnxRow{"Where", where},         OnnxRow{"Pad", pad},       OnnxRow{"Shape", shape}};

}  // namespace

std::span<const OnnxRow> views() { return rows; }

}  // namespace fringe::onnx_rows
