#include "photonics/imperfections.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "photonics/device_catalogue.hpp"
#include "photonics/wrap_phase.hpp"

namespace fringe {
namespace {

constexpr int most_phase_bits = 32;

void require_strength(const char* key, double value) {
  if (!(value >= 0) || !std::isfinite(value))
    throw Error(std::string(key) + " = " + std::to_string(value) + "; it must be 0 or more, and finite");
}

void require_bits(int bits) {
  if (bits < 0 || bits > most_phase_bits)
    throw Error("phase_bits = " + std::to_string(bits) + "; it must be 1 to " +
                std::to_string(most_phase_bits) + ", or 0 for unlimited resolution");
}

using Kind = ImperfectionRow::Kind;
using Where = ImperfectionRow::Where;

}  // namespace

void check(const MeshImperfections& imperfections) {
  require_strength("splitter_sigma_rad", imperfections.splitter_sigma_rad);
  require_strength("phase_sigma_rad", imperfections.phase_sigma_rad);
  require_strength("insertion_loss_db", imperfections.insertion_loss_db);
  require_strength("insertion_loss_sigma_db", imperfections.insertion_loss_sigma_db);
  require_bits(imperfections.phase_bits);
}

FabricatedMesh fabricate(const MeshLayout& layout, const MeshImperfections& imperfections, std::uint64_t seed,
                         std::uint32_t trial, std::uint32_t site) {
  check(imperfections);
  FabricatedMesh mesh = ideal_fabrication(layout);
  const auto spread = [&](std::vector<double>& values, Purpose purpose, double sigma) {
    if (sigma == 0) return;
    const DrawStream stream = stream_of({seed, purpose, trial, site});
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = sigma * static_cast<double>(normal(stream, i));
  };
  spread(mesh.alpha_rad, Purpose::splitter_in, imperfections.splitter_sigma_rad);
  spread(mesh.beta_rad, Purpose::splitter_out, imperfections.splitter_sigma_rad);
  spread(mesh.theta_error_rad, Purpose::phase_error_theta, imperfections.phase_sigma_rad);
  spread(mesh.phi_error_rad, Purpose::phase_error_phi, imperfections.phase_sigma_rad);
  spread(mesh.out_error_rad, Purpose::phase_error_out, imperfections.phase_sigma_rad);
  spread(mesh.loss_db, Purpose::loss_spread, imperfections.insertion_loss_sigma_db);
  for (double& loss : mesh.loss_db) loss = std::max(0.0, imperfections.insertion_loss_db + loss);
  return mesh;
}

PhaseProgram quantise(const PhaseProgram& program, int bits) {
  require_bits(bits);
  if (bits == 0) return program;
  const double levels = std::ldexp(1.0, bits);
  PhaseProgram rounded = program;
  for (std::vector<double>* phases : {&rounded.theta, &rounded.phi, &rounded.out})
    for (double& phase : *phases) {
      const double level = std::round(wrap_phase(phase) / (2 * pi) * levels);
      phase = (level == levels ? 0 : level) * (2 * pi / levels);
    }
  return rounded;
}

std::span<const ImperfectionRow> imperfections() {
  static const std::array table = [] {
    const Splitter& splitter = find_splitter("coupler-2-percent");
    const PhaseShifter& shifter = find_phase_shifter("doped-silicon-heater");
    const Converter &phase_dac = find_converter("phase-dac-12bit"), &dac = find_converter("dac-9bit-11gs"),
                    &adc = find_converter("adc-5gs");
    const Tia& tia = find_tia("cmos-65nm-10ghz");
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
        ImperfectionRow{"input_dac", Kind::per_symbol, Where::input, dac.enob_bits, "effective bits",
                        "resolution of the inputs over their full scale", dac.source},
        ImperfectionRow{"output_adc", Kind::per_symbol, Where::output, adc.enob_bits, "effective bits",
                        "resolution of the outputs over their full scale, with clipping", adc.source},
        ImperfectionRow{"shot_noise", Kind::per_symbol, Where::output, 0.25, "photon",
                        "variance of a detected quadrature at unit efficiency",
                        "Yuen and Chan, Opt. Lett. 8, 177 (1983)"},
        ImperfectionRow{"thermal_noise", Kind::per_symbol, Where::output, tia.input_noise_a_per_sqrt_hz,
                        "A/sqrt(Hz)", "input noise of the receiver's amplifier", tia.source},
    };
  }();
  return table;
}

std::string_view to_string(Kind kind) noexcept { return kind == Kind::fixed ? "fixed" : "per symbol"; }

std::string_view to_string(Where where) noexcept {
  return where == Where::mesh ? "mesh" : where == Where::input ? "input" : "output";
}

}  // namespace fringe
