// What a training step holds: against published formulas, what PyTorch keeps, and counts by hand.
#include "workloads/training_memory.hpp"

#include <gtest/gtest.h>

#include "workloads/blocks.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

double kept_bytes(const Graph& graph, double bytes_per_number) {
  const KeptValues kept = kept_values(graph);
  return kept.numbers * bytes_per_number + kept.bytes;
}

// The layer of V. Korthikanti et al., arXiv:2205.05198, figure 2: norms first, dropout on the weights of
// attention and behind both parts.
int layer(Graph& graph, int x, std::size_t tokens, std::size_t width, std::size_t heads) {
  const auto dropped = [&](int node) { return graph.add(Operator::dropout, {node}); };
  const auto norm = [&](int node) { return graph.add(Operator::layer_norm, {node}); };
  const auto split = [&](int node) {
    return transpose(graph, reshape(graph, affine(graph, node, width), {tokens, heads, width / heads}),
                     {1, 0, 2});
  };
  const int from = norm(x);
  const int queries = split(from), keys = split(from), values = split(from);
  Attributes by_keys;
  by_keys.transposed = true;
  const int scores = graph.add(Operator::matmul, {queries, keys}, by_keys);
  const int weights = dropped(graph.add(Operator::softmax, {scores}));
  const int context = graph.add(Operator::matmul, {weights, values});
  const int seen =
      affine(graph, reshape(graph, transpose(graph, context, {1, 0, 2}), {tokens, width}), width);
  x = graph.add(Operator::add, {x, dropped(seen)});
  return graph.add(Operator::add, {x, dropped(feed_forward(graph, norm(x), 4 * width))});
}

TEST(TrainingMemory, ALayerOfATransformerIsThePublishedFormula) {
  for (const std::size_t tokens : {32, 96})
    for (const std::size_t heads : {2, 8}) {
      constexpr std::size_t width = 64;
      const auto stack = [&](std::size_t layers) {
        Graph graph;
        int x = affine(graph, graph.input(Shape{tokens, width}), width);
        for (std::size_t l = 0; l < layers; ++l) x = layer(graph, x, tokens, width, heads);
        graph.add(Operator::mean_squared_error, {x});
        return kept_bytes(graph, 2);
      };
      EXPECT_EQ(stack(3) - stack(2), static_cast<double>(tokens * (34 * width + 5 * heads * tokens)));
    }
}

// PyTorch 1.13 keeps 84,307,872 bytes of float32 for each further image in torchvision's ResNet-50 (ReLU in
// place), and 1,605,632 of indices of its pool: storages that torch.autograd.graph.saved_tensors_hooks sees,
// each once, without parameters.
TEST(TrainingMemory, AnImageInResNet50IsWhatPyTorchKeeps) {
  const KeptValues kept = kept_values(find_workload("resnet50").graph());
  EXPECT_EQ(4 * kept.numbers, 84307872);
  EXPECT_EQ(kept.bytes, 1605632);
}

TEST(TrainingMemory, AValueCountsOnceAndOnlyWhereThePassBackReadsIt) {
  Graph graph;
  const int x = graph.input(Shape{2, 6});          // kept: dense reads it
  const int wide = graph.bias(graph.dense(x, 8));  // kept as a whole: a slice of it is squared
  const int part = slice(graph, wide, 1, 0, 3);
  const int squared = graph.add(Operator::multiply, {part, part});
  const int rectified = graph.relu(squared);  // kept, read by three
  const int sum = graph.add(Operator::add, {graph.dense(rectified, 3), graph.dense(rectified, 3)});
  graph.add(Operator::mean_absolute_error, {sum});  // kept
  const KeptValues kept = kept_values(graph);
  EXPECT_EQ(kept.numbers, 12 + 16 + 6 + 6);
  EXPECT_EQ(kept.bytes, 0);
}

// A rectifier in front of everything that is trained has no pass back.
TEST(TrainingMemory, NothingIsKeptBeforeTheFirstParameter) {
  Graph graph;
  const int x = graph.relu(graph.add(Operator::tanh, {graph.input(Shape{5})}));
  graph.add(Operator::mean_squared_error, {graph.dense(x, 3)});
  EXPECT_EQ(kept_values(graph).numbers, 5 + 3);
}

// h, four gates, the cell before and behind its tanh, a token; inputs are those of the product before.
TEST(TrainingMemory, ARecurrenceKeepsItsGates) {
  Graph graph;
  constexpr std::size_t tokens = 7, width = 5;
  const int x = lstm_layer(graph, graph.input(Shape{tokens, 3}), width);
  graph.add(Operator::mean_squared_error, {x});
  EXPECT_EQ(kept_values(graph).numbers, tokens * 3 + 7 * tokens * width);
}

TEST(TrainingMemory, AParameterTakesSixteenBytesWithAdamInAnyPrecision) {
  const Graph graph = mlp(std::array<std::size_t, 3>{784, 32, 10});
  const double parameters = 784 * 32 + 32 + 32 * 10 + 10;
  Optimiser adam, momentum, plain;
  momentum.kind = plain.kind = Optimiser::Kind::sgd;
  plain.momentum = 0;
  EXPECT_EQ(training_memory(graph, adam, 1, 2).state_bytes, 16 * parameters);
  EXPECT_EQ(training_memory(graph, adam, 1, 4).state_bytes, 16 * parameters);
  EXPECT_EQ(training_memory(graph, adam, 1, 8).state_bytes, 32 * parameters);
  EXPECT_EQ(training_memory(graph, momentum, 1, 2).state_bytes, 12 * parameters);
  EXPECT_EQ(training_memory(graph, plain, 1, 4).state_bytes, 8 * parameters);
  EXPECT_EQ(training_memory(graph, adam, 3, 2).activation_bytes, 3 * 2 * (784 + 32 + 10.0));
  EXPECT_EQ(training_memory(graph, adam, 3, 4).activation_bytes, 3 * 4 * (784 + 32 + 10.0));
}

// Every operator that scales or bends a value says what its pass back reads.
TEST(TrainingMemory, OperatorsThatSaveValuesKeepThem) {
  for (const OperatorRow& row : operator_table())
    if (row.kind == OperatorKind::elementwise && row.saved > 0) {
      EXPECT_TRUE(row.keeps != Keeps::nothing || row.kept_bytes > 0) << row.name;
    }
}

}  // namespace
}  // namespace fringe
