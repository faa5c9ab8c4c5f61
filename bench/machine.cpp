#include "bench/machine.hpp"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "core/thread_pool.hpp"
#include "photonics/mesh_kernel.hpp"

namespace fringe::bench {
namespace {

/// 12 independent chains of 64 steps: enough for two units of four cycles.
template <class Real, unsigned Bytes, std::size_t... I>
[[gnu::always_inline]] inline void multiply_add(Real* result, std::index_sequence<I...>) {
  using Vec __attribute__((vector_size(Bytes), aligned(sizeof(Real)))) = Real;
  Vec chain[sizeof...(I)];
  ((chain[I] = Vec{} + static_cast<Real>(I + 2)), ...);  // 1 would stay 1, and be computed at compile time
  const Vec factor = Vec{} + static_cast<Real>(0.999), step = Vec{} + static_cast<Real>(0.001);
  for (int repeat = 0; repeat < 100000; ++repeat) ((chain[I] = step + chain[I] * factor), ...);
  Vec sum{};
  ((sum += chain[I]), ...);
  *result = sum[0];
}

using Chains = std::make_index_sequence<12>;

template <class Real>
void chains_baseline(Real* result) {
  multiply_add<Real, 16>(result, Chains{});
}
#if defined(__x86_64__)
template <class Real>
[[gnu::target("avx2,fma")]] void chains_avx2(Real* result) {
  multiply_add<Real, 32>(result, Chains{});
}
template <class Real>
[[gnu::target("avx2,fma,avx512f")]] void chains_avx512(Real* result) {
  multiply_add<Real, 64>(result, Chains{});
}
#endif

template <class Real>
struct Peak {
  void (*chains)(Real*) = chains_baseline<Real>;
  double bytes = 16;

  explicit Peak([[maybe_unused]] const KernelSet& set = mesh_kernels()) {
#if defined(__x86_64__)
    if (&set == &mesh_kernels_avx2) {
      chains = chains_avx2<Real>;
      bytes = 32;
    } else if (&set == &mesh_kernels_avx512) {
      chains = chains_avx512<Real>;
      bytes = 64;
    }
#endif
  }
  void run() const {
    Real result;
    chains(&result);
    benchmark::DoNotOptimize(result);
  }
};

template <class Real>
double measure(const KernelSet& set = mesh_kernels()) {
  const Peak<Real> peak(set);
  const auto [best] = best_seconds(50, [&] { peak.run(); });
  return 2.0 * 12 * 100000 * peak.bytes / sizeof(Real) / best;
}

}  // namespace

const MachinePeak& machine_peak() {
  static const MachinePeak peak{measure<float>(), measure<double>()};
  return peak;
}

double single_peak_of(const KernelSet& set) { return measure<float>(set); }

double two_threads_peak() {
  static const double ratio = [] {
    const Peak<float> peak;
    ThreadPool pool(2);
    const auto [one_s, two_s] = best_seconds(
        100, [&] { peak.run(); }, [&] { pool.run(2, [&](std::size_t, unsigned) { peak.run(); }); });
    return 2 * one_s / two_s;
  }();
  return ratio;
}

double copy_bandwidth() {
  static const double rate = [] {
    constexpr std::size_t bytes = std::size_t{128} << 20;
    std::vector<char> from(bytes, 1), to(bytes, 2);
    const auto [best] = best_seconds(10, [&] {
      std::memcpy(to.data(), from.data(), bytes);
      benchmark::DoNotOptimize(to.data());
      benchmark::ClobberMemory();
    });
    return 2.0 * static_cast<double>(bytes) / best;
  }();
  return rate;
}

}  // namespace fringe::bench
