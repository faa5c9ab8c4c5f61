// Propagation through a rectangular mesh of random phases, beside what else one could do with the same mesh:
// a plain loop over its couplers, and BLAS with the matrix multiplied out beforehand.
#include <benchmark/benchmark.h>
#include <cblas.h>

#include <complex>
#include <ctime>
#include <string>
#include <vector>

#include "bench/machine.hpp"
#include "core/draw.hpp"
#include "core/units.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/mesh_gradient.hpp"

namespace {

using namespace fringe;

template <class Real>
std::vector<Real> uniform(std::size_t count, std::uint32_t site, double scale) {
  std::vector<double> numbers(count);
  fill_uniform(numbers, Draw{.seed = 1, .purpose = Purpose::benchmark, .site = site});
  std::vector<Real> scaled;
  for (const double u : numbers) scaled.push_back(static_cast<Real>(scale * u));
  return scaled;
}

template <class Real>
struct Scene {
  std::size_t modes, batch;
  MeshLayout layout;
  PhaseProgram program;
  FabricatedMesh chip;
  PhysicalMesh<double> mesh;
  std::vector<Real> re, im, out_re, out_im;

  Scene(std::size_t n, std::size_t b)
      : modes(n),
        batch(b),
        layout(find_topology("rectangular").build(n)),
        program{uniform<double>(layout.couplers.size(), 0, pi),
                uniform<double>(layout.couplers.size(), 1, 2 * pi), uniform<double>(n, 2, 2 * pi)},
        chip(ideal_fabrication(layout)),
        mesh(realise<double>(layout, program, chip)),
        re(uniform<Real>(n * b, 3, 1)),
        im(uniform<Real>(n * b, 4, 1)),
        out_re(n * b),
        out_im(n * b) {}
  explicit Scene(const benchmark::State& state)
      : Scene(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1))) {}

  Fields<Real> in() { return {{re.data(), modes, batch}, {im.data(), modes, batch}}; }
  Fields<Real> out() { return {{out_re.data(), modes, batch}, {out_im.data(), modes, batch}}; }
  double mzi_vectors() const { return static_cast<double>(layout.couplers.size() * batch); }
};

/// An MZI turns one vector with 8 multiply-adds = 16 operations (28 in the textbook form, which no rate here
/// counts).
constexpr double operations_per_mzi_vector = 16;

/// Runs `work` as the benchmark and reports its rates; fma_share is the share of the multiply-add peak of
/// `threads`.
template <class Real, class Work>
void measure(benchmark::State& state, const Scene<Real>& s, unsigned threads, Work&& work) {
  const std::clock_t start = std::clock();
  const double wall = bench::seconds([&] {
    for (auto _ : state) {
      work();
      benchmark::ClobberMemory();
    }
  });
  const double cpu = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  const double operations = operations_per_mzi_vector * s.mzi_vectors();
  state.counters["MZI*vectors/s"] = {s.mzi_vectors(), rate};
  state.counters["FLOP/s"] = {operations, rate};
  state.counters["fma_share"] = operations * static_cast<double>(state.iterations()) /
                                (threads == 1 ? cpu : wall * threads) / bench::fma_peak<Real>();
}

template <class Real>
void mesh_propagate(benchmark::State& state) {
  Scene<Real> s(state);
  const CompiledMesh<Real> mesh(s.layout, s.mesh);
  measure(state, s, 1, [&] { mesh.propagate(s.in(), s.out()); });
}

void mesh_propagate_all_threads(benchmark::State& state) {
  Scene<float> s(state);
  const CompiledMesh<float> mesh(s.layout, s.mesh);
  ThreadPool pool;
  measure(state, s, pool.size(), [&] { mesh.propagate(s.in(), s.out(), &pool); });
}

template <class Real>
void mesh_recompile(benchmark::State& state) {
  Scene<Real> s(static_cast<std::size_t>(state.range(0)), 1);
  CompiledMesh<Real> mesh(s.layout, s.mesh);
  for (auto _ : state) mesh.recompile(s.mesh);
  state.counters["MZI/s"] = {s.mzi_vectors(), benchmark::Counter::kIsIterationInvariantRate};
}

template <class Real>
void mesh_backward(benchmark::State& state) {
  Scene<Real> s(state);
  MeshGradient<Real> mesh(s.layout);
  mesh.set(s.program, s.chip);
  PhaseProgram gradient = s.program;
  for (auto _ : state) {
    mesh.backward(s.in(), s.out(), gradient);
    benchmark::ClobberMemory();
  }
  state.counters["MZI*vectors/s"] = {s.mzi_vectors(), benchmark::Counter::kIsIterationInvariantRate};
}

using Complexes = std::vector<std::complex<float>>;

/// The loop that one writes first: array of complex numbers, coupler by coupler, batch contiguous.
[[gnu::noinline]] void naive_propagate(const MeshLayout& layout, const PhysicalMesh<float>& mesh,
                                       std::size_t batch, Complexes& x) {
  for (std::size_t i = 0; i < layout.couplers.size(); ++i) {
    const auto& t = mesh.couplers[i];
    std::complex<float>* upper = &x[layout.couplers[i].upper * batch];
    std::complex<float>* lower = &x[layout.couplers[i].lower * batch];
    for (std::size_t b = 0; b < batch; ++b) {
      const std::complex<float> u = upper[b], l = lower[b];
      upper[b] = t[0] * u + t[1] * l;
      lower[b] = t[2] * u + t[3] * l;
    }
  }
  for (std::size_t m = 0; m < layout.modes; ++m)
    for (std::size_t b = 0; b < batch; ++b) x[m * batch + b] *= mesh.out[m];
}

/// One benchmark, three ways in turns; its own time is the mesh kernel's.
void mesh_against_naive_and_cgemm(benchmark::State& state) {
  Scene<float> s(state);
  const CompiledMesh<float> mesh(s.layout, s.mesh);
  const PhysicalMesh<float> single = realise<float>(s.layout, s.program, s.chip);
  Complexes matrix, x, y(s.modes * s.batch);
  for (const std::complex<double>& z : transfer_matrix(s.layout, s.mesh)) matrix.emplace_back(z);
  for (std::size_t i = 0; i < s.re.size(); ++i) x.emplace_back(s.re[i], s.im[i]);
  Complexes naive_x = x;
  const std::complex<float> one = 1, zero = 0;
  const auto n = static_cast<int>(s.modes), b = static_cast<int>(s.batch);
  const auto propagate = [&] {
    mesh.propagate(s.in(), s.out());
    benchmark::ClobberMemory();
  };
  const auto naive = [&] {
    naive_propagate(s.layout, single, s.batch, naive_x);
    benchmark::ClobberMemory();
  };
  const auto cgemm = [&] {
    cblas_cgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, b, n, &one, matrix.data(), n, x.data(), b,
                &zero, y.data(), b);
    benchmark::ClobberMemory();
  };
  measure(state, s, 1, propagate);
  const auto [mesh_s, naive_s, cgemm_s] = bench::best_seconds(30, propagate, naive, cgemm);
  state.counters["mesh_us"] = 1e6 * mesh_s;
  state.counters["naive_us"] = 1e6 * naive_s;
  state.counters["cgemm_us"] = 1e6 * cgemm_s;
  state.counters["faster_than_naive"] = naive_s / mesh_s;
  state.counters["faster_than_cgemm"] = cgemm_s / mesh_s;
  state.SetLabel("naive: std::complex<float>, " FRINGE_BENCH_FLAGS
                 "; cgemm: prebuilt matrix; best of 30, 1 thread");
}

const std::vector<std::vector<std::int64_t>> shapes{{16, 32, 64, 128, 256}, {1, 16, 128, 1024}};
BENCHMARK(mesh_propagate<float>)->ArgsProduct(shapes)->ArgNames({"modes", "batch"});
BENCHMARK(mesh_propagate<double>)->ArgsProduct(shapes)->ArgNames({"modes", "batch"});
BENCHMARK(mesh_propagate_all_threads)
    ->ArgsProduct({{64, 256}, {1024}})
    ->ArgNames({"modes", "batch"})
    ->UseRealTime();
BENCHMARK(mesh_against_naive_and_cgemm)
    ->ArgsProduct({{64, 256}, {128, 1024}})
    ->Args({64, 16})
    ->ArgNames({"modes", "batch"});
BENCHMARK(mesh_recompile<float>)->Arg(64)->Arg(256)->ArgName("modes");
BENCHMARK(mesh_backward<float>)->ArgsProduct({{64, 256}, {128}})->ArgNames({"modes", "batch"});
BENCHMARK(mesh_backward<double>)->ArgsProduct({{64}, {128}})->ArgNames({"modes", "batch"});

}  // namespace
