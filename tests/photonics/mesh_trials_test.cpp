// Chips drawn side by side against the plain way: fabricate, realise, compile, propagate.
#include "photonics/mesh_trials.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <mutex>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/chip_drivers.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/trial_kernel.hpp"
#include "photonics/trial_plan.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using mesh_testing::noisy;
using mesh_testing::random_program;

struct Planes {
  std::vector<float> re, im;
  std::size_t modes, batch;

  Planes(std::size_t m, std::size_t b) : re(m * b), im(m * b), modes(m), batch(b) {}
  static Planes random(std::size_t m, std::size_t b) {
    Planes x(m, b);
    fill_normal(x.re, {3, Purpose::test, 0, 1});
    fill_normal(x.im, {3, Purpose::test, 0, 2});
    return x;
  }
  ConstFields<float> view() const { return {{re.data(), modes, batch}, {im.data(), modes, batch}}; }
  Fields<float> view() { return {{re.data(), modes, batch}, {im.data(), modes, batch}}; }
  bool operator==(const Planes&) const = default;
};

using Outputs = std::map<std::uint32_t, Planes>;

Outputs outputs_of(const MeshTrials& trials, std::uint32_t first, std::uint32_t count, const Planes& in,
                   ThreadPool* pool = nullptr) {
  Outputs all;
  std::mutex mutex;
  trials.run(
      first, count, in.view(),
      [&](std::uint32_t trial, ConstFields<float> out) {
        Planes y(in.modes, in.batch);
        for (std::size_t m = 0; m < in.modes; ++m)
          for (std::size_t b = 0; b < in.batch; ++b) {
            y.re[m * in.batch + b] = out.re(m, b);
            y.im[m * in.batch + b] = out.im(m, b);
          }
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(all.emplace(trial, std::move(y)).second) << "visited twice: " << trial;
      },
      pool);
  return all;
}

/// Largest distance of a sample from the double-precision one, over its norm.
double distance(const MeshLayout& layout, const PhaseProgram& program, const MeshImperfections& m,
                std::uint32_t trial, const Crossing& crossing, const Planes& in, const Planes& out) {
  const PhysicalMesh<double> mesh =
      realise<double>(layout, held_by_chip(drivers_of(layout, m, 9, trial, 4), program),
                      fabricate(layout, m, 9, trial, 4, crossing));
  std::vector<double> re(in.re.begin(), in.re.end()), im(in.im.begin(), in.im.end());
  const Fields<double> x{{re.data(), in.modes, in.batch}, {im.data(), in.modes, in.batch}};
  double worst = 0;
  std::vector<double> norm(in.batch), away(in.batch);
  CompiledMesh<double>(layout, mesh).propagate(x, x);
  for (std::size_t i = 0; i < re.size(); ++i) {
    norm[i % in.batch] += re[i] * re[i] + im[i] * im[i];
    away[i % in.batch] += std::pow(re[i] - static_cast<double>(out.re[i]), 2) +
                          std::pow(im[i] - static_cast<double>(out.im[i]), 2);
  }
  for (std::size_t b = 0; b < in.batch; ++b) worst = std::max(worst, std::sqrt(away[b] / norm[b]));
  return worst;
}

// An element of a coupler's matrix is off by 27 roundings of its own: half phases and errors 4, their
// products 6, G 4, B and C 10, propagation 3. Each is u/√3 rms and of random sign, 3u together; where
// couplers differ they add like a random walk, and 4 of its standard deviations are the worst sample's.
double bound(const MeshLayout& layout) {
  constexpr double u = 0x1p-24;
  return 12 * u * std::sqrt(static_cast<double>(layout.columns()));
}

TEST(MeshTrials, AreThePlainChipsOnEveryTopologyAndCrossing) {
  for (const Topology& topology : topologies())
    for (const Crossing& crossing : crossings())
      for (const std::size_t batch : {3u, 20u}) {
        const MeshLayout layout = topology.build(8);
        const PhaseProgram program = random_program(layout);
        const Planes in = Planes::random(layout.modes, batch);
        const MeshTrials trials(layout, program, noisy(), 9, 4, crossing);
        EXPECT_TRUE(trials.together());
        const Outputs all = outputs_of(trials, 5, 11, in);
        ASSERT_EQ(all.size(), 11u);
        for (const auto& [trial, out] : all)
          EXPECT_LE(distance(layout, program, noisy(), trial, crossing, in, out), bound(layout))
              << topology.name << ' ' << crossing.name << ' ' << trial << ' ' << batch;
      }
}

/// Of large meshes, bands of diagonals are drawn: every coupler once, and on each mode in the order of light.
TEST(MeshTrials, CouplersAreDrawnInTheOrderOfLight) {
  for (const char* name : {"rectangular", "triangular", "butterfly"})
    for (const std::size_t modes : {16u, 1024u}) {
      const MeshLayout layout = find_topology(name).build(modes);
      const PhaseProgram blank{std::vector<double>(layout.couplers.size()),
                               std::vector<double>(layout.couplers.size()),
                               std::vector<double>(layout.modes)};
      const TrialPlan plan(layout, blank, noisy(), 9, 4, mzi_crossing());
      std::vector<bool> drawn(layout.couplers.size());
      std::vector<std::int64_t> last(layout.modes, -1);
      for (const TrialSpan& span : plan.spans) {
        ASSERT_EQ(span.first % 4, 0u);
        ASSERT_LE(span.end, trial_run);
        for (std::uint32_t n = span.first + span.begin; n < span.first + span.end; ++n) {
          ASSERT_FALSE(drawn[n]) << name << ' ' << n;
          drawn[n] = true;
          for (const std::uint32_t mode : {layout.couplers[n].upper, layout.couplers[n].lower}) {
            ASSERT_LT(last[mode], n) << name << ' ' << mode;
            last[mode] = n;
          }
        }
      }
      EXPECT_EQ(std::count(drawn.begin(), drawn.end(), false), 0) << name << ' ' << modes;
      const bool bands =
          !std::is_sorted(plan.spans.begin(), plan.spans.end(),
                          [](const TrialSpan& a, const TrialSpan& b) { return a.first < b.first; });
      EXPECT_EQ(bands, modes == 1024 && layout.columns() > 100) << name;
    }
}

TEST(MeshTrials, LargeChipsAreThePlainOnes) {
  const MeshLayout layout = find_topology("rectangular").build(1024);
  const PhaseProgram program = random_program(layout);
  const Planes in = Planes::random(layout.modes, 9);
  const MeshTrials trials(layout, program, noisy(), 9, 4);
  for (const auto& [trial, out] : outputs_of(trials, 5, 1, in))
    EXPECT_LE(distance(layout, program, noisy(), trial, mzi_crossing(), in, out), bound(layout));
}

/// All that this processor runs.
template <std::size_t Lanes>
std::vector<const TrialKernels<Lanes>*> kernel_sets() {
  std::vector<const TrialKernels<Lanes>*> sets;
  if constexpr (Lanes == trial_lanes_wide)
    sets = {&trial_kernels_baseline_wide};
  else
    sets = {&trial_kernels_baseline};
#if defined(__x86_64__)
  if constexpr (Lanes == trial_lanes)
    if (__builtin_cpu_supports("avx2")) sets.push_back(&trial_kernels_avx2);
#endif
  if (wide_trials()) sets.push_back(&trial_kernels<Lanes>());
  return sets;
}

/// FNV-1a of the numbers' bits.
struct Hash {
  std::uint64_t value = 0xcbf29ce484222325u;
  void add(float v) { value = (value ^ std::bit_cast<std::uint32_t>(v)) * 0x100000001b3u; }
};

template <std::size_t Lanes>
void expect_draws() {
  constexpr std::uint32_t first = 0xfffffffa;  // trials run on behind the last
  // Enough runs for the tails: of eight octaves one number in 300 is there, of sixteen one in 65536.
  for (const TrialKernels<Lanes>* kernels : kernel_sets<Lanes>()) {
    TrialStream<Lanes> streams;
    kernels->start({1, Purpose::test, first, 2, 3}, streams);
    for (std::uint32_t run = 0; run < 1000; ++run) {
      alignas(64) TrialCells<Lanes> cells;
      kernels->normals(streams, run * trial_run / 4, cells);
      for (std::uint32_t l = 0; l < Lanes; ++l) {
        std::vector<float> wanted(trial_run);
        fill_normal(wanted, {1, Purpose::test, first + l, 2, 3}, run * trial_run);
        for (std::size_t k = 0; k < trial_run; ++k)
          ASSERT_EQ(cells[k * Lanes + l], wanted[k]) << run << ' ' << l << ' ' << k;
      }
    }
  }
}

TEST(TrialKernels, DrawWhatFillNormalDraws) {
  expect_draws<trial_lanes>();
  expect_draws<trial_lanes_wide>();
}

/// Sixteen chips stand in two sets of eight lanes, or in one of sixteen.
template <std::size_t Lanes>
void expect_matrix_bits() {
  const std::vector<TrialPhases> phases(trial_run, {0.8f, 0.6f, -0.28f, 0.96f});
  constexpr std::size_t sets = trial_lanes_wide / Lanes;
  std::vector<TrialNormals<Lanes>> normals(sets);
  std::uint32_t site = 0;
  for (auto cells : {&TrialNormals<Lanes>::alpha, &TrialNormals<Lanes>::beta, &TrialNormals<Lanes>::gamma,
                     &TrialNormals<Lanes>::theta, &TrialNormals<Lanes>::phi, &TrialNormals<Lanes>::loss}) {
    std::vector<float> drawn(trial_run * trial_lanes_wide);
    fill_normal(drawn, {2, Purpose::test, 0, site++});
    for (std::size_t k = 0; k < trial_run; ++k)
      for (std::size_t l = 0; l < trial_lanes_wide; ++l)
        (normals[l / Lanes].*cells)[k * Lanes + l % Lanes] = drawn[k * trial_lanes_wide + l];
  }
  for (const TrialKernels<Lanes>* kernels : kernel_sets<Lanes>()) {
    Hash hash;
    for (const bool small : {false, true})
      for (const bool front : {false, true}) {
        const TrialStrengths strengths{0.02f, 0.03f, 0,     1,     1,     0,    0.6f,
                                       0.8f,  front, false, small, 0.01f, 0.02f};
        std::vector<TrialMatrices<Lanes>> m(sets);
        for (std::size_t set = 0; set < sets; ++set)
          kernels->matrices(strengths, phases.data(), normals[set], m[set]);
        for (auto cells :
             {&TrialMatrices<Lanes>::p_re, &TrialMatrices<Lanes>::p_im, &TrialMatrices<Lanes>::q_re,
              &TrialMatrices<Lanes>::q_im, &TrialMatrices<Lanes>::g_re, &TrialMatrices<Lanes>::g_im})
          for (std::size_t k = 0; k < trial_run; ++k)
            for (std::size_t l = 0; l < trial_lanes_wide; ++l)
              hash.add((m[l / Lanes].*cells)[k * Lanes + l % Lanes]);
      }
    EXPECT_EQ(hash.value, 18113037160789015909u) << Lanes;
  }
}

TEST(TrialKernels, BitsAreThoseOfEveryCompilerInstructionSetAndWidth) {
  expect_matrix_bits<trial_lanes>();
  expect_matrix_bits<trial_lanes_wide>();
}

TEST(MeshTrials, BitsDependOnTheTrialAlone) {
  for (const char* name : {"rectangular", "butterfly"})
    for (const std::size_t batch : {3u, 20u}) {
      const MeshLayout layout = find_topology(name).build(16);
      const Planes in = Planes::random(layout.modes, batch);
      const MeshTrials trials(layout, random_program(layout), noisy(), 9);
      const Outputs all = outputs_of(trials, 0, 30, in);  // sixteen in the lanes, where a register holds them
      ThreadPool one(1), three(3);
      EXPECT_EQ(outputs_of(trials, 0, 30, in, &one), all);
      EXPECT_EQ(outputs_of(trials, 0, 30, in, &three), all);
      for (const auto& [trial, out] : outputs_of(trials, 11, 5, in)) EXPECT_EQ(out, all.at(trial));
      for (const auto& [trial, out] : outputs_of(trials, 3, 8, in)) EXPECT_EQ(out, all.at(trial));  // eight
    }
}

// Exact cross and bar states, with and without errors, and loss that takes 60 octaves from the field.
TEST(MeshTrials, EdgesOfTheRange) {
  for (const char* name : {"rectangular", "triangular", "butterfly"})
    for (const double theta : {0.0, 1e-6, pi / 2, pi})
      for (const double sigma : {0.0, 1e-9, 1e-3, 0.2})
        for (const double loss_db : {0.0, 6.0})
          for (const std::size_t batch : {2u, 17u}) {
            const MeshLayout layout = find_topology(name).build(32);
            PhaseProgram program = random_program(layout);
            std::fill(program.theta.begin(), program.theta.end(), theta);
            const MeshImperfections m{.splitter_sigma_rad = sigma, .insertion_loss_db = loss_db};
            const MeshTrials trials(layout, program, m, 9, 4);
            const Planes in = Planes::random(layout.modes, batch);
            for (const auto& [trial, out] : outputs_of(trials, 0, 3, in)) {
              const double away = distance(layout, program, m, trial, mzi_crossing(), in, out);
              const double columns = static_cast<double>(layout.columns());
              EXPECT_LE(away, 12 * 0x1p-24 * columns)
                  << name << ' ' << theta << ' ' << sigma << ' ' << loss_db << ' ' << batch;
            }
          }
}

TEST(MeshTrials, OtherImperfectionsGoChipByChip) {
  const MeshLayout layout = find_topology("rectangular").build(8);
  const PhaseProgram program = random_program(layout);
  MeshImperfections arms = noisy(), stuck = noisy(), dead = noisy(), balanced = noisy(), heated = noisy();
  arms.arm_imbalance_sigma_db = 0.1;
  stuck.stuck_phase_probability = 0.1;
  dead.dead_coupler_probability = 0.1;
  balanced.balanced_edges = true;
  for (const MeshImperfections& m : {arms, stuck, dead, balanced}) {
    const MeshTrials trials(layout, program, m, 9, 4);
    EXPECT_FALSE(trials.together());
    const Planes in = Planes::random(8, 20);
    for (const auto& [trial, out] : outputs_of(trials, 3, 4, in)) {
      const PhaseProgram held = held_by_chip(drivers_of(layout, m, 9, trial, 4), program);
      Planes wanted = in;
      CompiledMesh<float>(layout, realise<double>(layout, held, fabricate(layout, m, 9, trial, 4)))
          .propagate(wanted.view(), wanted.view());
      EXPECT_EQ(out, wanted) << trial;
    }
  }
  heated.crosstalk.coefficient = 0.01;
  heated.phase_sigma_rad = 0.6;
  const MeshTrials trials(layout, program, heated, 9, 4);
  EXPECT_TRUE(trials.together());
  const Planes in = Planes::random(8, 20);
  for (const auto& [trial, out] : outputs_of(trials, 3, 4, in))
    EXPECT_LE(distance(layout, program, heated, trial, mzi_crossing(), in, out), bound(layout));
}

TEST(MeshTrials, ErrorsAreThoseOfTheMatrices) {
  const MeshLayout layout = find_topology("rectangular").build(16);
  const PhaseProgram program = random_program(layout);
  const MeshImperfections m{.splitter_sigma_rad = 0.02, .phase_sigma_rad = 0.01};
  Planes unit(16, 16);
  for (std::size_t i = 0; i < 16; ++i) unit.re[17 * i] = 1;
  const ConstFields<float> in{unit.view().re, {}};
  const std::vector<double> errors = MeshTrials(layout, program, m, 9).errors(2, 5, in);
  const auto ideal = transfer_matrix(layout, realise<double>(layout, program, ideal_fabrication(layout)));
  for (std::uint32_t t = 0; t < 5; ++t) {
    const auto u =
        transfer_matrix(layout, realise<double>(layout, program, fabricate(layout, m, 9, 2 + t, 0)));
    double sum = 0;
    for (std::size_t i = 0; i < u.size(); ++i) sum += std::norm(u[i] - ideal[i]);
    EXPECT_NEAR(errors[t], std::sqrt(sum / 16), 2 * bound(layout));
  }
  EXPECT_LE(MeshTrials(layout, program, {}, 9).errors(0, 1, in)[0], 2 * bound(layout));
}

TEST(MeshTrials, RefusesWhatDoesNotFit) {
  const MeshLayout layout = find_topology("rectangular").build(4);
  const PhaseProgram program = random_program(layout);
  PhaseProgram broken = program, shorter = program;
  broken.out[1] = std::numeric_limits<double>::quiet_NaN();
  shorter.theta.pop_back();
  EXPECT_THROW(MeshTrials(layout, broken, {}, 1), Error);
  EXPECT_THROW(MeshTrials(layout, shorter, {}, 1), Error);
  EXPECT_THROW(MeshTrials(layout, program, {.phase_sigma_rad = -1}, 1), Error);
  const MeshTrials trials(layout, program, {}, 1);
  EXPECT_THROW(trials.run(0, 1, Planes(5, 3).view(), [](std::uint32_t, ConstFields<float>) {}), Error);
  // Errors are relative to some light.
  std::vector<float> dark(2 * layout.modes * 3);
  EXPECT_THROW(
      trials.errors(0, 1, {{dark.data(), layout.modes, 3}, {&dark[layout.modes * 3], layout.modes, 3}}),
      Error);
  EXPECT_THROW(trials.errors(0, 1, {{dark.data(), layout.modes, 0}, {}}), Error);
}

}  // namespace
}  // namespace fringe
