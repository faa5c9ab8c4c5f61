// A training between two steps, as a value: what a checkpoint holds.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "core/observer.hpp"
#include "workloads/network.hpp"

namespace fringe {

struct TrainingState {
  std::size_t epoch = 0, begin = 0;     ///< the next batch: of which epoch, and its first place in the order
  std::size_t steps = 0;                ///< batches trained on
  double loss = 0;                      ///< Σ over the samples of the epoch so far
  std::size_t right = 0;                ///< predictions of the epoch so far that were
  float loss_scale = 0;                 ///< 0: the loss isn't scaled
  std::size_t steps_at_loss_scale = 0;  ///< since it last changed
  std::vector<EpochEvent> epochs;       ///< finished ones
  bool finished = false;                ///< nothing is left to do; network is the result, without optimiser
  NetworkState network;
  /// Where patience is limited: the epoch with the lowest validation loss, and its parameters.
  std::size_t best_epoch = 0;
  double best_loss = 0;
  NetworkState best;  ///< empty before the first epoch's end, and when finished
};

/// When and where train() leaves its state, and from which it goes on.
struct Checkpoints {
  std::size_t every = 0;  ///< steps between two; 0: one at the end of every epoch
  /// Called with every checkpoint, with the last when training ends or is asked to stop.
  std::function<void(const TrainingState&)> save = {};
  const TrainingState* resume = nullptr;  ///< null: from the beginning
};

}  // namespace fringe
