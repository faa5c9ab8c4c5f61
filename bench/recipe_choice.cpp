// Chooses the digits' training recipe without looking at what scores it: nested cross-validation (S. Varma,
// R. Simon, BMC Bioinformatics 7:91 (2006)). Each of the five folds that `fringe compare` tests on gets the
// recipe that does best on four inner folds of its own training rows, and is then scored with it once.
#include <algorithm>
#include <cstdio>
#include <vector>

#include "core/thread_pool.hpp"
#include "electronic/cpu_blas.hpp"
#include "workloads/digits.hpp"
#include "workloads/split.hpp"
#include "workloads/training.hpp"
#include "workloads/zoo.hpp"

using namespace fringe;

namespace {

constexpr int outer_folds = 5, inner_folds = 4;
constexpr std::uint64_t seed = 1;

struct Score {
  double accuracy = 0, loss = 0;
  bool operator<(const Score& other) const {
    return accuracy != other.accuracy ? accuracy < other.accuracy : loss > other.loss;
  }
};

std::vector<TrainingOptions> recipes() {
  std::vector<TrainingOptions> recipes;
  for (const std::size_t epochs : {20u, 40u, 80u})
    for (const std::size_t batch : {16u, 32u, 64u})
      for (const float rate : {0.005f, 0.01f, 0.02f}) {
        TrainingOptions recipe;
        recipe.epochs = epochs;
        recipe.batch = batch;
        recipe.optimiser.rate = rate;
        recipe.seed = seed;
        recipes.push_back(recipe);
      }
  return recipes;
}

Score score(const Dataset& data, const Split& split, const TrainingOptions& recipe) {
  ThreadPool pool{1};
  const auto cpu = make_cpu_executor(pool);
  const auto blas = make_cpu_blas(*cpu, pool);
  const Graph graph = find_workload("digits-mlp").graph();
  Network network(graph, initial_parameters(graph, seed), *blas);
  train(network, data, split.train, recipe);
  const Evaluation evaluation = evaluate(network, data, split.test);
  return {evaluation.accuracy, evaluation.loss};
}

void print(const char* what, const TrainingOptions& recipe, const Score& score) {
  std::printf("%s  epochs %2zu  batch %2zu  rate %.3f  accuracy %.2f %%  loss %.4f\n", what, recipe.epochs,
              recipe.batch, static_cast<double>(recipe.optimiser.rate), 100 * score.accuracy, score.loss);
}

}  // namespace

int main() {
  const Dataset& data = optical_digits();
  const std::vector<TrainingOptions> grid = recipes();
  const std::vector<int> folds = stratified_folds(data, outer_folds, seed);
  // inner[outer·recipes + recipe]
  std::vector<Score> inner(outer_folds * grid.size());
  ThreadPool pool;
  pool.run(inner.size(), [&](std::size_t job, unsigned) {
    const Split outer = fold_split(folds, static_cast<int>(job / grid.size()));
    Dataset part = data;  // the training rows of the fold as a data set of their own
    part.samples = outer.train.size();
    part.values.clear();
    part.labels.clear();
    for (const std::uint32_t row : outer.train) {
      part.values.insert(part.values.end(), data.sample(row).begin(), data.sample(row).end());
      part.labels.push_back(data.labels[row]);
    }
    const std::vector<int> parts = stratified_folds(part, inner_folds, seed);
    for (int k = 0; k < inner_folds; ++k) {
      const Score one = score(part, fold_split(parts, k), grid[job % grid.size()]);
      inner[job].accuracy += one.accuracy / inner_folds;
      inner[job].loss += one.loss / inner_folds;
    }
  });
  std::vector<Score> mean(grid.size());
  double nested = 0;
  for (int fold = 0; fold < outer_folds; ++fold) {
    const auto first =
        inner.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(fold) * grid.size());
    for (std::size_t r = 0; r < grid.size(); ++r) {
      mean[r].accuracy += first[static_cast<std::ptrdiff_t>(r)].accuracy / outer_folds;
      mean[r].loss += first[static_cast<std::ptrdiff_t>(r)].loss / outer_folds;
    }
    const auto best = static_cast<std::size_t>(
        std::max_element(first, first + static_cast<std::ptrdiff_t>(grid.size())) - first);
    print("inner folds, best", grid[best], first[static_cast<std::ptrdiff_t>(best)]);
    const Score outer = score(data, fold_split(folds, fold), grid[best]);
    print("  scored once    ", grid[best], outer);
    nested += outer.accuracy / outer_folds;
  }
  std::printf("nested accuracy %.2f %%\n\ninner folds, means over the five training parts:\n", 100 * nested);
  for (std::size_t r = 0; r < grid.size(); ++r) print("", grid[r], mean[r]);
  const auto best = static_cast<std::size_t>(std::max_element(mean.begin(), mean.end()) - mean.begin());
  print("best:", grid[best], mean[best]);
}
