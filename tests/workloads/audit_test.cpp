// Duplicates across a split, against a search of every pair.
#include "workloads/audit.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/draw.hpp"
#include "expect_error.hpp"
#include "workloads/digits.hpp"
#include "workloads/nearest_neighbour.hpp"
#include "workloads/robot_arm.hpp"

namespace fringe {
namespace {

using testing::expect_error;

Dataset random_rows(std::size_t samples, std::size_t features, std::uint64_t seed, std::uint32_t levels = 0) {
  Dataset data;
  data.name = "random";
  data.samples = samples;
  data.features = features;
  data.classes = 4;
  const DrawStream stream = stream_of({.seed = seed});
  for (std::size_t i = 0; i < samples * features; ++i) {
    const std::uint32_t bits = random_bits(stream, i);
    // Features of widely different ranges.
    const double scale = std::pow(10.0, static_cast<double>(i % features % 5) - 2);
    data.values.push_back(static_cast<float>(
        scale * (levels > 0 ? static_cast<double>(bits % levels) : uniform_from_bits(bits))));
  }
  for (std::size_t i = 0; i < samples; ++i) data.labels.push_back(static_cast<std::int32_t>(i % 4));
  return data;
}

Split halves(const Dataset& data) { return ordered_split(data, 0.5); }

/// Every pair, by the definition of audit.hpp.
AuditReport every_pair(const Dataset& data, const Split& split, double tolerance) {
  AuditReport report;
  std::vector<double> range(data.features);
  double varying = 0;
  for (std::size_t f = 0; f < data.features; ++f) {
    double least = data.values[f], most = least;
    for (std::size_t i = 0; i < data.samples; ++i) {
      least = std::min<double>(least, data.sample(i)[f]);
      most = std::max<double>(most, data.sample(i)[f]);
    }
    range[f] = most - least;
    varying += range[f] > 0 ? 1 : 0;
  }
  const auto equal = [&](std::uint32_t a, std::uint32_t b) {
    return std::ranges::equal(data.sample(a), data.sample(b));
  };
  const auto near = [&](std::uint32_t a, std::uint32_t b) {
    double sum = 0;
    for (std::size_t f = 0; f < data.features; ++f)
      if (range[f] > 0)
        sum += std::pow((static_cast<double>(data.sample(a)[f]) - data.sample(b)[f]) / range[f], 2);
    return std::sqrt(sum / varying) <= tolerance;
  };
  const auto any = [&](const auto& relation, std::uint32_t row, std::size_t before) {
    return std::any_of(split.train.begin(), split.train.begin() + static_cast<std::ptrdiff_t>(before),
                       [&](std::uint32_t other) { return relation(row, other); });
  };
  for (const std::uint32_t row : split.test)
    any(equal, row, split.train.size()) ? ++report.exact
                                        : report.near += any(near, row, split.train.size()) ? 1 : 0;
  for (std::size_t i = 0; i < split.train.size(); ++i)
    any(equal, split.train[i], i) ? ++report.train_exact
                                  : report.train_near += any(near, split.train[i], i) ? 1 : 0;
  return report;
}

// Few levels: many equal rows and many near ones.
TEST(Audit, FindsWhatEveryPairFinds) {
  std::size_t exact = 0, near = 0;
  for (const std::size_t features : {1, 2, 3, 7, 12, 40})
    for (const std::uint32_t levels : {0u, 2u, 3u, 9u})
      for (const double tolerance : {0.003, 0.03, 0.1, 0.3}) {
        SCOPED_TRACE(::testing::Message() << features << " features, " << levels << " levels, " << tolerance);
        const Dataset data = random_rows(300, features, 7 + features, levels);
        const Split split = halves(data);
        const AuditReport found = audit(data, split, tolerance),
                          expected = every_pair(data, split, tolerance);
        EXPECT_EQ(found.exact, expected.exact);
        EXPECT_EQ(found.near, expected.near);
        EXPECT_EQ(found.train_exact, expected.train_exact);
        EXPECT_EQ(found.train_near, expected.train_near);
        EXPECT_EQ(found.leaked, found.exact + found.near);
        exact += found.exact;
        near += found.near;
      }
  EXPECT_GT(exact, 1000u) << "the cases must have something to find";
  EXPECT_GT(near, 1000u);
}

TEST(Audit, TellsCopiesRoundedCopiesGroupsAndConflicts) {
  Dataset data = random_rows(400, 20, 3);
  const Split split = halves(data);
  EXPECT_FALSE(audit(data, split).leaks());
  const auto copy = [&](std::size_t from, std::size_t to) {
    std::copy_n(&data.values[from * 20], 20, &data.values[to * 20]);
  };
  copy(10, 210);  // test rows from 200 on
  copy(11, 211);
  for (std::size_t f = 0; f < 20; ++f) data.values[211 * 20 + f] *= 1 + 1e-4f;
  copy(12, 13);
  copy(300, 301);
  data.values[14 * 20] = 0.0f;
  copy(14, 214);
  data.values[214 * 20] = -0.0f;
  AuditReport report = audit(data, split);
  EXPECT_EQ(report.exact, 2u) << "0 and −0 are equal";
  EXPECT_EQ(report.near, 1u);
  EXPECT_EQ(report.leaked, 3u);
  EXPECT_EQ(report.train_exact, 1u);
  EXPECT_EQ(report.test_exact, 1u);
  EXPECT_EQ(report.conflicts, 2u) << "13 after 12, 301 after 300; 210 and 214 have the label of 10 and 14";
  ASSERT_EQ(report.examples.size(), 3u);
  EXPECT_EQ(report.examples[0].test, 210u);
  EXPECT_EQ(report.examples[0].train, 10u);
  EXPECT_EQ(report.examples[2].test, 211u);
  EXPECT_GT(report.examples[2].distance, 0);
  EXPECT_EQ(audit(data, split, 0.0).leaked, 2u) << "equal rows only";

  const std::vector<std::uint32_t> apart = rows_apart(data, split, report.tolerance);
  EXPECT_EQ(apart.size(), 197u);
  for (const std::uint32_t row : {10u, 11u, 14u}) EXPECT_EQ(std::ranges::count(apart, row), 0);
  EXPECT_FALSE(audit(data, {apart, split.test}).leaks());

  data.groups.resize(400);
  for (std::size_t i = 0; i < 400; ++i) data.groups[i] = static_cast<std::int32_t>(i / 8);
  EXPECT_EQ(audit(data, split).group_rows, 0u);
  data.groups[250] = data.groups[251] = 3;
  data.groups[210] = 1;
  report = audit(data, split);
  EXPECT_EQ(report.shared_groups, 2u);
  EXPECT_EQ(report.group_rows, 3u);
  EXPECT_EQ(report.leaked, 5u) << "a row counts once";
  EXPECT_EQ(
      leak_sentence(report),
      "5 of 200 test rows are known from training (2 equal to a training row, 1 near one, 3 of a group that "
      "trains too), so that a score on them is no score on new data");
}

TEST(Audit, TakesDataWithoutAnySpread) {
  Dataset data = random_rows(6, 3, 1);
  std::fill(data.values.begin(), data.values.end(), 2.0f);
  const AuditReport report = audit(data, halves(data));
  EXPECT_EQ(report.exact, 3u);
  EXPECT_EQ(report.train_exact, 2u);
  EXPECT_EQ(report.near, 0u);
  expect_error([&] { audit(data, halves(data), 1.5); }, {"1.5", "0 to 1"});
  expect_error([&] { audit(data, halves(data), std::nan("")); }, {"tolerance", "0 to 1"});
}

// Expected near pairs of independent rows at the tolerance: at most 0.01 a case, by the definition.
TEST(Audit, DefaultToleranceLeavesHonestRowsAlone) {
  EXPECT_DOUBLE_EQ(chance_tolerance(2, 1000, 100), std::sqrt(0.01 / 1e5 / std::acos(-1.0) / 2));
  EXPECT_EQ(chance_tolerance(64, 1437, 360), 0.01);
  EXPECT_EQ(chance_tolerance(4096, 512, 128), 0.01);
  std::size_t near = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (const std::size_t features : {1, 2, 3, 6}) {
      const Dataset data = random_rows(1000, features, seed);
      near += audit(data, halves(data)).near;
    }
  EXPECT_LE(near, 5u) << "0.8 expected of 80 cases; more than 5 has probability 2e-4";
}

TEST(Audit, EmbeddedDigitsDoNotLeak) {
  const std::vector<int> folds = stratified_folds(optical_digits(), 5, 1);
  for (int k = 0; k < 5; ++k) EXPECT_FALSE(audit(optical_digits(), fold_split(folds, k)).leaks());
  EXPECT_FALSE(audit(optical_digits(), ordered_split(optical_digits(), 0.75)).leaks());
}

// A nearest neighbour repeats a row that it saw, noise included: 100 %. On new rows it errs by its own noise
// and its neighbour's at least: E(t − told)² ≥ 2·σ², so that R² ≤ 1 − 2·s²/(1 + s²) with s = arm_noise; and a
// label is wrong where both noises put the torque on different sides of 0.
TEST(RobotArm, HonestScoresFallFarBelowLeakingOnes) {
  ThreadPool pool;
  constexpr int seeds = 8;
  const double s = arm_noise, most_told = 1 - 2 * s * s / (1 + s * s);
  std::vector<double> fall;
  for (int seed = 1; seed <= seeds; ++seed) {
    const auto score = [&](bool leaking) {
      const SplitDataset arm = robot_arm({.leaking = leaking, .seed = static_cast<std::uint64_t>(seed)});
      EXPECT_NO_THROW(validate(arm.data));
      const AuditReport report = audit(arm.data, arm.split);
      EXPECT_EQ(report.exact, leaking ? 400u : 0u);
      EXPECT_EQ(report.near, 0u);
      return nearest_neighbour(arm.data, arm.split.train, arm.split.test, pool, 400);
    };
    const NeighbourScore leaking = score(true), honest = score(false);
    EXPECT_EQ(leaking.tested, 400u);
    EXPECT_EQ(*leaking.accuracy, 1.0);
    EXPECT_EQ(*leaking.variance_told, 1.0);
    // Relative spread of a mean of 400 squares of normals, √(2/400); and of the test rows' variance.
    EXPECT_LT(*honest.variance_told, 1 - (1 - most_told) * (1 - 5 * std::sqrt(2.0 / 400)));
    EXPECT_GT(*honest.variance_told, 0) << "a neighbour tells something";
    fall.push_back(*leaking.accuracy - *honest.accuracy);
  }
  double mean = 0, squares = 0;
  for (const double f : fall) mean += f / seeds;
  for (const double f : fall) squares += (f - mean) * (f - mean);
  const double error = std::sqrt(squares / (seeds - 1) / seeds);
  EXPECT_GT(mean, 0.1) << "a tenth of all labels";
  EXPECT_GT(mean, 10 * error);
}

// Lagrange's equations of the second kind by finite differences of the kinetic and potential energy.
TEST(RobotArm, TorqueFollowsFromTheEnergies) {
  const auto lagrangian = [](double q1, double q2, double v1, double v2) {
    const double g = 9.81, inertia = 1.0 / 12;
    const double c2x = -std::sin(q1) * v1 - 0.5 * std::sin(q1 + q2) * (v1 + v2),
                 c2y = std::cos(q1) * v1 + 0.5 * std::cos(q1 + q2) * (v1 + v2);
    const double kinetic = 0.5 * (0.25 * v1 * v1 + inertia * v1 * v1) +
                           0.5 * (c2x * c2x + c2y * c2y + inertia * (v1 + v2) * (v1 + v2));
    const double potential = g * (0.5 * std::sin(q1)) + g * (std::sin(q1) + 0.5 * std::sin(q1 + q2));
    return kinetic - potential;
  };
  constexpr double h = 1e-4;
  const DrawStream stream = stream_of({.seed = 2});
  for (std::uint64_t i = 0; i < 20; ++i) {
    float x[6];
    for (std::uint64_t f = 0; f < 6; ++f) x[f] = 4 * normal(stream, 6 * i + f);
    const double q1 = x[0], q2 = x[1], v1 = x[2], v2 = x[3];
    // d/dt ∂L/∂v₁ along q(t) = q + v·t + a·t²/2, central differences in t and v₁.
    const auto momentum = [&](double t) {
      const auto at = [&](double dv) {
        return lagrangian(q1 + v1 * t + 0.5 * x[4] * t * t, q2 + v2 * t + 0.5 * x[5] * t * t,
                          v1 + x[4] * t + dv, v2 + x[5] * t);
      };
      return (at(1) - at(-1)) / 2;  // exact: L is quadratic in v
    };
    const double expected = (momentum(h) - momentum(-h)) / (2 * h) -
                            (lagrangian(q1 + h, q2, v1, v2) - lagrangian(q1 - h, q2, v1, v2)) / (2 * h);
    // Third derivatives are at most about g + (|v| + |a|·h)³·few; h² of them, and rounding eps·L/h.
    const double size = 10 + std::pow(std::abs(v1) + std::abs(v2) + std::abs(x[4]) + std::abs(x[5]), 3);
    EXPECT_NEAR(arm_torque(x), expected, 10 * h * h * size + 1e-16 * size * 10 / h);
  }
}

}  // namespace
}  // namespace fringe
