// Energy counters of the processor: RAPL (Intel SDM vol. 3B, chapter "Power and thermal management"; AMD
// processors report through the same Linux interface, https://docs.kernel.org/power/powercap/powercap.html).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace fringe {

/// Reads all packages and, where they exist, their memory domains.
class CpuEnergyCounter {
 public:
  struct Reading {
    double package_j = 0;
    double dram_j = 0;
  };

  explicit CpuEnergyCounter(const std::filesystem::path& root = "/sys/class/powercap");

  bool available() const noexcept { return !domains_.empty(); }
  bool has_dram() const noexcept;
  /// One sentence: what is counted, or why nothing is.
  const std::string& status() const noexcept { return status_; }
  /// Joules since the previous call or, at first, since construction. A counter may wrap once between two
  /// calls.
  Reading advance();

 private:
  struct Domain {
    std::filesystem::path energy_file;
    bool dram;
    std::uint64_t range_uj, last_uj;
  };
  std::vector<Domain> domains_;
  std::string status_;
};

/// Whether joules of this machine's processor are known, and if not, why not.
std::string cpu_energy_status();

}  // namespace fringe
