// A convolution on a photonic engine: every place of every image is a symbol of its own, whose noise depends
// neither on the batch nor on the parts in which the network executes a large product.
#include <gtest/gtest.h>

#include "photonics/photonic_accelerator.hpp"
#include "workloads/blocks.hpp"
#include "workloads/network.hpp"

namespace fringe {
namespace {

PhotonicSetup noisy(std::size_t modes) {
  const PhotonicPreset& preset = find_photonic_preset("realistic");
  PhotonicSetup setup;
  setup.name = "test";
  setup.design = preset.design;
  setup.effects = effects_of(preset.design);
  setup.design.modes = modes;
  setup.seed = 5;
  return setup;
}

// Large enough for three parts at batch 6: 36 taps of 8 channels are 72 rows, 6·30·30 columns.
Graph network() {
  Graph graph;
  Convolution c = square(4, 3, 1, 1);
  c.channels = 8;
  c.relu = false;
  int x = convolution(graph, graph.input(Shape{8, 30, 30}), c);
  graph.softmax_cross_entropy(affine(graph, graph.add(Operator::global_pool, {x}), 3));
  return graph;
}

TEST(PhotonicNetwork, NoiseOfAConvolutionBelongsToSampleAndPlace) {
  const Graph graph = network();
  const Parameters parameters = initial_parameters(graph, 2);
  constexpr std::size_t batch = 6;
  const std::size_t features = graph.input_features();
  std::vector<float> x(features * batch);
  fill_normal(x, {.seed = 3});
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  // What the convolution gives for samples [first, first + count), [sample][rows × positions].
  std::size_t parts = 0;
  const auto forward = [&](std::size_t first, std::size_t count) {
    PhotonicAccelerator hardware(noisy(8), *cpu, pool);
    Network run(graph, parameters, hardware);
    std::vector<std::vector<float>> seen(count);
    parts = 0;
    run.set_hook([&](const ProductView& view) {
      if (view.matrix != 0) return;
      ++parts;
      for (std::size_t c = 0; c < view.y.cols; ++c)
        for (std::size_t r = 0; r < view.y.rows; ++r) seen[c % count].push_back(view.y(r, c));
    });
    std::vector<float> some(features * count);
    for (std::size_t f = 0; f < features; ++f)
      std::copy_n(x.data() + f * batch + first, count, some.data() + f * count);
    run.forward({some.data(), features, count}, {.seed = 9, .shot = 2, .first_sample = 40 + first});
    return seen;
  };
  const auto whole = forward(0, batch);
  EXPECT_GT(parts, 1u) << "the network must be large enough to execute in parts";
  for (const auto& [first, count] : {std::pair{0u, 1u}, std::pair{1u, 2u}, std::pair{3u, 3u}}) {
    const auto some = forward(first, count);
    for (std::size_t b = 0; b < count; ++b) EXPECT_EQ(some[b], whole[first + b]) << first << '+' << b;
  }
  // Two places of an image that is the same everywhere differ by their noise alone.
  std::fill(x.begin(), x.end(), 0.5f);
  const std::vector<float> flat = forward(0, 1)[0];
  const auto inner = [&](std::size_t place) {
    return std::vector<float>(flat.begin() + place * 8, flat.begin() + place * 8 + 8);
  };
  EXPECT_NE(inner(5 * 30 + 5), inner(5 * 30 + 6));
  EXPECT_NE(inner(5 * 30 + 5), inner(20 * 30 + 5));
}

// Two groups with the same weights and the same image differ by nothing but their noise.
TEST(PhotonicNetwork, GroupsOfAConvolutionHaveTheirOwnNoise) {
  Graph graph;
  Attributes a;
  a.features = 4;
  a.kernel = {1, 1};
  a.groups = 2;
  const int x = graph.add(Operator::conv2d, {graph.input(Shape{6, 2, 2})}, a);
  graph.softmax_cross_entropy(affine(graph, graph.add(Operator::global_pool, {x}), 3));
  Parameters parameters = initial_parameters(graph, 2);
  std::vector<float>& w = parameters.weights[0];
  std::copy_n(w.begin(), w.size() / 2, w.begin() + static_cast<long>(w.size() / 2));
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  PhotonicSetup setup = noisy(4);
  setup.design.cores = 1;      // both groups have its errors
  setup.effects.adc_enob = 0;  // no step that hides the noise
  PhotonicAccelerator hardware(setup, *cpu, pool);
  Network run(graph, parameters, hardware);
  std::vector<std::vector<float>> seen(3);
  run.set_hook([&](const ProductView& view) {
    for (std::size_t r = 0; r < view.y.rows; ++r)
      seen[view.matrix].insert(seen[view.matrix].end(), view.y.row(r), view.y.row(r) + view.y.cols);
  });
  const std::vector<float> image(graph.input_features(), 0.5f);
  run.forward({image.data(), image.size(), 1}, {.seed = 9});
  ASSERT_EQ(seen[0].size(), seen[1].size());
  EXPECT_NE(seen[0], seen[1]);
  std::vector<float> one(w.size() / 2), two(one);
  run.matrix(0).realised({one.data(), 2, 3});
  run.matrix(1).realised({two.data(), 2, 3});
  EXPECT_EQ(one, two) << "without noise they are alike";
}

}  // namespace
}  // namespace fringe
