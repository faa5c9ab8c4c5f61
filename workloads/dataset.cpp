#include "workloads/dataset.hpp"

#include <algorithm>
#include <numeric>

#include "core/error.hpp"

namespace fringe {

void validate(const Dataset& data) {
  const std::string where = "data set '" + data.name + "': ";
  if (data.features == 0 || data.classes == 0 || data.samples == 0)
    throw Error(where + std::to_string(data.features) + " features, " + std::to_string(data.classes) +
                " classes, " + std::to_string(data.samples) + " samples; each must be at least 1");
  if (data.values.size() != data.features * data.samples)
    throw Error(where + std::to_string(data.values.size()) +
                " values; must be features·samples = " + std::to_string(data.features * data.samples));
  if (data.labels.size() != data.samples)
    throw Error(where + std::to_string(data.labels.size()) + " labels for " + std::to_string(data.samples) +
                " samples; must be one each");
  for (std::size_t i = 0; i < data.samples; ++i)
    if (data.labels[i] < 0 || static_cast<std::size_t>(data.labels[i]) >= data.classes)
      throw Error(where + "label " + std::to_string(data.labels[i]) + " of sample " + std::to_string(i) +
                  "; must be 0 to " + std::to_string(data.classes - 1));
}

void gather(const Dataset& data, std::span<const std::uint32_t> rows, Matrix to) {
  constexpr std::size_t tile = 16;  // features of one cache line: each line of x is read once
  for (std::size_t first = 0; first < data.features; first += tile) {
    const std::size_t end = std::min(first + tile, data.features);
    for (std::size_t b = 0; b < rows.size(); ++b) {
      const float* from = data.sample(rows[b]).data();
      for (std::size_t f = first; f < end; ++f) to(f, b) = from[f];
    }
  }
}

void gather_labels(const Dataset& data, std::span<const std::uint32_t> rows, std::span<std::int32_t> to) {
  for (std::size_t b = 0; b < rows.size(); ++b) to[b] = data.labels[rows[b]];
}

std::vector<std::uint32_t> all_rows(const Dataset& data) {
  std::vector<std::uint32_t> rows(data.samples);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

}  // namespace fringe
