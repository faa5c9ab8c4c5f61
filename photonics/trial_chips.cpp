#include "photonics/trial_chips.hpp"

#include <algorithm>
#include <span>

#include "core/draw.hpp"
#include "photonics/chip_drivers.hpp"
#include "photonics/thread_scratch.hpp"

namespace fringe {
namespace {

/// Draws of one purpose for the trials of all lanes.
template <std::size_t Lanes>
struct Draws {
  TrialStream<Lanes> stream;
  TrialCells<Lanes>* out;

  Draws(const Draw& first, TrialCells<Lanes>& cells) : out(&cells) {
    trial_kernels<Lanes>().start(first, stream);
  }
  /// From a multiple of four on.
  void run(std::size_t first) const {
    trial_kernels<Lanes>().normals(stream, static_cast<std::uint32_t>(first / 4), *out);
  }
};

}  // namespace

/// meet(span) with the matrices of the chips' couplers, span by span; then the phase screens.
template <std::size_t Lanes>
template <class Meet>
void TrialChips<Lanes>::draw(const TrialPlan& plan, std::uint32_t first, Meet&& meet) {
  const MeshImperfections& m = plan.imperfections;
  const TrialKernels<Lanes>& kernels = trial_kernels<Lanes>();
  std::vector<Draws<Lanes>> draws;
  const auto add = [&](Purpose purpose, double sigma, TrialCells<Lanes>& cells) {
    if (sigma > 0) draws.emplace_back(Draw{plan.seed, purpose, first, plan.site}, cells);
  };
  add(Purpose::splitter_in, m.splitter_sigma_rad, normals_.alpha);
  add(Purpose::splitter_out, m.splitter_sigma_rad, normals_.beta);
  if (plan.strengths.front) add(Purpose::splitter_front, m.splitter_sigma_rad, normals_.gamma);
  add(Purpose::phase_error_theta, m.phase_sigma_rad, normals_.theta);
  add(Purpose::phase_error_phi, m.phase_sigma_rad, normals_.phi);
  add(Purpose::loss_spread, m.insertion_loss_sigma_db, normals_.loss);
  for (const TrialSpan& span : plan.spans) {
    for (const Draws<Lanes>& d : draws) d.run(span.first);
    kernels.matrices(plan.strengths, &plan.phases[span.first], normals_, matrices_);
    meet(span);
  }
  turn_screen(plan, first);
}

template <std::size_t Lanes>
void TrialChips<Lanes>::turn_screen(const TrialPlan& plan, std::uint32_t first) {
  screen_.resize(plan.layout.modes);
  alignas(64) TrialCells<Lanes> normals{}, re, im;
  const Draws<Lanes> out({plan.seed, Purpose::phase_error_out, first, plan.site}, normals);
  for (std::size_t mode = 0; mode < plan.layout.modes; ++mode) {
    const std::size_t cell = mode % trial_run * Lanes;
    if (cell == 0) {
      if (plan.strengths.half_phase_sigma > 0) out.run(mode);
      trial_kernels<Lanes>().phasors(2 * plan.strengths.half_phase_sigma, normals, re, im);
    }
    const float c = plan.screen[mode].real(), s = plan.screen[mode].imag();
    for (std::size_t l = 0; l < Lanes; ++l) {
      screen_[mode].re[l] = c * re[cell + l] - s * im[cell + l];
      screen_[mode].im[l] = s * re[cell + l] + c * im[cell + l];
    }
  }
}

/// Coefficients of all lanes; false where not all of them are good.
template <std::size_t Lanes>
bool TrialChips<Lanes>::compile(const TrialPlan& plan, std::uint32_t first, bool careful) {
  coefficients_.resize(plan.stride * Lanes);  // slots without a coupler stay 0
  swaps_.resize(plan.places.size());
  lane_swaps_.resize(plan.stride / 4);
  rescales_.resize(plan.entries);
  TrialField<Lanes> one;
  std::fill_n(one.re, Lanes, 1.0f);
  std::fill_n(one.im, Lanes, 0.0f);
  fields_.assign(plan.layout.modes, one);
  TrialDiagonals<Lanes> d{fields_.data(),
                          careful ? careful_floor : plan.floor,
                          coefficients_.data(),
                          plan.stride,
                          swaps_.data(),
                          rescales_.data(),
                          0,
                          0,
                          {}};
  std::fill_n(d.least, Lanes, 1.0f);
  draw(plan, first, [&](const TrialSpan& span) {
    trial_kernels<Lanes>().defer(matrices_, plan.places.data() + span.first, span.begin, span.end, d);
  });
  swap_count_ = d.swap_count;
  sort_rescales(plan, d.rescale_count);
  bool all = true;
  for (std::size_t l = 0; l < Lanes; ++l) {
    good_[l] = d.least[l] >= trial_least_norm;
    all &= good_[l];
  }
  return all;
}

template <std::size_t Lanes>
bool TrialChips<Lanes>::compiles(const TrialPlan& plan, std::uint32_t first) {
  return compile(plan, first, false);
}

/// The kernel rescales group by group, the couplers came column by column.
template <std::size_t Lanes>
void TrialChips<Lanes>::sort_rescales(const TrialPlan& plan, std::size_t count) {
  groups_.assign(plan.order.groups(), {});
  for (std::size_t i = 0; i < count; ++i) ++groups_[rescales_[i].group].rescale_end;
  std::uint32_t end = 0;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    KernelGroup& group = groups_[g];
    group.step_begin = plan.order.group_steps[g];
    group.step_end = plan.order.group_steps[g + 1];
    group.rescale_begin = end;
    end += group.rescale_end;
    group.rescale_end = group.rescale_begin;
  }
  rescale_order_.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) rescale_order_[groups_[rescales_[i].group].rescale_end++] = i;
}

/// A compiled lane's light.
template <std::size_t Lanes>
void TrialChips<Lanes>::propagate(const TrialPlan& plan, std::size_t lane, const ConstFields<float>& in,
                                  const Fields<float>& out) {
  const KernelOrder& order = plan.order;
  const std::size_t modes = plan.layout.modes;
  const auto set_swaps = [&](std::int32_t mask) {
    for (const TrialSwap& swap : std::span(swaps_.data(), swap_count_)) {
      if ((swap.lanes >> lane & 1) == 0) continue;
      lane_swaps_[swap.slot] = mask;
      groups_[swap.group].swaps = mask != 0;
    }
  };
  set_swaps(-1);
  lane_rescales_.clear();
  for (const std::uint32_t i : rescale_order_)
    lane_rescales_.push_back({rescales_[i].row, rescales_[i].undo[lane]});
  factor_re_.resize(modes);
  factor_im_.resize(modes);
  for (std::size_t m = 0; m < modes; ++m) {
    const float dr = fields_[m].re[lane], di = fields_[m].im[lane];
    const float sr = screen_[m].re[lane], si = screen_[m].im[lane];
    factor_re_[m] = dr * sr - di * si;
    factor_im_[m] = dr * si + di * sr;
  }
  kernels_of<float>(mesh_kernels())
      .propagate({modes, groups_.data(), groups_.size(), order.steps.data(), order.pairs.data(),
                  &coefficients_[plan.stride * lane], lane_swaps_.data(), lane_rescales_.data(),
                  factor_re_.data(), factor_im_.data()},
                 {in.re.data, in.im.data, out.re.data, out.im.data, in.re.stride, in.im.stride, out.re.stride,
                  out.im.stride, 0, in.re.cols},
                 thread_scratch<float>(kernel_scratch<float>(modes)));
  set_swaps(0);
}

template <std::size_t Lanes>
void TrialChips<Lanes>::run_tapes(const TrialPlan& plan, bool careful, std::uint32_t first, std::size_t count,
                                  const ConstFields<float>& in, const MeshTrials::Visit& visit,
                                  TrialOutputs& outputs) {
  const Fields<float> out = outputs.fields(plan.layout.modes, in.re.cols);
  bool done[Lanes] = {};
  const auto attempt = [&](bool with_care) {
    compile(plan, first, with_care);
    bool all = true;
    for (std::size_t l = 0; l < count; ++l) {
      if (!good_[l]) all = false;
      if (!good_[l] || done[l]) continue;
      propagate(plan, l, in, out);
      visit(first + static_cast<std::uint32_t>(l), out);
      done[l] = true;
    }
    return all;
  };
  if ((!careful && attempt(false)) || attempt(true)) return;
  for (std::uint32_t l = 0; l < count; ++l)
    if (!done[l]) run_alone(plan, first + l, in, visit, outputs);
}

/// Few samples: light passes each coupler as soon as it is drawn.
template <std::size_t Lanes>
void TrialChips<Lanes>::run_in_lanes(const TrialPlan& plan, std::uint32_t first, std::size_t count,
                                     const ConstFields<float>& in, const MeshTrials::Visit& visit,
                                     TrialOutputs& outputs) {
  const std::size_t modes = plan.layout.modes, batch = in.re.cols;
  fields_.resize(modes * batch);
  for (std::size_t m = 0; m < modes; ++m)
    for (std::size_t b = 0; b < batch; ++b) {
      TrialField<Lanes>& x = fields_[m * batch + b];
      std::fill_n(x.re, Lanes, in.re(m, b));
      std::fill_n(x.im, Lanes, in.im.data ? in.im(m, b) : 0.0f);
    }
  draw(plan, first, [&](const TrialSpan& span) {
    trial_kernels<Lanes>().apply(matrices_, plan.places.data() + span.first, span.begin, span.end,
                                 fields_.data(), batch);
  });
  const Fields<float> out = outputs.fields(modes, batch);
  for (std::uint32_t l = 0; l < count; ++l) {
    for (std::size_t m = 0; m < modes; ++m)
      for (std::size_t b = 0; b < batch; ++b) {
        const float xr = fields_[m * batch + b].re[l], xi = fields_[m * batch + b].im[l];
        const float sr = screen_[m].re[l], si = screen_[m].im[l];
        out.re(m, b) = xr * sr - xi * si;
        out.im(m, b) = xr * si + xi * sr;
      }
    visit(first + l, out);
  }
}

template <std::size_t Lanes>
void TrialChips<Lanes>::run(const TrialPlan& plan, bool careful, std::uint32_t first, std::size_t count,
                            const ConstFields<float>& in, const MeshTrials::Visit& visit,
                            TrialOutputs& outputs) {
  if (in.re.cols <= samples_in_lanes) return run_in_lanes(plan, first, count, in, visit, outputs);
  run_tapes(plan, careful, first, count, in, visit, outputs);
}

void run_alone(const TrialPlan& plan, std::uint32_t trial, const ConstFields<float>& in,
               const MeshTrials::Visit& visit, TrialOutputs& outputs) {
  const MeshLayout& layout = plan.layout;
  const FabricatedMesh chip =
      fabricate(layout, plan.imperfections, plan.seed, trial, plan.site, *plan.crossing);
  const PhaseProgram held =
      held_by_chip(drivers_of(layout, plan.imperfections, plan.seed, trial, plan.site), plan.asked);
  const auto mesh = realise<double>(layout, held, chip);
  if (outputs.mesh) {
    outputs.mesh->recompile(mesh);
  } else {
    outputs.mesh.emplace(layout, mesh);
  }
  const Fields<float> out = outputs.fields(layout.modes, in.re.cols);
  outputs.mesh->propagate(in, out);
  visit(trial, out);
}

template class TrialChips<trial_lanes>;
template class TrialChips<trial_lanes_wide>;

}  // namespace fringe
