// Labelled samples in host memory.
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
  std::size_t features = 0, classes = 0, samples = 0;
  std::vector<float> values;         ///< [samples×features], one sample after the other, scaled to [0, 1]
  std::vector<std::int32_t> labels;  ///< [samples], each in [0, classes)

  std::span<const float> sample(std::size_t i) const { return {values.data() + i * features, features}; }
};

/// Throws Error unless the sizes agree and every label is in range.
void validate(const Dataset& data);

/// to(·, b) = sample rows[b]; to is [features × rows.size()] in host memory. Rows must be below data.samples.
void gather(const Dataset& data, std::span<const std::uint32_t> rows, Matrix to);
/// to[b] = label of sample rows[b].
void gather_labels(const Dataset& data, std::span<const std::uint32_t> rows, std::span<std::int32_t> to);

/// 0, 1, …, samples−1.
std::vector<std::uint32_t> all_rows(const Dataset& data);

}  // namespace fringe
