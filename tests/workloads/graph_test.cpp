#include "workloads/graph.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "expect_error.hpp"
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
  EXPECT_EQ(graph.dense_nodes(), (std::vector<int>{1, 4, 7}));
}

TEST(Graph, RefusesWhatCannotRun) {
  Graph graph;
  const int x = graph.input(4, "pixels");
  expect_error([&] { graph.input(4); }, {"one input", "pixels"});
  expect_error([&] { graph.dense(x, 0, "d"); }, {"'d'", "features = 0", "at least 1"});
  expect_error([&] { graph.dense(7, 2, "d"); }, {"'d'", "7", "only 1"});
  expect_error([&] { graph.bias(-1, "b"); }, {"'b'", "-1"});
  expect_error([&] { graph.relu(x, "r"); }, {"'r'", "pixels", "only a dense"});
  const int d = graph.dense(x, 3, "d");
  expect_error([&] { graph.dense(x, 3, "e"); }, {"'e'", "'pixels'", "'d'", "one reader"});
  expect_error([&] { graph.relu(d, "d"); }, {"'d'", "in use"});
  const int r = graph.relu(d, "r");
  expect_error([&] { graph.bias(r, "b"); }, {"'b'", "must follow a dense", "'r'"});
  expect_error([&] { require_complete(graph); }, {"'r'", "softmax_cross_entropy"});
  const int loss = graph.softmax_cross_entropy(r);
  expect_error([&] { graph.dense(loss, 2, "late"); }, {"'late'", "'loss'", "ends the graph"});
  EXPECT_NO_THROW(require_complete(graph));
  expect_error([] { require_complete(Graph()); }, {"no operators"});
  expect_error([] { mlp(std::array<std::size_t, 1>{5}); }, {"1 given", "at least"});
  EXPECT_EQ(graph.nodes().size(), 4u) << "a refused operator must leave no trace";
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
    EXPECT_EQ(forward_macs(graph, 1), row.macs);
    EXPECT_EQ(forward_macs(graph, 32), 32 * row.macs);
    EXPECT_NO_THROW(validate(row.training));
  }
}

TEST(Zoo, UnknownNameOffersTheNearest) {
  EXPECT_EQ(find_workload("digits-mlp").name, "digits-mlp");
  expect_error([] { find_workload("digit-mlp"); }, {"workload", "'digit-mlp'", "'digits-mlp'"});
}

}  // namespace
}  // namespace fringe
