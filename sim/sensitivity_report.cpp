#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/cost.hpp"
#include "sim/sensitivity.hpp"
#include "sim/text.hpp"

namespace fringe {
namespace {

std::string value_text(const Sensitivity& s, double value) {
  if (s.output == "energy") return si(value, "J");
  return std::isfinite(value) ? fmt::format("{:.2f} %", 100 * value) : "–";
}

std::string index_text(double index, double error) {
  return std::isfinite(index) ? fmt::format("{:.2f} ± {:.2f}", index, error) : "–";
}

/// Axes by falling total index.
std::vector<std::size_t> by_total(const Sensitivity& s) {
  std::vector<std::size_t> order(s.indices.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return s.indices[a].total > s.indices[b].total; });
  return order;
}

std::string parts_text(const std::vector<double>& parts) {
  const double all = std::accumulate(parts.begin(), parts.end(), 0.0);
  std::vector<std::size_t> order(parts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return parts[a] > parts[b]; });
  std::string text;
  for (const std::size_t p : order)
    if (parts[p] >= 0.005 * all)
      text +=
          fmt::format("{}{} {:.0f} %", text.empty() ? "" : ", ", cost_parts()[p].name, 100 * parts[p] / all);
  return text;
}

/// "laser_power_w": names of axes alone.
std::string axis_name(const StoredSweep& sweep, std::size_t axis) {
  const std::string& path = sweep.axes[axis].path;
  return path.substr(path.rfind('.') + 1);  // npos + 1 is 0
}

bool moves(const Sensitivity& s) {
  return std::any_of(s.indices.begin(), s.indices.end(),
                     [](const SobolIndex& index) { return std::isfinite(index.total); });
}

/// Which axis moves an output most, and whether another may do so as well.
std::string leader(const StoredSweep& sweep, const Sensitivity& s, const char* what) {
  const std::vector<std::size_t> order = by_total(s);
  const SobolIndex& most = s.indices[order[0]];
  std::string text = fmt::format(
      "{} of {} moves its {} most ({:.0f} % of the variance with its interactions; {} at one end, {} "
      "at the other)",
      axis_name(sweep, order[0]), s.hardware, what, 100 * std::min(1.0, most.total),
      value_text(s, s.low[order[0]]), value_text(s, s.high[order[0]]));
  if (order.size() == 1) return text + ".";
  const SobolIndex& next = s.indices[order[1]];
  const bool stands = most.total - next.total > 2 * std::hypot(most.total_error, next.total_error);
  return text + (stands ? fmt::format(", ahead of {} ({:.0f} %).", axis_name(sweep, order[1]),
                                      100 * std::max(0.0, next.total))
                        : fmt::format("; that does not stand: {} ({:.0f} %) is within two standard errors.",
                                      axis_name(sweep, order[1]), 100 * std::max(0.0, next.total)));
}

}  // namespace

std::vector<std::string> sensitivity_answer(const StoredSweep& sweep, const SensitivityResult& result,
                                            std::size_t first) {
  const Sensitivity &accuracy = result.outputs[first], &energy = result.outputs[first + 1];
  std::vector<std::string> answer;
  if (moves(accuracy)) {
    answer.push_back(leader(sweep, accuracy, "accuracy"));
    constexpr double point = 0.01;
    std::vector<std::string> turns;
    for (std::size_t a = 0; a < accuracy.indices.size(); ++a)
      for (const bool high : {false, true})
        if (accuracy.middle - (high ? accuracy.high : accuracy.low)[a] > point)
          turns.push_back(axis_name(sweep, a) + (high ? " at its high end" : " at its low end"));
    std::string list;
    for (std::size_t i = 0; i < turns.size(); ++i)
      list += (i == 0 ? "" : i + 1 == turns.size() ? " and " : ", ") + turns[i];
    answer.push_back(
        turns.empty()
            ? fmt::format("The {} of the middle stand: no axis alone costs a point anywhere at its ends.",
                          value_text(accuracy, accuracy.middle))
            : fmt::format("The {} of the middle do not stand: alone, {} cost{} more than a point.",
                          value_text(accuracy, accuracy.middle), list, turns.size() == 1 ? "s" : ""));
  } else {
    answer.push_back(fmt::format("Nothing here moves the accuracy of {}.", accuracy.hardware));
  }
  if (moves(energy)) answer.push_back(leader(sweep, energy, "energy"));
  answer.push_back(
      fmt::format("At the middle its joules go to {}.", parts_text(result.parts_at_middle[first / 2])));
  answer.push_back(
      "Shares hold for these ranges, each value as likely as another; accuracy is simulated, energy "
      "modelled.");
  return answer;
}

std::string sensitivity_text(const StoredSweep& sweep, const SensitivityResult& result,
                             const std::string& name) {
  const std::size_t k = sweep.axes.size(), points = sweep.points.size() / k;
  std::string text = fmt::format("fringe · sensitivity {} · {} axes, {} base samples, {} points\n", name, k,
                                 (points - 1 - 2 * k) / (k + 2), points);
  for (std::size_t o = 0; o < result.outputs.size(); ++o) {
    const Sensitivity& s = result.outputs[o];
    const bool moved = moves(s);
    if (!moved)
      text += fmt::format("\n{}: {} {} everywhere\n", s.hardware, s.output, value_text(s, s.middle));
    if (moved)
      text +=
          fmt::format("\n{}: {} {} at the middle of all axes, {} ± {} over their ranges\n", s.hardware,
                      s.output, value_text(s, s.middle), value_text(s, s.mean), value_text(s, s.deviation));
    if (moved)
      text += "  " + left("", 46) + right("low end", 12) + right("high end", 12) + right("first order", 16) +
              right("total", 16) + "\n";
    for (const std::size_t a : moved ? by_total(s) : std::vector<std::size_t>{}) {
      const std::string& path = sweep.axes[a].path;
      text += "  " + left(path.size() <= 46 ? path : "…" + path.substr(path.size() - 45), 46) +
              right(value_text(s, s.low[a]), 12) + right(value_text(s, s.high[a]), 12) +
              right(index_text(s.indices[a].first, s.indices[a].first_error), 16) +
              right(index_text(s.indices[a].total, s.indices[a].total_error), 16) + "\n";
    }
    if (s.output == "energy")
      text += wrapped("at the middle: " + parts_text(result.parts_at_middle[o / 2]), "  ", 118);
  }
  for (std::size_t o = 0; o < result.outputs.size(); o += 2) {
    std::string words;
    for (const std::string& sentence : sensitivity_answer(sweep, result, o))
      words += (words.empty() ? "" : " ") + sentence;
    text += "\n" + wrapped(words, "  ", 116);
  }
  return text +
         "\n  ends: this axis there, the others at their middle. Sobol's indices over the ranges (Saltelli "
         "2010, "
         "Jansen\n"
         "  1999) ± a standard error: share of the variance that the axis explains alone, and with its "
         "interactions.\n"
         "  energy: of a sample at the best batch, accelerator with its memory.\n";
}

std::string sensitivity_json(const StoredSweep& sweep, const SensitivityResult& result) {
  using Json = nlohmann::ordered_json;
  const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); };
  Json json = Json::array();
  for (std::size_t o = 0; o < result.outputs.size(); ++o) {
    const Sensitivity& s = result.outputs[o];
    Json one{{"hardware", s.hardware},           {"output", s.output},
             {"middle", number(s.middle)},       {"mean", number(s.mean)},
             {"deviation", number(s.deviation)}, {"axes", Json::array()}};
    for (std::size_t a = 0; a < s.indices.size(); ++a)
      one["axes"].push_back({{"path", sweep.axes[a].path},
                             {"low", number(s.low[a])},
                             {"high", number(s.high[a])},
                             {"first", number(s.indices[a].first)},
                             {"first_error", number(s.indices[a].first_error)},
                             {"total", number(s.indices[a].total)},
                             {"total_error", number(s.indices[a].total_error)}});
    if (s.output == "energy")
      for (std::size_t p = 0; p < result.parts_at_middle[o / 2].size(); ++p)
        one["parts_at_middle"][std::string(cost_parts()[p].name)] = number(result.parts_at_middle[o / 2][p]);
    json.push_back(std::move(one));
  }
  return json.dump(2) + "\n";
}

}  // namespace fringe
