// How long a step of training takes on one GPU: three terms, which add, as a step's kernels run one after the
// other and each is bound by one thing.
//
//   t(step) = items·(operations·T + bytes·M) + parameters·P
//
// T, seconds for an operation of the products, at the clock f that the board sustains:
//   1/peak(f) + tensor_issue/(multiprocessors·f·issue width)       on tensor cores,
//   1/peak(f)                                                      on FP32 lanes.
//   Tensor cores wait for what the four schedulers of a multiprocessor, 32 lanes each, feed them and for the
//   element-wise work around products. Lanes are issued to at their peak.
// M, seconds for a byte of DRAM traffic: 1/bandwidth. (A factor for the size of L2, (6 MiB / L2)^x with x up to
//   Hong and Kung's 1/2, bought 0.2 % of error at x = 0.1 and went.)
// P, seconds for a parameter: bytes that gradients, their norm, the optimiser and weight reads move, over the
//   bandwidth.
// Software of another generation multiplies T and M.
//
// Clock. The dynamic power of a multiprocessor goes with f³ (voltage goes with frequency). The reference board
// of an architecture is taken to draw its TDP at its boost clock, with its static share and its DRAM at full
// rate. A board whose TDP leaves other watts for each multiprocessor runs at
//   f = reference boost·(watts / those of the reference)^(1/3), at most the larger boost of the two.
// So A100's PCIe board (250 W) sustains 0.83 of the clock of the SXM4 board (400 W), and a laptop's 80 W count.
#pragma once

#include "electronic/gpu_catalogue.hpp"

namespace fringe {

/// Generation of the libraries that a step runs on; fitted only where the published table has it.
enum class Software {
  cuda10,  ///< NGC PyTorch 20.01: CUDA 10.2, cuDNN 7.6
  cuda11,  ///< NGC PyTorch 20.10: CUDA 11.1, cuDNN 8.0
};

/// The library that does most of a workload's work.
enum class Library {
  products,      ///< cuBLAS: transformers, recurrent networks, recommenders
  convolutions,  ///< cuDNN
};

/// What no datasheet states; one value for all GPUs and workloads, chosen by the mean error of leaving one
/// GPU of the published throughput out (sim/gpu_training.hpp).
struct TrainingParameters {
  double tensor_issue_fp16 = 0.3;  ///< issue slots for a tensor operation of 16-bit operands, ≥ 0
  double tensor_issue_tf32 = 1.7;  ///< the same with operands of 32 bits
  double bytes_per_parameter = 240;
  /// Time of cuda11 over that of cuda10. Only Ampere boards ran it, so what else sets them apart is in it
  /// too: 40 MiB of L2, asynchronous copies, and what tensor_issue_tf32 misses.
  double products_fp16 = 0.72, products_tf32 = 0.42;
  double convolutions_fp16 = 0.93, convolutions_tf32 = 0.70;
};

/// What a workload asks for.
struct TrainingDemand {
  double operations = 0;  ///< of an item (image, token, …), forward and backward
  double bytes = 0;       ///< of an item, DRAM traffic
  double parameters = 0;  ///< of the model
  double items = 1;       ///< of a step
};

struct TrainingRates {
  double s_per_operation, s_per_byte, s_per_parameter;
};

/// The clock [Hz] that the board sustains under full load, at most its boost clock or that of its reference.
double sustained_clock_hz(const GpuSpec& gpu);

/// Throws Error where the board doesn't compute in `format` or a parameter is out of range.
TrainingRates training_rates(const GpuSpec& gpu, Format format, Library library, Software software,
                             const TrainingParameters& parameters = {});

/// Seconds of one step on one GPU.
double step_seconds(const TrainingRates& rates, const TrainingDemand& demand) noexcept;

}  // namespace fringe
