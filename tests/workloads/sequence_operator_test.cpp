// Operators of sequences against references of plain loops, by the tester of operator_check.hpp.
#include <gtest/gtest.h>

#include "operator_check.hpp"
#include "sequence_references.hpp"
#include "workloads/blocks.hpp"

namespace fringe::testing {
namespace {

constexpr std::size_t batches[]{1, 5, 17};

void check_alone(Operator op, const Shape& shape, const Attributes& attributes = {}) {
  SCOPED_TRACE(std::string(to_string(op)) + " of " + to_string(shape));
  for (const std::size_t batch :
       {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{8}, std::size_t{17}}) {
    Graph graph;
    finish(graph, graph.add(op, {spread(graph, shape)}, attributes));
    check(graph, batch, sequence_references());
  }
}

TEST(SequenceOperator, DenseOnTokens) {
  for (const std::size_t batch : batches)
    for (const std::size_t tokens : {1u, 3u, 9u}) {
      Graph graph;
      const int x = spread(graph, {tokens, 11});
      finish(graph, graph.relu(affine(graph, x, 5)));
      check(graph, batch, sequence_references());
    }
}

TEST(SequenceOperator, CrossEntropyOfTokens) {
  for (const std::size_t batch : batches) {
    Graph graph;
    graph.softmax_cross_entropy(graph.dense(spread(graph, {4, 6}), 5));
    check(graph, batch, sequence_references());
  }
}

TEST(SequenceOperator, Errors) {
  for (const std::size_t batch : batches)
    for (const Operator op : {Operator::mean_squared_error, Operator::mean_absolute_error})
      for (const Shape& shape : {Shape{7}, Shape{3, 4}}) {
        Graph graph;
        graph.add(op, {graph.add(Operator::tanh, {spread(graph, shape)})});
        check(graph, batch, sequence_references());
      }
}

TEST(SequenceOperator, Activations) {
  for (const Operator op : {Operator::gelu, Operator::silu, Operator::tanh, Operator::sigmoid})
    check_alone(op, {3, 7});
  Attributes by_tanh;
  by_tanh.by_tanh = true;
  check_alone(Operator::gelu, {3, 7}, by_tanh);
}

TEST(SequenceOperator, Softmax) {
  for (const Shape& shape : {Shape{19}, Shape{3, 5}, Shape{2, 3, 18}, Shape{2, 3, 3}}) {
    check_alone(Operator::softmax, shape);
    if (shape.size() == 1) continue;
    Attributes causal;
    causal.causal = true;
    check_alone(Operator::softmax, shape, causal);
  }
}

TEST(SequenceOperator, Norms) {
  for (const Operator op : {Operator::layer_norm, Operator::rms_norm})
    for (const Shape& shape : {Shape{21}, Shape{3, 18}, Shape{5, 2, 3}}) {
      Attributes a;
      a.epsilon = 1e-3;
      check_alone(op, shape, a);
    }
}

TEST(SequenceOperator, Matmul) {
  for (const std::size_t batch : batches)
    for (const bool transposed : {false, true})
      for (const bool heads : {false, true}) {
        Shape left{4, 3}, right = transposed ? Shape{5, 3} : Shape{3, 5};
        if (heads) left.insert(left.begin(), 2), right.insert(right.begin(), 2);
        Graph graph;
        Attributes a;
        a.transposed = transposed;
        a.scale = 0.3;
        const int x = spread(graph, left), y = spread_more(graph, right);
        finish(graph, graph.add(Operator::matmul, {x, y}, a));
        check(graph, batch, sequence_references());
      }
}

// Both operands the same value.
TEST(SequenceOperator, MatmulWithItself) {
  Graph graph;
  Attributes a;
  a.transposed = true;
  const int x = spread(graph, {3, 4});
  finish(graph, graph.add(Operator::matmul, {x, x}, a));
  check(graph, 5, sequence_references());
}

TEST(SequenceOperator, TransposeAndSlice) {
  Attributes a;
  for (const Shape& axes :
       {Shape{1, 0, 2}, Shape{0, 2, 1}, Shape{2, 1, 0}, Shape{1, 2, 0}, Shape{2, 0, 1}, Shape{0, 1, 2}}) {
    a.shape = axes;
    check_alone(Operator::transpose, {2, 3, 4}, a);
  }
  a.shape = {1, 0};
  check_alone(Operator::transpose, {3, 5}, a);
  for (const std::size_t axis : {0u, 1u, 2u}) {
    Attributes s;
    s.axis = axis;
    s.begin = 1;
    s.end = 3;
    check_alone(Operator::slice, {3, 4, 5}, s);
  }
}

TEST(SequenceOperator, Rotary) {
  check_alone(Operator::rotary, {2, 5, 6});
  check_alone(Operator::rotary, {4, 2});
}

TEST(SequenceOperator, Dropout) {
  Attributes a;
  a.probability = 0.3;
  check_alone(Operator::dropout, {5, 4}, a);
}

TEST(SequenceOperator, EmbeddingAndLearned) {
  for (const std::size_t batch : batches) {
    Graph graph;
    const int ids = graph.input(Shape{6});
    const int x = embedding(graph, ids, 5, 19);
    finish(graph, graph.add(Operator::add, {x, slice(graph, learned(graph, {8, 19}), 0, 0, 6)}));
    CheckOptions options;
    options.most = 200;
    for (std::size_t i = 0; i < 6 * batch; ++i) options.x.push_back(static_cast<float>(i * i % 5));
    check(graph, batch, sequence_references(), options);
  }
}

TEST(SequenceOperator, Recurrences) {
  for (const std::size_t batch : batches) {
    Graph lstm;
    finish(lstm, lstm.add(Operator::lstm, {spread(lstm, {4, 12})}));
    check(lstm, batch, sequence_references());
    Graph gru;
    finish(gru, gru.add(Operator::gru, {spread(gru, {4, 9})}));
    check(gru, batch, sequence_references());
  }
}

TEST(SequenceOperator, LstmLayer) {
  Graph graph;
  finish(graph, lstm_layer(graph, spread(graph, {3, 5}), 4));
  check(graph, 5, sequence_references());
}

TEST(SequenceOperator, TransformerBlock) {
  for (const bool rotary : {false, true}) {
    Attention a;
    a.heads = 2;
    a.causal = true;
    a.rotary = rotary;
    Graph graph;
    finish(graph, pre_norm_block(graph, spread(graph, {3, 8}), a, 12));
    CheckOptions options;
    options.most = 12;
    check(graph, 5, sequence_references(), options);
  }
}

}  // namespace
}  // namespace fringe::testing
