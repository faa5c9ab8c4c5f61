// Every way of programming a mesh, as a table: one call, one report.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "photonics/characterise.hpp"
#include "photonics/measurement.hpp"
#include "photonics/power_sweeps.hpp"

namespace fringe {

/// What a method is given beside the layout, the crossing type and the target.
enum class Knowledge {
  design,    ///< nothing: the chip is taken for ideal
  readings,  ///< what the chip shows at its ports
  errors,    ///< the chip's true errors: what perfect characterisation would allow
};
std::string_view to_string(Knowledge knowledge) noexcept;

struct ProgrammingOptions {
  ChipDrivers drivers;                      ///< between the phases asked and those held
  const FabricatedMesh* nominal = nullptr;  ///< the design: expected loss, no errors; null: lossless
  Detectors detectors;                      ///< of the methods that measure
  double settle_s = 0;                      ///< a phase shifter's rise time; from the device catalogue
  double integration_s = 0;                 ///< of one reading
  unsigned iterations = 1000;               ///< of descent, at most
  CharacterisationOptions readings;         ///< of the methods that characterise the whole chip
  PowerSweepOptions sweeps;                 ///< of the method that characterises coupler by coupler
  bool seek_cross = false;                  ///< nulling looks for the couplers' cross states first
  std::uint64_t seed = 0;                   ///< of random starts
};

struct ProgrammingReport {
  PhaseProgram program;       ///< asked; the drivers make of it what they can
  double error;               ///< ‖U′ − U‖_F/√N of the chip as it then is, loss included
  double error_up_to_phases;  ///< the same with the best phases at the outputs
  std::size_t measurements;   ///< inputs held and read
  std::size_t settles;        ///< times that phases changed, the last one, to the result, included
  double chip_time_s;         ///< settles · settle_s + measurements · integration_s
  unsigned iterations;        ///< of descent or fit; 0 where there is none
};

/// One row per method. To add one: a function and a row. Thermal crosstalk is compensated by the methods that
/// know it: the drivers' own where errors are known, as found where it was asked for in readings.crosstalk or
/// sweeps.crosstalk. Nulling meets it as it is at each reading.
struct ProgrammingMethod {
  std::string_view name;
  std::string_view description;
  Knowledge knowledge;
  std::string_view source;
  /// Programs `target` [ports × ports] on a chip. Throws Error where sizes disagree and where the method
  /// can't treat the layout or the target; a target that is merely out of reach shows in the report's errors.
  ProgrammingReport (*run)(const MeshLayout& layout, ConstComplexMatrix target, const FabricatedMesh& chip,
                           const ProgrammingOptions& options);
};

std::span<const ProgrammingMethod> programming_methods() noexcept;
/// Throws Error, offering the nearest name.
const ProgrammingMethod& find_programming_method(std::string_view name);

/// Phases of plain MZIs for a target on the ideal mesh: the decomposition of the layout's topology; by
/// descent from a random start where there is none, or where it refuses a matrix that isn't unitary or is out
/// of reach.
PhaseProgram design_program(const MeshLayout& layout, ConstComplexMatrix target,
                            const ProgrammingOptions& options);

}  // namespace fringe
