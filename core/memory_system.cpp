#include "core/memory_system.hpp"

#include <algorithm>
#include <array>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr double pj_per_bit = 8e-12;  // in joules per byte

// HBM2: 3.92 pJ/bit with row activation (O'Connor et al. 2017). No later generation has a published figure of
// the same kind, so HBM2e, HBM3 and HBM3e carry HBM2's: an upper estimate.
constexpr double hbm_j_per_byte = 3.92 * pj_per_bit;

// One on-chip memory for every row: 1 MB in 7 nm, 14 pJ per 64 bits (Jouppi et al. 2021; 45 nm: 100 pJ,
// Horowitz 2014), as fast as the A100's L2, 5120 bytes a cycle at 1.41 GHz, which flatters older boards.
constexpr double sram_rate = 5120 * 1.41e9;
constexpr double sram_j_per_byte = 14e-12 / 8;

constexpr std::array<MemorySystem, 7> rows{{
    {"hbm2", 1555e9, hbm_j_per_byte, sram_rate, sram_j_per_byte,
     "bandwidth: NVIDIA A100 40GB datasheet (five stacks); energy: M. O'Connor et al., Fine-Grained DRAM, "
     "MICRO 2017, "
     "doi:10.1145/3123939.3124545, 3.92 pJ/bit; SRAM: N. Jouppi et al., ISCA 2021, table 2; NVIDIA A100 "
     "whitepaper, "
     "L2"},
    {"hbm2e", 2039e9, hbm_j_per_byte, sram_rate, sram_j_per_byte,
     "bandwidth: NVIDIA A100 80GB datasheet (five stacks); energy of HBM2 (upper estimate): M. O'Connor et "
     "al., MICRO "
     "2017, doi:10.1145/3123939.3124545; SRAM: N. Jouppi et al., ISCA 2021, table 2; NVIDIA A100 whitepaper, "
     "L2"},
    {"hbm3", 3350e9, hbm_j_per_byte, sram_rate, sram_j_per_byte,
     "bandwidth: NVIDIA H100 SXM datasheet (five stacks); energy of HBM2 (upper estimate): M. O'Connor et "
     "al., MICRO "
     "2017, doi:10.1145/3123939.3124545; SRAM: N. Jouppi et al., ISCA 2021, table 2; NVIDIA A100 whitepaper, "
     "L2"},
    {"hbm3e", 4800e9, hbm_j_per_byte, sram_rate, sram_j_per_byte,
     "bandwidth: NVIDIA H200 datasheet (six stacks); energy of HBM2 (upper estimate): M. O'Connor et al., "
     "MICRO 2017, "
     "doi:10.1145/3123939.3124545; SRAM: N. Jouppi et al., ISCA 2021, table 2; NVIDIA A100 whitepaper, L2"},
    {"gddr6", 672e9, 7.5 * pj_per_bit, sram_rate, sram_j_per_byte,
     "bandwidth: NVIDIA Quadro RTX 8000 datasheet (384 bits at 14 Gb/s); energy: Micron Technology, "
     "technical brief "
     "on ultra-bandwidth memory (2020), 7.5 pJ/bit; SRAM: N. Jouppi et al., ISCA 2021, table 2; NVIDIA A100 "
     "whitepaper, L2"},
    {"gddr6x", 936e9, 7.25 * pj_per_bit, sram_rate, sram_j_per_byte,
     "bandwidth: NVIDIA GA102 whitepaper, GeForce RTX 3090 (384 bits at 19.5 Gb/s); energy: Micron "
     "Technology, "
     "technical brief on ultra-bandwidth memory (2020), 7.25 pJ/bit; SRAM: N. Jouppi et al., ISCA 2021, "
     "table 2; "
     "NVIDIA A100 whitepaper, L2"},
    {"ddr4", 51.2e9, 1300e-12 / 8, sram_rate, sram_j_per_byte,
     "bandwidth: JEDEC JESD79-4, two 64-bit channels at 3200 MT/s; energy: M. Horowitz, ISSCC 2014, "
     "doi:10.1109/ISSCC.2014.6757323, and N. Jouppi et al., ISCA 2021, table 2, 1300 pJ per 64 bits; SRAM: "
     "Jouppi et "
     "al., ISCA 2021, table 2; NVIDIA A100 whitepaper, L2"},
}};

}  // namespace

std::span<const MemorySystem> memory_systems() noexcept { return rows; }

const MemorySystem& find_memory(std::string_view name) { return find_row("memory system", name, rows); }

Cost memory_cost(const MemorySystem& memory, double dram_bytes, double sram_bytes) noexcept {
  Cost cost;
  const double seconds = std::max(dram_bytes / memory.dram_bytes_per_s, sram_bytes / memory.sram_bytes_per_s);
  cost.latency_s = seconds;
  cost.busy(Resource::memory) = seconds;
  cost.energy(Part::dram) = dram_bytes * memory.dram_j_per_byte;
  cost.energy(Part::sram) = sram_bytes * memory.sram_j_per_byte;
  cost.provenance = Provenance::modelled;
  return cost;
}

}  // namespace fringe
