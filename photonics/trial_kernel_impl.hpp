// The kernels of trial_kernel.hpp, written once; each instruction set's source file includes it under its own
// flags. Everything is local to that file. Loops over cells are left to the compiler; where it would shuffle,
// vectors stand. Bits are those of the same steps on single numbers: products are never fused here.
#pragma once

#include "core/draw_lanes_impl.hpp"
#include "photonics/sine.hpp"
#include "photonics/trial_kernel.hpp"

namespace fringe {
namespace {

using Lanes __attribute__((vector_size(4 * trial_lanes))) = float;
using LaneMask __attribute__((vector_size(4 * trial_lanes))) = std::int32_t;

[[gnu::always_inline]] inline const Lanes& lanes(const float* p) {
  return *reinterpret_cast<const Lanes*>(p);
}
[[gnu::always_inline]] inline Lanes& lanes(float* p) { return *reinterpret_cast<Lanes*>(p); }

[[gnu::always_inline]] inline bool none(const LaneMask& mask) {
  std::uint64_t part[sizeof mask / sizeof(std::uint64_t)], any = 0;
  __builtin_memcpy(part, &mask, sizeof mask);
  for (const std::uint64_t p : part) any |= p;
  return any == 0;
}

using Words = DrawLanes<4 * trial_lanes>::Words;

/// The keys of ten rounds; even and odd lanes apart.
struct TrialKeys {
  Words even0[10], even1[10], odd0[10], odd1[10];
};

/// Ten rounds for a stream per lane.
[[gnu::always_inline]] inline void random_words(const TrialStream& stream, const TrialKeys& keys,
                                                std::uint32_t block, std::uint32_t* out) {
  Words c2, c3;
  __builtin_memcpy(&c2, stream.c2, sizeof c2);
  __builtin_memcpy(&c3, stream.c3, sizeof c3);
  const Words start = Words{} + block;
  PhiloxCounter<Words> even{start, Words{}, c2, c3};
  PhiloxCounter<Words> odd{start, Words{}, c2 >> 32, c3 >> 32};
  for (int round = 0; round < 10; ++round) {
    philox_round(even, keys.even0[round], keys.even1[round]);
    philox_round(odd, keys.odd0[round], keys.odd1[round]);
  }
  const auto put = [out](std::size_t i, const Words& e, const Words& o) {
    const Words words = (e & 0xffffffffu) | (o << 32);
    __builtin_memcpy(out + i * trial_lanes, &words, sizeof words);
  };
  put(0, even.x0, odd.x0);
  put(1, even.x1, odd.x1);
  put(2, even.x2, odd.x2);
  put(3, even.x3, odd.x3);
}

void normals(const TrialStream& stream, std::uint32_t block, TrialCells& out) noexcept {
  alignas(64) std::uint32_t bits[trial_cells];
  TrialKeys keys;
  using Keys = DrawLanes<4 * trial_lanes>::Bits;
  Keys key0, key1;
  __builtin_memcpy(&key0, stream.key0, sizeof key0);
  __builtin_memcpy(&key1, stream.key1, sizeof key1);
  for (int round = 0; round < 10; ++round) {
    keys.even0[round] = (Words)key0;
    keys.even1[round] = (Words)key1;
    keys.odd0[round] = (Words)key0 >> 32;
    keys.odd1[round] = (Words)key1 >> 32;
    key0 += PHILOX_W32_0;
    key1 += PHILOX_W32_1;
  }
  for (std::uint32_t b = 0; b < trial_run / 4; ++b)
    random_words(stream, keys, block + b, bits + 4 * trial_lanes * b);
  constexpr std::size_t group = 2 * trial_lanes;
  for (std::size_t i = 0; i < trial_cells; i += group) normals_of<4 * trial_lanes, 2>(bits + i, out + i);
}

template <bool Small>
[[gnu::always_inline]] inline SineCosine sine_cosine_of(float x) {
  return Small ? sine_cosine_small(x) : sine_cosine(x);
}

/// 2^−x for x ≥ 0, relative error < 1e-7; polynomial of Cephes exp2f.
[[gnu::always_inline]] inline float exp2_of_minus(float x) {
  constexpr float rounder = 12582912.0f;
  x = x < 120.0f ? x : 120.0f;  // no mesh's fields stay in range after that
  const float whole = (rounder - x) - rounder;
  const float r = -x - whole;
  float p = 1.535336188319500e-4f;
  p = p * r + 1.339887440266574e-3f;
  p = p * r + 9.618437357674640e-3f;
  p = p * r + 5.550332471162809e-2f;
  p = p * r + 2.402264791363012e-1f;
  p = p * r + 6.931472028550421e-1f;
  union {
    std::int32_t i;
    float f;
  } power{(static_cast<std::int32_t>(whole) + 127) << 23};
  return (p * r + 1.0f) * power.f;
}

/// p, q and G without loss and front splitter.
template <bool Small>
[[gnu::always_inline]] inline void interferometers(const TrialStrengths& s, const TrialPhases* phases,
                                                   const TrialNormals& n, TrialMatrices& out) {
  alignas(64) TrialCells cs, ss, cd, sd, ct, st, cp, sp;
  const float splitter_sigma = s.splitter_sigma, half_sigma = s.half_phase_sigma;
  const float cos_sum = s.cos_sum, sin_sum = s.sin_sum;
  const float cos_difference = s.cos_difference, sin_difference = s.sin_difference;
  for (std::size_t i = 0; i < trial_cells; ++i) {
    const float alpha = splitter_sigma * n.alpha[i], beta = splitter_sigma * n.beta[i];
    const SineCosine sum = sine_cosine_of<Small>(beta + alpha);
    const SineCosine difference = sine_cosine_of<Small>(beta - alpha);
    cs[i] = cos_sum * sum.cosine - sin_sum * sum.sine;
    ss[i] = sin_sum * sum.cosine + cos_sum * sum.sine;
    cd[i] = cos_difference * difference.cosine - sin_difference * difference.sine;
    sd[i] = sin_difference * difference.cosine + cos_difference * difference.sine;
  }
  for (std::size_t i = 0; i < trial_cells; ++i) {
    const SineCosine theta = sine_cosine_of<Small>(half_sigma * n.theta[i]);
    const SineCosine phi = sine_cosine_of<Small>(half_sigma * n.phi[i]);
    ct[i] = theta.cosine;
    st[i] = theta.sine;
    cp[i] = phi.cosine;
    sp[i] = phi.sine;
  }
  for (std::size_t k = 0; k < trial_run; ++k) {
    const TrialPhases asked = phases[k];
    const std::size_t i = k * trial_lanes;
    const Lanes tc = lanes(ct + i), ts = lanes(st + i), pc = lanes(cp + i), ps = lanes(sp + i);
    const Lanes c = asked.theta_cos * tc - asked.theta_sin * ts;
    const Lanes d = asked.theta_sin * tc + asked.theta_cos * ts;
    const Lanes e = asked.phi_cos * pc - asked.phi_sin * ps;
    const Lanes f = asked.phi_sin * pc + asked.phi_cos * ps;
    const Lanes pr = lanes(cs + i) * c, pi = lanes(cd + i) * d;
    const Lanes qr = lanes(sd + i) * d, qi = lanes(ss + i) * c;
    lanes(out.p_re + i) = pr * e - pi * f;
    lanes(out.p_im + i) = pr * f + pi * e;
    lanes(out.q_re + i) = qr * e + qi * f;
    lanes(out.q_im + i) = qi * e - qr * f;
    lanes(out.g_re + i) = s.push_pull ? e : c * e - d * f;
    lanes(out.g_im + i) = s.push_pull ? f : c * f + d * e;
  }
}

void add_front(const TrialStrengths& s, const TrialCells& gamma, TrialMatrices& m) {
  for (std::size_t i = 0; i < trial_cells; ++i) {
    const SineCosine error = sine_cosine(s.splitter_sigma * gamma[i]);
    const float c = s.cos_front * error.cosine - s.sin_front * error.sine;
    const float f = s.sin_front * error.cosine + s.cos_front * error.sine;
    const float pr = m.p_re[i], pi = m.p_im[i], qr = m.q_re[i], qi = m.q_im[i];
    m.p_re[i] = pr * c - qi * f;
    m.p_im[i] = pi * c + qr * f;
    m.q_re[i] = qr * c - pi * f;
    m.q_im[i] = qi * c + pr * f;
  }
}

void add_loss(const TrialStrengths& s, const TrialCells& spread, TrialMatrices& m) {
  for (std::size_t i = 0; i < trial_cells; ++i) {
    const float loss = s.loss + s.loss_sigma * spread[i];
    const float t = exp2_of_minus(loss > 0 ? loss : 0);
    m.g_re[i] *= t;
    m.g_im[i] *= t;
  }
}

void matrices(const TrialStrengths& s, const TrialPhases* phases, const TrialNormals& n,
              TrialMatrices& out) noexcept {
  if (s.small) {
    interferometers<true>(s, phases, n, out);
  } else {
    interferometers<false>(s, phases, n, out);
  }
  if (s.front) add_front(s, n.gamma, out);
  if (s.loss > 0 || s.loss_sigma > 0) add_loss(s, n.loss, out);
}

using Four __attribute__((vector_size(16))) = float;
using FourUnaligned __attribute__((vector_size(16), aligned(4), may_alias)) = float;

/// From a coefficient per vector to a lane per vector.
[[gnu::always_inline]] inline void to_lanes(const TrialField& b, const TrialField& c, float* out,
                                            std::size_t stride) {
  for (std::size_t l = 0; l < trial_lanes; l += 4) {
    const Four br = *reinterpret_cast<const FourUnaligned*>(b.re + l);
    const Four bi = *reinterpret_cast<const FourUnaligned*>(b.im + l);
    const Four cr = *reinterpret_cast<const FourUnaligned*>(c.re + l);
    const Four ci = *reinterpret_cast<const FourUnaligned*>(c.im + l);
    const Four b01 = __builtin_shufflevector(br, bi, 0, 4, 1, 5),
               b23 = __builtin_shufflevector(br, bi, 2, 6, 3, 7);
    const Four c01 = __builtin_shufflevector(cr, ci, 0, 4, 1, 5),
               c23 = __builtin_shufflevector(cr, ci, 2, 6, 3, 7);
    const auto store = [&](std::size_t lane, Four v) {
      *reinterpret_cast<FourUnaligned*>(out + lane * stride) = v;
    };
    store(l, __builtin_shufflevector(b01, c01, 0, 1, 4, 5));
    store(l + 1, __builtin_shufflevector(b01, c01, 2, 3, 6, 7));
    store(l + 2, __builtin_shufflevector(b23, c23, 0, 1, 4, 5));
    store(l + 3, __builtin_shufflevector(b23, c23, 2, 3, 6, 7));
  }
}

/// Brings D of the lanes with |D|² below `floor` near 2⁵⁶ by powers of two.
[[gnu::always_inline]] inline void enter_group(TrialDiagonals& t, std::uint32_t row, std::uint32_t group) {
  constexpr std::int32_t bias = 127, fresh = 56;
  Lanes &re = lanes(t.d[row].re), &im = lanes(t.d[row].im);
  const Lanes norm = re * re + im * im;
  const LaneMask below = norm < t.floor;
  if (none(below)) return;
  const LaneMask shift = below & (fresh - ((reinterpret_cast<LaneMask>(norm) >> 23) - bias) / 2);
  re = re * reinterpret_cast<Lanes>((bias + shift) << 23);
  im = im * reinterpret_cast<Lanes>((bias + shift) << 23);
  TrialRescale& r = t.rescales[t.rescale_count++];
  r.row = row;
  r.group = group;
  lanes(r.undo) = reinterpret_cast<Lanes>((bias - shift) << 23);
}

// Rows that trade places meet [[q, p], [p̄, −q̄]]: the same form with p and q exchanged and the lower row's
// sign turned.
template <bool Swaps>
[[gnu::always_inline]] inline void defer(const TrialMatrices& m, const TrialPlace* places, std::size_t count,
                                         TrialDiagonals& t) {
  Lanes least = lanes(t.least);
  for (std::size_t n = 0; n < count; ++n) {
    const TrialPlace& place = places[n];
    if (place.upper_enters) enter_group(t, place.upper, place.group);
    if (place.lower_enters) enter_group(t, place.lower, place.group);
    TrialField &d0 = t.d[place.upper], &d1 = t.d[place.lower];
    const std::size_t i = n * trial_lanes;
    Lanes pr = lanes(m.p_re + i), pi = lanes(m.p_im + i), qr = lanes(m.q_re + i), qi = lanes(m.q_im + i);
    Lanes ur = lanes(d0.re), ui = lanes(d0.im), vr = lanes(d1.re), vi = lanes(d1.im);
    LaneMask swap = pr * pr + pi * pi < trial_swap_norm;
    Lanes sign = Lanes{} + 1.0f;
    if constexpr (Swaps) {
      const auto exchange = [&](Lanes& a, Lanes& b) {
        const Lanes c = swap ? b : a;
        b = swap ? a : b;
        a = c;
      };
      exchange(pr, qr);
      exchange(pi, qi);
      exchange(ur, vr);
      exchange(ui, vi);
      sign = swap ? -sign : sign;
      for (std::size_t l = 0; l < trial_lanes; ++l) t.swaps[l * (t.stride / 4) + place.slot] = swap[l];
      swap = LaneMask{};
    }
    const Lanes sr = vr * ur + vi * ui, si = vi * ur - vr * ui;  // D₁D̄₀
    const Lanes tr = qr * pr + qi * pi, ti = qi * pr - qr * pi;  // q p̄
    const Lanes xr = tr * sr - ti * si, xi = tr * si + ti * sr;
    const Lanes norm = pr * pr + pi * pi;
    const Lanes n0 = norm * (ur * ur + ui * ui), n1 = norm * (vr * vr + vi * vi);
    const Lanes upper = 1.0f / n0, lower = -1.0f / n1;
    TrialField b, c;
    lanes(b.re) = xr * upper;
    lanes(b.im) = xi * upper;
    lanes(c.re) = xr * lower;
    lanes(c.im) = -xi * lower;
    to_lanes(b, c, t.coefficients + 4 * place.slot, t.stride);
    // p D₀ and p̄ D₁, times G
    const Lanes yr = pr * ur - pi * ui, yi = pr * ui + pi * ur;
    const Lanes zr = pr * vr + pi * vi, zi = pr * vi - pi * vr;
    const Lanes gr = lanes(m.g_re + i), gi = lanes(m.g_im + i);
    lanes(d0.re) = yr * gr - yi * gi;
    lanes(d0.im) = yr * gi + yi * gr;
    lanes(d1.re) = (zr * gr - zi * gi) * sign;
    lanes(d1.im) = (zr * gi + zi * gr) * sign;
    const Lanes low = n0 < n1 ? n0 : n1;
    least = low < least ? low : least;
    least = swap ? Lanes{} : least;
  }
  lanes(t.least) = least;
}

void defer_run(const TrialMatrices& m, const TrialPlace* places, std::size_t count,
               TrialDiagonals& t) noexcept {
  if (t.swaps) {
    defer<true>(m, places, count, t);
  } else {
    defer<false>(m, places, count, t);
  }
}

void apply(const TrialMatrices& m, const TrialPlace* places, std::size_t count, TrialField* fields,
           std::size_t samples) noexcept {
  for (std::size_t n = 0; n < count; ++n) {
    const std::size_t i = n * trial_lanes;
    const Lanes pr = lanes(m.p_re + i), pi = lanes(m.p_im + i), qr = lanes(m.q_re + i),
                qi = lanes(m.q_im + i);
    const Lanes gr = lanes(m.g_re + i), gi = lanes(m.g_im + i);
    const Lanes ar = gr * pr - gi * pi, ai = gr * pi + gi * pr, br = gr * qr - gi * qi,
                bi = gr * qi + gi * qr;
    const Lanes cr = -gr * qr - gi * qi, ci = gr * qi - gi * qr, dr = gr * pr + gi * pi,
                di = gi * pr - gr * pi;
    TrialField *x0 = fields + places[n].upper * samples, *x1 = fields + places[n].lower * samples;
    for (std::size_t s = 0; s < samples; ++s) {
      const Lanes ur = lanes(x0[s].re), ui = lanes(x0[s].im), vr = lanes(x1[s].re), vi = lanes(x1[s].im);
      lanes(x0[s].re) = ar * ur - ai * ui + (br * vr - bi * vi);
      lanes(x0[s].im) = ar * ui + ai * ur + (br * vi + bi * vr);
      lanes(x1[s].re) = cr * ur - ci * ui + (dr * vr - di * vi);
      lanes(x1[s].im) = cr * ui + ci * ur + (dr * vi + di * vr);
    }
  }
}

void phasors(float sigma, const TrialCells& n, TrialCells& re, TrialCells& im) noexcept {
  for (std::size_t i = 0; i < trial_cells; ++i) {
    const SineCosine phase = sine_cosine(sigma * n[i]);
    re[i] = phase.cosine;
    im[i] = phase.sine;
  }
}

}  // namespace
}  // namespace fringe
