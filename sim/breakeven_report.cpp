#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "electronic/cpu_blas.hpp"
#include "sim/breakeven.hpp"
#include "sim/open_workload.hpp"
#include "sim/schema.hpp"
#include "sim/text.hpp"
#include "sim/trace_writer.hpp"
#include "sim/version.hpp"

namespace fringe {
namespace {

std::string value_text(const AssumptionRow& row, double value) {
  if (row.choice != nullptr) return std::string(row.choice(value));
  if (row.unit == "1" || row.unit == "bit" || row.unit == "dB") {
    const std::string number = row.whole ? fmt::format("{:.0f}", value)
                                         : (value >= 0.01 && value < 1e4 ? fmt::format("{:.3g}", value)
                                                                         : fmt::format("{:.1e}", value));
    return row.unit == "1" ? number : number + " " + std::string(row.unit);
  }
  return si(value, row.unit);
}

/// Beyond a million a factor says no more than that nobody would build it.
std::string factor(double v) {
  return v < 99.5 ? fmt::format("{:.2g}", v) : v < 1e6 ? fmt::format("{:.0f}", v) : std::string(">10⁶");
}
/// "3.4×" for more than the board takes, "1/3.4" for less.
std::string times(double ratio) { return ratio >= 1 ? factor(ratio) + "×" : "1/" + factor(1 / ratio); }

std::string joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& s : sentences) text += (text.empty() ? "" : " ") + s;
  return text;
}

std::string names(const std::vector<std::string>& list, const char* last = " and ") {
  std::string text;
  for (std::size_t i = 0; i < list.size(); ++i)
    text += (i == 0 ? "" : i + 1 == list.size() ? last : ", ") + list[i];
  return text;
}

/// The number systems that bring the wanted bits, and what each takes.
std::string systems_text(const Breakeven& result) {
  if (result.systems.size() < 2) return "";
  std::string text = "\n  " + left("at equal accuracy", 24) + right("a sample", 12) + right("passes", 9) +
                     right("matrices", 10) + right("DAC bits", 10) + right("ADC bits", 10) +
                     right("receivers", 11) + right("photons/MAC", 13) + right("cores", 10) + "\n";
  for (const auto& [kind, light] : result.systems) {
    const Reading& reading = light.reading;
    text +=
        "  " + left(std::string(to_string(kind)), 24) + right(si(light.energy_j, "J"), 12) +
        right(fmt::format("{:.0f}", reading.runs), 9) + right(fmt::format("{:.0f}", reading.matrices), 10) +
        right(fmt::format("{:.3g}", reading.dac_bits), 10) +
        right(fmt::format("{:.3g}", reading.adc_bits), 10) + right(std::to_string(reading.receivers), 11) +
        right(fmt::format("{:.3g}", light.photons_per_mac), 13) + right(std::to_string(light.cores), 10) +
        "\n";
  }
  return text;
}

/// Parts of the energy of light, the largest first.
std::vector<std::string> largest_parts(const LightFigure& light, std::size_t count) {
  std::vector<std::size_t> order(part_count);
  for (std::size_t p = 0; p < part_count; ++p) order[p] = p;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return light.part_j[a] > light.part_j[b]; });
  std::vector<std::string> text;
  for (std::size_t i = 0; i < count && light.part_j[order[i]] > 0; ++i)
    text.push_back(fmt::format("{} {:.0f} %", cost_parts()[order[i]].name,
                               100 * light.part_j[order[i]] / light.energy_j));
  return text;
}

// From light's favour to the board's, a decade each.
struct Shade {
  double below;
  const char* glyph;
  const char* meaning;
};
constexpr Shade shades[] = {{0.1, "██", "light takes less than 1/10"},
                            {1, "▓▓", "less"},
                            {10, "▒▒", "up to 10×"},
                            {100, "░░", "up to 100×"},
                            {std::numeric_limits<double>::infinity(), "··", "more"}};

std::string map_text(const BreakevenMap& map) {
  const AssumptionRow &down = *map.axes[0], &across = *map.axes[1];
  const std::size_t columns = map.values[1].size();
  std::string text = fmt::format("    {} up, {} across; all else {}\n", down.key, across.key,
                                 map.all_else_better ? "at the better end of its range" : "as it is");
  for (std::size_t i = map.values[0].size(); i-- > 0;) {
    text += "    " + right(i % 4 == 0 ? value_text(down, map.values[0][i]) : "", 10) + " ";
    for (std::size_t j = 0; j < columns; ++j)
      text += std::find_if(std::begin(shades), std::end(shades), [&](const Shade& s) {
                return map.ratio[i * columns + j] < s.below || std::isinf(s.below);
              })->glyph;
    text += "\n";
  }
  std::string axis = std::string(15, ' ');
  for (std::size_t j = 0; j < columns; j += 8) axis += left(value_text(across, map.values[1][j]), 16);
  text += axis.substr(0, axis.find_last_not_of(' ') + 1) + "\n    ";
  for (const Shade& s : shades) text += fmt::format("{} {}  ", s.glyph, s.meaning);
  return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

}  // namespace

std::vector<std::string> breakeven_answer(const Breakeven& result, const BreakevenCase& c) {
  const BreakevenRequest& r = result.request;
  std::vector<std::string> answer;
  const std::string numbers = r.light.numbers == NumberSystem::Kind::fixed
                                  ? ""
                                  : fmt::format(" in {} numbers", to_string(r.light.numbers));
  answer.push_back(fmt::format(
      "For {}{} at batch {}, with outputs of {:.3g} effective bits{} beside {}, the photonic system '{}' ({} "
      "core{} of {} modes) takes {} a sample and the board {}: light {} by a factor of {}.",
      r.training ? "training steps of " : "", r.workload, r.light.batch, r.light.bits, numbers, c.board,
      r.system, result.light.cores, result.light.cores == 1 ? "" : "s", r.light.design.modes,
      si(result.light.energy_j, "J"), si(c.board_energy_j, "J"), c.ratio < 1 ? "wins" : "loses",
      factor(std::max(c.ratio, 1 / c.ratio))));
  if (r.training)
    answer.push_back(fmt::format(
        "Each step programs all weights anew{}.",
        *r.training == TrainingScheme::in_situ
            ? ", its slopes measured in the mesh by three readings behind every phase shifter"
            : ", whose singular values and phases the digital unit finds as it does the slopes of weights"));
  answer.push_back(fmt::format("Its joules go to {}.", names(largest_parts(result.light, 3))));
  std::vector<std::string> matter;
  for (std::size_t i = 0; i < 3; ++i) {
    const AssumptionResult& a = c.assumptions[i];
    matter.push_back(fmt::format("{} ({}; {} at {}, {} at {})", a.row->key, a.row->meaning,
                                 times(a.ratio_low), value_text(*a.row, a.range.low), times(a.ratio_high),
                                 value_text(*a.row, a.range.high)));
  }
  answer.push_back("What matters most: " + names(matter) + ".");
  if (result.systems.size() > 1) {
    std::vector<std::string> systems;
    for (const auto& [kind, light] : result.systems)
      systems.push_back(fmt::format("{} {}", to_string(kind), times(light.energy_j / c.board_energy_j)));
    answer.push_back("At equal accuracy, passes, matrices and conversions charged, number systems take " +
                     names(systems) + ".");
  }
  if (c.ratio >= 1) {
    constexpr std::size_t told = 5;
    std::vector<std::string> steps;
    for (const Step& s : c.steps) {
      steps.push_back(fmt::format("{} of {} ({})", s.row->key, value_text(*s.row, s.value), times(s.ratio)));
      if (s.ratio < 1) break;
    }
    const bool wins = c.best < 1;
    if (steps.size() > told)
      steps = {steps.begin(), steps.begin() + told - 1},
      steps.push_back(fmt::format("{} more ({})", c.steps.size() + 1 - told, times(c.best)));
    answer.push_back(steps.empty() ? "No assumption at the better end of its range helps."
                     : wins ? fmt::format("Light would win with {}, one on top of the other.", names(steps))
                            : fmt::format("Even with {} light would lose.", names(steps)));
  }
  std::vector<std::string> turns;
  for (const AssumptionResult& a : c.assumptions)
    if (a.turns(c.ratio))
      turns.push_back(
          a.row->choice != nullptr ? fmt::format("{} of {}", a.row->key, value_text(*a.row, a.range.high))
          : a.breakeven            ? fmt::format("{} {} {} (its range: {} … {})", a.row->key,
                                      (a.ratio_high < a.ratio_low) == (c.ratio >= 1) ? "above" : "below",
                                                 value_text(*a.row, *a.breakeven), value_text(*a.row, a.range.low),
                                                 value_text(*a.row, a.range.high))
                                   : std::string(a.row->key));
  answer.push_back(
      turns.empty()
          ? std::string("The conclusion stands wherever one assumption alone lies in its range") +
                ((c.best < 1) != (c.ratio < 1) || (c.worst < 1) != (c.ratio < 1)
                     ? ", but all of them together turn it."
                     : ", and all of them together.")
          : fmt::format("The conclusion does not stand: alone, {} {} it.", names(turns, " or "), "turns"));
  answer.push_back(
      fmt::format("With all of them for light the ratio is {} and its joules go to {}; with all against "
                  "it the ratio is {}.",
                  times(c.best), names(largest_parts(c.better, 3)), times(c.worst)));
  answer.push_back(fmt::format(
      "All figures are modelled; equal accuracy is assumed of {}, not simulated; the board runs at the upper "
      "bounds of its model; prices are left out, as none is known for light.",
      r.training ? "equal bits, of slopes too" : "equal bits"));
  return answer;
}

std::string breakeven_text(const Breakeven& result) {
  const BreakevenRequest& r = result.request;
  const LightFigure& l = result.light;
  std::string text = fmt::format(
      "fringe · when light wins · {}{} at batch {} · outputs of {:.3g} effective bits beside {}\n\n  ",
      r.training ? "training steps of " : "", r.workload, r.light.batch, r.light.bits, row_of(r.format).name);
  text += left("", 36) + right("a sample", 12) + right("samples", 13) + right("a batch", 12) +
          right("power", 12) + right("light/board", 14) + "\n";
  text += "  " + left(fmt::format("{}, {} cores of {} modes", r.system, l.cores, r.light.design.modes), 36) +
          right(si(l.energy_j, "J"), 12) + right(si(l.samples_per_s, "/s"), 13) +
          right(si(l.latency_s, "s"), 12) + right(si(l.energy_j * l.samples_per_s, "W"), 12) + "\n";
  for (const BreakevenCase& c : result.cases)
    text += "  " + left(c.board, 36) + right(si(c.board_energy_j, "J"), 12) +
            right(si(c.board_samples_per_s, "/s"), 13) + right(si(c.board_latency_s, "s"), 12) +
            right(si(c.board_w, "W"), 12) + right(times(c.ratio), 14) + "\n";
  text += fmt::format("  light: {}; {} photons per MAC, {} of laser light a core; {} tiles\n",
                      names(largest_parts(l, 4)), fmt::format("{:.3g}", l.photons_per_mac),
                      si(l.laser_w, "W"), l.tiles);
  text += systems_text(result);
  for (const BreakevenCase& c : result.cases) {
    text += fmt::format("\n{}\n  {}{}{}{}{}\n", c.board, left("assumption, alone", 24), right("here", 11),
                        right("range", 26), right("light/board there", 24), right("breaks even at", 18));
    for (const AssumptionResult& a : c.assumptions) {
      if (a.range.low == a.range.high) continue;
      text += "  " + left(std::string(a.row->key), 24) + right(value_text(*a.row, a.base), 11) +
              right(value_text(*a.row, a.range.low) + " … " + value_text(*a.row, a.range.high) +
                        (a.own_range ? "*" : " "),
                    26) +
              right(times(a.ratio_low) + " … " + times(a.ratio_high), 24) +
              right(a.breakeven ? value_text(*a.row, *a.breakeven) : "–", 18) + "\n";
    }
    text += "\n" + map_text(c.map) + "\n" + wrapped(joined(breakeven_answer(result, c)), "  ", 116);
  }
  const bool own = !r.ranges.empty();
  return text + fmt::format(
                    "\n{}Ranges are those of published devices, with sources in "
                    "--json and the "
                    "trace{}.\n",
                    result.stopped ? "Stopped early. " : "", own ? "; * the file's own" : "");
}

std::string breakeven_json(const Breakeven& result) {
  using nlohmann::json;
  const BreakevenRequest& r = result.request;
  const auto figure = [](double energy, double rate, double latency) {
    return json{{"energy_per_sample_j", energy}, {"samples_per_s", rate}, {"batch_latency_s", latency}};
  };
  json light = figure(result.light.energy_j, result.light.samples_per_s, result.light.latency_s);
  light["cores"] = result.light.cores;
  light["tiles"] = result.light.tiles;
  light["photons_per_mac"] = result.light.photons_per_mac;
  light["laser_power_w"] = result.light.laser_w;
  for (std::size_t p = 0; p < part_count; ++p)
    light["energy_by_part_j"][std::string(cost_parts()[p].name)] = result.light.part_j[p];
  json systems = json::object();
  for (const auto& [kind, figure_of] : result.systems) {
    json one = figure(figure_of.energy_j, figure_of.samples_per_s, figure_of.latency_s);
    one["cores"] = figure_of.cores;
    one["passes"] = figure_of.reading.runs;
    one["matrices"] = figure_of.reading.matrices;
    one["dac_bits"] = figure_of.reading.dac_bits;
    one["adc_bits"] = figure_of.reading.adc_bits;
    one["receivers"] = figure_of.reading.receivers;
    one["photons_per_mac"] = figure_of.photons_per_mac;
    systems[std::string(to_string(kind))] = one;
  }
  json cases = json::array();
  for (const BreakevenCase& c : result.cases) {
    json assumptions = json::array(), steps = json::array();
    for (const AssumptionResult& a : c.assumptions)
      assumptions.push_back({{"key", a.row->key},
                             {"meaning", a.row->meaning},
                             {"unit", a.row->unit},
                             {"base", a.base},
                             {"low", a.range.low},
                             {"high", a.range.high},
                             {"ratio_low", a.ratio_low},
                             {"ratio_high", a.ratio_high},
                             {"breakeven", a.breakeven ? json(*a.breakeven) : json()},
                             {"source", a.own_range ? "the file" : std::string(a.row->source)}});
    for (const Step& s : c.steps)
      steps.push_back({{"key", s.row->key}, {"value", s.value}, {"ratio", s.ratio}});
    cases.push_back({{"board", c.board},
                     {"figures", figure(c.board_energy_j, c.board_samples_per_s, c.board_latency_s)},
                     {"ratio", c.ratio},
                     {"stable", c.stable()},
                     {"best", c.best},
                     {"worst", c.worst},
                     {"steps", steps},
                     {"assumptions", assumptions},
                     {"map",
                      {{"axes", {c.map.axes[0]->key, c.map.axes[1]->key}},
                       {"values", {c.map.values[0], c.map.values[1]}},
                       {"ratio", c.map.ratio},
                       {"all_else_better", c.map.all_else_better}}},
                     {"answer", joined(breakeven_answer(result, c))}});
  }
  return json{{"workload", r.workload},
              {"batch", r.light.batch},
              {"bits", r.light.bits},
              {"format", row_of(r.format).name},
              {"system", r.system},
              {"light", light},
              {"numbers", to_string(r.light.numbers)},
              {"number_systems", systems},
              {"training", to_string(r.training)},
              {"cases", cases},
              {"stopped", result.stopped},
              {"provenance", "modelled"}}
             .dump(2) +
         "\n";
}

void record_breakeven(const std::string& path, const Breakeven& result) {
  const BreakevenRequest& r = result.request;
  TraceWriter trace(path, TraceInfo{std::string(program_version), std::string(program_commit), r.text, 0,
                                    cpu_name(), 1, ""});
  const auto integer = [](std::size_t value) { return static_cast<std::int64_t>(value); };
  record_model(trace, r.workload, result.model_sha256);
  const std::string workload =
      is_model_file(r.workload) ? std::filesystem::path(r.workload).filename().string() : r.workload;
  for (const BreakevenCase& c : result.cases) {
    trace.append("breakeven", {{"board", c.board},
                               {"workload", shortened(workload, name_bytes)},
                               {"batch", integer(r.light.batch)},
                               {"bits", r.light.bits},
                               {"cores", integer(result.light.cores)},
                               {"light_energy", result.light.energy_j},
                               {"board_energy", c.board_energy_j},
                               {"light_rate", result.light.samples_per_s},
                               {"board_rate", c.board_samples_per_s},
                               {"ratio", c.ratio},
                               {"best", c.best},
                               {"worst", c.worst},
                               {"training", std::string(to_string(r.training))}});
    for (const std::string& sentence : breakeven_answer(result, c))
      trace.append("breakeven_answers", {{"board", c.board}, {"sentence", sentence}});
    for (const AssumptionResult& a : c.assumptions)
      trace.append("assumptions", {{"board", c.board},
                                   {"key", std::string(a.row->key)},
                                   {"unit", std::string(a.row->unit)},
                                   {"base", a.base},
                                   {"low", a.range.low},
                                   {"high", a.range.high},
                                   {"ratio_low", a.ratio_low},
                                   {"ratio_high", a.ratio_high},
                                   {"breakeven", a.breakeven.value_or(std::nan(""))},
                                   {"source", a.own_range ? "the file" : std::string(a.row->source)}});
    std::vector<std::string> board(c.map.ratio.size(), c.board),
        down(board.size(), std::string(c.map.axes[0]->key)),
        across(board.size(), std::string(c.map.axes[1]->key));
    const std::vector<std::int64_t> better(board.size(), c.map.all_else_better ? 1 : 0);
    std::vector<double> down_value, across_value;
    for (const double a : c.map.values[0])
      for (const double b : c.map.values[1]) down_value.push_back(a), across_value.push_back(b);
    trace.append_records("breakeven_map", board.size(),
                         {{"board", board},
                          {"first", down},
                          {"second", across},
                          {"first_value", down_value},
                          {"second_value", across_value},
                          {"ratio", c.map.ratio},
                          {"all_else_better", better}});
  }
}

}  // namespace fringe
