#include "workloads/nearest_neighbour.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "core/error.hpp"

namespace fringe {
namespace {

std::vector<float> weights_of(const Dataset& data, std::span<const std::uint32_t> train) {
  std::vector<float> weights(data.features);
  for (std::size_t f = 0; f < data.features; ++f) {
    float least = data.sample(train[0])[f], most = least;
    for (const std::uint32_t row : train) {
      least = std::min(least, data.sample(row)[f]);
      most = std::max(most, data.sample(row)[f]);
    }
    weights[f] = most > least ? 1 / (most - least) : 1;
  }
  return weights;
}

}  // namespace

NeighbourScore nearest_neighbour(const Dataset& data, std::span<const std::uint32_t> train,
                                 std::span<const std::uint32_t> test, ThreadPool& pool, std::size_t most) {
  if (train.empty() || test.empty())
    throw Error("data set '" + data.name + "': " + std::to_string(train.size()) + " training and " +
                std::to_string(test.size()) + " test rows; a nearest neighbour needs one of each");
  const std::vector<float> weights = weights_of(data, train);
  NeighbourScore score;
  score.tested = std::min(test.size(), most);
  std::vector<std::uint32_t> asked(score.tested), nearest(score.tested);
  for (std::size_t i = 0; i < asked.size(); ++i) asked[i] = test[i * test.size() / asked.size()];
  pool.run(asked.size(), [&](std::size_t i, unsigned) {
    const auto x = data.sample(asked[i]);
    float best = std::numeric_limits<float>::infinity();
    for (const std::uint32_t row : train) {
      const auto y = data.sample(row);
      float sum = 0;
      for (std::size_t f = 0; f < x.size(); ++f) {
        const float d = (x[f] - y[f]) * weights[f];
        sum += d * d;
      }
      if (sum < best) best = sum, nearest[i] = row;
    }
  });
  const std::size_t labels = data.labels_per_sample;
  double right = 0, error = 0, variance = 0;
  for (std::size_t k = 0; k < data.outputs; ++k) {
    double mean = 0;
    for (const std::uint32_t row : asked) mean += data.target(row)[k] / static_cast<double>(asked.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const double told = data.target(nearest[i])[k], is = data.target(asked[i])[k];
      error += (is - told) * (is - told);
      variance += (is - mean) * (is - mean);
    }
  }
  if (data.outputs > 0) score.variance_told = 1 - error / variance;
  if (data.classes > 0) {
    for (std::size_t i = 0; i < asked.size(); ++i)
      for (std::size_t t = 0; t < labels; ++t)
        right += data.labels[nearest[i] * labels + t] == data.labels[asked[i] * labels + t] ? 1 : 0;
    score.accuracy = right / static_cast<double>(asked.size() * labels);
  }
  return score;
}

}  // namespace fringe
