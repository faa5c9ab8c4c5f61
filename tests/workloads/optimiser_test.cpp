#include "workloads/optimiser.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "core/draw.hpp"
#include "expect_error.hpp"
#include "plain_accelerator.hpp"
#include "workloads/network.hpp"

namespace fringe {
namespace {

using testing::expect_error;
using testing::PlainAccelerator;

constexpr double unit = 0x1p-24;
constexpr int steps = 6;

// One 3×4 weight matrix whose gradients the test writes itself.
class Stepper {
 public:
  Stepper() : network_(graph_, initial_parameters(graph_, 1), hardware_) {
    const std::array<float, 4> x{};
    const std::int32_t label = 0;
    network_.forward({x.data(), 4, 1}, {.training = true});
    network_.backward(&label, {});
    set_gradients(0);
  }
  std::span<float> parameters() { return network_.matrix(0).parameters(); }
  std::span<const float> set_gradients(int step) {
    fill_normal(network_.matrix(0).gradients(), {.seed = 2, .shot = static_cast<std::uint32_t>(step)});
    return network_.matrix(0).gradients();
  }
  void step(const Optimiser& o) { network_.step(o); }
  int commits() const { return hardware_.commits; }

 private:
  Graph graph_ = mlp(std::array<std::size_t, 2>{4, 3});
  PlainAccelerator hardware_;
  Network network_;
};

// Adam, algorithm 1 of the paper, for one number in double. A float step makes at most 12 roundings of its
// own, and each earlier one left at most 3 in m and 4 in v: (12 + 7k)·unit of the update's terms taken
// positive, and one rounding of the parameter.
TEST(Adam, FollowsThePaper) {
  const Optimiser o{.rate = 0.05f, .beta1 = 0.8f, .beta2 = 0.95f, .epsilon = 1e-6f};
  Stepper stepper;
  std::vector<double> p(stepper.parameters().begin(), stepper.parameters().end()), tolerance(p.size(), 0.0);
  std::vector<double> m(p.size()), m_positive(p.size()), v(p.size());
  for (int t = 1; t <= steps; ++t) {
    const auto g = stepper.set_gradients(t);
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double gradient = g[i], b1 = o.beta1, b2 = o.beta2;
      m[i] = b1 * m[i] + (1 - b1) * gradient;
      m_positive[i] = b1 * m_positive[i] + (1 - b1) * std::abs(gradient);
      v[i] = b2 * v[i] + (1 - b2) * gradient * gradient;
      const double scale = o.rate / (1 - std::pow(b1, t)) /
                           (std::sqrt(v[i] / (1 - std::pow(b2, t))) + static_cast<double>(o.epsilon));
      p[i] -= m[i] * scale;
      tolerance[i] += unit * ((12 + 7 * t) * m_positive[i] * scale + std::abs(p[i]));
    }
    stepper.step(o);
    for (std::size_t i = 0; i < p.size(); ++i)
      EXPECT_NEAR(stepper.parameters()[i], p[i], tolerance[i]) << "step " << t;
  }
  EXPECT_EQ(stepper.commits(), steps);
}

// Heavy ball: v takes 2 roundings a step, p takes 2.
TEST(Sgd, FollowsTheHeavyBall) {
  const Optimiser o{.kind = Optimiser::Kind::sgd, .rate = 0.1f, .momentum = 0.7f};
  Stepper stepper;
  std::vector<double> p(stepper.parameters().begin(), stepper.parameters().end()), tolerance(p.size(), 0.0);
  std::vector<double> v(p.size()), v_positive(p.size());
  for (int t = 1; t <= steps; ++t) {
    const auto g = stepper.set_gradients(t);
    for (std::size_t i = 0; i < p.size(); ++i) {
      v[i] = static_cast<double>(o.momentum) * v[i] + g[i];
      v_positive[i] = static_cast<double>(o.momentum) * v_positive[i] + std::abs(g[i]);
      p[i] -= static_cast<double>(o.rate) * v[i];
      tolerance[i] += unit * ((2 + 2 * t) * static_cast<double>(o.rate) * v_positive[i] + std::abs(p[i]));
    }
    stepper.step(o);
    for (std::size_t i = 0; i < p.size(); ++i)
      EXPECT_NEAR(stepper.parameters()[i], p[i], tolerance[i]) << "step " << t;
  }
}

TEST(Optimiser, ChangingTheKindRestartsItsState) {
  const Optimiser adam, sgd{.kind = Optimiser::Kind::sgd, .rate = 0.5f};
  Stepper stepper;
  stepper.step(adam);
  const std::vector<float> before(stepper.parameters().begin(), stepper.parameters().end());
  const auto g = stepper.set_gradients(1);
  const std::vector<float> gradient(g.begin(), g.end());
  stepper.step(sgd);
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(stepper.parameters()[i], before[i] - 0.5f * gradient[i]);
}

TEST(Optimiser, RefusesSettingsOutOfRange) {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  expect_error([&] { validate(Optimiser{.rate = nan}); }, {"rate", "nan", "positive"});
  expect_error([] { validate(Optimiser{.kind = Optimiser::Kind::sgd, .momentum = 1}); },
               {"momentum", "[0, 1)"});
  expect_error([] { validate(Optimiser{.beta1 = -0.5f}); }, {"beta1", "-0.5", "[0, 1)"});
  expect_error([&] { validate(Optimiser{.beta2 = nan}); }, {"beta2", "nan", "[0, 1)"});
  expect_error([] { validate(Optimiser{.epsilon = 0}); }, {"epsilon", "positive"});
  EXPECT_NO_THROW(validate(Optimiser{}));
}

}  // namespace
}  // namespace fringe
