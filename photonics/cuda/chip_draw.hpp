// An imperfect chip drawn where it is needed: a thread takes four couplers, which share a block of random
// numbers, and leaves their matrices on a tape in full form (ring_lane.hpp), where the ring kernel reads
// them.
//
// The numbers are those of fabricate() for the same trial, bit by bit, and the arithmetic is
// mesh_trials.hpp's: T = G·[[p, q], [−q̄, p̄]] (trial_kernel.hpp). It is fast because nothing but the tape is
// written, cosines and sines of the program's own phases are read instead of computed, and those of errors
// are short polynomials.
#pragma once

#include "core/draw.hpp"
#include "photonics/cuda/ring_lane.hpp"
#include "photonics/sine.hpp"
#include "photonics/trial_kernel.hpp"

namespace fringe::ring {

/// What all chips of a program share, and where their numbers go on a chip's tape.
struct ChipProgram {
  TrialStrengths strengths;
  const TrialPhases* phases = nullptr;        ///< per coupler
  const std::uint32_t* first_quad = nullptr;  ///< per coupler
  const float* screen = nullptr;              ///< Re and Im of e^{iφ} per mode
  const std::uint32_t* leaves = nullptr;      ///< per mode: lane · places + place of its output
  std::uint32_t couplers = 0, modes = 0, lanes = 0, site = 0;
  std::uint64_t seed = 0;
};

struct CouplerNormals {
  float alpha, beta, gamma, theta, phi, loss;
};

/// {T₀₀, T₀₁} and {T₁₀, T₁₁}.
struct CouplerQuads {
  Quad upper, lower;
};

/// e^{i(angle + error)}
FRINGE_HD inline SineCosine turned(float cosine, float sine, float error) {
  const SineCosine e = sine_cosine(error);
  return {sine * e.cosine + cosine * e.sine, cosine * e.cosine - sine * e.sine};
}

FRINGE_HD inline CouplerQuads coupler_of(const TrialStrengths& s, const TrialPhases& asked,
                                         const CouplerNormals& n) {
  const float alpha = s.splitter_sigma * n.alpha, beta = s.splitter_sigma * n.beta;
  const SineCosine sum = turned(s.cos_sum, s.sin_sum, beta + alpha),
                   difference = turned(s.cos_difference, s.sin_difference, beta - alpha),
                   theta = turned(asked.theta_cos, asked.theta_sin, s.half_phase_sigma * n.theta),
                   phi = turned(asked.phi_cos, asked.phi_sin, s.half_phase_sigma * n.phi);
  const float c = theta.cosine, d = theta.sine, e = phi.cosine, f = phi.sine;
  const float ur = sum.cosine * c, ui = difference.cosine * d;
  const float vr = difference.sine * d, vi = sum.sine * c;
  float pr = ur * e - ui * f, pi = ur * f + ui * e;
  float qr = vr * e + vi * f, qi = vi * e - vr * f;
  if (s.front) {
    const SineCosine front = turned(s.cos_front, s.sin_front, s.splitter_sigma * n.gamma);
    const float x = front.cosine, y = front.sine;
    const float r = pr, i = pi;
    pr = pr * x - qi * y;
    pi = pi * x + qr * y;
    qr = qr * x - i * y;
    qi = qi * x + r * y;
  }
  float gr = s.push_pull ? e : c * e - d * f, gi = s.push_pull ? f : c * f + d * e;
  if (s.loss > 0 || s.loss_sigma > 0) {
    const float loss = s.loss + s.loss_sigma * n.loss, transmission = exp2f(loss > 0 ? -loss : 0.0f);
    gr *= transmission;
    gi *= transmission;
  }
  return {{{gr * pr - gi * pi, gr * pi + gi * pr, gr * qr - gi * qi, gr * qi + gi * qr}},
          {{-gr * qr - gi * qi, gr * qi - gi * qr, gr * pr + gi * pi, gi * pr - gr * pi}}};
}

/// Normals 4·block … 4·block + 3 of a draw; zeros where there is nothing to draw.
FRINGE_HD inline Quad four_normals(const DrawStream& stream, std::uint32_t block, bool drawn) {
  if (!drawn) return {};
  const auto bits = random_block(stream, block);
  return {{normal_from_bits(bits[0]), normal_from_bits(bits[1]), normal_from_bits(bits[2]),
           normal_from_bits(bits[3])}};
}

/// Items `first`, `first` + `step`, … of a trial's chip; `tape` and `out` are that chip's.
FRINGE_HD inline void draw_chip(const ChipProgram& c, std::uint32_t trial, std::uint32_t first,
                                std::uint32_t step, Quad* tape, float* out) {
  const TrialStrengths& s = c.strengths;
  const auto stream = [&](Purpose purpose) { return stream_of({c.seed, purpose, trial, c.site}); };
  const DrawStream alphas = stream(Purpose::splitter_in), betas = stream(Purpose::splitter_out),
                   gammas = stream(Purpose::splitter_front), thetas = stream(Purpose::phase_error_theta),
                   phis = stream(Purpose::phase_error_phi), losses = stream(Purpose::loss_spread),
                   outs = stream(Purpose::phase_error_out);
  const bool splitters = s.splitter_sigma > 0, phase_errors = s.half_phase_sigma > 0;
  const std::uint32_t coupler_items = (c.couplers + 3) / 4, items = coupler_items + (c.modes + 3) / 4;
  for (std::uint32_t item = first; item < items; item += step) {
    if (item < coupler_items) {
      const Quad alpha = four_normals(alphas, item, splitters), beta = four_normals(betas, item, splitters),
                 gamma = four_normals(gammas, item, splitters && s.front),
                 theta = four_normals(thetas, item, phase_errors),
                 phi = four_normals(phis, item, phase_errors),
                 loss = four_normals(losses, item, s.loss_sigma > 0);
      for (std::uint32_t e = 0, k = 4 * item; e < 4 && k < c.couplers; ++e, ++k) {
        const CouplerQuads quads =
            coupler_of(s, c.phases[k], {alpha.v[e], beta.v[e], gamma.v[e], theta.v[e], phi.v[e], loss.v[e]});
        tape[c.first_quad[k]] = quads.upper;
        tape[c.first_quad[k] + pairs * c.lanes] = quads.lower;
      }
    } else {
      const std::uint32_t block = item - coupler_items;
      const Quad error = four_normals(outs, block, phase_errors);
      for (std::uint32_t e = 0, m = 4 * block; e < 4 && m < c.modes; ++e, ++m) {
        const SineCosine d =
            turned(c.screen[2 * m], c.screen[2 * m + 1], 2 * s.half_phase_sigma * error.v[e]);
        out[2 * c.leaves[m]] = d.cosine;
        out[2 * c.leaves[m] + 1] = d.sine;
      }
    }
  }
}

}  // namespace fringe::ring
