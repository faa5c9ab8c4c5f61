// How long the table's runs of BERT were: their throughput is a mean over a short run, its start included.
//
// In the older container the script (run_squad.py of NVIDIA's DeepLearningExamples, with what
// lambdal/deeplearning-benchmark at e167f02c patches) trains two epochs on a cut of SQuAD v1.1 and reports
//   counted steps · batch · boards / seconds of an epoch,
// the seconds being the moving average of a progress bar, 0.7 of the first epoch and 0.3 of the second.
// Start. The first step sets up libraries and communication: on eight Quadro RTX 8000, BERT large, it took
// 5.2 s where a later one takes 0.94 s, in an epoch of eight steps.
// Count. In March 2020 all steps of an epoch counted, though the last is short; later those that what was
// asked for (the examples of the cut) fills or begins, though the cut has a few per cent more.
// The newer container counts the steps that it makes, as many for any number of boards: neither matters to
// scaling there.
#pragma once

#include <optional>

#include "sim/training_table.hpp"

namespace fringe {

struct TimedRun {
  double steps;    ///< of an epoch, in full batches
  double counted;  ///< of an epoch, by the published throughput
};

/// Of a row of BERT in the older container, with `batch` elements a board; empty elsewhere.
std::optional<TimedRun> timed_run(const TrainingRow& row, double batch);

}  // namespace fringe
