#include <gtest/gtest.h>

#include <array>

#include "expect_error.hpp"
#include "workloads/graph.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

using Kind = Work::Kind;

struct Row {
  Kind kind;
  const char* name;
  int weight;
  bool transposed;
  std::size_t rows, inner, columns;
  double operations, numbers;
  std::vector<int> after;
};

void expect_list(const std::vector<Work>& work, const std::vector<Row>& rows) {
  ASSERT_EQ(work.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Work& w = work[i];
    const Row& r = rows[i];
    SCOPED_TRACE(r.name);
    EXPECT_EQ(w.kind, r.kind);
    EXPECT_EQ(w.name, r.name);
    EXPECT_EQ(w.weight, r.weight);
    EXPECT_EQ(w.transposed, r.transposed);
    EXPECT_EQ(w.rows, r.rows);
    EXPECT_EQ(w.inner, r.inner);
    EXPECT_EQ(w.columns, r.columns);
    EXPECT_EQ(w.operations_per_element, r.operations);
    EXPECT_EQ(w.bytes, 4 * r.numbers);
    EXPECT_EQ(w.after, r.after);
  }
}

// A 3-4-2 network on a batch of 5, counted by hand: numbers moved = operands in + result out.
const std::array<std::size_t, 3> small{3, 4, 2};
const std::vector<Row> forward_rows{
    {Kind::product, "dense1", 0, false, 4, 3, 5, 1, 12 + 15 + 20, {}},
    {Kind::elementwise, "bias1", -1, false, 4, 0, 5, 1, 20 + 4 + 20, {0}},
    {Kind::elementwise, "relu1", -1, false, 4, 0, 5, 1, 20 + 20, {1}},
    {Kind::product, "dense2", 1, false, 2, 4, 5, 1, 8 + 20 + 10, {2}},
    {Kind::elementwise, "bias2", -1, false, 2, 0, 5, 1, 10 + 2 + 10, {3}},
};

TEST(Lower, InferenceByHand) { expect_list(lower(mlp(small), 5, false), forward_rows); }

TEST(Lower, TrainingStepByHand) {
  std::vector<Row> rows = forward_rows;
  const std::vector<Row> rest{
      {Kind::elementwise, "loss", -1, false, 2, 0, 5, 7, 10 + 5 + 10, {4}},
      {Kind::elementwise, "bias2.backward", -1, false, 2, 0, 5, 1, 10 + 2, {5}},
      {Kind::outer_product, "dense2.backward_weight", 1, false, 2, 4, 5, 1, 10 + 20 + 8, {5}},
      {Kind::product, "dense2.backward_input", 1, true, 2, 4, 5, 1, 8 + 10 + 20, {5}},
      {Kind::elementwise, "relu1.backward", -1, false, 4, 0, 5, 1, 20 + 20 + 20, {8}},
      {Kind::elementwise, "bias1.backward", -1, false, 4, 0, 5, 1, 20 + 4, {9}},
      {Kind::outer_product, "dense1.backward_weight", 0, false, 4, 3, 5, 1, 20 + 15 + 12, {9}},
      {Kind::elementwise, "bias2.update", -1, false, 2, 0, 1, 14, 7 * 2, {6}},
      {Kind::weight_update, "dense2.update", 1, false, 2, 4, 0, 14, 7 * 8, {7, 8}},
      {Kind::elementwise, "bias1.update", -1, false, 4, 0, 1, 14, 7 * 4, {10}},
      {Kind::weight_update, "dense1.update", 0, false, 4, 3, 0, 14, 7 * 12, {11}},
  };
  rows.insert(rows.end(), rest.begin(), rest.end());
  expect_list(lower(mlp(small), 5, true), rows);
}

TEST(Lower, SgdUpdatesAreCheaper) {
  for (const Work& w : lower(mlp(small), 5, true, {.kind = Optimiser::Kind::sgd}))
    if (w.kind == Kind::weight_update) {
      EXPECT_EQ(w.operations_per_element, 4);
      EXPECT_EQ(w.bytes, 4.0 * 5 * static_cast<double>(w.rows * w.inner));
    }
}

TEST(Lower, EveryRowOfTheZooIsInOrderAndComplete) {
  for (const Workload& row : workload_zoo()) {
    SCOPED_TRACE(row.name);
    const Graph graph = row.graph();
    const std::size_t batch = 32;
    const std::vector<Work> work = lower(graph, batch, true);
    double macs = 0, parameters = 0;
    for (std::size_t i = 0; i < work.size(); ++i) {
      macs += work[i].macs();
      for (const int before : work[i].after) {
        EXPECT_GE(before, 0);
        EXPECT_LT(before, static_cast<int>(i));
      }
      if (work[i].kind == Kind::weight_update)
        parameters += static_cast<double>(work[i].rows * work[i].inner);
      if (work[i].name.ends_with(".update") && work[i].weight < 0)
        parameters += static_cast<double>(work[i].rows);
    }
    const Work& first = work.front();
    EXPECT_EQ(macs, 3 * forward_macs(graph, batch) - first.macs())
        << "forward, dW, and dX but for the first dense";
    EXPECT_EQ(parameters, static_cast<double>(parameter_count(graph)));
  }
}

TEST(Lower, RefusesAnEmptyBatch) {
  testing::expect_error([] { lower(mlp(small), 0, false); }, {"batch = 0", "at least 1"});
  testing::expect_error([] { lower(mlp(small), 1, true, {.rate = -1}); }, {"rate", "-1", "positive"});
}

}  // namespace
}  // namespace fringe
