#include "photonics/photonic_design.hpp"

#include <array>
#include <cmath>
#include <vector>

#include "core/error.hpp"
#include "photonics/converters.hpp"
#include "photonics/mesh_layout.hpp"

namespace fringe {
namespace {

[[noreturn]] void refuse(std::string_view field, double value, std::string_view rule) {
  throw Error("photonic design: " + std::string(field) + " = " + std::to_string(value) + " " +
              std::string(rule));
}

void require_positive(std::string_view field, double value) {
  if (!(value > 0) || !std::isfinite(value)) refuse(field, value, "must be positive and finite");
}

void require_loss(std::string_view field, double value) {
  if (!(value >= 0) || !std::isfinite(value)) refuse(field, value, "must be finite and not negative");
}

void require_inl(std::string_view field, double lsb, const Converter& converter) {
  if (!(lsb >= 0 && inl_over_full_scale(converter, lsb) <= 0.1))
    refuse(
        field, lsb,
        "must not be negative, nor above a tenth of the full scale of '" + std::string(converter.name) + "'");
}

void require_gain(std::string_view field, double sigma) {
  if (!(sigma >= 0 && sigma <= 0.15)) refuse(field, sigma, "must lie in 0 … 0.15");
}

void require_speed(std::string_view field, std::string_view device, double value, double least) {
  if (!(value >= least))
    refuse(field, value,
           "of '" + std::string(device) + "' is too slow for the clock; it must be at least " +
               std::to_string(least));
}

}  // namespace

ModulatorDrive find_modulator_drive(std::string_view name) {
  struct Row {
    std::string_view name;
    ModulatorDrive drive;
  };
  static constexpr std::array rows{Row{"linear", ModulatorDrive::linear}, Row{"sine", ModulatorDrive::sine},
                                   Row{"predistorted", ModulatorDrive::predistorted}};
  return find_row("modulator drive", name, std::span<const Row>(rows)).drive;
}

ActivationProducts find_activation_products(std::string_view name) {
  struct Row {
    std::string_view name;
    ActivationProducts where;
  };
  static constexpr std::array rows{Row{"digital", ActivationProducts::digital},
                                   Row{"reprogrammed", ActivationProducts::reprogrammed}};
  return find_row("place of products of activations", name, std::span<const Row>(rows)).where;
}

namespace {

void check_chips(const PhotonicDesign& d) {
  if (d.cores < 1) refuse("cores", static_cast<double>(d.cores), "must be at least 1");
  if (d.chips < 1 || d.chips > d.cores)
    refuse("chips", static_cast<double>(d.chips),
           "must lie in 1 … " + std::to_string(d.cores) + ", the cores");
  if (d.chips == 1) return;
  require_positive("chip_link.bytes_per_s", d.chip_link.bytes_per_s);
  require_loss("chip_link.j_per_bit", d.chip_link.j_per_bit);
  require_loss("chip_link.latency_s", d.chip_link.latency_s);
}

void check_published(const PhotonicDesign& d) {
  require_positive("clock_hz", d.clock_hz);
  const double most = d.published->run.clock_hz;
  if (d.clock_hz > most)
    refuse("clock_hz", d.clock_hz,
           "must be at most " + std::to_string(most) + ", that of '" + d.published->name +
               "', whose power at higher ones isn't known");
  require_positive("digital.clock_hz", d.digital.clock_hz);
  require_positive("digital.operations_per_s", d.digital.operations_per_s);
}

}  // namespace

void check(const PhotonicDesign& d) {
  check_chips(d);
  if (d.published) return check_published(d);
  find_topology(d.topology);
  check_crossing(find_core_kind(d.core), find_crossing(d.crossing));
  if (d.modes < 2) refuse("modes", static_cast<double>(d.modes), "must be at least 2");
  require_positive("clock_hz", d.clock_hz);
  require_positive("laser_power_w", d.laser_power_w);
  if (d.detection == Detection::homodyne) {
    if (!(d.local_oscillator_share > 0 && d.local_oscillator_share < 1))
      refuse("local_oscillator_share", d.local_oscillator_share, "must lie between 0 and 1");
  } else if (d.local_oscillator_share != 0) {
    refuse("local_oscillator_share", d.local_oscillator_share, "must be 0 where intensity is detected");
  }
  if (!(d.modulation_depth > 0 && d.modulation_depth <= 1))
    refuse("modulation_depth", d.modulation_depth, "must lie above 0 and up to 1");
  if (d.activations == ActivationProducts::reprogrammed && d.detection == Detection::intensity)
    throw Error(
        "photonic design: activations = reprogrammed needs detection = homodyne; intensities have no signs");
  if (d.modulator_drive == ModulatorDrive::linear && d.modulation_depth != 1)
    refuse("modulation_depth", d.modulation_depth, "must be 1 where modulator_drive is linear");
  require_loss("oscillator_delay_m", d.oscillator_delay_m);
  require_inl("dac_inl_lsb", d.dac_inl_lsb, d.input_dac);
  require_inl("adc_inl_lsb", d.adc_inl_lsb, d.output_adc);
  require_gain("input_gain_sigma", d.input_gain_sigma);
  require_gain("output_gain_sigma", d.output_gain_sigma);
  require_loss("sampling_jitter_s", d.sampling_jitter_s);
  if (d.phase_bits < 1 || d.phase_bits > d.phase_dac.nominal_bits)
    refuse("phase_bits", d.phase_bits,
           "must lie in 1 … " + std::to_string(static_cast<int>(d.phase_dac.nominal_bits)) +
               ", the bits of phase_dac '" + std::string(d.phase_dac.name) + "'");
  require_loss("phase_sigma_rad", d.phase_sigma_rad);
  require_loss("insertion_loss_sigma_db", d.insertion_loss_sigma_db);
  require_loss("routing_per_column_m", d.routing_per_column_m);
  require_loss("access_length_m", d.access_length_m);

  require_loss("phase_shifter.pi_power_w", d.phase_shifter.pi_power_w);
  require_loss("phase_shifter.insertion_loss_db", d.phase_shifter.insertion_loss_db);
  require_positive("phase_shifter.length_m", d.phase_shifter.length_m);
  require_positive("phase_shifter.rise_time_s", d.phase_shifter.rise_time_s);
  require_loss("splitter.splitting_sigma_rad", d.splitter.splitting_sigma_rad);
  require_loss("splitter.insertion_loss_db", d.splitter.insertion_loss_db);
  require_positive("splitter.length_m", d.splitter.length_m);
  require_loss("waveguide.loss_db_per_m", d.waveguide.loss_db_per_m);
  if (!(d.waveguide.group_index >= 1) || !std::isfinite(d.waveguide.group_index))
    refuse("waveguide.group_index", d.waveguide.group_index, "must be finite and at least 1");
  require_loss("fibre_coupler.insertion_loss_db", d.fibre_coupler.insertion_loss_db);
  require_loss("modulator.insertion_loss_db", d.modulator.insertion_loss_db);
  require_loss("modulator.energy_per_symbol_j", d.modulator.energy_per_symbol_j);
  require_positive("modulator.symbol_rate_hz", d.modulator.symbol_rate_hz);
  require_positive("modulator.extinction_ratio_db", d.modulator.extinction_ratio_db);
  if (!(d.laser.wall_plug_efficiency > 0 && d.laser.wall_plug_efficiency < 1))
    refuse("laser.wall_plug_efficiency", d.laser.wall_plug_efficiency, "must lie between 0 and 1");
  require_positive("laser.wavelength_m", d.laser.wavelength_m);
  if (!(d.laser.rin_db_per_hz < 0))
    refuse("laser.rin_db_per_hz", d.laser.rin_db_per_hz, "must be negative; -infinity is none");
  require_loss("laser.linewidth_hz", d.laser.linewidth_hz);
  require_positive("photodiode.responsivity_a_per_w", d.photodiode.responsivity_a_per_w);
  require_loss("photodiode.dark_current_a", d.photodiode.dark_current_a);
  require_loss("tia.input_noise_a_per_sqrt_hz", d.tia.input_noise_a_per_sqrt_hz);
  require_loss("tia.power_w", d.tia.power_w);

  require_speed("modulator.bandwidth_hz", d.modulator.name, d.modulator.bandwidth_hz, d.clock_hz / 2);
  require_speed("photodiode.bandwidth_hz", d.photodiode.name, d.photodiode.bandwidth_hz, d.clock_hz / 2);
  require_speed("tia.bandwidth_hz", d.tia.name, d.tia.bandwidth_hz, d.clock_hz / 2);
  require_speed("input_dac.rate_hz", d.input_dac.name, d.input_dac.rate_hz, d.clock_hz);
  require_speed("output_adc.rate_hz", d.output_adc.name, d.output_adc.rate_hz, d.clock_hz);
  require_positive("phase_dac.rate_hz", d.phase_dac.rate_hz);
  require_positive("digital.clock_hz", d.digital.clock_hz);
  require_positive("digital.operations_per_s", d.digital.operations_per_s);
  const MeshImperfections& m = d.mesh;
  if (m.splitter_sigma_rad != 0 || m.phase_sigma_rad != 0 || m.phase_bits != 0 || m.insertion_loss_db != 0 ||
      m.insertion_loss_sigma_db != 0)
    throw Error(
        "photonic design: the spread of splitters and phases, phase bits and insertion loss come from the "
        "devices; design.mesh leaves them at 0");
  check(mesh_imperfections(d));
}

MeshImperfections mesh_imperfections(const PhotonicDesign& design) {
  MeshImperfections mesh = design.mesh;
  mesh.splitter_sigma_rad = design.splitter.splitting_sigma_rad;
  mesh.phase_sigma_rad = design.phase_sigma_rad;
  mesh.phase_bits = design.phase_bits;
  mesh.insertion_loss_db =
      find_crossing(design.crossing).splitters * design.splitter.insertion_loss_db +
      shifters_passed(find_core_kind(design.core)) * design.phase_shifter.insertion_loss_db;
  mesh.insertion_loss_sigma_db = design.insertion_loss_sigma_db;
  if (mesh.drive.resistance_ohm > 0 && design.phase_shifter.pi_power_w > 0)
    mesh.drive.pi_power_w = design.phase_shifter.pi_power_w;
  return mesh;
}

std::size_t mesh_columns(const PhotonicDesign& design) {
  return find_topology(design.topology).build(design.modes).columns();
}

std::span<const PhotonicPreset> photonic_presets() {
  static const PhotonicDesign realistic{
      .topology = "rectangular",
      .modes = 16,
      .cores = 16,
      .clock_hz = 5e9,
      .laser_power_w = 0.1,
      .local_oscillator_share = 0.5,
      .phase_bits = 8,
      .insertion_loss_sigma_db = 0,
      .phase_sigma_rad = 5e-3,
      .routing_per_column_m = 100e-6,
      .access_length_m = 5e-3,
      .phase_shifter = find_phase_shifter("doped-silicon-heater"),
      .splitter = find_splitter("coupler-2-percent"),
      .waveguide = find_waveguide("silicon-strip-193i"),
      .fibre_coupler = find_fibre_coupler("bilayer-edge"),
      .modulator = find_modulator("thin-film-lithium-niobate"),
      .laser = find_laser("hybrid-external-cavity"),
      .photodiode = find_photodiode("germanium-103ghz"),
      .tia = find_tia("cmos-65nm-10ghz"),
      .input_dac = find_converter("dac-9bit-11gs"),
      .output_adc = find_converter("adc-5gs"),
      .phase_dac = find_converter("phase-dac-16bit"),
      .digital = find_digital_unit("asic-7nm"),
      .modulator_drive = ModulatorDrive::predistorted,
      .chip_link = find_chip_link("ucie-advanced"),
  };
  static const PhotonicDesign coarse = [] {
    PhotonicDesign design = realistic;
    design.phase_bits = 15;
    design.splitter = find_splitter("coupler-6-percent");
    return design;
  }();
  static const std::array presets{
      PhotonicPreset{
          "realistic", "thermo-optic silicon: couplers spread by 2 %, phases held to 8 bits", realistic,
          "phase_bits: the 8.5 bits of phase that di Tria et al., arXiv:2502.12869 (2025), "
          "measured on silicon MZIs, "
          "rounded down; phase_sigma_rad: phase-encoding noise of 5e-3 rad, Shen et al., Nat. "
          "Photonics 11, 441 (2017); "
          "modes, cores, clock, laser power, lengths and the predistorted drive are choices of the "
          "design; the local oscillator is not delayed; non-linearity and jitter of the converters "
          "stand in their ENOB, gains are calibrated"},
      PhotonicPreset{"coarse-splitters",
                     "the same with couplers spread by 6 % and drivers of 16 bits: correction decides",
                     coarse,
                     "phase_bits: a heater's phase goes with its voltage squared, so that the rms step of "
                     "the 16-bit driver over "
                     "2 pi is sqrt 2 times a uniform one, 15.5 bits, rounded down; phase_sigma_rad: "
                     "phase-encoding noise of 5e-3 "
                     "rad, Shen et al., Nat. Photonics 11, 441 (2017); the rest as in realistic"},
  };
  return presets;
}

// Its converters take no power of their own: the list of devices has it.
PhotonicDesign design_of(const PhotonicSystem& system) {
  const SystemRun& run = system.run;
  const auto converter = [&](Converter::Kind kind, int bits) {
    return Converter{"of the published system", kind,         static_cast<double>(bits),
                     static_cast<double>(bits), run.clock_hz, 0,
                     "see fringe list systems"};
  };
  PhotonicDesign design = photonic_presets().front().design;
  // A homodyne array's terms follow each other in time; blocks of 256 are a choice.
  design.modes = system.multiplier == Multiplier::homodyne_array ? 256 : system.inner;
  design.cores = system.cores;
  design.clock_hz = run.clock_hz;
  design.input_dac = converter(Converter::Kind::dac, run.input_bits);
  design.output_adc = converter(Converter::Kind::adc, run.output_bits);
  design.published = system;
  return design;
}

std::span<const PhotonicPreset> published_presets() {
  static const std::vector<std::string> sources = [] {
    std::vector<std::string> list;
    for (const PhotonicSystem& system : photonic_systems())
      list.push_back(system.source + "; assumed: " + system.run.assumed +
                     "; its digital unit and memory are rows of the catalogue");
    return list;
  }();
  static const std::vector<PhotonicPreset> presets = [] {
    std::vector<PhotonicPreset> list;
    for (const PhotonicSystem& system : photonic_systems())
      list.push_back({system.name, system.description, design_of(system), sources[list.size()]});
    return list;
  }();
  return presets;
}

const PhotonicPreset& find_photonic_preset(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto presets : {photonic_presets(), published_presets()})
    for (const PhotonicPreset& preset : presets) {
      if (preset.name == name) return preset;
      names.push_back(preset.name);
    }
  throw Error(unknown_name("photonic preset", name, names));
}

}  // namespace fringe
