// Operators against references of plain loops, by the tester of operator_check.hpp.
#include <gtest/gtest.h>

#include "electronic/cpu_blas.hpp"
#include "expect_error.hpp"
#include "operator_check.hpp"
#include "vision_references.hpp"
#include "workloads/blocks.hpp"

namespace fringe::testing {
namespace {

// The tester's derivative is that of its value: central differences, whose error is the change from step 2h
// to h (truncation) plus the rounding in double over h.
TEST(Tracked, SlopesAreDerivatives) {
  const auto f = [](const Tracked& x) {
    const Tracked y = exp(x * 0.5) / (1.5 + x * x) - sqrt(x + 2) * tanh(x);
    return log(y * y + 1) * erf(x) + abs(-x);
  };
  for (const double x : {0.3, 0.9, 1.7}) {
    Tracked variable(x);
    variable.slope = variable.slope_size = 1;
    const auto central = [&](double h) { return (f(x + h).value - f(x - h).value) / (2 * h); };
    constexpr double h = 0x1p-17;
    EXPECT_NEAR(f(variable).slope, central(h), std::abs(central(2 * h) - central(h)) + 0x1p-48 / h);
  }
}

TEST(OperatorCheck, DenseBiasRelu) {
  for (const std::size_t batch : {1u, 5u, 17u}) {
    Graph graph;
    finish(graph, graph.relu(graph.bias(spread(graph, {6}))));
    check(graph, batch, {});
  }
}

// One operator on a value of the shape given, at several batches: 5 and 17 fill no whole vectors.
void check_alone(Operator op, const Shape& shape, const Attributes& attributes) {
  for (const std::size_t batch : {1u, 5u, 17u}) {
    Graph graph;
    finish(graph, graph.add(op, {spread(graph, shape)}, attributes));
    check(graph, batch, vision_references());
  }
}

struct Geometry {
  Shape shape;
  std::array<std::size_t, 2> kernel, stride{1, 1}, padding{0, 0}, dilation{1, 1};
  std::size_t groups = 1, features = 4;
  bool ceil = false, counts_padding = false;
  Attributes attributes() const {
    Attributes a;
    a.features = features;
    a.kernel = kernel;
    a.stride = stride;
    a.padding = padding;
    a.dilation = dilation;
    a.groups = groups;
    a.ceil = ceil;
    a.counts_padding = counts_padding;
    return a;
  }
};

TEST(OperatorCheck, Convolution) {
  for (const Geometry& g : {
           Geometry{.shape = {2, 4, 5}, .kernel = {3, 3}, .padding = {1, 1}},
           Geometry{.shape = {3, 4, 3}, .kernel = {1, 1}},
           Geometry{.shape = {2, 5, 6}, .kernel = {1, 1}, .stride = {2, 2}},
           Geometry{.shape = {2, 5, 6}, .kernel = {3, 2}, .stride = {2, 1}, .padding = {0, 1}},
           Geometry{.shape = {1, 7, 6}, .kernel = {2, 3}, .stride = {3, 2}, .padding = {1, 2}},
           Geometry{.shape = {2, 6, 5}, .kernel = {3, 2}, .padding = {2, 1}, .dilation = {2, 3}},
           Geometry{.shape = {1, 2, 3}, .kernel = {3, 3}, .padding = {4, 3}},  // places off the image
           Geometry{.shape = {4, 4, 4}, .kernel = {3, 3}, .padding = {1, 1}, .groups = 2, .features = 6},
           Geometry{.shape = {4, 3, 3}, .kernel = {1, 1}, .groups = 2},
       })
    check_alone(Operator::conv2d, g.shape, g.attributes());
}

TEST(OperatorCheck, DepthwiseConvolution) {
  for (const Geometry& g : {
           Geometry{.shape = {3, 4, 5}, .kernel = {3, 3}, .padding = {1, 1}, .groups = 3, .features = 3},
           Geometry{.shape = {2, 5, 7},
           .kernel = {3, 2},
           .stride = {2, 3},
           .padding = {1, 0},
           .dilation = {1, 2},
           .groups = 2,
           .features = 4},
       })
    check_alone(Operator::conv2d, g.shape, g.attributes());
}

TEST(OperatorCheck, TransposedConvolution) {
  for (const Geometry& g : {
           Geometry{.shape = {2, 3, 4}, .kernel = {3, 3}, .features = 2},
           Geometry{.shape = {3, 3, 2}, .kernel = {1, 1}, .features = 2},
           Geometry{.shape = {2, 2, 3}, .kernel = {2, 3}, .stride = {2, 3}, .features = 3},
           Geometry{.shape = {1, 3, 3}, .kernel = {4, 3}, .stride = {2, 1}, .padding = {1, 2}, .features = 2},
           Geometry{.shape = {2, 2, 2}, .kernel = {1, 2}, .stride = {2, 3}, .features = 2},  // gaps
       })
    check_alone(Operator::conv2d_transposed, g.shape, g.attributes());
}

TEST(OperatorCheck, Pools) {
  for (const Geometry& g : {
           Geometry{.shape = {2, 4, 6}, .kernel = {2, 2}, .stride = {2, 2}},
           Geometry{.shape = {2, 5, 4}, .kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}},
           Geometry{.shape = {1, 5, 5}, .kernel = {3, 2}, .padding = {1, 1}, .counts_padding = true},
           Geometry{.shape = {2, 5, 6}, .kernel = {2, 3}, .stride = {2, 2}, .ceil = true},
           Geometry{.shape = {1, 5, 6},
           .kernel = {3, 3},
           .stride = {3, 2},
           .padding = {1, 1},
           .ceil = true,
           .counts_padding = true},
           Geometry{.shape = {1, 6, 7}, .kernel = {2, 2}, .stride = {1, 2}, .dilation = {3, 2}},
       }) {
    check_alone(Operator::max_pool, g.shape, g.attributes());
    check_alone(Operator::average_pool, g.shape, g.attributes());
  }
  check_alone(Operator::global_pool, {5, 3, 2}, {});
}

TEST(OperatorCheck, BatchNorm) {
  for (const Shape& shape : {Shape{3, 2, 4}, Shape{5, 3}, Shape{6}})
    for (const std::size_t batch : {3u, 5u, 17u}) {
      Graph graph;
      Attributes a;
      a.epsilon = 1e-3;
      finish(graph, graph.add(Operator::batch_norm, {spread(graph, shape)}, a));
      check(graph, batch, vision_references());
    }
}

TEST(OperatorCheck, AddAndMultiply) {
  const std::pair<Shape, Shape> cases[]{{{2, 3, 4}, {2, 3, 4}}, {{2, 3, 4}, {2, 1, 1}}, {{2, 3, 4}, {4}},
                                        {{2, 3, 4}, {3, 1}},    {{3, 5}, {1, 5}},       {{7}, {1}}};
  for (const auto& [whole, part] : cases)
    for (const Operator op : {Operator::add, Operator::multiply})
      for (const std::size_t batch : {1u, 5u, 17u}) {
        Graph graph;
        const int left = spread(graph, whole), right = spread_more(graph, part);
        finish(graph, graph.add(op, {left, right}));
        check(graph, batch, vision_references());
      }
}

// One value with several readers, twice the same operand, and operators that overwrite in place beside it.
TEST(OperatorCheck, ValuesWithSeveralReaders) {
  for (const std::size_t batch : {1u, 5u, 17u}) {
    Graph graph;
    const int x = graph.bias(spread(graph, {2, 3, 3}));
    const int square = graph.add(Operator::multiply, {x, x});
    const int sum = graph.add(Operator::add, {square, x});
    finish(graph, graph.add(Operator::add, {graph.relu(sum), x}));
    check(graph, batch, vision_references());
  }
}

TEST(OperatorCheck, Concat) {
  for (const std::size_t axis : {0u, 1u, 2u})
    for (const std::size_t batch : {1u, 5u, 17u}) {
      Shape first{2, 3, 2}, second = first, third = first;
      second[axis] = 1;
      third[axis] = 4;
      Attributes a;
      a.axis = axis;
      Graph graph;
      const int x = spread(graph, first), y = spread_more(graph, second), z = spread_more(graph, third);
      finish(graph, graph.add(Operator::concat, {x, y, z, x}, a));
      check(graph, batch, vision_references());
    }
}

// A residual block with what stands around it in a network, two convolutions deep.
TEST(OperatorCheck, ResidualBlock) {
  for (const std::size_t batch : {5u, 17u}) {
    Graph graph;
    Convolution c = square(3, 3, 1, 1);
    c.bias = false;
    c.batch_norm = true;
    c.relu = false;  // dead places would tie in the pool
    int x = convolution(graph, spread(graph, {2, 4, 5}), c);
    x = graph.relu(graph.add(Operator::add, {convolution(graph, x, c), x}));
    finish(graph, graph.add(Operator::global_pool, {max_pool(graph, x, 2, 2, 1)}));
    check(graph, batch, vision_references());
  }
}

// 144 taps at batch 17 are more columns than the scratch of a product holds: two parts, and a rest.
TEST(OperatorCheck, ConvolutionInSeveralParts) {
  Graph graph;
  Attributes a = Geometry{.shape = {}, .kernel = {3, 3}, .padding = {1, 1}}.attributes();
  const int x = graph.add(Operator::conv2d, {spread(graph, {16, 12, 12})}, a);
  finish(graph, graph.add(Operator::conv2d_transposed, {x}, a));
  CheckOptions few;
  few.most = 3;
  check(graph, 17, vision_references(), few);
}

// A tenth of the way to the batch's mean and biased variance.
TEST(BatchNorm, RunningStatisticsFollowTheBatch) {
  Graph graph;
  graph.input(2);
  graph.softmax_cross_entropy(graph.add(Operator::batch_norm, {0}));
  Parameters parameters = initial_parameters(graph, 1);
  parameters.states = {{1, -2, 3, 4}};
  const std::vector<float> x{1, 2, 3, 6, 0, 0, 8, 8};  // means 3 and 4, variances 3.5 and 16
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const auto hardware = make_cpu_blas(*cpu, pool);
  Network network(graph, parameters, *hardware);
  network.forward({x.data(), 2, 4}, {});
  EXPECT_EQ(network.parameters().states, parameters.states);
  network.forward({x.data(), 2, 4}, {.training = true});
  const std::vector<double> expected{1 + 0.1 * 2, -2 + 0.1 * 6, 3 + 0.1 * 0.5, 4 + 0.1 * 12};
  const std::vector<float> found = network.parameters().states[0];
  // The tenth, the difference, the product and the sum are rounded once each.
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(found[i], expected[i], 4 * unit * 16) << i;
}

TEST(Shapes, PoolsKeepTheirLastWindowOnTheImage) {
  Graph graph;
  graph.input(Shape{1, 5, 6});
  Attributes a = Geometry{.shape = {}, .kernel = {3, 3}, .stride = {3, 2}, .padding = {1, 1}}.attributes();
  a.ceil = true;
  EXPECT_EQ(graph.node(graph.add(Operator::max_pool, {0}, a)).shape, (Shape{1, 2, 4}));
  a.padding = {2, 1};
  expect_error([&] { graph.add(Operator::max_pool, {0}, a); }, {"padding = 2", "half of the kernel's 3"});
}

}  // namespace
}  // namespace fringe::testing
