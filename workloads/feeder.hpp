// Batches on their way from a data set in host memory to a network, and its predictions on their way back.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.hpp"
#include "workloads/dataset.hpp"
#include "workloads/network.hpp"

namespace fringe {

/// Throws Error unless the data are what the network reads and its loss compares with, and every row exists.
void require_match(const Graph& graph, const Dataset& data, std::span<const std::uint32_t> rows);

class Feeder {
 public:
  /// For batches of at most `batch` samples; network and data must outlive it and match.
  Feeder(const Network& network, const Dataset& data, std::size_t batch);

  /// x[features×rows.size()], valid until the next call.
  ConstMatrix load(std::span<const std::uint32_t> rows);
  /// What the loss compares the loaded batch with.
  Targets targets() const;
  /// Classes told for each sample; 0 where the network gives numbers.
  std::size_t labels_per_sample() const noexcept { return labels_per_sample_; }
  /// host[l·batch + b] = class that label l of sample b most likely has.
  void predict(ConstMatrix logits, std::int32_t* host);
  /// Predictions for the loaded batch that are right.
  std::size_t count_right(ConstMatrix logits);

 private:
  const Dataset& data_;
  Executor& executor_;
  std::size_t labels_per_sample_, classes_;
  std::vector<float> host_x_, host_values_;
  std::vector<std::int32_t> host_labels_, guesses_;
  Buffer<float> x_, values_;
  Buffer<std::int32_t> labels_, best_;
};

}  // namespace fringe
