#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/precision.hpp"
#include "sim/text.hpp"

namespace fringe {
namespace {

/// What an operator has that differs from the system's own.
std::string toml_lines(const NumberSystem& numbers, const NumberSystem& all) {
  std::string lines;
  for (const NumberKey& key : number_keys())
    if (key.get(numbers) != key.get(all)) lines += fmt::format("{} = {}\n", key.key, key.get(numbers));
  return lines;
}

std::string toml(const PrecisionSearch& s) {
  std::string text;
  for (const auto& [name, numbers] : s.found.operators)
    if (const std::string lines = toml_lines(numbers, s.found.all); !lines.empty())
      text += fmt::format("[photonic.{}.numbers.operators.{}]\n{}", s.system, name, lines);
  return text;
}

}  // namespace

std::string precision_text(const PrecisionSearch& s) {
  std::string text = fmt::format(
      "{} ({}): cheapest precision that loses at most {} point{} with one standard error, by {} rows held "
      "back\n\n",
      s.system, to_string(s.found.all.kind), s.points, s.points == 1 ? "" : "s", s.rows);
  const auto line = [&](const std::string& what, double held, double test, double energy_j) {
    text += "  " + what + padding(what, 34) +
            fmt::format("{:8.2f} % held back {:8.2f} % test   {} a sample\n", 100 * held, 100 * test,
                        si(energy_j, "J"));
  };
  line("as the experiment has it", s.accuracy_before, s.test_before, s.energy_before_j);
  if (s.reached) line("found", s.accuracy, s.test, s.energy_j);
  text += fmt::format("  floating point{}{:8.2f} % held back {:8.2f} % test\n", std::string(20, ' '),
                      100 * s.float_accuracy, 100 * s.float_test);
  if (!s.reason.empty()) text += "  " + s.reason + "\n";
  if (!s.steps.empty()) text += "\n";
  for (const PrecisionStep& step : s.steps) {
    const std::string what = fmt::format("{}.{} {} -> {}", step.operator_name, step.key, step.from, step.to);
    text += "  " + what + padding(what, 34) +
            fmt::format("{:8.2f} % held back   {}{}\n", 100 * step.accuracy, si(step.energy_j, "J"),
                        step.taken ? "" : "   not taken: too little left");
  }
  const std::string found = toml(s);
  return found.empty() ? text : text + "\n" + found;
}

std::string precision_json(const std::vector<PrecisionSearch>& searches) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const PrecisionSearch& s : searches) {
    nlohmann::ordered_json one{{"system", s.system},
                               {"numbers", to_string(s.found.all.kind)},
                               {"reached", s.reached},
                               {"reason", s.reason},
                               {"rows_held_back", s.rows},
                               {"points", s.points},
                               {"accuracy_float", s.float_accuracy},
                               {"accuracy_before", s.accuracy_before},
                               {"accuracy", s.accuracy},
                               {"test_accuracy_float", s.float_test},
                               {"test_accuracy_before", s.test_before},
                               {"test_accuracy", s.test},
                               {"energy_before_j", s.energy_before_j},
                               {"energy_j", s.energy_j},
                               {"operators", nlohmann::ordered_json::object()},
                               {"steps", nlohmann::ordered_json::array()}};
    for (const auto& [name, numbers] : s.found.operators)
      for (const NumberKey& key : number_keys())
        if (key.belongs_to(numbers.kind)) one["operators"][name][std::string(key.key)] = key.get(numbers);
    for (const PrecisionStep& step : s.steps)
      one["steps"].push_back({{"operator", step.operator_name},
                              {"key", step.key},
                              {"from", step.from},
                              {"to", step.to},
                              {"accuracy", step.accuracy},
                              {"energy_j", step.energy_j},
                              {"taken", step.taken}});
    all.push_back(std::move(one));
  }
  return all.dump(2) + "\n";
}

}  // namespace fringe
