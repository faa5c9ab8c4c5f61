// The workloads of the training table: what a unit of one costs a GPU, what a data-parallel run exchanges,
// and how its throughput counts. The recipes are those of NVIDIA's DeepLearningExamples that the table's runs
// used; where a run's log tells (lambdal/deeplearning-benchmark at e167f02c), it is taken before papers and
// defaults.
#pragma once

#include <span>
#include <string_view>

#include "electronic/training_step.hpp"
#include "workloads/optimiser.hpp"

namespace fringe {

/// Factors of a step's modelled seconds, fitted to the table's single boards (fitted_unit() of
/// sim/gpu_training.hpp): of its products, and of the rest; and the batch that fills a GB of memory. Zeros:
/// no fit.
struct FittedUnit {
  double products, rest, batch_per_gb;
};

/// Numbers of four bytes that the run's optimiser moves for a parameter, with clipping, copies between
/// precisions and what a layer computes of its weights; and the operators that it issues for a tensor.
struct TrainingUpdate {
  double moved;
  std::size_t issues;
};

struct TrainingModel {
  std::string_view name;  ///< as the table has it
  std::string_view zoo;   ///< the same in workloads/zoo.hpp
  std::string_view title;
  std::string_view unit;    ///< of its throughput
  double units_per_sample;  ///< units in one element of a batch; 0: not told, and not modelled
  double parameters;
  double half_bytes;  ///< of a gradient in mixed precision: 2, or 4 where amp keeps FP32 weights (O1)
  bool overlapped;    ///< exchanged during the backward pass
  bool exchanged;     ///< false: the table's runs exchange nothing
  Library library;
  TrainingUpdate update_half, update_fp32;
  FittedUnit fp16, fp32;  ///< the latter TF32 where a board has it
  std::string_view source;
  double input_wait = 0;                              ///< part of a step on one board that waits for data
  Optimiser::Kind optimiser = Optimiser::Kind::adam;  ///< LAMB keeps as many numbers as Adam
  bool memory_told = true;  ///< false: its runs freeze stages and norms that the zoo's network trains

  /// Bytes of the gradient that a run in "fp16" or "fp32" exchanges.
  double gradient_bytes(bool half) const noexcept { return parameters * (half ? half_bytes : 4); }
  const FittedUnit& fitted(bool half) const noexcept { return half ? fp16 : fp32; }
  const TrainingUpdate& update(bool half) const noexcept { return half ? update_half : update_fp32; }
};

std::span<const TrainingModel> training_models() noexcept;
/// Throws Error naming the nearest.
const TrainingModel& find_training_model(std::string_view name);

}  // namespace fringe
