// How the boards of one machine reach each other, and what an all-reduce over them takes.
//
// Collectives follow the alpha-beta model: a message of b bytes takes α + b/B. With n ranks and S bytes
//   ring                 2(n−1)·α + 2(n−1)/n·S/B     reduce-scatter, then all-gather
//   recursive halving    2⌈log₂ n⌉·α + 2(n−1)/n·S/B  n a power of two
//   tree                 2⌈log₂ n⌉·(α + S/B)         reduce to one rank, then broadcast
// (R. Thakur, R. Rabenseifner, W. Gropp, "Optimization of collective communication operations in MPICH",
// Int. J. High Perform. Comput. Appl. 19(1), 2005, doi:10.1177/1094342005051521; the cost of the additions is
// left out), and
//   two trees            2⌈log₂(n+1)⌉·α + 2·S/B      pipelined, latency only of the first segment
// (P. Sanders, J. Speck, J. L. Träff, "Two-tree algorithms for full bandwidth broadcast, reduction and scan",
// Parallel Computing 35(12), 2009, doi:10.1016/j.parco.2009.09.001). NCCL runs rings and double trees.
#pragma once

#include <span>
#include <string_view>

#include "electronic/gpu_catalogue.hpp"

namespace fringe {

enum class Collective { ring, recursive_halving, tree, two_trees };

/// Seconds of one all-reduce of `bytes` among `ranks` >= 1; 0 for one rank. latency_s >= 0, bytes_per_s > 0.
/// Throws Error where recursive halving is asked for with ranks that are no power of two.
double all_reduce_s(Collective collective, int ranks, double bytes, double latency_s, double bytes_per_s);

/// Ways whose effective bandwidth was fitted (data_parallel.hpp).
enum class Link { nvlink, nvlink_bridge, pcie_peer, pcie_host, host_bus, virtual_pcie, virtual_pcie_peer };
inline constexpr std::size_t link_count = 7;

/// How much longer the slowest of n boards takes, as a part of the step (data_parallel.hpp).
enum class Platform { server, older };
inline constexpr std::size_t platform_count = 2;

/// What the gradient's way through the machine looks like.
enum class Exchange {
  ring,          ///< each board hands 2(n−1)/n of the gradient to its neighbour
  through_host,  ///< each board sends its gradient to host memory and fetches the sum: twice the gradient
};

struct Interconnect {
  std::string_view name;
  std::string_view what;
  std::string_view via;  ///< the way of a gradient, e.g. "over PCIe"
  Exchange exchange;
  Link link;
  Platform platform;
  bool by_generation;  ///< the bandwidth is that of PCIe 3.0 and doubles with each generation
  bool one_for_all;    ///< all boards share the bandwidth
  double hop_s;        ///< latency of a step of a ring
  int most_gpus;
  std::string_view source;
};

/// What NCCL reckons that a board's link carries one way [B/s]: of NVLink 20 of the 25 GB/s of a link of
/// generations 2 and 3, 20.6 of those of 4, 40.1 of the 50 of 5, so four tenths of the printed rate of both
/// directions; of PCIe 12 GB/s in generation 3 and twice that in each later one (NVIDIA/nccl at 069a3d4f,
/// src/graph/topo.h: SM70_NVLINK_BW to SM100_NVLINK_BW, PCI_BW). Rings of large messages come that far: 230
/// GB/s on eight A100 and 370 on eight H100 under NVSwitches (its authors in NVIDIA/nccl-tests, issues 149
/// and 212).
double link_bytes_per_s(Link link, const GpuSpec& board);

std::span<const Interconnect> interconnects() noexcept;
/// Throws Error naming the nearest.
const Interconnect& find_interconnect(std::string_view name);

/// What NCCL reckons for starting a ring in its Simple protocol [s]: NVIDIA/nccl at 01afd20a,
/// src/graph/tuning.cc, baseLat.
inline constexpr double ring_start_s = 8.4e-6;

}  // namespace fringe
