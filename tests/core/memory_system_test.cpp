#include "core/memory_system.hpp"

#include <gtest/gtest.h>

#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

TEST(MemorySystem, EveryRowIsCitedAndPlausible) {
  for (const MemorySystem& m : memory_systems()) {
    EXPECT_FALSE(m.source.empty()) << m.name;
    EXPECT_GT(m.dram_bytes_per_s, 1e10) << m.name;
    EXPECT_LT(m.dram_bytes_per_s, 1e13) << m.name;
    EXPECT_GT(m.dram_j_per_byte, 1e-12) << m.name;
    EXPECT_LT(m.dram_j_per_byte, 1e-9) << m.name;
    EXPECT_GT(m.sram_bytes_per_s, m.dram_bytes_per_s) << m.name;
    EXPECT_LT(m.sram_j_per_byte, m.dram_j_per_byte) << m.name;
    EXPECT_EQ(&find_memory(m.name), &m);
  }
}

TEST(MemorySystem, PublishedEnergies) {
  // 3.92 pJ/bit (O'Connor et al. 2017), 7.25 pJ/bit (Micron), 1300 pJ per 64 bits (Jouppi et al. 2021).
  EXPECT_DOUBLE_EQ(find_memory("hbm2").dram_j_per_byte, 3.92e-12 * 8);
  EXPECT_DOUBLE_EQ(find_memory("gddr6x").dram_j_per_byte, 7.25e-12 * 8);
  EXPECT_DOUBLE_EQ(find_memory("ddr4").dram_j_per_byte, 1300e-12 / 8);
}

TEST(MemorySystem, UnknownNameOffersTheNearest) {
  try {
    find_memory("hbm4");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'hbm"), std::string::npos) << error.what();
  }
}

TEST(MemorySystem, TheSlowerLevelSetsTheTimeAndBothPay) {
  const MemorySystem& m = find_memory("hbm2e");
  const Cost far = memory_cost(m, 1e9, 1e9);
  EXPECT_DOUBLE_EQ(far.busy(Resource::memory), 1e9 / m.dram_bytes_per_s);
  EXPECT_DOUBLE_EQ(far.latency_s, far.busy(Resource::memory));
  EXPECT_DOUBLE_EQ(far.energy(Part::dram), 1e9 * m.dram_j_per_byte);
  EXPECT_DOUBLE_EQ(far.energy(Part::sram), 1e9 * m.sram_j_per_byte);
  EXPECT_EQ(far.provenance, Provenance::modelled);
  const Cost near = memory_cost(m, 0, 1e9);
  EXPECT_DOUBLE_EQ(near.busy(Resource::memory), 1e9 / m.sram_bytes_per_s);
  EXPECT_EQ(near.energy(Part::dram), 0);
}

}  // namespace
}  // namespace fringe
