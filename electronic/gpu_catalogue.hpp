// Boards as their makers publish them. Peaks are dense (no sparsity), multiply and add counted as two
// operations, with FP32 accumulation (INT32 for int8); GeForce boards run FP16 with FP32 accumulation at half
// rate. Printed sparse figures are halved.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "electronic/number_format.hpp"

namespace fringe {

struct GpuSpec {
  std::string_view name;
  std::string_view architecture;
  int multiprocessors;
  int fp32_lanes;          ///< of one multiprocessor: fused multiply-adds a cycle
  int fp64_lanes;          ///< likewise, of FP64
  double clock_hz;         ///< boost clock of FP32 and FP64 work
  double tensor_clock_hz;  ///< boost clock of tensor work, where the maker states another
  std::array<double, format_count>
      peak_ops_per_s;  ///< products, by Format; 0: the chip lacks it. fp32 is without tensor cores, fp64
                       ///< with them where they take it (GA100, GH100)
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
  /// The boost clock of products in the format.
  double clock(Format format) const noexcept {
    return format == Format::fp32 || format == Format::fp64 ? clock_hz : tensor_clock_hz;
  }
  /// Of elementwise work in FP64, and of products without tensor cores.
  double fp64_vector_peak() const noexcept { return 2.0 * fp64_lanes * multiprocessors * clock_hz; }
};
/// "fp32, fp16, fp64": what the board computes in.
std::string formats_of(const GpuSpec& gpu);

std::span<const GpuSpec> gpu_catalogue() noexcept;
/// Throws Error naming the nearest board.
const GpuSpec& find_gpu(std::string_view name);

}  // namespace fringe
