#include "sim/sweep_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/cost.hpp"
#include "sim/text.hpp"

namespace fringe {
namespace {

/// The last part of each path, with as many parts before it as tell it from the others.
std::vector<std::string> short_names(const std::vector<StoredAxis>& axes) {
  std::vector<std::string> names;
  for (const StoredAxis& axis : axes) {
    std::size_t dot = axis.path.rfind('.');
    const auto shared = [&](const std::string& tail) {
      return std::count_if(axes.begin(), axes.end(), [&](const StoredAxis& other) {
               return other.path.ends_with("." + tail) || other.path == tail;
             }) > 1;
    };
    std::string tail = dot == axis.path.npos ? axis.path : axis.path.substr(dot + 1);
    while (dot != axis.path.npos && dot > 0 && shared(tail)) {
      dot = axis.path.rfind('.', dot - 1);
      tail = dot == axis.path.npos ? axis.path : axis.path.substr(dot + 1);
    }
    names.push_back(std::move(tail));
  }
  return names;
}

/// Distinct values of an axis, as text.
std::string range_text(const StoredSweep& sweep, std::size_t axis) {
  std::set<double> values;
  for (std::size_t p = 0; p < sweep.points.size() / sweep.axes.size(); ++p)
    values.insert(sweep.value(p, axis));
  const std::vector<std::string>& labels = sweep.axes[axis].labels;
  const auto text = [&](double v) {
    return labels.empty() ? fmt::format("{:.4g}", v) : labels.at(static_cast<std::size_t>(v));
  };
  if (values.size() > 6 && labels.empty())
    return fmt::format("{} … {}, {} values", text(*values.begin()), text(*values.rbegin()), values.size());
  std::string list;
  for (const double v : values) list += (list.empty() ? "" : ", ") + text(v);
  return text_width(list) <= 60 ? list : fmt::format("{} values", values.size());
}

std::string span_text(const std::vector<double>& values, const char* unit) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  if (values.empty()) return "–";
  return *least == *most ? si(*least, unit) : si(*least, unit) + " … " + si(*most, unit);
}

std::string percent(const Estimate& e) {
  std::string text = fmt::format("{:.2f}", 100 * e.mean);
  return std::isfinite(e.half_width) ? text + fmt::format(" ± {:.2f}", 100 * e.half_width) : text;
}

}  // namespace

std::vector<SweepDesign> designs_of(const StoredSweep& sweep) {
  struct Values {
    std::string camp;
    std::map<std::size_t, std::pair<std::vector<double>, std::vector<double>>> by_replica;
    const SweepCost* cost = nullptr;
  };
  std::map<std::size_t, std::vector<std::pair<std::string, Values>>> points;
  for (const SweepRun& run : sweep.runs) {
    auto& here = points[run.point];
    const auto values_of = [&](const std::string& hardware) -> Values& {
      const auto found =
          std::find_if(here.begin(), here.end(), [&](const auto& entry) { return entry.first == hardware; });
      if (found != here.end()) return found->second;
      return here.emplace_back(hardware, Values{}).second;
    };
    for (const SweepScore& s : run.scores) {
      Values& values = values_of(s.hardware);
      values.camp = s.camp;
      auto& [accuracies, floats] = values.by_replica[run.replica];
      accuracies.push_back(s.accuracy);
      floats.push_back(s.float_accuracy);
    }
    for (const SweepCost& cost : run.costs) values_of(cost.hardware).cost = &cost;
  }
  std::vector<SweepDesign> designs;
  for (const auto& [point, here] : points)
    for (const auto& [hardware, values] : here) {
      std::vector<double> accuracies, lost;
      for (const auto& [replica, scores] : values.by_replica) {
        const double accuracy = estimate(scores.first).mean;
        accuracies.push_back(accuracy);
        lost.push_back(100 * (estimate(scores.second).mean - accuracy));
      }
      designs.push_back({point, hardware, values.camp, estimate(accuracies), estimate(lost), values.cost});
    }
  return designs;
}

std::string values_text(const StoredSweep& sweep, std::size_t point) {
  const std::vector<std::string> names = short_names(sweep.axes);
  std::string text;
  for (std::size_t a = 0; a < names.size(); ++a)
    text += (a > 0 ? ", " : "") + names[a] + " = " + sweep.text(point, a);
  return text;
}

std::string sweep_text(const StoredSweep& sweep, const std::string& name, std::size_t runs) {
  const std::size_t points = sweep.points.size() / sweep.axes.size();
  std::string text = fmt::format("fringe · sweep {} · {} points, {} of {} runs finished\n\n", name, points,
                                 sweep.runs.size(), runs);
  for (std::size_t a = 0; a < sweep.axes.size(); ++a)
    text += "  " + left(sweep.axes[a].path, 52) + "  " + range_text(sweep, a) + "\n";
  const std::vector<SweepDesign> designs = designs_of(sweep);
  std::vector<std::string> order;
  std::map<std::string, std::vector<const SweepDesign*>> by_hardware;
  for (const SweepDesign& design : designs) {
    auto& list = by_hardware[design.hardware];
    if (list.empty()) order.push_back(design.hardware);
    list.push_back(&design);
  }
  text += "\n  " + left("", 32) + right("accuracy %", 18) + right("one sample", 22) +
          right("energy, best batch", 26) + right("points", 8) + "\n";
  for (const std::string& hardware : order) {
    const auto& list = by_hardware.at(hardware);
    std::vector<double> accuracy, latency, energy;
    const SweepDesign* best = list.front();
    for (const SweepDesign* design : list) {
      accuracy.push_back(100 * design->accuracy.mean);
      if (design->accuracy.mean > best->accuracy.mean) best = design;
      if (design->cost == nullptr) continue;
      latency.push_back(design->cost->latency_s);
      energy.push_back(design->cost->pipelined_energy_j);
    }
    const auto [least, most] = std::minmax_element(accuracy.begin(), accuracy.end());
    const std::string span =
        *least == *most ? percent(best->accuracy) : fmt::format("{:.2f} … {:.2f}", *least, *most);
    text += "  " + left(hardware, 32) + right(span, 18) + right(span_text(latency, "s"), 22) +
            right(span_text(energy, "J"), 26) + right(std::to_string(list.size()), 8) + "\n";
    if (best->camp == "photonic" && list.size() > 1) {
      const std::string values = values_text(sweep, best->point);
      text += "    most at " + (text_width(values) <= 90 ? values : fmt::format("point {}", best->point)) +
              ": " + percent(best->accuracy) + "\n";
    }
  }
  return text;
}

std::string sweep_json(const StoredSweep& sweep, const std::string& name, std::size_t runs) {
  using Json = nlohmann::ordered_json;
  const auto number = [](double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); };
  Json json{{"sweep", name}, {"runs", runs}, {"finished", sweep.runs.size()}, {"axes", Json::array()}};
  for (const StoredAxis& axis : sweep.axes) json["axes"].push_back(axis.path);
  json["designs"] = Json::array();
  for (const SweepDesign& design : designs_of(sweep)) {
    Json one{{"point", design.point}, {"hardware", design.hardware}, {"camp", design.camp}};
    for (std::size_t a = 0; a < sweep.axes.size(); ++a)
      one["values"][sweep.axes[a].path] = sweep.axes[a].labels.empty() ? Json(sweep.value(design.point, a))
                                                                       : Json(sweep.text(design.point, a));
    one["accuracy"] = {{"mean", number(design.accuracy.mean)},
                       {"half_width", number(design.accuracy.half_width)},
                       {"replicas", design.accuracy.count}};
    one["points_lost"] = {{"mean", number(design.lost.mean)}, {"half_width", number(design.lost.half_width)}};
    if (const SweepCost* cost = design.cost; cost != nullptr) {
      one["cost"] = {{"provenance", to_string(cost->provenance)},
                     {"latency_s", number(cost->latency_s)},
                     {"energy_j", number(cost->energy_j)},
                     {"batch", cost->batch},
                     {"throughput_per_s", number(cost->throughput_per_s)},
                     {"pipelined_energy_j", number(cost->pipelined_energy_j)},
                     {"price_usd", number(cost->price_usd)}};
      for (const PartRow& part : cost_parts()) {
        const auto i = static_cast<std::size_t>(&part - cost_parts().data());
        if (cost->pipelined_energy_by_part[i] > 0)
          one["cost"]["pipelined_energy_by_part"][std::string(part.name)] = cost->pipelined_energy_by_part[i];
      }
    }
    json["designs"].push_back(std::move(one));
  }
  return json.dump(2) + "\n";
}

}  // namespace fringe
