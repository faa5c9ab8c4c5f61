// Our products on the processor against bare cblas_sgemm of the same shapes and threads: prepared ones, which
// are what a price of the processor times, and the same behind the interface of every accelerator.
#include <benchmark/benchmark.h>
#include <cblas.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "bench/machine.hpp"
#include "bench/paired_report.hpp"
#include "core/draw.hpp"
#include "core/prepared_product.hpp"
#include "core/tensor.hpp"
#include "electronic/cpu_blas.hpp"
#include "electronic/format_error.hpp"
#include "electronic/format_matrix.hpp"

namespace {

/// In the memory where a price and a network have them.
struct Operands {
  std::size_t rows, cols, batch;
  fringe::ThreadPool pool{1};
  std::unique_ptr<fringe::Executor> cpu = fringe::make_cpu_executor(pool);
  fringe::Buffer<float> w, x, y;
  explicit Operands(const benchmark::State& state)
      : rows(static_cast<std::size_t>(state.range(0))),
        cols(static_cast<std::size_t>(state.range(1))),
        batch(static_cast<std::size_t>(state.range(2))),
        w(normals(rows * cols, 0)),
        x(normals(cols * batch, 1)),
        y(*cpu, rows * batch) {}

 private:
  fringe::Buffer<float> normals(std::size_t count, std::uint32_t site) {
    fringe::Buffer<float> out(*cpu, count);
    fringe::fill_normal(out.span(),
                        fringe::Draw{.seed = 1, .purpose = fringe::Purpose::benchmark, .site = site});
    return out;
  }
};

double flops(const Operands& o) {
  return 2.0 * static_cast<double>(o.rows) * static_cast<double>(o.cols) * static_cast<double>(o.batch);
}
double bytes(const Operands& o) { return 4.0 * static_cast<double>(o.w.size() + o.x.size() + o.y.size()); }

void report_rate(benchmark::State& state, const Operands& o) {
  state.counters["FLOP/s"] = benchmark::Counter(flops(o), benchmark::Counter::kIsIterationInvariantRate);
}

/// The library's own call as its careful user writes it: sizes are made the library's outside the loop.
struct Bare {
  int rows, cols, batch;
  const float *w, *x;
  float* y;
  Bare(Operands& o, const float* weights)
      : rows(static_cast<int>(o.rows)),
        cols(static_cast<int>(o.cols)),
        batch(static_cast<int>(o.batch)),
        w(weights),
        x(o.x.data()),
        y(o.y.data()) {}
};
void sgemm(const Bare& b) {
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, b.rows, b.batch, b.cols, 1, b.w, b.cols, b.x,
              b.batch, 0, b.y, b.batch);
}
void sgemv(const Bare& b) {
  cblas_sgemv(CblasRowMajor, CblasNoTrans, b.rows, b.cols, 1, b.w, b.cols, b.x, 1, 0, b.y, 1);
}

void sgemm_bare(benchmark::State& state) {
  Operands o(state);
  openblas_set_num_threads(1);
  const Bare bare(o, o.w.data());
  for (auto _ : state) {
    sgemm(bare);
    benchmark::ClobberMemory();
  }
  report_rate(state, o);
}

void run(benchmark::State& state, const Operands& o, fringe::ProgrammedMatrix& matrix,
         const fringe::Buffer<float>& y) {
  for (auto _ : state) {
    matrix.forward({o.x.data(), o.cols, o.batch}, {y.data(), o.rows, o.batch}, {});
    benchmark::ClobberMemory();
  }
  report_rate(state, o);
}

void cpu_blas(benchmark::State& state) {
  Operands o(state);
  fringe::ThreadPool pool(static_cast<unsigned>(state.range(3)));
  const auto cpu = fringe::make_cpu_executor(pool);
  const auto blas = fringe::make_cpu_blas(*cpu, pool);
  run(state, o, *blas->program({o.w.data(), o.rows, o.cols}, 0), o.y);
}

/// Two calls of as many threads in turns. A turn is the best of three runs of enough calls for 0.2 ms, each
/// with the stack elsewhere, after 2 ms that aren't timed. OpenBLAS's threads keep looking for work after a
/// call, for more than 80 ms, and take a processor meanwhile: with two threads, both sides wait until all
/// sleep.
template <class Ours, class Peer>
fringe::bench::Verdict compare(int threads, int our_blas_threads, const Ours& ours, const Peer& peer) {
  constexpr int rounds = 40, runs = 3;
  constexpr double enough_s = 2e-4;
  // The second processor of a virtual machine, halted in between, takes milliseconds to come back; the pool
  // doesn't wait for it, a threaded BLAS does.
  const double warm_s = threads > 1 ? 2e-2 : 2e-3;
  ours();
  ours();
  const int calls = std::max(1, static_cast<int>(enough_s / fringe::bench::seconds(ours)));
  std::size_t our_runs = 0, peer_runs = 0;  // both sides stand at the same depths
  const auto turn = [&](int blas_threads, const auto& once, std::size_t& run) {
    if (threads > 1) std::this_thread::sleep_for(std::chrono::milliseconds(200));
    openblas_set_num_threads(blas_threads);
    for (double warm = 0; warm < warm_s;) warm += fringe::bench::seconds(once);
    double best = 1e300;
    for (int i = 0; i < runs; ++i)
      best = std::min(best, fringe::bench::deeper(fringe::bench::depth_of(run++), [&] {
                        return fringe::bench::seconds([&] {
                          for (int k = 0; k < calls; ++k) once();
                        });
                      }));
    return best / calls;
  };
  const auto turns = fringe::bench::in_turns(
      rounds, [&] { return turn(our_blas_threads, ours, our_runs); },
      [&] { return turn(threads, peer, peer_runs); });
  openblas_set_num_threads(1);
  return fringe::bench::judge(turns);
}

void report(benchmark::State& state, const Operands& o, const fringe::bench::Verdict& v) {
  const auto threads = static_cast<double>(state.range(3));
  fringe::bench::report(state, v);
  state.counters["fma_share"] = flops(o) / v.ours_s / fringe::bench::fma_peak<float>() / threads;
  state.counters["copy_share"] = bytes(o) / v.ours_s / fringe::bench::copy_bandwidth();
}

/// A product of ours and the bare call on the same weights, inputs and results; views and sizes are made
/// outside the loop on both sides. `make` gives the call from the pool and the programmed matrix.
template <void (*call)(const Bare&), class Make>
void against(benchmark::State& state, const Make& make) {
  Operands o(state);
  const auto threads = static_cast<int>(state.range(3));
  fringe::ThreadPool pool(static_cast<unsigned>(threads));
  const auto cpu = fringe::make_cpu_executor(pool);
  const auto blas = fringe::make_cpu_blas(*cpu, pool);
  const auto matrix = blas->program({o.w.data(), o.rows, o.cols}, 0);
  const fringe::ConstMatrix x{o.x.data(), o.cols, o.batch};
  const fringe::Matrix y{o.y.data(), o.rows, o.batch};
  const auto product = make(pool, *matrix);
  const auto ours = [&] {
    product(x, y);
    benchmark::ClobberMemory();
  };
  const Bare bare(o, matrix->parameters().data());
  const auto peer = [&] {
    call(bare);
    benchmark::ClobberMemory();
  };
  for (auto _ : state) report(state, o, compare(threads, 1, ours, peer));
}

fringe::PreparedProduct prepared(fringe::ThreadPool& pool, fringe::ProgrammedMatrix& matrix) {
  return {pool, {matrix.parameters().data(), matrix.rows(), matrix.cols()}};
}
auto by_interface(fringe::ThreadPool&, fringe::ProgrammedMatrix& matrix) {
  return [&matrix, context = fringe::Context()](const fringe::ConstMatrix& x, const fringe::Matrix& y) {
    matrix.forward(x, y, context);
  };
}

/// The bare call against itself, from two places of the program: what the comparison must call the same.
void bare_twice(benchmark::State& state) {
  Operands o(state);
  const auto threads = static_cast<int>(state.range(3));
  const Bare bare(o, o.w.data());
  const auto once = [&] {
    sgemm(bare);
    benchmark::ClobberMemory();
  };
  const auto again = [&] {
    sgemm(bare);
    benchmark::ClobberMemory();
  };
  for (auto _ : state) report(state, o, compare(threads, threads, once, again));
}

/// One sample through ever other weights, so that none lies in a cache: their bytes against a copy's.
void from_memory(benchmark::State& state) {
  constexpr std::size_t together = std::size_t{256} << 20;
  Operands o(state);
  fringe::ThreadPool pool(1);
  const auto cpu = fringe::make_cpu_executor(pool);
  const auto blas = fringe::make_cpu_blas(*cpu, pool);
  std::vector<std::unique_ptr<fringe::ProgrammedMatrix>> matrices;
  for (std::size_t held = 0; held < together; held += 4 * o.w.size())
    matrices.push_back(blas->program({o.w.data(), o.rows, o.cols}, 0));
  std::size_t next = 0;
  for (auto _ : state) {
    matrices[next]->forward({o.x.data(), o.cols, o.batch}, {o.y.data(), o.rows, o.batch}, {});
    next = next + 1 == matrices.size() ? 0 : next + 1;
    benchmark::ClobberMemory();
  }
  report_rate(state, o);
  state.counters["copy_share"] = benchmark::Counter(bytes(o) / fringe::bench::copy_bandwidth(),
                                                    benchmark::Counter::kIsIterationInvariantRate);
}

void emulated(benchmark::State& state) {
  Operands o(state);
  const auto format = static_cast<fringe::Format>(state.range(3));
  state.SetLabel(std::string(fringe::row_of(format).name));
  fringe::ThreadPool pool(1);
  const auto cpu = fringe::make_cpu_executor(pool);
  const fringe::ConstMatrix w{o.w.data(), o.rows, o.cols};
  run(state, o, *fringe::make_format_matrix(w, format, *cpu, pool), o.y);
  const fringe::FormatError error =
      fringe::format_error(format, w, {o.x.data(), o.cols, o.batch}, {o.y.data(), o.rows, o.batch});
  state.counters["error"] = error.relative;
  state.counters["share_of_bound"] = error.share_of_bound;
}

// A digit classifier's layers, and large ones; batch 1 and a training batch.
const std::vector<std::vector<std::int64_t>> shapes{{64, 64, 1},       {10, 64, 128},   {64, 64, 128},
                                                    {256, 784, 128},   {1024, 1024, 1}, {1024, 1024, 128},
                                                    {1024, 1024, 1024}};

void every_shape(benchmark::internal::Benchmark* b) {
  b->ArgNames({"rows", "cols", "batch"});
  for (const auto& shape : shapes) b->Args(shape);
}
void every_shape_and_threads(benchmark::internal::Benchmark* b) {
  b->ArgNames({"rows", "cols", "batch", "threads"});
  for (const std::int64_t threads : {1, 2})
    for (auto shape : shapes) {
      shape.push_back(threads);
      b->Args(shape);
    }
}
void one_vector_and_threads(benchmark::internal::Benchmark* b) {
  b->ArgNames({"rows", "cols", "batch", "threads"});
  for (const std::int64_t threads : {1, 2})
    for (auto shape : shapes)
      if (shape.back() == 1) {
        shape.push_back(threads);
        b->Args(shape);
      }
}
void every_format(benchmark::internal::Benchmark* b) {
  b->ArgNames({"rows", "cols", "batch", "format"});
  for (const fringe::FormatRow& row : fringe::number_formats())
    b->Args({256, 784, 128, static_cast<int>(row.format)});
}

BENCHMARK(sgemm_bare)->Apply(every_shape);
BENCHMARK(cpu_blas)->Apply(every_shape_and_threads)->UseRealTime();
void against_bare(benchmark::State& state) { against<sgemm>(state, prepared); }
void interface_against_bare(benchmark::State& state) { against<sgemm>(state, by_interface); }
BENCHMARK(against_bare)
    ->Apply(every_shape_and_threads)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(interface_against_bare)
    ->Apply(every_shape_and_threads)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(bare_twice)
    ->Apply(every_shape_and_threads)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
/// One vector: the library has a call for it that its careful user would take.
void against_bare_sgemv(benchmark::State& state) { against<sgemv>(state, prepared); }
BENCHMARK(against_bare_sgemv)
    ->Apply(one_vector_and_threads)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(from_memory)->ArgNames({"rows", "cols", "batch"})->Args({256, 784, 1})->Args({1024, 1024, 1});
BENCHMARK(emulated)->Apply(every_format);

}  // namespace
