// What a data-parallel run of the models of the training table exchanges, and how their throughput counts.
// The recipes are those of NVIDIA's DeepLearningExamples that the table's runs used.
#pragma once

#include <span>
#include <string_view>

namespace fringe {

struct TrainingModel {
  std::string_view name;  ///< as the table has it
  std::string_view title;
  std::string_view unit;    ///< of its throughput
  double units_per_sample;  ///< units in one element of a batch
  double parameters;
  double half_bytes;  ///< of a gradient in mixed precision: 2, or 4 where amp keeps FP32 weights (O1)
  bool overlapped;    ///< exchanged during the backward pass
  bool exchanged;     ///< false: the table's runs exchange nothing
  std::string_view source;

  /// Bytes of the gradient that a run in "fp16" or "fp32" exchanges.
  double gradient_bytes(bool half) const noexcept { return parameters * (half ? half_bytes : 4); }
};

std::span<const TrainingModel> training_models() noexcept;
/// Throws Error naming the nearest.
const TrainingModel& find_training_model(std::string_view name);

}  // namespace fringe
