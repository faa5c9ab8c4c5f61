// The kernels of trial_kernel.hpp, written once; each instruction set's source file includes it under its own
// flags. Everything is local to that file. Loops over cells are left to the compiler; where it would shuffle,
// vectors stand. Bits are those of the same steps on single numbers: products are never fused here.
#pragma once

#include <utility>

#include "core/draw_lanes_impl.hpp"
#include "photonics/sine.hpp"
#include "photonics/trial_kernel.hpp"

namespace fringe {
namespace {

/// A number, or a mask, per lane.
template <std::size_t L>
using Vec = typename DrawLanes<4 * L>::Floats;
template <std::size_t L>
using Mask = typename DrawLanes<4 * L>::Signed;

template <std::size_t L>
[[gnu::always_inline]] inline const Vec<L>& lanes(const float* p) {
  return *reinterpret_cast<const Vec<L>*>(p);
}
template <std::size_t L>
[[gnu::always_inline]] inline Vec<L>& lanes(float* p) {
  return *reinterpret_cast<Vec<L>*>(p);
}

/// stream_of(), then what Philox's first two rounds make of a counter {block, 0, c2, c3} but for the block.
template <std::size_t L>
void start(const Draw& first, TrialStream<L>& out) noexcept {
  using Words = typename DrawLanes<4 * L>::Words;
  const auto store = [](const Words& words, std::uint64_t* half) { *reinterpret_cast<Words*>(half) = words; };
  for (std::size_t half = 0; half < 2; ++half) {
    Words trial;
    for (std::size_t i = 0; i < L / 2; ++i) trial[i] = first.trial + 2 * i + half;
    PhiloxCounter<Words> id{trial, Words{} + static_cast<std::uint32_t>(first.purpose), Words{} + first.site,
                            Words{} + first.shot};
    auto seed0 = static_cast<std::uint32_t>(first.seed), seed1 = static_cast<std::uint32_t>(first.seed >> 32);
    for (int round = 0; round < 10; ++round, seed0 += PHILOX_W32_0, seed1 += PHILOX_W32_1)
      philox_round(id, Words{} + seed0, Words{} + seed1);
    Words key0 = id.x0, key1 = id.x1;
    store(id.x3 ^ key1, out.first_x2[half]);
    const Words x1 = wide_product(id.x2, PHILOX_M4x32_1);
    const Words x3 = wide_product((x1 >> 32) ^ key0, PHILOX_M4x32_0);
    key0 += PHILOX_W32_0;
    key1 += PHILOX_W32_1;
    store(x1 ^ key0, out.x0[half]);
    store((x3 >> 32) ^ key1, out.x2[half]);
    store(x3, out.x3[half]);
    for (int round = 0; round < 8; ++round) {
      key0 += PHILOX_W32_0;
      key1 += PHILOX_W32_1;
      store(key0, out.key0[round][half]);
      store(key1, out.key1[round][half]);
    }
  }
}

/// Blocks from `block` on for a stream per lane, side by side.
template <std::size_t L, std::size_t Blocks>
[[gnu::always_inline]] inline void random_words(const TrialStream<L>& stream, std::uint32_t block,
                                                std::uint32_t* out) {
  using Words = typename DrawLanes<4 * L>::Words;
  const auto load = [](const std::uint64_t* half) { return *reinterpret_cast<const Words*>(half); };
  PhiloxCounter<Words> c[2 * Blocks];  // even lanes of a block, odd lanes of it
  for (std::size_t n = 0; n < 2 * Blocks; ++n) {
    const std::uint64_t first = std::uint64_t{PHILOX_M4x32_0} * (block + static_cast<std::uint32_t>(n / 2));
    const Words x1 = wide_product((first >> 32) ^ load(stream.first_x2[n % 2]), PHILOX_M4x32_1);
    c[n] = {(x1 >> 32) ^ load(stream.x0[n % 2]), x1, first ^ load(stream.x2[n % 2]), load(stream.x3[n % 2])};
  }
#pragma GCC unroll 8
  for (int round = 0; round < 8; ++round)
    for (std::size_t n = 0; n < 2 * Blocks; ++n)
      philox_round(c[n], load(stream.key0[round][n % 2]), load(stream.key1[round][n % 2]));
  for (std::size_t b = 0; b < Blocks; ++b) {
    const auto put = [&](std::size_t i, const Words& even, const Words& odd) {
      *reinterpret_cast<Words*>(out + (4 * b + i) * L) = (even & 0xffffffffu) | (odd << 32);
    };
    put(0, c[2 * b].x0, c[2 * b + 1].x0);
    put(1, c[2 * b].x1, c[2 * b + 1].x1);
    put(2, c[2 * b].x2, c[2 * b + 1].x2);
    put(3, c[2 * b].x3, c[2 * b + 1].x3);
  }
}

template <std::size_t L>
void normals(const TrialStream<L>& stream, std::uint32_t block, TrialCells<L>& out) noexcept {
  // As many as the registers hold.
  constexpr std::size_t blocks = 2, vectors = 4;
  alignas(64) std::uint32_t bits[trial_run * L];
  for (std::uint32_t b = 0; b < trial_run / 4; b += blocks)
    random_words<L, blocks>(stream, block + b, bits + 4 * L * b);
  for (std::size_t i = 0; i < trial_run * L; i += vectors * L) normals_of<4 * L, vectors>(bits + i, out + i);
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
template <std::size_t L, bool Small>
[[gnu::always_inline]] inline void interferometers(const TrialStrengths& s, const TrialPhases* phases,
                                                   const TrialNormals<L>& n, TrialMatrices<L>& out) {
  constexpr std::size_t trial_cells = trial_run * L;
  alignas(64) TrialCells<L> cs, ss, cd, sd, ct, st, cp, sp;
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
  using Lanes = Vec<L>;
  for (std::size_t k = 0; k < trial_run; ++k) {
    const TrialPhases asked = phases[k];
    const std::size_t i = k * L;
    const Lanes tc = lanes<L>(ct + i), ts = lanes<L>(st + i), pc = lanes<L>(cp + i), ps = lanes<L>(sp + i);
    const Lanes c = asked.theta_cos * tc - asked.theta_sin * ts;
    const Lanes d = asked.theta_sin * tc + asked.theta_cos * ts;
    const Lanes e = asked.phi_cos * pc - asked.phi_sin * ps;
    const Lanes f = asked.phi_sin * pc + asked.phi_cos * ps;
    const Lanes pr = lanes<L>(cs + i) * c, pi = lanes<L>(cd + i) * d;
    const Lanes qr = lanes<L>(sd + i) * d, qi = lanes<L>(ss + i) * c;
    lanes<L>(out.p_re + i) = pr * e - pi * f;
    lanes<L>(out.p_im + i) = pr * f + pi * e;
    lanes<L>(out.q_re + i) = qr * e + qi * f;
    lanes<L>(out.q_im + i) = qi * e - qr * f;
    lanes<L>(out.g_re + i) = s.push_pull ? e : c * e - d * f;
    lanes<L>(out.g_im + i) = s.push_pull ? f : c * f + d * e;
  }
}

template <std::size_t L>
void add_front(const TrialStrengths& s, const TrialCells<L>& gamma, TrialMatrices<L>& m) {
  for (std::size_t i = 0; i < trial_run * L; ++i) {
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

template <std::size_t L>
void add_loss(const TrialStrengths& s, const TrialCells<L>& spread, TrialMatrices<L>& m) {
  for (std::size_t i = 0; i < trial_run * L; ++i) {
    const float loss = s.loss + s.loss_sigma * spread[i];
    const float t = exp2_of_minus(loss > 0 ? loss : 0);
    m.g_re[i] *= t;
    m.g_im[i] *= t;
  }
}

template <std::size_t L>
void matrices(const TrialStrengths& s, const TrialPhases* phases, const TrialNormals<L>& n,
              TrialMatrices<L>& out) noexcept {
  if (s.small) {
    interferometers<L, true>(s, phases, n, out);
  } else {
    interferometers<L, false>(s, phases, n, out);
  }
  if (s.front) add_front<L>(s, n.gamma, out);
  if (s.loss > 0 || s.loss_sigma > 0) add_loss<L>(s, n.loss, out);
}

/// Place i of what two vectors make when their pairs (singles) of each 16 bytes' lower or upper half take
/// turns.
template <std::size_t L, std::size_t Width, bool Upper>
constexpr int turn(std::size_t i) {
  const std::size_t part = i / 4 * 4, in = i % 4;
  const std::size_t from = Width == 2 ? in % 2 + 2 * Upper : in / 2 + 2 * Upper;
  return static_cast<int>(part + from + (Width == 2 ? in / 2 : in % 2) * L);
}
template <std::size_t L, std::size_t Width, bool Upper, std::size_t... I>
[[gnu::always_inline]] inline Vec<L> turns(const Vec<L>& a, const Vec<L>& b, std::index_sequence<I...>) {
  return __builtin_shufflevector(a, b, turn<L, Width, Upper>(I)...);
}

/// From a coefficient per vector to a lane per 16 bytes.
template <std::size_t L>
[[gnu::always_inline]] inline void to_lanes(const Vec<L>& br, const Vec<L>& bi, const Vec<L>& cr,
                                            const Vec<L>& ci, float* out, std::size_t stride) {
  using Four __attribute__((vector_size(16), aligned(4), may_alias)) = float;
  constexpr auto all = std::make_index_sequence<L>{};
  const Vec<L> b01 = turns<L, 1, false>(br, bi, all), b23 = turns<L, 1, true>(br, bi, all);
  const Vec<L> c01 = turns<L, 1, false>(cr, ci, all), c23 = turns<L, 1, true>(cr, ci, all);
  const Vec<L> lane[4] = {turns<L, 2, false>(b01, c01, all), turns<L, 2, true>(b01, c01, all),
                          turns<L, 2, false>(b23, c23, all), turns<L, 2, true>(b23, c23, all)};
  for (std::size_t l = 0; l < 4; ++l) [&]<std::size_t... Part>(std::index_sequence<Part...>) {
      ((*reinterpret_cast<Four*>(out + (4 * Part + l) * stride) =
            __builtin_shufflevector(lane[l], lane[l], 4 * Part, 4 * Part + 1, 4 * Part + 2, 4 * Part + 3)),
       ...);
    }
  (std::make_index_sequence<L / 4>{});
}

/// Brings D of the lanes with |D|² below `floor` near 2⁵⁶ by powers of two.
template <std::size_t L>
[[gnu::always_inline]] inline void enter_group(TrialDiagonals<L>& t, std::uint32_t row, std::uint32_t group) {
  using Lanes = Vec<L>;
  using LaneMask = Mask<L>;
  constexpr std::int32_t bias = 127, fresh = 56;
  Lanes &re = lanes<L>(t.d[row].re), &im = lanes<L>(t.d[row].im);
  const Lanes norm = re * re + im * im;
  const LaneMask below = norm < t.floor;
  if (sign_bits(below) == 0) return;
  const LaneMask shift = below & (fresh - ((reinterpret_cast<LaneMask>(norm) >> 23) - bias) / 2);
  re = re * reinterpret_cast<Lanes>((bias + shift) << 23);
  im = im * reinterpret_cast<Lanes>((bias + shift) << 23);
  TrialRescale<L>& r = t.rescales[t.rescale_count++];
  r.row = row;
  r.group = group;
  lanes<L>(r.undo) = reinterpret_cast<Lanes>((bias - shift) << 23);
}

// Rows that trade places meet [[q, p], [p̄, −q̄]]: the same form with p and q exchanged and the lower row's
// sign turned. One chip in thirty of 256 modes has such a coupler: too few for a kernel of their own, too
// many to be drawn again.
template <std::size_t L>
void defer(const TrialMatrices<L>& m, const TrialPlace* places, std::size_t begin, std::size_t end,
           TrialDiagonals<L>& t) noexcept {
  using Lanes = Vec<L>;
  using LaneMask = Mask<L>;
  Lanes least = lanes<L>(t.least);
  for (std::size_t n = begin; n < end; ++n) {
    const TrialPlace& place = places[n];
    if (place.upper_enters) enter_group(t, place.upper, place.group);
    if (place.lower_enters) enter_group(t, place.lower, place.group);
    TrialField<L>&d0 = t.d[place.upper], &d1 = t.d[place.lower];
    const std::size_t i = n * L;
    Lanes pr = lanes<L>(m.p_re + i), pi = lanes<L>(m.p_im + i), qr = lanes<L>(m.q_re + i),
          qi = lanes<L>(m.q_im + i);
    Lanes ur = lanes<L>(d0.re), ui = lanes<L>(d0.im), vr = lanes<L>(d1.re), vi = lanes<L>(d1.im);
    const LaneMask swap = pr * pr + pi * pi < trial_swap_norm;
    const std::uint32_t swapped = sign_bits(swap);
    Lanes sign = Lanes{} + 1.0f;
    if (__builtin_expect(swapped != 0, 0)) {
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
      t.swaps[t.swap_count++] = {place.slot, place.group, swapped};
    }
    const Lanes sr = vr * ur + vi * ui, si = vi * ur - vr * ui;  // D₁D̄₀
    const Lanes tr = qr * pr + qi * pi, ti = qi * pr - qr * pi;  // q p̄
    const Lanes xr = tr * sr - ti * si, xi = tr * si + ti * sr;
    const Lanes norm = pr * pr + pi * pi;
    const Lanes n0 = norm * (ur * ur + ui * ui), n1 = norm * (vr * vr + vi * vi);
    const Lanes upper = 1.0f / n0, lower = -1.0f / n1;
    to_lanes<L>(xr * upper, xi * upper, xr * lower, -xi * lower, t.coefficients + 4 * place.slot, t.stride);
    // p D₀ and p̄ D₁, times G
    const Lanes yr = pr * ur - pi * ui, yi = pr * ui + pi * ur;
    const Lanes zr = pr * vr + pi * vi, zi = pr * vi - pi * vr;
    const Lanes gr = lanes<L>(m.g_re + i), gi = lanes<L>(m.g_im + i);
    lanes<L>(d0.re) = yr * gr - yi * gi;
    lanes<L>(d0.im) = yr * gi + yi * gr;
    lanes<L>(d1.re) = (zr * gr - zi * gi) * sign;
    lanes<L>(d1.im) = (zr * gi + zi * gr) * sign;
    const Lanes low = n0 < n1 ? n0 : n1;
    least = low < least ? low : least;
  }
  lanes<L>(t.least) = least;
}

template <std::size_t L>
void apply(const TrialMatrices<L>& m, const TrialPlace* places, std::size_t begin, std::size_t end,
           TrialField<L>* fields, std::size_t samples) noexcept {
  using Lanes = Vec<L>;
  for (std::size_t n = begin; n < end; ++n) {
    const std::size_t i = n * L;
    const Lanes pr = lanes<L>(m.p_re + i), pi = lanes<L>(m.p_im + i), qr = lanes<L>(m.q_re + i),
                qi = lanes<L>(m.q_im + i);
    const Lanes gr = lanes<L>(m.g_re + i), gi = lanes<L>(m.g_im + i);
    const Lanes ar = gr * pr - gi * pi, ai = gr * pi + gi * pr, br = gr * qr - gi * qi,
                bi = gr * qi + gi * qr;
    const Lanes cr = -gr * qr - gi * qi, ci = gr * qi - gi * qr, dr = gr * pr + gi * pi,
                di = gi * pr - gr * pi;
    TrialField<L>*x0 = fields + places[n].upper * samples, *x1 = fields + places[n].lower * samples;
    for (std::size_t s = 0; s < samples; ++s) {
      const Lanes ur = lanes<L>(x0[s].re), ui = lanes<L>(x0[s].im), vr = lanes<L>(x1[s].re),
                  vi = lanes<L>(x1[s].im);
      lanes<L>(x0[s].re) = ar * ur - ai * ui + (br * vr - bi * vi);
      lanes<L>(x0[s].im) = ar * ui + ai * ur + (br * vi + bi * vr);
      lanes<L>(x1[s].re) = cr * ur - ci * ui + (dr * vr - di * vi);
      lanes<L>(x1[s].im) = cr * ui + ci * ur + (dr * vi + di * vr);
    }
  }
}

template <std::size_t L>
void phasors(float sigma, const TrialCells<L>& n, TrialCells<L>& re, TrialCells<L>& im) noexcept {
  for (std::size_t i = 0; i < trial_run * L; ++i) {
    const SineCosine phase = sine_cosine(sigma * n[i]);
    re[i] = phase.cosine;
    im[i] = phase.sine;
  }
}

template <std::size_t L>
constexpr TrialKernels<L> trial_kernels_of{start<L>, normals<L>, matrices<L>, defer<L>, apply<L>, phasors<L>};

}  // namespace
}  // namespace fringe
