#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "sim/text.hpp"
#include "sim/yield.hpp"

namespace fringe {
namespace {

constexpr std::size_t width = 100;

/// Three digits, zeros at the end kept, so that columns line up.
std::string digits(double value) { return fmt::format("{:#.3g}", value); }

/// As many digits as that many chips can tell.
std::string yield_interval(const YieldRow& r) {
  const int decimals = std::max(1, static_cast<int>(std::log10(r.chips)) - 2);
  return fmt::format("{:.{}f} % ({:.{}f} … {:.{}f})", 100 * r.yield(), decimals, 100 * r.yield_low, decimals,
                     100 * r.yield_high, decimals);
}

std::string rate_text(double chips_per_s) {
  std::string text = si(chips_per_s, "");
  return text.erase(text.find_last_not_of(' ') + 1);
}

using Cells = std::vector<std::string>;

/// Lists of the setup: a column where one has several values, else a part of the heading.
struct Axes {
  Cells titles, same;
  std::vector<std::string (*)(const YieldRow&)> cells;

  explicit Axes(const YieldSetup& s) {
    const auto angle = [](double rad) { return rad > 0 ? fmt::format("{} rad", rad) : "exact"; };
    add(
        s.modes.size(), "N", [](const YieldRow& r) { return fmt::format("{}", r.modes); },
        fmt::format("{} modes", s.modes[0]));
    add(
        s.crossings.size(), "crossing", [](const YieldRow& r) { return r.crossing; },
        "crossing " + s.crossings[0]);
    add(
        s.splitter_sigma_rad.size(), "splitters",
        [](const YieldRow& r) { return fmt::format("{}", r.splitter_sigma_rad); },
        "splitters " + angle(s.splitter_sigma_rad[0]));
    add(
        s.phase_sigma_rad.size(), "phases",
        [](const YieldRow& r) { return fmt::format("{}", r.phase_sigma_rad); },
        "phases " + angle(s.phase_sigma_rad[0]));
    add(
        s.phase_bits.size(), "bits",
        [](const YieldRow& r) { return r.phase_bits > 0 ? fmt::format("{}", r.phase_bits) : "any"; },
        s.phase_bits[0] > 0 ? fmt::format("{} bit{}", s.phase_bits[0], s.phase_bits[0] > 1 ? "s" : "")
                            : "unlimited bits");
    if (s.splitter_correlation > 0)
      same.push_back(fmt::format("correlation {} in a coupler", s.splitter_correlation));
    if (s.insertion_loss_db > 0 || s.insertion_loss_sigma_db > 0)
      same.push_back(
          fmt::format("loss of a coupler {} ± {} dB", s.insertion_loss_db, s.insertion_loss_sigma_db));
  }

 private:
  void add(std::size_t values, const char* title, std::string (*cell)(const YieldRow&), std::string word) {
    if (values == 1) return same.push_back(std::move(word));
    titles.emplace_back(title);
    cells.push_back(cell);
  }
};

/// Columns as wide as they need be, words and numbers at their right.
std::string aligned(const std::vector<Cells>& lines) {
  std::vector<std::size_t> widths(lines.front().size(), 0);
  for (const Cells& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], text_width(line[i]));
  std::string text;
  for (const Cells& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) text += "  " + right(line[i], widths[i]);
    text += "\n";
  }
  return text;
}

}  // namespace

std::string yield_text(const YieldResult& result) {
  const YieldSetup& s = result.setup;
  const Axes axes(s);
  std::string text =
      wrapped(fmt::format("{} (simulated): {} mesh, target {}, {}.",
                          s.chips == 1 ? "One chip" : fmt::format("One program on {} chips", s.chips), s.mesh,
                          s.target, fmt::join(axes.same, ", ")),
              "", width);
  if (result.rows.empty()) return text + "\nStopped on request before any chip was finished.\n";

  std::vector<Cells> lines{axes.titles};
  for (const char* const title : {"median", "5 %", "95 %", "mean", "largest", "law "})
    lines[0].emplace_back(title);
  lines[0].push_back(fmt::format("yield, E ≤ {}", s.limit));
  lines[0].emplace_back("chips/s");
  Cells reasons;
  for (const YieldRow& r : result.rows) {
    Cells line;
    for (const auto cell : axes.cells) line.push_back(cell(r));
    for (const double value : {r.median, r.low, r.high, r.mean, r.largest}) line.push_back(digits(value));
    const bool law = std::isfinite(r.law.error), kept = r.law.why_not.empty();
    line.push_back((law ? digits(r.law.error) : "–") + (kept ? " " : "*"));
    line.push_back(yield_interval(r));
    line.push_back(rate_text(r.chips_per_s));
    lines.push_back(std::move(line));
    if (!kept && std::find(reasons.begin(), reasons.end(), r.law.why_not) == reasons.end())
      reasons.push_back(r.law.why_not);
  }
  text += "\n" + aligned(lines);
  std::string notes =
      "E = ‖U′−U‖/‖U‖ (Frobenius), U wanted, U′ performed, loss included. 5 %, 95 %: so many chips lie "
      "below. "
      "Yield: share of good chips, with its 95 % interval (Wilson). Law: rms of E over chips and targets for "
      "small independent errors: E² has σ² of each splitter and each phase that light meets, and (1.814/2ᵇ)² "
      "of each phase's b bits, half of it for a push–pull θ; in rectangular and triangular meshes of MZIs "
      "light meets 2(N−1) splitters and "
      "N phases.";
  if (!reasons.empty()) notes += fmt::format(" It doesn't hold (*) where {}.", fmt::join(reasons, " or "));
  text += "\n" + wrapped(notes, "  ", width);
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
