#include "photonics/mesh_trials.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "photonics/chip_drivers.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/mesh_kernel_order.hpp"
#include "photonics/thread_scratch.hpp"
#include "photonics/trial_kernel.hpp"
#include "photonics/trial_strengths.hpp"

namespace fringe {
namespace {

/// Batches up to which chips stand in the lanes while light passes, too; larger ones have samples there.
constexpr std::size_t samples_in_lanes = 8;
/// |D|² from which a mode survives a group at the worst: 2·kernel_fused couplers of trial_swap_norm each.
constexpr float careful_floor = 0x1p92f;

/// Draws of one purpose for eight trials.
struct Draws {
  TrialStream stream;
  TrialCells* out;

  Draws(const Draw& first, TrialCells& cells) : out(&cells) {
    Draw draw = first;
    for (std::size_t l = 0; l < trial_lanes; ++l, ++draw.trial) {
      const DrawStream s = stream_of(draw);
      stream.key0[l] = s.key[0];
      stream.key1[l] = s.key[1];
      stream.c2[l] = s.c2;
      stream.c3[l] = s.c3;
    }
  }
  void run(std::size_t index) const {
    trial_kernels().normals(stream, static_cast<std::uint32_t>(index * trial_run / 4), *out);
  }
};

/// What a thread needs for eight chips.
struct Worker {
  TrialNormals normals{};  ///< 0 where nothing is drawn
  TrialMatrices matrices;
  std::vector<TrialField> fields;   ///< D per mode, or the light per mode and sample
  std::vector<TrialField> screen;   ///< e^{i·output phase} per mode
  std::vector<float> coefficients;  ///< [lane][slot][4]
  std::vector<std::int32_t> swaps;  ///< [lane][slot]
  std::vector<TrialRescale> rescales;
  std::vector<std::uint32_t> rescale_order;
  std::vector<KernelGroup> groups;
  std::vector<KernelRescale<float>> lane_rescales;
  std::vector<float> factor_re, factor_im, out_re, out_im;
  std::optional<CompiledMesh<float>> mesh;
};

}  // namespace

struct MeshTrials::Plan {
  Plan(MeshLayout l, PhaseProgram a, const MeshImperfections& m, std::uint64_t s, std::uint32_t where,
       const Crossing& c)
      : layout(std::move(l)),
        asked(std::move(a)),
        imperfections(m),
        seed(s),
        site(where),
        crossing(&c),
        ideal(layout, realise<double>(layout, asked, ideal_fabrication(layout, c))) {}

  MeshLayout layout;
  PhaseProgram asked;
  MeshImperfections imperfections;
  std::uint64_t seed;
  std::uint32_t site;
  const Crossing* crossing;
  CompiledMesh<float> ideal;
  bool together = false;

  // Where chips are drawn together.
  TrialStrengths strengths;
  std::vector<TrialPhases> phases;  ///< of whole runs
  std::vector<std::complex<float>> screen;
  KernelOrder order;
  std::vector<TrialPlace> places;
  std::size_t entries = 0;  ///< of a mode into a group
  float floor = 0;
  bool all_careful = false;

  void prepare();
  void place_couplers();
  template <class Meet>
  void draw_chips(std::uint32_t first, Worker& w, Meet&& meet) const;
  bool compile(std::uint32_t first, bool careful, Worker& w, bool (&good)[trial_lanes]) const;
  void sort_rescales(Worker& w, std::size_t count) const;
  void propagate(std::size_t lane, bool careful, const ConstFields<float>& in, Worker& w) const;
  void run_eight(std::uint32_t first, std::size_t count, const ConstFields<float>& in, const Visit& visit,
                 Worker& w) const;
  void run_in_lanes(std::uint32_t first, std::size_t count, const ConstFields<float>& in, const Visit& visit,
                    Worker& w) const;
  void run_alone(std::uint32_t trial, const ConstFields<float>& in, const Visit& visit, Worker& w) const;
};

namespace {

Fields<float> outputs(Worker& w, std::size_t modes, std::size_t batch) {
  return {{w.out_re.data(), modes, batch}, {w.out_im.data(), modes, batch}};
}

}  // namespace

void MeshTrials::Plan::prepare() {
  together = drawn_together(imperfections);
  // The same for all chips: none of them has a stuck phase.
  const PhaseProgram held = held_by_chip(drivers_of(layout, imperfections, seed, 0, site), asked);
  if (!together) return;
  strengths = trial_strengths(imperfections, *crossing);
  phases = trial_phases(held);
  phases.resize((phases.size() + trial_run - 1) / trial_run * trial_run, {1, 0, 1, 0});
  screen = trial_screen(held);
  place_couplers();
  Worker w;
  bool good[trial_lanes];
  all_careful = !compile(0, false, w, good);
}

void MeshTrials::Plan::place_couplers() {
  const bool adjacent = std::all_of(layout.couplers.begin(), layout.couplers.end(),
                                    [](const Coupler& c) { return c.lower == c.upper + 1; });
  order = adjacent ? order_by_waves(layout) : order_by_columns(layout);
  places.resize(layout.couplers.size());
  for (std::uint32_t g = 0; g < order.groups(); ++g)
    for (std::uint32_t slot = order.group_slots[g]; slot < order.group_slots[g + 1]; ++slot)
      if (order.slots[slot] >= 0) {
        const auto k = static_cast<std::size_t>(order.slots[slot]);
        places[k] = {layout.couplers[k].upper, layout.couplers[k].lower, slot, g, false, false};
      }
  std::vector<std::int64_t> group_of(layout.modes, -1);
  for (TrialPlace& p : places) {
    p.upper_enters = std::exchange(group_of[p.upper], p.group) != p.group;
    p.lower_enters = std::exchange(group_of[p.lower], p.group) != p.group;
    entries += static_cast<std::size_t>(p.upper_enters) + static_cast<std::size_t>(p.lower_enters);
  }
  // Each of the couplers that a mode meets in a group takes a factor of |p|² from |D|²: about 1/modes in a
  // Haar-random program, and 2³² leaves room for chance.
  const double touches = adjacent ? 2 * kernel_fused : 1;
  floor = static_cast<float>(
      std::min<double>(careful_floor, trial_least_norm * 0x1p32 * std::pow(layout.modes, touches)));
}

/// meet(run's first coupler, couplers of it) with the matrices of eight chips in w, run by run.
template <class Meet>
void MeshTrials::Plan::draw_chips(std::uint32_t first, Worker& w, Meet&& meet) const {
  std::vector<Draws> draws;
  const auto add = [&](Purpose purpose, double sigma, TrialCells& cells) {
    if (sigma > 0) draws.emplace_back(Draw{seed, purpose, first, site}, cells);
  };
  add(Purpose::splitter_in, imperfections.splitter_sigma_rad, w.normals.alpha);
  add(Purpose::splitter_out, imperfections.splitter_sigma_rad, w.normals.beta);
  if (strengths.front) add(Purpose::splitter_front, imperfections.splitter_sigma_rad, w.normals.gamma);
  add(Purpose::phase_error_theta, imperfections.phase_sigma_rad, w.normals.theta);
  add(Purpose::phase_error_phi, imperfections.phase_sigma_rad, w.normals.phi);
  add(Purpose::loss_spread, imperfections.insertion_loss_sigma_db, w.normals.loss);
  for (std::size_t k = 0; k < places.size(); k += trial_run) {
    for (const Draws& d : draws) d.run(k / trial_run);
    trial_kernels().matrices(strengths, &phases[k], w.normals, w.matrices);
    meet(k, std::min(trial_run, places.size() - k));
  }
  w.screen.resize(layout.modes);
  alignas(64) TrialCells normals{}, re, im;
  const Draws out({seed, Purpose::phase_error_out, first, site}, normals);
  for (std::size_t mode = 0; mode < layout.modes; ++mode) {
    const std::size_t cell = mode % trial_run * trial_lanes;
    if (cell == 0) {
      if (strengths.half_phase_sigma > 0) out.run(mode / trial_run);
      trial_kernels().phasors(2 * strengths.half_phase_sigma, normals, re, im);
    }
    const float c = screen[mode].real(), s = screen[mode].imag();
    for (std::size_t l = 0; l < trial_lanes; ++l) {
      w.screen[mode].re[l] = c * re[cell + l] - s * im[cell + l];
      w.screen[mode].im[l] = s * re[cell + l] + c * im[cell + l];
    }
  }
}

/// Coefficients of eight chips; false where not all of them are good.
bool MeshTrials::Plan::compile(std::uint32_t first, bool careful, Worker& w,
                               bool (&good)[trial_lanes]) const {
  const std::size_t slots = order.slots.size();
  w.coefficients.resize(4 * slots * trial_lanes);  // slots without a coupler stay 0
  if (careful) w.swaps.resize(slots * trial_lanes);
  w.rescales.resize(entries);
  TrialField one;
  std::fill_n(one.re, trial_lanes, 1.0f);
  std::fill_n(one.im, trial_lanes, 0.0f);
  w.fields.assign(layout.modes, one);
  TrialDiagonals d{w.fields.data(),
                   careful ? careful_floor : floor,
                   w.coefficients.data(),
                   4 * slots,
                   careful ? w.swaps.data() : nullptr,
                   w.rescales.data(),
                   0,
                   {}};
  std::fill_n(d.least, trial_lanes, 1.0f);
  draw_chips(first, w, [&](std::size_t k, std::size_t count) {
    trial_kernels().defer(w.matrices, &places[k], count, d);
  });
  sort_rescales(w, d.rescale_count);
  bool all = true;
  for (std::size_t l = 0; l < trial_lanes; ++l) {
    good[l] = d.least[l] >= trial_least_norm;
    all &= good[l];
  }
  return all;
}

/// The kernel rescales group by group, the couplers came column by column.
void MeshTrials::Plan::sort_rescales(Worker& w, std::size_t count) const {
  w.groups.assign(order.groups(), {});
  for (std::size_t i = 0; i < count; ++i) ++w.groups[w.rescales[i].group].rescale_end;
  std::uint32_t end = 0;
  for (std::size_t g = 0; g < w.groups.size(); ++g) {
    KernelGroup& group = w.groups[g];
    group.step_begin = order.group_steps[g];
    group.step_end = order.group_steps[g + 1];
    group.rescale_begin = end;
    end += group.rescale_end;
    group.rescale_end = group.rescale_begin;
  }
  w.rescale_order.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) w.rescale_order[w.groups[w.rescales[i].group].rescale_end++] = i;
}

/// A compiled lane's light.
void MeshTrials::Plan::propagate(std::size_t lane, bool careful, const ConstFields<float>& in,
                                 Worker& w) const {
  const std::size_t slots = order.slots.size(), batch = in.re.cols;
  const std::int32_t* swaps = careful ? &w.swaps[lane * slots] : nullptr;
  for (std::size_t g = 0; g < w.groups.size(); ++g)
    w.groups[g].swaps = careful && std::any_of(swaps + order.group_slots[g], swaps + order.group_slots[g + 1],
                                               [](std::int32_t swap) { return swap != 0; });
  w.lane_rescales.clear();
  for (const std::uint32_t i : w.rescale_order)
    w.lane_rescales.push_back({w.rescales[i].row, w.rescales[i].undo[lane]});
  w.factor_re.resize(layout.modes);
  w.factor_im.resize(layout.modes);
  for (std::size_t m = 0; m < layout.modes; ++m) {
    const float dr = w.fields[m].re[lane], di = w.fields[m].im[lane];
    const float sr = w.screen[m].re[lane], si = w.screen[m].im[lane];
    w.factor_re[m] = dr * sr - di * si;
    w.factor_im[m] = dr * si + di * sr;
  }
  const Fields<float> out = outputs(w, layout.modes, batch);
  kernels_of<float>(mesh_kernels())
      .propagate({layout.modes, w.groups.data(), w.groups.size(), order.steps.data(), order.pairs.data(),
                  &w.coefficients[4 * slots * lane], swaps, w.lane_rescales.data(), w.factor_re.data(),
                  w.factor_im.data()},
                 {in.re.data, in.im.data, out.re.data, out.im.data, in.re.stride, in.im.stride, out.re.stride,
                  out.im.stride, 0, batch},
                 thread_scratch<float>(2 * kernel_scratch_lanes<float> * layout.modes));
}

void MeshTrials::Plan::run_eight(std::uint32_t first, std::size_t count, const ConstFields<float>& in,
                                 const Visit& visit, Worker& w) const {
  bool done[trial_lanes] = {}, good[trial_lanes];
  const auto attempt = [&](bool careful) {
    compile(first, careful, w, good);
    bool all = true;
    for (std::size_t l = 0; l < count; ++l) {
      if (!good[l]) all = false;
      if (!good[l] || done[l]) continue;
      propagate(l, careful, in, w);
      visit(first + static_cast<std::uint32_t>(l), outputs(w, layout.modes, in.re.cols));
      done[l] = true;
    }
    return all;
  };
  if ((!all_careful && attempt(false)) || attempt(true)) return;
  for (std::uint32_t l = 0; l < count; ++l)
    if (!done[l]) run_alone(first + l, in, visit, w);
}

/// Few samples: light passes each coupler as soon as it is drawn.
void MeshTrials::Plan::run_in_lanes(std::uint32_t first, std::size_t count, const ConstFields<float>& in,
                                    const Visit& visit, Worker& w) const {
  const std::size_t batch = in.re.cols;
  w.fields.resize(layout.modes * batch);
  for (std::size_t m = 0; m < layout.modes; ++m)
    for (std::size_t b = 0; b < batch; ++b) {
      TrialField& x = w.fields[m * batch + b];
      std::fill_n(x.re, trial_lanes, in.re(m, b));
      std::fill_n(x.im, trial_lanes, in.im.data ? in.im(m, b) : 0.0f);
    }
  draw_chips(first, w, [&](std::size_t k, std::size_t run) {
    trial_kernels().apply(w.matrices, &places[k], run, w.fields.data(), batch);
  });
  const Fields<float> out = outputs(w, layout.modes, batch);
  for (std::uint32_t l = 0; l < count; ++l) {
    for (std::size_t m = 0; m < layout.modes; ++m)
      for (std::size_t b = 0; b < batch; ++b) {
        const float xr = w.fields[m * batch + b].re[l], xi = w.fields[m * batch + b].im[l];
        const float sr = w.screen[m].re[l], si = w.screen[m].im[l];
        out.re(m, b) = xr * sr - xi * si;
        out.im(m, b) = xr * si + xi * sr;
      }
    visit(first + l, out);
  }
}

void MeshTrials::Plan::run_alone(std::uint32_t trial, const ConstFields<float>& in, const Visit& visit,
                                 Worker& w) const {
  const FabricatedMesh chip = fabricate(layout, imperfections, seed, trial, site, *crossing);
  const PhaseProgram held = held_by_chip(drivers_of(layout, imperfections, seed, trial, site), asked);
  const auto mesh = realise<double>(layout, held, chip);
  if (w.mesh) {
    w.mesh->recompile(mesh);
  } else {
    w.mesh.emplace(layout, mesh);
  }
  const Fields<float> out = outputs(w, layout.modes, in.re.cols);
  w.mesh->propagate(in, out);
  visit(trial, out);
}

MeshTrials::MeshTrials(MeshLayout layout, PhaseProgram asked, const MeshImperfections& imperfections,
                       std::uint64_t seed, std::uint32_t site, const Crossing& crossing) {
  check(imperfections);
  for (const double phase : asked.out)
    if (!std::isfinite(phase)) throw Error("program: an output phase is not finite");
  plan_ = std::make_unique<Plan>(std::move(layout), std::move(asked), imperfections, seed, site, crossing);
  plan_->prepare();
}

MeshTrials::MeshTrials(MeshTrials&&) noexcept = default;
MeshTrials& MeshTrials::operator=(MeshTrials&&) noexcept = default;
MeshTrials::~MeshTrials() = default;

bool MeshTrials::together() const noexcept { return plan_->together; }

void MeshTrials::run(std::uint32_t first, std::uint32_t count, ConstFields<float> in, const Visit& visit,
                     ThreadPool* pool) const {
  const std::size_t modes = plan_->layout.modes, batch = in.re.cols;
  const auto fits = [&](auto view) {
    return view.rows == modes && view.cols == batch && view.data != nullptr;
  };
  if (!fits(in.re) || (in.im.data && !fits(in.im)))
    throw Error("mesh trials: the inputs must be " + std::to_string(modes) + " modes by " +
                std::to_string(batch) + " samples in all planes");
  std::vector<Worker> workers(pool ? pool->size() : 1);
  for (Worker& w : workers) {
    w.out_re.resize(modes * batch);
    w.out_im.resize(modes * batch);
  }
  const std::uint32_t step = plan_->together ? trial_lanes : 1;
  const auto task = [&](std::size_t i, unsigned worker) {
    const auto begin = static_cast<std::uint32_t>(i * step);
    const std::uint32_t here = std::min(step, count - begin);
    Worker& w = workers[worker];
    if (!plan_->together) return plan_->run_alone(first + begin, in, visit, w);
    if (batch <= samples_in_lanes) return plan_->run_in_lanes(first + begin, here, in, visit, w);
    plan_->run_eight(first + begin, here, in, visit, w);
  };
  const std::size_t tasks = (std::size_t{count} + step - 1) / step;
  if (pool) {
    pool->run(tasks, std::ref(task));
  } else {
    for (std::size_t i = 0; i < tasks; ++i) task(i, 0);
  }
}

std::vector<double> MeshTrials::errors(std::uint32_t first, std::uint32_t count, ConstFields<float> in,
                                       ThreadPool* pool) const {
  const std::size_t modes = plan_->layout.modes, batch = in.re.cols;
  std::vector<float> re(modes * batch), im(modes * batch);
  const Fields<float> wanted{{re.data(), modes, batch}, {im.data(), modes, batch}};
  plan_->ideal.propagate(in, wanted);
  double norm = 0;
  for (std::size_t i = 0; i < re.size(); ++i) {
    const double a = re[i], b = im[i];
    norm += a * a + b * b;
  }
  std::vector<double> result(count);
  run(
      first, count, in,
      [&](std::uint32_t trial, ConstFields<float> out) {
        double sum = 0;
        for (std::size_t m = 0; m < modes; ++m)
          for (std::size_t b = 0; b < batch; ++b) {
            const double dr = double{out.re(m, b)} - double{wanted.re(m, b)};
            const double di = double{out.im(m, b)} - double{wanted.im(m, b)};
            sum += dr * dr + di * di;
          }
        result[trial - first] = std::sqrt(sum / norm);
      },
      pool);
  return result;
}

}  // namespace fringe
