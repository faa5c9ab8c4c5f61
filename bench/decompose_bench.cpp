// Programming a unitary into a rectangular mesh, beside LAPACK's QR of the same matrix: both null N²/2
// elements by unitary transformations, in 16/3·N³ real operations.
#include <benchmark/benchmark.h>

#include <complex>
#include <vector>

#include "bench/machine.hpp"
#include "photonics/decompose.hpp"
#include "photonics/haar.hpp"

extern "C" void zgeqrf_(const int* m, const int* n, std::complex<double>* a, const int* lda,
                        std::complex<double>* tau, std::complex<double>* work, const int* lwork, int* info);

namespace {

using namespace fringe;

void decompose(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const std::vector<std::complex<double>> u = haar_unitary(n, Draw{.seed = 1, .purpose = Purpose::benchmark});
  const auto program = [&] { benchmark::DoNotOptimize(decompose_rectangular({u.data(), n, n})); };
  const int order = static_cast<int>(n), work_size = 64 * order;
  std::vector<std::complex<double>> a(n * n), tau(n), work(static_cast<std::size_t>(work_size));
  const auto qr = [&] {
    a = u;
    int info = 0;
    zgeqrf_(&order, &order, a.data(), &order, tau.data(), work.data(), &work_size, &info);
    benchmark::DoNotOptimize(info);
  };
  for (auto _ : state) program();
  const auto [program_s, qr_s] = bench::best_seconds(n > 100 ? 3 : 20, program, qr);
  const double cube = static_cast<double>(n * n * n);
  state.counters["FLOP/s"] = {16.0 / 3 * cube, benchmark::Counter::kIsIterationInvariantRate};
  state.counters["fma_share"] = 16.0 / 3 * cube / program_s / bench::fma_peak<double>();
  state.counters["zgeqrf_us"] = 1e6 * qr_s;
  state.counters["times_zgeqrf"] = program_s / qr_s;
}

BENCHMARK(decompose)->RangeMultiplier(2)->Range(16, 256)->ArgName("modes")->Unit(benchmark::kMicrosecond);

}  // namespace
