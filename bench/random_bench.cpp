// Counter-based random numbers.
#include <benchmark/benchmark.h>

#include <vector>

#include "bench/machine.hpp"
#include "core/draw.hpp"

namespace {

template <class Real>
void fill(benchmark::State& state, void (*draw)(std::span<Real>, const fringe::Draw&, std::uint64_t)) {
  std::vector<Real> numbers(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    draw(numbers, {.seed = 1, .purpose = fringe::Purpose::benchmark}, 0);
    benchmark::ClobberMemory();
  }
  const auto [best] = fringe::bench::best_seconds(
      100, [&] { draw(numbers, {.seed = 1, .purpose = fringe::Purpose::benchmark}, 0); });
  const double each = best / static_cast<double>(state.range(0));
  state.counters["ns_per_number"] = 1e9 * each;
  // As many could be done in that time: a number's price in multiply-adds of single precision.
  state.counters["multiply_adds"] = each * fringe::bench::machine_peak().single / 2;
  const auto count = static_cast<std::int64_t>(state.iterations()) * state.range(0);
  state.SetItemsProcessed(count);
  state.SetBytesProcessed(count * static_cast<std::int64_t>(sizeof(Real)));
}

void fill_normal(benchmark::State& state) { fill<float>(state, fringe::fill_normal); }
void fill_uniform(benchmark::State& state) { fill<double>(state, fringe::fill_uniform); }

BENCHMARK(fill_normal)->Arg(1 << 14)->ArgName("numbers");
BENCHMARK(fill_uniform)->Arg(1 << 14)->ArgName("numbers");

}  // namespace
