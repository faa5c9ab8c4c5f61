// Whole networks on the processor: a forward pass of ResNet-50 and a training step of a small convolutional
// network, on CPU BLAS.
#include <benchmark/benchmark.h>

#include <ctime>
#include <memory>
#include <vector>

#include "bench/machine.hpp"
#include "core/draw.hpp"
#include "electronic/cpu_blas.hpp"
#include "workloads/blocks.hpp"
#include "workloads/network.hpp"
#include "workloads/zoo.hpp"

namespace {

using namespace fringe;

double processor_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;  // of all threads
}

// A network with its hardware and a batch of normals.
struct Bench {
  ThreadPool pool;
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);
  std::unique_ptr<Accelerator> blas = make_cpu_blas(*cpu, pool);
  Network network;
  std::vector<float> x;
  std::vector<std::int32_t> labels;
  std::size_t batch;
  Bench(const Graph& graph, std::size_t samples, unsigned threads)
      : pool(threads),
        network(graph, initial_parameters(graph, 1), *blas),
        x(graph.input_features() * samples),
        labels(samples),
        batch(samples) {
    fill_normal(x, {.seed = 1, .purpose = Purpose::benchmark});
    for (std::size_t b = 0; b < samples; ++b) labels[b] = static_cast<std::int32_t>(b % graph.classes());
  }
  ConstMatrix input() const { return {x.data(), network.graph().input_features(), batch}; }
};

// Multiply-adds of the products alone, over the peak of all threads; and the processor's time, which
// neighbours disturb less than the clock's.
void report(benchmark::State& state, const Bench& bench, double products, double processor_s) {
  const double operations = 2 * products * forward_macs(bench.network.graph(), bench.batch);
  state.counters["FLOP/s"] = benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
  const double each = processor_s / static_cast<double>(state.iterations());
  state.counters["processor_ms"] = each * 1e3;
  state.counters["fma_share"] = operations / each / bench::fma_peak<float>();
}

void network_forward(benchmark::State& state) {
  Bench bench(find_workload("resnet50").graph(), static_cast<std::size_t>(state.range(0)),
              static_cast<unsigned>(state.range(1)));
  bench.network.forward(bench.input(), {});  // takes the memory
  const double start = processor_seconds();
  for (auto _ : state) benchmark::DoNotOptimize(bench.network.forward(bench.input(), {}).data);
  report(state, bench, 1, processor_seconds() - start);
}

// Three convolutions of 3×3 with 8, 16 and 32 channels, each with ReLU and a 2×2 pool, on 28×28 images.
Graph small_network() {
  Graph graph;
  int x = graph.input(Shape{1, 28, 28});
  for (const std::size_t channels : {8u, 16u, 32u})
    x = max_pool(graph, convolution(graph, x, square(channels, 3, 1, 1)), 2, 2);
  graph.softmax_cross_entropy(affine(graph, flatten(graph, x), 10));
  return graph;
}

void network_training_step(benchmark::State& state) {
  Bench bench(small_network(), static_cast<std::size_t>(state.range(0)),
              static_cast<unsigned>(state.range(1)));
  const Context context{.training = true};
  const auto step = [&] {
    bench.network.forward(bench.input(), context);
    benchmark::DoNotOptimize(bench.network.backward(bench.labels.data(), context));
    bench.network.step({}, 1e-6f);
  };
  step();
  const double start = processor_seconds();
  for (auto _ : state) step();
  report(state, bench, 3, processor_seconds() - start);
}

// The way back through a depthwise convolution of 3×3 on 64 channels of 28×28 pixels: slopes of weights and
// of the image, two multiply-adds for each tap of a place.
void depthwise_backward(benchmark::State& state) {
  Graph graph;
  Attributes a;
  a.features = a.groups = 64;
  a.kernel = {3, 3};
  a.padding = {1, 1};
  a.stride = {static_cast<std::size_t>(state.range(1)), static_cast<std::size_t>(state.range(1))};
  const int x = graph.add(Operator::conv2d, {graph.input(Shape{64, 28, 28})}, a);
  graph.softmax_cross_entropy(affine(graph, graph.add(Operator::global_pool, {x}), 10));
  Bench bench(graph, static_cast<std::size_t>(state.range(0)), 1);
  const Context context{.training = true};
  for (auto _ : state) {
    bench.network.forward(bench.input(), context);
    state.SetIterationTime(bench::seconds([&] { bench.network.backward(bench.labels.data(), context); }));
  }
  const std::size_t taps = 9 * graph.node(x).features * bench.batch;
  state.counters["FLOP/s"] =
      benchmark::Counter(4 * static_cast<double>(taps), benchmark::Counter::kIsIterationInvariantRate);
}

}  // namespace

BENCHMARK(network_forward)
    ->ArgNames({"batch", "threads"})
    ->Args({8, 1})
    ->Args({8, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(network_training_step)
    ->ArgNames({"batch", "threads"})
    ->Args({128, 1})
    ->Args({128, 2})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK(depthwise_backward)
    ->ArgNames({"batch", "stride"})
    ->Args({1, 1})
    ->Args({8, 1})
    ->Args({8, 2})
    ->Args({32, 1})
    ->Unit(benchmark::kMillisecond)
    ->UseManualTime();
