#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/text.hpp"
#include "sim/yield.hpp"

namespace fringe {
namespace {

constexpr std::size_t width = 100;

/// Three digits, zeros at the end kept, so that columns line up.
std::string digits(double value) { return fmt::format("{:#.3g}", value); }

std::string percent(double share) {
  const double value = 100 * share;
  return fmt::format("{:.{}f}", value, value > 0 && value < 100 && (value < 9.95 || value > 90.05) ? 1 : 0);
}

std::string yield_interval(const YieldRow& r) {
  return fmt::format("{} % ({} … {})", percent(r.yield()), percent(r.yield_low), percent(r.yield_high));
}

std::string rate_text(double chips_per_s) {
  return chips_per_s >= 9999.5 ? si(chips_per_s, "") : fmt::format("{:.3g}", chips_per_s);
}

std::string bits_text(int bits) { return bits > 0 ? fmt::format("{}", bits) : "any"; }

/// A list of the setup: a column where it has several values, else a word in the heading.
struct Axis {
  bool column;
  std::string title;
  std::size_t width;
  std::string (*cell)(const YieldRow&);
  std::string word;
};

std::vector<Axis> axes_of(const YieldSetup& s) {
  const auto angle = [](double rad) { return rad > 0 ? fmt::format("{} rad", rad) : std::string("exact"); };
  return {{s.crossings.size() > 1, "crossing", 15, [](const YieldRow& r) { return r.crossing; },
           "crossing " + s.crossings[0]},
          {s.modes.size() > 1, "N", 5, [](const YieldRow& r) { return fmt::format("{}", r.modes); },
           fmt::format("N = {}", s.modes[0])},
          {s.splitter_sigma_rad.size() > 1, "splitters", 10,
           [](const YieldRow& r) { return fmt::format("{}", r.splitter_sigma_rad); },
           "splitters " + angle(s.splitter_sigma_rad[0])},
          {s.phase_sigma_rad.size() > 1, "phases", 8,
           [](const YieldRow& r) { return fmt::format("{}", r.phase_sigma_rad); },
           "phases " + angle(s.phase_sigma_rad[0])},
          {s.phase_bits.size() > 1, "bits", 6, [](const YieldRow& r) { return bits_text(r.phase_bits); },
           s.phase_bits[0] > 0 ? fmt::format("{} bits", s.phase_bits[0]) : "unlimited bits"}};
}

}  // namespace

std::string yield_text(const YieldResult& result) {
  const YieldSetup& s = result.setup;
  const std::vector<Axis> axes = axes_of(s);
  std::string same;
  for (const Axis& axis : axes)
    if (!axis.column) same += ", " + axis.word;
  if (s.splitter_correlation > 0)
    same += fmt::format(", correlation {} in a coupler", s.splitter_correlation);
  if (s.insertion_loss_db > 0 || s.insertion_loss_sigma_db > 0)
    same += fmt::format(", loss of a coupler {} ± {} dB", s.insertion_loss_db, s.insertion_loss_sigma_db);
  std::string text =
      wrapped(fmt::format("{} chip{} of a {} mesh that run{} one program (simulated). Target: {}{}.", s.chips,
                          s.chips == 1 ? "" : "s", s.mesh, s.chips == 1 ? "s" : "", s.target, same),
              "", width);
  if (result.rows.empty()) return text + "\nStopped on request before any chip was finished.\n";

  text += "\n ";
  for (const Axis& axis : axes)
    if (axis.column) text += right(axis.title, axis.width);
  for (const char* const title : {"median", "5 %", "95 %", "mean", "largest", "law"}) text += right(title, 9);
  text += right(fmt::format("E ≤ {}", s.limit), 22) + right("chips/s", 9) + "\n";
  std::vector<std::string> reasons;
  for (const YieldRow& r : result.rows) {
    text += " ";
    for (const Axis& axis : axes)
      if (axis.column) text += right(axis.cell(r), axis.width);
    for (const double value : {r.median, r.low, r.high, r.mean, r.largest}) text += right(digits(value), 9);
    const bool law = std::isfinite(r.law.error), outside = law && !r.law.why_not.empty();
    text += right(law ? digits(r.law.error) : "–", outside ? 8 : 9) + (outside ? "*" : "") +
            right(yield_interval(r), outside ? 22 : 22) + right(rate_text(r.chips_per_s), 9) + "\n";
    const std::string reason = r.law.why_not.empty() ? "" : (law ? "* " : "– ") + r.law.why_not;
    if (!reason.empty() && std::find(reasons.begin(), reasons.end(), reason) == reasons.end())
      reasons.push_back(reason);
  }
  std::string notes =
      "E = ‖U′−U‖/‖U‖ (Frobenius), U wanted, U′ performed, loss included; splitters and phases: spread of "
      "their errors in rad. 5 %, 95 %: so many chips are below. The share of good chips has its 95 % "
      "interval "
      "(Wilson). Law: rms of E for small independent errors, √(2(N−1))·σ of splitters, √N·σ of phases, "
      "√N·1.814/2ᵇ of b bits, added as squares";
  for (const std::string& reason : reasons) notes += "; " + reason;
  text += "\n" + wrapped(notes + ".", "  ", width);
  if (result.stopped)
    text += fmt::format("\nStopped on request; the last row has {} chips.\n", result.rows.back().chips);
  return text;
}

std::string yield_json(const YieldResult& result) {
  using Json = nlohmann::ordered_json;
  const YieldSetup& s = result.setup;
  Json root{{"mesh", s.mesh},
            {"target", s.target},
            {"splitter_correlation", s.splitter_correlation},
            {"insertion_loss_db", s.insertion_loss_db},
            {"insertion_loss_sigma_db", s.insertion_loss_sigma_db},
            {"limit", s.limit},
            {"seed", s.seed},
            {"on", s.on},
            {"device", result.device},
            {"stopped", result.stopped}};
  root["rows"] = Json::array();
  for (const YieldRow& r : result.rows)
    root["rows"].push_back({{"crossing", r.crossing},
                            {"modes", r.modes},
                            {"splitter_sigma_rad", r.splitter_sigma_rad},
                            {"phase_sigma_rad", r.phase_sigma_rad},
                            {"phase_bits", r.phase_bits},
                            {"chips", r.chips},
                            {"error_median", r.median},
                            {"error_q05", r.low},
                            {"error_q95", r.high},
                            {"error_mean", r.mean},
                            {"error_rms", r.rms},
                            {"error_largest", r.largest},
                            {"good", r.good},
                            {"yield", r.yield()},
                            {"yield_low", r.yield_low},
                            {"yield_high", r.yield_high},
                            {"law", std::isfinite(r.law.error) ? Json(r.law.error) : Json()},
                            {"law_why_not", r.law.why_not},
                            {"chips_per_s", r.chips_per_s}});
  return root.dump(2) + "\n";
}

}  // namespace fringe
