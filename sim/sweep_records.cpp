#include "sim/sweep_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "core/error.hpp"
#include "sim/trace_reader.hpp"

namespace fringe {
namespace {

std::int64_t integer(std::size_t value) { return static_cast<std::int64_t>(value); }

Provenance provenance_of(const std::string& name) {
  for (const Provenance p :
       {Provenance::measured, Provenance::simulated, Provenance::modelled, Provenance::mixed})
    if (to_string(p) == name) return p;
  return Provenance::none;
}

void record_costs(TraceWriter& trace, const std::vector<SweepRun>& runs) {
  std::vector<std::string> hardware, camp, provenance;
  std::vector<std::int64_t> point, batch;
  std::vector<double> latency, energy, throughput, pipelined, by_part, pipelined_by_part, price, area;
  for (const SweepRun& run : runs)
    for (const SweepCost& c : run.costs) {
      point.push_back(integer(run.point));
      hardware.push_back(c.hardware);
      camp.push_back(c.camp);
      provenance.emplace_back(to_string(c.provenance));
      latency.push_back(c.latency_s);
      energy.push_back(c.energy_j);
      batch.push_back(integer(c.batch));
      throughput.push_back(c.throughput_per_s);
      pipelined.push_back(c.pipelined_energy_j);
      by_part.insert(by_part.end(), c.energy_by_part.begin(), c.energy_by_part.end());
      pipelined_by_part.insert(pipelined_by_part.end(), c.pipelined_energy_by_part.begin(),
                               c.pipelined_energy_by_part.end());
      price.push_back(c.price_usd);
      area.push_back(c.area_m2);
    }
  if (point.empty()) return;
  trace.append_records("sweep_costs", point.size(),
                       {{"point", point},
                        {"hardware", hardware},
                        {"camp", camp},
                        {"provenance", provenance},
                        {"latency_s", latency},
                        {"energy_j", energy},
                        {"energy_by_part", by_part},
                        {"batch", batch},
                        {"throughput_per_s", throughput},
                        {"pipelined_energy_j", pipelined},
                        {"pipelined_energy_by_part", pipelined_by_part},
                        {"price_usd", price},
                        {"area_m2", area}});
}

void record_scores(TraceWriter& trace, const std::vector<SweepRun>& runs) {
  std::vector<std::string> hardware, camp;
  std::vector<std::int64_t> point, replica, seed, chip, fold;
  std::vector<double> accuracy, float_accuracy, error;
  for (const SweepRun& run : runs)
    for (const SweepScore& s : run.scores) {
      point.push_back(integer(run.point));
      replica.push_back(integer(run.replica));
      seed.push_back(static_cast<std::int64_t>(run.seed));
      hardware.push_back(s.hardware);
      camp.push_back(s.camp);
      chip.push_back(integer(s.chip));
      fold.push_back(integer(s.fold));
      accuracy.push_back(s.accuracy);
      float_accuracy.push_back(s.float_accuracy);
      error.push_back(s.matrix_error);
    }
  if (point.empty()) return;
  trace.append_records("sweep_scores", point.size(),
                       {{"point", point},
                        {"replica", replica},
                        {"seed", seed},
                        {"hardware", hardware},
                        {"camp", camp},
                        {"chip", chip},
                        {"fold", fold},
                        {"accuracy", accuracy},
                        {"float_accuracy", float_accuracy},
                        {"matrix_error", error}});
}

}  // namespace

void record_axes(TraceWriter& trace, const std::vector<SweepAxis>& axes) {
  for (const SweepAxis& axis : axes) trace.append("sweep_axes", {{"path", axis.path}});
  for (std::size_t a = 0; a < axes.size(); ++a)
    for (const std::string& label : axes[a].labels)
      trace.append("sweep_labels", {{"axis", integer(a)}, {"label", label}});
}

void record_points(TraceWriter& trace, const std::vector<SweepPoint>& points) {
  std::vector<double> values;
  for (const SweepPoint& point : points)
    for (const SweepValue& value : point) values.push_back(value.number);
  trace.append_records("sweep_points", points.size(), {{"value", values}});
}

void record_runs(TraceWriter& trace, const std::vector<SweepRun>& runs) {
  record_costs(trace, runs);
  record_scores(trace, runs);
}

std::string StoredSweep::text(std::size_t point, std::size_t axis) const {
  const double number = value(point, axis);
  const std::vector<std::string>& labels = axes[axis].labels;
  return labels.empty() ? fmt::format("{:.4g}", number) : labels.at(static_cast<std::size_t>(number));
}

StoredSweep read_sweep_trace(const TraceReader& trace, const std::string& path) {
  if (!trace.has("sweep_axes") || !trace.has("sweep_points"))
    throw Error("trace " + path + ": holds no sweep (fringe sweep writes one)");
  StoredSweep sweep;
  for (std::string& axis : trace.strings("sweep_axes", "path")) sweep.axes.push_back({std::move(axis), {}});
  if (trace.has("sweep_labels")) {
    const auto axis = trace.integers("sweep_labels", "axis");
    const auto label = trace.strings("sweep_labels", "label");
    for (std::size_t i = 0; i < axis.size(); ++i)
      sweep.axes.at(static_cast<std::size_t>(axis[i])).labels.push_back(label[i]);
  }
  sweep.points = trace.numbers("sweep_points", "value");
  if (!trace.has("sweep_scores")) return sweep;

  std::map<std::pair<std::size_t, std::size_t>, std::size_t> places;
  {
    const char* table = "sweep_scores";
    const auto point = trace.integers(table, "point"), replica = trace.integers(table, "replica"),
               seed = trace.integers(table, "seed"), chip = trace.integers(table, "chip"),
               fold = trace.integers(table, "fold");
    const auto hardware = trace.strings(table, "hardware"), camp = trace.strings(table, "camp");
    const auto accuracy = trace.numbers(table, "accuracy"),
               float_accuracy = trace.numbers(table, "float_accuracy"),
               error = trace.numbers(table, "matrix_error");
    for (std::size_t i = 0; i < point.size(); ++i) {
      const auto p = static_cast<std::size_t>(point[i]), r = static_cast<std::size_t>(replica[i]);
      const auto [place, is_new] = places.emplace(std::pair(p, r), sweep.runs.size());
      if (is_new) sweep.runs.push_back({p, r, static_cast<std::uint64_t>(seed[i]), {}, {}});
      sweep.runs[place->second].scores.push_back({hardware[i], camp[i], static_cast<std::size_t>(chip[i]),
                                                  static_cast<std::size_t>(fold[i]), accuracy[i],
                                                  float_accuracy[i], error[i]});
    }
  }
  if (!trace.has("sweep_costs")) return sweep;
  const char* table = "sweep_costs";
  const auto point = trace.integers(table, "point"), batch = trace.integers(table, "batch");
  const auto hardware = trace.strings(table, "hardware"), camp = trace.strings(table, "camp"),
             provenance = trace.strings(table, "provenance");
  const auto latency = trace.numbers(table, "latency_s"), energy = trace.numbers(table, "energy_j"),
             by_part = trace.numbers(table, "energy_by_part"),
             throughput = trace.numbers(table, "throughput_per_s"),
             pipelined = trace.numbers(table, "pipelined_energy_j"),
             pipelined_by_part = trace.numbers(table, "pipelined_energy_by_part"),
             price = trace.numbers(table, "price_usd");
  // Traces of schema 1.5 and before tell no area, and have fewer parts.
  const bool has_area = trace.number_attribute("schema_version").at(1) >= 6;
  const auto area = has_area ? trace.numbers(table, "area_m2")
                             : std::vector<double>(point.size(), std::numeric_limits<double>::quiet_NaN());
  const auto parts = [&](const std::vector<double>& all, std::size_t i) {
    const std::size_t stored = all.size() / point.size();
    std::vector<double> one(part_count);
    std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(i * stored), std::min(stored, part_count),
                one.begin());
    return one;
  };
  for (std::size_t i = 0; i < point.size(); ++i) {
    // Costs without their run are those of a run that a kill cut off, which will run again.
    const auto place = places.find({static_cast<std::size_t>(point[i]), 0});
    if (place == places.end()) continue;
    sweep.runs[place->second].costs.push_back({hardware[i], camp[i], provenance_of(provenance[i]), latency[i],
                                               energy[i], static_cast<std::size_t>(batch[i]), throughput[i],
                                               pipelined[i], parts(by_part, i), parts(pipelined_by_part, i),
                                               price[i], area[i]});
  }
  return sweep;
}

}  // namespace fringe
