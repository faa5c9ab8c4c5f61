#include "photonics/photonic_schedule.hpp"

#include <algorithm>
#include <array>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr double most_tasks = 4e6;

void check(const PhotonicScheduleOptions& o, std::span<const double> arrivals_s) {
  const auto refuse = [](const std::string& what) { throw Error("photonic schedule: " + what); };
  if (o.banks < 1 || o.banks > 2) refuse("banks = " + std::to_string(o.banks) + " must be 1 or 2");
  if (arrivals_s.empty()) refuse("takes at least one request");
  for (std::size_t i = 1; i < arrivals_s.size(); ++i)
    if (arrivals_s[i] < arrivals_s[i - 1])
      refuse("request " + std::to_string(i) + " arrives before the one in front of it");
}

class Builder {
 public:
  Builder(const PhotonicPricing& pricing, const std::vector<PricedWork>& items, std::span<const Work> work,
          const PhotonicScheduleOptions& options, PhotonicSchedule& schedule)
      : work_(work),
        items_(items),
        design_(pricing.design()),
        options_(options),
        cores_(design_.cores),
        programming_(cores_),
        memory_(cores_ + 1),
        digital_(cores_ + 2),
        sram_(cores_ + 3),
        link_(cores_ + 4),
        s_(schedule),
        on_core_(cores_) {
    for (std::size_t c = 0; c < cores_; ++c) resource("core " + std::to_string(c), 1);
    resource("programming", options.programming_channels == 0 ? cores_ : options.programming_channels);
    // Without overlap inputs, outputs and phases move beside each other, as the price lets them.
    resource("memory", options.overlap ? 1 : cores_ + 1);
    resource("digital", 1);
    resource("sram", 1);
    if (design_.chips == 1) return;
    resource("link out", design_.chips - 1);
    resource("link back", design_.chips - 1);
  }

  double tasks_of_request() const {
    double tasks = 0;
    for (const PricedWork& item : items_) tasks += 5 + 5 * item.tiles;
    return tasks;
  }

  void add_request(std::uint32_t request, double arrival_s) {
    request_ = request;
    arrival_s_ = arrival_s;
    std::vector<std::vector<int>> end(items_.size());
    const auto wait_for = [&](std::vector<int>& after, std::size_t before) {
      after.insert(after.end(), end[before].begin(), end[before].end());
    };
    for (std::size_t i = 0; i < items_.size(); ++i) {
      std::vector<int> after;
      if (options_.overlap)
        for (const int before : work_[i].after) wait_for(after, static_cast<std::size_t>(before));
      else if (i > 0)
        wait_for(after, i - 1);
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

  // Its last tasks.
  std::vector<int> add(std::size_t i, std::vector<int> after) {
    const PricedWork& item = items_[i];
    if (item.before_s > 0) after = {task(PhotonicStep::digital, digital_, item.before_s, after, i)};
    std::vector<int> ends;
    if (item.beside_s > 0) ends.push_back(task(PhotonicStep::digital, digital_, item.beside_s, after, i));
    if (item.sram_s > 0) ends.push_back(task(PhotonicStep::sram, sram_, item.sram_s, after, i));
    if (item.memory_s > 0) ends.push_back(task(PhotonicStep::memory, memory_, item.memory_s, after, i));
    const auto tiles = static_cast<std::size_t>(item.tiles);
    for (std::size_t t = 0; t < tiles; ++t) ends.push_back(add_tile(item, i, t, after));
    if (ends.empty()) ends = std::move(after);
    if (item.after_s == 0) return ends;
    return {task(PhotonicStep::digital, digital_, item.after_s, std::move(ends), i)};
  }

  int transfer(std::size_t link, double bytes, std::vector<int> after, std::size_t i, std::size_t t) {
    const double seconds = bytes / design_.chip_link.bytes_per_s + design_.chip_link.latency_s;
    return task(PhotonicStep::link, link, seconds, std::move(after), i, t);
  }

  int add_tile(const PricedWork& item, std::size_t i, std::size_t t, const std::vector<int>& after) {
    const std::size_t c =
        item.first_core + (item.resident ? t : turn_++) % std::max<std::size_t>(1, item.cores);
    Core& core = on_core_[c];
    const bool away = item.bytes_to > 0 && chip_of(c, design_) > 0;
    std::vector<int> ready = after;
    if (away) ready = {transfer(link_, item.bytes_to, std::move(ready), i, t)};
    if (!item.resident && item.fetch_s + item.program_s > 0) {
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
    }
    if (!item.resident && core.stream >= 0) ready.push_back(core.stream);
    const int stream = task(PhotonicStep::stream, c, item.stream_s, std::move(ready), i, t);
    if (!item.resident) {
      core.stream_before = core.stream;
      core.stream = stream;
    }
    return away ? transfer(link_ + 1, item.bytes_from, {stream}, i, t) : stream;
  }

  std::span<const Work> work_;
  const std::vector<PricedWork>& items_;
  const PhotonicDesign& design_;
  const PhotonicScheduleOptions& options_;
  std::size_t cores_, programming_, memory_, digital_, sram_, link_, turn_ = 0;
  std::uint32_t request_ = 0;
  double arrival_s_ = 0;
  PhotonicSchedule& s_;
  std::vector<Core> on_core_;
};

}  // namespace

std::string_view to_string(PhotonicStep step) noexcept {
  constexpr std::array<std::string_view, 7> names{"fetch", "program", "stream", "digital",
                                                  "link",  "sram",    "memory"};
  return names[static_cast<std::size_t>(step)];
}

double PhotonicSchedule::utilisation(std::size_t resource) const noexcept {
  const double time = times.makespan_s * static_cast<double>(servers[resource]);
  return time > 0 ? times.busy_s[resource] / time : 0;
}

PhotonicSchedule schedule_photonic(const PhotonicPricing& pricing, std::span<const Work> work,
                                   const PhotonicScheduleOptions& options,
                                   std::span<const double> arrivals_s) {
  check(options, arrivals_s);
  const std::vector<PricedWork> items = pricing.itemise(work, options.mapping);
  const std::size_t cores = pricing.design().cores;
  PhotonicSchedule s;
  Builder builder(pricing, items, work, options, s);
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
  for (const PricedWork& item : items)
    for (const Cost& part : item.parts) s.cost = then(s.cost, part);
  s.cost = repeat(pricing.with_static(s.cost, work), requests);
  s.cost.latency_s = s.times.makespan_s;
  s.cost.busy_s = {};
  for (std::size_t c = 0; c < cores; ++c)
    s.cost.busy(Resource::matrix_unit) += s.times.busy_s[c] / static_cast<double>(cores);
  const auto busy = [&](Resource resource, std::size_t behind_cores) {
    const std::size_t r = cores + behind_cores;
    s.cost.busy(resource) = s.times.busy_s[r] / static_cast<double>(s.servers[r]);
  };
  busy(Resource::programming, 0);
  busy(Resource::memory, 1);
  busy(Resource::digital, 2);
  if (pricing.design().chips > 1) {
    busy(Resource::link, 4);
    const double out = s.cost.busy(Resource::link);
    busy(Resource::link, 5);
    s.cost.busy(Resource::link) = std::max(out, s.cost.busy(Resource::link));
  }
  return s;
}

}  // namespace fringe
