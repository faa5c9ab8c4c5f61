// Scheduling of tasks. Goal: a million tasks a second, so that a network's timeline takes no longer than its
// file; and no worse than n log n.
#include <benchmark/benchmark.h>

#include <cmath>

#include "core/draw.hpp"
#include "core/task_schedule.hpp"
#include "photonics/photonic_schedule.hpp"

namespace fringe {
namespace {

/// `n` tasks on four resources of 16 servers, each waiting for up to two of the hundred in front of it.
std::vector<Task> random_tasks(std::size_t n) {
  const DrawStream stream = stream_of({.seed = 1, .purpose = Purpose::benchmark});
  std::uint64_t element = 0;
  const auto below = [&](std::size_t limit) { return random_bits(stream, element++) % limit; };
  std::vector<Task> tasks(n);
  for (std::size_t i = 0; i < n; ++i) {
    tasks[i].resource = below(4);
    tasks[i].seconds = 1 + static_cast<double>(below(1000)) / 1000;
    for (std::size_t k = 0; k < 2 && i > 0; ++k)
      tasks[i].after.push_back(static_cast<int>(i - 1 - below(std::min<std::size_t>(i, 100))));
  }
  return tasks;
}

void rates(benchmark::State& state, std::size_t tasks) {
  const auto n = static_cast<double>(tasks);
  const auto count = static_cast<double>(state.iterations()) * n;
  state.counters["tasks/s"] = benchmark::Counter(count, benchmark::Counter::kIsRate);
  // Seconds for each n·log₂n: level where the cost is n log n.
  state.counters["s/(n log n)"] =
      benchmark::Counter(count * std::log2(n), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void schedule_random(benchmark::State& state) {
  const std::vector<Task> tasks = random_tasks(static_cast<std::size_t>(state.range(0)));
  const std::vector<std::size_t> servers(4, 16);
  for (auto _ : state) benchmark::DoNotOptimize(schedule_tasks(tasks, servers).makespan_s);
  rates(state, tasks.size());
}
BENCHMARK(schedule_random)->RangeMultiplier(8)->Range(1 << 9, 1 << 21)->Unit(benchmark::kMillisecond);

/// One product whose tiles are programmed one after the other: the whole way, from a list to a timeline.
void schedule_tiles(benchmark::State& state) {
  PhotonicDesign design = find_photonic_preset("realistic").design;
  const PhotonicPricing pricing(design, find_memory("hbm2e"), TrainingScheme::reprogram);
  Work w;
  w.weight = 0;
  w.inner = 1024;
  w.rows = static_cast<std::size_t>(state.range(0)) * design.modes * design.modes / w.inner;
  w.columns = 100;
  std::size_t tasks = 0;
  for (auto _ : state) tasks = schedule_photonic(pricing, std::span(&w, 1), {}).tasks.size();
  rates(state, tasks);
}
BENCHMARK(schedule_tiles)->RangeMultiplier(8)->Range(1 << 9, 1 << 18)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace fringe
