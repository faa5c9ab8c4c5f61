// Boards as their makers publish them. Peaks are dense (no sparsity), multiply and add counted as two
// operations, with FP32 accumulation (INT32 for int8); GeForce boards run FP16 with FP32 accumulation at half
// rate. Printed sparse figures are halved.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "electronic/number_format.hpp"

namespace fringe {

struct GpuSpec {
  std::string_view name;
  std::string_view architecture;
  int multiprocessors;
  int fp32_lanes;          ///< of one multiprocessor: fused multiply-adds a cycle
  double clock_hz;         ///< boost clock of FP32 work
  double tensor_clock_hz;  ///< boost clock of tensor work, where the maker states another
  std::array<double, format_count>
      peak_ops_per_s;  ///< by Format; 0: not supported. fp32 is without tensor cores
  double l2_bytes;
  double memory_bytes;
  double memory_bytes_per_s;
  double tdp_w;                   ///< of the board
  std::string_view memory;        ///< row of memory_systems() whose energies the board's memory has
  int pcie_generation;            ///< 16 lanes
  double nvlink_bytes_per_s;      ///< all links, both directions together, as printed; 0: none
  double launch_price_usd;        ///< as the maker announced it; 0: no price was announced
  std::string_view launch_month;  ///< year-month of that price, e.g. "2020-09"; empty: none
  std::string_view source;

  double peak(Format format) const noexcept { return peak_ops_per_s[static_cast<std::size_t>(format)]; }
};

std::span<const GpuSpec> gpu_catalogue() noexcept;
/// Throws Error naming the nearest board.
const GpuSpec& find_gpu(std::string_view name);

}  // namespace fringe
