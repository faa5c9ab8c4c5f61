// The cheapest precision of each operator that keeps a network's accuracy on rows that it was not trained on.
#pragma once

#include <string>
#include <vector>

#include "sim/study.hpp"

namespace fringe {

/// One precision lowered, or found to be needed.
struct PrecisionStep {
  std::string operator_name, key;
  double from = 0, to = 0;
  double accuracy = 0;  ///< on the rows held back, with this step taken
  double energy_j = 0;  ///< per sample
  bool taken = false;   ///< else: it would have cost too much accuracy
};

/// Energies are joules per sample at the experiment's largest batch, batches in a full pipeline, weights
/// resident, boundary accelerator.
struct PrecisionSearch {
  std::string system;
  std::size_t rows = 0;       ///< held back from training, over all folds
  double float_accuracy = 0;  ///< on them
  double points = 0;          ///< of accuracy that may be lost, a standard error included
  NumberEntry before, found;
  double accuracy_before = 0, accuracy = 0;
  double energy_before_j = 0, energy_j = 0;
  double test_before = 0, test = 0,
         float_test = 0;  ///< accuracy on test rows, of which the search knows nothing
  std::vector<PrecisionStep> steps;
  bool reached = false;
  std::string reason;  ///< where it isn't reached, or was stopped
};

/// Greedy: of all keys of all operators, the one that loses the least accuracy for each joule that it saves
/// is lowered to its next value that saves any, until none can be without losing more than `points` (1 point
/// = 0.01) against floating point. The loss counts with its standard error over the rows, for the best of
/// many measurements is partly luck. What an earlier measurement promised is measured again before it is
/// taken. A key that once cost too much isn't tried again. Starts from what the entry has: where that is too
/// coarse already, nothing is reached. Equal numbers for any number of threads.
///
/// The study's folds must be trained, and have held rows back (TrainingOptions::validation). Throws Error
/// where they haven't, the entry has no numbers, or the data don't tell one class for each sample.
PrecisionSearch search_precision(Study& study, const PhotonicEntry& entry, double points);

/// The table, and the lines of an experiment that say what was found.
std::string precision_text(const PrecisionSearch& search);
std::string precision_json(const std::vector<PrecisionSearch>& searches);

}  // namespace fringe
