// Boards as their makers publish them. Peaks are dense (no sparsity), multiply and add counted as two
// operations, with FP32 accumulation (INT32 for int8); GeForce boards run FP16 with FP32 accumulation at half
// rate.
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
  double clock_hz;         ///< boost clock of FP32 work
  double tensor_clock_hz;  ///< boost clock of tensor work, where the maker states another
  std::array<double, format_count>
      peak_ops_per_s;  ///< by Format; 0: not supported. fp32 is without tensor cores
  double l2_bytes;
  double memory_bytes;
  double memory_bytes_per_s;
  double tdp_w;             ///< of the board
  std::string_view memory;  ///< row of memory_systems() whose energies the board's memory has
  std::string_view source;

  double peak(Format format) const noexcept { return peak_ops_per_s[static_cast<std::size_t>(format)]; }
};

std::span<const GpuSpec> gpu_catalogue() noexcept;
/// Throws Error naming the nearest board.
const GpuSpec& find_gpu(std::string_view name);

}  // namespace fringe
