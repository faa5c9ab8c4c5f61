#include "photonics/link_budget.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

// Rounding of a dozen factors.
constexpr double eps = 32 * 2.3e-16;

PhotonicDesign realistic() { return find_photonic_preset("realistic").design; }

/// No loss anywhere, unlimited bandwidths, one electron per photon, a silent receiver.
PhotonicDesign perfect() {
  PhotonicDesign d = realistic();
  d.splitter.insertion_loss_db = 0;
  d.phase_shifter.insertion_loss_db = 0;
  d.waveguide.loss_db_per_m = 0;
  d.fibre_coupler.insertion_loss_db = 0;
  d.modulator.insertion_loss_db = 0;
  d.photodiode.dark_current_a = 0;
  d.tia.input_noise_a_per_sqrt_hz = 0;
  for (double* bandwidth : {&d.modulator.bandwidth_hz, &d.photodiode.bandwidth_hz, &d.tia.bandwidth_hz})
    *bandwidth = std::numeric_limits<double>::infinity();
  d.photodiode.responsivity_a_per_w =
      (1 - 1e-15) * elementary_charge_c * d.laser.wavelength_m / (planck_j_s * speed_of_light_m_per_s);
  return d;
}

TEST(LinkBudget, PhotonsAreThoseOfTheHandCalculation) {
  PhotonicDesign d = perfect();
  d.laser_power_w = 64e-3;
  d.local_oscillator_share = 0.25;
  d.modes = 16;
  d.clock_hz = 4e9;
  d.laser.wavelength_m = 1550e-9;
  const LinkBudget b = link_budget(d);
  // 64 mW · ¾ / 16 = 3 mW for 0.25 ns is 0.75 pJ; a photon at 1550 nm has 1.28157797e-19 J.
  EXPECT_NEAR(b.full_scale_photons, 0.75e-12 / 1.28157797e-19, b.full_scale_photons * 1e-8);
  EXPECT_NEAR(b.detected_oscillator_photons, 0.25e-12 / 1.28157797e-19, b.detected_oscillator_photons * 1e-8);
  EXPECT_NEAR(b.efficiency, 1, eps);
  // Shot noise of a quadrature: variance ¼ of a photon.
  EXPECT_NEAR(b.shot_variance * b.full_scale_photons, 0.25, 0.25 * eps);
  EXPECT_EQ(b.thermal_variance, 0);
  EXPECT_EQ(b.noise_sigma, std::sqrt(b.shot_variance));
}

TEST(LinkBudget, QuantumEfficiencyOfOneAmperePerWatt) {
  // 1 A/W is 1.2398.../λ[µm] electrons per photon: 0.79989 at 1550 nm.
  const Photodiode one{"one", 1, 1e10, 0, "hand calculation"};
  EXPECT_NEAR(quantum_efficiency(one, 1550e-9), 1.23984198 / 1.55, 1e-8);
}

TEST(LinkBudget, EveryLossCountsOnceWhereItStands) {
  const LinkBudget base = link_budget(perfect());
  const auto with = [](auto&& change) {
    PhotonicDesign d = perfect();
    change(d);
    return link_budget(d);
  };
  const double db = power_ratio_from_db(-1.0);
  LinkBudget b = with([](PhotonicDesign& d) { d.fibre_coupler.insertion_loss_db = 1; });
  EXPECT_NEAR(b.full_scale_photons, base.full_scale_photons * db, base.full_scale_photons * eps);
  EXPECT_NEAR(b.detected_oscillator_photons, base.detected_oscillator_photons * db,
              base.detected_oscillator_photons * eps);
  EXPECT_NEAR(b.efficiency, 1, eps);

  b = with([](PhotonicDesign& d) { d.modulator.insertion_loss_db = 1; });
  EXPECT_NEAR(b.full_scale_photons, base.full_scale_photons * db, base.full_scale_photons * eps);
  EXPECT_EQ(b.detected_oscillator_photons, base.detected_oscillator_photons);

  // 16 modes: one splitter parts signal and oscillator, four levels of tree; behind the modulators two of the
  // attenuator's MZI and the receiver's combiner. The meshes' own MZIs stand in the fields, not here.
  b = with([](PhotonicDesign& d) { d.splitter.insertion_loss_db = 0.2; });
  EXPECT_NEAR(b.full_scale_photons, base.full_scale_photons * db, base.full_scale_photons * eps);
  EXPECT_NEAR(b.efficiency, power_ratio_from_db(-0.6), eps);
  EXPECT_NEAR(b.detected_oscillator_photons, base.detected_oscillator_photons * power_ratio_from_db(-1.2),
              base.detected_oscillator_photons * eps);
  b = with([](PhotonicDesign& d) { d.phase_shifter.insertion_loss_db = 0.5; });
  EXPECT_NEAR(b.efficiency, db, eps);

  // Two meshes of 16 columns with 1 mm of routing each and 8 mm of access at 25 dB/m.
  b = with([](PhotonicDesign& d) {
    d.waveguide.loss_db_per_m = 25;
    d.routing_per_column_m = 1e-3;
    d.access_length_m = 8e-3;
  });
  EXPECT_NEAR(b.efficiency, db, eps);
  EXPECT_NEAR(b.detected_oscillator_photons, base.detected_oscillator_photons * power_ratio_from_db(-0.2),
              base.detected_oscillator_photons * eps);
}

TEST(LinkBudget, ModesShareTheLight) {
  PhotonicDesign d = perfect();
  d.modes = 8;
  const LinkBudget few = link_budget(d);
  d.modes = 32;
  const LinkBudget many = link_budget(d);
  EXPECT_NEAR(few.full_scale_photons / many.full_scale_photons, 4, 4 * eps);
  EXPECT_NEAR(few.detected_oscillator_photons / many.detected_oscillator_photons, 4, 4 * eps);
}

TEST(LinkBudget, TenTimesTheLaserChangesNoiseAndJoulesTogether) {
  PhotonicDesign d = realistic();
  const LinkBudget base = link_budget(d);
  d.laser_power_w *= 10;
  const LinkBudget bright = link_budget(d);
  EXPECT_NEAR(bright.laser_electrical_w / base.laser_electrical_w, 10, 10 * eps);
  EXPECT_NEAR(base.shot_variance / bright.shot_variance, 10, 10 * eps);
  // Thermal noise meets both a brighter signal and a brighter local oscillator.
  EXPECT_NEAR(base.thermal_variance / bright.thermal_variance, 100, 100 * eps);
  EXPECT_EQ(bright.receiver_electrons_variance, base.receiver_electrons_variance);
  EXPECT_NEAR(base.laser_electrical_w, 0.1 / 0.122, 1 * eps);
}

// A receiver limited by its amplifier: signal power P_s and local oscillator P_LO give the photo-current
// difference 2·R·√(P_s·P_LO), the noise current is i_n·√B with B = 1/(2T).
TEST(LinkBudget, ThermalLimitIsThatOfTheNoiseCurrent) {
  PhotonicDesign d = perfect();
  d.photodiode.responsivity_a_per_w = 0.8;
  d.tia.input_noise_a_per_sqrt_hz = 20e-12;
  d.local_oscillator_share = 0.3;
  const LinkBudget b = link_budget(d);
  const double signal_w = d.laser_power_w * 0.7 / static_cast<double>(d.modes);
  const double oscillator_w = d.laser_power_w * 0.3 / static_cast<double>(d.modes);
  const double current_a = 2 * 0.8 * std::sqrt(signal_w * oscillator_w);
  const double noise_a = 20e-12 * std::sqrt(d.clock_hz / 2);
  EXPECT_NEAR(b.thermal_variance, noise_a * noise_a / (current_a * current_a), b.thermal_variance * eps);
  EXPECT_NEAR(b.noise_sigma * b.noise_sigma, b.shot_variance + b.thermal_variance,
              eps * b.shot_variance * 10);
}

TEST(LinkBudget, ShotLimitIsThatOfTheOscillatorCurrent) {
  // Current noise density 2·e·I of the two diodes' summed photo-current R·P_LO, over the same bandwidth.
  PhotonicDesign d = perfect();
  d.photodiode.responsivity_a_per_w = 0.8;
  d.local_oscillator_share = 0.3;
  const LinkBudget b = link_budget(d);
  const double signal_w = d.laser_power_w * 0.7 / static_cast<double>(d.modes);
  const double oscillator_w = d.laser_power_w * 0.3 / static_cast<double>(d.modes);
  const double current_a = 2 * 0.8 * std::sqrt(signal_w * oscillator_w);
  const double noise_a2 = 2 * elementary_charge_c * 0.8 * oscillator_w * d.clock_hz / 2;
  EXPECT_NEAR(b.shot_variance, noise_a2 / (current_a * current_a), b.shot_variance * eps);
}

TEST(LinkBudget, DarkCurrentAddsItsShotNoise) {
  PhotonicDesign d = perfect();
  d.photodiode.dark_current_a = 1e-6;
  // Two diodes of 1 µA for a symbol of 0.2 ns.
  EXPECT_NEAR(link_budget(d).receiver_electrons_variance, 2 * 1e-6 * 0.2e-9 / elementary_charge_c,
              2500 * eps);
}

TEST(LinkBudget, DarkCurrentHasItsOwnShare) {
  PhotonicDesign d = realistic();
  const LinkBudget b = link_budget(d);
  EXPECT_NEAR(b.receiver_electrons_variance, b.thermal_electrons_variance + 2 * b.dark_electrons,
              b.receiver_electrons_variance * eps);
  // Both are electrons behind the same receiver.
  EXPECT_NEAR(b.dark_variance / b.thermal_variance, 2 * b.dark_electrons / b.thermal_electrons_variance,
              b.dark_variance / b.thermal_variance * eps);
  EXPECT_NEAR(b.noise_sigma * b.noise_sigma, b.shot_variance + b.thermal_variance + b.dark_variance,
              b.noise_sigma * b.noise_sigma * eps);
  d.photodiode.dark_current_a = 0;
  EXPECT_EQ(link_budget(d).dark_variance, 0);
  EXPECT_EQ(link_budget(d).thermal_variance, b.thermal_variance);
}

TEST(LinkBudget, IntensityNoiseByHandWhateverThePower) {
  PhotonicDesign d = realistic();
  d.laser.rin_db_per_hz = -140;
  d.clock_hz = 4e9;
  const LinkBudget b = link_budget(d);
  EXPECT_NEAR(b.intensity_variance, 1e-14 * 2e9, 2e-5 * eps);  // RIN over a bandwidth of half the clock
  // A combiner off by α leaves 2α of the local oscillator N; a field of full scale gives 2·√(N·S).
  EXPECT_NEAR(b.intensity_leak,
              2 * 0.02 * b.detected_oscillator_photons /
                  (2 * std::sqrt(b.detected_oscillator_photons * b.detected_signal_photons)),
              b.intensity_leak * eps);
  d.laser_power_w *= 10;
  const LinkBudget bright = link_budget(d);
  EXPECT_EQ(bright.intensity_variance, b.intensity_variance) << "a floor that no power lowers";
  EXPECT_NEAR(bright.intensity_leak, b.intensity_leak, b.intensity_leak * eps);
  d.laser.rin_db_per_hz = -std::numeric_limits<double>::infinity();
  EXPECT_EQ(link_budget(d).intensity_variance, 0);
}

TEST(LinkBudget, PhaseNoiseGoesWithTheDifferenceOfThePaths) {
  PhotonicDesign d = realistic();
  d.splitter.length_m = 20e-6;
  d.phase_shifter.length_m = 60e-6;
  d.routing_per_column_m = 140e-6;
  d.waveguide.group_index = 4;
  d.waveguide.loss_db_per_m = 100;
  d.laser.linewidth_hz = 1e6;
  const LinkBudget b = link_budget(d);
  // 32 columns of 160 + 140 µm and an attenuator of 160 µm: 9.76 mm that the local oscillator doesn't pass.
  EXPECT_NEAR(b.path_delay_s, 9.76e-3 * 4 / speed_of_light_m_per_s, 1.31e-10 * eps);
  EXPECT_NEAR(b.phase_variance, 2 * pi * 1e6 * b.path_delay_s, b.phase_variance * eps);
  d.oscillator_delay_m = 5e-3;
  const LinkBudget delayed = link_budget(d);
  EXPECT_NEAR(delayed.path_delay_s / b.path_delay_s, 4.76 / 9.76, eps);
  EXPECT_NEAR(delayed.detected_oscillator_photons / b.detected_oscillator_photons, power_ratio_from_db(-0.5),
              eps)
      << "the delay costs light";
  EXPECT_EQ(delayed.full_scale_photons, b.full_scale_photons);
  d.oscillator_delay_m = 9.76e-3;
  EXPECT_NEAR(link_budget(d).phase_variance, 0, b.phase_variance * eps);
}

TEST(LinkBudget, DepthOfModulationPaysInLightAndSavesDrive) {
  PhotonicDesign d = realistic();
  const LinkBudget full = link_budget(d);
  d.modulation_depth = 1.0 / 3;  // a swing of 30°: half the field
  const LinkBudget third = link_budget(d);
  EXPECT_NEAR(third.full_scale_photons / full.full_scale_photons, 0.25, eps);
  EXPECT_NEAR(third.modulator_symbol_j / full.modulator_symbol_j, 1.0 / 9, eps);
  EXPECT_NEAR(third.shot_variance / full.shot_variance, 4, 4 * eps);
}

TEST(LinkBudget, FiniteBandwidthLosesWhatDoesNotSettle) {
  const LinkBudget fast = link_budget(perfect());
  PhotonicDesign d = perfect();
  d.modulator.bandwidth_hz = d.clock_hz * std::log(4.0) / (2 * pi);  // r = 1/4
  EXPECT_THROW(link_budget(d), Error) << "below Nyquist's limit";
  d.modulator.bandwidth_hz = d.clock_hz;  // r = e^(−2π)
  LinkBudget b = link_budget(d);
  EXPECT_NEAR(b.modulator_residue, std::exp(-2 * pi), eps);
  EXPECT_NEAR(b.full_scale_photons / fast.full_scale_photons, std::pow(1 - std::exp(-2 * pi), 2), eps);
  EXPECT_EQ(b.efficiency, fast.efficiency);
  EXPECT_NEAR(memory_of(0.25), 1.0 / 3, eps);

  d = perfect();
  d.photodiode.bandwidth_hz = 5 * d.clock_hz / 3;
  d.tia.bandwidth_hz = 5 * d.clock_hz / 4;  // together 1 clock: 1 = 3²/5² + 4²/5²
  b = link_budget(d);
  EXPECT_NEAR(b.receiver_residue, std::exp(-2 * pi), eps);
  EXPECT_NEAR(b.shot_variance / fast.shot_variance, std::pow(1 - std::exp(-2 * pi), -2), eps);
  EXPECT_EQ(b.full_scale_photons, fast.full_scale_photons);
}

TEST(LinkBudget, IntensityDetectionByHand) {
  PhotonicDesign d = perfect();
  d.splitter.insertion_loss_db = 0.2;
  d.detection = Detection::intensity;
  EXPECT_THROW(link_budget(d), Error) << "all light is signal";
  d.local_oscillator_share = 0;
  d.photodiode.dark_current_a = 1e-6;
  d.tia.input_noise_a_per_sqrt_hz = 20e-12;
  const LinkBudget b = link_budget(d);
  // Four levels of tree, two splitters of the attenuator; no combiner, no splitter for a local oscillator.
  const double source = d.laser_power_w / d.clock_hz / photon_energy_j(d.laser.wavelength_m) / 16;
  EXPECT_NEAR(b.detected_signal_photons, source * power_ratio_from_db(-1.2), source * eps);
  EXPECT_EQ(b.detected_oscillator_photons, 0);
  EXPECT_NEAR(b.shot_variance * b.detected_signal_photons, 1, eps);
  EXPECT_NEAR(b.dark_variance, b.dark_electrons / std::pow(b.detected_signal_photons, 2),
              b.dark_variance * eps);
  EXPECT_NEAR(b.thermal_variance, b.thermal_electrons_variance / std::pow(b.detected_signal_photons, 2),
              b.thermal_variance * eps);
  EXPECT_EQ(b.phase_variance, 0);
}

TEST(LinkBudget, TimeOfFlightFollowsTheGeometry) {
  PhotonicDesign d = realistic();
  d.splitter.length_m = 20e-6;
  d.phase_shifter.length_m = 60e-6;
  d.routing_per_column_m = 140e-6;
  d.access_length_m = 4.82e-3;
  d.waveguide.group_index = 4;
  // 32 columns of 160 + 140 µm, attenuators of 160 µm, access and combiner: 9.6 + 0.16 + 4.82 + 0.02 = 14.6
  // mm.
  EXPECT_NEAR(link_budget(d).time_of_flight_s, 14.6e-3 * 4 / speed_of_light_m_per_s, 1.95e-10 * eps);
  d.topology = "triangular";  // 2·(2·16−3) = 58 columns: 26 columns of 300 µm more
  EXPECT_NEAR(link_budget(d).time_of_flight_s, 22.4e-3 * 4 / speed_of_light_m_per_s, 3e-10 * eps);
}

TEST(LinkBudget, ModulatorPowerIsConstantOverTheClock) {
  PhotonicDesign d = realistic();
  const double at_5 = link_budget(d).modulator_symbol_j;
  EXPECT_NEAR(at_5, 1.4 * 1.4 / 50 * 0.2e-9, at_5 * eps);
  d.clock_hz = 2.5e9;
  EXPECT_NEAR(link_budget(d).modulator_symbol_j, 2 * at_5, 2 * at_5 * eps);
}

TEST(LinkBudget, RefusesDarknessAndMoreThanAllTheLight) {
  const auto refuses = [](auto&& change) {
    PhotonicDesign d = realistic();
    change(d);
    EXPECT_THROW(link_budget(d), Error);
  };
  refuses([](PhotonicDesign& d) { d.photodiode.responsivity_a_per_w = 0; });
  refuses([](PhotonicDesign& d) { d.photodiode.responsivity_a_per_w = 1.3; });
  refuses([](PhotonicDesign& d) { d.fibre_coupler.insertion_loss_db = 4000; });
  refuses([](PhotonicDesign& d) { d.laser_power_w = 0; });
  refuses([](PhotonicDesign& d) { d.waveguide.loss_db_per_m = -1; });
  refuses([](PhotonicDesign& d) { d.mesh.splitter_sigma_rad = 0.01; });  // the splitter's
}

// Light left behind every MZI of the longest path: both presets keep a full-scale sine above the noise by
// more than 30 dB, so that what reaches the converters is signal.
TEST(LinkBudget, PresetsClose) {
  for (const PhotonicPreset& preset : photonic_presets()) {
    const LinkBudget b = link_budget(preset.design);
    const double mesh_db = 2 * static_cast<double>(mesh_columns(preset.design)) *
                           mesh_imperfections(preset.design).insertion_loss_db;
    const double snr = 0.5 * power_ratio_from_db(-mesh_db) / (b.noise_sigma * b.noise_sigma);
    EXPECT_GT(10 * std::log10(snr), 30) << preset.name;
    // The variance ¼ per quadrature holds where the local oscillator outshines the signal behind the meshes.
    EXPECT_GT(b.detected_oscillator_photons, 10 * b.detected_signal_photons * power_ratio_from_db(-mesh_db))
        << preset.name;
  }
}

}  // namespace
}  // namespace fringe
