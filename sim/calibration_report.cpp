#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/calibration.hpp"
#include "sim/comparison.hpp"
#include "sim/text.hpp"

namespace fringe {
namespace {

std::string error_text(const Estimate& e) {
  if (!std::isfinite(e.half_width)) return fmt::format("{:.2e}", e.mean);
  return fmt::format("{:.2e} ± {:.0e}", e.mean, e.half_width);
}

std::string time_text(double seconds) {
  if (seconds <= 0) return "–";
  for (const auto& [scale, unit] : {std::pair{1.0, "s"}, {1e-3, "ms"}, {1e-6, "µs"}})
    if (seconds >= scale) return fmt::format("{:.3g} {}", seconds / scale, unit);
  return fmt::format("{:.3g} ns", seconds / 1e-9);
}

/// A share of one in percent, two digits below 10 %.
std::string share_text(double share) {
  if (!std::isfinite(share)) return "–";
  return share >= 0.0995 ? fmt::format("{:.0f} %", 100 * share) : fmt::format("{:.2g} %", 100 * share);
}

bool same_case(const CalibrationRecord& a, const CalibrationRecord& b) {
  return a.crossing == b.crossing && a.modes == b.modes && a.splitter_sigma_rad == b.splitter_sigma_rad;
}

/// Records of one method in one case.
using Group = std::span<const CalibrationRecord>;

Estimate over(Group group, double CalibrationRecord::*field) {
  std::vector<double> values;
  for (const CalibrationRecord& r : group) values.push_back(r.*field);
  return estimate(values);
}

std::vector<Group> groups_of(const std::vector<CalibrationRecord>& records) {
  std::vector<Group> groups;
  for (std::size_t first = 0, last; first < records.size(); first = last) {
    for (last = first + 1; last < records.size() && same_case(records[first], records[last]) &&
                           records[first].method == records[last].method;)
      ++last;
    groups.emplace_back(records.data() + first, last - first);
  }
  return groups;
}

}  // namespace

std::string calibration_text(const CalibrationResult& result) {
  const CalibrationSetup& s = result.setup;
  std::string text = fmt::format(
      "Programming {} chip{} of a {} mesh (simulated). Targets: {}. Errors: splitters as below{}, phases {} "
      "rad, {}{}.\n",
      s.chips, s.chips == 1 ? "" : "s", s.mesh, s.target,
      s.splitter_correlation > 0 ? fmt::format(" (correlation {} in a coupler)", s.splitter_correlation) : "",
      s.phase_sigma_rad,
      s.phase_bits > 0 ? fmt::format("{} bits of phase", s.phase_bits) : "unlimited phases",
      s.crosstalk > 0 ? fmt::format(", thermal crosstalk {}", s.crosstalk) : "");
  const CalibrationRecord* before = nullptr;
  for (const Group& group : groups_of(result.records)) {
    const CalibrationRecord& first = group.front();
    if (before == nullptr || !same_case(*before, first)) {
      text +=
          fmt::format("\n{}, N = {}, splitters {} rad: E before {}\n", first.crossing, first.modes,
                      first.splitter_sigma_rad, error_text(over(group, &CalibrationRecord::error_before)));
      text += "  " + left("method", 20) + left("knows", 10) + right("E after", 20) + right("of before", 11) +
              right("readings", 10) + right("settles", 9) + right("chip time", 11) + "\n";
    }
    before = &first;
    const Estimate after = over(group, &CalibrationRecord::error);
    text += "  " + left(first.method, 20) +
            left(std::string(to_string(find_programming_method(first.method).knowledge)), 10) +
            right(error_text(after), 20) +
            right(share_text(after.mean / over(group, &CalibrationRecord::error_before).mean), 11) +
            right(fmt::format("{}", first.measurements), 10) + right(fmt::format("{}", first.settles), 9) +
            right(time_text(over(group, &CalibrationRecord::chip_time_s).mean), 11) + "\n";
  }
  text +=
      "\n  E = ‖U′−U‖/√N (Frobenius), mean over chips ± 95 %. What a method knows: the design alone, "
      "readings at the\n"
      "  chip's ports, or the chip's true errors (the best that characterisation could give). Chip time: "
      "settling of\n"
      "  the phase shifters and integration of the readings; arithmetic is not in it.\n";
  for (const std::string& reason : result.left_out) text += "  left out: " + reason + "\n";
  if (result.stopped) text += "\nStopped on request; what stands above is complete as far as it goes.\n";
  return text;
}

std::string calibration_json(const CalibrationResult& result) {
  nlohmann::ordered_json json;
  json["mesh"] = result.setup.mesh;
  json["target"] = result.setup.target;
  json["phase_sigma_rad"] = result.setup.phase_sigma_rad;
  json["crosstalk"] = result.setup.crosstalk;
  json["seed"] = result.setup.seed;
  json["stopped"] = result.stopped;
  json["left_out"] = result.left_out;
  json["records"] = nlohmann::ordered_json::array();
  for (const CalibrationRecord& r : result.records)
    json["records"].push_back({{"method", r.method},
                               {"crossing", r.crossing},
                               {"modes", r.modes},
                               {"splitter_sigma_rad", r.splitter_sigma_rad},
                               {"chip", r.chip},
                               {"error_before", r.error_before},
                               {"error", r.error},
                               {"error_up_to_phases", r.error_up_to_phases},
                               {"measurements", r.measurements},
                               {"settles", r.settles},
                               {"chip_time_s", r.chip_time_s}});
  return json.dump(2) + "\n";
}

}  // namespace fringe
