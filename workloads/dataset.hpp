// Samples in host memory: what a network reads, and the classes or numbers that it should tell.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/view.hpp"

namespace fringe {

struct Dataset {
  std::string name, source, licence;
  std::size_t features = 0, classes = 0, samples = 0;  ///< classes: 0 where the samples have no labels
  std::vector<float> values;  ///< [samples×features], one sample after the other; images scaled to [0, 1]
  std::vector<std::int32_t> labels;       ///< [samples×labels_per_sample], each in [0, classes)
  std::size_t labels_per_sample = 1;      ///< tokens of a sequence that is told token by token
  std::vector<std::size_t> shape;         ///< of a sample, e.g. {channels, height, width}; empty: {features}
  std::size_t outputs = 0;                ///< numbers of a sample's target; 0: none
  std::vector<float> targets;             ///< [samples×outputs]
  std::vector<std::size_t> target_shape;  ///< of a target; empty: {outputs}
  std::vector<std::int32_t> groups;       ///< [samples]: whom or what a sample comes from; empty: not known

  std::span<const float> sample(std::size_t i) const { return {values.data() + i * features, features}; }
  std::span<const float> target(std::size_t i) const { return {targets.data() + i * outputs, outputs}; }
};

/// Throws Error unless the sizes agree, every label is in range and every number is finite.
void validate(const Dataset& data);

/// to(·, b) = sample rows[b]; to is [features × rows.size()] in host memory. Rows must be below data.samples.
void gather(const Dataset& data, std::span<const std::uint32_t> rows, Matrix to);
/// to(·, b) = target of sample rows[b]; to is [outputs × rows.size()].
void gather_targets(const Dataset& data, std::span<const std::uint32_t> rows, Matrix to);
/// to[b] = label of sample rows[b]; with several labels a sample, to[t·rows.size() + b] = its label t.
void gather_labels(const Dataset& data, std::span<const std::uint32_t> rows, std::span<std::int32_t> to);

/// 0, 1, …, samples−1.
std::vector<std::uint32_t> all_rows(const Dataset& data);

/// The samples of both, those of `more` behind. Throws Error, naming both, unless their samples have one
/// form; groups are kept where both have them.
Dataset joined(Dataset data, const Dataset& more);

}  // namespace fringe
