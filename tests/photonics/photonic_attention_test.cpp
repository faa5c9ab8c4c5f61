// Products of activations on the photonic engine, alone and in an attention network.
#include <gtest/gtest.h>

#include "electronic/cpu_blas.hpp"
#include "tests/photonics/engine_testing.hpp"
#include "workloads/network.hpp"

namespace fringe {
namespace {

using namespace engine_testing;

PhotonicSetup reprogrammed(std::size_t modes, const PhotonicEffects& effects = {}) {
  PhotonicSetup s = setup(modes, 3, effects);
  s.design.activations = ActivationProducts::reprogrammed;
  return s;
}
PhotonicEffects realistic() { return effects_of(find_photonic_preset("realistic").design); }

// Two heads of three samples.
BatchedProduct six(const std::vector<float>& a, const std::vector<float>& b, std::vector<float>& c,
                   bool a_transposed, bool b_transposed) {
  c.assign(6 * 5 * 4, 0);
  return {.count = 6,
          .rows = 5,
          .inner = 7,
          .columns = 4,
          .a = a.data(),
          .b = b.data(),
          .c = c.data(),
          .a_transposed = a_transposed,
          .b_transposed = b_transposed,
          .scale = 0.5f,
          .site = 9};
}

TEST(PhotonicActivations, IdealCoresMultiplyAndTheDigitalUnitIsExact) {
  const auto a = normals(6 * 5 * 7, 1), b = normals(6 * 7 * 4, 2);
  Context context;
  context.positions = 2;
  for (const bool at : {false, true})
    for (const bool bt : {false, true}) {
      std::vector<float> plain, digital, light;
      Bench cores(reprogrammed(4)), unit(setup(4, 3));
      unit.cpu->multiply(six(a, b, plain, at, bt));
      unit.hardware.multiply(six(a, b, digital, at, bt), context);
      EXPECT_EQ(digital, plain);
      cores.hardware.multiply(six(a, b, light, at, bt), context);
      for (std::size_t i = 0; i < 6; ++i) {
        const std::span<const float> w(a.data() + i * 35, 35), x(b.data() + i * 28, 28);
        for (std::size_t k = 0; k < 20; ++k)
          EXPECT_NEAR(light[i * 20 + k], plain[i * 20 + k], ideal_bound(0.5 * norm(w), norm(x), 4, 2));
      }
    }
}

// A sample has the noise of its number, head and column, in whatever batch it comes.
TEST(PhotonicActivations, NoiseBelongsToTheSample) {
  const auto a = normals(6 * 5 * 7, 1), b = normals(6 * 7 * 4, 2);
  std::vector<float> whole, again;
  Context context;
  context.positions = 2;
  Bench hardware(reprogrammed(8, realistic())), other(reprogrammed(8, realistic()), 2);
  hardware.hardware.multiply(six(a, b, whole, false, false), context);
  other.hardware.multiply(six(a, b, again, false, false), context);
  EXPECT_EQ(whole, again) << "threads change bits";
  for (std::size_t sample = 0; sample < 3; ++sample)
    for (std::size_t head = 0; head < 2; ++head) {
      const std::size_t i = head * 3 + sample;
      std::vector<float> alone(20);
      BatchedProduct one = six(a, b, again, false, false);
      one.count = 1;
      one.a = a.data() + i * 35;
      one.b = b.data() + i * 28;
      one.c = alone.data();
      Context of_sample;
      of_sample.first_sample = sample;
      of_sample.first_position = head;
      hardware.hardware.multiply(one, of_sample);
      EXPECT_EQ(alone, std::vector<float>(whole.begin() + static_cast<long>(i * 20),
                                          whole.begin() + static_cast<long>(i * 20 + 20)));
    }
  context.shot = 1;
  hardware.hardware.multiply(six(a, b, again, false, false), context);
  EXPECT_NE(whole, again);
}

// softmax(s·X·Wq·(X·Wk)ᵀ)·X·Wv of `tokens` tokens.
constexpr std::size_t tokens = 5, width = 6;
Graph attention_graph() {
  Graph graph;
  const int x = graph.input(Shape{tokens, width});
  Attributes keys;
  keys.transposed = true;
  keys.scale = 0.5;
  const int scores = graph.add(Operator::matmul, {graph.dense(x, width), graph.dense(x, width)}, keys);
  const int weights = graph.add(Operator::softmax, {scores});
  graph.add(Operator::mean_squared_error, {graph.add(Operator::matmul, {weights, graph.dense(x, width)})});
  return graph;
}

// With every product off by ε of its factors' norms (ideal_bound), scores are off by 3·ε·s·‖Q‖‖K‖ (both
// factors and the product), a softmax's slope is at most 1, its rows have norms of at most 1, and so the
// result is off by ε·‖V‖·(3·s·‖Q‖‖K‖ + 2·√tokens), where ‖Q‖ stands for ‖Wq‖·‖X‖. Float's own errors are
// smaller: twice that.
TEST(PhotonicActivations, IdealAttentionIsThatOfFloat) {
  const Graph graph = attention_graph();
  const Parameters parameters = initial_parameters(graph, 1);
  const std::size_t batch = 3, modes = 4;
  const auto x = normals(tokens * width * batch, 4);
  const double e = ideal_bound(1, 1, modes, 2), size = norm(x);
  const double q = norm(parameters.weights[0]) * size, k = norm(parameters.weights[1]) * size,
               v = norm(parameters.weights[2]) * size;
  const double bound = 2 * e * v * (3 * 0.5 * q * k + 2 * std::sqrt(static_cast<double>(tokens)));
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const auto blas = make_cpu_blas(*cpu, pool);
  Network plain(graph, parameters, *blas);
  const ConstMatrix inputs{x.data(), tokens * width, batch};
  const ConstMatrix expected = plain.forward(inputs, {});
  for (const bool digital : {true, false}) {
    PhotonicSetup s = reprogrammed(modes);
    if (digital) s.design.activations = ActivationProducts::digital;
    Bench bench(s);
    Network network(graph, parameters, bench.hardware);
    const ConstMatrix y = network.forward(inputs, {});
    for (std::size_t i = 0; i < y.rows * y.cols; ++i) EXPECT_NEAR(y.data[i], expected.data[i], bound);
  }
}

TEST(PhotonicActivations, AttentionDoesNotDependOnTheBatch) {
  const Graph graph = attention_graph();
  const Parameters parameters = initial_parameters(graph, 1);
  const std::size_t numbers = tokens * width;
  const auto x = normals(numbers * 6, 4);
  for (const bool digital : {true, false}) {
    PhotonicSetup s = reprogrammed(4, realistic());
    if (digital) s.design.activations = ActivationProducts::digital;
    Bench bench(s);
    Network network(graph, parameters, bench.hardware);
    const ConstMatrix y = network.forward({x.data(), numbers, 6}, {});
    const std::vector<float> whole(y.data, y.data + numbers * 6);
    for (const std::size_t first : {0u, 3u}) {
      std::vector<float> part(numbers * 3);
      for (std::size_t i = 0; i < numbers; ++i)
        for (std::size_t b = 0; b < 3; ++b) part[i * 3 + b] = x[i * 6 + first + b];
      Context context;
      context.first_sample = first;
      const ConstMatrix z = network.forward({part.data(), numbers, 3}, context);
      for (std::size_t i = 0; i < numbers; ++i)
        for (std::size_t b = 0; b < 3; ++b) EXPECT_EQ(z.data[i * 3 + b], whole[i * 6 + first + b]);
    }
  }
}

}  // namespace
}  // namespace fringe
