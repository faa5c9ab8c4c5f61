// Training and evaluation of a network on any accelerator. Equal bits for any thread count where the
// accelerator's products have them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/observer.hpp"
#include "workloads/dataset.hpp"
#include "workloads/network.hpp"

namespace fringe {

enum class Schedule {
  constant,
  cosine,  ///< rate·½(1 + cos(π·step/steps)): I. Loshchilov, F. Hutter, SGDR, arXiv:1608.03983, eq. 5, one
           ///< period
};

struct TrainingOptions {
  std::size_t epochs = 40;
  std::size_t batch = 32;
  Optimiser optimiser;
  Schedule schedule = Schedule::cosine;
  std::uint64_t seed = 1;  ///< of the shuffling and of the noise per shot
  bool calibrate = false;  ///< hardware may widen its converter ranges in every training pass
};
/// Throws Error naming the key, the value and the rule.
void validate(const TrainingOptions& options);

struct TrainingResult {
  std::vector<EpochEvent> epochs;  ///< one per finished epoch
  std::size_t steps = 0;
  bool stopped = false;  ///< the observer asked for an early end
};

/// Trains on the given rows, in an order drawn anew for every epoch: Draw{seed, shuffle, shot = epoch},
/// samples sorted by their 64 random bits. A last smaller batch counts as a batch. Loss and accuracy of an
/// epoch are means over its passes, before each step. Epoch e ≥ 0 runs as shot e + 1 (shot 0 is left to
/// evaluation), sample i of its order as sample i. After each epoch test_rows, if any, are evaluated as shot
/// 0.
TrainingResult train(Network& network, const Dataset& data, std::span<const std::uint32_t> train_rows,
                     const TrainingOptions& options, Observer* observer = nullptr,
                     std::span<const std::uint32_t> test_rows = {});

struct Evaluation {
  std::size_t samples = 0, classes = 0;
  std::vector<std::int32_t> predictions;  ///< [samples], in the order of the rows
  std::vector<float> logits;              ///< [classes×samples]
  std::vector<std::uint32_t> confusion;   ///< [classes×classes], true class × predicted class
  double accuracy = 0;
  double loss = 0;  ///< mean cross-entropy
};

/// Forward passes in batches of at most `batch`; sample i of the rows runs as sample context.first_sample +
/// i.
Evaluation evaluate(Network& network, const Dataset& data, std::span<const std::uint32_t> rows,
                    const Context& context = {}, std::size_t batch = 256, Observer* observer = nullptr);

}  // namespace fringe
