// Activations of one number, and dropout. Formulas: GELU is x·Φ(x) (D. Hendrycks, K. Gimpel,
// arXiv:1606.08415), exactly or by tanh; SiLU is x·σ(x).
#pragma once

#include "core/elementary.hpp"
#include "workloads/kernels_elementwise.hpp"

namespace fringe::kernels {

// Each has y of x, and dy/dx of x or of y, whichever is cheaper.

struct Gelu {
  static constexpr bool slope_of_input = true;
  FRINGE_INLINE static float normal_cdf(float x) { return 0.5f * (1.0f + elementary::erf(x * 0.707106781f)); }
  FRINGE_INLINE static float value(float x) { return x * normal_cdf(x); }
  FRINGE_INLINE static float slope(float x) {
    return normal_cdf(x) + x * (0.398942280f * elementary::exp(-0.5f * (x * x)));
  }
};

/// x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³)))
struct GeluByTanh {
  static constexpr bool slope_of_input = true;
  FRINGE_INLINE static float bent(float x) {
    return elementary::tanh(0.797884561f * (x + 0.044715f * (x * x * x)));
  }
  FRINGE_INLINE static float value(float x) { return 0.5f * x * (1.0f + bent(x)); }
  FRINGE_INLINE static float slope(float x) {
    const float t = bent(x), inner = 0.797884561f * (1.0f + 0.134145f * (x * x));
    return 0.5f * (1.0f + t) + 0.5f * x * ((1.0f - t * t) * inner);
  }
};

struct Silu {
  static constexpr bool slope_of_input = true;
  FRINGE_INLINE static float value(float x) { return x * elementary::logistic(x); }
  FRINGE_INLINE static float slope(float x) {
    const float s = elementary::logistic(x);
    return s * (1.0f + x * (1.0f - s));
  }
};

struct Tanh {
  static constexpr bool slope_of_input = false;
  FRINGE_INLINE static float value(float x) { return elementary::tanh(x); }
  FRINGE_INLINE static float slope(float y) { return 1.0f - y * y; }
};

struct Sigmoid {
  static constexpr bool slope_of_input = false;
  FRINGE_INLINE static float value(float x) { return elementary::logistic(x); }
  FRINGE_INLINE static float slope(float y) { return y * (1.0f - y); }
};

template <class F>
struct Activate {
  const float* x;
  float* y;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t, std::size_t column) const {
    store<lanes>(y + column, [&](int l) FRINGE_INLINE_LAMBDA { return F::value(x[column + l]); });
  }
};

template <class F>
struct ActivateBackward {
  const float *of, *dy;
  float* dx;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t, std::size_t column) const {
    store<lanes>(dx + column,
                 [&](int l) FRINGE_INLINE_LAMBDA { return dy[column + l] * F::slope(of[column + l]); });
  }
};

constexpr std::size_t activation_work = 4;

template <class Launch, class F>
void activation_forward(Executor& executor, const Call& c) {
  Launch(executor).each(1, c.node->features * c.batch, Activate<F>{c.x[0], c.y}, activation_work);
}
template <class Launch, class F>
void activation_backward(Executor& executor, const Call& c) {
  if (c.dx[0] == nullptr) return;
  Launch(executor).each(1, c.node->features * c.batch,
                        ActivateBackward<F>{F::slope_of_input ? c.x[0] : c.y, c.dy, c.dx[0]},
                        activation_work);
}

template <class Launch>
void gelu_forward(Executor& executor, const Call& c) {
  c.attributes().by_tanh ? activation_forward<Launch, GeluByTanh>(executor, c)
                         : activation_forward<Launch, Gelu>(executor, c);
}
template <class Launch>
void gelu_backward(Executor& executor, const Call& c) {
  c.attributes().by_tanh ? activation_backward<Launch, GeluByTanh>(executor, c)
                         : activation_backward<Launch, Gelu>(executor, c);
}

/// Inverted dropout (N. Srivastava et al., JMLR 15, 2014, section 10): what stays is divided by 1 − p, so
/// that inference does nothing. The pass back draws the same numbers again.
struct Drop {
  const float* x;
  float* y;
  DrawStream stream;
  std::uint64_t first_sample;
  std::size_t batch;
  std::uint32_t below;  ///< words below it are dropped
  float gain;
  template <int lanes>
  FRINGE_INLINE void run(std::size_t site, std::size_t column) const {
    const std::uint64_t number = static_cast<std::uint64_t>(site) << 32;
    const std::size_t at = site * batch + column;
    store<lanes>(y + at, [&](int l) FRINGE_INLINE_LAMBDA {
      const std::uint32_t word =
          random_bits(stream, number + first_sample + column + static_cast<std::size_t>(l));
      return word >= below ? x[at + l] * gain : 0.0f;
    });
  }
};

template <class Launch>
void drop(Executor& executor, const Call& c, const float* x, float* y) {
  const double p = c.attributes().probability;
  Draw draw = c.draw;
  draw.purpose = Purpose::dropout;
  Launch(executor).each(c.node->features, c.batch,
                        Drop{x, y, stream_of(draw), c.first_sample, c.batch,
                             static_cast<std::uint32_t>(p * 0x1p32), static_cast<float>(1 / (1 - p))},
                        16);
}

template <class Launch>
void dropout_forward(Executor& executor, const Call& c) {
  c.training ? drop<Launch>(executor, c, c.x[0], c.y) : copy_forward<Launch>(executor, c);
}
template <class Launch>
void dropout_backward(Executor& executor, const Call& c) {
  if (c.dx[0] == nullptr) return;
  c.training ? drop<Launch>(executor, c, c.dy, c.dx[0]) : copy_backward<Launch>(executor, c);
}

}  // namespace fringe::kernels
