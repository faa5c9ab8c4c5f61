// Our products on the processor against bare cblas_sgemm of the same shapes, one thread each.
#include <benchmark/benchmark.h>
#include <cblas.h>

#include <vector>

#include "core/draw.hpp"
#include "electronic/cpu_blas.hpp"
#include "electronic/format_matrix.hpp"

namespace {

std::vector<float> normals(std::size_t count, std::uint32_t site) {
  std::vector<float> out(count);
  fringe::fill_normal(out, fringe::Draw{.seed = 1, .purpose = fringe::Purpose::benchmark, .site = site});
  return out;
}

struct Operands {
  std::size_t rows, cols, batch;
  std::vector<float> w, x, y;
  explicit Operands(const benchmark::State& state)
      : rows(static_cast<std::size_t>(state.range(0))),
        cols(static_cast<std::size_t>(state.range(1))),
        batch(static_cast<std::size_t>(state.range(2))),
        w(normals(rows * cols, 0)),
        x(normals(cols * batch, 1)),
        y(rows * batch) {}
};

void report_rate(benchmark::State& state, const Operands& o) {
  state.counters["FLOP/s"] = benchmark::Counter(
      2.0 * static_cast<double>(o.rows) * static_cast<double>(o.cols) * static_cast<double>(o.batch),
      benchmark::Counter::kIsIterationInvariantRate);
}

void sgemm_bare(benchmark::State& state) {
  Operands o(state);
  openblas_set_num_threads(1);
  const auto rows = static_cast<int>(o.rows), cols = static_cast<int>(o.cols),
             batch = static_cast<int>(o.batch);
  for (auto _ : state) {
    if (batch == 1)
      cblas_sgemv(CblasRowMajor, CblasNoTrans, rows, cols, 1, o.w.data(), cols, o.x.data(), 1, 0, o.y.data(),
                  1);
    else
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, batch, cols, 1, o.w.data(), cols,
                  o.x.data(), batch, 0, o.y.data(), batch);
    benchmark::ClobberMemory();
  }
  report_rate(state, o);
}

void run(benchmark::State& state, const Operands& o, fringe::ProgrammedMatrix& matrix,
         std::vector<float>& y) {
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

void emulated(benchmark::State& state) {
  Operands o(state);
  const auto format = static_cast<fringe::Format>(state.range(3));
  state.SetLabel(std::string(fringe::row_of(format).name));
  fringe::ThreadPool pool(1);
  const auto cpu = fringe::make_cpu_executor(pool);
  run(state, o, *fringe::make_format_matrix({o.w.data(), o.rows, o.cols}, format, *cpu, pool), o.y);
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
  b->ArgNames({"rows", "cols", "batch", "threads"})->UseRealTime();
  for (const std::int64_t threads : {1, 2})
    for (auto shape : shapes) {
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
BENCHMARK(cpu_blas)->Apply(every_shape_and_threads);
BENCHMARK(emulated)->Apply(every_format);

}  // namespace
