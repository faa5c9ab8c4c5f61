// Chips drawn eight at a time against the plain way: fabricate, realise, compile, propagate.
#include "photonics/mesh_trials.hpp"

#include <gtest/gtest.h>

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

namespace fringe {
namespace {

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

PhaseProgram random_program(const MeshLayout& layout) {
  const auto phases = [](std::size_t count, std::uint32_t site) {
    std::vector<double> values(count);
    fill_uniform(values, {5, Purpose::test, 0, site});
    for (double& v : values) v *= 2 * pi;
    return values;
  };
  return {phases(layout.couplers.size(), 1), phases(layout.couplers.size(), 2), phases(layout.modes, 3)};
}

MeshImperfections noisy() {
  return {.splitter_sigma_rad = 0.02,
          .phase_sigma_rad = 0.01,
          .phase_bits = 8,
          .insertion_loss_db = 0.2,
          .insertion_loss_sigma_db = 0.1};
}

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

// An element of a coupler's matrix is off by some roundings of its own: half phases and errors 4, their
// products 6, G 4, B and C 10, propagation 3, all of random sign. Where couplers differ they add like a
// random walk.
double bound(const MeshLayout& layout) {
  constexpr double u = 0x1p-24;
  return 48 * u * std::sqrt(static_cast<double>(layout.columns()));
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

}  // namespace
}  // namespace fringe
