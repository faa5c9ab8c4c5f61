// The photonic matrix product against the same product on the processor, and the whole comparison end to end.
#include <benchmark/benchmark.h>
#include <cblas.h>
#include <unistd.h>

#include <filesystem>

#include "bench/machine.hpp"
#include "core/draw.hpp"
#include "electronic/cpu_blas.hpp"
#include "photonics/photonic_accelerator.hpp"
#include "sim/compare.hpp"

namespace {

using namespace fringe;

std::vector<float> normals(std::size_t count, std::uint32_t site) {
  std::vector<float> values(count);
  fill_normal(values, Draw{1, Purpose::benchmark, 0, site});
  return values;
}

enum class Imperfect { no, but_for_phase, all };

/// all: everything of the realistic preset. but_for_phase: splitters, phases held and their bits, insertion
/// loss; the laser's intensity, shot noise, amplifier, dark current; DACs and ADCs. Light stays in phase: no
/// phase noise of the laser, no light at the modulators' null.
PhotonicSetup setup(Imperfect imperfect, std::size_t modes) {
  PhotonicSetup s;
  s.design = find_photonic_preset("realistic").design;
  s.design.modes = modes;
  s.design.cores = 1 << 20;
  if (imperfect != Imperfect::no) s.effects = effects_of(s.design);
  if (imperfect == Imperfect::but_for_phase) s.effects.phase_variance = s.effects.modulator_imbalance = 0;
  return s;
}

/// y = W·x, W[M×K] on cores of 64 modes; times_blas: over cblas_sgemm of that shape in the same run, one
/// thread both.
void photonic_matmul(benchmark::State& state, Imperfect imperfect) {
  const auto size = static_cast<std::size_t>(state.range(0)),
             batch = static_cast<std::size_t>(state.range(1));
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const auto w = normals(size * size, 0), x = normals(size * batch, 1);
  std::vector<float> y(size * batch);
  PhotonicAccelerator light(setup(imperfect, 64), *cpu, pool);
  const auto electrons = make_cpu_blas(*cpu, pool);
  std::unique_ptr<ProgrammedMatrix> mesh;
  const double programming_s = bench::seconds([&] { mesh = light.program({w.data(), size, size}, 0); });
  const auto blas = electrons->program({w.data(), size, size}, 0);
  const ConstMatrix in(x.data(), size, batch);
  const Matrix out(y.data(), size, batch);
  for (auto _ : state) {
    mesh->forward(in, out, {});
    benchmark::ClobberMemory();
  }
  const auto turns = bench::in_rounds(
      25, [&] { mesh->forward(in, out, {}); }, [&] { blas->forward(in, out, {}); });
  const double n = static_cast<double>(size), b = static_cast<double>(batch);
  const double tiles = static_cast<double>(Tiling{size, size, 64}.tiles());
  state.counters["MZI*vectors/s"] =
      benchmark::Counter(tiles * 64 * 63 * b, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["FLOP/s"] = benchmark::Counter(2 * n * n * b, benchmark::Counter::kIsIterationInvariantRate);
  state.counters["times_blas"] = turns.ratio(0, 1);
  state.counters["programming_s"] = programming_s;
  // It picks its kernel by names of processors, and may not know this one.
  state.SetLabel(std::string("sgemm: ") + openblas_get_corename());
}
BENCHMARK_CAPTURE(photonic_matmul, ideal, Imperfect::no)
    ->ArgsProduct({{64, 256}, {64, 256}})
    ->Args({1024, 256})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(photonic_matmul, noisy_quantised, Imperfect::but_for_phase)
    ->ArgsProduct({{64, 256}, {64, 256}})
    ->Args({1024, 256})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(photonic_matmul, imperfect, Imperfect::all)
    ->ArgsProduct({{64, 256}, {64, 256}})
    ->Args({1024, 256})
    ->Unit(benchmark::kMillisecond);

/// The default comparison, start to finish; goal: 30 s.
void compare_end_to_end(benchmark::State& state) {
  const auto trace =
      std::filesystem::temp_directory_path() / ("fringe_bench_" + std::to_string(getpid()) + ".h5");
  const Experiment experiment = parse_experiment(default_experiment_text(), "built-in experiment");
  ThreadPool pool;
  Observer silent;
  for (auto _ : state) benchmark::DoNotOptimize(compare(experiment, pool, silent, trace.string()));
  std::filesystem::remove(trace);
}
BENCHMARK(compare_end_to_end)->Iterations(1)->Unit(benchmark::kSecond)->UseRealTime();

}  // namespace
