#include "workloads/onnx_dims.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "core/error.hpp"

namespace fringe {

OnnxDims integers_of(const OnnxTensor& tensor) {
  if (tensor.real) throw Error("takes integers for axes and sizes");
  return tensor.integers;
}

std::size_t positive_axis(std::int64_t axis, std::size_t rank) {
  const auto size = static_cast<std::int64_t>(rank);
  if (axis < -size || axis >= size)
    throw Error("index " + std::to_string(axis) + " must be in [" + std::to_string(-size) + ", " +
                std::to_string(size) + ")");
  return static_cast<std::size_t>(axis < 0 ? axis + size : axis);
}

namespace {

OnnxDims reshaped(const OnnxDims& dims, OnnxDims sizes, bool zero_is_zero) {
  const auto all = static_cast<std::int64_t>(count(dims));
  std::int64_t known = 1;
  std::size_t open = sizes.size();
  bool fits = true;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] == 0 && !zero_is_zero && i < dims.size()) sizes[i] = dims[i];
    if (sizes[i] == -1 && open == sizes.size()) {
      open = i;
      continue;
    }
    fits = fits && sizes[i] >= 0 && (sizes[i] == 0 || known <= all / sizes[i]);
    if (fits) known *= sizes[i];
  }
  if (fits && open < sizes.size() && known > 0) {
    sizes[open] = all / known;
    known *= sizes[open];
  }
  if (!fits || known != all)
    throw Error("cannot turn " + to_string(dims) + " into " + to_string(sizes) +
                "; a model is read at a batch of one: another must not stand in its constants");
  return sizes;
}

}  // namespace

OnnxDims viewed_dims(const OnnxNode& node, const OnnxDims& dims, const OnnxTensor* second) {
  const auto axes = [&](OnnxDims otherwise) {
    return second != nullptr ? integers_of(*second) : node.integers("axes", std::move(otherwise));
  };
  OnnxDims result;
  if (node.type == "Reshape") {
    if (second == nullptr) throw Error("lacks its sizes");
    return reshaped(dims, integers_of(*second), node.integer("allowzero", 0) != 0);
  }
  if (node.type == "Flatten") {
    const std::int64_t given = node.integer("axis", 1);
    const auto axis =
        given == static_cast<std::int64_t>(dims.size()) ? dims.size() : positive_axis(given, dims.size());
    result = {1, 1};
    for (std::size_t i = 0; i < dims.size(); ++i) result[i < axis ? 0 : 1] *= dims[i];
    return result;
  }
  if (node.type == "Squeeze") {
    std::vector<bool> gone(dims.size());
    OnnxDims ones;
    for (std::size_t i = 0; i < dims.size(); ++i)
      if (dims[i] == 1) ones.push_back(static_cast<std::int64_t>(i));
    for (const std::int64_t axis : axes(ones)) {
      const std::size_t at = positive_axis(axis, dims.size());
      if (dims[at] != 1) throw Error("takes away axis " + std::to_string(at) + " of " + to_string(dims));
      gone[at] = true;
    }
    for (std::size_t i = 0; i < dims.size(); ++i)
      if (!gone[i]) result.push_back(dims[i]);
    return result;
  }
  if (node.type == "Unsqueeze") {
    const OnnxDims given = axes({});
    const std::size_t rank = dims.size() + given.size();
    std::vector<bool> fresh(rank);
    for (const std::int64_t axis : given) fresh[positive_axis(axis, rank)] = true;
    auto next = dims.begin();
    for (std::size_t i = 0; i < rank; ++i) result.push_back(fresh[i] || next == dims.end() ? 1 : *next++);
    return result;
  }
  return dims;
}

std::vector<std::size_t> transpose_axes(const OnnxNode& node, std::size_t rank) {
  OnnxDims reversed(rank);
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  std::vector<std::size_t> axes;
  for (const std::int64_t axis : node.integers("perm", reversed)) axes.push_back(positive_axis(axis, rank));
  std::vector<std::size_t> sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < rank; ++i)
    if (sorted.size() != rank || sorted[i] != i) throw Error("perm must name each axis once");
  return axes;
}

OnnxDims broadcast_dims(const OnnxDims& a, const OnnxDims& b) {
  OnnxDims result(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 0; i < result.size(); ++i) {
    const std::int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1, y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) throw Error("combines " + to_string(a) + " with " + to_string(b));
    result[result.size() - 1 - i] = x == 1 ? y : x;
  }
  return result;
}

std::vector<OnnxRange> slice_ranges(const OnnxNode& node, const OnnxDims& dims, OnnxOperands operands) {
  std::vector<OnnxRange> ranges;
  for (const std::int64_t size : dims) ranges.push_back({.size = size});
  const auto at = [&](std::size_t i, OnnxDims otherwise) {
    const OnnxTensor* given = i < operands.size() ? operands[i] : nullptr;
    return given == nullptr ? otherwise : integers_of(*given);
  };
  const OnnxDims begins = at(1, node.integers("starts")), ends = at(2, node.integers("ends"));
  OnnxDims all(begins.size());
  std::iota(all.begin(), all.end(), 0);
  const OnnxDims axes = at(3, node.integers("axes", all)), steps = at(4, OnnxDims(begins.size(), 1));
  if (ends.size() != begins.size() || axes.size() != begins.size() || steps.size() != begins.size())
    throw Error("has as many starts as ends, axes and steps; " + to_string(begins) + " and " +
                to_string(ends) + " given");
  for (std::size_t i = 0; i < begins.size(); ++i) {
    const std::size_t axis = positive_axis(axes[i], dims.size());
    const std::int64_t size = dims[axis], step = std::clamp(steps[i], -size - 1, size + 1);
    if (step == 0) throw Error("steps by 0");
    // Ends beyond the axis, INT64_MAX among them, mean its end.
    const auto clamp = [&](std::int64_t place, std::int64_t low, std::int64_t high) {
      return std::clamp(place < 0 ? std::max(place, -size - 1) + size : place, low, high);
    };
    const std::int64_t begin = step > 0 ? clamp(begins[i], 0, size) : clamp(begins[i], 0, size - 1);
    const std::int64_t end = step > 0 ? clamp(ends[i], 0, size) : clamp(ends[i], -1, size - 1);
    const std::int64_t reach = step > 0 ? end - begin : begin - end, stride = std::abs(step);
    ranges[axis] = {begin, step, reach <= 0 ? 0 : (reach + stride - 1) / stride};
  }
  return ranges;
}

}  // namespace fringe
