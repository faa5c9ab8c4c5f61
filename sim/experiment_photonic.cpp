#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "core/units.hpp"
#include "sim/experiment_sections.hpp"

namespace fringe {
namespace {

struct FigureKey {
  std::string_view key;
  bool whole;
  double least, most;
  void (*set)(PhotonicDesign&, double);
};
// The ranges keep out slips of the unit; check(PhotonicDesign) has the rules of physics.
constexpr FigureKey design_numbers[] = {
    {"modes", true, 2, 4096, [](PhotonicDesign& d, double v) { d.modes = static_cast<std::size_t>(v); }},
    {"clock_hz", false, 1e3, 1e12, [](PhotonicDesign& d, double v) { d.clock_hz = v; }},
    {"laser_power_w", false, 1e-9, 1e2, [](PhotonicDesign& d, double v) { d.laser_power_w = v; }},
    {"local_oscillator_share", false, 0, 1,
     [](PhotonicDesign& d, double v) { d.local_oscillator_share = v; }},
    {"phase_bits", true, 1, 32, [](PhotonicDesign& d, double v) { d.phase_bits = static_cast<int>(v); }},
    {"phase_sigma_rad", false, 0, pi, [](PhotonicDesign& d, double v) { d.phase_sigma_rad = v; }},
    {"splitting_sigma_rad", false, 0, pi / 4,
     [](PhotonicDesign& d, double v) { d.splitter.splitting_sigma_rad = v; }},
    {"insertion_loss_sigma_db", false, 0, 1e2,
     [](PhotonicDesign& d, double v) { d.insertion_loss_sigma_db = v; }},
    {"phase_shifter_loss_db", false, 0, 1e2,
     [](PhotonicDesign& d, double v) { d.phase_shifter.insertion_loss_db = v; }},
    {"splitter_loss_db", false, 0, 1e2,
     [](PhotonicDesign& d, double v) { d.splitter.insertion_loss_db = v; }},
    {"pi_power_w", false, 0, 1e1, [](PhotonicDesign& d, double v) { d.phase_shifter.pi_power_w = v; }},
    {"rin_db_per_hz", false, -300, -1, [](PhotonicDesign& d, double v) { d.laser.rin_db_per_hz = v; }},
    {"linewidth_hz", false, 0, 1e9, [](PhotonicDesign& d, double v) { d.laser.linewidth_hz = v; }},
    {"oscillator_delay_m", false, 0, 1e2, [](PhotonicDesign& d, double v) { d.oscillator_delay_m = v; }},
    {"modulation_depth", false, 0, 1, [](PhotonicDesign& d, double v) { d.modulation_depth = v; }},
    {"extinction_ratio_db", false, 1e-3, 300,
     [](PhotonicDesign& d, double v) { d.modulator.extinction_ratio_db = v; }},
    {"dac_inl_lsb", false, 0, 1e6, [](PhotonicDesign& d, double v) { d.dac_inl_lsb = v; }},
    {"adc_inl_lsb", false, 0, 1e6, [](PhotonicDesign& d, double v) { d.adc_inl_lsb = v; }},
    {"input_gain_sigma", false, 0, 0.15, [](PhotonicDesign& d, double v) { d.input_gain_sigma = v; }},
    {"output_gain_sigma", false, 0, 0.15, [](PhotonicDesign& d, double v) { d.output_gain_sigma = v; }},
    {"splitter_correlation", false, 0, 1,
     [](PhotonicDesign& d, double v) { d.mesh.splitter_correlation = v; }},
    {"splitter_correlation_length_m", false, 0, 1,
     [](PhotonicDesign& d, double v) { d.mesh.splitter_correlation_length_m = v; }},
    {"arm_imbalance_sigma_db", false, 0, 1e2,
     [](PhotonicDesign& d, double v) { d.mesh.arm_imbalance_sigma_db = v; }},
    {"crossing_loss_db", false, 0, 1e2, [](PhotonicDesign& d, double v) { d.mesh.crossing_loss_db = v; }},
    {"crossing_leakage", false, 0, 1, [](PhotonicDesign& d, double v) { d.mesh.crossing_leakage = v; }},
    {"detuning_m", false, -1e-6, 1e-6, [](PhotonicDesign& d, double v) { d.mesh.detuning_m = v; }},
    {"temperature_shift_k", false, -300, 300,
     [](PhotonicDesign& d, double v) { d.mesh.temperature_shift_k = v; }},
    {"path_imbalance_sigma_m", false, 0, 1e-2,
     [](PhotonicDesign& d, double v) { d.mesh.path_imbalance_sigma_m = v; }},
    {"crosstalk_coefficient", false, 0, 10,
     [](PhotonicDesign& d, double v) { d.mesh.crosstalk.coefficient = v; }},
    {"heater_resistance_ohm", false, 0, 1e6,
     [](PhotonicDesign& d, double v) { d.mesh.drive.resistance_ohm = v; }},
    {"heater_resistance_per_w", false, 0, 1e3,
     [](PhotonicDesign& d, double v) { d.mesh.drive.resistance_per_w = v; }},
    {"dead_coupler_probability", false, 0, 1,
     [](PhotonicDesign& d, double v) { d.mesh.dead_coupler_probability = v; }},
    {"stuck_phase_probability", false, 0, 1,
     [](PhotonicDesign& d, double v) { d.mesh.stuck_phase_probability = v; }},
    {"sampling_jitter_s", false, 0, 1e-3, [](PhotonicDesign& d, double v) { d.sampling_jitter_s = v; }},
    {"chips", true, 1, 1e6, [](PhotonicDesign& d, double v) { d.chips = static_cast<std::size_t>(v); }},
};

struct DeviceKey {
  std::string_view key;
  void (*set)(PhotonicDesign&, std::string_view);
};
constexpr DeviceKey design_devices[] = {
    {"mesh", [](PhotonicDesign& d, std::string_view v) { d.topology = find_topology(v).name; }},
    {"core", [](PhotonicDesign& d, std::string_view v) { d.core = find_core_kind(v).name; }},
    {"detection",
     [](PhotonicDesign& d, std::string_view v) {
       d.detection = find_detection(v);
       if (d.detection == Detection::intensity) d.local_oscillator_share = 0;
     }},
    {"crossing", [](PhotonicDesign& d, std::string_view v) { d.crossing = find_crossing(v).name; }},
    {"phase_shifter", [](PhotonicDesign& d, std::string_view v) { d.phase_shifter = find_phase_shifter(v); }},
    {"splitter", [](PhotonicDesign& d, std::string_view v) { d.splitter = find_splitter(v); }},
    {"waveguide", [](PhotonicDesign& d, std::string_view v) { d.waveguide = find_waveguide(v); }},
    {"fibre_coupler", [](PhotonicDesign& d, std::string_view v) { d.fibre_coupler = find_fibre_coupler(v); }},
    {"modulator", [](PhotonicDesign& d, std::string_view v) { d.modulator = find_modulator(v); }},
    {"modulator_drive",
     [](PhotonicDesign& d, std::string_view v) { d.modulator_drive = find_modulator_drive(v); }},
    {"activations",
     [](PhotonicDesign& d, std::string_view v) { d.activations = find_activation_products(v); }},
    {"laser", [](PhotonicDesign& d, std::string_view v) { d.laser = find_laser(v); }},
    {"photodiode", [](PhotonicDesign& d, std::string_view v) { d.photodiode = find_photodiode(v); }},
    {"tia", [](PhotonicDesign& d, std::string_view v) { d.tia = find_tia(v); }},
    {"input_dac", [](PhotonicDesign& d, std::string_view v) { d.input_dac = find_converter(v); }},
    {"output_adc", [](PhotonicDesign& d, std::string_view v) { d.output_adc = find_converter(v); }},
    {"phase_dac", [](PhotonicDesign& d, std::string_view v) { d.phase_dac = find_converter(v); }},
    {"digital", [](PhotonicDesign& d, std::string_view v) { d.digital = find_digital_unit(v); }},
    {"chip_link", [](PhotonicDesign& d, std::string_view v) { d.chip_link = find_chip_link(v); }},
};

// The others tell of meshes.
constexpr std::string_view keys_of_published_systems[] = {"clock_hz", "chips", "chip_link", "digital"};

/// What a key of the file does to the preset's design.
struct Change {
  std::string_view key;
  std::function<void(PhotonicDesign&)> apply;
};

/// The preset with all changes but number `left_out`.
PhotonicDesign changed(PhotonicDesign design, const std::vector<Change>& changes, std::size_t left_out) {
  for (std::size_t i = 0; i < changes.size(); ++i)
    if (i != left_out) changes[i].apply(design);
  return design;
}

/// The rule that the design breaks, or "".
std::string broken_rule(const PhotonicDesign& design) {
  try {
    check(design);
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

NumberEntry numbers_of(const PhotonicSystem& system, std::size_t width) {
  NumberEntry entry;
  entry.all.weight_bits = system.run.weight_bits;
  entry.all.input_bits = system.run.input_bits;
  entry.all.output_bits = system.run.output_bits;
  entry.all.gain = system.run.gain;
  entry.all.width = width;
  return entry;
}

PhotonicEntry read_photonic(TomlSection section, std::string name,
                            std::span<const std::string_view> operators) {
  PhotonicEntry entry;
  entry.name = std::move(name);
  const std::string preset_name = section.string("preset", "realistic");
  PhotonicDesign preset{};
  try {
    preset = find_photonic_preset(preset_name).design;
  } catch (const Error& error) {
    section.fail("preset", error.what());
  }
  entry.cores = section.count("cores", 0, 0, 1e9);
  if (entry.cores > 0) preset.cores = entry.cores;
  const auto refuse_mesh_key = [&](std::string_view key) {
    if (preset.published &&
        std::ranges::find(keys_of_published_systems, key) == std::end(keys_of_published_systems))
      section.fail(key, "tells of meshes; '" + preset_name +
                            "' is a published system, of which cores, clock_hz, "
                            "chips, chip_link, digital and numbers may change");
  };

  std::vector<Change> changes;
  for (const DeviceKey& row : design_devices) {
    if (section.find(row.key) == nullptr) continue;
    refuse_mesh_key(row.key);
    const std::string device = section.string(row.key, "");
    try {
      PhotonicDesign trial = preset;
      row.set(trial, device);
    } catch (const Error& error) {
      section.fail(row.key, error.what());
    }
    changes.push_back({row.key, [&row, device](PhotonicDesign& d) { row.set(d, device); }});
  }
  for (const FigureKey& row : design_numbers) {
    if (section.find(row.key) == nullptr) continue;
    refuse_mesh_key(row.key);
    const double value = row.whole ? section.whole(row.key, 0, row.least, row.most)
                                   : section.number(row.key, 0, row.least, row.most);
    changes.push_back({row.key, [&row, value](PhotonicDesign& d) { row.set(d, value); }});
  }
  const bool has_numbers = section.find("numbers") != nullptr;
  section.refuse_others();

  entry.design = changed(preset, changes, changes.size());
  if (const std::string rule = broken_rule(entry.design); !rule.empty()) {
    for (std::size_t i = 0; i < changes.size(); ++i)
      if (broken_rule(changed(preset, changes, i)).empty()) section.fail(changes[i].key, rule);
    section.fail("", rule);
  }
  if (entry.design.published && entry.cores == 0) entry.cores = entry.design.cores;
  if (has_numbers) entry.numbers = read_numbers(section.section("numbers"), entry.design, operators);
  return entry;
}

}  // namespace fringe
