#include "photonics/faults.hpp"

#include <limits>
#include <string>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

double& at(std::vector<double>& values, const char* what, std::uint32_t index) {
  if (index >= values.size())
    throw Error("fault of " + std::string(what) + " " + std::to_string(index) + "; there are " +
                std::to_string(values.size()));
  return values[index];
}

}  // namespace

ChipFaults draw_faults(const MeshLayout& layout, double dead_probability, double stuck_probability,
                       std::uint64_t seed, std::uint32_t trial, std::uint32_t site) {
  ChipFaults faults;
  if (dead_probability > 0) {
    const DrawStream stream = stream_of({seed, Purpose::dead_coupler, trial, site});
    for (std::uint32_t k = 0; k < layout.couplers.size(); ++k)
      if (uniform_from_bits(random_bits(stream, k)) < dead_probability) faults.dead_couplers.push_back(k);
  }
  if (stuck_probability > 0) {
    const auto stick = [&](std::vector<StuckPhase>& stuck, Purpose purpose, std::size_t shifters) {
      const DrawStream stream = stream_of({seed, purpose, trial, site});
      for (std::uint32_t i = 0; i < shifters; ++i)
        if (uniform_from_bits(random_bits(stream, 2 * std::uint64_t{i})) < stuck_probability)
          stuck.push_back({i, 2 * pi * uniform_from_bits(random_bits(stream, 2 * std::uint64_t{i} + 1))});
    };
    stick(faults.theta, Purpose::stuck_theta, layout.couplers.size());
    stick(faults.phi, Purpose::stuck_phi, layout.couplers.size());
    stick(faults.out, Purpose::stuck_out, layout.modes);
  }
  return faults;
}

PhaseProgram apply_faults(PhaseProgram program, const ChipFaults& faults) {
  for (const StuckPhase& stuck : faults.theta) at(program.theta, "theta", stuck.shifter) = stuck.phase_rad;
  for (const StuckPhase& stuck : faults.phi) at(program.phi, "phi", stuck.shifter) = stuck.phase_rad;
  for (const StuckPhase& stuck : faults.out) at(program.out, "out", stuck.shifter) = stuck.phase_rad;
  return program;
}

FabricatedMesh apply_faults(FabricatedMesh chip, const ChipFaults& faults) {
  for (const std::uint32_t k : faults.dead_couplers)
    at(chip.loss_db, "coupler", k) = std::numeric_limits<double>::infinity();
  return chip;
}

}  // namespace fringe
