// What results are judged by: a row of a table for each kind of network. Reports, traces and figures take
// name, unit and what counts as equal from it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/dataset.hpp"
#include "workloads/graph.hpp"
#include "workloads/training.hpp"

namespace fringe {

struct Metric {
  std::string_view key;         ///< in JSON and traces: "accuracy", "psnr_db", …
  std::string_view name, many;  ///< in sentences: "accuracy", "accuracies"
  std::string_view unit;        ///< as shown; "" for a pure number
  std::string_view difference;  ///< what differences are counted in: "points", "dB", …
  double scale;                 ///< from a value to the unit shown: 100 for %
  int decimals;                 ///< shown
  bool higher_is_better;
  double equal_within;  ///< differences from floating point up to this count as none, in that unit
  /// Of the first rows.size() samples of the evaluation, which are these rows of the data.
  double (*score)(const Evaluation&, const Dataset&, std::span<const std::uint32_t> rows);
  /// Sample i alone, where the score is the mean of the samples' own; else null.
  double (*of_sample)(const Evaluation&, const Dataset&, std::uint32_t row, std::size_t i);

  /// How much worse a value is than the reference, in units of the difference.
  double lost(double reference, double value) const {
    return scale * (higher_is_better ? reference - value : value - reference);
  }
  /// The value that is so much worse.
  double after(double reference, double lost) const {
    return higher_is_better ? reference - lost / scale : reference + lost / scale;
  }
  /// Written so that an accuracy that lies at the bound counts as it always has.
  bool equal(double reference, double value) const {
    return higher_is_better ? value >= reference - equal_within / scale
                            : value <= reference + equal_within / scale;
  }
};

/// Classes: accuracy. Tokens: cross-entropy per token, and accuracy. Images of one channel: PSNR at full
/// scale 1, and SSIM. Other numbers: share of the targets' variance that is told. The first is what hardware
/// is judged by.
std::span<const Metric> metrics_of(const Graph& graph, const Dataset& data);

/// Of networks that tell one class a sample.
std::span<const Metric> accuracy_alone() noexcept;

/// What the network gave for sample i.
std::vector<float> told(const Evaluation& evaluation, std::size_t i);
/// Whether targets are images of one channel, large enough for SSIM.
bool tells_images(const Dataset& data);

/// "1 point", "0.5 dB"
std::string amount(const Metric& metric, double difference);
/// "PSNR dB", "SSIM"
std::string heading(const Metric& metric);

}  // namespace fringe
