// Published accelerators: the table, and sums of its devices by hand.
#include "photonics/photonic_system.hpp"

#include <gtest/gtest.h>

#include <set>

#include "core/error.hpp"
#include "photonics/photonic_pricing.hpp"

namespace fringe {
namespace {

TEST(PhotonicSystem, RowsSayWhereTheyComeFrom) {
  std::set<std::string> names;
  for (const PhotonicSystem& s : photonic_systems()) {
    EXPECT_TRUE(names.insert(s.name).second) << s.name;
    EXPECT_FALSE(s.source.empty()) << s.name;
    EXPECT_FALSE(s.description.empty()) << s.name;
    EXPECT_FALSE(row_of(s.multiplier).meaning.empty()) << s.name;
    EXPECT_GT(s.macs_per_symbol(), 0) << s.name;
    EXPECT_GE(s.clock_hz, 0) << s.name;
    EXPECT_TRUE(!s.devices.empty() || !s.missing.empty()) << s.name;
    for (const PoweredDevice& d : s.devices) {
      EXPECT_GT(d.count, 0) << s.name << ", " << d.name;
      EXPECT_GE(d.watts, 0) << s.name << ", " << d.name;
      EXPECT_GT(d.watts + d.area_m2, 0) << s.name << ", " << d.name;
    }
    EXPECT_GT(s.run.clock_hz, 0) << s.name;
    EXPECT_TRUE(s.clock_hz == 0 || s.run.clock_hz == s.clock_hz) << s.name;
    EXPECT_TRUE(s.published_w == 0 || s.run.power_w == s.published_w) << s.name;
    EXPECT_FALSE(s.run.assumed.empty()) << s.name;
    // What is broken down is a part of the whole.
    if (s.published_w > 0) {
      EXPECT_LE(watts_of(s.devices), s.published_w) << s.name;
    }
  }
  EXPECT_EQ(find_photonic_system("pace").rows, 64u);
  EXPECT_THROW(find_photonic_system("peace"), Error);
}

TEST(PhotonicSystem, PowerIsCountTimesWatts) {
  const std::vector<PoweredDevice> devices{
      {Part::dac, "a", 4, 0.5, "", 0.5}, {Part::dac, "b", 2, 0.25, ""}, {Part::laser, "c", 1, 3, "", 2}};
  const Cost cost = power_of(devices);
  EXPECT_EQ(cost.watts(Part::dac), 2.5);
  EXPECT_EQ(cost.watts(Part::laser), 3);
  EXPECT_EQ(watts_of(devices), 5.5);
  EXPECT_EQ(cost.energy_j(Boundary::accelerator, 2), 11);
  EXPECT_EQ(cost.area(Part::dac), 2);
  EXPECT_EQ(cost.chip_area_m2(), 4);
  EXPECT_EQ(area_of(devices), 4);
}

// One list for what is simulated and for what is published.
TEST(PhotonicSystem, PricesAddUpTheSameList) {
  const PhotonicDesign design = find_photonic_preset("realistic").design;
  const PhotonicPricing pricing(design, find_memory("hbm2e"), TrainingScheme::reprogram);
  const std::vector<PoweredDevice> devices = pricing.devices();
  EXPECT_EQ(pricing.price({}).static_watts, power_of(devices).static_watts);
  for (const PoweredDevice& device : devices) EXPECT_FALSE(device.source.empty()) << device.name;
}

// 16 cores of two meshes of 16 modes and as many columns, a column of attenuators between them.
TEST(PhotonicSystem, AreaByHand) {
  const PhotonicDesign d = find_photonic_preset("realistic").design;
  const PhotonicPricing pricing(d, find_memory("hbm2e"), TrainingScheme::reprogram);
  Work w;
  w.weight = 0;
  w.rows = w.inner = 64;
  w.columns = 1000;
  w.bytes = 4.0 * (64 * 64 + 2 * 64 * 1000);
  const Cost cost = pricing.price(std::span(&w, 1));
  const double eps = 64 * 0x1p-52;
  const auto expect = [&](Part part, double m2) {
    EXPECT_NEAR(cost.area(part), m2, eps * m2) << cost_parts()[static_cast<std::size_t>(part)].name;
  };
  const double channels = 16 * 16, settings = pricing.core().settings;
  expect(Part::phase_hold, 16 * (2 * 16 + 1) * (2 * 16e-6 + 2 * 61.6e-6 + 100e-6) * 16 * 25e-6);
  expect(Part::modulator, channels * 20e-3 * 127e-6);
  expect(Part::dac, channels * 0.04e-6);
  expect(Part::phase_program, 16 * settings * 0.016e-6);
  expect(Part::receiver, channels * (2769e-12 + 2 * 40e-12));
  expect(Part::digital, d.digital.area_m2);
  expect(Part::sram, 2 * (2 * 64 * 1000 + 2 * 16 * settings) * 42.64e-6 / (32 << 20));
  double total = 0;
  for (const double part : cost.area_m2) total += part;
  EXPECT_EQ(cost.chip_area_m2(), total);
  EXPECT_NEAR(pricing.with_cores(32).price({}).area(Part::adc), 2 * cost.area(Part::adc), eps);
}

TEST(PhotonicSystem, DesignsOfPublishedSystemsAreRefusedWhatIsNotTheirs) {
  for (const PhotonicPreset& preset : published_presets()) {
    SCOPED_TRACE(preset.name);
    EXPECT_EQ(&find_photonic_preset(preset.name), &preset);
    EXPECT_NO_THROW(check(preset.design));
    EXPECT_NE(std::string(preset.source).find("assumed"), std::string::npos);
    // Twice the clock takes twice the listed power, half of it no less.
    const auto listed_w = [&](double times) {
      PhotonicDesign design = preset.design;
      design.clock_hz *= times;
      double watts = 0;
      for (const PoweredDevice& device :
           PhotonicPricing(design, find_memory("hbm2e"), TrainingScheme::reprogram).devices())
        if (device.part != Part::idle) watts += device.count * device.watts;
      return watts;
    };
    EXPECT_NEAR(listed_w(2), 2 * listed_w(1), 64 * 0x1p-52 * listed_w(2));
    EXPECT_EQ(listed_w(0.5), listed_w(1));
    PhotonicDesign chips = preset.design;
    chips.chips = chips.cores + 1;
    EXPECT_THROW(check(chips), Error);
  }
  EXPECT_EQ(published_presets().size(), photonic_systems().size());
  PhotonicDesign mesh = find_photonic_preset("realistic").design;
  mesh.chips = 2;
  mesh.chip_link = {};
  EXPECT_THROW(check(mesh), Error) << "no link";
  EXPECT_THROW(find_photonic_preset("lightmater-2025"), Error);
}

// 9 groups × 3 units × 9 weights × 5 outputs = 1215 cells with two rings each; 63 inputs on wavelengths.
TEST(PhotonicSystem, AlbireoByHand) {
  const PhotonicSystem s = albireo(AlbireoForecast::conservative);
  EXPECT_EQ(s.macs_per_symbol(), 1215);
  EXPECT_DOUBLE_EQ(power_of(s.devices).watts(Part::modulator), 2493 * 3.1e-3 + 306 * 11.3e-3);
  EXPECT_DOUBLE_EQ(power_of(s.devices).watts(Part::dac), 306 * 26e-3);
  EXPECT_DOUBLE_EQ(power_of(s.devices).watts(Part::adc), 45 * 29e-3);
  EXPECT_DOUBLE_EQ(power_of(s.devices).watts(Part::receiver), 45 * 3e-3);
  EXPECT_LT(watts_of(albireo(AlbireoForecast::moderate).devices), watts_of(s.devices));
  EXPECT_LT(watts_of(albireo(AlbireoForecast::aggressive).devices),
            watts_of(albireo(AlbireoForecast::moderate).devices));
}

// 12 operations, 2 modulators, 2 DACs, 4 ADCs, 4 amplifiers and 2 modes of light for each mode and vector.
TEST(PhotonicSystem, InSituMeshByHand) {
  for (const std::size_t n : {16, 128}) {
    const auto modes = static_cast<double>(n);
    const PhotonicSystem dac = in_situ_mesh(n, false), segmented = in_situ_mesh(n, true);
    EXPECT_NEAR(watts_of(dac.devices) / dac.clock_hz / modes,
                12 * 0.1e-12 + 2 * 1e-15 + 2 * 5e-12 + 4 * 1.38e-12 + 4 * 0.7e-12 + 2 * 1e-12,
                16 * 0x1p-52 * 22e-12);
    EXPECT_EQ(power_of(segmented.devices).watts(Part::dac), 0);
    EXPECT_NEAR(power_of(segmented.devices).watts(Part::modulator),
                16 * power_of(dac.devices).watts(Part::modulator), 4 * 0x1p-52);
  }
}

}  // namespace
}  // namespace fringe
