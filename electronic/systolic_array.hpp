// Modelled hardware: systolic arrays of multiply-accumulators, as in Google's TPUs, priced from the same list
// of work as every hardware.
//
// Cycles follow SCALE-Sim (A. Samajdar et al., arXiv:1811.02883; formula: ISPASS 2020,
// doi:10.1109/ISPASS48437.2020.00016). A product Y[M×N] = A[M×K]·B[K×N] is folded onto R×C cells:
//   weight stationary  rows hold K, columns M, N inputs stream past;
//   output stationary  rows hold M, columns N, K terms stream past.
// A fold takes 2R + C + T − 2 cycles, T being what streams: R to load (or drain) the cells, R + C + T − 2
// until the last operand has crossed the array. There are ⌈rows/R⌉·⌈columns/C⌉ folds, shared among the
// arrays; loading does not overlap with streaming.
//
// Element-wise work and updates run on one lane for each column of an array. Memory, weights that stay on the
// chip and power are as in gpu_model.hpp, with the operands' ways through the array's edges as SRAM traffic:
// at peak, with DRAM and the edges at full rate, the chip draws its TDP.
#pragma once

#include <array>
#include <memory>

#include "core/accelerator.hpp"
#include "core/thread_pool.hpp"
#include "electronic/number_format.hpp"

namespace fringe {

enum class Dataflow { weight_stationary, output_stationary };
inline constexpr std::array dataflows{Dataflow::weight_stationary, Dataflow::output_stationary};
/// "weight-stationary", "output-stationary".
constexpr std::string_view to_string(Dataflow d) noexcept {
  return d == Dataflow::weight_stationary ? "weight-stationary" : "output-stationary";
}

struct SystolicSpec {
  std::string_view name;
  std::size_t rows, columns, arrays;
  double clock_hz;
  Format format;
  double sram_bytes;
  double memory_bytes;  ///< of the memory beside the chip
  double memory_bytes_per_s;
  double tdp_w;
  std::string_view memory;  ///< row of memory_systems() whose energies it has
  std::string_view source;

  /// Operations a second, two for a multiply-accumulate.
  double peak() const noexcept { return 2.0 * static_cast<double>(rows * columns * arrays) * clock_hz; }
};

std::span<const SystolicSpec> systolic_catalogue() noexcept;
/// Throws Error naming the nearest one.
const SystolicSpec& find_systolic(std::string_view name);

/// TDP of an array like `spec` whose multiply-accumulates take mac_j each: what the price derives them from,
/// the other way round.
double tdp_from_mac(const SystolicSpec& spec, double mac_j);

/// Cycles of `groups` products Y[m×n] = A[m×k]·B[k×n], all at least 1. A is what a weight-stationary array
/// holds.
double systolic_cycles(const SystolicSpec& spec, Dataflow dataflow, std::size_t m, std::size_t n,
                       std::size_t k, std::size_t groups = 1) noexcept;

/// Numerics as make_format_matrix() states them. `spec` must be a row of the catalogue or outlive the result,
/// as must `cpu` (on the host, else Error) and `pool`.
std::unique_ptr<Accelerator> make_systolic_array(const SystolicSpec& spec, Dataflow dataflow, Executor& cpu,
                                                 ThreadPool& pool);

}  // namespace fringe
