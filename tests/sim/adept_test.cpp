// ADEPT's gain over systolic arrays: light by the laws of its noise, joules by hand from every price's parts.
#include "sim/adept.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/units.hpp"

namespace fringe {
namespace {

constexpr double eps = 0x1p-52;

double optical_w(double mesh_loss_db) {
  const PoweredDevice laser = adept_light(mesh_loss_db).front();
  EXPECT_EQ(laser.part, Part::laser);
  return 0.2 * laser.count * laser.watts;
}

// Signal and local oscillator take half of the light each, on 128 ways.
TEST(Adept, LaserHoldsEightBits) {
  for (const double loss_db : {0.0, 10.0, 37.265}) {
    SCOPED_TRACE(loss_db);
    const double symbol_s = 1e-10, detected = 0.8 / 1.602176634e-19 * symbol_s;  // electrons of a watt
    const double behind_coupler_w = optical_w(loss_db) / 2 / 128 * std::pow(10.0, -0.2);
    // One pole each: modulator 45 GHz, photodiode 103 GHz with an amplifier of 10.2 GHz.
    const double receiver_hz = 1 / std::hypot(1 / 103e9, 1 / 10.2e9);
    const double modulated = 1 - std::exp(-2 * pi * 45e9 * symbol_s);
    const double read = 1 - std::exp(-2 * pi * receiver_hz * symbol_s);
    const double oscillator = detected * behind_coupler_w;
    const double signal = oscillator * std::pow(10.0, -0.12) * modulated * modulated * read * read;
    const double thermal = std::pow(30.5e-12 / 1.602176634e-19, 2) * symbol_s / 2;
    const double dark = 2 * 1.3e-9 / 1.602176634e-19 * symbol_s;
    const double noise = (1 + (thermal + dark) / oscillator) / (4 * signal);
    const double step = 2.0 / 256;
    EXPECT_NEAR(noise * std::pow(10.0, loss_db / 10), step * step / 12, 1e3 * eps * step * step);
  }
  EXPECT_GT(optical_w(1), optical_w(0));
}

Work product(std::size_t rows, std::size_t inner, std::size_t columns) {
  Work w;
  w.weight = 0;
  w.rows = rows, w.inner = inner, w.columns = columns;
  w.bytes = 4.0 * static_cast<double>(rows * inner + (rows + inner) * columns);
  w.off_chip_bytes = 4096;
  return w;
}

// 2 x 3 tiles of 128, 1000 vectors through each, for four inferences.
TEST(Adept, JoulesByHand) {
  const Work w = product(256, 384, 1000);
  const double macs = 256.0 * 384 * 1000, sram_j = 14e-12 / 8, sram_rate = 5120 * 1.41e9;
  const double traffic = (384.0 * 2 * 2 + 256.0 * 2 * 3 * 4) * 1000;  // inputs of 2 B, sums of 4 B
  const double weights = 6.0 * 128 * 128 * 2;                         // a set a tile, 2 B each
  const double operations = (2 * 384.0 + 2 * 3 * 256) * 1000, lanes = 2048 * 1.05e9;
  const double digital_j = (0.38e-12 + 1.31e-12) / 2;
  const std::vector<PoweredDevice> light{{Part::laser, "laser", 1, 3, ""}};
  const double watts = 128 * (11.06e-3 + 29e-3) + 3 + 0.15 * (lanes * digital_j + sram_rate * sram_j);
  // The digital unit is the busiest: light takes six tiles of 100 ns and a third of a microsecond for
  // weights.
  const double seconds = std::max({operations / lanes, 6 * (1000 / 10e9 + 0.35 / 1.03e6),
                                   weights / sram_rate + (traffic + 0) / sram_rate});
  const double joules = (traffic + weights) * sram_j + operations * digital_j + watts * seconds;
  EXPECT_NEAR(joules_on_cores(adept_with(light), std::span(&w, 1), 4), joules / 4, 64 * eps * joules);
  EXPECT_LT(joules_on_cores(adept_with({}), std::span(&w, 1), 4), joules / 4);

  SystolicSpec array = find_systolic("tpu-v4i");
  const double edges = 256.0 * 4 * 1.05e9 * 2, dram = 614e9 * 3.92e-12 * 8;
  const double mac_j = (0.85 * 175 - dram - edges * sram_j) / (128 * 128 * 4 * 1.05e9);
  const double busy = 2 * (2 * 128 + 128 + 1000 - 2) / 1.05e9;  // six folds on four arrays
  const double spent = macs * mac_j + busy * (edges * sram_j + 0.15 * 175);
  EXPECT_NEAR(joules_on_array(array, std::span(&w, 1), 4), spent / 4, 64 * eps * spent);

  // 0.07 pJ to multiply, 0.03 pJ to add; a byte a number at the edges.
  const double bare_edges = edges / 2,
               bare_w = (128 * 128 * 4 * 1.05e9 * 0.1e-12 + dram + bare_edges * sram_j) / 0.85;
  const double bare = macs * 0.1e-12 + busy * (bare_edges * sram_j + 0.15 * bare_w);
  EXPECT_NEAR(joules_on_array(bare_array(), std::span(&w, 1), 4), bare / 4, 256 * eps * bare);
}

}  // namespace
}  // namespace fringe
