// The operators of images and of what combines values, from their definitions, in plain loops.
#pragma once

#include <cmath>

#include "operator_check.hpp"

namespace fringe::testing {

/// Number (a, b, c) of a value of shape [.., .., ..], sample s.
inline std::size_t element(const Shape& shape, std::size_t a, std::size_t b, std::size_t c, std::size_t batch,
                           std::size_t s) {
  return ((a * shape[1] + b) * shape[2] + c) * batch + s;
}

/// The pixel under a tap, or −1 outside an image of `size`.
inline long pixel(std::size_t place, std::size_t tap, const Attributes& a, std::size_t axis,
                  std::size_t size) {
  const long at =
      static_cast<long>(place * a.stride[axis] + tap * a.dilation[axis]) - static_cast<long>(a.padding[axis]);
  return at >= 0 && at < static_cast<long>(size) ? at : -1;
}

inline Values conv_reference(const ReferenceCall& c) {
  const Attributes& a = c.attributes();
  const Shape &in = c.in[0], &out = c.node.shape;
  const std::size_t each = in[0] / a.groups, filters = out[0] / a.groups;
  Values y(numbers(out) * c.batch);
  for (std::size_t f = 0; f < out[0]; ++f)
    for (std::size_t p = 0; p < out[1]; ++p)
      for (std::size_t q = 0; q < out[2]; ++q)
        for (std::size_t s = 0; s < c.batch; ++s) {
          Tracked sum;
          for (std::size_t channel = 0; channel < each; ++channel)
            for (std::size_t i = 0; i < a.kernel[0]; ++i)
              for (std::size_t j = 0; j < a.kernel[1]; ++j) {
                const long row = pixel(p, i, a, 0, in[1]), column = pixel(q, j, a, 1, in[2]);
                if (row < 0 || column < 0) continue;
                sum += c.weights[((f * each + channel) * a.kernel[0] + i) * a.kernel[1] + j] *
                       (*c.x[0])[element(in, f / filters * each + channel, static_cast<std::size_t>(row),
                                         static_cast<std::size_t>(column), c.batch, s)];
              }
          y[element(out, f, p, q, c.batch, s)] = sum;
        }
  return y;
}

/// Every number of the input spreads over a window; weights [filters][taps][channels].
inline Values conv_transposed_reference(const ReferenceCall& c) {
  const Attributes& a = c.attributes();
  const Shape &in = c.in[0], &out = c.node.shape;
  Values y(numbers(out) * c.batch);
  for (std::size_t channel = 0; channel < in[0]; ++channel)
    for (std::size_t p = 0; p < in[1]; ++p)
      for (std::size_t q = 0; q < in[2]; ++q)
        for (std::size_t f = 0; f < out[0]; ++f)
          for (std::size_t i = 0; i < a.kernel[0]; ++i)
            for (std::size_t j = 0; j < a.kernel[1]; ++j) {
              const long row = pixel(p, i, a, 0, out[1]), column = pixel(q, j, a, 1, out[2]);
              if (row < 0 || column < 0) continue;
              for (std::size_t s = 0; s < c.batch; ++s)
                y[element(out, f, static_cast<std::size_t>(row), static_cast<std::size_t>(column), c.batch,
                          s)] += c.weights[((f * a.kernel[0] + i) * a.kernel[1] + j) * in[0] + channel] *
                                 (*c.x[0])[element(in, channel, p, q, c.batch, s)];
            }
  return y;
}

/// The largest (average = false) or the mean under each window.
inline Values pool(const ReferenceCall& c, bool average) {
  const Attributes& a = c.attributes();
  const Shape &in = c.in[0], &out = c.node.shape;
  Values y(numbers(out) * c.batch);
  for (std::size_t channel = 0; channel < out[0]; ++channel)
    for (std::size_t p = 0; p < out[1]; ++p)
      for (std::size_t q = 0; q < out[2]; ++q)
        for (std::size_t s = 0; s < c.batch; ++s) {
          Values under;
          std::size_t padded = 0;  // taps on the image and its padding
          for (std::size_t i = 0; i < a.kernel[0]; ++i)
            for (std::size_t j = 0; j < a.kernel[1]; ++j) {
              const std::size_t row = p * a.stride[0] + i * a.dilation[0],
                                column = q * a.stride[1] + j * a.dilation[1];
              padded += row < in[1] + 2 * a.padding[0] && column < in[2] + 2 * a.padding[1] ? 1 : 0;
              const long r = pixel(p, i, a, 0, in[1]), k = pixel(q, j, a, 1, in[2]);
              if (r >= 0 && k >= 0)
                under.push_back((*c.x[0])[element(in, channel, static_cast<std::size_t>(r),
                                                  static_cast<std::size_t>(k), c.batch, s)]);
            }
          Tracked& result = y[element(out, channel, p, q, c.batch, s)];
          result = under.at(0);
          for (std::size_t k = 1; k < under.size(); ++k) {
            if (average) {
              result += under[k];
              continue;
            }
            near_kink(under[k] - result);
            if (under[k] > result) result = under[k];
          }
          if (average) result = result / static_cast<double>(a.counts_padding ? padded : under.size());
        }
  return y;
}
inline Values max_pool_reference(const ReferenceCall& c) { return pool(c, false); }
inline Values average_pool_reference(const ReferenceCall& c) { return pool(c, true); }

inline Values global_pool_reference(const ReferenceCall& c) {
  const std::size_t places = c.in[0][1] * c.in[0][2];
  Values y(c.in[0][0] * c.batch);
  for (std::size_t i = 0; i < c.x[0]->size(); ++i)
    y[i / c.batch / places * c.batch + i % c.batch] += (*c.x[0])[i] / static_cast<double>(places);
  return y;
}

inline Values batch_norm_reference(const ReferenceCall& c) {
  const Shape& shape = c.node.shape;
  const bool image = shape.size() == 3;
  const std::size_t channels = image ? shape[0] : shape.back();
  const auto channel_of = [&](std::size_t i) {
    return image ? i / c.batch / (shape[1] * shape[2]) : i / c.batch % channels;
  };
  const Values& x = *c.x[0];
  const double count = static_cast<double>(x.size() / channels);
  Values mean(channels), variance(channels), y(x.size());
  if (c.training) {
    for (std::size_t i = 0; i < x.size(); ++i) mean[channel_of(i)] += x[i] / count;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const Tracked d = x[i] - mean[channel_of(i)];
      variance[channel_of(i)] += d * d / count;
    }
  } else {
    for (std::size_t k = 0; k < channels; ++k) {
      mean[k] = c.states[k];
      variance[k] = c.states[channels + k];
    }
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t k = channel_of(i);
    y[i] = (x[i] - mean[k]) / sqrt(variance[k] + c.attributes().epsilon) * c.vectors[k] +
           c.vectors[channels + k];
  }
  return y;
}

/// The number of the second operand that belongs to number i of the first (NumPy's rule).
inline std::size_t partner(const Shape& whole, const Shape& part, std::size_t i) {
  std::size_t at = 0, step = 1;
  for (std::size_t d = 0; d < part.size(); ++d) {
    const std::size_t size = whole[whole.size() - 1 - d], has = part[part.size() - 1 - d];
    at += (has == 1 ? 0 : i % size) * step;
    step *= has;
    i /= size;
  }
  return at;
}
inline Values combine_reference(const ReferenceCall& c, bool product) {
  Values y = *c.x[0];
  for (std::size_t i = 0; i < y.size(); ++i) {
    const Tracked& other = (*c.x[1])[partner(c.in[0], c.in[1], i / c.batch) * c.batch + i % c.batch];
    y[i] = product ? y[i] * other : y[i] + other;
  }
  return y;
}
inline Values add_reference(const ReferenceCall& c) { return combine_reference(c, false); }
inline Values multiply_reference(const ReferenceCall& c) { return combine_reference(c, true); }

inline Values concat_reference(const ReferenceCall& c) {
  const Shape& out = c.node.shape;
  const std::size_t axis = c.attributes().axis;
  std::size_t inner = c.batch;
  for (std::size_t d = axis + 1; d < out.size(); ++d) inner *= out[d];
  Values y;
  for (std::size_t i = 0; i < numbers(out) * c.batch; ++i) {
    std::size_t along = i / inner % out[axis], k = 0;
    const std::size_t outer = i / inner / out[axis];
    for (; along >= c.in[k][axis]; ++k) along -= c.in[k][axis];
    y.push_back((*c.x[k])[(outer * c.in[k][axis] + along) * inner + i % inner]);
  }
  return y;
}

inline References vision_references() {
  return {{Operator::conv2d, conv_reference},
          {Operator::conv2d_transposed, conv_transposed_reference},
          {Operator::max_pool, max_pool_reference},
          {Operator::average_pool, average_pool_reference},
          {Operator::global_pool, global_pool_reference},
          {Operator::batch_norm, batch_norm_reference},
          {Operator::add, add_reference},
          {Operator::multiply, multiply_reference},
          {Operator::concat, concat_reference}};
}

}  // namespace fringe::testing
