#include "workloads/graph.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "expect_error.hpp"
#include "workloads/blocks.hpp"
#include "workloads/network.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

using testing::expect_error;

TEST(Graph, InfersShapesAndNames) {
  const Graph graph = mlp(std::array<std::size_t, 4>{6, 5, 4, 3});
  const std::array<const char*, 10> names{"input", "dense1", "bias1",  "relu1", "dense2",
                                          "bias2", "relu2",  "dense3", "bias3", "loss"};
  const std::array<std::size_t, 10> features{6, 5, 5, 5, 4, 4, 4, 3, 3, 3};
  ASSERT_EQ(graph.nodes().size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(graph.nodes()[i].name, names[i]);
    EXPECT_EQ(graph.nodes()[i].features, features[i]);
  }
  EXPECT_EQ(graph.input_features(), 6u);
  EXPECT_EQ(graph.classes(), 3u);
  EXPECT_EQ(graph.weight_nodes(), (std::vector<int>{1, 4, 7}));
}

TEST(Graph, RefusesWhatDoesNotFit) {
  Graph graph;
  expect_error([&] { graph.relu(0, "r"); }, {"'r'", "comes first"});
  const int x = graph.input(4, "pixels");
  expect_error([&] { graph.input(4); }, {"one input", "pixels"});
  expect_error([&] { graph.dense(x, 0, "d"); }, {"'d'", "features = 0", "at least 1"});
  expect_error([&] { graph.dense(7, 2, "d"); }, {"'d'", "7", "only 1"});
  expect_error([&] { graph.bias(-1, "b"); }, {"'b'", "-1"});
  const int d = graph.dense(x, 3, "d");
  expect_error([&] { graph.relu(d, "d"); }, {"'d'", "in use"});
  expect_error([&] { graph.add(Operator::add, {x, d}, {}, "a"); }, {"'a'", "[4]", "[3]", "must agree"});
  expect_error([&] { graph.add(Operator::add, {d}, {}, "a"); }, {"'a'", "reads 1", "must be 2"});
  expect_error([&] { graph.add(Operator::conv2d, {d}, {}, "c"); },
               {"'c'", "[3]", "[channels, height, width]"});
  const int r = graph.relu(d, "r");
  expect_error([&] { require_complete(graph); }, {"'r'", "softmax_cross_entropy"});
  const int loss = graph.softmax_cross_entropy(r);
  expect_error([&] { graph.dense(loss, 2, "late"); }, {"'late'", "'loss'", "ends the graph"});
  EXPECT_NO_THROW(require_complete(graph));
  graph.relu(d, "lost");
  graph.softmax_cross_entropy(r);
  expect_error([&] { require_complete(graph); }, {"'lost'", "must be read"});
  expect_error([] { require_complete(Graph()); }, {"no operators"});
  expect_error([] { mlp(std::array<std::size_t, 1>{5}); }, {"1 given", "at least"});
  EXPECT_EQ(graph.nodes().size(), 6u) << "a refused operator must leave no trace";
}

TEST(Graph, ShapesOfImagesAndSequences) {
  Graph graph;
  const int image = graph.input(Shape{3, 17, 20});
  Convolution c = square(8, 3, 2, 1);
  c.relu = c.bias = false;
  EXPECT_EQ(graph.node(convolution(graph, image, c)).shape, (Shape{8, 9, 10}));
  c.padding = {6, 6};
  c.dilation = {6, 6};
  c.stride = {1, 1};
  EXPECT_EQ(graph.node(convolution(graph, image, c)).shape, (Shape{8, 17, 20})) << "dilated, same size";
  EXPECT_EQ(graph.node(max_pool(graph, image, 2, 2)).shape, (Shape{3, 8, 10}));
  EXPECT_EQ(graph.node(max_pool(graph, image, 2, 2, 0, true)).shape, (Shape{3, 9, 10}));
  Attributes up;
  up.features = 4;
  up.kernel = {5, 4};
  up.stride = {1, 2};
  up.padding = {0, 1};
  EXPECT_EQ(graph.node(graph.add(Operator::conv2d_transposed, {image}, up)).shape, (Shape{4, 21, 40}));
  const int sequence = reshape(graph, image, {60, 17});
  EXPECT_EQ(graph.node(lstm_layer(graph, sequence, 5)).shape, (Shape{60, 5}));
  EXPECT_EQ(graph.node(transpose(graph, image, {2, 0, 1})).shape, (Shape{20, 3, 17}));
  EXPECT_EQ(graph.node(slice(graph, sequence, 0, 10, 13)).shape, (Shape{3, 17}));
  EXPECT_EQ(graph.node(concat(graph, {sequence, sequence}, 1)).shape, (Shape{60, 34}));
  Attention a;
  a.heads = 17;
  a.context = 100;
  EXPECT_EQ(graph.node(attention(graph, sequence, a)).shape, (Shape{60, 17}));
  expect_error([&] { reshape(graph, image, {7, 7}); }, {"[3, 17, 20]", "[7, 7]"});
  expect_error([&] { slice(graph, sequence, 0, 3, 61); }, {"[3, 61)", "[60, 17]"});
  c.groups = 2;
  expect_error([&] { convolution(graph, image, c); }, {"groups = 2", "3 channels"});
}

// Independent of the table: 6·d·hidden-style sums for a layer of attention and feed-forward, written out.
TEST(Graph, CountsOfATransformerLayerByFormula) {
  for (const std::size_t tokens : {1u, 7u, 64u})
    for (const std::size_t heads : {1u, 4u}) {
      constexpr std::size_t d = 32;
      Graph graph;
      Attention a;
      a.heads = heads;
      graph.softmax_cross_entropy(pre_norm_block(graph, graph.input(Shape{tokens, d}), a, 4 * d));
      EXPECT_EQ(parameter_count(graph), 12 * d * d + 9 * d + 4 * d);
      EXPECT_EQ(forward_macs(graph, 3),
                3.0 * static_cast<double>(12 * d * d * tokens + 2 * d * tokens * tokens));
    }
}

TEST(Operators, RowsStandInOrderWithTheirOwnNames) {
  std::set<std::string_view> names;
  for (const OperatorRow& row : operator_table()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(&row_of(row.op), &row);
    EXPECT_NE(row.shape, nullptr) << row.name;
    const bool multiplies = row.kind == OperatorKind::weighted || row.kind == OperatorKind::activations ||
                            row.kind == OperatorKind::recurrence;
    EXPECT_EQ(row.products != nullptr, multiplies) << row.name;
  }
}

TEST(Zoo, CountsAreThePublishedOnes) {
  std::set<std::string_view> names;
  for (const Workload& row : workload_zoo()) {
    SCOPED_TRACE(row.name);
    EXPECT_TRUE(names.insert(row.name).second);
    EXPECT_FALSE(row.description.empty());
    EXPECT_FALSE(row.source.empty());
    const Graph graph = row.graph();
    EXPECT_NO_THROW(require_complete(graph));
    EXPECT_EQ(parameter_count(graph), row.parameters);
    EXPECT_NEAR(forward_macs(graph, 1), row.macs, row.macs_half_unit);
    EXPECT_EQ(forward_macs(graph, 32), 32 * forward_macs(graph, 1));
    EXPECT_NO_THROW(validate(row.training));
  }
}

TEST(Zoo, EveryWorkloadIsExecutable) {
  for (const Workload& row : workload_zoo()) {
    SCOPED_TRACE(row.name);
    EXPECT_NO_THROW(require_executable(row.graph()));
  }
}

// By hand: layers·(12·width²·tokens + 2·width·tokens²) + width², as the rows' source has it.
TEST(Zoo, LengthsOfSequencesAreFree) {
  const double tokens = 200, width = 1024;
  const Workload& bert = find_workload("bert-large-384@200");
  EXPECT_EQ(bert.name, "bert-large-384@200");
  EXPECT_EQ(bert.macs, 24 * (12 * width * width * tokens + 2 * width * tokens * tokens) + width * width);
  EXPECT_EQ(&find_workload("bert-large-384@200"), &bert);
  for (const Workload& row : workload_zoo()) {
    SCOPED_TRACE(row.name);
    const std::string name(row.name);
    if (row.length == 0) {
      expect_error([&] { find_workload(name + "@8"); }, {name.c_str(), "@8'", "no sequences"});
      continue;
    }
    ASSERT_LE(row.length, row.most_length);
    const Workload &same = find_workload(name + "@" + std::to_string(row.length)),
                   &shorter = find_workload(name + "@" + std::to_string(row.length / 2));
    EXPECT_EQ(same.macs, forward_macs(row.graph(), 1));
    EXPECT_LT(shorter.macs, same.macs);
    EXPECT_EQ(parameter_count(shorter.graph()), row.parameters);
    EXPECT_NO_THROW(require_executable(shorter.graph()));
    EXPECT_NO_THROW(find_workload(name + "@" + std::to_string(row.most_length)));
    expect_error([&] { find_workload(name + "@" + std::to_string(row.most_length + 8)); },
                 {name.c_str(), "1 … "});
  }
  expect_error([] { find_workload("gpt2-small@1e3"); }, {"gpt2-small@1e3", "1 … 1024"});
  expect_error([] { find_workload("gpt2-small@"); }, {"gpt2-small@", "1 … 1024"});
  expect_error([] { find_workload("gpt-small@8"); }, {"'gpt-small'", "'gpt2-small'"});
  expect_error([] { find_workload("waveglow@100"); }, {"waveglow@100", "multiple of 8"});
}

TEST(Zoo, LayersOfAnySize) {
  // The sizes of digits-mlp give its graph, its counts and its training.
  const Workload &same = find_workload("digits-mlp"), &made = find_workload("mlp@64-64-10");
  EXPECT_EQ(made.name, "mlp@64-64-10");
  EXPECT_EQ(&find_workload("mlp@64-64-10"), &made);
  EXPECT_EQ(made.graph().nodes().size(), same.graph().nodes().size());
  EXPECT_EQ(made.parameters, same.parameters);
  EXPECT_EQ(made.macs, same.macs);
  EXPECT_TRUE(made.runs);
  EXPECT_EQ(made.training.epochs, same.training.epochs);

  const Workload& least = find_workload("mlp@1-1");
  EXPECT_EQ(least.graph().input_features(), 1u);
  EXPECT_EQ(least.parameters, 2u);
  for (const std::string wrong :
       {"mlp@", "mlp@64", "mlp@64-", "mlp@64--10", "mlp@0-3", "mlp@64-65537", "mlp@6x2"})
    expect_error([&] { find_workload(wrong); }, {wrong.c_str(), "mlp@64-32-10"});
}

TEST(Zoo, UnknownNameOffersTheNearest) {
  EXPECT_EQ(find_workload("digits-mlp").name, "digits-mlp");
  expect_error([] { find_workload("digit-mlp"); }, {"workload", "'digit-mlp'", "'digits-mlp'"});
}

}  // namespace
}  // namespace fringe
