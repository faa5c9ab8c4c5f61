#include "workloads/perturbed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

#include "core/draw.hpp"
#include "electronic/cpu_blas.hpp"
#include "electronic/number_format.hpp"
#include "expect_error.hpp"
#include "plain_accelerator.hpp"
#include "workloads/digits.hpp"
#include "workloads/training.hpp"

namespace fringe {
namespace {

using testing::expect_error;
using testing::PlainAccelerator;

std::vector<float> normals(std::size_t count, std::uint32_t site) {
  std::vector<float> out(count);
  fill_normal(out, Draw{.seed = 31, .purpose = Purpose::test, .site = site});
  return out;
}

constexpr std::size_t rows = 40, cols = 50, batch = 30;

class Perturbed : public ::testing::Test {
 protected:
  std::unique_ptr<ProgrammedMatrix> program(Perturbation p) {
    accelerator_ = make_perturbed(hardware, std::move(p));
    return accelerator_->program({w.data(), rows, cols}, 3);
  }
  std::vector<float> forward(ProgrammedMatrix& matrix, const Context& context) {
    std::vector<float> y(rows * batch);
    matrix.forward({x.data(), cols, batch}, {y.data(), rows, batch}, context);
    return y;
  }
  /// The weights of a pass, read by unit vectors.
  std::vector<float> weights(ProgrammedMatrix& matrix, const Context& context) {
    std::vector<float> identity(cols * cols), y(rows * cols);
    for (std::size_t i = 0; i < cols; ++i) identity[i * cols + i] = 1;
    matrix.forward({identity.data(), cols, cols}, {y.data(), rows, cols}, context);
    return y;
  }
  static float largest(const std::vector<float>& v) {
    float m = 0;
    for (const float value : v) m = std::max(m, std::abs(value));
    return m;
  }

  PlainAccelerator hardware;
  const std::vector<float> w = normals(rows * cols, 1), x = normals(cols * batch, 2);

 private:
  std::unique_ptr<Accelerator> accelerator_;
};

// The spread of n normals about a known mean has the relative deviation 1/√(2n); five of them.
double spread_tolerance(double sigma, std::size_t n) {
  return 5 * sigma / std::sqrt(2.0 * static_cast<double>(n));
}

TEST_F(Perturbed, WeightNoiseIsAsWideAsAskedAndFreshInEveryPass) {
  constexpr double sigma = 0.1;
  const auto matrix = program({.weight_noise = sigma});
  const Context first{.seed = 1, .shot = 1, .first_sample = 0, .training = true};
  Context second = first, epoch = first, inference = first;
  second.first_sample = 30;
  epoch.shot = 2;
  inference.training = false;
  const std::vector<float> one = weights(*matrix, first);
  double square = 0;
  for (std::size_t i = 0; i < w.size(); ++i) square += std::pow(static_cast<double>(one[i]) - w[i], 2);
  const double wanted = sigma * largest(w);
  EXPECT_NEAR(std::sqrt(square / static_cast<double>(w.size())), wanted, spread_tolerance(wanted, w.size()));
  EXPECT_EQ(weights(*matrix, first), one) << "a pass may come in parts";
  const std::vector<float> two = weights(*matrix, second), three = weights(*matrix, epoch);
  EXPECT_NE(two, one);
  EXPECT_NE(three, one);
  EXPECT_NE(three, two);
  EXPECT_EQ(weights(*matrix, inference), w);
  EXPECT_EQ(weights(*matrix, first), one) << "nothing depends on what came before";
  std::vector<float> realised(w.size());
  matrix->realised({realised.data(), rows, cols});
  EXPECT_EQ(realised, w);
  EXPECT_TRUE(std::equal(w.begin(), w.end(), matrix->parameters().begin()));
}

TEST_F(Perturbed, GradientsAreThoseOfThePerturbedPass) {
  const auto matrix = program({.weight_noise = 0.1, .input_bits = 4});
  const Context context{.seed = 1, .shot = 1, .training = true};
  const std::vector<float> noisy = weights(*matrix, context), dy = normals(rows * batch, 3);
  forward(*matrix, context);
  std::fill(matrix->gradients().begin(), matrix->gradients().end(), 0.0f);
  std::vector<float> dx(cols * batch);
  matrix->backward({x.data(), cols, batch}, {dy.data(), rows, batch}, {dx.data(), cols, batch}, context);
  // dx by the noisy weights as they are, dW by the inputs in 4 bits: one scale for each sample.
  for (std::size_t c = 0; c < cols; ++c)
    for (std::size_t b = 0; b < batch; ++b) {
      double sum = 0, positive = 0;
      for (std::size_t r = 0; r < rows; ++r) {
        // Weights were read through inputs of 4 bits, whose 1 is 7/7.
        const double term = static_cast<double>(noisy[r * cols + c]) * dy[r * batch + b];
        sum += term;
        positive += std::abs(term);
      }
      EXPECT_NEAR(dx[c * batch + b], sum, 0x1p-23 * (positive + std::abs(sum)));
    }
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) {
      double sum = 0;
      for (std::size_t b = 0; b < batch; ++b) {
        float top = 0;
        for (std::size_t k = 0; k < cols; ++k) top = std::max(top, std::abs(x[k * batch + b]));
        const float step = top / 7;
        sum += static_cast<double>(dy[r * batch + b]) * (std::nearbyint(x[c * batch + b] / step) * step);
      }
      EXPECT_EQ(matrix->gradients()[r * cols + c], static_cast<float>(sum));
    }
}

// Eight bits are the int8 of the number formats, row by row and sample by sample.
TEST_F(Perturbed, EightBitsAreThoseOfInt8) {
  const auto matrix = program({.weight_bits = 8, .input_bits = 8});
  std::vector<float> codes(w.size()), scales(rows), realised(w.size());
  quantise_rows({w.data(), rows, cols}, {codes.data(), rows, cols}, scales);
  matrix->realised({realised.data(), rows, cols});
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) EXPECT_EQ(realised[r * cols + c], codes[r * cols + c] * scales[r]);
  std::vector<float> input(x.size()), input_scales(batch);
  quantise_columns({x.data(), cols, batch}, {input.data(), cols, batch}, input_scales);
  for (const bool training : {false, true}) {
    const std::vector<float> y = forward(*matrix, {.training = training});
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t b = 0; b < batch; ++b) {
        double sum = 0;
        for (std::size_t c = 0; c < cols; ++c)
          sum += static_cast<double>(realised[r * cols + c]) * (input[c * batch + b] * input_scales[b]);
        EXPECT_EQ(y[r * batch + b], static_cast<float>(sum));
      }
  }
  // The weights below stay exact: small steps add up.
  EXPECT_TRUE(std::equal(w.begin(), w.end(), matrix->parameters().begin()));
}

TEST_F(Perturbed, FewBitsTakeEvenSteps) {
  for (const int bits : {2, 3, 6, 16}) {
    const auto matrix = program({.weight_bits = bits});
    std::vector<float> realised(w.size());
    matrix->realised({realised.data(), rows, cols});
    const auto codes = static_cast<float>((1 << (bits - 1)) - 1);
    for (std::size_t r = 0; r < rows; ++r) {
      const std::vector<float> row(w.begin() + static_cast<std::ptrdiff_t>(r * cols),
                                   w.begin() + static_cast<std::ptrdiff_t>((r + 1) * cols));
      const float step = largest(row) / codes;
      for (std::size_t c = 0; c < cols; ++c) {
        const float code = realised[r * cols + c] / step;
        EXPECT_NEAR(code, std::round(code), 4 * codes * 0x1p-24);
        EXPECT_LE(std::abs(realised[r * cols + c] - row[c]), 0.5f * step * (1 + 4 * codes * 0x1p-24));
      }
    }
  }
}

TEST_F(Perturbed, OutputNoiseBelongsToTheSample) {
  constexpr double sigma = 0.05;
  const auto matrix = program({.output_noise = sigma});
  const Context context{.seed = 4, .shot = 1, .first_sample = 100, .training = true};
  const std::vector<float> noisy = forward(*matrix, context), exact = forward(*matrix, {});
  double square = 0;
  for (std::size_t b = 0; b < batch; ++b) {
    float top = 0;
    for (std::size_t r = 0; r < rows; ++r) top = std::max(top, std::abs(exact[r * batch + b]));
    for (std::size_t r = 0; r < rows; ++r)
      square += std::pow((static_cast<double>(noisy[r * batch + b]) - exact[r * batch + b]) / top, 2);
  }
  EXPECT_NEAR(std::sqrt(square / (rows * batch)), sigma, spread_tolerance(sigma, rows * batch));
  // Sample 110 of the pass has its noise in a batch of its own too.
  std::vector<float> column(cols), y(rows);
  for (std::size_t c = 0; c < cols; ++c) column[c] = x[c * batch + 10];
  Context alone = context;
  alone.first_sample = 110;
  matrix->forward({column.data(), cols, 1}, {y.data(), rows, 1}, alone);
  for (std::size_t r = 0; r < rows; ++r) EXPECT_EQ(y[r], noisy[r * batch + 10]);
  // Two positions of a sample have two noises, wherever they are cut.
  Context two = context;
  two.positions = 2;
  std::vector<float> twice(cols * 2), both(rows * 2), second(rows);
  for (std::size_t c = 0; c < cols; ++c) twice[2 * c] = twice[2 * c + 1] = column[c];
  matrix->forward({twice.data(), cols, 2}, {both.data(), rows, 2}, two);
  two.positions = 1;
  two.first_position = 1;
  matrix->forward({column.data(), cols, 1}, {second.data(), rows, 1}, two);
  for (std::size_t r = 0; r < rows; ++r) {
    EXPECT_NE(both[2 * r], both[2 * r + 1]);
    EXPECT_EQ(both[2 * r + 1], second[r]);
  }
}

/// A "chip" whose weights are all larger by its number in 2³².
class Chip final : public Accelerator {
 public:
  Chip(Accelerator& base, std::uint32_t number)
      : base_(base), factor_(1 + static_cast<float>(number) * 0x1p-32f) {}
  const std::string& name() const override { return base_.name(); }
  Provenance numerics() const override { return base_.numerics(); }
  Boundary boundary() const override { return base_.boundary(); }
  Executor& executor() const override { return base_.executor(); }
  std::unique_ptr<ProgrammedMatrix> program(ConstMatrix w, std::uint32_t site) override {
    std::vector<float> scaled(w.data, w.data + w.rows * w.cols);
    for (float& value : scaled) value *= factor_;
    return base_.program({scaled.data(), w.rows, w.cols}, site);
  }
  Cost price(std::span<const Work>) override { return {}; }

 private:
  Accelerator& base_;
  float factor_;
};

TEST_F(Perturbed, EveryPassOfATrainingRunsOnAChipOfItsOwn) {
  std::vector<std::uint32_t> chips;
  PlainAccelerator below;
  Perturbation p;
  p.fabricate = [&](std::uint32_t chip) {
    chips.push_back(chip);
    return std::make_unique<Chip>(below, chip);
  };
  const auto matrix = program(p);
  Context context{.seed = 1, .shot = 1, .training = true};
  for (int pass = 0; pass < 6; ++pass) {
    context.first_sample = static_cast<std::uint64_t>(pass) * batch;
    const std::vector<float> held = weights(*matrix, context);
    ASSERT_EQ(chips.size(), static_cast<std::size_t>(pass) + 1);
    const float factor = 1 + static_cast<float>(chips.back()) * 0x1p-32f;
    for (std::size_t i = 0; i < w.size(); ++i) EXPECT_EQ(held[i], w[i] * factor);
    EXPECT_TRUE(below.asked.back().context.calibrate);
    // The pass back goes through the weights that the chip has.
    std::vector<float> dy(rows * batch, 0.0f), dx(cols * batch);
    dy[0] = 1;
    matrix->backward({x.data(), cols, batch}, {dy.data(), rows, batch}, {dx.data(), cols, batch}, context);
    for (std::size_t c = 0; c < cols; ++c) EXPECT_EQ(dx[c * batch], held[c]);
    context.training = false;
    EXPECT_EQ(weights(*matrix, context), w);
    context.training = true;
  }
  EXPECT_EQ(std::set<std::uint32_t>(chips.begin(), chips.end()).size(), 6u);
}

// What noise in training is for: weights that keep their accuracy when they are off (Joshi et al.). Six
// trainings each from the same start; their mean gain is more than three of its standard errors.
TEST(NoiseAwareTraining, KeepsMoreAccuracyOnNoisyWeights) {
  constexpr double sigma = 0.15;
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const auto blas = make_cpu_blas(*cpu, pool);
  const Graph graph = mlp(std::array<std::size_t, 3>{64, 32, 10});
  std::vector<std::uint32_t> train_rows(1200), test_rows(500);
  std::iota(train_rows.begin(), train_rows.end(), 0u);
  std::iota(test_rows.begin(), test_rows.end(), 1200u);
  const auto accuracy_on_noise = [&](double trained_with, std::uint64_t seed) {
    TrainingOptions options;
    options.epochs = 15;
    options.optimiser.rate = 0.01f;
    options.seed = seed;
    const auto hardware = make_perturbed(*blas, {.weight_noise = trained_with});
    Network network(graph, initial_parameters(graph, seed), *hardware);
    train(network, optical_digits(), train_rows, options);
    const Parameters clean = network.parameters();
    double sum = 0;
    constexpr int draws = 10;
    for (std::uint32_t draw = 0; draw < draws; ++draw) {
      Parameters noisy = clean;
      for (std::size_t m = 0; m < noisy.weights.size(); ++m) {
        float top = 0;
        for (const float value : noisy.weights[m]) top = std::max(top, std::abs(value));
        const std::vector<float> noise =
            normals(noisy.weights[m].size(), 100 + 10 * draw + static_cast<std::uint32_t>(m));
        for (std::size_t i = 0; i < noise.size(); ++i)
          noisy.weights[m][i] += static_cast<float>(sigma) * top * noise[i];
      }
      Network on_noise(graph, noisy, *blas);
      sum += evaluate(on_noise, optical_digits(), test_rows).accuracy;
    }
    return sum / draws;
  };
  constexpr int seeds = 6;
  double sum = 0, squares = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const double gain = accuracy_on_noise(sigma, seed) - accuracy_on_noise(0, seed);
    sum += gain;
    squares += gain * gain;
  }
  const double mean = sum / seeds, error = std::sqrt((squares / seeds - mean * mean) / (seeds - 1));
  EXPECT_GT(mean, 3 * error);
}

TEST_F(Perturbed, RefusesWhatItCannotTake) {
  expect_error([] { validate(Perturbation{.weight_noise = -1}); }, {"weight_noise", "-1"});
  expect_error([] { validate(Perturbation{.output_noise = std::nan("")}); }, {"output_noise", "nan"});
  expect_error([] { validate(Perturbation{.weight_bits = 1}); }, {"weight_bits = 1", "2 to 16"});
  expect_error([] { validate(Perturbation{.input_bits = 17}); }, {"input_bits = 17"});
  EXPECT_FALSE(Perturbation{}.acts());
}

}  // namespace
}  // namespace fringe
