#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/cost.hpp"
#include "sim/report.hpp"
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

}  // namespace

std::string sensitivity_text(const StoredSweep& sweep, const SensitivityResult& result,
                             const std::string& name) {
  const std::size_t k = sweep.axes.size(), points = sweep.points.size() / k;
  std::string text = fmt::format("fringe · sensitivity {} · {} axes, {} base samples, {} points\n", name, k,
                                 (points - 1 - 2 * k) / (k + 2), points);
  for (std::size_t o = 0; o < result.outputs.size(); ++o) {
    const Sensitivity& s = result.outputs[o];
    const bool moves = std::any_of(s.indices.begin(), s.indices.end(),
                                   [](const SobolIndex& index) { return std::isfinite(index.total); });
    if (!moves)
      text += fmt::format("\n{}: {} {} everywhere\n", s.hardware, s.output, value_text(s, s.middle));
    if (moves)
      text +=
          fmt::format("\n{}: {} {} at the middle of all axes, {} ± {} over their ranges\n", s.hardware,
                      s.output, value_text(s, s.middle), value_text(s, s.mean), value_text(s, s.deviation));
    if (moves)
      text += "  " + left("", 46) + right("low end", 12) + right("high end", 12) + right("first order", 16) +
              right("total", 16) + "\n";
    for (const std::size_t a : moves ? by_total(s) : std::vector<std::size_t>{}) {
      const std::string& path = sweep.axes[a].path;
      text += "  " + left(path.size() <= 46 ? path : "…" + path.substr(path.size() - 45), 46) +
              right(value_text(s, s.low[a]), 12) + right(value_text(s, s.high[a]), 12) +
              right(index_text(s.indices[a].first, s.indices[a].first_error), 16) +
              right(index_text(s.indices[a].total, s.indices[a].total_error), 16) + "\n";
    }
    if (s.output == "energy")
      text += wrapped("at the middle: " + parts_text(result.parts_at_middle[o / 2]), "  ", 118);
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
