// When the parts of a priced list run on a system of photonic cores: uploads, light, digital steps and
// transfers as tasks that wait for each other and for what they need (core/task_schedule.hpp).
//
// A tile that stays in its core is light alone. Another is fetched from memory and programmed at once, then
// streamed; its core holds `banks` sets of phases, so that with two the next tile is programmed while one
// computes. The digital unit works on a product's operands while they stream, and has its last two cycles
// behind them, as in the price. Cores are dealt out to chips in order; what one on another chip than the
// first has read crosses the link behind its light.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/task_schedule.hpp"
#include "photonics/photonic_pricing.hpp"

namespace fringe {

struct PhotonicScheduleOptions {
  Mapping mapping;
  /// Pieces of work wait for those that they depend on, and tiles are programmed ahead of their inputs.
  /// False: one piece after the other, one bank, and memory as wide as the price has it; one core then takes
  /// exactly the price's latency.
  bool overlap = true;
  std::size_t banks = 2;                 ///< 1 or 2
  std::size_t programming_channels = 0;  ///< cores that take phases at once; 0: all
  std::size_t chips = 1;                 ///< at most the cores
  double link_bytes_per_s = 0;           ///< into the first chip; positive where there are more
};

enum class PhotonicStep { fetch, program, stream, digital, link };
std::string_view to_string(PhotonicStep step) noexcept;

struct PhotonicTask {
  PhotonicStep step;
  std::uint32_t work, tile, request;  ///< tile: number within the piece of work
};

struct PhotonicSchedule {
  std::vector<Task> tasks;
  std::vector<PhotonicTask> what;      ///< of each task
  std::vector<std::string> resources;  ///< "core 0", …, "programming", "memory", "digital", "link"
  std::vector<std::size_t> servers;    ///< of each resource
  TaskSchedule times;
  ScheduleBounds bounds;
  std::vector<double> latency_s;  ///< of each request: from its arrival to its last task
  /// Joules of all requests, static watts of the system; latency and busy times are those of the schedule,
  /// the matrix unit's a mean over cores.
  Cost cost;

  double utilisation(std::size_t resource) const noexcept;
};

/// The list once for each arrival, in order; earlier requests go first wherever they wait for the same.
/// Throws Error where an option is out of range, arrivals fall, or the schedule has more than four million
/// tasks.
PhotonicSchedule schedule_photonic(const PhotonicPricing& pricing, std::span<const Work> work,
                                   const PhotonicScheduleOptions& options,
                                   std::span<const double> arrivals_s = std::vector<double>{0.0});

/// The light of a published system alone: its digital side and its memory are not published, so they take no
/// time here, and the schedule is a lower bound. Matrices are cut into tiles of rows×inner, each of
/// `wavelengths` columns a symbol, as if every one were full; a homodyne array takes tiles of rows×inner
/// results, along whose terms time runs. Weights stay as options.mapping has it by default. The cost has the
/// power of the devices that its source breaks down. Throws Error as above, and where sources give no clock
/// or no time for new weights.
PhotonicSchedule schedule_photonic(const PhotonicSystem& system, std::span<const Work> work,
                                   const PhotonicScheduleOptions& options,
                                   std::span<const double> arrivals_s = std::vector<double>{0.0});

}  // namespace fringe
