// When the parts of a priced list run on a system of photonic cores: uploads, light, digital steps and
// transfers as tasks that wait for each other and for what they need (core/task_schedule.hpp).
//
// A tile that stays in its core is light alone. Another is fetched from memory and programmed at once, then
// streamed; its core holds `banks` sets of phases, so that with two the next tile is programmed while one
// computes. While a product streams, the digital unit works on its operands, memory on the chip reads inputs
// and reads and writes partial sums, and memory beside it brings and takes what enters and leaves: each a
// task of its own that competes for its resource. The digital unit has its last two cycles behind the light,
// as in the price. Of a core on another chip than the first, inputs cross the link ahead of its light and
// readings behind it; a transfer keeps its direction of the link for the latency as well.
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
};

/// fetch: phases from memory. sram, memory: activations on the chip, and from and to memory beside it.
enum class PhotonicStep { fetch, program, stream, digital, link, sram, memory };
std::string_view to_string(PhotonicStep step) noexcept;

struct PhotonicTask {
  PhotonicStep step;
  std::uint32_t work, tile, request;  ///< tile: number within the piece of work
};

struct PhotonicSchedule {
  std::vector<Task> tasks;
  std::vector<PhotonicTask> what;  ///< of each task
  /// "core 0", …, "programming", "memory", "digital", "sram"; of several chips "link out", "link back" too
  std::vector<std::string> resources;
  std::vector<std::size_t> servers;  ///< of each resource
  TaskSchedule times;
  ScheduleBounds bounds;
  std::vector<double> latency_s;  ///< of each request: from its arrival to its last task
  /// Joules of all requests, static watts of the system; latency and busy times are those of the schedule,
  /// the matrix unit's a mean over cores.
  Cost cost;

  double utilisation(std::size_t resource) const noexcept;
};

/// The list once for each arrival, in order; earlier requests go first wherever they wait for the same.
/// Chips and link are those of the design. Throws Error where an option is out of range, arrivals fall, or
/// the schedule has more than four million tasks.
PhotonicSchedule schedule_photonic(const PhotonicPricing& pricing, std::span<const Work> work,
                                   const PhotonicScheduleOptions& options,
                                   std::span<const double> arrivals_s = std::vector<double>{0.0});

}  // namespace fringe
