// Gradients measured on the chip against the exact adjoint.
#include "photonics/in_situ.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/mesh_gradient.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

std::vector<double> uniform(std::size_t count, std::uint64_t seed, double low, double high) {
  std::vector<double> values(count);
  fill_uniform(values, Draw{seed});
  for (double& v : values) v = low + (high - low) * v;
  return values;
}

struct Planes {
  std::size_t modes, batch;
  std::vector<double> re, im;
  Fields<double> view() { return {{re.data(), modes, batch}, {im.data(), modes, batch}}; }
};

/// A mesh with random phases, and random fields at its inputs and adjoints at its outputs.
struct Problem {
  MeshLayout layout;
  FabricatedMesh chip;
  PhaseProgram program;
  std::size_t batch;

  Problem(MeshLayout mesh, const Crossing& crossing, std::size_t samples)
      : layout(std::move(mesh)), chip(ideal_fabrication(layout, crossing)), batch(samples) {
    const std::size_t count = layout.couplers.size();
    chip.alpha_rad = uniform(count, 1, -0.1, 0.1);
    chip.beta_rad = uniform(count, 2, -0.1, 0.1);
    chip.gamma_rad = uniform(count, 3, -0.1, 0.1);
    program = {uniform(count, 4, 0, pi), uniform(count, 5, 0, 2 * pi), uniform(layout.modes, 6, 0, 2 * pi)};
  }
  Planes inputs() const {
    return {layout.modes, batch, uniform(layout.modes * batch, 7, -1, 1),
            uniform(layout.modes * batch, 8, -1, 1)};
  }
  Planes adjoints() const {
    return {layout.modes, batch, uniform(layout.modes * batch, 9, -1, 1),
            uniform(layout.modes * batch, 10, -1, 1)};
  }
  PhaseProgram zero() const {
    return {std::vector<double>(layout.couplers.size()), std::vector<double>(layout.couplers.size()),
            std::vector<double>(layout.modes)};
  }
};

std::vector<double> flat(const PhaseProgram& p) {
  std::vector<double> all = p.theta;
  all.insert(all.end(), p.phi.begin(), p.phi.end());
  all.insert(all.end(), p.out.begin(), p.out.end());
  return all;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, norm = 0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    difference += (a[k] - b[k]) * (a[k] - b[k]);
    norm += b[k] * b[k];
  }
  return std::sqrt(difference / norm);
}

/// By the adjoint method, from the inputs on.
std::vector<double> exact(const Problem& p, std::vector<double>* adjoint = nullptr) {
  const auto a = transfer_matrix(p.layout, realise<double>(p.layout, p.program, p.chip));
  const Planes x = p.inputs();
  Planes fields = x, g = p.adjoints();
  MeshGradient<double> gradient(p.layout);
  gradient.set(p.program, p.chip);
  const std::size_t n = p.layout.modes;
  if (gradient.reversible())
    for (std::size_t b = 0; b < p.batch; ++b)
      for (std::size_t r = 0; r < n; ++r) {
        Complex y = 0;
        for (std::size_t c = 0; c < n; ++c)
          y += a[r * n + c] * Complex(x.re[c * p.batch + b], x.im[c * p.batch + b]);
        fields.re[r * p.batch + b] = y.real();
        fields.im[r * p.batch + b] = y.imag();
      }
  PhaseProgram sum = p.zero();
  gradient.backward(fields.view(), g.view(), sum);
  if (adjoint) *adjoint = g.re;
  return flat(sum);
}

std::vector<double> measured(const Problem& p, const TapReading& reading = {},
                             std::vector<double>* adjoint = nullptr, std::uint32_t shot = 0) {
  const InSituGradient taps = [&] {
    InSituGradient gradient(p.layout);
    gradient.set(p.program, p.chip);
    return gradient;
  }();
  Planes x = p.inputs(), g = p.adjoints();
  PhaseProgram sum = p.zero();
  const TapCount count = taps.measure(x.view(), g.view(), sum, reading, {1, Purpose::tap_noise, 0, 0, shot});
  EXPECT_EQ(count.passes, 4 * p.batch);
  if (adjoint) *adjoint = g.re;
  return flat(sum);
}

TEST(InSitu, IsExactOnEveryLosslessMesh) {
  for (const Topology& t : topologies())
    for (const Crossing& crossing : crossings())
      for (const std::size_t n : {2u, 5u, 8u}) {
        const Problem p(t.build(n), crossing, 3);
        std::vector<double> adjoint, expected;
        // Differences of intensities of order one lose what rounding is to them.
        EXPECT_LE(distance(measured(p, {}, &adjoint), exact(p, &expected)), 16 * rounding(n))
            << t.name << " " << crossing.name << " " << n;
        EXPECT_LE(distance(adjoint, expected), rounding(n));
      }
}

// Reciprocity: every component is one, so light that goes back meets the transposed matrix, whatever was lost
// on the way, in unequal arms, at leaking crossings, at other wavelengths, and with dead couplers.
TEST(InSitu, LightGoesBackThroughTheTransposedMatrix) {
  MeshImperfections all;
  all.splitter_sigma_rad = 0.05;
  all.phase_sigma_rad = 0.1;
  all.insertion_loss_db = 0.3;
  all.insertion_loss_sigma_db = 0.1;
  all.arm_imbalance_sigma_db = 0.2;
  all.waveguide_loss_db_per_m = 200;
  all.crossing_loss_db = 0.05;
  all.crossing_leakage = 1e-3;
  all.detuning_m = 5e-9;
  all.dead_coupler_probability = 0.1;
  for (const Topology& t : topologies())
    for (const Crossing& crossing : crossings())
      for (const std::size_t n : {4u, 8u}) {
        Problem p(t.build(n), crossing, 3);
        p.chip = fabricate(p.layout, all, 1, 0, 0, crossing);
        const auto a = transfer_matrix(p.layout, realise<double>(p.layout, p.program, p.chip));
        InSituGradient taps(p.layout);
        taps.set(p.program, p.chip);
        Planes x = p.inputs(), g = p.adjoints();
        PhaseProgram sum = p.zero();
        taps.measure(x.view(), g.view(), sum);
        const Planes sent = p.adjoints();
        const std::size_t modes = p.layout.modes;
        double miss = 0, norm = 0;
        for (std::size_t b = 0; b < p.batch; ++b)
          for (std::size_t k = 0; k < modes; ++k) {
            Complex expected = 0;
            for (std::size_t r = 0; r < modes; ++r)
              expected +=
                  std::conj(a[r * modes + k]) * Complex(sent.re[r * p.batch + b], sent.im[r * p.batch + b]);
            const std::size_t at = k * p.batch + b;
            miss += std::norm(Complex(g.re[at], g.im[at]) - expected);
            norm += std::norm(Complex(sent.re[at], sent.im[at]));
          }
        EXPECT_LE(std::sqrt(miss / norm), rounding(modes)) << t.name << " " << crossing.name << " " << n;
      }
}

// A reading's noise is a share s of the pass's largest one, so the gradient's error is proportional to s;
// with b bits the rounding of a reading is uniform within a step of 1/(2ᵇ−1), s = step/√12.
TEST(InSitu, NoiseAndBitsVanishAsTheyShould) {
  const Problem p(find_topology("rectangular").build(8), mzi_crossing(), 4);
  const std::vector<double> truth = exact(p);
  const auto rms = [&](const TapReading& reading) {
    double square = 0;
    for (std::uint32_t shot = 0; shot < 40; ++shot)
      square += std::pow(distance(measured(p, reading, nullptr, shot), truth), 2) / 40;
    return std::sqrt(square);
  };
  // 40 shots of 120 numbers: the ratio of two rms values is known to 1/√4800 each; four of those.
  const double spread = 4 * std::sqrt(2.0 / 4800);
  const double coarse = rms({.noise = 1e-2}), fine = rms({.noise = 1e-4});
  EXPECT_NEAR(coarse / fine, 100, 100 * spread);
  EXPECT_LE(rms({.noise = 1e-9}), 1e-7 * coarse + 16 * rounding(8));
  const double ten = distance(measured(p, {.bits = 10}), truth), step = 1.0 / 1023;
  // One draw of 120 roundings.
  EXPECT_NEAR(ten / (coarse / 1e-2 * step / std::sqrt(12.0)), 1, 4 / std::sqrt(240.0));
  EXPECT_LT(distance(measured(p, {.bits = 20}), truth), ten / 500);
}

// Loss: the estimate is biased; where every path loses the same per column, the known loss undoes it.
TEST(InSitu, UniformLossIsUndone) {
  Problem p(find_topology("rectangular").build(8), mzi_crossing(), 3);
  constexpr double loss = 0.5;
  std::fill(p.chip.loss_db.begin(), p.chip.loss_db.end(), loss);
  // The edges that skip a column lose as much on their way.
  std::vector<std::size_t> passed(p.layout.modes, 0);
  for (std::size_t c = 0; c < p.layout.columns(); ++c)
    for (std::size_t k = p.layout.column_start[c]; k < p.layout.column_start[c + 1]; ++k) {
      const Coupler at = p.layout.couplers[k];
      p.chip.upper_path_db[k] = loss * static_cast<double>(c - passed[at.upper]);
      p.chip.lower_path_db[k] = loss * static_cast<double>(c - passed[at.lower]);
      passed[at.upper] = passed[at.lower] = c + 1;
    }
  for (std::size_t m = 0; m < p.layout.modes; ++m)
    p.chip.out_path_db[m] = loss * static_cast<double>(p.layout.columns() - passed[m]);
  const std::vector<double> truth = exact(p);
  EXPECT_GT(distance(measured(p), truth), 0.1);
  EXPECT_LE(distance(measured(p, {.undone_loss_db = loss}), truth),
            64 * rounding(8) * std::pow(10, 8 * loss / 10));
}

TEST(InSitu, SamplesKeepTheirNoiseInAnyBatch) {
  const Problem p(find_topology("triangular").build(4), mzi_crossing(), 5);
  InSituGradient taps(p.layout);
  taps.set(p.program, p.chip);
  const TapReading reading{.noise = 0.1};
  const Draw draw{3, Purpose::tap_noise};
  Planes x = p.inputs(), g = p.adjoints();
  PhaseProgram whole = p.zero(), parts = p.zero();
  taps.measure(x.view(), g.view(), whole, reading, draw);
  g = p.adjoints();
  for (const auto& [first, count] : {std::pair{std::size_t{0}, std::size_t{2}}, {2, 3}}) {
    const auto part = [&, first = first, count = count](Planes& planes) {
      return Fields<double>{{planes.re.data() + first, 4, count, 5}, {planes.im.data() + first, 4, count, 5}};
    };
    taps.measure(part(x), part(g), parts, reading, draw, first);
  }
  EXPECT_EQ(flat(whole), flat(parts));
}

TEST(InSitu, RefusesBadInput) {
  const Problem p(find_topology("rectangular").build(4), mzi_crossing(), 2);
  InSituGradient taps(p.layout);
  Planes x = p.inputs(), g = p.adjoints();
  PhaseProgram sum = p.zero(), small;
  EXPECT_THROW(taps.measure(x.view(), g.view(), sum), Error) << "before set()";
  taps.set(p.program, p.chip);
  EXPECT_THROW(taps.measure(x.view(), g.view(), small), Error);
  EXPECT_THROW(taps.measure(x.view(), g.view(), sum, {.noise = -1}), Error);
  EXPECT_THROW(taps.measure(x.view(), g.view(), sum, {.bits = 40}), Error);
  EXPECT_THROW(taps.measure(x.view(), g.view(), sum, {.undone_loss_db = std::nan("")}), Error);
}

}  // namespace
}  // namespace fringe
