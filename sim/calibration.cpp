#include "sim/calibration.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "core/error.hpp"
#include "core/units.hpp"
#include "electronic/cpu_blas.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/photonic_design.hpp"
#include "sim/trace_writer.hpp"
#include "sim/version.hpp"
#include "sim/wanted_matrix.hpp"

namespace fringe {
namespace {

// A fit of a whole chip takes N⁶ operations.
constexpr std::size_t most_modes = 256, most_cases = 1000;
constexpr double far_phase_rad = 0.3;
// Compensation asks for slightly more than a turn; κ of ThermalCrosstalk's source.
constexpr double crosstalk_range_rad = 2.2 * pi, expected_crosstalk = 0.166;

[[noreturn]] void refuse(std::string_view option, const std::string& value, std::string_view rule) {
  throw Error(fmt::format("--{} {}: {}", option, value, rule));
}

void require(bool holds, std::string_view option, double value, std::string_view rule) {
  if (!holds) refuse(option, fmt::format("{}", value), rule);
}

template <class T>
void require_values(const std::vector<T>& values, std::string_view option) {
  if (values.empty()) refuse(option, "", "takes at least one value");
}

/// What the calibration was, as the trace keeps it.
std::string as_toml(const CalibrationSetup& s, const std::vector<std::string>& methods) {
  const auto quoted = [](const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "\"" : ", \"") + name + "\"";
    return "[" + list + "]";
  };
  return fmt::format(
      "[calibrate]\nmesh = \"{}\"\ncrossing = {}\nmodes = [{}]\nsplitter_sigma_rad = [{}]\n"
      "splitter_correlation = {}\nphase_sigma_rad = {}\nphase_bits = {}\ncrosstalk = {}\ntarget = "
      "\"{}\"\nmethod = {}\nchips "
      "= {}\n"
      "input_power_w = {}\nintegration_s = {}\nseed = {}\n",
      s.mesh, quoted(s.crossings), fmt::join(s.modes, ", "), fmt::join(s.splitter_sigma_rad, ", "),
      s.splitter_correlation, s.phase_sigma_rad, s.phase_bits, s.crosstalk, s.target, quoted(methods),
      s.chips, s.input_power_w, s.integration_s, s.seed);
}

/// One method on all chips of one crossing, size and spread.
struct Case {
  const ProgrammingMethod* method;
  const Crossing* crossing;
  std::size_t modes;
  double sigma;
};

CalibrationRecord run_chip(const CalibrationSetup& setup, const Case& what, std::size_t chip) {
  const MeshLayout layout = find_topology(setup.mesh).build(what.modes);
  MeshImperfections strengths{.splitter_sigma_rad = what.sigma,
                              .phase_sigma_rad = setup.phase_sigma_rad,
                              .phase_bits = setup.phase_bits,
                              .splitter_correlation = setup.splitter_correlation};
  std::optional<CrosstalkMap> expected;  // of the typical strength, not of the chip's
  if (setup.crosstalk > 0) {
    strengths.crosstalk.coefficient = setup.crosstalk;
    strengths.drive.range_rad = crosstalk_range_rad;
    expected.emplace(layout, strengths.geometry, ThermalCrosstalk{expected_crosstalk});
  }
  const auto trial = static_cast<std::uint32_t>(chip);
  const FabricatedMesh mesh = fabricate(layout, strengths, setup.seed, trial, 0, *what.crossing);
  const PhotonicDesign& design = find_photonic_preset("realistic").design;
  ProgrammingOptions options;
  options.drivers = drivers_of(layout, strengths, setup.seed, trial, 0);
  options.detectors.photons =
      setup.input_power_w * setup.integration_s / photon_energy_j(design.laser.wavelength_m);
  options.detectors.seed = setup.seed + chip;
  options.settle_s = design.phase_shifter.rise_time_s;
  options.integration_s = setup.integration_s;
  options.seed = setup.seed + chip;
  options.seek_cross = options.readings.seek_phases = setup.phase_sigma_rad > far_phase_rad;
  options.readings.crosstalk = options.sweeps.crosstalk = expected ? &*expected : nullptr;
  const auto u = wanted_matrix(setup.target, what.modes, {setup.seed, Purpose::haar, trial});
  const ConstComplexMatrix target{u.data(), what.modes, what.modes};
  const ProgrammingReport before = find_programming_method("none").run(layout, target, mesh, options);
  const ProgrammingReport report = what.method->run(layout, target, mesh, options);
  return {std::string(what.method->name),
          std::string(what.crossing->name),
          what.modes,
          chip,
          what.sigma,
          before.error,
          report.error,
          report.error_up_to_phases,
          report.measurements,
          report.settles,
          report.chip_time_s};
}

/// Methods that can treat the mesh with a crossing, found on a small one; the others go to left_out, or are
/// refused where named.
std::vector<std::string> usable_methods(const CalibrationSetup& setup, const std::string& crossing,
                                        std::vector<std::string>& left_out) {
  std::vector<std::string> usable;
  for (const ProgrammingMethod& method : programming_methods()) {
    const bool named =
        std::find(setup.methods.begin(), setup.methods.end(), method.name) != setup.methods.end();
    if (!named && !setup.methods.empty()) continue;
    try {
      run_chip(setup, {&method, &find_crossing(crossing), 4, 0.0}, 0);
      usable.emplace_back(method.name);
    } catch (const Error& error) {
      if (named) refuse("method", std::string(method.name), error.what());
      left_out.push_back(std::string(method.name) + " (" + crossing + "): " + error.what());
    }
  }
  return usable;
}

void record(TraceWriter& trace, const CalibrationRecord& r) {
  const auto integer = [](std::size_t value) { return static_cast<std::int64_t>(value); };
  trace.append("calibrations", {{"method", r.method},
                                {"crossing", r.crossing},
                                {"modes", integer(r.modes)},
                                {"splitter_sigma_rad", r.splitter_sigma_rad},
                                {"chip", integer(r.chip)},
                                {"error_before", r.error_before},
                                {"error", r.error},
                                {"error_up_to_phases", r.error_up_to_phases},
                                {"measurements", integer(r.measurements)},
                                {"settles", integer(r.settles)},
                                {"chip_time_s", r.chip_time_s}});
}

/// A case's chips run in parallel and are recorded in order.
void run_cases(const std::vector<Case>& cases, ThreadPool& pool, Observer& observer, TraceWriter& trace,
               CalibrationResult& result) {
  const CalibrationSetup& setup = result.setup;
  std::size_t finished = 0;
  for (const Case& what : cases) {
    std::vector<std::optional<CalibrationRecord>> chips(setup.chips);
    std::mutex mutex;
    pool.run(setup.chips, [&](std::size_t chip, unsigned) {
      if (observer.stop_requested()) return;
      chips[chip] = run_chip(setup, what, chip);
      const std::lock_guard lock(mutex);
      observer.progress("programming chips", ++finished, cases.size() * setup.chips);
    });
    for (const auto& chip : chips) {
      if (!chip) continue;
      record(trace, *chip);
      result.records.push_back(*chip);
    }
    result.stopped = observer.stop_requested();
    if (result.stopped) return;
  }
}

}  // namespace

void check(const CalibrationSetup& setup) {
  find_topology(setup.mesh);
  require_values(setup.crossings, "crossing");
  require_values(setup.modes, "modes");
  require_values(setup.splitter_sigma_rad, "splitter-sigma");
  for (const std::string& name : setup.crossings) find_crossing(name);
  for (const std::string& name : setup.methods) find_programming_method(name);
  for (const std::size_t n : setup.modes)
    require(n >= 2 && n <= most_modes, "modes", static_cast<double>(n),
            fmt::format("must lie in 2 … {}", most_modes));
  for (const double sigma : setup.splitter_sigma_rad)
    require(sigma >= 0 && sigma < pi / 4, "splitter-sigma", sigma, "must lie in 0 … π/4 rad");
  require(setup.splitter_correlation >= 0 && setup.splitter_correlation <= 1, "splitter-correlation",
          setup.splitter_correlation, "must lie in 0 … 1");
  require(setup.phase_sigma_rad >= 0 && setup.phase_sigma_rad <= pi, "phase-sigma", setup.phase_sigma_rad,
          "must lie in 0 … π rad");
  require(setup.phase_bits >= 0 && setup.phase_bits <= 32, "phase-bits", setup.phase_bits,
          "must lie in 1 … 32, or be 0 for unlimited");
  require(setup.crosstalk >= 0 && setup.crosstalk <= 1, "crosstalk", setup.crosstalk, "must lie in 0 … 1");
  require(setup.input_power_w > 0 && std::isfinite(setup.input_power_w), "input-power", setup.input_power_w,
          "must be positive and finite");
  require(setup.integration_s > 0 && std::isfinite(setup.integration_s), "integration-time",
          setup.integration_s, "must be positive and finite");
  require(setup.chips >= 1 && setup.chips <= 100000, "chips", static_cast<double>(setup.chips),
          "must lie in 1 … 100000");
  check_wanted_matrix(setup.target);
  const std::size_t cases = setup.crossings.size() * setup.modes.size() * setup.splitter_sigma_rad.size();
  require(cases <= most_cases, "modes", static_cast<double>(cases),
          "makes more than 1000 cases with the other lists");
}

CalibrationResult calibrate(const CalibrationSetup& setup, ThreadPool& pool, Observer& observer,
                            const std::string& trace_path) {
  check(setup);
  CalibrationResult result{setup, {}, {}, false};
  std::vector<std::string> used;
  std::vector<Case> cases;
  for (const std::string& crossing : setup.crossings) {
    const std::vector<std::string> methods = usable_methods(setup, crossing, result.left_out);
    for (const std::string& method : methods)
      if (std::find(used.begin(), used.end(), method) == used.end()) used.push_back(method);
    for (const std::size_t n : setup.modes)
      for (const double sigma : setup.splitter_sigma_rad)
        for (const std::string& method : methods)
          cases.push_back({&find_programming_method(method), &find_crossing(crossing), n, sigma});
  }
  auto trace = std::make_unique<TraceWriter>(
      trace_path, TraceInfo{std::string(program_version), std::string(program_commit), as_toml(setup, used),
                            setup.seed, cpu_name(), static_cast<std::int64_t>(pool.size()), ""});
  try {
    run_cases(cases, pool, observer, *trace, result);
  } catch (...) {
    trace.reset();
    std::error_code ignored;
    if (result.records.empty()) std::filesystem::remove(trace_path, ignored);
    throw;
  }
  return result;
}

}  // namespace fringe
