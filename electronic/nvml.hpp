// What an NVIDIA board tells of itself while it works: clocks, temperature, what holds it back, watts and
// joules, through NVML (https://docs.nvidia.com/deploy/nvml-api/), which comes with the driver and is loaded
// at run time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace fringe {

/// What the board is like now; a field is empty where the driver doesn't tell it.
struct GpuConditions {
  std::optional<double> sm_clock_hz, memory_clock_hz, temperature_c, power_w;
  std::optional<std::uint64_t> reasons;  ///< NVML's bits: why the clocks are not higher
};

/// "1980 MHz, memory 2619 MHz, 61 °C, 540 W, held back by: power cap"; "nothing known" where all is empty.
std::string to_string(const GpuConditions& conditions);

/// One board. Not copyable; calls are not concurrent.
class Nvml {
 public:
  /// The board at a PCI address as CUDA tells it ("0000:3b:00.0"). Never throws for a machine without
  /// library, driver or board: status() says so then, and nothing else is known.
  explicit Nvml(const std::string& pci_bus_id, const std::string& library = "libnvidia-ml.so.1");
  ~Nvml();
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  /// One sentence: whether joules are counted, or why not.
  const std::string& status() const noexcept { return status_; }
  /// The whole board's joules since the driver was loaded (Volta and later), memory and idle power included;
  /// empty where they aren't counted.
  std::optional<double> energy_j() const;
  GpuConditions conditions() const;

 private:
  struct Library;
  Library* library_ = nullptr;
  void* device_ = nullptr;
  std::string status_;
};

/// Joules of one execution by a counter that moves in steps of tens of milliseconds: work runs on, and what
/// lies between two of its steps at least `least_s` apart is divided by the executions between them. round()
/// executes some work, waits for it and returns how often; read() is the counter, now() seconds. Empty where
/// the counter isn't there, or stands still for `most_s` and two rounds, which may be longer.
template <class Round, class Read, class Now>
std::optional<double> joules_each(Round&& round, Read&& read, Now&& now, double least_s = 0.3,
                                  double most_s = 1.5) {
  std::optional<double> last = read();
  double from_j = 0, from_s = 0, executions = 0;
  bool started = false;
  const double begin = now();
  for (int rounds = 0; last && (rounds < 2 || now() - begin < most_s); ++rounds) {
    executions += static_cast<double>(round());
    const std::optional<double> joules = read();
    if (!joules) return std::nullopt;
    if (*joules == *last) continue;
    last = joules;
    const double time = now();
    if (!started) {
      started = true;
      from_j = *joules;
      from_s = time;
      executions = 0;
    } else if (time - from_s >= least_s) {
      return (*joules - from_j) / executions;
    }
  }
  return std::nullopt;
}

}  // namespace fringe
