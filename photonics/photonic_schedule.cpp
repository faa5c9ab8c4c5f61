#include "photonics/photonic_schedule.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr double bytes_per_reading = 2;
constexpr double most_tasks = 4e6;

void check(const PhotonicScheduleOptions& o, std::size_t cores, std::span<const double> arrivals_s) {
  const auto refuse = [](const std::string& what) { throw Error("photonic schedule: " + what); };
  if (o.banks < 1 || o.banks > 2) refuse("banks = " + std::to_string(o.banks) + " must be 1 or 2");
  if (o.chips < 1 || o.chips > cores)
    refuse("chips = " + std::to_string(o.chips) + " must lie in 1 … " + std::to_string(cores) +
           ", the cores");
  if (o.chips > 1 && !(o.link_bytes_per_s > 0 && std::isfinite(o.link_bytes_per_s)))
    refuse("link_bytes_per_s = " + std::to_string(o.link_bytes_per_s) +
           " must be positive where there is more than one chip");
  if (arrivals_s.empty()) refuse("takes at least one request");
  for (std::size_t i = 1; i < arrivals_s.size(); ++i)
    if (arrivals_s[i] < arrivals_s[i - 1])
      refuse("request " + std::to_string(i) + " arrives before the one in front of it");
}

/// What is scheduled, and on what.
struct Machine {
  std::vector<PricedWork> items;
  std::size_t cores;
  double readings;  ///< of a core, per vector
  Cost once;        ///< joules of the list, and static watts
};

class Builder {
 public:
  Builder(const Machine& machine, std::span<const Work> work, const PhotonicScheduleOptions& options,
          PhotonicSchedule& schedule)
      : work_(work),
        items_(machine.items),
        options_(options),
        readings_(machine.readings),
        cores_(machine.cores),
        programming_(cores_),
        memory_(cores_ + 1),
        digital_(cores_ + 2),
        link_(cores_ + 3),
        s_(schedule),
        on_core_(cores_) {
    for (std::size_t c = 0; c < cores_; ++c) resource("core " + std::to_string(c), 1);
    resource("programming", options.programming_channels == 0 ? cores_ : options.programming_channels);
    // Without overlap inputs, outputs and phases move beside each other, as the price lets them.
    resource("memory", options.overlap ? 1 : cores_);
    resource("digital", 1);
    if (options.chips > 1) resource("link", 1);
  }

  double tasks_of_request() const {
    double tasks = 0;
    for (const PricedWork& item : items_) tasks += 3 + 4 * item.tiles;
    return tasks;
  }

  void add_request(std::uint32_t request, double arrival_s) {
    request_ = request;
    arrival_s_ = arrival_s;
    std::vector<int> end(items_.size());
    for (std::size_t i = 0; i < items_.size(); ++i) {
      std::vector<int> after;
      if (options_.overlap)
        for (const int before : work_[i].after) after.push_back(end[static_cast<std::size_t>(before)]);
      else if (i > 0)
        after.push_back(end[i - 1]);
      end[i] = add(i, after);
    }
  }

 private:
  /// What a core did last, so that tiles come and go in order.
  struct Core {
    int program = -1, stream = -1, stream_before = -1;
  };

  void resource(std::string name, std::size_t servers) {
    s_.resources.push_back(std::move(name));
    s_.servers.push_back(servers);
  }

  int task(PhotonicStep step, std::size_t resource, double seconds, std::vector<int> after, std::size_t work,
           std::size_t tile = 0) {
    s_.tasks.push_back({resource, seconds, std::move(after), arrival_s_, request_});
    s_.what.push_back({step, static_cast<std::uint32_t>(work), static_cast<std::uint32_t>(tile), request_});
    return static_cast<int>(s_.tasks.size()) - 1;
  }

  // Its last task.
  int add(std::size_t i, std::vector<int> after) {
    const PricedWork& item = items_[i];
    if (item.before_s > 0) after = {task(PhotonicStep::digital, digital_, item.before_s, after, i)};
    std::vector<int> ends;
    if (item.beside_s > 0) ends.push_back(task(PhotonicStep::digital, digital_, item.beside_s, after, i));
    const auto tiles = static_cast<std::size_t>(item.tiles);
    for (std::size_t t = 0; t < tiles; ++t) ends.push_back(add_tile(item, i, t, after));
    if (ends.empty()) ends = std::move(after);
    return task(PhotonicStep::digital, digital_, item.after_s, std::move(ends), i);
  }

  int add_tile(const PricedWork& item, std::size_t i, std::size_t t, const std::vector<int>& after) {
    const std::size_t c =
        item.first_core + (item.resident ? t : turn_++) % std::max<std::size_t>(1, item.cores);
    Core& core = on_core_[c];
    std::vector<int> ready = after;
    if (!item.resident) {
      // Weights are known ahead, operands that the digital unit prepares are not.
      std::vector<int> free;
      if (!options_.overlap || item.before_s > 0) free = after;
      const bool two = options_.overlap && options_.banks == 2;
      for (const int before : {core.program, two ? core.stream_before : core.stream})
        if (before >= 0) free.push_back(before);
      const int fetch = task(PhotonicStep::fetch, memory_, item.fetch_s, free, i, t);
      core.program = task(PhotonicStep::program, programming_, item.program_s, std::move(free), i, t);
      ready.push_back(fetch);
      ready.push_back(core.program);
      if (core.stream >= 0) ready.push_back(core.stream);
    }
    const int stream = task(PhotonicStep::stream, c, item.stream_s, std::move(ready), i, t);
    if (!item.resident) {
      core.stream_before = core.stream;
      core.stream = stream;
    }
    if (c * options_.chips / cores_ == 0) return stream;
    const double bytes = readings_ * item.columns * bytes_per_reading;
    return task(PhotonicStep::link, link_, bytes / options_.link_bytes_per_s, {stream}, i, t);
  }

  std::span<const Work> work_;
  const std::vector<PricedWork>& items_;
  const PhotonicScheduleOptions& options_;
  double readings_;
  std::size_t cores_, programming_, memory_, digital_, link_, turn_ = 0;
  std::uint32_t request_ = 0;
  double arrival_s_ = 0;
  PhotonicSchedule& s_;
  std::vector<Core> on_core_;
};

PhotonicSchedule run(const Machine& machine, std::span<const Work> work,
                     const PhotonicScheduleOptions& options, std::span<const double> arrivals_s) {
  const std::size_t cores = machine.cores;
  check(options, cores, arrivals_s);
  PhotonicSchedule s;
  Builder builder(machine, work, options, s);
  const auto requests = static_cast<double>(arrivals_s.size());
  if (builder.tasks_of_request() * requests > most_tasks)
    throw Error(
        "photonic schedule: " + std::to_string(static_cast<long>(builder.tasks_of_request())) +
        " tasks for each of " + std::to_string(arrivals_s.size()) +
        " requests are more than four million; take fewer requests, larger tiles or a smaller workload");
  for (std::size_t r = 0; r < arrivals_s.size(); ++r)
    builder.add_request(static_cast<std::uint32_t>(r), arrivals_s[r]);
  s.times = schedule_tasks(s.tasks, s.servers);
  s.bounds = schedule_bounds(s.tasks, s.servers);

  s.latency_s.assign(arrivals_s.size(), 0);
  for (std::size_t i = 0; i < s.tasks.size(); ++i) {
    double& latency = s.latency_s[s.what[i].request];
    latency = std::max(latency, s.times.finish_s[i] - arrivals_s[s.what[i].request]);
  }
  s.cost = repeat(machine.once, requests);
  s.cost.latency_s = s.times.makespan_s;
  s.cost.busy_s = {};
  for (std::size_t c = 0; c < cores; ++c)
    s.cost.busy(Resource::matrix_unit) += s.times.busy_s[c] / static_cast<double>(cores);
  const std::array behind_cores{Resource::programming, Resource::memory, Resource::digital};
  for (std::size_t k = 0; k < behind_cores.size(); ++k)
    s.cost.busy(behind_cores[k]) = s.times.busy_s[cores + k] / static_cast<double>(s.servers[cores + k]);
  return s;
}

double ceil_divide(std::size_t a, std::size_t b) { return static_cast<double>((a + b - 1) / b); }

/// How long a core of a published system takes to hold other weights. Converters of Albireo's weights run at
/// the rate of its symbols, and both operands of a homodyne array are symbols.
struct WeightTime {
  std::string_view system;
  double seconds;
};
constexpr std::array<WeightTime, 5> weight_times{{
    {"pace", 1 / 10e6},  // S. Hua et al., Nature 640, 361 (2025): weight modulators run at 10 MHz
    {"albireo-conservative", 0},
    {"albireo-moderate", 0},
    {"albireo-aggressive", 0},
    {"tfln-homodyne-256", 0},
}};

std::vector<PricedWork> light_of(const PhotonicSystem& system, std::span<const Work> work) {
  const auto weights = std::ranges::find(weight_times, system.name, &WeightTime::system);
  if (system.clock_hz == 0 || weights == weight_times.end())
    throw Error("photonic system '" + system.name + "': the sources at hand give no " +
                (system.clock_hz == 0 ? "clock" : "time for new weights") +
                ", so nothing can be scheduled on it");
  const bool array = system.multiplier == Multiplier::homodyne_array;
  std::vector<PricedWork> items(work.size());
  std::map<int, double> tiles_of_weight;
  for (std::size_t i = 0; i < work.size(); ++i) {
    const Work& w = work[i];
    if (w.kind != Work::Kind::product) continue;
    const std::size_t outputs = w.transposed ? w.inner : w.rows, inputs = w.transposed ? w.rows : w.inner;
    PricedWork& item = items[i];
    item.tiles = static_cast<double>(w.groups) * ceil_divide(outputs, system.rows) *
                 ceil_divide(array ? w.columns : inputs, system.inner);
    item.cores = system.cores;
    item.columns = static_cast<double>(array ? system.inner : w.columns);
    item.program_s = weights->seconds;
    item.stream_s =
        (array ? static_cast<double>(inputs) : ceil_divide(w.columns, system.wavelengths)) / system.clock_hz;
    if (w.weight >= 0) tiles_of_weight[w.weight] = item.tiles;
  }
  double distinct = 0;
  std::map<int, double> first_core;
  for (const auto& [weight, tiles] : tiles_of_weight) {
    first_core[weight] = distinct;
    distinct += tiles;
  }
  if (!array && distinct <= static_cast<double>(system.cores))
    for (std::size_t i = 0; i < work.size(); ++i)
      if (work[i].kind == Work::Kind::product && work[i].weight >= 0) {
        items[i].resident = true;
        items[i].first_core = static_cast<std::size_t>(first_core[work[i].weight]);
      }
  return items;
}

}  // namespace

std::string_view to_string(PhotonicStep step) noexcept {
  constexpr std::array<std::string_view, 5> names{"fetch", "program", "stream", "digital", "link"};
  return names[static_cast<std::size_t>(step)];
}

double PhotonicSchedule::utilisation(std::size_t resource) const noexcept {
  const double time = times.makespan_s * static_cast<double>(servers[resource]);
  return time > 0 ? times.busy_s[resource] / time : 0;
}

PhotonicSchedule schedule_photonic(const PhotonicPricing& pricing, std::span<const Work> work,
                                   const PhotonicScheduleOptions& options,
                                   std::span<const double> arrivals_s) {
  Machine machine{pricing.itemise(work, options.mapping),
                  pricing.design().cores,
                  static_cast<double>(pricing.design().modes),
                  {}};
  for (const PricedWork& item : machine.items)
    for (const Cost& part : item.parts) machine.once = then(machine.once, part);
  machine.once = pricing.with_static(machine.once);
  return run(machine, work, options, arrivals_s);
}

PhotonicSchedule schedule_photonic(const PhotonicSystem& system, std::span<const Work> work,
                                   const PhotonicScheduleOptions& options,
                                   std::span<const double> arrivals_s) {
  if (options.mapping.stationary != Stationary::weights)
    throw Error("photonic system '" + system.name +
                "': its own mapping is the only one; stationary must be weights");
  return run(
      {light_of(system, work), system.cores, static_cast<double>(system.rows), power_of(system.devices)},
      work, options, arrivals_s);
}

}  // namespace fringe
