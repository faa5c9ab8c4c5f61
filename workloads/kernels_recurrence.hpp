// One step of a recurrence: the gates from the inputs' part x and the state's part p = W·h + b, each
// [gates·width × batch], and back. Gates as PyTorch and cuDNN order and define them:
//
//   LSTM  input, forget, cell, output (S. Hochreiter, J. Schmidhuber, Neural Computation 9, 1997, with the
//         forget gate of F. Gers et al., 2000): c = f·c + i·g, h = o·tanh c
//   GRU   reset, update, new (K. Cho et al., arXiv:1406.1078), the reset gate behind the product and its
//   bias:
//         n = tanh(x + r·p), h = (1 − z)·n + z·h
#pragma once

#include "core/elementary.hpp"
#include "workloads/kernels.hpp"
#include "workloads/kernels_elementwise.hpp"

namespace fringe::kernels {

/// Saved of a step: i, f, g, o, c and tanh c.
struct LstmStep {
  RecurrentStep s;
  std::size_t width, batch;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t j, std::size_t column) const {
    const std::size_t gate = width * batch, at = j * batch + column;
    for (int l = 0; l < lanes; ++l) {
      const auto sum = [&](std::size_t k) FRINGE_INLINE_LAMBDA {
        return s.x[k * gate + at + l] + (s.product[k * gate + at + l] + s.bias[k * width + j]);
      };
      const float i = elementary::logistic(sum(0)), f = elementary::logistic(sum(1)),
                  g = elementary::tanh(sum(2)), o = elementary::logistic(sum(3));
      const float c = f * s.state[at + l] + i * g, bent = elementary::tanh(c);
      s.state[at + l] = c;
      s.y[at + l] = o * bent;
      if (s.saved != nullptr) {
        const float values[] = {i, f, g, o, c, bent};
        for (std::size_t k = 0; k < 6; ++k) s.saved[k * gate + at + l] = values[k];
      }
    }
  }
};

struct LstmStepBack {
  RecurrentStepBack s;
  std::size_t width, batch;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t j, std::size_t column) const {
    const std::size_t gate = width * batch, at = j * batch + column;
    for (int l = 0; l < lanes; ++l) {
      const std::size_t k = at + l;
      const float i = s.saved[k], f = s.saved[gate + k], g = s.saved[2 * gate + k], o = s.saved[3 * gate + k],
                  bent = s.saved[5 * gate + k];
      const float before = s.saved_before != nullptr ? s.saved_before[4 * gate + k] : 0.0f;
      const float dh = s.dy[k] + s.carried[k];
      const float dc = s.state[k] + dh * o * (1.0f - bent * bent);
      s.state[k] = dc * f;
      const float slopes[] = {dc * g * (i * (1.0f - i)), dc * before * (f * (1.0f - f)),
                              dc * i * (1.0f - g * g), dh * bent * (o * (1.0f - o))};
      for (std::size_t n = 0; n < 4; ++n) {
        s.dproduct[n * gate + k] = slopes[n];
        if (s.dx != nullptr) s.dx[n * gate + k] = slopes[n];
      }
    }
  }
};

/// Saved of a step: r, z, n and the new gate's p. The state is unused: y of the step before is h.
struct GruStep {
  RecurrentStep s;
  std::size_t width, batch;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t j, std::size_t column) const {
    const std::size_t gate = width * batch, at = j * batch + column;
    for (int l = 0; l < lanes; ++l) {
      const std::size_t k = at + l;
      const float pr = s.product[k] + s.bias[j], pz = s.product[gate + k] + s.bias[width + j],
                  pn = s.product[2 * gate + k] + s.bias[2 * width + j];
      const float r = elementary::logistic(s.x[k] + pr), z = elementary::logistic(s.x[gate + k] + pz);
      const float n = elementary::tanh(s.x[2 * gate + k] + r * pn);
      s.y[k] = (1.0f - z) * n + z * s.before[k];
      if (s.saved != nullptr) {
        const float values[] = {r, z, n, pn};
        for (std::size_t v = 0; v < 4; ++v) s.saved[v * gate + k] = values[v];
      }
    }
  }
};

/// The state carries what reaches h of the step before directly.
struct GruStepBack {
  RecurrentStepBack s;
  std::size_t width, batch;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t j, std::size_t column) const {
    const std::size_t gate = width * batch, at = j * batch + column;
    for (int l = 0; l < lanes; ++l) {
      const std::size_t k = at + l;
      const float r = s.saved[k], z = s.saved[gate + k], n = s.saved[2 * gate + k],
                  pn = s.saved[3 * gate + k];
      const float dh = s.dy[k] + (s.carried[k] + s.state[k]);
      s.state[k] = dh * z;
      const float dn = dh * (1.0f - z) * (1.0f - n * n), dr = dn * pn * (r * (1.0f - r)),
                  dz = dh * (s.before[k] - n) * (z * (1.0f - z));
      s.dproduct[k] = dr;
      s.dproduct[gate + k] = dz;
      s.dproduct[2 * gate + k] = dn * r;
      if (s.dx != nullptr) {
        s.dx[k] = dr;
        s.dx[gate + k] = dz;
        s.dx[2 * gate + k] = dn;
      }
    }
  }
};

template <class Launch, class Step>
void recurrent_step(Executor& executor, const RecurrentStep& s, std::size_t width, std::size_t batch) {
  Launch(executor).each(width, batch, Step{s, width, batch}, 32);
}
/// Adds to the gradient of the bias as well.
template <class Launch, class Step>
void recurrent_step_back(Executor& executor, const RecurrentStepBack& s, std::size_t width, std::size_t batch,
                         std::size_t gates) {
  const Launch launch(executor);
  launch.each(width, batch, Step{s, width, batch}, 32);
  launch.sums(gates * width, 1, batch, OfChannel{s.dproduct, batch, gates * width}, s.bias_gradients);
}

template <std::size_t per_state>
std::size_t recurrent_saved(const Site& site) {
  return per_state * numbers(site.out);
}

}  // namespace fringe::kernels
