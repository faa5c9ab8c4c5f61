// What a workload of the zoo, or a model of one's own, would cost on all modelled hardware: no data, no
// accuracy.
#pragma once

#include <string>

#include "sim/comparison.hpp"
#include "workloads/onnx_import.hpp"
#include "workloads/zoo.hpp"

namespace fringe {

/// What is priced.
struct PricedWorkload {
  std::string name, description;
  Graph graph;
  std::size_t parameters = 0;
  double macs = 0;  ///< of one sample's forward pass
  TrainingOptions training{};
};
PricedWorkload priced(const Workload& workload);
/// A model that was read from `file`; its training step is that of 32 samples with Adam.
PricedWorkload priced(const OnnxModel& model, const std::string& file);

/// Time and energy on every photonic preset, every board and format of the GPU catalogue and every systolic
/// array in both dataflows: inference at
/// batches 1, 8, 64 and 512, and a training step at the row's batch. Photonic systems as in a comparison:
/// weights resident on as many cores as they take, and a single core. A board is not available in a format
/// where the weights, with one sample's keys and values of earlier tokens, exceed its memory, has no larger
/// batch than it holds those of (passing activations of inference are not held against it), and no training
/// step where that exceeds it as training_memory() counts it, beside a GPU's software; no_training then says
/// so. A workload with a cache of earlier tokens is not trained.
Comparison price_workload(const PricedWorkload& workload);

/// The table, at most 118 columns wide; of each board its fastest format that trains (8 bits where
/// it has no other): nothing here knows what they cost in accuracy.
std::string priced_text(const Comparison& comparison, const PricedWorkload& workload);

}  // namespace fringe
