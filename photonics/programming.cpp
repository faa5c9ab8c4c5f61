#include "photonics/programming.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>

#include "core/error.hpp"
#include "photonics/correction.hpp"
#include "photonics/gradient_programming.hpp"
#include "photonics/nulling.hpp"
#include "photonics/topology_of.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

void check_target(const MeshLayout& layout, ConstComplexMatrix target) {
  if (target.rows != layout.ports() || target.cols != layout.ports())
    throw Error("a target of " + std::to_string(target.rows) + "x" + std::to_string(target.cols) +
                " for a mesh of " + std::to_string(layout.ports()) + " ports");
}

LbfgsOptions descent(const ProgrammingOptions& options) {
  LbfgsOptions lbfgs;
  lbfgs.iterations = options.iterations;
  return lbfgs;
}

/// Sets the program and says what came of it.
ProgrammingReport report(ChipUnderTest& chip, const PhaseProgram& program, ConstComplexMatrix target,
                         const ProgrammingOptions& options, unsigned iterations = 0) {
  chip.set(program);
  const std::size_t n = target.rows;
  const std::vector<Complex> realised = chip.matrix();
  double square = 0, turned = 0;
  for (std::size_t r = 0; r < n; ++r) {
    Complex overlap = 0;
    for (std::size_t c = 0; c < n; ++c) overlap += target(r, c) * std::conj(realised[r * n + c]);
    const Complex turn = overlap == 0.0 ? 1.0 : overlap / std::abs(overlap);
    for (std::size_t c = 0; c < n; ++c) {
      square += std::norm(realised[r * n + c] - target(r, c));
      turned += std::norm(realised[r * n + c] * turn - target(r, c));
    }
  }
  const auto per_mode = [&](double sum) { return std::sqrt(sum / static_cast<double>(n)); };
  return {program,
          per_mode(square),
          per_mode(turned),
          chip.measurements(),
          chip.settles(),
          static_cast<double>(chip.settles()) * options.settle_s +
              static_cast<double>(chip.measurements()) * options.integration_s,
          iterations};
}

ChipUnderTest under_test(const MeshLayout& layout, const FabricatedMesh& chip,
                         const ProgrammingOptions& options) {
  return {layout, chip, options.drivers, options.detectors};
}

PhaseProgram corrected_design(const MeshLayout& layout, ConstComplexMatrix target,
                              const FabricatedMesh& known, const ProgrammingOptions& options) {
  return correct_locally(layout, design_program(layout, target, options), known);
}

/// The chip as its design has it.
FabricatedMesh nominal(const MeshLayout& layout, const FabricatedMesh& chip,
                       const ProgrammingOptions& options) {
  return options.nominal ? *options.nominal : ideal_fabrication(layout, *chip.crossing);
}

PhaseProgram compensated(PhaseProgram wanted, const std::optional<CrosstalkMap>& crosstalk) {
  return crosstalk ? crosstalk->compensate(wanted).asked : wanted;
}

/// Crosstalk of the expected kernel as strong as it was found.
std::optional<CrosstalkMap> found_crosstalk(const CrosstalkMap* expected, double strength) {
  return expected ? std::optional(expected->scaled(strength)) : std::nullopt;
}

/// Turns the outputs so that light which the target gathers in one of them leaves there with phase 0: one
/// homodyne reading each.
void read_output_phases(ChipUnderTest& chip, ConstComplexMatrix target,
                        const std::optional<CrosstalkMap>& crosstalk, PhaseProgram& program) {
  chip.set(compensated(program, crosstalk));
  std::vector<Complex> input(target.cols);
  for (std::size_t m = 0; m < target.rows; ++m) {
    for (std::size_t c = 0; c < input.size(); ++c) input[c] = std::conj(target(m, c));
    program.out[m] -= std::arg(chip.fields(input)[m]);
  }
}

ProgrammingReport run_none(const MeshLayout& layout, ConstComplexMatrix target, const FabricatedMesh& chip,
                           const ProgrammingOptions& options) {
  ChipUnderTest test = under_test(layout, chip, options);
  return report(test, corrected_design(layout, target, nominal(layout, chip, options), options), target,
                options);
}

ProgrammingReport run_local(const MeshLayout& layout, ConstComplexMatrix target, const FabricatedMesh& chip,
                            const ProgrammingOptions& options) {
  ChipUnderTest test = under_test(layout, chip, options);
  return report(test, compensated(corrected_design(layout, target, chip, options), options.drivers.crosstalk),
                target, options);
}

ProgrammingReport run_nulling(const MeshLayout& layout, ConstComplexMatrix target, const FabricatedMesh& chip,
                              const ProgrammingOptions& options) {
  check_target(layout, target);
  ChipUnderTest test = under_test(layout, chip, options);
  const PhaseProgram program = null_measured(test, target, options.seek_cross);
  return report(test, program, target, options);
}

ProgrammingReport run_global(const MeshLayout& layout, ConstComplexMatrix target, const FabricatedMesh& chip,
                             const ProgrammingOptions& options) {
  ChipUnderTest test = under_test(layout, chip, options);
  const GradientResult found = program_from_target(
      layout, chip, target, corrected_design(layout, target, chip, options), descent(options));
  return report(test, compensated(found.program, options.drivers.crosstalk), target, options,
                found.iterations);
}

ProgrammingReport run_characterise(const MeshLayout& layout, ConstComplexMatrix target,
                                   const FabricatedMesh& chip, const ProgrammingOptions& options) {
  check_target(layout, target);
  ChipUnderTest test = under_test(layout, chip, options);
  const Characterisation found = characterise(test, nominal(layout, chip, options), options.readings);
  return report(test,
                compensated(corrected_design(layout, target, found.chip, options),
                            found_crosstalk(options.readings.crosstalk, found.crosstalk)),
                target, options, found.iterations);
}

ProgrammingReport run_characterise_global(const MeshLayout& layout, ConstComplexMatrix target,
                                          const FabricatedMesh& chip, const ProgrammingOptions& options) {
  check_target(layout, target);
  ChipUnderTest test = under_test(layout, chip, options);
  const Characterisation known = characterise(test, nominal(layout, chip, options), options.readings);
  const GradientResult found = program_from_target(
      layout, known.chip, target, corrected_design(layout, target, known.chip, options), descent(options));
  return report(test,
                compensated(found.program, found_crosstalk(options.readings.crosstalk, known.crosstalk)),
                target, options, known.iterations + found.iterations);
}

ProgrammingReport run_sweeps(const MeshLayout& layout, ConstComplexMatrix target, const FabricatedMesh& chip,
                             const ProgrammingOptions& options) {
  check_target(layout, target);
  ChipUnderTest test = under_test(layout, chip, options);
  const PowerSweeps found = sweep_powers(test, nominal(layout, chip, options), options.sweeps);
  const auto crosstalk = found_crosstalk(options.sweeps.crosstalk, found.crosstalk);
  PhaseProgram program = corrected_design(layout, target, found.chip, options);
  read_output_phases(test, target, crosstalk, program);
  return report(test, compensated(program, crosstalk), target, options, found.replays);
}

constexpr std::string_view local_source =
    "Bandyopadhyay, Hamerly and Englund, Optica 8, 1247 (2021), doi:10.1364/OPTICA.432007";
constexpr std::string_view fit_source = "Kuzmin et al., Opt. Express 29, 38429 (2021), doi:10.1364/OE.432481";

constexpr std::array table{
    ProgrammingMethod{"none", "the design's phases, as if the chip were ideal", Knowledge::design,
                      "Clements et al., Optica 3, 1460 (2016), doi:10.1364/OPTICA.3.001460", run_none},
    ProgrammingMethod{"local", "each coupler does its part as well as its known errors allow",
                      Knowledge::errors, local_source, run_local},
    ProgrammingMethod{"nulling", "light that must not reach a place is nulled, coupler by coupler",
                      Knowledge::readings,
                      "Hamerly, Bandyopadhyay and Englund, Phys. Rev. Applied 18, 024019 (2022), "
                      "doi:10.1103/PhysRevApplied.18.024019",
                      run_nulling},
    ProgrammingMethod{"global", "descent over all phases of the chip of known errors, from 'local'",
                      Knowledge::errors,
                      "Hughes et al., Optica 5, 864 (2018), doi:10.1364/OPTICA.5.000864; Nocedal and Wright, "
                      "Numerical Optimization (2006)",
                      run_global},
    ProgrammingMethod{"characterise", "the chip's errors are fitted to readings, then 'local'",
                      Knowledge::readings, fit_source, run_characterise},
    ProgrammingMethod{"characterise-global", "the chip's errors are fitted to readings, then 'global'",
                      Knowledge::readings, fit_source, run_characterise_global},
    ProgrammingMethod{
        "sweeps",
        "each coupler's errors from the fringes of its swept phases, then 'local'; any phase errors",
        Knowledge::readings,
        "Alexiev et al., OSA Continuum 4, 2892 (2021); Safaee et al., Opt. Express 33, 36182 "
        "(2025)",
        run_sweeps},
};

}  // namespace

std::string_view to_string(Knowledge knowledge) noexcept {
  switch (knowledge) {
    case Knowledge::design:
      return "design";
    case Knowledge::readings:
      return "readings";
    case Knowledge::errors:
      return "errors";
  }
  return "";
}

std::span<const ProgrammingMethod> programming_methods() noexcept { return table; }

const ProgrammingMethod& find_programming_method(std::string_view name) {
  return find_row("programming method", name, table);
}

PhaseProgram design_program(const MeshLayout& layout, ConstComplexMatrix target,
                            const ProgrammingOptions& options) {
  check_target(layout, target);
  if (const Topology* topology = topology_of(layout); topology && topology->decompose) {
    try {
      return topology->decompose(target);
    } catch (const Error&) {
      // Not unitary or out of reach: the nearest that descent finds, and the report says how far it is.
    }
  }
  return program_from_target(layout, ideal_fabrication(layout), target,
                             random_start(layout, {options.seed, Purpose::initial_weights}), descent(options))
      .program;
}

}  // namespace fringe
