#include "photonics/in_situ.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/clones.hpp"
#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/thread_scratch.hpp"

namespace fringe {
namespace {

constexpr std::size_t lanes = 32;  // samples that pass together; part of no result

/// lanes fields of one mode.
template <class Real>
struct Lanes {
  Real *re, *im;
};

/// S(η) on a pair of modes; the same matrix in both directions.
template <class Real>
[[gnu::always_inline]] inline void split(Real cosine, Real sine, Lanes<Real> upper, Lanes<Real> lower) {
  for (std::size_t b = 0; b < lanes; ++b) {
    const Real ar = upper.re[b], ai = upper.im[b], br = lower.re[b], bi = lower.im[b];
    upper.re[b] = cosine * ar - sine * bi;
    upper.im[b] = cosine * ai + sine * br;
    lower.re[b] = cosine * br - sine * ai;
    lower.im[b] = cosine * bi + sine * ar;
  }
}

template <class Real>
[[gnu::always_inline]] inline void turn(Lanes<Real> x, Real re, Real im) {
  for (std::size_t b = 0; b < lanes; ++b) {
    const Real xr = x.re[b], xi = x.im[b];
    x.re[b] = xr * re - xi * im;
    x.im[b] = xr * im + xi * re;
  }
}

template <class Real>
[[gnu::always_inline]] inline void weaken(Lanes<Real> x, Real transmission) {
  for (std::size_t b = 0; b < lanes; ++b) {
    x.re[b] *= transmission;
    x.im[b] *= transmission;
  }
}

template <class Real>
[[gnu::always_inline]] inline void tap(Lanes<Real> x, Real* power) {
  for (std::size_t b = 0; b < lanes; ++b) power[b] = x.re[b] * x.re[b] + x.im[b] * x.im[b];
}

template <class Real>
struct Light {
  const typename InSituGradient<Real>::Part* parts;
  std::size_t count;
  const Real *out_re, *out_im;  ///< factors of the phase screen
  std::size_t modes;
  Real* fields;  ///< [modes][re, im][lanes]

  [[gnu::always_inline]] inline Lanes<Real> mode(std::size_t m) const {
    return {fields + 2 * m * lanes, fields + (2 * m + 1) * lanes};
  }

  /// power[taps][lanes] of what passes.
  [[gnu::always_inline]] inline void forward(Real* power) const {
    for (std::size_t k = 0; k < count; ++k, power += 3 * lanes) {
      const auto& p = parts[k];
      const Lanes<Real> upper = mode(p.upper), lower = mode(p.lower);
      weaken(upper, p.upper_way);
      weaken(lower, p.lower_way);
      if (p.front_sin != 0) split(p.front_cos, p.front_sin, upper, lower);
      turn(upper, p.phi_re, p.phi_im);
      tap(upper, power + 2 * lanes);
      split(p.in_cos, p.in_sin, upper, lower);
      turn(upper, p.upper_re, p.upper_im);
      tap(upper, power);
      turn(lower, p.lower_re, p.lower_im);
      tap(lower, power + lanes);
      split(p.out_cos, p.out_sin, upper, lower);
    }
    for (std::size_t m = 0; m < modes; ++m, power += lanes) {
      turn(mode(m), out_re[m], out_im[m]);
      tap(mode(m), power);
    }
  }

  [[gnu::always_inline]] inline void backward() const {
    for (std::size_t m = 0; m < modes; ++m) turn(mode(m), out_re[m], out_im[m]);
    for (std::size_t k = count; k-- > 0;) {
      const auto& p = parts[k];
      const Lanes<Real> upper = mode(p.upper), lower = mode(p.lower);
      split(p.out_cos, p.out_sin, upper, lower);
      turn(upper, p.upper_re, p.upper_im);
      turn(lower, p.lower_re, p.lower_im);
      split(p.in_cos, p.in_sin, upper, lower);
      turn(upper, p.phi_re, p.phi_im);
      if (p.front_sin != 0) split(p.front_cos, p.front_sin, upper, lower);
      weaken(upper, p.upper_way);
      weaken(lower, p.lower_way);
    }
  }
};

FRINGE_CLONES void pass_forward(const Light<float>& light, float* power) { light.forward(power); }
FRINGE_CLONES void pass_forward(const Light<double>& light, double* power) { light.forward(power); }
FRINGE_CLONES void pass_backward(const Light<float>& light) { light.backward(); }
FRINGE_CLONES void pass_backward(const Light<double>& light) { light.backward(); }

/// Taps whose noise is drawn at a time.
constexpr std::size_t drawn_taps = 64;

/// Readings of `count` taps, power[tap][lanes], noise[lane][drawn_taps], added to slope[tap][lanes] with a
/// weight that also undoes the loss.
template <class Real>
struct Readings {
  std::size_t count;
  const Real* power;
  Real* slope;
  const Real* weight;   ///< of each tap
  const Real* largest;  ///< of each lane
  const float* noise;   ///< null: none
  Real sigma;
  Real levels;  ///< 0: unlimited

  [[gnu::always_inline]] inline void add() const {
    Real step[lanes], inverse[lanes];
    for (std::size_t b = 0; b < lanes; ++b) {
      step[b] = levels > 0 && largest[b] > 0 ? largest[b] / levels : Real{1};
      inverse[b] = 1 / step[b];
    }
    for (std::size_t t = 0; t < count; ++t) {
      Real p[lanes];
      for (std::size_t b = 0; b < lanes; ++b) p[b] = power[t * lanes + b];
      if (noise)
        for (std::size_t b = 0; b < lanes; ++b)
          p[b] += sigma * largest[b] * static_cast<Real>(noise[b * drawn_taps + t]);
      if (levels > 0)
        for (std::size_t b = 0; b < lanes; ++b) {
          Real q = p[b] < 0 ? Real{0} : p[b];
          q = q > largest[b] ? largest[b] : q;
          p[b] = static_cast<Real>(static_cast<std::int32_t>(q * inverse[b] + Real{0.5})) * step[b];
        }
      for (std::size_t b = 0; b < lanes; ++b) slope[t * lanes + b] += weight[t] * p[b];
    }
  }
};

FRINGE_CLONES void add_readings(const Readings<float>& readings) { readings.add(); }
FRINGE_CLONES void add_readings(const Readings<double>& readings) { readings.add(); }

}  // namespace

void check(const TapReading& reading) {
  if (!(reading.noise >= 0) || !std::isfinite(reading.noise))
    throw Error("tap noise = " + std::to_string(reading.noise) + "; it must be 0 or more, and finite");
  if (reading.bits < 0 || reading.bits > 24)
    throw Error("tap bits = " + std::to_string(reading.bits) +
                "; it must be 1 to 24, or 0 for unlimited resolution");
  if (!(reading.undone_loss_db >= 0) || !std::isfinite(reading.undone_loss_db))
    throw Error("undone_loss_db = " + std::to_string(reading.undone_loss_db) +
                "; it must be 0 or more, and finite");
}

template <class Real>
InSituGradient<Real>::InSituGradient(const MeshLayout& layout)
    : layout_(layout), column_(layout.couplers.size()) {
  for (std::uint32_t column = 0; column < layout.columns(); ++column)
    std::fill(column_.begin() + layout.column_start[column],
              column_.begin() + layout.column_start[column + 1], column);
}

template <class Real>
void InSituGradient<Real>::set(const PhaseProgram& program, const FabricatedMesh& chip) {
  check_sizes(layout_, program);
  check_sizes(layout_, chip);
  const Crossing& crossing = *chip.crossing;
  push_pull_ = crossing.push_pull;
  const auto factor = [](double transmission, double angle, Real& re, Real& im) {
    re = static_cast<Real>(transmission * std::cos(angle));
    im = static_cast<Real>(transmission * std::sin(angle));
  };
  const auto both = [](const Matrix2& m, Real& cosine, Real& sine) {
    cosine = static_cast<Real>(m[0].real());
    sine = static_cast<Real>(m[1].imag());
  };
  parts_.resize(layout_.couplers.size());
  for (std::size_t k = 0; k < parts_.size(); ++k) {
    Part& p = parts_[k];
    p.upper = layout_.couplers[k].upper;
    p.lower = layout_.couplers[k].lower;
    both(splitter(crossing.front_rad, crossing.front_rad != 0 ? chip.gamma_rad[k] : 0), p.front_cos,
         p.front_sin);
    both(splitter(crossing.input_rad, chip.alpha_rad[k]), p.in_cos, p.in_sin);
    both(splitter(crossing.output_rad, chip.beta_rad[k]), p.out_cos, p.out_sin);
    const double theta = program.theta[k] + chip.theta_error_rad[k], imbalance = chip.arm_imbalance_db[k];
    factor(1, program.phi[k] + chip.phi_error_rad[k], p.phi_re, p.phi_im);
    factor(field_transmission_from_loss_db(std::max(0.0, imbalance)), push_pull_ ? theta / 2 : theta,
           p.upper_re, p.upper_im);
    factor(field_transmission_from_loss_db(std::max(0.0, -imbalance)), push_pull_ ? -theta / 2 : 0,
           p.lower_re, p.lower_im);
    p.upper_way = static_cast<Real>(field_transmission_from_loss_db(chip.loss_db[k] + chip.upper_path_db[k]));
    p.lower_way = static_cast<Real>(field_transmission_from_loss_db(chip.loss_db[k] + chip.lower_path_db[k]));
  }
  out_re_.resize(layout_.modes);
  out_im_.resize(layout_.modes);
  for (std::size_t m = 0; m < layout_.modes; ++m)
    factor(field_transmission_from_loss_db(chip.out_path_db[m]), program.out[m] + chip.out_error_rad[m],
           out_re_[m], out_im_[m]);
}

template <class Real>
TapCount InSituGradient<Real>::measure(ConstFields<Real> x, Fields<Real> g, PhaseProgram& gradient,
                                       const TapReading& reading, const Draw& draw,
                                       std::uint64_t first_sample) const {
  check(reading);
  const std::size_t modes = layout_.modes, batch = g.re.cols, count = parts_.size(), all = taps();
  for (const MatrixView<const Real>& plane : {x.re, x.im, ConstFields<Real>(g).re, ConstFields<Real>(g).im})
    if (plane.data != nullptr && (plane.rows != modes || plane.cols != batch))
      throw Error("in-situ gradient: all planes must be " + std::to_string(modes) + " modes by " +
                  std::to_string(batch) + " samples");
  if (gradient.theta.size() != count || gradient.phi.size() != count || gradient.out.size() != modes)
    throw Error("in-situ gradient: the gradient's sizes differ from the layout's");
  if (out_re_.size() != modes) throw Error("in-situ gradient: no phases were set");

  Real* const scratch = thread_scratch<Real>((4 * modes + 2 * all) * lanes + 2 * all);
  Real* const back = scratch + 2 * modes * lanes;
  Real* const power = back + 2 * modes * lanes;
  Real* const slope = power + all * lanes;
  Real* const undone = slope + all * lanes;
  Real* const weight = undone + all;
  const Light<Real> light{parts_.data(), count, out_re_.data(), out_im_.data(), modes, scratch};
  const auto field = [&](Real* planes, std::size_t m, std::size_t part) {
    return planes + (2 * m + part) * lanes;
  };

  for (std::size_t t = 0; t < all; ++t) {
    const std::size_t columns = t < 3 * count ? column_[t / 3] + 1 : layout_.columns();
    undone[t] = static_cast<Real>(std::pow(10.0, reading.undone_loss_db * static_cast<double>(columns) / 10));
  }
  alignas(64) float noise[lanes * drawn_taps];
  const Real levels = reading.bits > 0 ? static_cast<Real>(std::ldexp(1.0, reading.bits) - 1) : Real{0};
  TapCount total;

  for (std::size_t begin = 0; begin < batch; begin += lanes) {
    const std::size_t width = std::min(lanes, batch - begin);
    /// The fields pass; adds weight times what the taps read of pass number `pass`.
    const auto read = [&](Real share, std::uint64_t pass) {
      pass_forward(light, power);
      Real largest[lanes] = {};
      for (std::size_t t = 0; t < all; ++t)
        for (std::size_t b = 0; b < lanes; ++b) largest[b] = std::max(largest[b], power[t * lanes + b]);
      for (std::size_t t = 0; t < all; ++t) weight[t] = share * undone[t];
      for (std::size_t t = 0; t < all; t += drawn_taps) {
        const std::size_t taken = std::min(drawn_taps, all - t);
        if (reading.noise > 0)
          for (std::size_t b = 0; b < width; ++b)
            fill_normal({noise + b * drawn_taps, taken}, draw,
                        (3 * (first_sample + begin + b) + pass) * all + t);
        add_readings(Readings<Real>{taken, power + t * lanes, slope + t * lanes, weight + t, largest,
                                    reading.noise > 0 ? noise : nullptr, static_cast<Real>(reading.noise),
                                    levels});
      }
      total.readings += width * (count * (push_pull_ ? 3 : 2) + modes);
    };
    std::fill_n(slope, all * lanes, Real{0});
    std::fill_n(noise, lanes * drawn_taps, 0.0f);
    const auto input = [&](std::size_t m, std::size_t part, std::size_t b) {
      const auto& plane = part == 0 ? x.re : x.im;
      return b < width && plane.data != nullptr ? plane(m, begin + b) : Real{0};
    };
    Real power_x[lanes] = {}, power_back[lanes] = {}, sent[lanes];
    for (std::size_t m = 0; m < modes; ++m)
      for (std::size_t part = 0; part < 2; ++part)
        for (std::size_t b = 0; b < lanes; ++b) {
          const Real value = input(m, part, b);
          field(scratch, m, part)[b] = value;
          power_x[b] += value * value;
        }
    read(Real{-0.5}, 0);

    for (std::size_t m = 0; m < modes; ++m)
      for (std::size_t b = 0; b < lanes; ++b) {
        field(scratch, m, 0)[b] = b < width ? g.re(m, begin + b) : Real{0};
        field(scratch, m, 1)[b] = b < width ? -g.im(m, begin + b) : Real{0};
      }
    pass_backward(light);
    for (std::size_t m = 0; m < modes; ++m)
      for (std::size_t b = 0; b < lanes; ++b) {
        const Real re = field(scratch, m, 0)[b], im = field(scratch, m, 1)[b];
        if (b < width) {
          g.re(m, begin + b) = re;
          g.im(m, begin + b) = -im;
        }
        field(back, m, 0)[b] = -im;  // −i·conj
        field(back, m, 1)[b] = -re;
        power_back[b] += re * re + im * im;
      }
    // Sent at the power of x, so that readings compare like with like; slopes are scaled back.
    for (std::size_t b = 0; b < lanes; ++b)
      sent[b] = power_x[b] > 0 && power_back[b] > 0 ? std::sqrt(power_x[b] / power_back[b]) : Real{1};
    for (std::size_t m = 0; m < 2 * modes; ++m)
      for (std::size_t b = 0; b < lanes; ++b) scratch[m * lanes + b] = back[m * lanes + b] *= sent[b];
    read(Real{-0.5}, 1);
    for (std::size_t m = 0; m < modes; ++m)
      for (std::size_t part = 0; part < 2; ++part)
        for (std::size_t b = 0; b < lanes; ++b)
          field(scratch, m, part)[b] = input(m, part, b) + field(back, m, part)[b];
    read(Real{0.5}, 2);

    total.passes += 4 * width;
    for (std::size_t b = 0; b < width; ++b) {
      const auto of = [&](std::size_t t) {
        return static_cast<double>(slope[t * lanes + b]) / static_cast<double>(sent[b]);
      };
      for (std::size_t k = 0; k < count; ++k) {
        gradient.theta[k] += push_pull_ ? (of(3 * k) - of(3 * k + 1)) / 2 : of(3 * k);
        gradient.phi[k] += of(3 * k + 2);
      }
      for (std::size_t m = 0; m < modes; ++m) gradient.out[m] += of(3 * count + m);
    }
  }
  return total;
}

template class InSituGradient<float>;
template class InSituGradient<double>;

}  // namespace fringe
