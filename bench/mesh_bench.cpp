// Propagation through a rectangular mesh of random phases, beside what else one could do with the same mesh:
// a plain loop over its couplers, and BLAS with the matrix multiplied out beforehand.
#include <benchmark/benchmark.h>
#include <cblas.h>

#include <algorithm>
#include <array>
#include <complex>
#include <vector>

#include "bench/machine.hpp"
#include "core/aligned_vector.hpp"
#include "core/draw.hpp"
#include "core/units.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/imperfections.hpp"
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

/// As an executor's memory: else vectors are read and written in two lines, and threads write to lines that
/// they share.
template <class Real>
using Plane = AlignedVector<Real>;

template <class Real>
struct Scene {
  std::size_t modes, batch;
  MeshLayout layout;
  PhaseProgram program;
  FabricatedMesh chip;
  PhysicalMesh<double> mesh;
  Plane<Real> re, im, out_re, out_im;

  Scene(std::size_t n, std::size_t b)
      : modes(n),
        batch(b),
        layout(find_topology("rectangular").build(n)),
        program{uniform<double>(layout.couplers.size(), 0, pi),
                uniform<double>(layout.couplers.size(), 1, 2 * pi), uniform<double>(n, 2, 2 * pi)},
        chip(ideal_fabrication(layout)),
        mesh(realise<double>(layout, program, chip)),
        re(plane(n * b, 3)),
        im(plane(n * b, 4)),
        out_re(n * b),
        out_im(n * b) {}
  explicit Scene(const benchmark::State& state)
      : Scene(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1))) {}

  static Plane<Real> plane(std::size_t count, std::uint32_t site) {
    const std::vector<Real> numbers = uniform<Real>(count, site, 1);
    return {numbers.begin(), numbers.end()};
  }
  Fields<Real> in() { return {{re.data(), modes, batch}, {im.data(), modes, batch}}; }
  Fields<Real> out() { return {{out_re.data(), modes, batch}, {out_im.data(), modes, batch}}; }
  double mzi_vectors() const { return static_cast<double>(layout.couplers.size() * batch); }
};

/// An MZI turns one vector with 8 multiply-adds = 16 operations (28 in the textbook form, which no rate here
/// counts).
constexpr double operations_per_mzi_vector = 16;

/// The kernel alone, in Google Benchmark's own loop.
template <class Real>
void mesh_propagate(benchmark::State& state) {
  Scene<Real> s(state);
  const CompiledMesh<Real> mesh(s.layout, s.mesh);
  for (auto _ : state) {
    mesh.propagate(s.in(), s.out());
    benchmark::ClobberMemory();
  }
  const auto rate = benchmark::Counter::kIsIterationInvariantRate;
  state.counters["MZI*vectors/s"] = {s.mzi_vectors(), rate};
  state.counters["FLOP/s"] = {operations_per_mzi_vector * s.mzi_vectors(), rate};
}

template <class Real>
void mesh_recompile(benchmark::State& state) {
  Scene<Real> s(static_cast<std::size_t>(state.range(0)), 1);
  CompiledMesh<Real> mesh(s.layout, s.mesh);
  for (auto _ : state) mesh.recompile(s.mesh);
  state.counters["MZI/s"] = {s.mzi_vectors(), benchmark::Counter::kIsIterationInvariantRate};
}

template <class Real>
using Complexes = std::vector<std::complex<Real>>;

/// The loop that one writes first: array of complex numbers, coupler by coupler, batch contiguous.
template <class Real>
[[gnu::noinline]] void naive_propagate(const MeshLayout& layout, const PhysicalMesh<Real>& mesh,
                                       std::size_t batch, Complexes<Real>& x) {
  for (std::size_t i = 0; i < layout.couplers.size(); ++i) {
    const auto& t = mesh.couplers[i];
    std::complex<Real>* upper = &x[layout.couplers[i].upper * batch];
    std::complex<Real>* lower = &x[layout.couplers[i].lower * batch];
    for (std::size_t b = 0; b < batch; ++b) {
      const std::complex<Real> u = upper[b], l = lower[b];
      upper[b] = t[0] * u + t[1] * l;
      lower[b] = t[2] * u + t[3] * l;
    }
  }
  for (std::size_t m = 0; m < layout.modes; ++m)
    for (std::size_t b = 0; b < batch; ++b) x[m * batch + b] *= mesh.out[m];
}

/// y = matrix·x by BLAS, row-major; a matrix-vector product where the batch is 1.
template <class Real>
void blas_propagate(std::size_t modes, std::size_t batch, const Complexes<Real>& matrix,
                    const Complexes<Real>& x, Complexes<Real>& y) {
  const std::complex<Real> one = 1, zero = 0;
  const auto n = static_cast<int>(modes), b = static_cast<int>(batch);
  const auto product = [&](auto gemv, auto gemm) {
    if (b == 1)
      gemv(CblasRowMajor, CblasNoTrans, n, n, &one, matrix.data(), n, x.data(), 1, &zero, y.data(), 1);
    else
      gemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, b, n, &one, matrix.data(), n, x.data(), b, &zero,
           y.data(), b);
  };
  if constexpr (sizeof(Real) == 4)
    product(cblas_cgemv, cblas_cgemm);
  else
    product(cblas_zgemv, cblas_zgemm);
}

/// Several ways in turns: about a third of a second for all together, 5 … 101 rounds, each of as many calls
/// as fill `turn_s`.
template <class... Functions>
bench::Rounds<sizeof...(Functions)> in_turns_of(double turn_s, Functions&&... work) {
  const auto fill = [turn_s](auto& one) {
    one();  // warms caches
    return std::max(1, static_cast<int>(turn_s / bench::seconds(one)));
  };
  const std::array<int, sizeof...(Functions)> calls{fill(work)...};
  const double round_s = bench::seconds([&] { bench::in_rounds_of(calls, 1, work...); });
  return bench::in_rounds_of(calls, static_cast<int>(std::clamp(0.35 / round_s, 5.0, 101.0)), work...);
}

template <class... Functions>
bench::Rounds<sizeof...(Functions)> in_turns(Functions&&... work) {
  return in_turns_of(50e-6, work...);
}

/// For benchmarks of one iteration that time several ways in turns: the benchmark's own time is the mesh's.
template <class Real>
void report(benchmark::State& state, const Scene<Real>& s, double mesh_s, unsigned threads) {
  state.SetIterationTime(mesh_s);
  const double operations = operations_per_mzi_vector * s.mzi_vectors();
  state.counters["MZI*vectors/s"] = s.mzi_vectors() / mesh_s;
  state.counters["FLOP/s"] = operations / mesh_s;
  state.counters["fma_share"] = operations / mesh_s / threads / bench::fma_peak<Real>();
}

/// In turns: the mesh kernel, the naive loop, BLAS with the prebuilt matrix or one built first, and a plain
/// copy of the inputs to the outputs.
template <class Real>
void mesh_against(benchmark::State& state) {
  Scene<Real> s(state);
  const CompiledMesh<Real> mesh(s.layout, s.mesh);
  const PhysicalMesh<Real> plain = realise<Real>(s.layout, s.program, s.chip);
  Complexes<Real> matrix, x, y(s.modes * s.batch);
  for (const std::complex<double>& z : transfer_matrix(s.layout, s.mesh)) matrix.emplace_back(z);
  for (std::size_t i = 0; i < s.re.size(); ++i) x.emplace_back(s.re[i], s.im[i]);
  Complexes<Real> naive_x = x;
  std::vector<Real> built(2 * s.modes * s.modes);
  for (auto _ : state) {
    enum { mesh_way, naive, blas, build, copy };
    const auto turns = in_turns(
        [&] {
          mesh.propagate(s.in(), s.out());
          benchmark::ClobberMemory();
        },
        [&] {
          naive_propagate(s.layout, plain, s.batch, naive_x);
          benchmark::ClobberMemory();
        },
        [&] {
          blas_propagate(s.modes, s.batch, matrix, x, y);
          benchmark::ClobberMemory();
        },
        [&] {
          mesh.transmission(
              {{built.data(), s.modes, s.modes}, {built.data() + s.modes * s.modes, s.modes, s.modes}});
          benchmark::ClobberMemory();
        },
        [&] {
          std::copy(s.re.begin(), s.re.end(), s.out_re.begin());
          std::copy(s.im.begin(), s.im.end(), s.out_im.begin());
          benchmark::ClobberMemory();
        });
    report(state, s, turns.seconds(mesh_way), 1);
    state.counters["mesh_us"] = 1e6 * turns.seconds(mesh_way);
    const double fma_s = operations_per_mzi_vector * s.mzi_vectors() / bench::fma_peak<Real>();
    state.counters["fma_and_copy_share"] =
        turns.median_of([=](const auto& turn) { return (fma_s + turn[copy]) / turn[mesh_way]; });
    state.counters["copy_us"] = 1e6 * turns.seconds(copy);
    state.counters["naive_us"] = 1e6 * turns.seconds(naive);
    state.counters["blas_us"] = 1e6 * turns.seconds(blas);
    state.counters["faster_than_naive"] = turns.ratio(naive, mesh_way);
    state.counters["faster_than_blas"] = turns.ratio(blas, mesh_way);
    state.counters["faster_than_building_first"] =
        turns.median_of([](const auto& turn) { return (turn[build] + turn[blas]) / turn[mesh_way]; });
  }
  state.SetLabel("naive: std::complex, " FRINGE_BENCH_FLAGS
                 "; BLAS: prebuilt matrix, gemv at batch 1; medians of turns, 1 thread");
}

/// The kernel of one instruction set, `set` of those that this processor runs, with that set's own peak.
void mesh_of_set(benchmark::State& state) {
  const KernelSets sets = available_mesh_kernels();
  const auto set = static_cast<std::size_t>(state.range(2));
  if (set >= sets.count) return state.SkipWithError("no such instruction set here");
  Scene<float> s(state);
  const CompiledMesh<float> mesh(s.layout, s.mesh);
  for (auto _ : state) {
    const double mesh_s =
        in_turns([&] { mesh.propagate(s.in(), s.out(), nullptr, *sets.set[set]); }).seconds(0);
    report(state, s, mesh_s, 1);
    state.counters["fma_share"] =
        operations_per_mzi_vector * s.mzi_vectors() / mesh_s / bench::single_peak_of(*sets.set[set]);
  }
  state.SetLabel(sets.set[set]->isa);
}

/// `percent` of all couplers, chosen at random, at the cross state, where rows trade places, in turns with
/// the usual phases. Sixteen such meshes by turns: branches that one has taken don't foretell those of the
/// next.
template <class Real>
void mesh_exchanged(benchmark::State& state) {
  Scene<Real> s(state);
  const CompiledMesh<Real> usual(s.layout, s.mesh);
  const double share = static_cast<double>(state.range(2)) / 100;
  std::vector<CompiledMesh<Real>> meshes;
  for (std::uint32_t m = 0; m < 16; ++m) {
    const auto chosen = uniform<double>(s.program.theta.size(), 100 + m, 1);
    PhaseProgram program = s.program;
    for (std::size_t i = 0; i < chosen.size(); ++i)
      if (chosen[i] < share) program.theta[i] = 0;
    meshes.emplace_back(s.layout, realise<double>(s.layout, program, s.chip));
  }
  std::size_t next = 0;
  for (auto _ : state) {
    const auto turns = in_turns([&] { meshes[next++ % meshes.size()].propagate(s.in(), s.out()); },
                                [&] { usual.propagate(s.in(), s.out()); });
    report(state, s, turns.seconds(0), 1);
    state.counters["times_usual"] = turns.ratio(0, 1);
  }
}

/// All couplers near the cross state, so that every group of sweeps rescales its rows, in turns with the
/// usual phases.
template <class Real>
void mesh_rescaled(benchmark::State& state) {
  Scene<Real> s(state);
  const CompiledMesh<Real> usual(s.layout, s.mesh);
  for (double& theta : s.program.theta) theta *= 1e-3;
  const CompiledMesh<Real> mesh(s.layout, realise<double>(s.layout, s.program, s.chip));
  for (auto _ : state) {
    const auto turns =
        in_turns([&] { mesh.propagate(s.in(), s.out()); }, [&] { usual.propagate(s.in(), s.out()); });
    report(state, s, turns.seconds(0), 1);
    state.counters["times_usual"] = turns.ratio(0, 1);
  }
}

/// A mesh of twice the modes, in turns with one of `modes`.
template <class Real>
void mesh_growth(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(1));
  Scene<Real> s(state), twice(2 * s.modes, batch);
  const CompiledMesh<Real> mesh(s.layout, s.mesh), larger(twice.layout, twice.mesh);
  for (auto _ : state) {
    const auto turns = in_turns([&] { mesh.propagate(s.in(), s.out()); },
                                [&] { larger.propagate(twice.in(), twice.out()); });
    state.SetIterationTime(turns.seconds(0));
    state.counters["times_for_twice_the_modes"] = turns.ratio(1, 0);
  }
}

/// The mesh as a matrix, beside the product of two such matrices.
template <class Real>
void mesh_transmission(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  Scene<Real> s(n, n);
  const CompiledMesh<Real> mesh(s.layout, s.mesh);
  Complexes<Real> a, b, c(n * n);
  for (std::size_t i = 0; i < s.re.size(); ++i) {
    a.emplace_back(s.re[i], s.im[i]);
    b.emplace_back(s.im[i], s.re[i]);
  }
  for (auto _ : state) {
    enum { matrix, propagate, blas };
    const auto turns = in_turns(
        [&] {
          mesh.transmission(s.out());
          benchmark::ClobberMemory();
        },
        [&] {
          mesh.propagate(s.in(), s.out());
          benchmark::ClobberMemory();
        },
        [&] {
          blas_propagate(n, n, a, b, c);
          benchmark::ClobberMemory();
        });
    state.SetIterationTime(turns.seconds(matrix));
    state.counters["matrix_us"] = 1e6 * turns.seconds(matrix);
    state.counters["blas_us"] = 1e6 * turns.seconds(blas);
    state.counters["over_blas"] = turns.ratio(matrix, blas);
    state.counters["over_propagate"] = turns.ratio(matrix, propagate);
  }
  state.SetLabel("BLAS: gemm of the same size; medians of turns, 1 thread");
}

/// Two ways in turns: two threads, and one; 2 ms of calls in a row, so that a thread is woken once.
template <class Real>
void mesh_two_threads(benchmark::State& state) {
  Scene<Real> s(state);
  const CompiledMesh<Real> mesh(s.layout, s.mesh);
  ThreadPool pool(2);
  for (auto _ : state) {
    const auto turns = in_turns_of(
        2e-3, [&] { mesh.propagate(s.in(), s.out(), &pool); }, [&] { mesh.propagate(s.in(), s.out()); });
    report(state, s, turns.seconds(0), 2);
    state.counters["faster_than_one_thread"] = turns.ratio(1, 0);
    state.counters["peak_of_two_threads"] = bench::two_threads_peak();
  }
}

/// Forward and gradients of all phases of L = ½Σ|y|², in turns with the forward alone;
/// `slopes_times_forward`: where the gradient at the input is not wanted; `with_new_phases_us`: when the
/// phases have changed, as in every step of training.
template <class Real>
void mesh_gradient(benchmark::State& state) {
  Scene<Real> s(state);
  CompiledMesh<Real> mesh(s.layout, s.mesh);
  MeshGradient<Real> adjoint(s.layout);
  adjoint.set(s.program, s.chip);
  PhaseProgram gradient = s.program;
  Plane<Real> g_re(s.re.size()), g_im(s.im.size());
  const auto forward = [&] { mesh.propagate(s.in(), s.out()); };
  const auto step = [&] {
    forward();
    g_re = s.out_re;
    g_im = s.out_im;
    adjoint.backward(s.out(), {{g_re.data(), s.modes, s.batch}, {g_im.data(), s.modes, s.batch}}, gradient);
  };
  const auto slopes = [&] {
    forward();
    g_re = s.out_re;
    g_im = s.out_im;
    adjoint.slopes(s.out(), Fields<Real>{{g_re.data(), s.modes, s.batch}, {g_im.data(), s.modes, s.batch}},
                   gradient);
  };
  for (auto _ : state) {
    enum { whole, forward_alone, no_input, new_phases };
    const auto turns = in_turns(step, forward, slopes, [&] {
      realise(s.layout, s.program, s.chip, s.mesh);
      mesh.recompile(s.mesh);
      adjoint.set(s.mesh, s.chip);
      step();
    });
    const double step_s = turns.seconds(whole);
    state.SetIterationTime(step_s);
    state.counters["MZI*vectors/s"] = s.mzi_vectors() / step_s;
    state.counters["ns_per_MZI*vector"] = 1e9 * step_s / s.mzi_vectors();
    state.counters["times_forward"] = turns.ratio(whole, forward_alone);
    state.counters["slopes_times_forward"] = turns.ratio(no_input, forward_alone);
    state.counters["with_new_phases_us"] = 1e6 * turns.seconds(new_phases);
  }
}

/// Setting new phases, ahead of a forward and a backward pass [ns per coupler]: the three parts in turns.
template <class Real>
void mesh_new_phases(benchmark::State& state) {
  Scene<Real> s(static_cast<std::size_t>(state.range(0)), 1);
  CompiledMesh<Real> mesh(s.layout, s.mesh);
  MeshGradient<Real> adjoint(s.layout);
  for (auto _ : state) {
    const auto turns = in_turns([&] { realise(s.layout, s.program, s.chip, s.mesh); },
                                [&] { mesh.recompile(s.mesh); }, [&] { adjoint.set(s.mesh, s.chip); });
    const double ns = 1e9 / s.mzi_vectors();
    const double all_s = turns.median_of([](const auto& turn) { return turn[0] + turn[1] + turn[2]; });
    state.SetIterationTime(all_s);
    state.counters["ns_per_coupler"] = ns * all_s;
    state.counters["realise_ns"] = ns * turns.seconds(0);
    state.counters["recompile_ns"] = ns * turns.seconds(1);
    state.counters["gradient_ns"] = ns * turns.seconds(2);
  }
}

const std::vector<std::int64_t> sizes{8, 16, 32, 64, 128, 256, 512, 1024},
    other_batches{1, 16, 32, 1024, 4096};

/// All sizes at batch 128, other batches at 64 and 256 modes.
void axes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"modes", "batch"})->ArgsProduct({sizes, {128}})->ArgsProduct({{64, 256}, other_batches});
}
/// The function times itself, once per repetition.
void self_timed(benchmark::internal::Benchmark* b) {
  b->Iterations(1)->UseManualTime()->Unit(benchmark::kMicrosecond);
}

BENCHMARK(mesh_against<float>)->Apply(axes)->Apply(self_timed);
BENCHMARK(mesh_against<double>)->Apply(axes)->Apply(self_timed);
BENCHMARK(mesh_of_set)
    ->ArgNames({"modes", "batch", "set"})
    ->ArgsProduct({{64, 256, 512}, {128}, {0, 1, 2}})
    ->Apply(self_timed);
BENCHMARK(mesh_exchanged<float>)
    ->ArgNames({"modes", "batch", "percent"})
    ->ArgsProduct({{64, 256, 512}, {128}, {100, 50, 5}})
    ->Apply(self_timed);
BENCHMARK(mesh_rescaled<float>)
    ->ArgNames({"modes", "batch"})
    ->ArgsProduct({{64, 256, 512}, {128}})
    ->Apply(self_timed);
BENCHMARK(mesh_growth<float>)
    ->ArgNames({"modes", "batch"})
    ->ArgsProduct({{64, 128, 256, 512}, {128}})
    ->Apply(self_timed);
BENCHMARK(mesh_growth<double>)
    ->ArgNames({"modes", "batch"})
    ->ArgsProduct({{64, 128, 256, 512}, {128}})
    ->Apply(self_timed);
BENCHMARK(mesh_two_threads<float>)->Apply(axes)->Apply(self_timed);
BENCHMARK(mesh_two_threads<double>)->Apply(axes)->Apply(self_timed);
BENCHMARK(mesh_transmission<float>)
    ->ArgName("modes")
    ->ArgsProduct({{8, 16, 32, 64, 128, 256, 512, 1024}})
    ->Apply(self_timed);
BENCHMARK(mesh_transmission<double>)->ArgName("modes")->Arg(64)->Arg(256)->Apply(self_timed);
BENCHMARK(mesh_gradient<float>)
    ->ArgNames({"modes", "batch"})
    ->ArgsProduct({{64, 128, 256, 512}, {128, 1024}})
    ->Apply(self_timed);
BENCHMARK(mesh_gradient<double>)
    ->ArgNames({"modes", "batch"})
    ->ArgsProduct({{64, 128, 256, 512}, {128, 1024}})
    ->Apply(self_timed);
BENCHMARK(mesh_propagate<float>)->ArgNames({"modes", "batch"})->ArgsProduct({{64, 256}, {1, 128}});
BENCHMARK(mesh_propagate<double>)->ArgNames({"modes", "batch"})->ArgsProduct({{64, 256}, {1, 128}});
BENCHMARK(mesh_new_phases<float>)->Arg(64)->Arg(256)->ArgName("modes")->Apply(self_timed);
BENCHMARK(mesh_recompile<float>)->Arg(64)->Arg(256)->ArgName("modes");

}  // namespace
