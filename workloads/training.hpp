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
#include "workloads/schedule.hpp"
#include "workloads/training_state.hpp"

namespace fringe {

struct TrainingOptions {
  std::size_t epochs = 40;
  std::size_t batch = 32;  ///< samples of a step
  Optimiser optimiser;
  Schedule schedule;
  std::uint64_t seed = 1;       ///< of the shuffling, of what is held back and of the noise per shot
  bool calibrate = false;       ///< hardware may widen its converter ranges in every training pass
  std::size_t micro_batch = 0;  ///< samples of a pass, whose gradients a step adds up; 0: all of the batch
  /// Share of the training rows that is held back to validate every epoch, in [0, 1).
  double validation = 0;
  /// Epochs without a lower validation loss after which training ends; 0: it never does. With a limit the
  /// network ends with the parameters of the best epoch (L. Prechelt, "Early stopping - but when?", 1998).
  std::size_t patience = 0;
  /// Scales the loss so that gradients of few exponent bits don't vanish: P. Micikevicius et al., ICLR 2018,
  /// arXiv:1710.03740. From 2¹⁶; halved, and the step left out, where a gradient isn't finite; doubled after
  /// 2000 steps without.
  bool loss_scaling = false;
};
/// Throws Error naming the key, the value and the rule.
void validate(const TrainingOptions& options);

struct TrainingResult {
  std::vector<EpochEvent> epochs;  ///< one per finished epoch
  std::size_t steps = 0;
  bool stopped = false;  ///< the observer asked for an early end
};

/// Rows to train on, and rows held back for validation: round(share·rows) of them, at least one where the
/// share isn't 0, those with the lowest of 64 bits that each row draws from Draw{seed, validation_split}.
/// Rows keep their order. Where samples have groups (Dataset::groups), whole groups are held back, in the
/// order of the bits that element = group draws, until they have so many rows. Throws Error where nothing is
/// left to train on.
struct HeldBack {
  std::vector<std::uint32_t> train, validation;
};
HeldBack hold_back(std::span<const std::uint32_t> rows, double share, std::uint64_t seed,
                   std::span<const std::int32_t> groups = {});

/// Trains on the given rows, in an order drawn anew for every epoch: Draw{seed, shuffle, shot = epoch},
/// samples sorted by their 64 random bits. A last smaller batch counts as a batch. Loss and accuracy of an
/// epoch are means over its passes, before each step. Epoch e ≥ 0 runs as shot e + 1 (shot 0 is left to
/// evaluation), sample i of its order as sample i. After each epoch what is held back and test_rows, if any,
/// are evaluated as shot 0.
///
/// Resumed from a checkpoint of the same network, data, rows and options, training ends with the bits and the
/// records of one that was never interrupted; the observer is told the epochs that had been finished. Where
/// checkpoints are saved, a request to stop is followed after the running step, else after the running epoch.
/// Throws Error on a checkpoint that doesn't fit, or with both checkpoints and options.calibrate: converter
/// ranges are not part of a checkpoint.
TrainingResult train(Network& network, const Dataset& data, std::span<const std::uint32_t> train_rows,
                     const TrainingOptions& options, Observer* observer = nullptr,
                     std::span<const std::uint32_t> test_rows = {}, const Checkpoints& checkpoints = {});

/// Of networks that tell classes, `labels` of them for each sample (tokens of a sequence), or numbers.
struct Evaluation {
  std::size_t samples = 0, classes = 0, labels = 1;
  std::vector<std::int32_t> predictions;  ///< [labels×samples], in the order of the rows; empty for numbers
  std::vector<float> logits;              ///< what the network gave, [features×samples]
  std::vector<std::uint32_t> confusion;   ///< [classes×classes], true class × predicted class
  double accuracy = 0;                    ///< NaN for numbers
  double loss = 0;                        ///< mean
};

/// Forward passes in batches of at most `batch`; sample i of the rows runs as sample context.first_sample +
/// i.
Evaluation evaluate(Network& network, const Dataset& data, std::span<const std::uint32_t> rows,
                    const Context& context = {}, std::size_t batch = 256, Observer* observer = nullptr);

}  // namespace fringe
