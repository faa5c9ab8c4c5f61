// The published table of training throughput (Lambda, lambdal/deeplearning-benchmark at e167f02c, February
// 2021), read from the folder gpu_training of the data; it is never copied.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "electronic/gpu_catalogue.hpp"
#include "sim/training_models.hpp"

namespace fringe {

struct TrainingRow {
  std::string_view gpu;  ///< as printed, e.g. "RTX 3090"
  const GpuSpec* board;
  std::string interconnect;  ///< "single", "PCIe", "NVSwitch", …
  int count = 1;
  const TrainingModel* model;
  bool half = false;  ///< "fp16", else "fp32": TF32 on Ampere
  std::optional<double> batch_per_gpu;
  double throughput = 0;  ///< of all boards, in the model's unit; the log's value where it has one
  std::string flags;      ///< known defects; empty: none

  /// "gpu|interconnect|model|precision": the rows of a cell differ in count.
  std::string cell() const;
};

/// Where the table is looked for, for people.
inline constexpr std::string_view training_table_place =
    "gpu_training/lambda_2021_02.csv in the folder that FRINGE_DATA names, else in ../shared/data";
/// The file at that place; empty where there is none.
std::filesystem::path training_table_at_hand();

/// Throws Error with file and line where it is missing or damaged, or names a board, model or precision that
/// nobody knows.
std::vector<TrainingRow> read_training_table(const std::filesystem::path& csv);

/// Units a second that a row computed. That is its throughput but for NCF, which counts whole epochs while
/// its loader drops the last, incomplete batch: there, by the share of the epoch that was computed.
double computed_throughput(const TrainingRow& row);

}  // namespace fringe
