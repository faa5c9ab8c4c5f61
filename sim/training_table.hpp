// The published table of training throughput (Lambda, lambdal/deeplearning-benchmark at e167f02c, February
// 2021), read from the folder gpu_training of the data; it is never copied.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace fringe {

struct TrainingRow {
  std::string gpu;           ///< as printed, e.g. "RTX 3090"
  std::string interconnect;  ///< "single", "PCIe", "NVSwitch", …
  int count = 1;
  std::string model;
  bool half = false;  ///< "fp16", else "fp32"
  std::optional<double> batch_per_gpu;
  double throughput = 0;  ///< of all boards, in the model's unit; the log's value where it has one
  std::string flags;      ///< known defects; empty: none

  /// "gpu|interconnect|model|precision": the rows of a cell differ in count.
  std::string cell() const;
};

/// Throws Error with file and line where it is missing or damaged.
std::vector<TrainingRow> read_training_table(const std::filesystem::path& csv);

}  // namespace fringe
