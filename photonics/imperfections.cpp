#include "photonics/imperfections.hpp"

#include <array>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/device_catalogue.hpp"
#include "photonics/spatial_field.hpp"

namespace fringe {
namespace {

[[noreturn]] void refuse(const char* key, double value, const char* rule) {
  throw Error(std::string(key) + " = " + std::to_string(value) + "; it must be " + rule);
}

void require_strength(const char* key, double value) {
  if (!(value >= 0) || !std::isfinite(value)) refuse(key, value, "0 or more, and finite");
}

void require_finite(const char* key, double value) {
  if (!std::isfinite(value)) refuse(key, value, "finite");
}

void require_share(const char* key, double value) {
  if (!(value >= 0 && value <= 1)) refuse(key, value, "0 to 1");
}

void require_pitch(const char* key, double value) {
  if (!(value > 0) || !std::isfinite(value)) refuse(key, value, "positive and finite");
}

using Kind = ImperfectionRow::Kind;
using Where = ImperfectionRow::Where;

}  // namespace

void check(const MeshImperfections& m) {
  require_strength("splitter_sigma_rad", m.splitter_sigma_rad);
  require_strength("phase_sigma_rad", m.phase_sigma_rad);
  require_strength("insertion_loss_db", m.insertion_loss_db);
  require_strength("insertion_loss_sigma_db", m.insertion_loss_sigma_db);
  check_phase_bits(m.phase_bits);
  require_share("splitter_correlation", m.splitter_correlation);
  if (m.splitter_correlation_length_m != 0 && !(m.splitter_correlation_length_m >= shortest_correlation_m))
    refuse("splitter_correlation_length_m", m.splitter_correlation_length_m, "0, or 1e-8 and more");
  require_strength("arm_imbalance_sigma_db", m.arm_imbalance_sigma_db);
  require_strength("waveguide_loss_db_per_m", m.waveguide_loss_db_per_m);
  require_strength("crossing_loss_db", m.crossing_loss_db);
  require_share("crossing_leakage", m.crossing_leakage);
  check(m.dispersion);
  if (!(std::abs(m.detuning_m) < m.dispersion.design_wavelength_m))
    refuse("detuning_m", m.detuning_m, "smaller than dispersion.design_wavelength_m");
  require_finite("temperature_shift_k", m.temperature_shift_k);
  require_strength("path_imbalance_sigma_m", m.path_imbalance_sigma_m);
  check(m.drive);
  check(m.crosstalk);
  check(m.drift);
  require_share("dead_coupler_probability", m.dead_coupler_probability);
  require_share("stuck_phase_probability", m.stuck_phase_probability);
  require_pitch("geometry.column_pitch_m", m.geometry.column_pitch_m);
  require_pitch("geometry.mode_pitch_m", m.geometry.mode_pitch_m);
}

double extinction_ratio_db(double arm_imbalance_db) {
  const double r = field_transmission_from_loss_db(std::abs(arm_imbalance_db));
  return -20 * std::log10((1 - r) / (1 + r));
}

double arm_imbalance_db(double extinction_ratio_db) {
  const double dark = field_transmission_from_loss_db(extinction_ratio_db);
  return -20 * std::log10((1 - dark) / (1 + dark));
}

std::span<const ImperfectionRow> imperfections() {
  static const std::array table = [] {
    const Splitter& splitter = find_splitter("coupler-2-percent");
    const PhaseShifter& shifter = find_phase_shifter("doped-silicon-heater");
    const Waveguide& waveguide = find_waveguide("silicon-strip-193i");
    constexpr std::string_view crossing =
        "Johnson, Thompson and Sahin, Opt. Express 28, 12498 (2020): 43 mdB, crosstalk below -50 dB";
    const Converter &phase_dac = find_converter("phase-dac-12bit"), &dac = find_converter("dac-9bit-11gs"),
                    &adc = find_converter("adc-5gs");
    const Tia& tia = find_tia("cmos-65nm-10ghz");
    const Modulator& modulator = find_modulator("thin-film-lithium-niobate");
    const Laser& laser = find_laser("hybrid-external-cavity");
    const Photodiode& photodiode = find_photodiode("germanium-103ghz");
    return std::array{
        ImperfectionRow{"splitter_error", Kind::fixed, Where::mesh, splitter.splitting_sigma_rad, "rad",
                        "spread of each splitter's angle about pi/4", splitter.source},
        ImperfectionRow{"phase_error", Kind::fixed, Where::mesh, 5e-3, "rad",
                        "spread of the static error of every phase",
                        "phase-encoding noise of Shen et al., Nat. Photonics 11, 441 (2017)"},
        ImperfectionRow{"phase_bits", Kind::fixed, Where::mesh, phase_dac.nominal_bits, "bit",
                        "resolution of every phase over 2 pi", phase_dac.source},
        ImperfectionRow{"insertion_loss", Kind::fixed, Where::mesh,
                        2 * (splitter.insertion_loss_db + shifter.insertion_loss_db), "dB",
                        "loss of each MZI: two splitters and two phase shifters", shifter.source},
        ImperfectionRow{"insertion_loss_spread", Kind::fixed, Where::mesh, std::sqrt(2.0) * 0.13, "dB",
                        "spread of the loss of each MZI",
                        "order of magnitude: the uncertainty of Harris et al., Opt. Express 22, 10487 "
                        "(2014), arXiv:1410.3616, "
                        "0.23 +- 0.13 dB per shifter; no preset has it"},
        ImperfectionRow{"splitter_correlation", Kind::fixed, Where::mesh, 1, "",
                        "correlation of the errors of the splitters of one coupler",
                        "the correlated errors of Hamerly et al., Nat. Commun. 13, 6831 (2022), "
                        "doi:10.1038/s41467-022-34308-3"},
        ImperfectionRow{"splitter_correlation_length", Kind::fixed, Where::mesh, 4.5e-3, "m",
                        "distance over which that common part is alike, kernel exp(-2 d^2/l^2)",
                        "layout-aware Monte Carlo of Lu et al., Opt. Express 25, 9712 (2017); 4.5 mm as in "
                        "Simphony, github.com/BYUCamachoLab/simphony"},
        ImperfectionRow{"arm_imbalance", Kind::fixed, Where::mesh, arm_imbalance_db(30), "dB",
                        "spread of the loss of one arm of an MZI over the other: finite extinction",
                        "the 30 dB extinction of Wang et al., Nature 562, 101 (2018), "
                        "doi:10.1038/s41586-018-0551-y, by equal splitters"},
        ImperfectionRow{"waveguide_loss", Kind::fixed, Where::mesh, waveguide.loss_db_per_m, "dB/m",
                        "loss of every mode along the columns", waveguide.source},
        ImperfectionRow{"crossing_loss", Kind::fixed, Where::mesh, 0.043, "dB",
                        "loss of each waveguide crossing", crossing},
        ImperfectionRow{"crossing_leakage", Kind::fixed, Where::mesh, 1e-5, "",
                        "power that a crossing of a coupler leaks into the other mode", crossing},
        ImperfectionRow{"detuning", Kind::fixed, Where::mesh, 0.8e-9, "m",
                        "wavelength of the laser over that of the design; phases go as 1/wavelength",
                        "one channel of the 100 GHz grid of ITU-T G.694.1 at 1550 nm"},
        ImperfectionRow{
            "splitter_dispersion", Kind::fixed, Where::mesh, pi / 4 * (0.1169e6 / 0.02 - 1 / 1550e-9),
            "rad/m", "change of every splitter's angle with wavelength, where there is a detuning",
            "straight directional coupler of github.com/gdsfactory/gplugins, gplugins/sax/models.py: index "
            "difference 0.02, its slope 0.1169/um at 1550 nm, angle pi L dn/wavelength"},
        ImperfectionRow{"temperature_shift", Kind::fixed, Where::mesh, 1, "K",
                        "change of temperature since calibration, seen through path imbalance",
                        "shift: assumed, a chip without a controller; dn/dT 1.8e-4/K: Komma et al., Appl. "
                        "Phys. Lett. 101, 041905 (2012)"},
        ImperfectionRow{"path_imbalance", Kind::fixed, Where::mesh, 1e-6, "m",
                        "spread of the path difference at each phase shifter, where temperature shifts",
                        "assumed: routing of nominally equal arms to within a micrometre"},
        ImperfectionRow{"dead_couplers", Kind::fixed, Where::mesh, 1e-3, "",
                        "probability that a coupler passes no light",
                        "assumed: one in a thousand, about one on a 32 x 32 switch such as that of Suzuki et "
                        "al., J. Lightwave Technol. 37, 116 (2019)"},
        ImperfectionRow{"stuck_phases", Kind::fixed, Where::mesh, 1e-3, "",
                        "probability that a phase shifter holds one phase whatever is asked",
                        "assumed: one in a thousand, as for couplers; no rate is published"},
        ImperfectionRow{
            "voltage_drive", Kind::fixed, Where::mesh, 25 / (2 * shifter.pi_power_w), "ohm",
            "DAC codes are voltages of heaters of this resistance: phases go with their square",
            "what 5 V, the supply of the Texas Instruments DAC82002 (SBASAK1), drives to 2 pi with "
            "the 24.77 mW per pi of Harris et al., Opt. Express 22, 10487 (2014)"},
        ImperfectionRow{
            "thermal_crosstalk", Kind::fixed, Where::mesh, 0.31 / pi * std::exp(5 / 9.65), "",
            "phase gained per phase of a neighbour, extrapolated to distance 0; decays in 9.65 um",
            "Jacques et al., Opt. Express 27, 10456 (2019): a trench takes away 0.31 rad at 5 um "
            "and 0.11 rad at 15 um from a heater at pi"},
        ImperfectionRow{"phase_drift", Kind::drifting, Where::mesh, 5e-3, "rad",
                        "spread of every phase's Ornstein-Uhlenbeck drift, correlated over an hour",
                        "strength: the phase-encoding noise of Shen et al., Nat. Photonics 11, 441 (2017); "
                        "time: assumed"},
        ImperfectionRow{"input_dac", Kind::per_symbol, Where::input, dac.enob_bits, "effective bits",
                        "resolution of the inputs over their full scale", dac.source},
        ImperfectionRow{
            "dac_inl", Kind::fixed, Where::input, 0.2, "LSB",
            "largest integral non-linearity of each input's DAC, a smooth curve; no preset has it: "
            "effective bits include it",
            "0.2 LSB of 10 bits: Van den Bosch et al., IEEE J. Solid-State Circuits 36, 315 (2001)"},
        ImperfectionRow{
            "input_gain", Kind::fixed, Where::input, 6e-3, "",
            "relative spread of the input channels' gain; no preset has it: gains are calibrated",
            "order of magnitude: the gain error of at most 0.6 % of full scale in the data sheet of "
            "Texas Instruments' TLV5638, SLAS225C (2004)"},
        ImperfectionRow{
            "modulator_transfer", Kind::fixed, Where::input, 1, "full swing",
            "the modulator's sine, driven with this depth; straight, or predistorted before the DAC",
            modulator.source},
        ImperfectionRow{"modulator_extinction", Kind::fixed, Where::input, modulator.extinction_ratio_db,
                        "dB", "light left at the modulator's null, in quadrature with the signal",
                        modulator.source},
        ImperfectionRow{"modulator_bandwidth", Kind::per_symbol, Where::input, modulator.bandwidth_hz, "Hz",
                        "what a modulator still holds of the symbol before", modulator.source},
        ImperfectionRow{"laser_intensity_noise", Kind::per_symbol, Where::output, laser.rin_db_per_hz,
                        "dB/Hz", "relative intensity noise, common to all outputs of a symbol", laser.source},
        ImperfectionRow{
            "laser_phase_noise", Kind::per_symbol, Where::output, laser.linewidth_hz, "Hz",
            "linewidth: phase between signal and local oscillator over the difference of their paths",
            laser.source},
        ImperfectionRow{"shot_noise", Kind::per_symbol, Where::output, 0.25, "photon",
                        "variance of a detected quadrature at unit efficiency",
                        "Yuen and Chan, Opt. Lett. 8, 177 (1983)"},
        ImperfectionRow{"thermal_noise", Kind::per_symbol, Where::output, tia.input_noise_a_per_sqrt_hz,
                        "A/sqrt(Hz)", "input noise of the receiver's amplifier", tia.source},
        ImperfectionRow{"dark_current", Kind::per_symbol, Where::output, photodiode.dark_current_a, "A",
                        "shot noise of the dark current of each photodiode", photodiode.source},
        ImperfectionRow{"receiver_bandwidth", Kind::per_symbol, Where::output, tia.bandwidth_hz, "Hz",
                        "what photodiode and amplifier still hold of the symbol before", tia.source},
        ImperfectionRow{
            "output_gain", Kind::fixed, Where::output, 6e-3, "",
            "relative spread of the output channels' gain; no preset has it: gains are calibrated",
            "order of magnitude: the gain error of at most 0.6 % of full scale in the data sheet of "
            "Texas Instruments' TLV5638, SLAS225C (2004)"},
        ImperfectionRow{
            "adc_inl", Kind::fixed, Where::output, 0.2, "LSB",
            "largest integral non-linearity of each output's ADC, a smooth curve; no preset has it: "
            "effective bits include it",
            "order of magnitude: 0.2 LSB of the DAC of Van den Bosch et al., IEEE J. Solid-State "
            "Circuits 36, 315 (2001)"},
        ImperfectionRow{"output_adc", Kind::per_symbol, Where::output, adc.enob_bits, "effective bits",
                        "resolution of the outputs over their full scale, with clipping", adc.source},
        ImperfectionRow{
            "timing_jitter", Kind::per_symbol, Where::output, 130e-15, "s",
            "rms of the ADC's sampling instant; no preset has it: effective bits at Nyquist include "
            "it",
            "internal aperture jitter of 130 fs, TI ADC3221 to ADC3224 data sheet (2014)"},
    };
  }();
  return table;
}

std::string_view to_string(Kind kind) noexcept {
  return kind == Kind::fixed ? "fixed" : kind == Kind::per_symbol ? "per symbol" : "drifting";
}

std::string_view to_string(Where where) noexcept {
  return where == Where::mesh ? "mesh" : where == Where::input ? "input" : "output";
}

}  // namespace fringe
