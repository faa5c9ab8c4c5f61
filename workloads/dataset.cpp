#include "workloads/dataset.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "core/error.hpp"

namespace fringe {
namespace {

void require_shape(const std::string& where, const char* what, const std::vector<std::size_t>& shape,
                   std::size_t size) {
  if (shape.empty()) return;
  const std::size_t product =
      std::accumulate(shape.begin(), shape.end(), std::size_t{1}, std::multiplies<>());
  if (product != size)
    throw Error(where + what + " of " + std::to_string(product) + " numbers; must be " +
                std::to_string(size));
}

void require_finite(const std::string& where, const char* what, const std::vector<float>& values,
                    std::size_t per_sample) {
  const auto bad = std::find_if_not(values.begin(), values.end(), [](float v) { return std::isfinite(v); });
  if (bad == values.end()) return;
  const auto at = static_cast<std::size_t>(bad - values.begin());
  throw Error(where + what + " " + std::to_string(at % per_sample) + " of sample " +
              std::to_string(at / per_sample) + " is " + std::to_string(*bad) + "; must be finite");
}

// Blocks of features of one cache line: each line of `from` is read once.
void transpose(const float* from, std::size_t numbers, std::span<const std::uint32_t> rows, Matrix to) {
  constexpr std::size_t tile = 16;
  for (std::size_t first = 0; first < numbers; first += tile) {
    const std::size_t end = std::min(first + tile, numbers);
    for (std::size_t b = 0; b < rows.size(); ++b) {
      const float* const row = from + rows[b] * numbers;
      for (std::size_t f = first; f < end; ++f) to(f, b) = row[f];
    }
  }
}

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

void validate(const Dataset& data) {
  const std::string where = "data set '" + data.name + "': ";
  if (data.features == 0 || data.samples == 0 || (data.classes == 0 && data.outputs == 0))
    throw Error(where + std::to_string(data.features) + " features, " + std::to_string(data.classes) +
                " classes, " + std::to_string(data.outputs) + " target numbers, " +
                std::to_string(data.samples) +
                " samples; must be at least 1 each, of classes and target numbers one of both");
  if (data.values.size() != data.features * data.samples)
    throw Error(where + std::to_string(data.values.size()) +
                " values; must be features·samples = " + std::to_string(data.features * data.samples));
  if (data.targets.size() != data.outputs * data.samples)
    throw Error(where + std::to_string(data.targets.size()) +
                " target values; must be outputs·samples = " + std::to_string(data.outputs * data.samples));
  require_shape(where, "a sample's shape", data.shape, data.features);
  require_shape(where, "a target's shape", data.target_shape, data.outputs);
  const std::size_t labels = data.classes == 0 ? 0 : data.samples * data.labels_per_sample;
  if (data.labels_per_sample == 0 || data.labels.size() != labels)
    throw Error(where + std::to_string(data.labels.size()) + " labels for " + std::to_string(data.samples) +
                " samples; must be " +
                (data.classes == 0             ? "none without classes"
                 : data.labels_per_sample == 1 ? "one each"
                                               : std::to_string(data.labels_per_sample) + " each"));
  for (std::size_t i = 0; i < labels; ++i)
    if (data.labels[i] < 0 || static_cast<std::size_t>(data.labels[i]) >= data.classes)
      throw Error(where + "label " + std::to_string(data.labels[i]) + " of sample " +
                  std::to_string(i / data.labels_per_sample) + "; must be 0 to " +
                  std::to_string(data.classes - 1));
  if (!data.groups.empty() && data.groups.size() != data.samples)
    throw Error(where + std::to_string(data.groups.size()) + " groups for " + std::to_string(data.samples) +
                " samples; must be one each, or none");
  require_finite(where, "feature", data.values, data.features);
  require_finite(where, "target number", data.targets, data.outputs);
}

void gather(const Dataset& data, std::span<const std::uint32_t> rows, Matrix to) {
  transpose(data.values.data(), data.features, rows, to);
}

void gather_targets(const Dataset& data, std::span<const std::uint32_t> rows, Matrix to) {
  transpose(data.targets.data(), data.outputs, rows, to);
}

void gather_labels(const Dataset& data, std::span<const std::uint32_t> rows, std::span<std::int32_t> to) {
  for (std::size_t t = 0; t < data.labels_per_sample; ++t)
    for (std::size_t b = 0; b < rows.size(); ++b)
      to[t * rows.size() + b] = data.labels[rows[b] * data.labels_per_sample + t];
}

std::vector<std::uint32_t> all_rows(const Dataset& data) {
  std::vector<std::uint32_t> rows(data.samples);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

Dataset joined(Dataset data, const Dataset& more) {
  const auto form = [](const Dataset& d) {
    return std::to_string(d.features) + " features, " + std::to_string(d.outputs) + " target numbers, " +
           std::to_string(d.classes > 0 ? d.labels_per_sample : 0) + " labels a sample";
  };
  if (form(data) != form(more) || data.shape != more.shape)
    throw Error("data sets '" + data.name + "' (" + form(data) + ") and '" + more.name + "' (" + form(more) +
                "): samples of both must have one form");
  data.samples += more.samples;
  data.classes = std::max(data.classes, more.classes);
  append(data.values, more.values);
  append(data.labels, more.labels);
  append(data.targets, more.targets);
  if (data.groups.empty() || more.groups.empty())
    data.groups.clear();
  else
    append(data.groups, more.groups);
  return data;
}

}  // namespace fringe
