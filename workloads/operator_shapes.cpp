#include "workloads/operator_shapes.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace fringe::shapes {
namespace {

void require(bool ok, const std::string& rule) {
  if (!ok) throw Error(rule);
}

void require_rank(const Shape& shape, std::size_t least, std::size_t most, const char* what) {
  require(shape.size() >= least && shape.size() <= most,
          "reads a value of shape " + to_string(shape) + "; must be " + what);
}

std::string of(std::size_t number) { return std::to_string(number); }

// Positions of a window of k taps, d apart.
std::size_t windows(std::size_t size, const Attributes& a, std::size_t axis) {
  const std::size_t padded = size + 2 * a.padding[axis], reach = a.dilation[axis] * (a.kernel[axis] - 1) + 1;
  require(a.kernel[axis] > 0 && a.stride[axis] > 0 && a.dilation[axis] > 0,
          "kernel, stride and dilation must be at least 1");
  require(reach <= padded, "its kernel reaches over " + of(reach) + " values of " + of(padded));
  const std::size_t steps = padded - reach;
  std::size_t places = steps / a.stride[axis] + 1;
  // A last window may hang over the edge, but it begins on the image or on the padding before it.
  if (a.ceil && steps % a.stride[axis] > 0 && places * a.stride[axis] < size + a.padding[axis]) ++places;
  return places;
}

}  // namespace

Shape same(In in, const Attributes&) { return in[0]; }

Shape given(In, const Attributes& a) {
  require_rank(a.shape, 1, 3, "of one to three dimensions");
  return a.shape;
}

Shape dense(In in, const Attributes& a) {
  require_rank(in[0], 1, 2, "[features] or [tokens, features]; reshape it first");
  require(a.features > 0, "features = 0; must be at least 1");
  Shape out = in[0];
  out.back() = a.features;
  return out;
}

Shape conv(In in, const Attributes& a) {
  require_rank(in[0], 3, 3, "[channels, height, width]");
  require(a.features > 0, "features = 0; must be at least 1");
  require(a.groups > 0 && in[0][0] % a.groups == 0 && a.features % a.groups == 0,
          "groups = " + of(a.groups) + " must divide " + of(in[0][0]) + " channels in and " + of(a.features) +
              " out");
  return {a.features, windows(in[0][1], a, 0), windows(in[0][2], a, 1)};
}

Shape conv_transposed(In in, const Attributes& a) {
  require_rank(in[0], 3, 3, "[channels, height, width]");
  require(a.features > 0, "features = 0; must be at least 1");
  require(a.groups == 1, "groups = " + of(a.groups) + "; a transposed convolution has one");
  Shape out{a.features, 0, 0};
  for (std::size_t axis = 0; axis < 2; ++axis) {
    const std::size_t full = (in[0][axis + 1] - 1) * a.stride[axis] + a.kernel[axis];
    require(full > 2 * a.padding[axis], "padding = " + of(a.padding[axis]) + " leaves nothing");
    out[axis + 1] = full - 2 * a.padding[axis];
  }
  return out;
}

Shape pool(In in, const Attributes& a) {
  require_rank(in[0], 3, 3, "[channels, height, width]");
  for (std::size_t axis = 0; axis < 2; ++axis)
    require(
        2 * a.padding[axis] <= a.kernel[axis],
        "padding = " + of(a.padding[axis]) + "; must be at most half of the kernel's " + of(a.kernel[axis]));
  return {in[0][0], windows(in[0][1], a, 0), windows(in[0][2], a, 1)};
}

Shape global_pool(In in, const Attributes&) {
  require_rank(in[0], 3, 3, "[channels, height, width]");
  return {in[0][0]};
}

Shape matmul(In in, const Attributes& a) {
  const Shape &left = in[0], &right = in[1];
  require_rank(left, 2, 3, "[tokens, features] or [heads, tokens, features]");
  const std::size_t rank = left.size();
  require(right.size() == rank && (rank == 2 || left[0] == right[0]) &&
              left.back() == (a.transposed ? right[rank - 1] : right[rank - 2]),
          "multiplies " + to_string(left) + " by " + to_string(right) + (a.transposed ? " transposed" : "") +
              "; inner sizes must agree, and heads");
  Shape out = left;
  out.back() = a.transposed ? right[rank - 2] : right[rank - 1];
  return out;
}

namespace {
Shape state(In in, std::size_t gates) {
  require_rank(in[0], 2, 2, "[tokens, gates]");
  require(in[0][1] % gates == 0,
          "reads " + of(in[0][1]) + " gate inputs a token; must be a multiple of " + of(gates));
  return {in[0][0], in[0][1] / gates};
}
}  // namespace

Shape lstm(In in, const Attributes&) { return state(in, 4); }
Shape gru(In in, const Attributes&) { return state(in, 3); }

Shape embedding(In in, const Attributes& a) {
  require_rank(in[0], 1, 1, "[tokens], one number for each");
  require(a.features > 0 && a.vocabulary > 0, "features and vocabulary must be at least 1");
  return {in[0][0], a.features};
}

Shape cache(In in, const Attributes& a) {
  require_rank(in[0], 2, 3, "[tokens, features] or [heads, tokens, features]");
  Shape out = in[0];
  std::size_t& tokens = out[out.size() - 2];
  require(a.context >= tokens, "context = " + of(a.context) + " must hold the " + of(tokens) + " new tokens");
  tokens = a.context;
  return out;
}

// The second operand may miss leading dimensions, or have 1 in place of others: it is the same along them.
Shape add(In in, const Attributes&) {
  const Shape &whole = in[0], &part = in[1];
  const auto fits = [](std::size_t p, std::size_t w) { return p == w || p == 1; };
  require(part.size() <= whole.size() && std::equal(part.rbegin(), part.rend(), whole.rbegin(), fits),
          "combines " + to_string(whole) + " with " + to_string(part) + "; shapes must agree");
  return whole;
}

Shape concat(In in, const Attributes& a) {
  Shape out = in[0];
  require(a.axis < out.size(), "axis = " + of(a.axis) + " of " + to_string(out));
  for (const Shape& next : in.subspan(1)) {
    Shape expected = in[0];
    require(next.size() == out.size(), "joins " + to_string(in[0]) + " and " + to_string(next));
    expected[a.axis] = next[a.axis];
    require(next == expected, "joins " + to_string(in[0]) + " and " + to_string(next) + "; all but axis " +
                                  of(a.axis) + " must agree");
    out[a.axis] += next[a.axis];
  }
  return out;
}

Shape reshape(In in, const Attributes& a) {
  require_rank(a.shape, 1, 3, "of one to three dimensions");
  require(numbers(a.shape) == numbers(in[0]),
          "cannot turn " + to_string(in[0]) + " into " + to_string(a.shape));
  return a.shape;
}

Shape transpose(In in, const Attributes& a) {
  require(a.shape.size() == in[0].size(), "axes must be as many as dimensions");
  Shape out;
  std::vector<bool> seen(in[0].size());
  for (const std::size_t axis : a.shape) {
    require(axis < in[0].size() && !seen[axis], "axes must be a permutation");
    seen[axis] = true;
    out.push_back(in[0][axis]);
  }
  return out;
}

Shape slice(In in, const Attributes& a) {
  require(a.axis < in[0].size() && a.begin < a.end && a.end <= in[0][a.axis],
          "takes [" + of(a.begin) + ", " + of(a.end) + ") on axis " + of(a.axis) + " of " + to_string(in[0]));
  Shape out = in[0];
  out[a.axis] = a.end - a.begin;
  return out;
}

}  // namespace fringe::shapes
