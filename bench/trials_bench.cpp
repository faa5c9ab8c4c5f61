// Monte Carlo over imperfect chips: beside the same light through one chip as often, and
// beside the chips made one by one.
#include <benchmark/benchmark.h>

#include <vector>

#include "bench/machine.hpp"
#include "core/draw.hpp"
#include "core/units.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/mesh_trials.hpp"

namespace {

using namespace fringe;

constexpr std::uint32_t chips = 100;
const MeshImperfections noisy{.splitter_sigma_rad = 0.02, .phase_sigma_rad = 0.005};

std::vector<double> uniform(std::size_t count, std::uint32_t site) {
  std::vector<double> numbers(count);
  fill_uniform(numbers, Draw{.seed = 1, .purpose = Purpose::benchmark, .site = site});
  for (double& u : numbers) u *= 2 * pi;
  return numbers;
}

struct Scene {
  std::size_t modes, batch;
  MeshLayout layout;
  PhaseProgram program;
  std::vector<float> re, im;

  explicit Scene(const benchmark::State& state)
      : modes(static_cast<std::size_t>(state.range(0))),
        batch(static_cast<std::size_t>(state.range(1))),
        layout(find_topology("rectangular").build(modes)),
        program{uniform(layout.couplers.size(), 0), uniform(layout.couplers.size(), 1), uniform(modes, 2)},
        re(modes * batch),
        im(modes * batch) {
    fill_normal(re, Draw{.seed = 1, .purpose = Purpose::benchmark, .site = 3});
    fill_normal(im, Draw{.seed = 1, .purpose = Purpose::benchmark, .site = 4});
  }
  ConstFields<float> in() const { return {{re.data(), modes, batch}, {im.data(), modes, batch}}; }
};

void visit(std::uint32_t, ConstFields<float> out) { benchmark::DoNotOptimize(*out.re.data); }

void mesh_trials(benchmark::State& state) {
  const Scene s(state);
  const MeshTrials trials(s.layout, s.program, noisy, 1);
  const auto couplers = static_cast<double>(s.layout.couplers.size());
  for (auto _ : state) trials.run(0, chips, s.in(), visit);
  state.counters["MZI/s"] = {chips * couplers, benchmark::Counter::kIsIterationInvariantRate};

  const CompiledMesh<float> one(s.layout,
                                realise<double>(s.layout, s.program, fabricate(s.layout, noisy, 1, 0, 0)));
  std::vector<float> out_re(s.re.size()), out_im(s.im.size());
  const Fields<float> out{{out_re.data(), s.modes, s.batch}, {out_im.data(), s.modes, s.batch}};
  // Sixteen chips at a time, or eight, which no register of 64 bytes is used for: long enough to measure,
  // short enough to find a quiet moment.
  constexpr std::uint32_t few = 16, eight = 8;
  enum { sixteen, at_eight, propagated, plain };
  const auto turns = bench::in_rounds(
      s.modes > 256 ? 10 : 100, [&] { trials.run(0, few, s.in(), visit); },
      [&] { trials.run(0, eight, s.in(), visit); },
      [&] {
        for (std::uint32_t chip = 0; chip < eight; ++chip) {
          one.propagate(s.in(), out);
          benchmark::ClobberMemory();
        }
      },
      [&] {
        CompiledMesh<float>(s.layout,
                            realise<float>(s.layout, s.program, fabricate(s.layout, noisy, 1, 0, 0)))
            .propagate(s.in(), out);
      });
  state.counters["chip_us"] = 1e6 * turns.seconds(sixteen) / few;
  state.counters["propagate_us"] = 1e6 * turns.seconds(propagated) / eight;
  state.counters["times_propagate"] = turns.ratio(sixteen, propagated) * eight / few;
  const auto ns_per_coupler = [&](auto way, double count) {
    return 1e9 / couplers *
           turns.median_of([=](const auto& turn) { return turn[way] / count - turn[propagated] / eight; });
  };
  state.counters["ns_per_coupler"] = ns_per_coupler(sixteen, few);
  state.counters["ns_per_coupler_eight"] = ns_per_coupler(at_eight, eight);
  state.counters["faster_than_plain"] = turns.ratio(plain, sixteen) * few;
  state.SetLabel(
      "100 chips; ratios: 16 chips (8: eight) beside one compiled chip 8 times, medians of 100 turns (of "
      "large meshes 10), 1 thread");
}

void mesh_trials_all_threads(benchmark::State& state) {
  const Scene s(state);
  const MeshTrials trials(s.layout, s.program, noisy, 1);
  ThreadPool pool;
  for (auto _ : state) trials.run(0, chips, s.in(), visit, &pool);
  state.counters["MZI/s"] = {chips * static_cast<double>(s.layout.couplers.size()),
                             benchmark::Counter::kIsIterationInvariantRate};
}

BENCHMARK(mesh_trials)
    ->ArgsProduct({{16, 64, 256}, {1, 8, 16, 256}})
    ->ArgsProduct({{512, 1024}, {16}})
    ->ArgNames({"modes", "batch"})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(mesh_trials_all_threads)
    ->Args({64, 256})
    ->ArgNames({"modes", "batch"})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
