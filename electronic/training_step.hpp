// What libraries and frameworks of 2020 attained in training of the bounds of gpu_kernels.hpp: eight
// constants for all boards and workloads, none of which is a workload's. The work of a step is the list that
// its graph lowers to.
//
// Clock. The dynamic power of a multiprocessor goes with f³ (voltage goes with frequency). The reference
// board of an architecture is taken to draw its TDP at its boost clock, with its static share and its DRAM at
// full rate. A board whose TDP leaves other watts for each multiprocessor runs at
//   f = reference boost·(watts / those of the reference)^(1/3), at most the larger boost of the two.
// So A100's PCIe board (250 W) sustains 0.83 of the clock of the SXM4 board (400 W), and a laptop's 80 W
// count.
#pragma once

#include "electronic/gpu_kernels.hpp"

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

/// One value for all boards and workloads, fitted to the published throughput of single boards with no
/// constant of a workload (fit_shared_constants() of sim/gpu_training.hpp). Only Ampere boards ran cuda11, so
/// what else sets them apart is in its values: tensor instructions of twice the size, asynchronous copies,
/// faster hosts.
struct TrainingParameters {
  double lanes = 1.22;    ///< time of products on FP32 lanes over that at peak, >= 1
  double traffic = 1.88;  ///< time of what memory bounds over its bytes at the peak of bandwidth, >= 1
  /// Issue slots that a tensor operation takes, >= 0: products of 16-bit operands by cuBLAS of cuda10 and
  /// cuda11; convolutions of such by cuDNN, which also turns images around; operands of 32 bits.
  double issue_products_cuda10 = 0.401, issue_products_cuda11 = 0.172;
  double issue_convolutions = 0.586, issue_tf32 = 0.276;
  double host_cuda10_s = 48.9e-6, host_cuda11_s = 21e-6;  ///< to issue an operator, in [0, 1]
};

/// The clock [Hz] that the board sustains under full load, at most its boost clock or that of its reference.
double sustained_clock_hz(const GpuSpec& gpu);

/// The GPU model as libraries and frameworks drive it. Throws Error where the board doesn't compute in
/// `format` or a parameter is out of range.
GpuModelParameters as_trained(const GpuSpec& gpu, Format format, Library library, Software software,
                              const TrainingParameters& parameters = {});

}  // namespace fringe
