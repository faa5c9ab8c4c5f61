#include "electronic/interconnect.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

// Of a step of a ring in NCCL's Simple protocol, over NVLink and over PCIe: NVIDIA/nccl at 01afd20a,
// src/graph/tuning.cc, hwLat.
constexpr double nvlink_hop_s = 3.4e-6, pcie_hop_s = 5.7e-6;

// clang-format off
constexpr std::array<Interconnect, 10> table{{
    {"nvswitch", "all boards on NVSwitch", "over NVSwitch", Exchange::ring, Link::nvlink, Platform::server, false, false,
     nvlink_hop_s, 16,
     "NVIDIA A100 Tensor Core GPU Architecture whitepaper (2020), DGX A100"},
    {"nvlink-mesh", "boards joined by a cube mesh of NVLinks", "over NVLink", Exchange::ring, Link::nvlink, Platform::older,
     false, false, nvlink_hop_s, 8,
     "NVIDIA DGX-1 With Tesla V100 System Architecture whitepaper (WP-08437, 2017)"},
    {"nvlink-bridge", "two boards under an NVLink bridge", "over the bridge", Exchange::ring, Link::nvlink_bridge,
     Platform::older, false, false, nvlink_hop_s, 2,
     "NVIDIA Turing GPU Architecture whitepaper (WP-09183, 2018), NVLink bridge"},
    {"pcie-p2p", "boards write to each other over PCIe", "over PCIe", Exchange::ring, Link::pcie_peer, Platform::server,
     true, false, pcie_hop_s, 8, "NVIDIA GPUDirect peer-to-peer documentation"},
    {"pcie-p2p-bridged", "bridged pairs that reach each other over PCIe", "over PCIe", Exchange::ring, Link::pcie_peer,
     Platform::older, true, false, pcie_hop_s, 4,
     "NVIDIA Turing GPU Architecture whitepaper (WP-09183, 2018), NVLink bridge"},
    {"pcie-two-roots", "PCIe peers in two groups that meet in host memory", "through host memory", Exchange::through_host,
     Link::pcie_host, Platform::server, true, false, pcie_hop_s, 8,
     "NVIDIA NCCL documentation, NCCL_P2P_LEVEL (SYS: across sockets)"},
    {"pcie-host", "boards meet in host memory (no peer access)", "through host memory", Exchange::through_host, Link::pcie_host,
     Platform::older, true, false, pcie_hop_s, 8,
     "NVIDIA NCCL documentation, NCCL_SHM_DISABLE: shared memory where peers cannot reach each other"},
    {"pcie-host-bus", "boards share one way to host memory (no peer access)", "on one way for all", Exchange::ring, Link::host_bus,
     Platform::server, false, true, pcie_hop_s, 8,
     "NVIDIA NCCL documentation, NCCL_SHM_DISABLE: shared memory where peers cannot reach each other"},
    {"cloud-pcie", "boards of a virtual machine, meeting in host memory", "through host memory", Exchange::through_host,
     Link::virtual_pcie, Platform::older, false, false, pcie_hop_s, 8,
     "NVIDIA NCCL documentation, troubleshooting: virtual machines and PCI access control"},
    {"cloud-pcie-p2p", "boards of a virtual machine with a short way", "through host memory", Exchange::through_host,
     Link::virtual_pcie_peer, Platform::older, false, false, pcie_hop_s, 4,
     "NVIDIA NCCL documentation, troubleshooting: virtual machines and PCI access control"},
}};
// clang-format on

}  // namespace

double all_reduce_s(Collective collective, int ranks, double bytes, double latency_s, double bytes_per_s) {
  if (ranks <= 1) return 0;
  const auto n = static_cast<unsigned>(ranks);
  const double doublings = std::bit_width(n - 1);  // ⌈log₂ n⌉
  const double whole = bytes / bytes_per_s, parts = 2.0 * (ranks - 1) / ranks * whole;
  switch (collective) {
    case Collective::ring:
      return 2.0 * (ranks - 1) * latency_s + parts;
    case Collective::recursive_halving:
      if (!std::has_single_bit(n))
        throw Error("all-reduce by recursive halving: " + std::to_string(ranks) +
                    " ranks, takes a power of two");
      return 2 * doublings * latency_s + parts;
    case Collective::tree:
      return 2 * doublings * (latency_s + whole);
    case Collective::two_trees:
      return 2.0 * std::bit_width(n) * latency_s + 2 * whole;
  }
  return 0;
}

double link_bytes_per_s(Link link, const GpuSpec& board) {
  const bool nvlink = link == Link::nvlink || link == Link::nvlink_bridge;
  return nvlink ? 0.4 * board.nvlink_bytes_per_s : std::ldexp(12e9, board.pcie_generation - 3);
}

std::span<const Interconnect> interconnects() noexcept { return table; }

const Interconnect& find_interconnect(std::string_view name) { return find_row("interconnect", name, table); }

}  // namespace fringe
