// Programming a unitary into a mesh, beside LAPACK's QR of the same matrix: both null N²/2 elements by
// unitary transformations, in 16/3·N³ real operations.
#include <benchmark/benchmark.h>

#include <cmath>
#include <complex>
#include <vector>

#include "bench/machine.hpp"
#include "core/units.hpp"
#include "photonics/haar.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/physical_mesh.hpp"

extern "C" void zgeqrf_(const int* m, const int* n, std::complex<double>* a, const int* lda,
                        std::complex<double>* tau, std::complex<double>* work, const int* lwork, int* info);

namespace {

using namespace fringe;

using Square = std::vector<std::complex<double>>;

/// By the closed form: two splitters of cos π/4 per MZI would already miss unitarity by N·2e-16.
Square matrix_of(const MeshLayout& layout, const PhaseProgram& program) {
  PhysicalMesh<double> mesh = realise<double>(layout, program, ideal_fabrication(layout));
  for (std::size_t k = 0; k < mesh.couplers.size(); ++k) {
    const double s = std::sin(program.theta[k] / 2), c = std::cos(program.theta[k] / 2);
    const std::complex<double> lower = std::complex<double>{0, 1} * std::polar(1.0, program.theta[k] / 2);
    const std::complex<double> upper = lower * std::polar(1.0, program.phi[k]);
    mesh.couplers[k] = {upper * s, lower * c, upper * c, -lower * s};
  }
  return transfer_matrix(layout, mesh);
}

/// ‖U′ − U‖_F/√N
double residual(const Topology& topology, const Square& u, std::size_t n) {
  const MeshLayout layout = topology.build(n);
  const Square realised = matrix_of(layout, topology.decompose({u.data(), n, n}));
  double square = 0;
  for (std::size_t i = 0; i < u.size(); ++i) square += std::norm(realised[i] - u[i]);
  return std::sqrt(square / static_cast<double>(n));
}

void measure(benchmark::State& state, const char* topology_name, const Square& u) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const Topology& topology = find_topology(topology_name);
  const auto program = [&] { benchmark::DoNotOptimize(topology.decompose({u.data(), n, n})); };
  const int order = static_cast<int>(n), work_size = 64 * order;
  Square a(n * n), tau(n), work(static_cast<std::size_t>(work_size));
  const auto qr = [&] {
    a = u;
    int info = 0;
    zgeqrf_(&order, &order, a.data(), &order, tau.data(), work.data(), &work_size, &info);
    benchmark::DoNotOptimize(info);
  };
  for (auto _ : state) program();
  const auto turns = bench::in_rounds(n > 500 ? 5 : n > 100 ? 20 : 200, program, qr);
  const double operations = 16.0 / 3 * static_cast<double>(n * n * n);
  state.counters["FLOP/s"] = {operations, benchmark::Counter::kIsIterationInvariantRate};
  state.counters["fma_share"] = operations / turns.seconds(0) / bench::fma_peak<double>();
  state.counters["zgeqrf_us"] = 1e6 * turns.seconds(1);
  state.counters["times_zgeqrf"] = turns.ratio(0, 1);
  if (n <= 512) state.counters["residual"] = residual(topology, u, n);
}

void measure_haar(benchmark::State& state, const char* topology) {
  const auto n = static_cast<std::size_t>(state.range(0));
  measure(state, topology, haar_unitary(n, Draw{.seed = 1, .purpose = Purpose::benchmark}));
}

void decompose(benchmark::State& state) { measure_haar(state, "rectangular"); }
void decompose_triangular(benchmark::State& state) { measure_haar(state, "triangular"); }

/// The matrix of eight columns of couplers of random phases: a band, and zeros.
void decompose_band(benchmark::State& state) {
  const MeshLayout layout = rectangular_layout(static_cast<std::size_t>(state.range(0)), 8);
  PhaseProgram program{std::vector<double>(layout.couplers.size()),
                       std::vector<double>(layout.couplers.size()), std::vector<double>(layout.modes)};
  fill_uniform(program.theta, Draw{.seed = 1, .purpose = Purpose::benchmark});
  for (double& theta : program.theta) theta *= pi;
  measure(state, "rectangular", matrix_of(layout, program));
}

BENCHMARK(decompose)->RangeMultiplier(2)->Range(8, 1024)->ArgName("modes")->Unit(benchmark::kMicrosecond);
BENCHMARK(decompose_triangular)
    ->RangeMultiplier(2)
    ->Range(8, 1024)
    ->ArgName("modes")
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(decompose_band)
    ->RangeMultiplier(8)
    ->Range(64, 512)
    ->ArgName("modes")
    ->Unit(benchmark::kMicrosecond);

}  // namespace
