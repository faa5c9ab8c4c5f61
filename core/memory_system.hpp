// The memory that modelled hardware of both camps pays for. (A measured board's energy already contains its
// memory.)
#pragma once

#include <span>
#include <string_view>

#include "core/cost.hpp"

namespace fringe {

struct MemorySystem {
  std::string_view name;
  double dram_bytes_per_s;  ///< peak bandwidth
  double dram_j_per_byte;
  double sram_bytes_per_s;
  double sram_j_per_byte;
  std::string_view source;  ///< where the figures come from; never empty
};

/// On-chip memory in 7 nm: 42.64 mm² for 256 Mib with its periphery (J. Chang et al., paper 12.1,
/// ISSCC 2017).
inline constexpr double sram_m2_per_byte = 42.64e-6 / (32.0 * 1024 * 1024);

/// The catalogue; find_memory throws Error on an unknown name.
std::span<const MemorySystem> memory_systems() noexcept;
const MemorySystem& find_memory(std::string_view name);

/// Moving bytes: busy memory time = the slower of the two levels; joules by level. Modelled.
Cost memory_cost(const MemorySystem& memory, double dram_bytes, double sram_bytes) noexcept;

}  // namespace fringe
