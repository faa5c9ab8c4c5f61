// What a sweep costs beside the work that it simulates. Goal: below 2 %, trace and checkpoints included.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>

#include "bench/paired.hpp"
#include "sim/photonic_study.hpp"
#include "sim/sweep.hpp"
#include "sim/sweep_hardware.hpp"

namespace {

using namespace fringe;

constexpr const char* text = R"(
chips = 1
[training]
epochs = 10
[photonic.light]
preset = "realistic"
[electronic]
cpu = false
[sweep]
replicas = 2
cases = ["corrected"]
[sweep.axes]
"photonic.light.splitting_sigma_rad" = { from = 0.005, to = 0.08, points = 40, scale = "log" }
)";

double wall_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
double processor_s() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// The same chips and prices by themselves: networks trained once for each seed, nothing planned, kept or
/// written.
void bare(const SweepPlan& plan, ThreadPool& pool) {
  Observer silent;
  for (std::size_t r = 0; r < plan.sweep.replicas; ++r) {
    const Experiment e = plan.experiment(0, r);
    Study study(e, pool, silent);
    study.keep_folds(e.chips);
    study.train_floating();
    for (std::size_t p = 0; p < plan.points.size(); ++p) {
      const Experiment here = plan.experiment(p, r);
      const Study at(study, here, pool, silent);
      benchmark::DoNotOptimize(run_chip(at, here.photonic[0], main_cases(at, here.photonic[0])[1], 0));
      if (r == 0) benchmark::DoNotOptimize(photonic_cost(at, here.photonic[0], "light"));
    }
  }
}

/// Digits on 16 modes: 40 points with 2 seeds on one thread; overhead: the share that the sweep takes beyond
/// the bare work, median over pairs of turns, of time and of the processor's time, which neighbours disturb
/// less.
void sweep_overhead(benchmark::State& state) {
  const auto trace =
      std::filesystem::temp_directory_path() / ("fringe_sweep_" + std::to_string(getpid()) + ".h5");
  ThreadPool pool(1);
  Observer silent;
  const auto whole = [&] {
    std::filesystem::remove(trace);
    const SweepFile file = parse_sweep(text, "bench");
    const SweepPlan plan = plan_sweep(file, points_of(file));
    benchmark::DoNotOptimize(run_sweep(plan, pool, silent, trace.string()));
  };
  const SweepFile file = parse_sweep(text, "bench");
  const SweepPlan plan = plan_sweep(file, points_of(file));
  bare(plan, pool);
  for (auto _ : state) whole();
  const auto overhead = [&](double (*now)()) {
    const auto seconds_of = [&](const auto& act) {
      const double start = now();
      act();
      return now() - start;
    };
    return bench::judge(bench::in_turns(
        7, [&] { return seconds_of(whole); }, [&] { return seconds_of([&] { bare(plan, pool); }); }));
  };
  const bench::Verdict wall = overhead(wall_s), processor = overhead(processor_s);
  std::filesystem::remove(trace);
  state.counters["overhead"] = wall.ratio - 1;
  state.counters["spread"] = wall.spread;
  state.counters["processor_overhead"] = processor.ratio - 1;
  state.counters["processor_spread"] = processor.spread;
  state.counters["runs/s"] =
      benchmark::Counter(static_cast<double>(plan.runs()), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(sweep_overhead)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
