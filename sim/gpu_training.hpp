// Published training throughput against the model of electronic/training_step.hpp.
//
// The table (Lambda, February 2021) holds items a second of PyTorch reference implementations on single GPUs.
// Of each workload and precision the model knows two constants, operations and bytes of an item; both are
// fitted, non-negative, to the relative error of the step's time on the other GPUs, and the GPU left out is
// predicted. Left out of everything: rows with a quality flag (Tacotron 2, bound by latency), and
// Transformer-XL with fp16 in the older container (it hardly used fp16 there), and rows whose batch isn't
// told. "fp32" is TF32 on Ampere.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "electronic/training_step.hpp"
#include "sim/training_table.hpp"

namespace fringe {

struct ThroughputRow {
  std::string_view gpu_label;  ///< as the table has it
  const GpuSpec* gpu;
  const TrainingModel* model;
  Format format;
  Software software;
  double batch;
  double items_per_s;
};

/// The table's single-GPU rows, without those left out of everything.
std::vector<ThroughputRow> single_gpu_rows(std::span<const TrainingRow> table);

/// Seconds an item of a row takes: first·a + second·b + rest, where a and b are the two constants of its
/// workload and format. The naive models have the first alone.
struct ItemTerms {
  double first, second, rest;
};
std::vector<ItemTerms> step_terms(std::span<const ThroughputRow> rows, const TrainingParameters& = {});
std::vector<ItemTerms> peak_terms(std::span<const ThroughputRow> rows);       ///< throughput ∝ peak
std::vector<ItemTerms> bandwidth_terms(std::span<const ThroughputRow> rows);  ///< throughput ∝ bandwidth
/// Throughput ∝ √(peak·bandwidth).
std::vector<ItemTerms> geometric_terms(std::span<const ThroughputRow> rows);

struct Prediction {
  const ThroughputRow* row;
  double items_per_s;
  double relative_error() const { return items_per_s / row->items_per_s - 1; }
};

/// The rows of these GPUs, predicted by constants that were fitted to the rows of their workload and format
/// on all other GPUs. `terms` belong to `rows`, in their order.
std::vector<Prediction> leave_gpus_out(std::span<const ThroughputRow> rows, std::span<const ItemTerms> terms,
                                       std::span<const std::string_view> gpu_labels);
/// Every row, with its own GPU left out.
std::vector<Prediction> leave_one_gpu_out(std::span<const ThroughputRow> rows,
                                          std::span<const ItemTerms> terms);

/// The constants of a workload, fitted to its rows on every GPU, and the mean batch that its rows give a GB.
/// What training_models() holds, to three digits.
FittedUnit fitted_unit(std::span<const ThroughputRow> rows, std::string_view model, bool half);

/// Units a second of a workload on a board that nobody measured, by FittedUnit, with a batch that fills its
/// memory, in the software that the table's boards of its generation ran. Empty where the board doesn't
/// compute in the precision, its memory holds no batch, or the workload has no fit.
struct ModelledBoard {
  double units_per_s, batch;
};
std::optional<ModelledBoard> modelled_board(const GpuSpec& board, const TrainingModel& model, bool half);

/// Every row, by its model's counts: operations·a + bytes of its elements·b, where a and b are fitted to all
/// other models of the same precision. Nothing is fitted to the workload.
std::vector<Prediction> leave_one_model_out(std::span<const ThroughputRow> rows,
                                            std::span<const ItemTerms> terms);

/// The shared constants that make the mean error of leave_one_gpu_out() on `rows` small: a search along the
/// axes from constants that assume nothing (factors of 1).
TrainingParameters fit_shared_constants(std::span<const ThroughputRow> rows);
/// leave_one_gpu_out() by the model, with the shared constants fitted without that GPU, too.
std::vector<Prediction> leave_one_gpu_out_of_everything(std::span<const ThroughputRow> rows);

double mean_absolute_error(std::span<const Prediction> predictions);
double median_absolute_error(std::span<const Prediction> predictions);
/// Share of pairs of GPUs (same workload and format, measured more than 5 % apart) in their measured order.
double pairs_in_order(std::span<const Prediction> predictions);

/// Geometric mean of items a second on one GPU over another, over the workloads and formats that both ran.
struct Ratio {
  double measured, predicted;
};
Ratio speed_ratio(std::span<const Prediction> predictions, std::string_view gpu, std::string_view over);

}  // namespace fringe
