#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "expect_error.hpp"
#include "workloads/blocks.hpp"
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

TEST(Lower, AnOptimiserOfManyOperatorsMovesAndIssuesMore) {
  for (const Work& w : lower(mlp(small), 5, true, {.moved = 24, .issues = 9})) {
    const bool update = w.name.ends_with(".update");
    EXPECT_EQ(w.issues, update ? 9u : 1u) << w.name;
    if (update) {
      EXPECT_EQ(w.bytes, 4.0 * 24 * static_cast<double>(w.rows * std::max<std::size_t>(w.inner, 1)))
          << w.name;
    }
  }
}

// Products of a training step: forward, dW and dX; none of the latter where nothing before is trained.
TEST(Lower, EveryRowOfTheZooIsInOrderAndComplete) {
  for (const Workload& row : workload_zoo()) {
    SCOPED_TRACE(row.name);
    const Graph graph = row.graph();
    const std::size_t batch = 2;
    const double forward = forward_macs(graph, batch);
    double inference = 0;
    for (const Work& w : lower(graph, batch, false)) inference += w.macs();
    EXPECT_EQ(inference, forward);

    const std::vector<Work> work = lower(graph, batch, true);
    double macs = 0, parameters = 0;
    std::set<int> updated;
    for (std::size_t i = 0; i < work.size(); ++i) {
      const Work& w = work[i];
      macs += w.macs();
      for (const int before : w.after) {
        EXPECT_GE(before, 0);
        EXPECT_LT(before, static_cast<int>(i));
      }
      EXPECT_GE(w.bytes, w.off_chip_bytes) << w.name;
      if (w.kind != Kind::elementwise) {
        EXPECT_GE(w.bytes, 4 * w.matrix_numbers()) << w.name;
      }
      if (w.kind == Kind::weight_update) {
        parameters += w.matrix_numbers();
        EXPECT_TRUE(updated.insert(w.weight).second) << "updated twice: " << w.name;
      }
      if (w.name.ends_with(".update") && w.weight < 0) parameters += static_cast<double>(w.rows);
    }
    double without_dx = 0;
    for (const int i : graph.weight_nodes()) {
      int from = graph.node(i).inputs[0];
      while (from > 0 && row_of(graph.node(from).op).kind == OperatorKind::view)
        from = graph.node(from).inputs[0];
      if (from == 0) without_dx += static_cast<double>(batch) * graph.products(i).macs();
    }
    EXPECT_EQ(macs, 3 * forward - without_dx);
    EXPECT_EQ(parameters, static_cast<double>(parameter_count(graph)));
    EXPECT_EQ(updated.size(), graph.weight_nodes().size());
  }
}

// Every result is used: in training, all work but updates is waited for by something later.
TEST(Lower, NothingIsComputedInVain) {
  for (const Workload& row : workload_zoo()) {
    SCOPED_TRACE(row.name);
    const std::vector<Work> work = lower(row.graph(), 1, true);
    std::vector<bool> awaited(work.size());
    for (const Work& w : work)
      for (const int before : w.after) awaited[static_cast<std::size_t>(before)] = true;
    for (std::size_t i = 0; i < work.size(); ++i)
      EXPECT_TRUE(awaited[i] || work[i].name.ends_with(".update")) << work[i].name;
  }
}

// Each operator of the table between two trained layers: it is priced both ways, and the gradient passes it.
TEST(Lower, EveryOperatorForwardAndBack) {
  for (const OperatorRow& row : operator_table()) {
    if (row.kind == OperatorKind::source || row.kind == OperatorKind::loss) continue;
    SCOPED_TRACE(row.name);
    Graph graph;
    const bool words = row.op == Operator::embedding;
    const int input = graph.input(words ? Shape{12} : Shape{6, 12});
    const int before = words ? input : graph.dense(input, 12, "before");
    Attributes a;
    a.features = 8;
    a.vocabulary = 20;
    a.kernel = {1, 3};
    a.context = 9;
    a.transposed = true;
    a.end = 2;
    const int image = reshape(graph, before, words ? Shape{1, 12, 1} : Shape{6, 1, 12});
    const bool images = row.op == Operator::conv2d || row.op == Operator::conv2d_transposed ||
                        row.op == Operator::max_pool || row.op == Operator::average_pool ||
                        row.op == Operator::global_pool;
    a.shape = row.op == Operator::transpose ? Shape{1, 0} : Shape{12, 6};
    std::vector<int> inputs(row.inputs < 0 ? 2 : static_cast<std::size_t>(row.inputs),
                            images ? image : before);
    int x = graph.add(row.op, inputs, a, "it");
    if (!images) graph.softmax_cross_entropy(flatten(graph, image), "side");
    graph.softmax_cross_entropy(graph.dense(flatten(graph, x), 3, "after"));
    bool forward = false, before_trained = words;
    double products = 0;
    for (const Work& w : lower(graph, 2, false)) {
      forward |= w.name.starts_with("it");
      if (w.name == "it") products += w.macs();
    }
    EXPECT_EQ(forward, row.kind != OperatorKind::view && !row.training_only);
    EXPECT_EQ(products, 2 * graph.products(x).macs());
    EXPECT_EQ(products > 0, row.products != nullptr);
    bool backward = false, updated = false;
    for (const Work& w : lower(graph, 2, true)) {
      backward |= w.name.starts_with("it.") && w.name.find("backward") != std::string::npos;
      updated |= w.name == "it.update";
      before_trained |= w.name == "before.update";
    }
    EXPECT_TRUE(before_trained);
    EXPECT_EQ(backward, row.kind != OperatorKind::view && (!row.passes_gradient || row.vectors != nullptr));
    EXPECT_EQ(updated,
              graph.products(x).weights() * (row.kind != OperatorKind::activations) + graph.vectors(x) > 0);
  }
}

// A residual pair of convolutions on a batch of 2, counted by hand.
TEST(Lower, SharedValuesSumTheirGradients) {
  Graph graph;
  const int x = graph.input(Shape{1, 4, 4});
  Convolution c = square(2, 3, 1, 1);
  c.bias = c.relu = false;
  const int a = convolution(graph, x, c);
  c.groups = 2;
  const int b = convolution(graph, a, c);
  graph.add(Operator::mean_squared_error, {graph.add(Operator::add, {a, b})});
  const std::vector<Row> rows{
      {Kind::product, "conv2d1", 0, false, 2, 9, 32, 1, 18 + 32 + 64, {}},
      {Kind::product, "conv2d2", 1, false, 1, 9, 32, 1, 18 + 64 + 64, {0}},
      {Kind::elementwise, "add1", -1, false, 32, 0, 2, 1, 3 * 64, {0, 1}},
      {Kind::elementwise, "mean_squared_error1", -1, false, 32, 0, 2, 4, 3 * 64, {2}},
      {Kind::outer_product, "conv2d2.backward_weight", 1, false, 1, 9, 32, 1, 18 + 64 + 64, {3}},
      {Kind::product, "conv2d2.backward_input", 1, true, 1, 9, 32, 1, 18 + 64 + 64, {3}},
      {Kind::elementwise, "conv2d1.gradient_sum", -1, false, 32, 0, 2, 1, 3 * 64, {3, 5}},
      {Kind::outer_product, "conv2d1.backward_weight", 0, false, 2, 9, 32, 1, 18 + 32 + 64, {6}},
      {Kind::weight_update, "conv2d2.update", 1, false, 1, 9, 0, 14, 7 * 18, {4, 5}},
      {Kind::weight_update, "conv2d1.update", 0, false, 2, 9, 0, 14, 7 * 18, {7}},
  };
  const std::vector<Work> work = lower(graph, 2, true);
  expect_list(work, rows);
  EXPECT_EQ(work[1].groups, 2u);
  EXPECT_EQ(work[0].macs(), 2 * 9 * 32);
  EXPECT_EQ(work[1].macs(), 2 * 9 * 32);
}

// Scores and context of two heads, three tokens behind two earlier ones, four numbers a head.
TEST(Lower, ProductsOfActivationsHaveNoWeight) {
  Graph graph;
  Attention a;
  a.heads = 2;
  a.bias = false;
  a.context = 5;
  graph.softmax_cross_entropy(attention(graph, graph.input(Shape{3, 8}), a));
  std::size_t found = 0;
  for (const Work& w : lower(graph, 7, false)) {
    if (w.kind != Kind::product || w.weight >= 0) continue;
    ++found;
    EXPECT_EQ(w.groups, 14u);
    EXPECT_EQ(w.rows, 3u);
    EXPECT_EQ(w.inner * w.columns, 20u);
    EXPECT_EQ(w.macs(), 14 * 3 * 4 * 5);
    EXPECT_EQ(w.bytes, 4 * 14 * (3 * 4 + 4 * 5 + 3 * 5));
    EXPECT_EQ(w.off_chip_bytes, 4 * 14 * 5 * 4) << "keys or values of all five tokens";
  }
  EXPECT_EQ(found, 2u);
}

TEST(Lower, RecurrenceIsAProductATokenAndOneOuterProduct) {
  Graph graph;
  graph.softmax_cross_entropy(lstm_layer(graph, graph.input(Shape{6, 3}), 4));
  const std::vector<Work> work = lower(graph, 5, true);
  const auto count = [&](std::string_view name) {
    return std::count_if(work.begin(), work.end(), [&](const Work& w) { return w.name == name; });
  };
  EXPECT_EQ(count("lstm1"), 6);
  EXPECT_EQ(count("lstm1.cell"), 6);
  EXPECT_EQ(count("lstm1.backward_input"), 6);
  EXPECT_EQ(count("lstm1.backward_weight"), 1);
  // Each step waits for the one before.
  int last = -1;
  for (std::size_t i = 0; i < work.size(); ++i) {
    if (work[i].name != "lstm1") continue;
    EXPECT_EQ(work[i].columns, 5u);
    if (last >= 0) {
      EXPECT_EQ(work[i].after, std::vector<int>{last + 1});
    }
    last = static_cast<int>(i);
  }
}

TEST(Lower, RefusesAnEmptyBatch) {
  testing::expect_error([] { lower(mlp(small), 0, false); }, {"batch = 0", "at least 1"});
  testing::expect_error([] { lower(mlp(small), 1, true, {.rate = -1}); }, {"rate", "-1", "positive"});
}

}  // namespace
}  // namespace fringe
