#include "electronic/nvml.hpp"

#include <dlfcn.h>

#include <array>
#include <cmath>
#include <memory>
#include <utility>

namespace fringe {
namespace {

// The part of the library's interface that is used, as its reference manual states it: no header of it need
// be installed.
using Device = void*;
constexpr int success = 0, clock_sm = 1, clock_memory = 2, temperature_gpu = 0;

struct Reason {
  std::uint64_t bit;
  const char* name;
};
// nvmlClocksEventReasons. That a board is idle holds nothing back.
constexpr std::uint64_t idle = 0x1;
constexpr std::array<Reason, 8> reasons{{{0x2, "clocks that were set"},
                                         {0x4, "power cap"},
                                         {0x8, "hardware slowdown"},
                                         {0x10, "synchronised boards"},
                                         {0x20, "temperature"},
                                         {0x40, "temperature, by hardware"},
                                         {0x80, "power brake"},
                                         {0x100, "clocks for the display"}}};

}  // namespace

// Functions that a driver may lack are null.
struct Nvml::Library {
  void* handle = nullptr;
  int (*init)() = nullptr;
  int (*shutdown)() = nullptr;
  const char* (*error_text)(int) = nullptr;
  int (*by_bus_id)(const char*, Device*) = nullptr;
  int (*clock)(Device, int, unsigned*) = nullptr;
  int (*temperature)(Device, int, unsigned*) = nullptr;
  int (*why_slow)(Device, unsigned long long*) = nullptr;
  int (*power)(Device, unsigned*) = nullptr;
  int (*energy)(Device, unsigned long long*) = nullptr;

  Library() = default;
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    if (handle) dlclose(handle);
  }
  template <class Function>
  bool load(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(handle, name));
    return function != nullptr;
  }
  std::string text(int code) const { return error_text ? error_text(code) : "error " + std::to_string(code); }
};

Nvml::Nvml(const std::string& pci_bus_id, const std::string& file) {
  auto library = std::make_unique<Library>();
  const std::string unknown = "joules of the GPU unknown: ";
  library->handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library->handle) {
    status_ = unknown + file + " is not among this machine's libraries";
    return;
  }
  library->load(library->error_text, "nvmlErrorString");
  for (const auto& [found, name] : {std::pair{library->load(library->init, "nvmlInit_v2"), "nvmlInit_v2"},
                                    {library->load(library->shutdown, "nvmlShutdown"), "nvmlShutdown"},
                                    {library->load(library->by_bus_id, "nvmlDeviceGetHandleByPciBusId_v2"),
                                     "nvmlDeviceGetHandleByPciBusId_v2"}})
    if (!found) {
      status_ = unknown + file + " has no " + name;
      return;
    }
  if (const int code = library->init(); code != success) {
    status_ = unknown + "NVML does not start: " + library->text(code);
    return;
  }
  if (const int code = library->by_bus_id(pci_bus_id.c_str(), &device_); code != success) {
    status_ = unknown + "NVML does not know the board " + pci_bus_id + ": " + library->text(code);
    library->shutdown();
    return;
  }
  library->load(library->clock, "nvmlDeviceGetClockInfo");
  library->load(library->temperature, "nvmlDeviceGetTemperature");
  // The newer name of one function.
  library->load(library->why_slow, "nvmlDeviceGetCurrentClocksEventReasons") ||
      library->load(library->why_slow, "nvmlDeviceGetCurrentClocksThrottleReasons");
  library->load(library->power, "nvmlDeviceGetPowerUsage");
  library->load(library->energy, "nvmlDeviceGetTotalEnergyConsumption");
  library_ = library.release();

  unsigned long long millijoules = 0;
  if (!library_->energy)
    status_ = unknown + "this driver's NVML has no nvmlDeviceGetTotalEnergyConsumption";
  else if (const int code = library_->energy(device_, &millijoules); code != success)
    status_ = unknown + "the board's counter can't be read: " + library_->text(code);
  else
    status_ = "NVML counts the joules of the board";
}

Nvml::~Nvml() {
  if (library_) library_->shutdown();
  delete library_;
}

std::optional<double> Nvml::energy_j() const {
  unsigned long long millijoules = 0;
  if (!library_ || !library_->energy || library_->energy(device_, &millijoules) != success)
    return std::nullopt;
  return 1e-3 * static_cast<double>(millijoules);
}

GpuConditions Nvml::conditions() const {
  GpuConditions now;
  if (!library_) return now;
  unsigned value = 0;
  if (library_->clock && library_->clock(device_, clock_sm, &value) == success) now.sm_clock_hz = 1e6 * value;
  if (library_->clock && library_->clock(device_, clock_memory, &value) == success)
    now.memory_clock_hz = 1e6 * value;
  if (library_->temperature && library_->temperature(device_, temperature_gpu, &value) == success)
    now.temperature_c = value;
  if (library_->power && library_->power(device_, &value) == success) now.power_w = 1e-3 * value;
  unsigned long long bits = 0;
  if (library_->why_slow && library_->why_slow(device_, &bits) == success) now.reasons = bits;
  return now;
}

std::string to_string(const GpuConditions& now) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
  const auto rounded = [](double x) { return std::to_string(std::llround(x)); };
  if (now.sm_clock_hz) add(rounded(1e-6 * *now.sm_clock_hz) + " MHz");
  if (now.memory_clock_hz) add("memory " + rounded(1e-6 * *now.memory_clock_hz) + " MHz");
  if (now.temperature_c) add(rounded(*now.temperature_c) + " °C");
  if (now.power_w) add(rounded(*now.power_w) + " W");
  if (now.reasons) {
    std::uint64_t rest = *now.reasons & ~idle;
    std::string held;
    for (const Reason& reason : reasons)
      if (rest & reason.bit) {
        held += std::string(held.empty() ? "" : ", ") + reason.name;
        rest &= ~reason.bit;
      }
    if (rest) held += std::string(held.empty() ? "" : ", ") + "a reason that is not listed";
    add(held.empty() ? "not held back" : "held back by: " + held);
  }
  return text.empty() ? "nothing known" : text;
}

}  // namespace fringe
