#include "photonics/device_catalogue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>
#include <utility>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/photonic_design.hpp"

namespace fringe {
namespace {

std::string error_of(auto&& call) {
  try {
    call();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

void within(double value, double low, double high, std::string_view name, const char* what) {
  EXPECT_GE(value, low) << name << ' ' << what;
  EXPECT_LE(value, high) << name << ' ' << what;
}

// Limits are what the physics or the state of the art allows, so that a slip of a unit prefix shows.
TEST(DeviceCatalogue, UnitsArePlausible) {
  for (const PhaseShifter& d : phase_shifters()) {
    within(d.pi_power_w, 0, 0.5, d.name, "pi_power_w");
    within(d.insertion_loss_db, 0, 10, d.name, "insertion_loss_db");
    within(d.length_m, 1e-6, 0.1, d.name, "length_m");
    within(d.rise_time_s, 1e-12, 1e-2, d.name, "rise_time_s");
  }
  for (const Splitter& d : splitters()) {
    within(d.splitting_sigma_rad, 0, pi / 4, d.name, "splitting_sigma_rad");
    within(d.insertion_loss_db, 0, 3, d.name, "insertion_loss_db");
    within(d.length_m, 1e-6, 1e-2, d.name, "length_m");
  }
  for (const Waveguide& d : waveguides()) {
    within(d.loss_db_per_m, 0.01, 3000, d.name, "loss_db_per_m");
    within(d.group_index, 1, 5, d.name, "group_index");
  }
  for (const FibreCoupler& d : fibre_couplers())
    within(d.insertion_loss_db, 0, 15, d.name, "insertion_loss_db");
  for (const Modulator& d : modulators()) {
    within(d.bandwidth_hz, 1e6, 1e12, d.name, "bandwidth_hz");
    within(d.insertion_loss_db, 0, 20, d.name, "insertion_loss_db");
    within(d.energy_per_symbol_j, 1e-16, 1e-9, d.name, "energy_per_symbol_j");
    within(d.symbol_rate_hz, 1e6, 2 * d.bandwidth_hz, d.name, "symbol_rate_hz");
    within(d.extinction_ratio_db, 3, 80, d.name, "extinction_ratio_db");
    within(d.area_m2, 1e-10, 1e-4, d.name, "area_m2");
  }
  for (const Laser& d : lasers()) {
    within(d.wall_plug_efficiency, 1e-3, 0.8, d.name, "wall_plug_efficiency");
    within(d.wavelength_m, 0.4e-6, 3e-6, d.name, "wavelength_m");
    within(d.rin_db_per_hz, -175, -110, d.name, "rin_db_per_hz");
    within(d.linewidth_hz, 1, 100e6, d.name, "linewidth_hz");
    within(d.area_m2, 1e-9, 1e-4, d.name, "area_m2");
  }
  for (const Photodiode& d : photodiodes()) {
    within(d.bandwidth_hz, 1e6, 1e12, d.name, "bandwidth_hz");
    within(d.dark_current_a, 0, 1e-4, d.name, "dark_current_a");
    within(d.area_m2, 1e-11, 1e-6, d.name, "area_m2");
    // No more than one electron a photon at 1550 nm, where the germanium rows are specified.
    within(quantum_efficiency(d, 1550e-9), 0.01, 1, d.name, "quantum efficiency");
  }
  for (const Tia& d : tias()) {
    within(d.input_noise_a_per_sqrt_hz, 1e-13, 1e-9, d.name, "input_noise_a_per_sqrt_hz");
    within(d.bandwidth_hz, 1e6, 1e12, d.name, "bandwidth_hz");
    within(d.power_w, 1e-5, 1, d.name, "power_w");
    within(d.area_m2, 1e-10, 1e-5, d.name, "area_m2");
  }
  for (const Converter& d : converters()) {
    within(d.nominal_bits, 1, 24, d.name, "nominal_bits");
    within(d.enob_bits, 1, d.nominal_bits, d.name, "enob_bits");
    within(d.rate_hz, 1e3, 1e12, d.name, "rate_hz");
    within(d.power_w, 1e-6, 10, d.name, "power_w");
    within(d.area_m2, 1e-10, 1e-5, d.name, "area_m2");
  }
  for (const DigitalUnit& d : digital_units()) {
    within(d.int32_add_j, 1e-15, d.fp32_add_j, d.name, "int32_add_j");
    within(d.fp32_add_j, 1e-14, d.fp32_multiply_j, d.name, "fp32_add_j");
    within(d.fp32_multiply_j, 1e-13, 1e-10, d.name, "fp32_multiply_j");
    within(d.clock_hz, 1e8, 1e10, d.name, "clock_hz");
    within(d.operations_per_s, 1e8, 1e15, d.name, "operations_per_s");
    within(d.area_m2, 1e-8, 1e-3, d.name, "area_m2");
  }
  for (const ChipLink& d : chip_links()) {
    within(d.bytes_per_s, 1e8, 1e14, d.name, "bytes_per_s");
    within(d.j_per_bit, 1e-15, 1e-10, d.name, "j_per_bit");
    within(d.latency_s, 1e-10, 1e-5, d.name, "latency_s");
  }
}

TEST(DeviceCatalogue, EveryRowIsListedOnceWithASourceOfAYear) {
  const std::vector<DeviceListing> list = list_devices();
  EXPECT_EQ(list.size(), phase_shifters().size() + splitters().size() + waveguides().size() +
                             fibre_couplers().size() + modulators().size() + lasers().size() +
                             photodiodes().size() + tias().size() + converters().size() +
                             digital_units().size() + chip_links().size());
  std::set<std::pair<std::string, std::string>> names;
  for (const DeviceListing& row : list) {
    EXPECT_TRUE(names.insert({row.kind, row.name}).second) << row.name << " twice";
    EXPECT_FALSE(row.summary.empty()) << row.name;
    EXPECT_GT(row.source.size(), 20u) << row.name;
    EXPECT_TRUE(std::any_of(row.source.begin(), row.source.end(),
                            [](unsigned char c) { return std::isdigit(c) != 0; }))
        << row.name << ": a source names its year, volume or number";
  }
}

TEST(DeviceCatalogue, SummariesCarryUnits) {
  for (const DeviceListing& row : list_devices())
    if (row.name == "doped-silicon-heater") {
      EXPECT_EQ(row.kind, "phase shifter");
      EXPECT_EQ(row.summary, "pi power 24.77 mW, loss 0.23 dB, length 61.6 µm, rise time 2.692 µs");
    } else if (row.name == "adc-5gs") {
      EXPECT_EQ(row.summary, "ADC, 10 bits, ENOB 7.764, 5 GS/s, 29 mW, 26.68 fJ/step, area 0.01108 mm²");
    } else if (row.name == "mems") {
      EXPECT_EQ(row.summary.substr(0, 12), "pi power 0 W");
    }
}

TEST(DeviceCatalogue, FindsARowAndOffersTheNearestName) {
  EXPECT_EQ(find_phase_shifter("mems").name, "mems");
  EXPECT_EQ(find_converter("adc-5gs").kind, Converter::Kind::adc);
  EXPECT_EQ(error_of([] { find_phase_shifter("mens"); }),
            "unknown phase shifter 'mens'; did you mean 'mems'?");
  EXPECT_NE(error_of([] { find_splitter("coupler-3-percent"); }).find("coupler-2-percent"),
            std::string::npos);
  for (const auto& call :
       {+[] { find_waveguide("x"); }, +[] { find_fibre_coupler("x"); }, +[] { find_modulator("x"); },
        +[] { find_laser("x"); }, +[] { find_photodiode("x"); }, +[] { find_tia("x"); },
        +[] { find_converter("x"); }, +[] { find_digital_unit("x"); }, +[] { find_chip_link("x"); },
        +[] { find_photonic_preset("x"); }})
    EXPECT_THROW(call(), Error);
}

TEST(PhotonicPresets, AreSoundAndCited) {
  for (const PhotonicPreset& preset : photonic_presets()) {
    EXPECT_NO_THROW(check(preset.design)) << preset.name;
    EXPECT_GT(preset.source.size(), 20u) << preset.name;
    EXPECT_FALSE(preset.description.empty());
    const MeshImperfections mesh = mesh_imperfections(preset.design);
    EXPECT_NO_THROW(check(mesh)) << preset.name;
    EXPECT_EQ(mesh.phase_bits, preset.design.phase_bits);
    EXPECT_EQ(mesh.splitter_sigma_rad, preset.design.splitter.splitting_sigma_rad);
  }
  const PhotonicDesign& realistic = find_photonic_preset("realistic").design;
  const PhotonicDesign& coarse = find_photonic_preset("coarse-splitters").design;
  EXPECT_GT(coarse.splitter.splitting_sigma_rad, realistic.splitter.splitting_sigma_rad);
  EXPECT_GT(coarse.phase_bits, realistic.phase_bits);
}

TEST(PhotonicDesign, MziLossIsThatOfItsDevices) {
  PhotonicDesign design = find_photonic_preset("realistic").design;
  design.splitter.insertion_loss_db = 0.1;
  design.phase_shifter.insertion_loss_db = 0.23;
  EXPECT_DOUBLE_EQ(mesh_imperfections(design).insertion_loss_db, 0.66);
  design.topology = "triangular";
  EXPECT_EQ(mesh_columns(design), 2 * design.modes - 3);
}

TEST(PhotonicDesign, RefusesWithTheFieldAndTheRule) {
  const PhotonicDesign good = find_photonic_preset("realistic").design;
  const auto refused = [&](auto&& change) {
    PhotonicDesign design = good;
    change(design);
    return error_of([&] { check(design); });
  };
  EXPECT_EQ(error_of([&] { check(good); }), "");
  EXPECT_NE(refused([](PhotonicDesign& d) { d.modes = 1; }).find("modes"), std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) { d.cores = 0; }).find("cores"), std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) { d.topology = "rectangula"; }).find("rectangular"),
            std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) { d.laser_power_w = -1; }).find("laser_power_w"),
            std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) { d.local_oscillator_share = 1; }).find("local_oscillator_share"),
            std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) { d.phase_bits = 17; }).find("phase-dac-16bit"), std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) { d.phase_sigma_rad = std::nan(""); }).find("phase_sigma_rad"),
            std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) { d.clock_hz = 30e9; }).find("tia.bandwidth_hz"),
            std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) { d.clock_hz = 6e9; }).find("output_adc.rate_hz"),
            std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) { d.modulation_depth = 0; }).find("modulation_depth"),
            std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) {
              d.modulator_drive = ModulatorDrive::linear;
              d.modulation_depth = 0.5;
            }).find("linear"),
            std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) { d.detection = Detection::intensity; }).find("intensity"),
            std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) { d.dac_inl_lsb = 26; }).find("dac-9bit-11gs"), std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) { d.output_gain_sigma = 0.2; }).find("output_gain_sigma"),
            std::string::npos);
  EXPECT_NE(refused([](PhotonicDesign& d) { d.laser.rin_db_per_hz = 3; }).find("rin_db_per_hz"),
            std::string::npos);
  EXPECT_EQ(find_modulator_drive("sine"), ModulatorDrive::sine);
  EXPECT_EQ(error_of([] { find_modulator_drive("sin"); }),
            "unknown modulator drive 'sin'; did you mean 'sine'?");
  EXPECT_NE(refused([](PhotonicDesign& d) { d.waveguide.group_index = 0.9; }).find("group_index"),
            std::string::npos);
}

}  // namespace
}  // namespace fringe
