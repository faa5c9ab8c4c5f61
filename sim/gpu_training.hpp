// Published training throughput against the GPU model (electronic/gpu_kernels.hpp) as libraries drive it
// (electronic/training_step.hpp).
//
// The table (Lambda, February 2021) holds items a second of PyTorch reference implementations on single GPUs.
// A row's step is the list of work that its network of the zoo lowers to, with its batch and its optimiser,
// priced kernel by kernel. Two predictions:
//   without a constant of the workload: the sum of the kernels' seconds, by the eight shared constants;
//   with two: seconds of products times one constant, seconds of the rest times another, both non-negative
//   and fitted to the relative error of the step's time on the other GPUs, of the workload and precision.
//   What the model says without them counts as much as one GPU does.
// Left out of everything: rows with a quality flag (Tacotron 2, bound by latency), Transformer-XL with fp16
// in the older container (it hardly used fp16 there), and rows whose batch isn't told. "fp32" is TF32 on
// Ampere.
//
// The form was chosen with every row in view, among about fifty: additive or overlapping kernels, layouts,
// dilated windows without tensor cores, one factor of software for all. Nothing is sealed any more.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "electronic/training_step.hpp"
#include "sim/training_table.hpp"
#include "workloads/training_memory.hpp"

namespace fringe {

/// A kernel of a step, and how many of it there are.
struct CountedKernel {
  KernelTimes kernel;
  double count;
};

struct ThroughputRow {
  std::string_view gpu_label;  ///< as the table has it
  const GpuSpec* gpu;
  const TrainingModel* model;
  Format format;
  Software software;
  double batch;
  double items_per_s;
  std::vector<CountedKernel> step;  ///< equal ones once
};

/// The table's single-GPU rows, without those left out of everything.
std::vector<ThroughputRow> single_gpu_rows(std::span<const TrainingRow> table);

/// The kernels of a step of so many elements.
std::vector<CountedKernel> step_kernels(const GpuSpec& board, const TrainingModel& model, Format format,
                                        std::size_t batch);

/// Seconds an item of a row takes: first·a + second·b, where a and b are the two constants of its workload
/// and format. The step's are its products and its rest; the naive models have the first alone.
struct ItemTerms {
  double first, second;
  bool modelled = false;  ///< both are a model's seconds: a and b are held at 1 as one more row would each
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

/// What a step of so many elements holds; of a workload with a network of the zoo, on the board.
TrainingMemory step_memory(const GpuSpec& board, const TrainingModel& model, bool half, std::size_t batch);
/// Why the board's memory doesn't hold that beside a framework; "" where it does, or nobody tells.
std::string why_too_small(const GpuSpec& board, const TrainingModel& model, bool half, std::size_t batch);

/// Units a second of a workload on a board that nobody measured, by FittedUnit, with a batch that fills its
/// memory, in the software that the table's boards of its generation ran. Empty where the board doesn't
/// compute in the precision, its memory holds no batch, or the workload has no fit.
struct ModelledRate {
  double units_per_s, batch;
};
std::optional<ModelledRate> modelled_board(const GpuSpec& board, const TrainingModel& model, bool half);

/// Every row by the shared constants alone.
std::vector<Prediction> predict_steps(std::span<const ThroughputRow> rows, const TrainingParameters& = {});
/// The shared constants of least mean error of predict_steps(): a search from round values, the same for all
/// software and kinds of product, with steps that are halved while they are larger than `last_step`.
TrainingParameters fit_shared_constants(std::span<const ThroughputRow> rows, double last_step = 0.002);
/// predict_steps() of every row, by shared constants fitted to all other models.
std::vector<Prediction> leave_one_model_out(std::span<const ThroughputRow> rows, double last_step = 0.002);
/// leave_one_gpu_out() by the step's terms, with the shared constants fitted without that GPU, too.
std::vector<Prediction> leave_one_gpu_out_of_everything(std::span<const ThroughputRow> rows,
                                                        double last_step = 0.002);

double mean_absolute_error(std::span<const Prediction> predictions);
double median_absolute_error(std::span<const Prediction> predictions);
/// Mean absolute error and mean error of a model's rows, or a GPU's, in their order.
struct ResidualRow {
  std::string_view name;
  std::size_t rows;
  double error, bias;
};
std::vector<ResidualRow> residuals_by_model(std::span<const Prediction> predictions);
std::vector<ResidualRow> residuals_by_gpu(std::span<const Prediction> predictions);
/// Where the errors are, without a constant of the workload and with two: by model, by GPU. For a terminal of
/// 100 columns.
std::string training_residuals(std::span<const ThroughputRow> rows);

/// Share of pairs of GPUs (same workload and format, measured more than 5 % apart) in their measured order.
double pairs_in_order(std::span<const Prediction> predictions);

/// Geometric mean of items a second on one GPU over another, over the workloads and formats that both ran.
struct Ratio {
  double measured, predicted;
};
Ratio speed_ratio(std::span<const Prediction> predictions, std::string_view gpu, std::string_view over);

}  // namespace fringe
