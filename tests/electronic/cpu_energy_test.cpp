#include "electronic/cpu_energy.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace fringe {
namespace {

namespace fs = std::filesystem;

class CpuEnergy : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "fringe-rapl-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root = pattern;
  }
  void TearDown() override { fs::remove_all(root); }
  void write(const std::string& domain, const std::string& file, const std::string& text) {
    fs::create_directories(root / domain);
    std::ofstream(root / domain / file) << text << "\n";
  }
  void domain(const std::string& path, const std::string& name, const std::string& energy) {
    write(path, "name", name);
    write(path, "max_energy_range_uj", "1000000");
    write(path, "energy_uj", energy);
  }
  fs::path root;
};

TEST_F(CpuEnergy, AddsPackagesAndMemoryAndLeavesPartsOut) {
  domain("intel-rapl:0", "package-0", "100");
  domain("intel-rapl:1", "package-1", "200");
  domain("intel-rapl:0:0", "core", "50");  // inside package 0
  domain("intel-rapl:0:1", "dram", "0");
  CpuEnergyCounter counter(root);
  EXPECT_TRUE(counter.available());
  EXPECT_TRUE(counter.has_dram());
  write("intel-rapl:0", "energy_uj", "1100");
  write("intel-rapl:1", "energy_uj", "2200");
  write("intel-rapl:0:0", "energy_uj", "9999");
  write("intel-rapl:0:1", "energy_uj", "500");
  const auto joules = counter.advance();
  EXPECT_DOUBLE_EQ(joules.package_j, 1000e-6 + 2000e-6);
  EXPECT_DOUBLE_EQ(joules.dram_j, 500e-6);
  EXPECT_EQ(counter.advance().package_j, 0);
}

TEST_F(CpuEnergy, CounterMayWrap) {
  domain("intel-rapl:0", "package-0", "999000");
  CpuEnergyCounter counter(root);
  write("intel-rapl:0", "energy_uj", "3000");
  EXPECT_DOUBLE_EQ(counter.advance().package_j, 4000e-6);
}

TEST_F(CpuEnergy, AbsenceIsToldNotGuessed) {
  CpuEnergyCounter none(root / "nowhere");
  EXPECT_FALSE(none.available());
  EXPECT_NE(none.status().find("no RAPL counters"), std::string::npos) << none.status();
  EXPECT_EQ(none.advance().package_j, 0);
  write("intel-rapl:0", "name", "package-0");  // without counters: as if they couldn't be read
  CpuEnergyCounter closed(root);
  EXPECT_FALSE(closed.available());
  EXPECT_NE(closed.status().find("root"), std::string::npos) << closed.status();
  EXPECT_FALSE(cpu_energy_status().empty());
}

}  // namespace
}  // namespace fringe
