#include "sim/trace_records.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/schema.hpp"
#include "sim/text.hpp"

namespace fringe {
namespace {

std::int64_t integer(std::size_t value) { return static_cast<std::int64_t>(value); }
std::string text(std::string_view value) { return std::string(value); }

template <std::size_t size>
std::vector<double> list(const std::array<double, size>& values) {
  return {values.begin(), values.end()};
}

double energy(const Cost& cost, Boundary boundary, double duration_s) {
  return cost.energy_known ? cost.energy_j(boundary, duration_s) : std::numeric_limits<double>::quiet_NaN();
}

/// Position of the metric that has this key; metrics.size() where none has.
std::size_t find(Metrics metrics, std::string_view key) {
  return static_cast<std::size_t>(
      std::find_if(metrics.begin(), metrics.end(), [&](const Metric& m) { return m.key == key; }) -
      metrics.begin());
}

/// What columns of accuracy hold: NaN where nothing is classified.
double accuracy_of(Metrics metrics, const std::vector<double>& scores) {
  const std::size_t at = find(metrics, "accuracy");
  return at < scores.size() ? scores[at] : std::numeric_limits<double>::quiet_NaN();
}
Estimate accuracy_of(Metrics metrics, const std::vector<Estimate>& scores) {
  const std::size_t at = find(metrics, "accuracy");
  return at < scores.size() ? scores[at] : Estimate{};
}

bool accuracy_stands_for_all(Metrics metrics) {
  return metrics.size() == 1 && metrics.front().key == "accuracy";
}

}  // namespace

void record_metrics(TraceWriter& trace, Metrics metrics) {
  if (accuracy_stands_for_all(metrics)) return;
  for (const Metric& m : metrics)
    trace.append("metrics", {{"key", text(m.key)},
                             {"name", text(m.name)},
                             {"unit", text(m.unit)},
                             {"scale", m.scale},
                             {"difference", text(m.difference)},
                             {"higher_is_better", integer(m.higher_is_better ? 1 : 0)},
                             {"equal_within", m.equal_within}});
}

void record_scores(TraceWriter& trace, Metrics metrics, const std::string& subject, const std::string& role,
                   const std::vector<Estimate>& scores) {
  if (accuracy_stands_for_all(metrics)) return;
  for (std::size_t m = 0; m < scores.size(); ++m)
    trace.append("scores", {{"subject", subject},
                            {"role", role},
                            {"metric", text(metrics[m].key)},
                            {"mean", scores[m].mean},
                            {"half_width", scores[m].half_width},
                            {"count", integer(scores[m].count)}});
}

void record_epochs(TraceWriter& trace, const std::string& run, const std::vector<EpochEvent>& epochs) {
  for (const EpochEvent& e : epochs)
    trace.append("epochs", {{"run", run},
                            {"epoch", integer(e.epoch)},
                            {"loss", e.train_loss},
                            {"train_accuracy", e.train_accuracy},
                            {"test_accuracy", e.test_accuracy < 0 ? std::nan("") : e.test_accuracy},
                            {"validation_loss", e.validation_loss},
                            {"validation_accuracy", e.validation_accuracy},
                            {"test_loss", e.test_loss}});
}

void record_audit(TraceWriter& trace, const std::string& split, const AuditReport& audit) {
  trace.append("audits", {{"split", split},
                          {"leaked", integer(audit.leaked)},
                          {"exact", integer(audit.exact)},
                          {"near", integer(audit.near)},
                          {"near_tolerance", audit.tolerance},
                          {"shared_groups", integer(audit.shared_groups)},
                          {"train_exact", integer(audit.train_exact)},
                          {"train_near", integer(audit.train_near)},
                          {"conflicts", integer(audit.conflicts)}});
}

void record_split(TraceWriter& trace, const SplitResult& split, Metrics metrics) {
  trace.append("splits", {{"name", split.name},
                          {"train", integer(split.train)},
                          {"test", integer(split.test)},
                          {"accuracy", accuracy_of(metrics, split.scores)},
                          {"exact_duplicates", integer(split.exact_duplicates)}});
}

void record_chips(TraceWriter& trace, const std::string& preset, const std::string& which,
                  const std::vector<ChipResult>& chips, Metrics metrics) {
  for (const ChipResult& chip : chips)
    trace.append("chips", {{"case", which},
                           {"preset", preset},
                           {"chip", integer(chip.chip)},
                           {"fold", integer(chip.fold)},
                           {"accuracy", accuracy_of(metrics, chip.scores)},
                           {"float_accuracy", accuracy_of(metrics, chip.float_scores)},
                           {"matrix_error", chip.matrix_error}});
  if (accuracy_stands_for_all(metrics)) return;
  for (const ChipResult& chip : chips)
    for (std::size_t m = 0; m < metrics.size(); ++m)
      trace.append("chip_scores", {{"case", which},
                                   {"preset", preset},
                                   {"chip", integer(chip.chip)},
                                   {"fold", integer(chip.fold)},
                                   {"metric", text(metrics[m].key)},
                                   {"score", chip.scores[m]},
                                   {"float_score", chip.float_scores[m]}});
}

void record_cause(TraceWriter& trace, const CauseResult& cause, Metrics metrics) {
  const Estimate alone = accuracy_of(metrics, cause.alone), without = accuracy_of(metrics, cause.without);
  trace.append("causes", {{"preset", cause.preset},
                          {"cause", cause.cause},
                          {"alone_mean", alone.mean},
                          {"alone_half_width", alone.half_width},
                          {"without_mean", without.mean},
                          {"without_half_width", without.half_width}});
  if (accuracy_stands_for_all(metrics)) return;
  for (std::size_t m = 0; m < metrics.size(); ++m)
    trace.append("cause_scores", {{"preset", cause.preset},
                                  {"cause", cause.cause},
                                  {"metric", text(metrics[m].key)},
                                  {"alone_mean", cause.alone[m].mean},
                                  {"alone_half_width", cause.alone[m].half_width},
                                  {"without_mean", cause.without[m].mean},
                                  {"without_half_width", cause.without[m].half_width}});
}

void record_hardware(TraceWriter& trace, const HardwareResult& hardware, Metrics metrics) {
  const Estimate accuracy = accuracy_of(metrics, hardware.scores);
  const bool priced = !hardware.costs.empty();
  trace.append("hardware",
               {{"name", hardware.name},
                {"camp", hardware.camp},
                {"numerics", text(to_string(hardware.numerics))},
                {"cost", text(to_string(priced ? hardware.costs.front().cost.provenance : Provenance::none))},
                {"boundary", text(to_string(hardware.boundary))},
                {"accuracy_mean", accuracy.mean},
                {"accuracy_half_width", accuracy.half_width},
                {"accuracy_chips", integer(hardware.chips)},
                {"at_equal_accuracy", integer(hardware.equal ? 1 : 0)},
                {"energy_known", integer(priced && hardware.costs.front().cost.energy_known ? 1 : 0)},
                {"note", hardware.note}});
  for (const CostFigure& figure : hardware.costs) {
    const Cost& cost = figure.cost;
    trace.append("costs", {{"hardware", hardware.name},
                           {"scenario", figure.scenario},
                           {"provenance", text(to_string(cost.provenance))},
                           {"batch", integer(figure.batch)},
                           {"latency_s", cost.latency_s},
                           {"interval_s", cost.interval_s()},
                           {"throughput_per_s", figure.throughput_per_s()},
                           {"energy_j", energy(cost, hardware.boundary, cost.latency_s)},
                           {"energy_by_part", energy_by_part(cost, cost.latency_s)},
                           {"pipelined_energy_j", energy(cost, hardware.boundary, cost.interval_s())},
                           {"pipelined_energy_by_part", energy_by_part(cost, cost.interval_s())},
                           {"busy_by_resource", list(cost.busy_s)},
                           {"area_m2", cost.chip_area_m2()},
                           {"area_by_part", list(cost.area_m2)}});
  }
  for (const LayerFigure& layer : hardware.layers)
    trace.append("layers", {{"hardware", hardware.name},
                            {"operator", shortened(layer.name, name_bytes)},
                            {"provenance", text(to_string(layer.cost.provenance))},
                            {"rows", integer(layer.rows)},
                            {"inner", integer(layer.inner)},
                            {"batch", integer(layer.batch)},
                            {"latency_s", layer.cost.latency_s},
                            {"energy_j", energy(layer.cost, hardware.boundary, layer.cost.latency_s)},
                            {"energy_by_part", energy_by_part(layer.cost, layer.cost.latency_s)},
                            {"error", layer.error}});
}

void record_predictions(TraceWriter& trace, const std::string& hardware, std::size_t fold,
                        const Dataset& data, std::span<const std::uint32_t> rows,
                        const Evaluation& evaluation) {
  const std::size_t count = rows.size();
  const std::vector<std::string> names(count, hardware);
  const std::vector<std::int64_t> folds(count, integer(fold)), samples(rows.begin(), rows.end()),
      predicted(evaluation.predictions.begin(), evaluation.predictions.end());
  std::vector<std::int64_t> labels(count);
  std::vector<float> margins(count);
  for (std::size_t i = 0; i < count; ++i) {
    labels[i] = data.labels[rows[i]];
    float best = -std::numeric_limits<float>::infinity(), second = best;
    for (std::size_t c = 0; c < evaluation.classes; ++c) {
      const float logit = evaluation.logits[c * count + i];
      if (logit > best)
        second = best, best = logit;
      else
        second = std::max(second, logit);
    }
    margins[i] = best - second;
  }
  trace.append_records("predictions", count,
                       {{"hardware", std::span(names)},
                        {"fold", std::span(folds)},
                        {"sample", std::span(samples)},
                        {"label", std::span(labels)},
                        {"predicted", std::span(predicted)},
                        {"margin", std::span<const float>(margins)}});
}

void record_confusion(TraceWriter& trace, const std::string& hardware,
                      const std::vector<std::uint32_t>& confusion) {
  trace.append("confusion", {{"hardware", hardware},
                             {"matrix", std::vector<std::int64_t>(confusion.begin(), confusion.end())}});
}

void record_images(TraceWriter& trace, const std::string& subject, const std::string& role,
                   const Dataset& data, std::span<const std::uint32_t> rows, const Evaluation* evaluation,
                   Metrics metrics) {
  const std::size_t psnr = find(metrics, "psnr_db"), similarity = find(metrics, "ssim");
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto score = [&](std::size_t m) {
      return evaluation != nullptr && m < metrics.size() ? metrics[m].of_sample(*evaluation, data, rows[i], i)
                                                         : std::numeric_limits<double>::quiet_NaN();
    };
    const std::span<const float> target = data.target(rows[i]);
    trace.append("images",
                 {{"subject", subject},
                  {"role", role},
                  {"sample", integer(rows[i])},
                  {"psnr_db", score(psnr)},
                  {"ssim", score(similarity)},
                  {"width", integer(data.target_shape.back())},
                  {"pixels", evaluation != nullptr ? told(*evaluation, i)
                                                   : std::vector<float>(target.begin(), target.end())}});
  }
}

void record_phases(TraceWriter& trace, const std::string& hardware, const std::vector<TilePhases>& tiles) {
  for (std::size_t t = 0; t < tiles.size(); ++t) {
    const auto record = [&](const std::string& mesh, const PhaseProgram& a, const PhaseProgram& h) {
      trace.append("phases", {{"hardware", hardware},
                              {"tile", integer(t)},
                              {"mesh", mesh},
                              {"theta_asked", a.theta},
                              {"phi_asked", a.phi},
                              {"out_asked", a.out},
                              {"theta_realised", h.theta},
                              {"phi_realised", h.phi},
                              {"out_realised", h.out}});
    };
    record("U", tiles[t].asked.u, tiles[t].held.u);
    if (!tiles[t].asked.v.theta.empty()) record("V", tiles[t].asked.v, tiles[t].held.v);
  }
}

}  // namespace fringe
