#include "workloads/optimiser.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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
  Network& network() { return network_; }
  int commits() const { return hardware_.commits; }

 private:
  Graph graph_ = mlp(std::array<std::size_t, 2>{4, 3});
  PlainAccelerator hardware_;
  Network network_;
};

// Adam, algorithm 1 of its paper, and AdamW, algorithm 2 of its own with the schedule in the rate, for one
// number in double. A float step makes at most 12 roundings of its own, and each earlier one left at most 3
// in m and 4 in v: (12 + 7k)·unit of the update's terms taken positive, and one rounding of the parameter.
// The decay takes 3 roundings of its own, and one more of the parameter.
void expect_as_the_paper(const Optimiser& o) {
  const bool decays = o.weight_decay != 0;
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
      const double decay = static_cast<double>(o.rate) * static_cast<double>(o.weight_decay) * p[i];
      p[i] -= decay + m[i] * scale;
      tolerance[i] += unit * ((12 + 7 * t) * m_positive[i] * scale + 3 * std::abs(decay) +
                              (decays ? 2 : 1) * std::abs(p[i] + decay));
    }
    stepper.step(o);
    for (std::size_t i = 0; i < p.size(); ++i)
      EXPECT_NEAR(stepper.parameters()[i], p[i], tolerance[i]) << "step " << t;
  }
  EXPECT_EQ(stepper.commits(), steps);
}

TEST(Adam, FollowsThePaper) {
  expect_as_the_paper({.rate = 0.05f, .beta1 = 0.8f, .beta2 = 0.95f, .epsilon = 1e-6f});
}

TEST(AdamW, FollowsThePaper) {
  expect_as_the_paper({.kind = Optimiser::Kind::adamw,
                       .rate = 0.05f,
                       .beta1 = 0.8f,
                       .beta2 = 0.95f,
                       .epsilon = 1e-6f,
                       .weight_decay = 0.3f});
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

// Without gradients nothing but the decay acts, by the factor 1 − rate·λ a step; two roundings each. Biases
// keep their bits.
TEST(AdamW, WeightsDecayGeometricallyAndBiasesStay) {
  const Optimiser o{.kind = Optimiser::Kind::adamw, .rate = 0.125f, .weight_decay = 0.5f};
  PlainAccelerator hardware;
  const Graph graph = mlp(std::array<std::size_t, 2>{4, 3});
  Parameters start = initial_parameters(graph, 1);
  start.vectors[0] = {1, 2, 3};
  Network network(graph, start, hardware);
  for (int t = 0; t < steps; ++t) network.step(o);
  const Parameters end = network.parameters();
  const double factor = std::pow(1 - 0.0625, steps);
  for (std::size_t i = 0; i < 12; ++i)
    EXPECT_NEAR(end.weights[0][i], start.weights[0][i] * factor,
                2 * steps * unit * std::abs(start.weights[0][i]));
  EXPECT_EQ(end.vectors[0], start.vectors[0]);
}

// L2 and the look ahead, in double; g' takes 2 roundings, v 2, the step 4.
TEST(Sgd, TakesL2AndLooksAhead) {
  const Optimiser o{
      .kind = Optimiser::Kind::sgd, .rate = 0.1f, .momentum = 0.7f, .nesterov = true, .weight_decay = 0.2f};
  Stepper stepper;
  std::vector<double> p(stepper.parameters().begin(), stepper.parameters().end()), tolerance(p.size(), 0.0);
  std::vector<double> v(p.size()), v_positive(p.size());
  const double rate = o.rate, momentum = o.momentum, decay = o.weight_decay;
  for (int t = 1; t <= steps; ++t) {
    const auto g = stepper.set_gradients(t);
    for (std::size_t i = 0; i < p.size(); ++i) {
      const double slope = g[i] + decay * p[i], positive = std::abs(g[i]) + decay * std::abs(p[i]);
      v[i] = momentum * v[i] + slope;
      v_positive[i] = momentum * v_positive[i] + positive;
      p[i] -= rate * (slope + momentum * v[i]);
      tolerance[i] += unit * ((8 + 4 * t) * rate * (positive + v_positive[i]) + std::abs(p[i]));
    }
    stepper.step(o);
    for (std::size_t i = 0; i < p.size(); ++i)
      EXPECT_NEAR(stepper.parameters()[i], p[i], tolerance[i]) << "step " << t;
  }
}

// On ½a·p² plain descent is p·(1 − rate·a)ᵏ. AdamW's steps have at most about the rate's size, and close to
// the minimum its schedule decides: it ends within a few of its last rates.
TEST(Optimiser, FindsTheMinimumOfAQuadratic) {
  constexpr float curvature = 0.5f;
  const auto descend = [&](const Optimiser& o, int count, auto rate) {
    Stepper stepper;
    std::fill(stepper.parameters().begin(), stepper.parameters().end(), 1.0f);
    for (int t = 0; t < count; ++t) {
      for (std::size_t i = 0; i < stepper.parameters().size(); ++i)
        stepper.network().matrix(0).gradients()[i] = curvature * stepper.parameters()[i];
      stepper.network().step(o, rate(t));
    }
    return stepper.parameters()[0];
  };
  const Optimiser plain{.kind = Optimiser::Kind::sgd, .momentum = 0};
  EXPECT_NEAR(descend(plain, 10, [](int) { return 0.5f; }), std::pow(0.75, 10),
              10 * 3 * unit * std::pow(0.75, 10));
  const Optimiser adamw{.kind = Optimiser::Kind::adamw, .weight_decay = 0.1f};
  const float last = 0.1f / 400;
  EXPECT_LT(std::abs(descend(adamw, 400, [](int t) { return 0.1f * static_cast<float>(400 - t) / 400; })),
            4 * last);
}

TEST(Optimiser, ClipsTheNormOfAllGradientsTogether) {
  const Optimiser o{.kind = Optimiser::Kind::sgd, .rate = 1, .momentum = 0, .clip_norm = 1};
  PlainAccelerator hardware;
  const Graph graph = mlp(std::array<std::size_t, 3>{2, 2, 2});
  Network network(graph, initial_parameters(graph, 1), hardware);
  network.step({.kind = Optimiser::Kind::sgd});  // clears the gradients
  const auto step = [&](float first, float second, float scale) {
    std::array<float*, 2> p{};
    std::array<float, 2> before{};
    for (std::size_t m = 0; m < 2; ++m) {
      p[m] = network.matrix(m).parameters().data();
      before[m] = *p[m];
    }
    network.matrix(0).gradients()[0] = first;
    network.matrix(1).gradients()[0] = second;
    network.step(o);
    EXPECT_EQ(*p[0], before[0] - scale * first);
    EXPECT_EQ(*p[1], before[1] - scale * second);
  };
  step(3, 4, 0.2f);      // a norm of 5
  step(0.6f, 0.7f, 1);   // below 1
  step(-30, 40, 0.02f);  // 50
}

TEST(Optimiser, AScaledLossTakesTheSameStepOrNone) {
  const Optimiser o{.kind = Optimiser::Kind::adamw, .weight_decay = 0.1f, .clip_norm = 0.5f};
  Stepper plain, scaled;
  for (Stepper* s : {&plain, &scaled})
    s->network().step({.kind = Optimiser::Kind::sgd}, 0);  // clears gradients
  for (int t = 1; t <= steps; ++t) {
    plain.set_gradients(t);
    scaled.set_gradients(t);
    for (float& g : scaled.network().matrix(0).gradients()) g *= 1024;
    plain.step(o);
    EXPECT_TRUE(scaled.network().step(o, o.rate, 1024));
    EXPECT_TRUE(
        std::equal(plain.parameters().begin(), plain.parameters().end(), scaled.parameters().begin()));
  }
  const std::vector<float> before(scaled.parameters().begin(), scaled.parameters().end());
  const int commits = scaled.commits();
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    scaled.set_gradients(1);
    scaled.network().matrix(0).gradients()[5] = bad;
    EXPECT_FALSE(scaled.network().step(o, o.rate, 1024));
    EXPECT_TRUE(std::equal(before.begin(), before.end(), scaled.parameters().begin()));
    for (const float g : scaled.network().matrix(0).gradients()) EXPECT_EQ(g, 0.0f);
  }
  EXPECT_EQ(scaled.commits(), commits);
  // The step that was left out is no step of Adam either.
  plain.set_gradients(9);
  scaled.set_gradients(9);
  plain.step(o);
  scaled.step(o);
  EXPECT_TRUE(std::equal(plain.parameters().begin(), plain.parameters().end(), scaled.parameters().begin()));
}

TEST(Optimiser, CountsWhatItComputesAndMoves) {
  using Kind = Optimiser::Kind;
  const auto expect = [](const Optimiser& o, double operations, double transfers) {
    EXPECT_EQ(o.operations(), operations);
    EXPECT_EQ(o.transfers(), transfers);
  };
  expect({.kind = Kind::sgd}, 4, 5);
  expect({.kind = Kind::sgd, .nesterov = true, .weight_decay = 1, .clip_norm = 1}, 11, 6);
  expect({.kind = Kind::adam}, 14, 7);
  expect({.kind = Kind::adamw, .weight_decay = 1, .clip_norm = 1}, 19, 8);
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
  expect_error([] { validate(Optimiser{.nesterov = true}); }, {"nesterov", "sgd"});
  expect_error([] { validate(Optimiser{.weight_decay = 0.1f}); }, {"weight_decay", "adamw"});
  expect_error([&] { validate(Optimiser{.kind = Optimiser::Kind::adamw, .weight_decay = nan}); },
               {"weight_decay", "nan"});
  expect_error([] { validate(Optimiser{.clip_norm = -1}); }, {"clip_norm", "-1"});
  EXPECT_NO_THROW(validate(Optimiser{}));
}

}  // namespace
}  // namespace fringe
