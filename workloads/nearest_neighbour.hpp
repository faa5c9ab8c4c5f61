// The score of a model that only remembers: it tells what a leak is worth.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/thread_pool.hpp"
#include "workloads/dataset.hpp"

namespace fringe {

struct NeighbourScore {
  std::size_t tested = 0;
  std::optional<double> accuracy;  ///< share of labels told right; only with labels
  std::optional<double> variance_told;  ///< R² = 1 − Σ(t − told)²/Σ(t − mean)², all target numbers together;
                                        ///< only with targets, NaN where they don't vary
};

/// Each test row is told the label and target of the nearest training row (features in units of their range,
/// the lower row of two as near). Tries every pair: of more than `most` test rows, `most` evenly spread ones
/// are tested. Throws Error where a side is empty.
NeighbourScore nearest_neighbour(const Dataset& data, std::span<const std::uint32_t> train,
                                 std::span<const std::uint32_t> test, ThreadPool& pool,
                                 std::size_t most = 256);

}  // namespace fringe
