// Published training throughput against the model of electronic/training_step.hpp.
//
// The table (Lambda, February 2021) holds items a second of PyTorch reference implementations on single GPUs.
// Of each workload and precision the model knows two constants, operations and bytes of an item; both are
// fitted, non-negative, to the relative error of the step's time on the other GPUs, and the GPU left out is
// predicted. Left out of everything: rows with a quality flag (Tacotron 2, bound by latency), and
// Transformer-XL with fp16 in the older container (it hardly used fp16 there), and rows whose batch isn't
// told. "fp32" is TF32 on Ampere.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "electronic/training_step.hpp"

namespace fringe {

/// A reference implementation of the table.
struct TrainedModel {
  std::string_view name;         ///< as the table has it
  double parameters;             ///< a few per cent matter little: they count for the update alone
  double items_per_batch_entry;  ///< items of the throughput in one entry of the batch
  Library library;
  /// Of an item, forward and backward, counted from the shapes of its operators (see the table in the
  /// source): operations of products and convolutions, two for a multiply-accumulate, and elements that all
  /// operators read and write, none fused.
  double operations, elements;
  std::string_view source;
};
std::span<const TrainedModel> trained_models();

struct ThroughputRow {
  std::string_view gpu_label;  ///< as the table has it
  const GpuSpec* gpu;
  const TrainedModel* model;
  Format format;
  Software software;
  double batch;
  double items_per_s;
};

/// The file at `gpu_training/lambda_2021_02.csv` of the folder that FRINGE_DATA names, else of
/// ../shared/data; empty where there is none.
std::filesystem::path gpu_training_at_hand();

/// Its single-GPU rows, without those left out of everything. Throws Error with file and line where a row
/// can't be read or names an unknown GPU, model or precision.
std::vector<ThroughputRow> read_gpu_training(const std::filesystem::path& file);

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
