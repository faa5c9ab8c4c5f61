// Time and energy of products on photonic cores, against hand calculation and the laws of one budget.
#include "photonics/photonic_pricing.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "photonics/converters.hpp"
#include "tests/photonics/pricing_testing.hpp"

namespace fringe {
namespace {

using namespace pricing_testing;

TEST(PhotonicPricing, ResidentProductByHand) {
  const PhotonicDesign d = design(4);
  const PhotonicPricing p = pricing(d);
  const double n = static_cast<double>(d.modes), batch = 1000;
  const Work w = product(2 * d.modes, 2 * d.modes, 1000);
  const Cost cost = p.price(std::span(&w, 1));
  EXPECT_EQ(cost.provenance, Provenance::modelled);
  EXPECT_DOUBLE_EQ(cost.busy(Resource::matrix_unit), batch / d.clock_hz);
  EXPECT_DOUBLE_EQ(pricing(design(8)).price(std::span(&w, 1)).busy(Resource::matrix_unit),
                   batch / d.clock_hz / 2)
      << "four of eight cores";
  EXPECT_EQ(cost.busy(Resource::programming), 0);
  EXPECT_GE(cost.latency_s, batch / d.clock_hz + p.budget().time_of_flight_s);
  // Four cores, n converters each, at the clock.
  EXPECT_DOUBLE_EQ(cost.watts(Part::dac), 4 * n * d.input_dac.power_w / d.input_dac.rate_hz * d.clock_hz);
  EXPECT_DOUBLE_EQ(cost.watts(Part::adc), 4 * n * d.output_adc.power_w / d.output_adc.rate_hz * d.clock_hz);
  EXPECT_DOUBLE_EQ(cost.watts(Part::phase_program), 4 * (2 * n * n + n) * d.phase_dac.power_w);
  EXPECT_DOUBLE_EQ(cost.watts(Part::laser), 4 * d.laser_power_w / d.laser.wall_plug_efficiency);
  EXPECT_DOUBLE_EQ(cost.watts(Part::receiver), 4 * n * d.tia.power_w);
  // Each core holds n² phases per mesh and n attenuators; random phases average between 0 and 2π.
  const double per_phase = cost.watts(Part::phase_hold) / (4 * (2 * n * n + n));
  EXPECT_GT(per_phase, 0.5 * d.phase_shifter.pi_power_w);
  EXPECT_LT(per_phase, 1.5 * d.phase_shifter.pi_power_w);
}

TEST(PhotonicPricing, TooFewCoresPayForEveryTileEveryTime) {
  const Work w = product(64, 64, 100);
  const double tiles = 16;
  const Cost one = pricing(design(1)).price(std::span(&w, 1)),
             four = pricing(design(4)).price(std::span(&w, 1)),
             resident = pricing(design(16)).price(std::span(&w, 1));
  const PhotonicDesign d = design(1);
  // One pole, from a full swing to half a step: the rise time is ln 9 ≈ 2.2 time constants.
  const double half_step = 0.5 / std::exp2(d.phase_bits);
  const double round = 1 / d.phase_dac.rate_hz - d.phase_shifter.rise_time_s / 2.2 * std::log(half_step);
  EXPECT_NEAR(one.busy(Resource::programming), tiles * round, 1e-12 * tiles * round);
  EXPECT_NEAR(four.busy(Resource::programming), tiles / 4 * round, 1e-12 * tiles * round);
  // A core that takes new phases computes nothing meanwhile, so neither hides behind the other.
  EXPECT_GE(one.interval_s(), tiles * (round + 100 / d.clock_hz) * (1 - 1e-12));
  EXPECT_EQ(resident.busy(Resource::programming), 0);
  EXPECT_GE(one.latency_s, tiles * (round + 100 / d.clock_hz) * (1 - 1e-12));
  EXPECT_GT(one.energy(Part::dram), resident.energy(Part::dram)) << "phases come from memory";
  EXPECT_DOUBLE_EQ(16 * one.watts(Part::adc), resident.watts(Part::adc)) << "a core's converters are its own";
}

// A product of two activations on cores of its own: the digital unit's decomposition, a round of programming
// for as many tiles as there are free cores, and its light.
TEST(PhotonicPricing, ProductsOfActivationsWhereTheDesignSays) {
  PhotonicDesign d = design(4);
  const std::size_t n = d.modes;
  const Work weights = product(n, 2 * n, 50), attention = product(3 * n, n, 20, -1);
  const std::vector<Work> both{weights, attention};
  const Cost digital = pricing(d).price(both);
  EXPECT_EQ(digital.busy(Resource::programming), 0);
  EXPECT_EQ(digital.energy(Part::decomposition), 0);

  d.activations = ActivationProducts::reprogrammed;
  const PhotonicPricing p = pricing(d);
  const Cost light = p.price(both);
  EXPECT_DOUBLE_EQ(light.energy(Part::decomposition), p.decomposition(3).energy(Part::decomposition));
  EXPECT_DOUBLE_EQ(light.busy(Resource::programming), 2 * p.round_s()) << "three tiles on the two free cores";
  EXPECT_GT(light.latency_s, p.decomposition(3).latency_s + 2 * (p.round_s() + 20 / d.clock_hz));

  // No core left: weights take turns with them.
  d.cores = 2;
  EXPECT_DOUBLE_EQ(pricing(d).price(both).busy(Resource::programming), (1 + 2) * p.round_s());
  d.activations = ActivationProducts::digital;
  EXPECT_EQ(pricing(d).price(both).busy(Resource::programming), 0);
}

TEST(PhotonicPricing, TwoMatricesThatFitAloneButNotTogetherAreReprogrammed) {
  const std::vector<Work> both{product(32, 32, 10, 0), product(32, 32, 10, 1)};
  EXPECT_EQ(pricing(design(8)).price(both).busy(Resource::programming), 0);
  EXPECT_GT(pricing(design(7)).price(both).busy(Resource::programming), 0);
  EXPECT_EQ(pricing(design(4)).price(std::span(both.data(), 1)).busy(Resource::programming), 0);
}

// One budget: the laser's watts and the signal-to-noise ratio move together.
TEST(PhotonicPricing, TenTimesTheLaserCostsTenTimesAndShowsTenTimesLessShotNoise) {
  PhotonicDesign bright = design(1);
  bright.laser_power_w *= 10;
  const Work w = product(16, 16, 1);
  const PhotonicPricing a = pricing(design(1)), b = pricing(bright);
  EXPECT_DOUBLE_EQ(b.price(std::span(&w, 1)).watts(Part::laser),
                   10 * a.price(std::span(&w, 1)).watts(Part::laser));
  EXPECT_NEAR(a.budget().shot_variance / b.budget().shot_variance, 10, 1e-12);
  EXPECT_NEAR(a.budget().thermal_variance / b.budget().thermal_variance, 100, 1e-10)
      << "signal and oscillator";
}

TEST(PhotonicPricing, TrainingPaysForNewPhases) {
  std::vector<Work> step{product(16, 16, 8)};
  Work gradient = product(16, 16, 8), update = product(16, 16, 0);
  gradient.kind = Work::Kind::outer_product;
  update.kind = Work::Kind::weight_update;
  update.operations_per_element = 4;
  update.bytes = 5 * 4 * 256;
  step.push_back(gradient);
  step.push_back(update);
  const Cost digital = pricing(design(1), TrainingScheme::reprogram).price(step);
  const Cost in_situ = pricing(design(1), TrainingScheme::in_situ).price(step);
  EXPECT_GT(digital.energy(Part::decomposition), 0);
  EXPECT_EQ(in_situ.energy(Part::decomposition), 0);
  // Both write the tile's phases once.
  EXPECT_DOUBLE_EQ(digital.busy(Resource::programming), pricing(design(1)).round_s());
  EXPECT_DOUBLE_EQ(in_situ.busy(Resource::programming), pricing(design(1)).round_s());
  // Readings: three passes, 2·n(n−1) monitors, 8 samples.
  const double n = 16;
  EXPECT_DOUBLE_EQ(in_situ.energy(Part::adc),
                   3 * 2 * n * (n - 1) * 8 * energy_per_conversion_j(design(1).output_adc));
}

// A mesh would have to be decomposed anew for every product of two activations.
TEST(PhotonicPricing, ProductsOfActivationsRunOnTheDigitalUnit) {
  const PhotonicDesign d = design(1);
  const PhotonicPricing p = pricing(d);
  Work scores = product(48, 64, 48, -1);
  scores.groups = 12;
  const Cost cost = p.price(std::span(&scores, 1));
  EXPECT_EQ(cost.busy(Resource::matrix_unit), 0);
  EXPECT_EQ(cost.busy(Resource::programming), 0);
  const double operations = 2.0 * 12 * 48 * 64 * 48;
  EXPECT_DOUBLE_EQ(cost.busy(Resource::digital), operations / d.digital.operations_per_s);
  EXPECT_DOUBLE_EQ(cost.energy(Part::digital),
                   operations * (d.digital.fp32_add_j + d.digital.fp32_multiply_j) / 2);
  // It takes no core away from weights: one that fits stays resident beside it.
  const Work list[] = {product(d.modes, d.modes, 10), scores};
  EXPECT_EQ(p.price(list).busy(Resource::programming), 0);
  // What must come from off-chip memory does.
  const double before = cost.energy(Part::dram);
  scores.off_chip_bytes = 4096;
  EXPECT_DOUBLE_EQ(p.price(std::span(&scores, 1)).energy(Part::dram) - before,
                   4096 * find_memory("hbm2e").dram_j_per_byte);
}

TEST(PhotonicPricing, GroupsAreTilesOfTheirOwnOrBlocksOfOne) {
  EXPECT_EQ(tiles_of_groups(100, 70, 1, 64), 4u);
  EXPECT_EQ(tiles_of_groups(100, 70, 3, 64), 12u);
  EXPECT_EQ(tiles_of_groups(1, 9, 960, 64), 138u) << "seven kernels of 3×3 in 64 modes";
  EXPECT_EQ(tiles_of_groups(1, 9, 7, 64), 1u);
  EXPECT_EQ(tiles_of_groups(33, 2, 5, 64), 5u);
  const PhotonicDesign d = design(10);
  Work grouped = product(d.modes, d.modes, 100);
  grouped.groups = 10;
  const Work ten[] = {product(d.modes, d.modes, 100, 0), product(d.modes, d.modes, 100, 1),
                      product(d.modes, d.modes, 100, 2), product(d.modes, d.modes, 100, 3),
                      product(d.modes, d.modes, 100, 4), product(d.modes, d.modes, 100, 5),
                      product(d.modes, d.modes, 100, 6), product(d.modes, d.modes, 100, 7),
                      product(d.modes, d.modes, 100, 8), product(d.modes, d.modes, 100, 9)};
  const PhotonicPricing p = pricing(d);
  const Cost together = p.price(std::span(&grouped, 1)), apart = p.price(ten);
  EXPECT_DOUBLE_EQ(together.busy(Resource::matrix_unit), apart.busy(Resource::matrix_unit));
  EXPECT_NEAR(together.energy(Part::digital), apart.energy(Part::digital),
              16 * 0x1p-52 * apart.energy(Part::digital));
}

}  // namespace
}  // namespace fringe
