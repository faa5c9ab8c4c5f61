// The GPU's mesh kernel, run on the host thread by thread, against the mesh in double.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/cuda/cuda_trials.hpp"
#include "photonics/cuda/joined_mesh.hpp"
#include "photonics/cuda/ring_tape.hpp"
#include "tests/photonics/ring_emulator.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

PhysicalMesh<double> random_mesh(const MeshLayout& layout, double loss_db, std::uint32_t site = 1) {
  const auto uniform = [&](std::size_t count, double low, double high) {
    std::vector<double> x(count);
    fill_uniform(x, {5, Purpose::test, 0, site++});
    for (double& v : x) v = low + (high - low) * v;
    return x;
  };
  const std::size_t couplers = layout.couplers.size();
  FabricatedMesh chip = ideal_fabrication(layout);
  chip.alpha_rad = uniform(couplers, -0.1, 0.1);
  chip.loss_db = uniform(couplers, 0, 2 * loss_db);
  return realise<double>(
      layout, {uniform(couplers, 0, 2 * pi), uniform(couplers, 0, 2 * pi), uniform(layout.modes, 0, 2 * pi)},
      chip);
}

PhysicalMesh<double> uniform_mesh(const MeshLayout& layout, const Matrix2& coupler) {
  return {std::vector(layout.couplers.size(), coupler), std::vector<Complex>(layout.modes, 1.0)};
}

struct Planes {
  std::size_t rows, batch;
  std::vector<float> re, im;

  Planes(std::size_t r, std::size_t b) : rows(r), batch(b), re(r * b, -1.0f), im(r * b, -1.0f) {}
  static Planes random(std::size_t r, std::size_t b) {
    Planes x(r, b);
    fill_normal(x.re, {3, Purpose::test, 0, 1});
    fill_normal(x.im, {3, Purpose::test, 0, 2});
    return x;
  }
  Fields<float> view() { return {{re.data(), rows, batch}, {im.data(), rows, batch}}; }
  bool operator==(const Planes&) const = default;
};

/// Threads of a block: more than a ring needs, so that warps hold several of them and idle lanes.
std::uint32_t threads_for(std::uint32_t lanes) {
  return lanes <= ring::warp ? 64 : 2 * ring::ring_span(lanes);
}

/// Largest distance of a sample from the mesh in double, over its norm.
double worst_error(const MeshLayout& layout, const PhysicalMesh<double>& mesh, const Planes& x,
                   const Planes& y, std::size_t first_row = 0) {
  std::vector<double> re(x.re.begin(), x.re.begin() + static_cast<std::ptrdiff_t>(layout.modes * x.batch)),
      im(x.im.begin(), x.im.begin() + static_cast<std::ptrdiff_t>(layout.modes * x.batch));
  const Fields<double> z{{re.data(), layout.modes, x.batch}, {im.data(), layout.modes, x.batch}};
  CompiledMesh<double>(layout, mesh).propagate(z, z);
  double worst = 0;
  for (std::size_t b = 0; b < x.batch; ++b) {
    double away = 0, norm = 0;
    for (std::size_t m = 0; m < layout.modes; ++m) {
      const std::size_t at = (first_row + m) * x.batch + b;
      const Complex wanted(z.re(m, b), z.im(m, b));
      away += std::norm(wanted - Complex(y.re[at], y.im[at]));
      norm += std::norm(wanted);
    }
    const double error = std::sqrt(away / norm);
    if (!(error <= worst)) worst = error;  // lets a NaN through
  }
  return worst;
}

template <int V>
double emulated_error(const MeshLayout& layout, const PhysicalMesh<double>& mesh, std::size_t batch,
                      bool deferred) {
  const ring::Map map = ring::map_of(layout);
  const ring::Tape tape = ring::tape_of(layout, map, {&mesh, 1});
  EXPECT_EQ(tape.deferred, deferred);
  Planes x = Planes::random(layout.modes, batch), y(layout.modes, batch);
  ring::emulate<V>(ring::pass_of(map, tape, x.view(), y.view()), tape.deferred, 1, threads_for(map.lanes));
  return worst_error(layout, mesh, x, y);
}

/// As for the CPU's kernels: a column adds at most six roundings to each field, which walk; where all
/// couplers are alike they add up. The full form has eight.
double rounding(const MeshLayout& layout, int roundings = 6) {
  return roundings * 0x1p-24 * std::sqrt(static_cast<double>(layout.columns() + 1));
}
double coherent_rounding(const MeshLayout& layout, int roundings = 6) {
  return roundings * 0x1p-24 * static_cast<double>(layout.columns() + 1);
}

TEST(RingOfLanes, EqualsTheMeshForEverySize) {
  for (const std::size_t modes : {2, 3, 5, 7, 8, 9, 16, 24, 31, 64, 100, 128, 256, 257, 300, 512, 1024}) {
    const MeshLayout layout = find_topology("rectangular").build(modes);
    EXPECT_LE(emulated_error<8>(layout, random_mesh(layout, 0), modes < 512 ? 37 : 3, true), rounding(layout))
        << modes;
    if (modes > 300) continue;
    EXPECT_LE(emulated_error<1>(layout, random_mesh(layout, 0), 5, true), rounding(layout)) << modes;
  }
}

/// Fields in double against the CPU's, both of whose roundings walk.
template <int V>
void expect_double(const MeshLayout& layout, const PhysicalMesh<double>& mesh, std::size_t batch,
                   bool deferred) {
  const ring::Map map = ring::map_of(layout);
  const auto tape = ring::tape_of<double>(layout, map, {&mesh, 1});
  EXPECT_EQ(tape.deferred, deferred);
  const Planes x = Planes::random(layout.modes, batch);
  std::vector<double> re(x.re.begin(), x.re.end()), im(x.im.begin(), x.im.end()), y_re(re), y_im(im);
  const Fields<double> z{{re.data(), layout.modes, batch}, {im.data(), layout.modes, batch}},
      y{{y_re.data(), layout.modes, batch}, {y_im.data(), layout.modes, batch}};
  ring::emulate<V>(ring::pass_of(map, tape, y, y), deferred, 1, threads_for(map.lanes));
  CompiledMesh<double>(layout, mesh).propagate(z, z);
  double away = 0, norm = 0;
  for (std::size_t i = 0; i < re.size(); ++i) {
    away += std::norm(Complex(y_re[i] - re[i], y_im[i] - im[i]));
    norm += std::norm(Complex(re[i], im[i]));
  }
  EXPECT_LE(std::sqrt(away / norm), 2 * 8 * 0x1p-53 * std::sqrt(static_cast<double>(layout.columns() + 1)))
      << layout.modes << ' ' << V;
}

TEST(RingOfLanes, DoublePrecisionEqualsTheMesh) {
  for (const std::size_t modes : {2, 9, 31, 64, 256, 300}) {
    const MeshLayout layout = find_topology("rectangular").build(modes);
    expect_double<4>(layout, random_mesh(layout, 0.1), 11, true);
    expect_double<1>(layout, random_mesh(layout, 0.1), 3, true);
    PhysicalMesh<double> mesh = random_mesh(layout, 0.1);
    mesh.couplers.front() = {0, Complex(0, 1), Complex(0, 1), 0};
    expect_double<4>(layout, mesh, 11, false);
  }
}

TEST(RingOfLanes, EqualsTheMeshForEveryLayoutThatFits) {
  for (const char* name : {"triangular", "redundant-rectangular", "truncated-rectangular"})
    for (const std::size_t modes : {3, 4, 8, 21, 40, 64}) {
      const MeshLayout layout = find_topology(name).build(modes);
      EXPECT_LE(emulated_error<8>(layout, random_mesh(layout, 0.05), 11, true), rounding(layout))
          << name << ' ' << modes;
    }
}

TEST(RingOfLanes, OtherLayoutsAndSizesAreRefused) {
  for (const char* name : {"butterfly", "binary-tree", "cascaded-trees"})
    EXPECT_THROW(ring::map_of(find_topology(name).build(8)), Error) << name;
  EXPECT_THROW(ring::map_of(rectangular_layout(1025, 2)), Error);
  const MeshLayout layout = find_topology("rectangular").build(8);
  const ring::Map map = ring::map_of(layout);
  EXPECT_THROW(ring::tape_of(layout, map, {}), Error);
  PhysicalMesh<double> mesh = random_mesh(layout, 0);
  mesh.couplers[3][1] = std::nan("");
  EXPECT_THROW(ring::tape_of(layout, map, {&mesh, 1}), Error);
  mesh.couplers.pop_back();
  EXPECT_THROW(ring::tape_of(layout, map, {&mesh, 1}), Error);
}

TEST(RingOfLanes, TheEngineNeedsTheGpusExecutor) {
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const MeshLayout layout = find_topology("rectangular").build(8);
  EXPECT_THROW(CudaMesh<float>(*cpu, layout, random_mesh(layout, 0)), Error);
  EXPECT_THROW(CudaTrials(*cpu, layout, {}, {}, 1), Error);
}

TEST(RingOfLanes, TakesCrossAndBarStates) {
  constexpr Complex i{0, 1};
  for (const std::size_t modes : {8, 64, 300}) {
    const MeshLayout layout = find_topology("rectangular").build(modes);
    EXPECT_EQ(emulated_error<8>(layout, uniform_mesh(layout, {1.0, 0, 0, i}), 9, true), 0) << modes;
    EXPECT_EQ(emulated_error<8>(layout, uniform_mesh(layout, {0, i, i, 0}), 9, false), 0) << modes;
  }
}

TEST(RingOfLanes, TakesHalfAndHalfAtFullSize) {
  const MeshLayout layout = find_topology("rectangular").build(1024);
  const double half = std::sqrt(0.5);
  EXPECT_LE(emulated_error<8>(layout, uniform_mesh(layout, {half, Complex(0, half), Complex(0, half), half}),
                              2, true),
            coherent_rounding(layout));
}

TEST(RingOfLanes, TakesLossAndDeadCouplers) {
  const MeshLayout layout = find_topology("rectangular").build(64);
  EXPECT_LE(emulated_error<8>(layout, random_mesh(layout, 3), 9, true), rounding(layout));
  EXPECT_LE(emulated_error<8>(layout, random_mesh(layout, 10), 9, true), rounding(layout));
  PhysicalMesh<double> mesh = random_mesh(layout, 0.1);
  mesh.couplers[100] = {};
  EXPECT_LE(emulated_error<8>(layout, mesh, 9, false), rounding(layout, 8));
}

TEST(RingOfLanes, ManyMeshesShareOrBringTheirInputs) {
  const MeshLayout layout = find_topology("rectangular").build(24);
  const std::vector<PhysicalMesh<double>> meshes{random_mesh(layout, 0.1, 1), random_mesh(layout, 3, 7),
                                                 random_mesh(layout, 0, 13)};
  const ring::Map map = ring::map_of(layout);
  const ring::Tape tape = ring::tape_of(layout, map, meshes);
  Planes shared = Planes::random(24, 9), own(72, 9), a(72, 9), b(72, 9);
  for (std::size_t i = 0; i < own.re.size(); ++i) {
    own.re[i] = shared.re[i % shared.re.size()];
    own.im[i] = shared.im[i % shared.im.size()];
  }
  ring::emulate<8>(ring::pass_of(map, tape, shared.view(), a.view()), tape.deferred, 3, 32);
  ring::emulate<8>(ring::pass_of(map, tape, own.view(), b.view()), tape.deferred, 3, 32);
  EXPECT_EQ(a, b);
  for (std::size_t m = 0; m < 3; ++m)
    EXPECT_LE(worst_error(layout, meshes[m], shared, a, 24 * m), rounding(layout));
}

// A grid has room for 65535 meshes: more go in parts. Couplers that are nearly crossed make the deferred form
// rescale, an exact cross takes the full one.
TEST(RingOfLanes, PartsOfManyMeshesHaveTheBitsOfTheWhole) {
  const MeshLayout layout = find_topology("rectangular").build(24);
  constexpr double near = 0x1p-8;
  const double rest = std::sqrt(1 - near * near);
  for (const bool deferred : {true, false}) {
    std::vector<PhysicalMesh<double>> meshes;
    for (std::uint32_t m = 0; m < 5; ++m) meshes.push_back(random_mesh(layout, 0.1, 6 * m + 1));
    for (const std::size_t m : {1u, 3u})
      meshes[m] = uniform_mesh(layout, {near, Complex(0, rest), Complex(0, rest), near});
    if (!deferred) meshes[4] = uniform_mesh(layout, {0, Complex(0, 1), Complex(0, 1), 0});
    const ring::Map map = ring::map_of(layout);
    const ring::Tape tape = ring::tape_of(layout, map, meshes);
    ASSERT_EQ(tape.deferred, deferred);
    ASSERT_NE(tape.rescale.empty(), deferred);
    for (const std::size_t rows : {24u, 120u})
      for (const bool real : {false, true}) {
        Planes in = Planes::random(rows, 9), whole(120, 9), parts(120, 9);
        Fields<float> x = in.view();
        if (real) x.im = {};
        const auto launch = [&](const ring::Pass& pass, std::uint32_t count) {
          ring::emulate<8>(pass, deferred, count, 32);
        };
        launch(ring::pass_of(map, tape, x, whole.view()), 5);
        const ring::Pass pass = ring::pass_of(map, tape, x, parts.view());
        for (const std::uint32_t first : {0u, 2u, 4u}) {
          const std::uint32_t count = std::min(5 - first, 2u);
          launch(deferred ? ring::part_of<ring::Deferred>(pass, first, count)
                          : ring::part_of<ring::Full>(pass, first, count),
                 count);
        }
        EXPECT_EQ(whole, parts) << deferred << ' ' << rows << ' ' << real;
      }
  }
}

/// A batch of tiles U·Σ·Vᴴ in one launch; Σ holds an exact zero in one of them.
TEST(RingOfLanes, ACoresTwoMeshesAreOne) {
  for (const std::size_t modes : {8, 9, 40, 64}) {
    const MeshLayout half = find_topology("rectangular").build(modes), layout = joined_layout(half, half);
    for (const bool dark : {false, true}) {
      std::vector<double> sigma(modes);
      fill_uniform(sigma, {5, Purpose::test, 0, 99});
      for (double& s : sigma) s = 0.1 + 0.9 * s;
      if (dark) sigma[modes / 2] = 0;
      const PhysicalMesh<double> v = random_mesh(half, 0, 1), u = random_mesh(half, 0, 7);
      const std::vector<PhysicalMesh<double>> tiles{joined_mesh(half, v, sigma, u),
                                                    joined_mesh(half, u, sigma, v)};
      const ring::Map map = ring::map_of(layout);
      const ring::Tape tape = ring::tape_of(layout, map, tiles);
      EXPECT_EQ(tape.deferred, !dark);
      Planes x = Planes::random(modes, 9), y(2 * modes, 9);
      ring::emulate<8>(ring::pass_of(map, tape, x.view(), y.view()), tape.deferred, 2, 64);
      for (std::size_t t = 0; t < 2; ++t) {
        std::vector<double> re(x.re.begin(), x.re.end()), im(x.im.begin(), x.im.end());
        const Fields<double> z{{re.data(), modes, 9}, {im.data(), modes, 9}};
        CompiledMesh<double>(half, t == 0 ? v : u).propagate(z, z);
        for (std::size_t i = 0; i < re.size(); ++i) {
          re[i] *= sigma[i / 9];
          im[i] *= sigma[i / 9];
        }
        CompiledMesh<double>(half, t == 0 ? u : v).propagate(z, z);
        for (std::size_t b = 0; b < 9; ++b) {
          double away = 0, norm = 0;
          for (std::size_t m = 0; m < modes; ++m) {
            away += std::norm(Complex(z.re(m, b), z.im(m, b)) -
                              Complex(y.re[(t * modes + m) * 9 + b], y.im[(t * modes + m) * 9 + b]));
            norm += std::norm(Complex(z.re(m, b), z.im(m, b)));
          }
          // Roundings ahead of the attenuators pass as they are; at least a tenth of the light does.
          EXPECT_LE(std::sqrt(away / norm), rounding(layout, 8) * 10) << modes << ' ' << dark;
        }
      }
    }
  }
  const MeshLayout a = rectangular_layout(8, 8), b = rectangular_layout(9, 9);
  EXPECT_THROW(joined_layout(a, b), Error);
  EXPECT_THROW(joined_mesh(b, random_mesh(a, 0), {}, random_mesh(b, 0)), Error);
}

TEST(RingOfLanes, ASamplesBitsDependOnItAlone) {
  const MeshLayout layout = find_topology("rectangular").build(40);
  const PhysicalMesh<double> mesh = random_mesh(layout, 0.1);
  const ring::Map map = ring::map_of(layout);
  const ring::Tape tape = ring::tape_of(layout, map, {&mesh, 1});
  Planes x = Planes::random(40, 61), one(40, 61), many(40, 61), wide(40, 61);
  ring::emulate<1>(ring::pass_of(map, tape, x.view(), one.view()), tape.deferred, 1, 32);
  ring::emulate<8>(ring::pass_of(map, tape, x.view(), many.view()), tape.deferred, 1, 32);
  ring::emulate<8>(ring::pass_of(map, tape, x.view(), wide.view()), tape.deferred, 1, 128);
  EXPECT_EQ(one, many);
  EXPECT_EQ(one, wide);
}

TEST(RingOfLanes, RealInputsHaveNoImaginaryPlane) {
  const MeshLayout layout = find_topology("rectangular").build(16);
  const PhysicalMesh<double> mesh = random_mesh(layout, 0);
  const ring::Map map = ring::map_of(layout);
  const ring::Tape tape = ring::tape_of(layout, map, {&mesh, 1});
  Planes x = Planes::random(16, 9), a(16, 9), b(16, 9);
  std::fill(x.im.begin(), x.im.end(), 0.0f);
  ring::emulate<8>(ring::pass_of(map, tape, x.view(), a.view()), tape.deferred, 1, 32);
  ring::emulate<8>(ring::pass_of(map, tape, {x.view().re, {}}, b.view()), tape.deferred, 1, 32);
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace fringe
