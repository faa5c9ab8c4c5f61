#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/gpu_training.hpp"

namespace fringe {
namespace {

std::vector<ResidualRow> residuals(std::span<const Prediction> predictions, auto&& name_of) {
  std::vector<ResidualRow> rows;
  for (const Prediction& p : predictions) {
    const std::string_view name = name_of(*p.row);
    auto row = std::ranges::find(rows, name, &ResidualRow::name);
    if (row == rows.end()) row = rows.insert(row, {name, 0, 0, 0});
    const double e = p.relative_error();
    ++row->rows, row->error += std::abs(e), row->bias += e;
  }
  for (ResidualRow& r : rows) r.error /= static_cast<double>(r.rows), r.bias /= static_cast<double>(r.rows);
  return rows;
}

std::string table(std::string_view head, const std::vector<ResidualRow>& left,
                  const std::vector<ResidualRow>& two) {
  std::string text = fmt::format("\n  {:<34}{:>6}{:>14}{:>12}{:>18}\n", head, "rows", "no constant", "bias",
                                 "two constants");
  for (const ResidualRow& r : left) {
    const auto other = std::ranges::find(two, r.name, &ResidualRow::name);
    text += fmt::format("  {:<34}{:>6}{:>12.1f} %{:>+10.1f} %{:>16.1f} %\n", r.name, r.rows, 100 * r.error,
                        100 * r.bias, 100 * other->error);
  }
  return text;
}

}  // namespace

std::vector<ResidualRow> residuals_by_model(std::span<const Prediction> predictions) {
  return residuals(predictions, [](const ThroughputRow& row) { return row.model->title; });
}

std::vector<ResidualRow> residuals_by_gpu(std::span<const Prediction> predictions) {
  return residuals(predictions, [](const ThroughputRow& row) { return row.gpu_label; });
}

std::string training_residuals(std::span<const ThroughputRow> rows) {
  const auto given = predict_steps(rows), left = leave_one_gpu_out(rows, step_terms(rows));
  std::vector<Prediction> worst(given);
  std::ranges::stable_sort(worst, std::greater{},
                           [](const Prediction& p) { return std::abs(p.relative_error()); });
  std::string text =
      table("workload", residuals_by_model(given), residuals_by_model(left)) +
      table("GPU, left out of the two constants", residuals_by_gpu(given), residuals_by_gpu(left)) +
      "\n  largest errors without a constant of the workload, units a second   measured    modelled\n";
  for (const Prediction& p : std::span(worst).first(std::min<std::size_t>(12, worst.size())))
    text += fmt::format(
        "  {:<68}{:>10.4g}{:>12.4g}\n",
        fmt::format("{}, {}, {}", p.row->gpu_label, p.row->model->title, row_of(p.row->format).name),
        p.row->items_per_s, p.items_per_s);
  return text;
}

}  // namespace fringe
