// Modelled boards as a comparison has them: GPUs in each of their formats, systolic arrays in each dataflow.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/accelerator.hpp"
#include "core/thread_pool.hpp"
#include "core/work.hpp"
#include "electronic/gpu_catalogue.hpp"
#include "electronic/systolic_array.hpp"

namespace fringe {

struct ModelledBoard {
  std::string board;  ///< row of its catalogue
  std::string name;   ///< "h200 fp16", "tpu-v1 weight-stationary"
  Format format;
  double memory_bytes;
  std::unique_ptr<Accelerator> hardware;

  /// Slopes don't fit 8 bits: not int8's, and not those of FP8 that weights have (E4M3).
  bool trains() const { return !scaled(format); }
  /// Why its memory doesn't hold a workload's weights and the keys and values of earlier tokens that the list
  /// reads, in its format; "" where it does. Passing activations aren't counted.
  std::string why_not(double parameters, std::span<const Work> list) const;
  /// Whether weights, gradients and the two moments of Adam do, 4 bytes each.
  bool fits_training(double parameters) const { return 16 * parameters <= memory_bytes; }
};

/// Times are on the device for every hardware: a host's submission is nobody's. `cpu` and `pool` must outlive
/// the result. The board must have the format.
ModelledBoard modelled_gpu(const GpuSpec& gpu, Format format, Executor& cpu, ThreadPool& pool);
ModelledBoard modelled_array(const SystolicSpec& chip, Dataflow dataflow, Executor& cpu, ThreadPool& pool);

/// Every GPU in every format that it has, then every array in both dataflows.
std::vector<ModelledBoard> modelled_boards(Executor& cpu, ThreadPool& pool);

}  // namespace fringe
