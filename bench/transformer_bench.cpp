// A block of BERT-base and its parts against bare BLAS of the same shapes, one thread both.
#include <benchmark/benchmark.h>
#include <cblas.h>

#include "bench/machine.hpp"
#include "core/draw.hpp"
#include "electronic/cpu_blas.hpp"
#include "workloads/blocks.hpp"
#include "workloads/network.hpp"

namespace {

using namespace fringe;

constexpr std::size_t tokens = 128, width = 768, heads = 12, hidden = 4 * width;

std::vector<float> normals(std::size_t count, std::uint32_t site) {
  std::vector<float> values(count);
  fill_normal(values, Draw{1, Purpose::benchmark, 0, site});
  return values;
}

struct Bench {
  ThreadPool pool{1};
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);
  std::unique_ptr<Accelerator> hardware = make_cpu_blas(*cpu, pool);
};

/// y[rows × columns] = w·x as BLAS does it.
struct BareProduct {
  std::size_t rows, inner, columns;
  std::vector<float> w = normals(rows * inner, 1), x = normals(inner * columns, 2), y = w;
  void run() {
    y.resize(rows * columns);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, static_cast<int>(rows), static_cast<int>(columns),
                static_cast<int>(inner), 1, w.data(), static_cast<int>(inner), x.data(),
                static_cast<int>(columns), 0, y.data(), static_cast<int>(columns));
  }
};

void report(benchmark::State& state, Network& network, const ConstMatrix& x,
            std::vector<BareProduct>& products) {
  for (auto _ : state) benchmark::DoNotOptimize(network.forward(x, {}).data);
  const auto turns = bench::in_rounds(
      7, [&] { network.forward(x, {}); },
      [&] {
        for (BareProduct& p : products) p.run();
      });
  state.counters["times_blas"] = turns.ratio(0, 1);
  double operations = 0;
  for (const BareProduct& p : products) operations += 2 * static_cast<double>(p.rows * p.inner * p.columns);
  state.counters["gflops"] = operations / turns.seconds(0) * 1e-9;
}

/// A dense layer on tokens, with what brings its columns together.
void dense_on_tokens(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0)), out = static_cast<std::size_t>(state.range(1));
  Bench bench;
  Graph graph;
  graph.add(Operator::mean_squared_error, {graph.dense(graph.input(Shape{tokens, width}), out)});
  Network network(graph, initial_parameters(graph, 1), *bench.hardware);
  const auto x = normals(tokens * width * batch, 0);
  std::vector<BareProduct> products{{out, width, tokens * batch}};
  report(state, network, {x.data(), tokens * width, batch}, products);
}

/// Attention and feed-forward layers with residuals and norms; times_blas counts its six dense layers alone.
void bert_block(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  Bench bench;
  Graph graph;
  Attention a;
  a.heads = heads;
  graph.add(Operator::mean_squared_error,
            {pre_norm_block(graph, graph.input(Shape{tokens, width}), a, hidden)});
  Network network(graph, initial_parameters(graph, 1), *bench.hardware);
  const auto x = normals(tokens * width * batch, 0);
  const std::size_t columns = tokens * batch;
  std::vector<BareProduct> products(4, {width, width, columns});
  products.push_back({hidden, width, columns});
  products.push_back({width, hidden, columns});
  report(state, network, {x.data(), tokens * width, batch}, products);
}

/// One operator on [tokens, features], per number.
void one_operator(benchmark::State& state, Operator op, Shape shape) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  Bench bench;
  Graph graph;
  graph.add(Operator::mean_squared_error, {graph.add(op, {graph.input(shape)})});
  Network network(graph, initial_parameters(graph, 1), *bench.hardware);
  const std::size_t count = numbers(shape);
  const auto x = normals(count * batch, 0);
  for (auto _ : state) benchmark::DoNotOptimize(network.forward({x.data(), count, batch}, {}).data);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count * batch));
}

BENCHMARK(dense_on_tokens)->ArgsProduct({{1, 8}, {768, 3072}})->Unit(benchmark::kMillisecond);
BENCHMARK(bert_block)->Arg(1)->Arg(8)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(one_operator, gelu, Operator::gelu, Shape{tokens, hidden})
    ->Arg(8)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(one_operator, softmax, Operator::softmax, Shape{heads, tokens, tokens})
    ->Arg(1)
    ->Arg(8)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(one_operator, layer_norm, Operator::layer_norm, Shape{tokens, width})
    ->Arg(1)
    ->Arg(8)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
