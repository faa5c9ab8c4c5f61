// Training that meets the errors of chips before it is programmed on one: in experiments, from end to end.
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "sim/photonic_study.hpp"
#include "tests/sim/trace_support.hpp"

namespace fringe {
namespace {

// Coarse splitters and phases of few bits, so that much is to be won.
std::string experiment(const std::string& training) {
  return "folds = 2\nchips = 6\nbatches = [1]\nseed = 3\n[training]\n" + training +
         "\n[photonic.coarse]\npreset = 'coarse-splitters'\nmodes = 8\nphase_bits = 4\n";
}

struct Trained {
  std::vector<std::vector<float>> weights;
  std::vector<double> lost;  ///< points, chip by chip
  double floating = 0;
};

Trained run(const std::string& training, unsigned threads) {
  ThreadPool pool(threads);
  Observer silent;
  const Experiment e = parse_experiment(experiment(training), "mine.toml");
  Study study(e, pool, silent);
  study.train_floating();
  Trained trained;
  trained.weights = study.folds()[0].parameters.weights;
  trained.floating = study.folds()[0].floating.accuracy;
  std::vector<ChipResult> chips(e.chips);
  const PhotonicCase fabricated{"as fabricated", effects_of(e.photonic[0].design)};
  study.each("chips", e.chips,
             [&](std::size_t c) { chips[c] = run_chip(study, e.photonic[0], fabricated, c); });
  for (const ChipResult& chip : chips) trained.lost.push_back(100 * (1 - chip.scores[0]));
  return trained;
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

TEST(NoiseAware, FreshChipsInTrainingSaveAccuracyOnChipsNeverSeen) {
  const std::string recipe = "epochs = 20\nbatch = 64\n";
  const Trained plain = run(recipe, 2);
  for (const char* way : {"weight_noise = 0.1", "fresh_chips = 'coarse'"}) {
    const Trained aware = run(recipe + way, 2);
    // The same chips: the gain is taken chip by chip, and is more than two of its standard errors.
    std::vector<double> gain;
    for (std::size_t c = 0; c < plain.lost.size(); ++c) gain.push_back(plain.lost[c] - aware.lost[c]);
    double variance = 0;
    for (const double g : gain) variance += (g - mean(gain)) * (g - mean(gain));
    const auto n = static_cast<double>(gain.size());
    EXPECT_GT(mean(gain), 2 * std::sqrt(variance / (n - 1) / n))
        << way << ": " << mean(plain.lost) << " and " << mean(aware.lost) << " points lost";
  }
}

TEST(NoiseAware, RepeatsForAnyNumberOfThreads) {
  for (const char* training :
       {"fresh_chips = 'coarse'\nbatch = 256", "format = 'bf16'\nweight_noise = 0.1\noutput_noise = 0.02",
        "format = 'fp16'\nweight_bits = 4\ninput_bits = 4"}) {
    SCOPED_TRACE(training);
    const auto weights = [&](unsigned threads) {
      const Experiment e = parse_experiment(experiment(std::string("epochs = 2\n") + training), "mine.toml");
      ThreadPool pool(threads);
      Observer silent;
      Study study(e, pool, silent);
      study.train_floating();
      return study.folds()[1].parameters.weights;
    };
    EXPECT_EQ(weights(1), weights(3));
  }
}

// Half precision and few bits still learn; what they are worth in floating point is what was trained.
TEST(NoiseAware, FormatsAndFewBitsLearn) {
  const std::string recipe = "epochs = 8\n";
  const double exact = run(recipe, 2).floating;
  for (const char* training : {"format = 'bf16'", "format = 'fp16'", "weight_bits = 4\ninput_bits = 4"}) {
    // 899 test samples: two accuracies of about 97 % differ by less than 5·√(2·0.97·0.03/899) = 4 points.
    EXPECT_NEAR(run(recipe + training, 2).floating, exact, 0.04) << training;
  }
}

}  // namespace
}  // namespace fringe
