#include "workloads/network.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "core/draw.hpp"
#include "double_network.hpp"
#include "expect_error.hpp"
#include "plain_accelerator.hpp"

namespace fringe {
namespace {

using testing::DoubleNetwork;
using testing::expect_error;
using testing::PlainAccelerator;

constexpr double unit = 0x1p-24;  // rounding of a float
const std::array<std::size_t, 4> sizes{5, 4, 4, 3};
constexpr std::size_t batch = 7;

struct Problem {
  Graph graph = mlp(sizes);
  Parameters parameters = initial_parameters(graph, 3);
  std::vector<float> x = std::vector<float>(sizes[0] * batch);
  std::vector<std::int32_t> labels;
  Problem() {
    fill_normal(x, {.seed = 5});
    for (std::size_t b = 0; b < batch; ++b) labels.push_back(static_cast<std::int32_t>(b % sizes.back()));
    std::uint32_t site = 1;
    for (auto& bias : parameters.vectors) fill_normal(bias, {.seed = 5, .site = site++});
  }
  ConstMatrix inputs() const { return {x.data(), sizes[0], batch}; }
};

// Every number of the gradient is a sum whose rounding is at most unit · (operations on its longest path) ·
// (the same sum with absolute values): the matrices' fan-in forward and back, 2·(5+4+4), the batch, and 16
// for bias, ReLU and softmax. The finite difference's own error is the change from step 2h to h (truncation,
// O(h²)) plus the loss's rounding in double over h.
TEST(Network, GradientEqualsFiniteDifference) {
  const Problem p;
  DoubleNetwork reference(sizes, p.parameters, p.x, p.labels);
  ASSERT_GT(reference.smallest_preactivation(), 1e-3) << "a kink within reach of the finite difference";

  PlainAccelerator hardware;
  Network network(p.graph, p.parameters, hardware);
  network.forward(p.inputs(), {.training = true});
  const double loss = network.backward(p.labels.data(), {});
  const double path = 2 * (5 + 4 + 4) + static_cast<double>(batch) + 16;
  EXPECT_NEAR(loss, reference.loss(), path * unit * reference.largest_logit());

  std::vector<std::vector<double>> found;
  for (std::size_t k = 0; k < 3; ++k) {
    const auto g = network.matrix(k).gradients();
    found.emplace_back(g.begin(), g.end());
  }
  // Biases are read off a plain step: b − (b − 1·g).
  network.step({.kind = Optimiser::Kind::sgd, .rate = 1, .momentum = 0});
  const Parameters after = network.parameters();
  for (std::size_t k = 0; k < 3; ++k) {
    std::vector<double>& g = found.emplace_back();
    for (std::size_t i = 0; i < after.vectors[k].size(); ++i)
      g.push_back(static_cast<double>(p.parameters.vectors[k][i]) - after.vectors[k][i]);
  }
  constexpr double h = 0x1p-17;
  for (std::size_t k = 0; k < found.size(); ++k)
    for (std::size_t i = 0; i < found[k].size(); ++i) {
      const double near = reference.central_difference(k, i, h),
                   far = reference.central_difference(k, i, 2 * h);
      const double difference_error = std::abs(far - near) + 0x1p-48 * reference.loss() / h;
      const double rounding =
          path * unit * reference.gradient_majorant(k, i) + unit * reference.parameter_size(k, i);
      EXPECT_NEAR(found[k][i], near, difference_error + rounding)
          << "parameter group " << k << ", element " << i;
    }
  for (std::size_t k = 0; k < 3; ++k)
    for (const float g : network.matrix(k).gradients())
      EXPECT_EQ(g, 0.0f) << "a step must clear the gradients";
}

TEST(Network, GradientsAddUpUntilTheStep) {
  const Problem p;
  PlainAccelerator hardware;
  Network network(p.graph, p.parameters, hardware);
  const auto pass = [&] {
    network.forward(p.inputs(), {.training = true});
    network.backward(p.labels.data(), {});
    const auto g = network.matrix(0).gradients();
    return std::vector<float>(g.begin(), g.end());
  };
  const std::vector<float> once = pass(), twice = pass();
  for (std::size_t i = 0; i < once.size(); ++i) EXPECT_EQ(twice[i], 2 * once[i]);
}

TEST(Network, ProgramsNodesAndPassesTheContextOn) {
  const Problem p;
  PlainAccelerator hardware;
  Network network(p.graph, p.parameters, hardware);
  EXPECT_EQ(hardware.sites, (std::vector<std::uint32_t>{1, 4, 7}));
  std::vector<std::string> seen;
  network.set_hook([&](const ProductView& view) {
    seen.emplace_back(view.name);
    const auto k = view.matrix;
    EXPECT_EQ(view.x.rows, sizes[k]);
    ASSERT_EQ(view.y.rows, sizes[k + 1]);
    for (std::size_t r = 0; r < view.y.rows; ++r) {  // W·x alone, before the bias
      double sum = 0;
      for (std::size_t c = 0; c < view.x.rows; ++c)
        sum += static_cast<double>(p.parameters.weights[k][r * view.x.rows + c]) * view.x(c, 2);
      EXPECT_EQ(view.y(r, 2), static_cast<float>(sum));
    }
  });
  const Context context{.seed = 11, .shot = 3, .first_sample = 40, .calibrate = true};
  network.forward(p.inputs(), context);
  EXPECT_EQ(seen, (std::vector<std::string>{"dense1", "dense2", "dense3"}));
  ASSERT_EQ(hardware.asked.size(), 3u);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(hardware.asked[k].site, hardware.sites[k]);
    EXPECT_EQ(hardware.asked[k].context.seed, 11u);
    EXPECT_EQ(hardware.asked[k].context.shot, 3u);
    EXPECT_EQ(hardware.asked[k].context.first_sample, 40u);
    EXPECT_TRUE(hardware.asked[k].context.calibrate);
  }
}

TEST(Network, BatchSizeChangesNoBits) {
  const Problem p;
  PlainAccelerator hardware;
  Network network(p.graph, p.parameters, hardware);
  std::vector<float> alone;
  for (std::size_t b = 0; b < batch; ++b) {  // grows to 7 only afterwards
    std::vector<float> column(sizes[0]);
    for (std::size_t f = 0; f < sizes[0]; ++f) column[f] = p.x[f * batch + b];
    const ConstMatrix y = network.forward({column.data(), sizes[0], 1}, {});
    for (std::size_t c = 0; c < y.rows; ++c) alone.push_back(y(c, 0));
  }
  const ConstMatrix together = network.forward(p.inputs(), {});
  for (std::size_t b = 0; b < batch; ++b)
    for (std::size_t c = 0; c < together.rows; ++c) EXPECT_EQ(together(c, b), alone[b * together.rows + c]);
}

TEST(Network, ParametersComeBackAsGiven) {
  const Problem p;
  PlainAccelerator hardware;
  const Parameters back = Network(p.graph, p.parameters, hardware).parameters();
  EXPECT_EQ(back.weights, p.parameters.weights);
  EXPECT_EQ(back.vectors, p.parameters.vectors);
}

TEST(Network, RefusesParametersAndInputsOfOtherShapes) {
  Problem p;
  PlainAccelerator hardware;
  Network network(p.graph, p.parameters, hardware);
  expect_error([&] { network.forward({p.x.data(), 4, 2}, {}); }, {"'input'", "4", "5"});
  p.parameters.weights[1].pop_back();
  expect_error([&] { Network(p.graph, p.parameters, hardware); }, {"'dense2'", "15", "16"});
  p.parameters.vectors.clear();
  p.parameters.weights[1].push_back(0);
  expect_error([&] { Network(p.graph, p.parameters, hardware); }, {"'bias1'", "0", "4"});
}

// The sample variance of n normals is σ²(1 ± √(2/n)), the mean σ/√n; 5 standard errors.
TEST(InitialParameters, VarianceFollowsHeAndGlorot) {
  const Graph graph = mlp(std::array<std::size_t, 3>{200, 150, 100});
  const Parameters p = initial_parameters(graph, 8);
  const std::array<double, 2> variance{2.0 / 200, 2.0 / (150 + 100)};
  for (std::size_t k = 0; k < 2; ++k) {
    const auto n = static_cast<double>(p.weights[k].size());
    double sum = 0, squares = 0;
    for (const float w : p.weights[k]) {
      sum += w;
      squares += static_cast<double>(w) * w;
    }
    EXPECT_NEAR(sum / n, 0, 5 * std::sqrt(variance[k] / n));
    EXPECT_NEAR(squares / n, variance[k], 5 * variance[k] * std::sqrt(2 / n));
    for (const float b : p.vectors[k]) EXPECT_EQ(b, 0.0f);
  }
  EXPECT_EQ(initial_parameters(graph, 8).weights, p.weights);
  EXPECT_NE(initial_parameters(graph, 9).weights, p.weights);
}

}  // namespace
}  // namespace fringe
