// Fourier features against the sum that defines them, and all-optical networks that learn from them.
#include "sim/optical_study.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <set>

#include "core/error.hpp"
#include "core/units.hpp"
#include "workloads/digits.hpp"

namespace fringe {
namespace {

Dataset one_image(std::size_t side, std::vector<float> values) {
  Dataset data;
  data.name = "one image";
  data.features = side * side;
  data.classes = 2;
  data.samples = 1;
  data.values = std::move(values);
  data.labels = {1};
  return data;
}

/// ½ + ½ cos 2π(row·y + column·x)/side
Dataset grating(int side, int row, int column) {
  std::vector<float> values;
  for (int y = 0; y < side; ++y)
    for (int x = 0; x < side; ++x)
      values.push_back(static_cast<float>(0.5 + 0.5 * std::cos(2 * pi * (row * y + column * x) / side)));
  return one_image(static_cast<std::size_t>(side), std::move(values));
}

// The authors' code keeps these entries of the flattened 28×28 transform.
TEST(FourierFeatures, AreThePublishedSixteen) {
  std::set<std::size_t> hit;
  for (const int flat : {0, 1, 2, 28, 29, 30, 54, 55, 56, 57, 58, 82, 83, 84, 85, 4 * 28 - 1}) {
    const FieldSet set = fourier_features(grating(28, flat / 28, flat % 28), 16);
    std::vector<std::size_t> lit;
    for (std::size_t p = 0; p < 16; ++p)
      if (std::hypot(set.re[p], set.im[p]) > 1e-3) lit.push_back(p);
    if (flat == 0) {
      ASSERT_EQ(lit.size(), 1u);
      EXPECT_EQ(set.re[lit[0]], 1);  // the mean of a flat image, and unit power
      hit.insert(lit[0]);
    } else {
      ASSERT_EQ(lit.size(), 2u) << flat;  // its own and the mean's
      // ½ of the mean's field 1 and of the two conjugate waves' ¼: 2/√5 and 1/√5.
      EXPECT_NEAR(set.re[lit[0]], 2 / std::sqrt(5.0), 1e-6) << "pixels are floats";
      EXPECT_NEAR(set.re[lit[1]], 1 / std::sqrt(5.0), 1e-6) << flat;
      EXPECT_TRUE(hit.insert(lit[1]).second) << flat;
    }
  }
  EXPECT_EQ(hit.size(), 16u);
}

TEST(FourierFeatures, EqualTheDefiningSum) {
  const Dataset& digits = optical_digits();
  const FieldSet set = fourier_features(digits, 12, 20);
  ASSERT_EQ(set.samples(), 20u);
  EXPECT_EQ(set.classes, 10u);
  // In rising order of 5·row² + 6·column²; the first twelve of images of eight pixels a side.
  const int row[] = {0, 1, 0, 1, 1, 2, 0, 2, 2, 1, 1, 2}, column[] = {0, 0, 1, -1, 1, 0, 2, -1, 1, -2, 2, -2};
  for (std::size_t s = 0; s < 20; ++s) {
    EXPECT_EQ(set.labels[s], digits.labels[s]);
    std::vector<std::complex<double>> sums(12);
    double power = 0;
    for (std::size_t p = 0; p < 12; ++p) {
      for (int y = 0; y < 8; ++y)
        for (int x = 0; x < 8; ++x)
          sums[p] += static_cast<double>(digits.sample(s)[static_cast<std::size_t>(8 * y + x)]) *
                     std::polar(1.0, -2 * pi * (row[p] * y + column[p] * x) / 8);
      power += std::norm(sums[p]);
    }
    for (std::size_t p = 0; p < 12; ++p)  // 64 terms, each of a few roundings
      EXPECT_LE(std::abs(std::complex(set.re[s * 12 + p], set.im[s * 12 + p]) - sums[p] / std::sqrt(power)),
                64 * 4 * 2.2e-16)
          << s << ' ' << p;
  }
}

TEST(FourierFeatures, DarkImagesStayDarkAndWrongOnesAreRefused) {
  const FieldSet dark = fourier_features(one_image(4, std::vector<float>(16)), 3);
  EXPECT_EQ(std::count(dark.re.begin(), dark.re.end(), 0.0), 3);
  EXPECT_THROW(fourier_features(one_image(4, std::vector<float>(16)), 6), Error);
  EXPECT_THROW(fourier_features(one_image(4, std::vector<float>(16)), 0), Error);
  Dataset line = one_image(4, std::vector<float>(16));
  line.features = 8;
  EXPECT_THROW(fourier_features(line, 1), Error);
}

OpticalTrainingOptions short_training() {
  OpticalTrainingOptions options;
  options.epochs = 3;
  options.batch = 100;
  options.optimiser.rate = 0.01f;
  return options;
}

TEST(OpticalTraining, LowersTheLossWithEqualBitsForAnyPool) {
  const FieldSet data = fourier_features(optical_digits(), 12, 430);
  ThreadPool one(1), two(2);
  std::vector<std::vector<double>> losses;
  std::vector<PhaseProgram> phases;
  for (ThreadPool* const pool : {static_cast<ThreadPool*>(nullptr), &one, &two}) {
    OpticalNetwork network =
        random_optical_network("rectangular", 12, 2, 10, typical_nonlinearity("electro-optic"), 1);
    losses.push_back(train_optical(network, data, short_training(), pool));
    phases.push_back(network.layers[0].phases);
  }
  EXPECT_LT(losses[0].back(), 0.8 * losses[0].front());
  for (std::size_t run = 1; run < 3; ++run) {
    EXPECT_EQ(losses[run], losses[0]);
    EXPECT_EQ(phases[run].theta, phases[0].theta);
  }
}

TEST(OpticalTraining, RefusesWrongUse) {
  const FieldSet data = fourier_features(optical_digits(), 12, 50);
  OpticalNetwork other = random_optical_network("rectangular", 11, 1, 10, std::nullopt, 1);
  EXPECT_THROW(train_optical(other, data, short_training()), Error);
  OpticalNetwork network = random_optical_network("rectangular", 12, 1, 10, std::nullopt, 1);
  EXPECT_THROW(train_optical(network, {}, short_training()), Error);
  EXPECT_THROW(optical_accuracy(other, data), Error);
  for (const auto& spoil : std::initializer_list<void (*)(OpticalTrainingOptions&)>{
           [](OpticalTrainingOptions& o) { o.epochs = 0; }, [](OpticalTrainingOptions& o) { o.batch = 0; },
           [](OpticalTrainingOptions& o) { o.optimiser.rate = -1; },
           [](OpticalTrainingOptions& o) { o.optimiser.kind = Optimiser::Kind::sgd; }}) {
    OpticalTrainingOptions options = short_training();
    spoil(options);
    EXPECT_THROW(train_optical(network, data, options), Error);
  }
}

TEST(OpticalStudy, KindsOfNetworksLearnAndRepeat) {
  const FieldSet learned = fourier_features(optical_digits(), 12, 600), unseen = learned;
  OpticalStudyOptions options;
  options.ports = 12;
  options.training = short_training();
  options.training.epochs = 8;
  for (const bool nonlinear : {false, true}) {
    const OpticalOutcome outcome = optical_outcome(learned, unseen, nonlinear, options);
    EXPECT_LT(outcome.train_loss, std::log(10.0)) << "that of a blind guess";
    EXPECT_GT(outcome.test_accuracy, 0.3);
    EXPECT_EQ(optical_outcome(learned, unseen, nonlinear, options).test_accuracy, outcome.test_accuracy);
  }
}

TEST(OpticalTraining, StopsBetweenEpochs) {
  const FieldSet data = fourier_features(optical_digits(), 12, 100);
  OpticalNetwork network = random_optical_network("rectangular", 12, 1, 10, std::nullopt, 1);
  struct : Observer {
    bool stop_requested() const override { return true; }
  } impatient;
  EXPECT_EQ(train_optical(network, data, short_training(), nullptr, &impatient).size(), 1u);
}

}  // namespace
}  // namespace fringe
