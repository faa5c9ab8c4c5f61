// Counter-based random numbers.
#include <benchmark/benchmark.h>

#include <vector>

#include "core/draw.hpp"

namespace {

template <class Real>
void fill(benchmark::State& state, void (*draw)(std::span<Real>, const fringe::Draw&, std::uint64_t)) {
  std::vector<Real> numbers(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    draw(numbers, {.seed = 1, .purpose = fringe::Purpose::benchmark}, 0);
    benchmark::ClobberMemory();
  }
  const auto count = static_cast<std::int64_t>(state.iterations()) * state.range(0);
  state.SetItemsProcessed(count);
  state.SetBytesProcessed(count * static_cast<std::int64_t>(sizeof(Real)));
}

void fill_normal(benchmark::State& state) { fill<float>(state, fringe::fill_normal); }
void fill_uniform(benchmark::State& state) { fill<double>(state, fringe::fill_uniform); }

BENCHMARK(fill_normal)->Arg(1 << 14)->ArgName("numbers");
BENCHMARK(fill_uniform)->Arg(1 << 14)->ArgName("numbers");

}  // namespace
