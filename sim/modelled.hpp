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
#include "workloads/training_memory.hpp"

namespace fringe {

/// What CUDA and a framework's kernels take of a GPU's memory before the first weight: Hugging Face,
/// Transformers documentation, "Model training anatomy" (PyTorch, one tensor of one number: 1343 MiB).
constexpr double framework_bytes = 1343.0 * 1024 * 1024;

/// Why a board's memory doesn't hold a training step beside `software_bytes`: "its memory of 11 GB …"; ""
/// where it does.
std::string why_no_training(double memory_bytes, double software_bytes, const TrainingMemory& step,
                            std::size_t batch, Format format);

struct ModelledBoard {
  std::string board;  ///< row of its catalogue
  std::string name;   ///< "h200 fp16", "tpu-v1 weight-stationary"
  Format format;
  double memory_bytes;
  double software_bytes;  ///< of it, that a framework takes
  std::unique_ptr<Accelerator> hardware;

  /// Slopes don't fit 8 bits: not int8's, and not those of FP8 that weights have (E4M3).
  bool trains() const { return !scaled(format); }
  /// Why its memory doesn't hold a workload's weights and the keys and values of earlier tokens that the list
  /// reads, in its format; "" where it does. Passing activations aren't counted.
  std::string why_not(double parameters, std::span<const Work> list) const;
  /// Why it doesn't train the graph in steps of so many samples: its format, or its memory; "" where it does.
  std::string why_no_training(const Graph& graph, const Optimiser& optimiser, std::size_t batch) const;
  /// The largest batch that why_no_training() has nothing against; 0: none.
  std::size_t most_training_batch(const Graph& graph, const Optimiser& optimiser) const;
};

/// Times are on the device for every hardware: a host's submission is nobody's. `cpu` and `pool` must outlive
/// the result. The board must have the format.
ModelledBoard modelled_gpu(const GpuSpec& gpu, Format format, Executor& cpu, ThreadPool& pool);
ModelledBoard modelled_array(const SystolicSpec& chip, Dataflow dataflow, Executor& cpu, ThreadPool& pool);

/// Every GPU in every format that it has, then every array in both dataflows.
std::vector<ModelledBoard> modelled_boards(Executor& cpu, ThreadPool& pool);

}  // namespace fringe
