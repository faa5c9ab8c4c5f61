// Operators against references of plain loops, by the tester of operator_check.hpp.
#include <gtest/gtest.h>

#include "operator_check.hpp"

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

}  // namespace
}  // namespace fringe::testing
