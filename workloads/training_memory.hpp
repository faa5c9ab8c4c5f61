// What a training step holds in memory: a floor under what any framework needs that recomputes nothing.
#pragma once

#include <cstddef>

#include "workloads/graph.hpp"

namespace fringe {

/// What the pass back reads of one sample's forward pass: every value once, however many read it, and as a
/// whole where a slice of it is read. (Work doesn't tell which values its items share; so the graph is
/// counted.) For a layer of a transformer with dropout that is, in 16 bits, tokens·(34·width +
/// 5·heads·tokens) bytes: V. Korthikanti et al., arXiv:2205.05198, section 4.1.
struct KeptValues {
  double numbers = 0;  ///< in the format of training
  double bytes = 0;    ///< masks and indices, of the same size in every format
};
KeptValues kept_values(const Graph& graph);

struct TrainingMemory {
  double state_bytes = 0;       ///< weights, gradients and what the optimiser keeps of them
  double activation_bytes = 0;  ///< kept_values() of the batch
};
/// A parameter takes a weight, a gradient and the optimiser's numbers (Adam two, momentum one) in four bytes
/// each, or in the format's if it is larger. In 16-bit formats that is a weight and a gradient of two bytes,
/// a copy of the weight and the optimiser's numbers of four: S. Rajbhandari et al., "ZeRO", arXiv:1910.02054,
/// section 3.1. Gradients of activations, products' workspace and gaps between blocks aren't counted.
TrainingMemory training_memory(const Graph& graph, const Optimiser& optimiser, std::size_t batch,
                               double bytes_per_number);

}  // namespace fringe
