#include "workloads/digits.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "core/thread_pool.hpp"
#include "electronic/cpu_blas.hpp"
#include "workloads/split.hpp"
#include "workloads/training.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

// FNV-1a, 64 bits: G. Fowler, L. Noll, K. Vo, http://www.isthe.com/chongo/tech/comp/fnv/.
template <class T>
std::string fingerprint(const std::vector<T>& values, float scale) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const T v : values) {
    hash ^= static_cast<std::uint64_t>(static_cast<float>(v) * scale);
    hash *= 0x100000001b3u;
  }
  std::ostringstream text;
  text << std::hex << hash;
  return text.str();
}

TEST(Digits, AreTheOnesOfTheAttribution) {
  const Dataset& digits = optical_digits();
  EXPECT_NO_THROW(validate(digits));
  EXPECT_EQ(digits.samples, 1797u);
  EXPECT_EQ(digits.features, 64u);
  EXPECT_EQ(digits.classes, 10u);
  EXPECT_FALSE(digits.source.empty());
  EXPECT_NE(digits.licence.find("CC BY 4.0"), std::string::npos);

  std::ifstream file(FRINGE_SOURCE_DIR "/workloads/data/optical_digits/ATTRIBUTION.md");
  std::stringstream attribution;
  attribution << file.rdbuf();
  const std::string text = attribution.str();
  EXPECT_NE(text.find(fingerprint(digits.values, 16)), std::string::npos);
  EXPECT_NE(text.find(fingerprint(digits.labels, 1)), std::string::npos);
  EXPECT_NE(text.find(digits.licence.substr(digits.licence.find("http"))), std::string::npos);

  std::vector<int> counts(10);
  for (const std::int32_t label : digits.labels) ++counts[static_cast<std::size_t>(label)];
  EXPECT_EQ(counts, (std::vector<int>{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}));
  double sum = 0;
  for (const float v : digits.values) sum += 16 * v;
  EXPECT_EQ(sum, 561718.0);
}

TEST(Digits, KnownPixels) {
  const Dataset& digits = optical_digits();
  const auto pixel = [&](std::size_t sample, std::size_t row, std::size_t column) {
    return 16 * digits.sample(sample)[8 * row + column];
  };
  // The first image, a zero, and the last, an eight.
  EXPECT_EQ(digits.labels.front(), 0);
  EXPECT_EQ(pixel(0, 0, 2), 5);
  EXPECT_EQ(pixel(0, 0, 3), 13);
  EXPECT_EQ(pixel(0, 3, 3), 0);
  EXPECT_EQ(pixel(0, 7, 4), 10);
  EXPECT_EQ(digits.labels.back(), 8);
  EXPECT_EQ(pixel(1796, 1, 2), 16);
  EXPECT_EQ(pixel(1796, 7, 7), 0);
}

struct Blas {
  ThreadPool pool{1};
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);
  std::unique_ptr<Accelerator> hardware = make_cpu_blas(*cpu, pool);
};

// Guessing is right on 10 %. With the recipe of the zoo the mean over five folds must reach 97 %; one fold
// alone tests 359 or 360 samples, whose binomial spread is √(0.97·0.03/359) = 0.9 %: four of those below is
// the floor.
TEST(Digits, TheZooRecipeReachesItsAccuracyOnFiveFolds) {
  Blas blas;
  const Workload& row = find_workload("digits-mlp");
  const Graph graph = row.graph();
  const Dataset& digits = optical_digits();
  const std::vector<int> folds = stratified_folds(digits, 5, row.training.seed);
  double mean = 0;
  for (int k = 0; k < 5; ++k) {
    const Split split = fold_split(folds, k);
    Network network(graph, initial_parameters(graph, row.training.seed), *blas.hardware);
    train(network, digits, split.train, row.training);
    const double accuracy = evaluate(network, digits, split.test).accuracy;
    const double spread = std::sqrt(0.97 * 0.03 / static_cast<double>(split.test.size()));
    EXPECT_GT(accuracy, 0.97 - 4 * spread) << "fold " << k;
    mean += accuracy / 5;
  }
  EXPECT_GE(mean, 0.97);
}

// Writers that the network has not seen: "about 94 %" of 450 samples, within four binomial spreads of 1.1 %;
// below the mixed folds.
TEST(Digits, OrderedSplitIsHarder) {
  Blas blas;
  const Workload& row = find_workload("digits-mlp");
  const Graph graph = row.graph();
  const Split split = ordered_split(optical_digits(), 0.75);
  Network network(graph, initial_parameters(graph, row.training.seed), *blas.hardware);
  train(network, optical_digits(), split.train, row.training);
  const double spread = std::sqrt(0.94 * 0.06 / static_cast<double>(split.test.size()));
  EXPECT_NEAR(evaluate(network, optical_digits(), split.test).accuracy, 0.94, 4 * spread);
}

}  // namespace
}  // namespace fringe
