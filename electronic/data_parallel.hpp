// A training step on n boards, from its time on one and the bytes of its gradient.
//
// Exchange. The gradient leaves in buckets of 25 MiB (PyTorch's DistributedDataParallel: S. Li et al.,
// arXiv:2006.15704), each an all-reduce that starts anew:
//   C = buckets·(start + 2(n−1)·hop) + volume/bandwidth,   volume = 2(n−1)/n·S by ring, 2·S through the host;
// between peers by two trees where that is faster, which only gradients of a few MB are.
// Overlap. Buckets travel while the backward pass still computes; both slow each other. The time of both is
// between the longer (all hidden) and the sum (nothing hidden):
//   (T₁^q + C^q)^(1/q),  q ≥ 1; a script that exchanges after the backward pass has q = 1.
// Stall. All wait for the slowest of n: + T₁·s·E[largest of n normals], s the spread of a step's time; and
// for the latest input: where one board waits w·T₁ for its data in the mean, at random, the longest of n such
// waits is + w·T₁·(H_n − 1) longer, H_n = 1 + 1/2 + … + 1/n (of exponential waits: A. Rényi, "On the theory
// of order statistics", Acta Math. Acad. Sci. Hung. 4, 191 (1953), doi:10.1007/BF02127580).
//
// Fitted: q, one effective bandwidth for each Link, one s for each Platform: ten constants, of training
// runs (sim/validate_scaling.hpp says of which, how well they do and how they are fitted again). They are
// effective: whatever slows an exchange in a training script is in them, so they lie below the links'
// figures: 22.8 GB/s of the 240 of an A100's NVLinks, 16.1 of the 24 of its PCIe 4.0.
//
// Beyond the table, where a board's NVLinks or its PCIe are faster than any there, one law serves both: the
// seconds of a byte are those of the link, as NCCL reckons it, and those of the board, which copies, adds and
// shares its memory with the backward pass, so they fall with its bandwidth:
//   1/bandwidth = 1/link_bytes_per_s + 1/(board_bytes_per_s·memory bandwidth/A100's).
// So of two boards the one with more bandwidth on its link for each of its memory's (and its arithmetic's)
// scales better. On the open rows of NVLink and PCIe peers the law does as well as their two constants: 4.40
// against 4.37 %, on the sealed 4.21 against 4.24 %; 25 to 100 GB/s for the board all do within 0.2 points.
#pragma once

#include <array>

#include "electronic/gpu_catalogue.hpp"
#include "electronic/interconnect.hpp"

namespace fringe {

struct ScalingConstants {
  double overlap;                              ///< q, at least 1
  std::array<double, link_count> bytes_per_s;  ///< by Link
  std::array<double, platform_count> stall;    ///< s by Platform
  double board_bytes_per_s = 50.5e9;           ///< of an A100 of 1555 GB/s, in the law beyond the table
};

/// Fitted to the open rows of the training table.
const ScalingConstants& fitted_scaling() noexcept;

struct TrainingStep {
  double one_gpu_s;       ///< measured or modelled, > 0
  double gradient_bytes;  ///< that all boards exchange, >= 0
  bool overlapped;        ///< exchanged during the backward pass
  double input_wait = 0;  ///< part of one_gpu_s that waits for data, in [0, 1)
};

struct ParallelStep {
  double step_s;
  double exchange_s;  ///< of the gradient, were nothing else going on
  double exposed_s;   ///< what of it lengthens the step
  double stall_s;     ///< waiting for the slowest
  double efficiency;  ///< one_gpu_s / step_s: throughput over n times that of one
};

/// The slot has the board's generation of PCIe. Throws Error where the interconnect doesn't take so many
/// boards, or a figure is out of range.
ParallelStep data_parallel_step(const TrainingStep& step, const Interconnect& interconnect,
                                const GpuSpec& board, int gpus,
                                const ScalingConstants& constants = fitted_scaling());

/// Bandwidth of an exchange by the law beyond the table [B/s], for any board with such a link.
double lawful_bytes_per_s(Link link, const GpuSpec& board,
                          const ScalingConstants& constants = fitted_scaling());

/// What a machine costs while it runs [USD/s]: its price over so many years of full use, and its electricity.
double running_usd_per_s(double price_usd, double years, double power_w, double usd_per_kwh);

/// Expected largest of n independent standard normals, 1 <= n <= 16.
double expected_maximum(int n);
/// Expected longest of n independent exponential waits of mean 1, n >= 1.
double expected_longest_wait(int n);

}  // namespace fringe
