#include <nlohmann/json.hpp>

#include "sim/report.hpp"

namespace fringe {
namespace {

using Json = nlohmann::ordered_json;

Json json(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json json(const Estimate& e) {
  return {{"mean", json(e.mean)}, {"half_width_95", json(e.half_width)}, {"count", e.count}};
}

Json parts(const Cost& cost, double duration_s) {
  if (!cost.energy_known) return nullptr;
  Json object = Json::object();
  const std::vector<double> joules = energy_by_part(cost, duration_s);
  for (std::size_t i = 0; i < part_count; ++i)
    if (joules[i] != 0) object[std::string(cost_parts()[i].name)] = joules[i];
  return object;
}

Json json(const CostFigure& figure, Boundary widest) {
  const Cost& cost = figure.cost;
  Json object{{"scenario", figure.scenario},           {"batch", figure.batch},
              {"kind", to_string(cost.provenance)},    {"latency_s", json(cost.latency_s)},
              {"interval_s", json(cost.interval_s())}, {"throughput_per_s", json(figure.throughput_per_s())}};
  Json energy = Json::object();
  for (const Boundary b : {Boundary::matrix_unit, Boundary::accelerator, Boundary::board})
    if (b <= widest && cost.energy_known)
      energy[std::string(to_string(b))] = {{"one_at_a_time_j", json(figure.energy_per_sample_j(b, false))},
                                           {"pipelined_j", json(figure.energy_per_sample_j(b, true))}};
  object["energy_per_sample"] = cost.energy_known ? energy : Json(nullptr);
  object["joules_of_batch_by_part"] = parts(cost, cost.latency_s);
  Json busy = Json::object();
  for (std::size_t i = 0; i < resource_count; ++i) busy[std::string(resource_names()[i])] = cost.busy_s[i];
  object["busy_s"] = busy;
  if (const double area = cost.chip_area_m2(); area > 0) {
    object["area_m2"] = area;
    Json by_part = Json::object();
    for (std::size_t i = 0; i < part_count; ++i)
      if (cost.area_m2[i] > 0) by_part[std::string(cost_parts()[i].name)] = cost.area_m2[i];
    object["area_m2_by_part"] = by_part;
  }
  return object;
}

/// "points_lost", "psnr_db_lost": the unit in the name, as differences of an accuracy are points.
std::string lost_key(const Metric& metric) {
  return metric.difference == "points" ? "points_lost" : std::string(metric.key) + "_lost";
}

/// Scores by key; the first alone has the names that accuracies have.
Json others(const Comparison& c, const std::vector<Estimate>& scores) {
  Json object = Json::object();
  for (std::size_t m = 1; m < scores.size(); ++m) object[std::string(c.metrics[m].key)] = json(scores[m]);
  return object;
}

Json json(const Comparison& c, const HardwareResult& hardware) {
  const std::string key(c.metric().key);
  Json object{{"name", hardware.name},
              {"camp", hardware.camp},
              {"available", hardware.available},
              {"note", hardware.note},
              {key + "_kind", to_string(hardware.numerics)},
              {key, json(hardware.score())},
              {"chips", hardware.chips},
              {"equal_" + key, hardware.equal},
              {"boundary", to_string(hardware.boundary)}};
  if (!hardware.no_training.empty()) object["no_training"] = hardware.no_training;
  if (c.metrics.size() > 1) object["others"] = others(c, hardware.scores);
  object["costs"] = Json::array();
  for (const CostFigure& figure : hardware.costs) object["costs"].push_back(json(figure, hardware.boundary));
  object["layers"] = Json::array();
  for (const LayerFigure& layer : hardware.layers)
    object["layers"].push_back({{"operator", layer.name},
                                {"rows", layer.rows},
                                {"inner", layer.inner},
                                {"batch", layer.batch},
                                {"kind", to_string(layer.cost.provenance)},
                                {"latency_s", layer.cost.latency_s},
                                {"joules_by_part", parts(layer.cost, layer.cost.latency_s)},
                                {"relative_error", json(layer.error)}});
  return object;
}

}  // namespace

std::string report_json(const Comparison& c) {
  const std::string key(c.metric().key), lost = lost_key(c.metric());
  Json root{{"experiment", c.experiment},
            {"workload", c.workload},
            {"data", c.data},
            {"samples", c.samples},
            {"seed", c.seed},
            {"host", c.host},
            {"stopped", c.stopped},
            {"float_" + key, json(c.float_score())}};
  if (c.metrics.size() > 1) root["float_others"] = others(c, c.float_scores);
  for (const Baseline& baseline : c.baselines) {
    Json object{{"name", baseline.name}, {key, json(baseline.scores.front())}};
    object["others"] = others(c, baseline.scores);
    root["baselines"].push_back(object);
  }
  root["splits"] = Json::array();
  for (const SplitResult& split : c.splits)
    root["splits"].push_back({{"name", split.name},
                              {"train", split.train},
                              {"test", split.test},
                              {"exact_duplicates", split.exact_duplicates},
                              {"leaked", split.leaked},
                              {key, split.scores.empty() ? Json(nullptr) : json(split.scores.front())}});
  root["hardware"] = Json::array();
  for (const HardwareResult& hardware : c.hardware) root["hardware"].push_back(json(c, hardware));
  root["photonic"] = Json::array();
  for (const PhotonicSummary& p : c.photonic)
    root["photonic"].push_back({{"preset", p.preset},
                                {"tiles", p.tiles},
                                {"modes", p.modes},
                                {"cores", p.cores},
                                {lost, json(p.lost)},
                                {lost + "_corrected", json(p.lost_corrected)},
                                {lost + "_before_training_on_chip", json(p.lost_before_in_loop)},
                                {lost + "_trained_on_chip", json(p.lost_in_loop)},
                                {"matrix_error", json(p.matrix_error)},
                                {"matrix_error_corrected", json(p.matrix_error_corrected)},
                                {"splitter_part_removed_by_correction", json(p.splitter_part_removed)}});
  root["causes"] = Json::array();
  for (const CauseResult& cause : c.causes)
    root["causes"].push_back({{"preset", cause.preset},
                              {"cause", cause.cause},
                              {lost + "_alone", json(cause.alone.front())},
                              {lost + "_without", json(cause.without.front())}});
  return root.dump(2) + "\n";
}

}  // namespace fringe
