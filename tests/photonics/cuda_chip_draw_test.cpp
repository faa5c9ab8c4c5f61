// Chips as the GPU draws them, on the host: against fabricate(), and against the CPU's Monte Carlo.
#include <gtest/gtest.h>

#include <cmath>

#include "core/units.hpp"
#include "photonics/chip_drivers.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/cuda/chip_draw.hpp"
#include "photonics/cuda/ring_tape.hpp"
#include "photonics/mesh_trials.hpp"
#include "photonics/trial_strengths.hpp"
#include "tests/photonics/mesh_testing.hpp"
#include "tests/photonics/ring_emulator.hpp"

namespace fringe {
namespace {

using mesh_testing::noisy;
using mesh_testing::random_program;

constexpr std::uint64_t seed = 0x123456789abcdef;
constexpr std::uint32_t site = 4;

/// What the GPU draws for trials first … first + count − 1.
struct Drawn {
  ring::Map map;
  std::vector<ring::Quad> tape;
  std::vector<float> out;

  Drawn(const MeshLayout& layout, const PhaseProgram& asked, const MeshImperfections& m,
        const Crossing& crossing, std::uint32_t first, std::uint32_t count)
      : map(ring::map_of(layout)) {
    const PhaseProgram held = held_by_chip(drivers_of(layout, m, seed, 0, site), asked);
    const auto phases = trial_phases(held);
    const auto screen = trial_screen(held);
    const ring::ChipPlaces to = ring::chip_places(map);
    const ring::ChipProgram program{trial_strengths(m, crossing),
                                    phases.data(),
                                    to.first_quad.data(),
                                    reinterpret_cast<const float*>(screen.data()),
                                    to.leaves.data(),
                                    static_cast<std::uint32_t>(phases.size()),
                                    map.modes,
                                    map.lanes,
                                    site,
                                    seed};
    const std::size_t quads = map.mesh_quads(ring::Full::quads), outs = 2 * map.ring_places();
    for (std::size_t i = 0; i < count * quads; ++i) tape.push_back(ring::identity_quad(i, map.lanes));
    out.resize(count * outs);
    for (std::uint32_t t = 0; t < count; ++t)
      for (std::uint32_t thread = 0; thread < 3; ++thread)
        draw_chip(program, first + t, thread, 3, &tape[t * quads], &out[t * outs]);
  }
  Drawn(Drawn&&) = delete;

  /// [count·modes × batch]
  void run(std::uint32_t count, ConstFields<float> in, Fields<float> y) const {
    ring::Pass p;
    p.lanes = map.lanes;
    p.columns = map.columns;
    p.modes = map.modes;
    p.coefficients = tape.data();
    p.enter = map.enter();
    p.leave = map.leave();
    p.out = out.data();
    p.in = in;
    p.y = y;
    ring::emulate<8>(p, false, count, 32);
  }
};

/// An element of a coupler's matrix is off by 25 roundings of its own: half phases and errors 4, their
/// products 6, G 4, G times p and q 3, propagation 8. Each is u/√3 rms and of random sign, 2.9u together;
/// they walk, and four standard deviations are the worst sample's.
double bound(const MeshLayout& layout) {
  return 12 * 0x1p-24 * std::sqrt(static_cast<double>(layout.columns()));
}

TEST(ChipDraw, AreThePlainChips) {
  for (const Crossing& crossing : crossings())
    for (const char* topology : {"rectangular", "triangular", "diamond"})
      for (const std::size_t ports : {5, 8, 34}) {
        const MeshLayout layout = find_topology(topology).build(ports);
        const std::size_t modes = layout.modes;
        const PhaseProgram asked = random_program(layout);
        constexpr std::uint32_t first = 5, count = 4;
        constexpr std::size_t batch = 9;
        std::vector<float> x_re(modes * batch), x_im(modes * batch), y_re(count * modes * batch), y_im(y_re);
        fill_normal(x_re, {3, Purpose::test, 0, 1});
        fill_normal(x_im, {3, Purpose::test, 0, 2});
        const ConstFields<float> in{{x_re.data(), modes, batch}, {x_im.data(), modes, batch}};
        const Fields<float> y{{y_re.data(), count * modes, batch}, {y_im.data(), count * modes, batch}};
        Drawn(layout, asked, noisy(), crossing, first, count).run(count, in, y);
        for (std::uint32_t t = 0; t < count; ++t) {
          const PhysicalMesh<double> chip =
              realise<double>(layout, held_by_chip(drivers_of(layout, noisy(), seed, first + t, site), asked),
                              fabricate(layout, noisy(), seed, first + t, site, crossing));
          std::vector<double> re(x_re.begin(), x_re.end()), im(x_im.begin(), x_im.end());
          const Fields<double> z{{re.data(), modes, batch}, {im.data(), modes, batch}};
          CompiledMesh<double>(layout, chip).propagate(z, z);
          for (std::size_t b = 0; b < batch; ++b) {
            double away = 0, norm = 0;
            for (std::size_t m = 0; m < modes; ++m) {
              const std::complex<double> wanted(z.re(m, b), z.im(m, b)),
                  got(y.re(t * modes + m, b), y.im(t * modes + m, b));
              away += std::norm(wanted - got);
              norm += std::norm(wanted);
            }
            EXPECT_LE(std::sqrt(away / norm), bound(layout))
                << topology << ' ' << crossing.name << ' ' << modes << ' ' << t << ' ' << b;
          }
        }
      }
}

TEST(ChipDraw, WithoutImperfectionsIsTheIdealChipForEveryTrial) {
  const MeshLayout layout = find_topology("rectangular").build(10);
  const PhaseProgram asked = random_program(layout);
  const Drawn drawn(layout, asked, {}, mzi_crossing(), 0, 2);
  const std::size_t half = drawn.tape.size() / 2;
  for (std::size_t i = 0; i < half; ++i)
    for (int e = 0; e < 4; ++e) ASSERT_EQ(drawn.tape[i].v[e], drawn.tape[half + i].v[e]);
  const PhysicalMesh<double> ideal = realise<double>(layout, asked, ideal_fabrication(layout));
  for (std::size_t k = 0; k < layout.couplers.size(); ++k) {
    const std::size_t at = drawn.map.quad(k, ring::Full::quads);
    for (std::size_t e = 0; e < 4; ++e) {
      const ring::Quad& q = drawn.tape[at + (e < 2 ? 0 : ring::pairs * drawn.map.lanes)];
      const std::complex<double> got(q.v[e % 2 * 2], q.v[e % 2 * 2 + 1]);
      // 14 roundings of numbers up to 1, none of more than u.
      EXPECT_LE(std::abs(got - ideal.couplers[k][e]), 14 * 0x1p-24) << k << ' ' << e;
    }
  }
}

/// Errors that turn a chip into another one show up coupler by coupler: the α and β that its matrix holds are
/// those of fabricate(), to the bits that survive in |T₀₁|.
TEST(ChipDraw, ReadsEachCouplersOwnNumbers) {
  const MeshLayout layout = find_topology("rectangular").build(9);
  PhaseProgram bar = random_program(layout);
  for (double& theta : bar.theta) theta = pi;  // |T₀₁| = |sin(β − α)|
  const MeshImperfections m{.splitter_sigma_rad = 0.02};
  const Drawn drawn(layout, bar, m, mzi_crossing(), 7, 1);
  const FabricatedMesh chip = fabricate(layout, m, seed, 7, site);
  for (std::size_t k = 0; k < layout.couplers.size(); ++k) {
    const ring::Quad& q = drawn.tape[drawn.map.quad(k, ring::Full::quads)];
    EXPECT_NEAR(std::hypot(static_cast<double>(q.v[2]), static_cast<double>(q.v[3])),
                std::abs(std::sin(chip.beta_rad[k] - chip.alpha_rad[k])), 14 * 0x1p-24)
        << k;
  }
}

}  // namespace
}  // namespace fringe
