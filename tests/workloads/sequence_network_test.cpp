// Networks of sequences as wholes: caches, tied tables, gradients by differences, bits.
#include <gtest/gtest.h>

#include "electronic/cpu_blas.hpp"
#include "expect_error.hpp"
#include "operator_runs.hpp"
#include "tracked.hpp"
#include "workloads/kernels_cpu.hpp"
#include "workloads/network.hpp"

namespace fringe {
namespace {

using namespace testing;

struct Bench {
  ThreadPool pool;
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);
  std::unique_ptr<Accelerator> hardware = make_cpu_blas(*cpu, pool);
  explicit Bench(unsigned threads = 1) : pool(threads) {}
};

std::vector<float> ids_of(std::size_t count, std::size_t vocabulary) {
  std::vector<float> ids(count);
  for (std::size_t i = 0; i < count; ++i) ids[i] = static_cast<float>((i * i + 3 * i) % vocabulary);
  return ids;
}

std::vector<float> numbers_of(ConstMatrix m) { return {m.data, m.data + m.rows * m.cols}; }

Graph tiny_gpt(std::size_t layers, std::size_t width, std::size_t heads, std::size_t tokens,
               std::size_t vocabulary, bool tied) {
  Graph graph;
  int x = embedding(graph, graph.input(Shape{tokens}), vocabulary, width, tied);
  x = graph.add(Operator::add, {x, learned(graph, {tokens, width})});
  Attention a;
  a.heads = heads;
  a.causal = true;
  for (std::size_t layer = 0; layer < layers; ++layer) x = pre_norm_block(graph, x, a, 4 * width);
  graph.softmax_cross_entropy(graph.dense(graph.add(Operator::layer_norm, {x}), vocabulary));
  return graph;
}

Parameters lively(const Graph& graph) {
  Parameters p = initial_parameters(graph, 2);
  for (auto& list : p.vectors) {
    std::vector<float> draws(list.size());
    fill_normal(draws, {.seed = 9, .site = static_cast<std::uint32_t>(list.size())});
    for (std::size_t i = 0; i < list.size(); ++i) list[i] += 0.2f * draws[i];
  }
  return p;
}

// Gradients of a plain step against central differences of the loss. Their error: the change from step 2h to
// h bounds the truncation, and a loss of some 64 roundings in a row is divided by h.
TEST(SequenceNetwork, GradientsOfATinyGptAreDifferencesOfItsLoss) {
  const std::size_t tokens = 4, vocabulary = 7, batch = 3;
  const Graph graph = tiny_gpt(2, 8, 2, tokens, vocabulary, true);
  const Parameters p = lively(graph);
  const std::vector<float> x = ids_of(tokens * batch, vocabulary);
  std::vector<std::int32_t> labels(tokens * batch);
  for (std::size_t i = 0; i < labels.size(); ++i)
    labels[i] = static_cast<std::int32_t>((5 * i + 2) % vocabulary);
  Bench bench;
  const ConstMatrix inputs{x.data(), tokens, batch};
  const auto loss = [&](const Parameters& at) {
    Network network(graph, at, *bench.hardware);
    network.forward(inputs, {});
    return network.loss(labels.data());
  };
  Network network(graph, p, *bench.hardware);
  Context training;
  training.training = true;
  network.forward(inputs, training);
  const double mean = network.backward(labels.data(), training);
  EXPECT_NEAR(mean, loss(p), 64 * unit * mean);
  constexpr float rate = 1024;
  network.step({.kind = Optimiser::Kind::sgd, .rate = rate, .momentum = 0});
  const Parameters after = network.parameters();
  const auto compare = [&](std::vector<std::vector<float>> Parameters::*lists) {
    for (std::size_t k = 0; k < (p.*lists).size(); ++k) {
      const std::size_t count = (p.*lists)[k].size();
      for (const std::size_t i : {std::size_t{0}, count / 3, count - 1}) {
        const float before = (p.*lists)[k][i];
        const double found = (static_cast<double>(before) - (after.*lists)[k][i]) / rate;
        const auto central = [&](float h) {
          Parameters up = p, down = p;
          (up.*lists)[k][i] = before + h;
          (down.*lists)[k][i] = before - h;
          return (loss(up) - loss(down)) / (static_cast<double>((up.*lists)[k][i]) - (down.*lists)[k][i]);
        };
        constexpr float h = 0x1p-6f;
        const double d = central(h);
        EXPECT_NEAR(found, d,
                    std::abs(central(2 * h) - d) + 64 * unit * mean / h + unit * std::abs(before) / rate)
            << "list " << k << ", number " << i;
      }
    }
  };
  compare(&Parameters::weights);
  compare(&Parameters::vectors);
}

// A tied table is the weight of the dense: its gradient is the sum of both of a network with two tables.
TEST(SequenceNetwork, ATiedTableGathersBothGradients) {
  const std::size_t tokens = 5, vocabulary = 9, width = 8, batch = 4;
  const Graph tied = tiny_gpt(0, width, 1, tokens, vocabulary, true),
              apart = tiny_gpt(0, width, 1, tokens, vocabulary, false);
  const Parameters one = lively(tied);
  Parameters two = one;
  two.vectors.insert(two.vectors.begin(), one.weights[0]);
  const std::vector<float> x = ids_of(tokens * batch, vocabulary);
  std::vector<std::int32_t> labels(tokens * batch, 3);
  constexpr float rate = 256;
  const auto trained = [&](const Graph& graph, const Parameters& p, std::vector<float>& y) {
    Bench bench;
    Network network(graph, p, *bench.hardware);
    Context training;
    training.training = true;
    y = numbers_of(network.forward({x.data(), tokens, batch}, training));
    network.backward(labels.data(), training);
    network.step({.kind = Optimiser::Kind::sgd, .rate = rate, .momentum = 0});
    network.forward({x.data(), tokens, batch}, training);  // reads the new table
    return network.parameters();
  };
  std::vector<float> y, y_apart;
  const Parameters after = trained(tied, one, y), after_apart = trained(apart, two, y_apart);
  EXPECT_EQ(y, y_apart);
  double largest = 0;
  for (std::size_t i = 0; i < one.weights[0].size(); ++i)
    largest = std::max(largest, std::abs(static_cast<double>(one.weights[0][i]) - after.weights[0][i]));
  for (std::size_t i = 0; i < one.weights[0].size(); ++i) {
    const double w = one.weights[0][i];
    const double expected = (w - after_apart.weights[0][i]) + (w - after_apart.vectors[0][i]);
    // Sums over tokens and samples in another order, then three roundings of the step.
    EXPECT_NEAR(w - after.weights[0][i], expected, unit * (tokens * batch + 3) * 2 * (largest + std::abs(w)));
  }
}

// What is restored looks up the table that was saved, not the one that the network began with.
TEST(SequenceNetwork, ARestoredNetworkReadsItsTiedTable) {
  const std::size_t tokens = 5, vocabulary = 9, width = 8, batch = 4;
  const Graph graph = tiny_gpt(1, width, 2, tokens, vocabulary, true);
  const Parameters start = lively(graph);
  const std::vector<float> x = ids_of(tokens * batch, vocabulary);
  const std::vector<std::int32_t> labels(tokens * batch, 3);
  const ConstMatrix in{x.data(), tokens, batch};
  const Context training{.training = true};
  Bench bench;
  Network trained(graph, start, *bench.hardware), resumed(graph, start, *bench.hardware);
  trained.forward(in, training);
  trained.backward(labels.data(), training);
  trained.step({.kind = Optimiser::Kind::sgd, .rate = 1, .momentum = 0});
  resumed.restore(trained.state());
  EXPECT_EQ(numbers_of(resumed.forward(in, {})), numbers_of(trained.forward(in, {})));
}

// Whole numbers, which no order of adding changes: batches of one run or several in a vector, features that
// fill no block, and columns that are cut within a token.
TEST(SequenceNetwork, ADenseOnTokensTakesAnyBatch) {
  for (const auto& [features, rows] : {std::pair{41u, 33u}, std::pair{4u, 3u}})
    for (const std::size_t batch : {1u, 2u, 3u, 4u, 5u, 6u, 8u, 12u, 16u, 24u, 32u, 300u}) {
      const std::size_t tokens = 67;
      Graph graph;
      graph.add(Operator::mean_squared_error, {graph.dense(graph.input(Shape{tokens, features}), rows)});
      Parameters p = initial_parameters(graph, 1);
      for (std::size_t i = 0; i < p.weights[0].size(); ++i)
        p.weights[0][i] = static_cast<float>(i * i % 17) - 8;
      std::vector<float> x(tokens * features * batch);
      for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 31 % 101) - 50;
      Bench bench;
      Network network(graph, p, *bench.hardware);
      const ConstMatrix y = network.forward({x.data(), tokens * features, batch}, {});
      for (std::size_t t = 0; t < tokens; ++t)
        for (std::size_t r = 0; r < rows; ++r)
          for (std::size_t b = 0; b < batch; ++b) {
            float expected = 0;
            for (std::size_t f = 0; f < features; ++f)
              expected += p.weights[0][r * features + f] * x[(t * features + f) * batch + b];
            ASSERT_EQ(y(t * rows + r, b), expected)
                << features << " features, batch " << batch << ", token " << t;
          }
    }
}

// Token by token behind a cache, a decoder says what it says of all tokens at once: the same sums in another
// order, of as many terms as a row of the widest layer, four products and the context deep.
TEST(SequenceNetwork, ACacheGivesTheSameTokens) {
  const std::size_t tokens = 5, width = 8, context = 7, batch = 3, classes = 6;
  const auto decoder = [&](std::size_t now, std::size_t cached) {
    Graph graph;
    Attention a;
    a.heads = 2;
    a.causal = a.rotary = true;
    a.context = cached;
    int x = graph.dense(graph.input(Shape{now, width}), width);
    x = graph.add(Operator::add, {x, attention(graph, graph.add(Operator::rms_norm, {x}), a)});
    graph.softmax_cross_entropy(graph.dense(x, classes));
    return graph;
  };
  const Graph whole = decoder(tokens, 0), stepwise = decoder(1, context);
  const Parameters p = lively(whole);
  std::vector<float> x(tokens * width * batch);
  fill_normal(x, {.seed = 8});
  Bench bench;
  Network all(whole, p, *bench.hardware), one(stepwise, p, *bench.hardware);
  const std::vector<float> expected = numbers_of(all.forward({x.data(), tokens * width, batch}, {}));
  double largest = 0;
  for (const float v : expected) largest = std::max(largest, std::abs(static_cast<double>(v)));
  for (int again = 0; again < 2; ++again) {
    for (std::size_t t = 0; t < tokens; ++t) {
      const std::vector<float> y = numbers_of(one.forward({x.data() + t * width * batch, width, batch}, {}));
      for (std::size_t i = 0; i < y.size(); ++i)
        EXPECT_NEAR(y[i], expected[t * y.size() + i],
                    unit * 8 * static_cast<double>(4 * width + context) * largest)
            << "token " << t;
    }
    one.reset();
  }
  one.forward({x.data(), width, batch}, {});
  expect_error([&] { one.forward({x.data(), width, 1}, {}); }, {"3 samples, 1 are given", "reset()"});
}

TEST(SequenceNetwork, UnknownIdsAndLabelsAreRefused) {
  const Graph graph = tiny_gpt(0, 4, 1, 3, 5, true);
  Bench bench;
  Network network(graph, initial_parameters(graph, 1), *bench.hardware);
  std::vector<float> x = ids_of(6, 5);
  x[3] = 5;
  expect_error(
      [&] {
        network.forward({x.data(), 3, 2}, {});
      },
      {"token 1 of sample 1 is 5", "vocabulary of 5"});
  x[3] = 1.5f;
  EXPECT_THROW(network.forward({x.data(), 3, 2}, {}), Error);
  x[3] = 4;
  network.forward({x.data(), 3, 2}, {});
  const std::vector<std::int32_t> labels{0, 1, 2, 3, 4, 5};
  expect_error([&] { network.loss(labels.data()); }, {"1 labels lie outside 0 … 4"});
  Graph lonely;
  lonely.softmax_cross_entropy(lonely.dense(embedding(lonely, lonely.input(Shape{2}), 5, 4, true), 3));
  expect_error([&] { Network(lonely, initial_parameters(lonely, 1), *bench.hardware); }, {"tied", "5x4"});
}

TEST(SequenceNetwork, BitsDoNotDependOnThreads) {
  const std::size_t tokens = 24, vocabulary = 40, batch = 17;
  const Graph graph = tiny_gpt(1, 48, 4, tokens, vocabulary, true);
  const Parameters p = lively(graph);
  const std::vector<float> x = ids_of(tokens * batch, vocabulary);
  std::vector<std::int32_t> labels(tokens * batch, 5);
  const auto run = [&](unsigned threads) {
    Bench bench(threads);
    Network network(graph, p, *bench.hardware);
    Context training;
    training.training = true;
    std::vector<float> all = numbers_of(network.forward({x.data(), tokens, batch}, training));
    network.backward(labels.data(), training);
    network.step({.kind = Optimiser::Kind::sgd, .rate = 1, .momentum = 0});
    const Parameters after = network.parameters();
    for (const auto* lists : {&after.weights, &after.vectors})
      for (const auto& list : *lists) all.insert(all.end(), list.begin(), list.end());
    return all;
  };
  EXPECT_EQ(run(1), run(2));
}

TEST(SequenceNetwork, InstructionSetsHaveTheSameBits) {
#if defined(__x86_64__)
  Bench bench;
  for (const auto& [name, graph] : sequence_operators())
    for (const std::size_t batch : {1u, 2u, 8u, 21u}) {
      SCOPED_TRACE(name + ", batch " + std::to_string(batch));
      const auto op = static_cast<std::size_t>(graph.nodes().back().op);
      const OperatorRun expected = run_operator(kernels::kernels_baseline()[op], *bench.cpu, graph, batch);
      if (__builtin_cpu_supports("avx2")) {
        EXPECT_EQ(run_operator(kernels::kernels_avx2()[op], *bench.cpu, graph, batch), expected);
      }
      if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")) {
        EXPECT_EQ(run_operator(kernels::kernels_avx512()[op], *bench.cpu, graph, batch), expected);
      }
    }
#endif
}

}  // namespace
}  // namespace fringe
