#include "photonics/drift.hpp"

#include <cmath>
#include <string>

#include "core/draw.hpp"
#include "core/error.hpp"

namespace fringe {

void check(const PhaseDrift& drift) {
  if (!(drift.sigma_rad >= 0) || !std::isfinite(drift.sigma_rad))
    throw Error("drift.sigma_rad = " + std::to_string(drift.sigma_rad) +
                "; it must be 0 or more, and finite");
  if (!(drift.time_s > 0) || !std::isfinite(drift.time_s))
    throw Error("drift.time_s = " + std::to_string(drift.time_s) + "; it must be positive and finite");
}

DriftingPhases::DriftingPhases(const MeshLayout& layout, const PhaseDrift& drift, std::uint64_t seed,
                               std::uint32_t trial, std::uint32_t site)
    : drift_(drift),
      seed_(seed),
      trial_(trial),
      site_(site),
      offsets_{std::vector<double>(layout.couplers.size()), std::vector<double>(layout.couplers.size()),
               std::vector<double>(layout.modes)} {
  check(drift);
}

const PhaseProgram& DriftingPhases::at(double time_s) {
  if (!std::isfinite(time_s) || (time_s_ && time_s < *time_s_))
    throw Error("drift: time = " + std::to_string(time_s) + " s; it must be finite and not before " +
                std::to_string(time_s_.value_or(0)) + " s");
  if (time_s_ == time_s || drift_.sigma_rad == 0) {
    time_s_ = time_s;
    return offsets_;
  }
  const double steps = time_s_ ? (time_s - *time_s_) / drift_.time_s : 0;
  const double kept = time_s_ ? std::exp(-steps) : 0;
  const double fresh = time_s_ ? drift_.sigma_rad * std::sqrt(-std::expm1(-2 * steps)) : drift_.sigma_rad;
  const auto advance = [&](std::vector<double>& phases, Purpose purpose) {
    const DrawStream stream = stream_of({seed_, purpose, trial_, site_, step_});
    for (std::size_t i = 0; i < phases.size(); ++i)
      phases[i] = phases[i] * kept + fresh * static_cast<double>(normal(stream, i));
  };
  advance(offsets_.theta, Purpose::drift_theta);
  advance(offsets_.phi, Purpose::drift_phi);
  advance(offsets_.out, Purpose::drift_out);
  ++step_;
  time_s_ = time_s;
  return offsets_;
}

FabricatedMesh with_offsets(FabricatedMesh chip, const PhaseProgram& offsets) {
  const auto add = [](std::vector<double>& errors, const std::vector<double>& offset) {
    if (errors.size() != offset.size())
      throw Error("phase offsets have " + std::to_string(offset.size()) + " entries; the chip has " +
                  std::to_string(errors.size()));
    for (std::size_t i = 0; i < errors.size(); ++i) errors[i] += offset[i];
  };
  add(chip.theta_error_rad, offsets.theta);
  add(chip.phi_error_rad, offsets.phi);
  add(chip.out_error_rad, offsets.out);
  return chip;
}

}  // namespace fringe
