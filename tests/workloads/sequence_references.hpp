// The operators of sequences, from their definitions, in plain loops.
#pragma once

#include <cmath>

#include "core/draw.hpp"
#include "operator_check.hpp"
#include "vision_references.hpp"

namespace fringe::testing {

/// A constant that float32 rounds.
inline Tracked rounded(double value) {
  Tracked t(value);
  t.error = unit * std::abs(value);
  return t;
}

/// [heads, rows, columns] of a value of two or three dimensions.
struct Heads {
  std::size_t heads, rows, columns, batch;
  Heads(const Shape& s, std::size_t b)
      : heads(s.size() == 3 ? s[0] : 1),
        rows(s.size() > 1 ? s[s.size() - 2] : 1),
        columns(s.back()),
        batch(b) {}
  std::size_t at(std::size_t h, std::size_t r, std::size_t c, std::size_t b) const {
    return ((h * rows + r) * columns + c) * batch + b;
  }
};

template <class F>
Values each_number(const ReferenceCall& c, const F& f) {
  Values y = *c.x[0];
  for (Tracked& v : y) v = f(v);
  return y;
}
inline Tracked logistic(const Tracked& x) { return 1.0 / (1.0 + exp(-x)); }

inline Values gelu_reference(const ReferenceCall& c) {
  const bool by_tanh = c.attributes().by_tanh;
  return each_number(c, [&](const Tracked& x) {
    const double root = std::sqrt(2 / std::acos(-1.0));
    if (by_tanh) return 0.5 * x * (1.0 + tanh(rounded(root) * (x + rounded(0.044715) * (x * x * x))));
    return 0.5 * x * (1.0 + erf(x * rounded(std::sqrt(0.5))));
  });
}

inline Values matmul_reference(const ReferenceCall& c) {
  const Heads a(c.in[0], c.batch), b(c.in[1], c.batch), y(c.node.shape, c.batch);
  Values result(numbers(c.node.shape) * c.batch);
  for (std::size_t h = 0; h < y.heads; ++h)
    for (std::size_t r = 0; r < y.rows; ++r)
      for (std::size_t k = 0; k < y.columns; ++k)
        for (std::size_t s = 0; s < c.batch; ++s) {
          Tracked sum;
          for (std::size_t i = 0; i < a.columns; ++i)
            sum += (*c.x[0])[a.at(h, r, i, s)] *
                   (*c.x[1])[c.attributes().transposed ? b.at(h, k, i, s) : b.at(h, i, k, s)];
          result[y.at(h, r, k, s)] = sum * rounded(c.attributes().scale);
        }
  return result;
}

inline Values softmax_reference(const ReferenceCall& c) {
  const Heads at(c.node.shape, c.batch);
  Values y(c.x[0]->size());
  for (std::size_t h = 0; h < at.heads; ++h)
    for (std::size_t r = 0; r < at.rows; ++r)
      for (std::size_t s = 0; s < c.batch; ++s) {
        const std::size_t end = c.attributes().causal ? at.columns - at.rows + r + 1 : at.columns;
        const auto x = [&](std::size_t k) { return (*c.x[0])[at.at(h, r, k, s)]; };
        double top = -1e300;
        for (std::size_t k = 0; k < end; ++k) top = std::max(top, x(k).value);
        Tracked sum;
        for (std::size_t k = 0; k < end; ++k) sum += exp(x(k) - top);
        for (std::size_t k = 0; k < end; ++k) y[at.at(h, r, k, s)] = exp(x(k) - top) / sum;
      }
  return y;
}

/// Rows of [outer][channels][inner·batch].
template <bool centred>
Values norm_reference(const ReferenceCall& c) {
  const Shape& shape = c.node.shape;
  const std::size_t channels = shape.size() == 3 ? shape[0] : shape.back();
  const std::size_t outer = shape.size() == 2 ? shape[0] : 1;
  const std::size_t inner = c.x[0]->size() / outer / channels;
  Values y(c.x[0]->size());
  for (std::size_t o = 0; o < outer; ++o)
    for (std::size_t i = 0; i < inner; ++i) {
      const auto at = [&](std::size_t k) { return (o * channels + k) * inner + i; };
      Tracked mean, variance;
      if (centred) {
        for (std::size_t k = 0; k < channels; ++k) mean += (*c.x[0])[at(k)];
        mean = mean / static_cast<double>(channels);
      }
      for (std::size_t k = 0; k < channels; ++k) {
        const Tracked d = (*c.x[0])[at(k)] - mean;
        variance += d * d;
      }
      const Tracked deviation =
          sqrt(variance / static_cast<double>(channels) + rounded(c.attributes().epsilon));
      for (std::size_t k = 0; k < channels; ++k) {
        const Tracked v = ((*c.x[0])[at(k)] - mean) / deviation * c.vectors[k];
        y[at(k)] = centred ? v + c.vectors[channels + k] : v;
      }
    }
  return y;
}

inline Values embedding_reference(const ReferenceCall& c) {
  const std::size_t width = c.attributes().features, tokens = c.in[0][0];
  Values y(tokens * width * c.batch);
  for (std::size_t t = 0; t < tokens; ++t)
    for (std::size_t f = 0; f < width; ++f)
      for (std::size_t b = 0; b < c.batch; ++b)
        y[(t * width + f) * c.batch + b] =
            c.vectors[static_cast<std::size_t>((*c.x[0])[t * c.batch + b].value) * width + f];
  return y;
}

inline Values learned_reference(const ReferenceCall& c) {
  Values y(c.node.features * c.batch);
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = c.vectors[i / c.batch];
  return y;
}

inline Values rotary_reference(const ReferenceCall& c) {
  const Heads at(c.node.shape, c.batch);
  const std::size_t half = at.columns / 2;
  Values y(c.x[0]->size());
  for (std::size_t h = 0; h < at.heads; ++h)
    for (std::size_t t = 0; t < at.rows; ++t)
      for (std::size_t i = 0; i < half; ++i)
        for (std::size_t s = 0; s < c.batch; ++s) {
          const double angle =
              static_cast<double>(t) *
              std::pow(10000.0, -2.0 * static_cast<double>(i) / static_cast<double>(at.columns));
          const Tracked a = (*c.x[0])[at.at(h, t, i, s)], b = (*c.x[0])[at.at(h, t, i + half, s)];
          y[at.at(h, t, i, s)] = a * rounded(std::cos(angle)) - b * rounded(std::sin(angle));
          y[at.at(h, t, i + half, s)] = b * rounded(std::cos(angle)) + a * rounded(std::sin(angle));
        }
  return y;
}

inline Values transpose_reference(const ReferenceCall& c) {
  const Shape &in = c.in[0], &out = c.node.shape, &axes = c.attributes().shape;
  Values y(c.x[0]->size());
  for (std::size_t n = 0; n < numbers(out); ++n) {
    Shape place(out.size()), from(out.size());
    for (std::size_t d = out.size(), rest = n; d-- > 0; rest /= out[d]) place[d] = rest % out[d];
    for (std::size_t d = 0; d < out.size(); ++d) from[axes[d]] = place[d];
    std::size_t m = 0;
    for (std::size_t d = 0; d < in.size(); ++d) m = m * in[d] + from[d];
    for (std::size_t b = 0; b < c.batch; ++b) y[n * c.batch + b] = (*c.x[0])[m * c.batch + b];
  }
  return y;
}

inline Values slice_reference(const ReferenceCall& c) {
  const Shape &in = c.in[0], &out = c.node.shape;
  Values y;
  for (std::size_t n = 0; n < numbers(in); ++n) {
    std::size_t rest = n;
    Shape place(in.size());
    for (std::size_t d = in.size(); d-- > 0; rest /= in[d]) place[d] = rest % in[d];
    const std::size_t k = place[c.attributes().axis];
    if (k < c.attributes().begin || k >= c.attributes().end) continue;
    for (std::size_t b = 0; b < c.batch; ++b) y.push_back((*c.x[0])[n * c.batch + b]);
  }
  y.resize(numbers(out) * c.batch);
  return y;
}

inline Values dropout_reference(const ReferenceCall& c) {
  if (!c.training) return *c.x[0];
  const double p = c.attributes().probability;
  const DrawStream stream =
      stream_of({.purpose = Purpose::dropout, .site = static_cast<std::uint32_t>(c.index)});
  Values y = *c.x[0];
  for (std::size_t i = 0; i < y.size(); ++i) {
    const std::uint64_t element = (static_cast<std::uint64_t>(i / c.batch) << 32) + i % c.batch;
    const bool dropped = uniform_from_bits(random_bits(stream, element)) < p;
    y[i] = dropped ? Tracked() : y[i] * rounded(1 / (1 - p));
  }
  return y;
}

/// Tokens one after the other; `gates` sums of a cell's inputs.
inline Values lstm_reference(const ReferenceCall& c) {
  const std::size_t tokens = c.in[0][0], width = c.node.shape[1];
  Values y(tokens * width * c.batch);
  for (std::size_t b = 0; b < c.batch; ++b) {
    Values h(width), cell(width);
    for (std::size_t t = 0; t < tokens; ++t) {
      Values gates(4 * width);
      for (std::size_t g = 0; g < 4 * width; ++g) {
        Tracked sum;
        for (std::size_t k = 0; k < width; ++k) sum += c.weights[g * width + k] * h[k];
        gates[g] = (*c.x[0])[(t * 4 * width + g) * c.batch + b] + (sum + c.vectors[g]);
      }
      for (std::size_t j = 0; j < width; ++j) {
        cell[j] = logistic(gates[width + j]) * cell[j] + logistic(gates[j]) * tanh(gates[2 * width + j]);
        h[j] = logistic(gates[3 * width + j]) * tanh(cell[j]);
        y[(t * width + j) * c.batch + b] = h[j];
      }
    }
  }
  return y;
}

inline Values gru_reference(const ReferenceCall& c) {
  const std::size_t tokens = c.in[0][0], width = c.node.shape[1];
  Values y(tokens * width * c.batch);
  for (std::size_t b = 0; b < c.batch; ++b) {
    Values h(width);
    for (std::size_t t = 0; t < tokens; ++t) {
      Values part(3 * width), next(width);
      for (std::size_t g = 0; g < 3 * width; ++g) {
        for (std::size_t k = 0; k < width; ++k) part[g] += c.weights[g * width + k] * h[k];
        part[g] += c.vectors[g];
      }
      const auto x = [&](std::size_t g) { return (*c.x[0])[(t * 3 * width + g) * c.batch + b]; };
      for (std::size_t j = 0; j < width; ++j) {
        const Tracked r = logistic(x(j) + part[j]), z = logistic(x(width + j) + part[width + j]);
        const Tracked n = tanh(x(2 * width + j) + r * part[2 * width + j]);
        next[j] = (1.0 - z) * n + z * h[j];
        y[(t * width + j) * c.batch + b] = next[j];
      }
      h = next;
    }
  }
  return y;
}

template <bool squared>
Values error_reference(const ReferenceCall& c) {
  Tracked sum;
  for (std::size_t i = 0; i < c.x[0]->size(); ++i) {
    const Tracked d = (*c.x[0])[i] - static_cast<double>(c.targets[i]);
    if (!squared) near_kink(d);
    sum += squared ? d * d : abs(d);
  }
  return {sum / static_cast<double>(c.x[0]->size())};
}

inline References sequence_references() {
  References all = vision_references();
  const References more{
      {Operator::gelu, gelu_reference},
      {Operator::silu,
       [](const ReferenceCall& c) {
         return each_number(c, [](const Tracked& x) { return x * logistic(x); });
       }},
      {Operator::tanh,
       [](const ReferenceCall& c) { return each_number(c, [](const Tracked& x) { return tanh(x); }); }},
      {Operator::sigmoid, [](const ReferenceCall& c) { return each_number(c, logistic); }},
      {Operator::matmul, matmul_reference},
      {Operator::softmax, softmax_reference},
      {Operator::layer_norm, norm_reference<true>},
      {Operator::rms_norm, norm_reference<false>},
      {Operator::embedding, embedding_reference},
      {Operator::learned, learned_reference},
      {Operator::rotary, rotary_reference},
      {Operator::transpose, transpose_reference},
      {Operator::slice, slice_reference},
      {Operator::dropout, dropout_reference},
      {Operator::lstm, lstm_reference},
      {Operator::gru, gru_reference},
      {Operator::mean_squared_error, error_reference<true>},
      {Operator::mean_absolute_error, error_reference<false>}};
  all.insert(more.begin(), more.end());
  return all;
}

}  // namespace fringe::testing
