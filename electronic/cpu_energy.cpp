#include "electronic/cpu_energy.hpp"

#include <algorithm>
#include <fstream>
#include <optional>

namespace fringe {
namespace {

template <class T>
std::optional<T> read(const std::filesystem::path& file) {
  std::ifstream in(file);
  T value;
  if (in >> value) return value;
  return std::nullopt;
}

}  // namespace

CpuEnergyCounter::CpuEnergyCounter(const std::filesystem::path& root) {
  std::error_code missing;
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(root, missing))
    if (entry.path().filename().string().starts_with("intel-rapl:")) found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  bool unreadable = false;
  for (const auto& domain : found) {
    const std::string name = read<std::string>(domain / "name").value_or("");
    const bool dram = name == "dram";
    if (!dram && !name.starts_with("package")) continue;
    const auto range = read<std::uint64_t>(domain / "max_energy_range_uj");
    const auto now = read<std::uint64_t>(domain / "energy_uj");
    if (range && now)
      domains_.push_back({domain / "energy_uj", dram, *range, *now});
    else
      unreadable = true;
  }
  if (available())
    status_ =
        has_dram() ? "RAPL counts the joules of package and memory" : "RAPL counts the joules of the package";
  else if (unreadable)
    status_ = "energy unknown: the RAPL counters under " + root.string() + " may be read by root only";
  else
    status_ = "energy unknown: no RAPL counters under " + root.string();
}

bool CpuEnergyCounter::has_dram() const noexcept {
  return std::any_of(domains_.begin(), domains_.end(), [](const Domain& d) { return d.dram; });
}

CpuEnergyCounter::Reading CpuEnergyCounter::advance() {
  Reading joules;
  for (Domain& domain : domains_) {
    const std::uint64_t now = read<std::uint64_t>(domain.energy_file).value_or(domain.last_uj);
    const std::uint64_t step =
        now >= domain.last_uj ? now - domain.last_uj : now + domain.range_uj - domain.last_uj;
    domain.last_uj = now;
    (domain.dram ? joules.dram_j : joules.package_j) += static_cast<double>(step) * 1e-6;
  }
  return joules;
}

std::string cpu_energy_status() { return CpuEnergyCounter().status(); }

}  // namespace fringe
