// Sobol's indices against the Ishigami function's, fronts against every pair, and both commands' tables.
#include "sim/sensitivity.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "core/draw.hpp"
#include "core/units.hpp"
#include "sim/pareto.hpp"
#include "sim/text.hpp"
#include "tests/sim/trace_support.hpp"

namespace fringe {
namespace {

constexpr double a = 7, b = 0.1;

/// T. Ishigami, T. Homma, ISUMA 1990, doi:10.1109/ISUMA.1990.151285, of shares of (−π, π).
double ishigami(const double* share) {
  double x[3];
  for (int i = 0; i < 3; ++i) x[i] = pi * (2 * share[i] - 1);
  const double s = std::sin(x[1]);
  return std::sin(x[0]) * (1 + b * x[2] * x[2] * x[2] * x[2]) + a * s * s;
}

std::vector<SobolIndex> indices_of_ishigami(std::size_t n) {
  const SobolSample sample = sobol_sample(3, n, 1);
  std::vector<double> at_a(n), at_b(n), at_ab(3 * n);
  for (std::size_t j = 0; j < n; ++j) {
    at_a[j] = ishigami(&sample.a[3 * j]);
    at_b[j] = ishigami(&sample.b[3 * j]);
    for (std::size_t i = 0; i < 3; ++i) {
      double mixed[3] = {sample.a[3 * j], sample.a[3 * j + 1], sample.a[3 * j + 2]};
      mixed[i] = sample.b[3 * j + i];
      at_ab[i * n + j] = ishigami(mixed);
    }
  }
  return sobol_indices(at_a, at_b, at_ab);
}

TEST(Sensitivity, SobolsIndicesOfIshigamisFunctionAreTheAnalyticOnes) {
  // Integrals over sin², sin⁴ and powers of x: V₁ = (1 + bπ⁴/5)²/2, V₂ = a²/8, V₁₃ = b²π⁸·8/225.
  const double pi4 = pi * pi * pi * pi;
  const double v1 = (1 + b * pi4 / 5) * (1 + b * pi4 / 5) / 2, v2 = a * a / 8,
               v13 = b * b * pi4 * pi4 * 8 / 225;
  const double v = v1 + v2 + v13;
  const double first[] = {v1 / v, v2 / v, 0}, total[] = {(v1 + v13) / v, v2 / v, v13 / v};
  for (const std::size_t n : {1000u, 20'000u}) {
    const std::vector<SobolIndex> indices = indices_of_ishigami(n);
    for (std::size_t i = 0; i < 3; ++i) {
      // Six means of n samples: beyond four standard errors once in 2600 such tests, and the draws are fixed.
      EXPECT_NEAR(indices[i].first, first[i], 4 * indices[i].first_error) << n << " " << i;
      EXPECT_NEAR(indices[i].total, total[i], 4 * indices[i].total_error) << n << " " << i;
      // The errors themselves: |f − mean| ≤ 14.2 = √(14.6 V), so E(f(B)²·step²) and E(step⁴)/4 are at most
      // 14.6 V·E(step²) = 29 V²·total, and the deviation of a term over V at most 5.4; a little for the
      // ratio.
      EXPECT_LT(indices[i].first_error, 6 / std::sqrt(n));
      EXPECT_LT(indices[i].total_error, 6 / std::sqrt(n));
    }
  }
}

TEST(Sensitivity, StandardErrorsAreThoseOfRepetitions) {
  // The spread of 64 independent estimates against the mean of their errors: three times the 1/√(2·63) = 9 %
  // to which the deviation of 64 normals is known.
  constexpr std::size_t n = 500, repeats = 64;
  std::vector<double> first, errors;
  for (std::size_t r = 0; r < repeats; ++r) {
    const SobolSample sample = sobol_sample(2, n, 100 + r);
    std::vector<double> at_a(n), at_b(n), at_ab(2 * n);
    const auto f = [](double x, double y) { return x + 2 * y; };  // first = total = 1/5, 4/5
    for (std::size_t j = 0; j < n; ++j) {
      const double *pa = &sample.a[2 * j], *pb = &sample.b[2 * j];
      at_a[j] = f(pa[0], pa[1]);
      at_b[j] = f(pb[0], pb[1]);
      at_ab[j] = f(pb[0], pa[1]);
      at_ab[n + j] = f(pa[0], pb[1]);
    }
    const SobolIndex index = sobol_indices(at_a, at_b, at_ab)[0];
    first.push_back(index.first);
    errors.push_back(index.first_error);
  }
  const Estimate spread = estimate(first), error = estimate(errors);
  double squares = 0;
  for (const double value : first) squares += (value - 0.2) * (value - 0.2);
  const double deviation = std::sqrt(squares / repeats), uncertainty = 3 / std::sqrt(2.0 * (repeats - 1));
  EXPECT_NEAR(error.mean / deviation, 1, uncertainty);
  EXPECT_NEAR(spread.mean, 0.2, 4 * deviation / std::sqrt(repeats));
}

TEST(Sensitivity, PointsStandInTheirOrder) {
  const SweepFile sweep = parse_sweep(
      "[sweep]\nsamples = 5\n[sweep.axes]\nx = { from = 0, to = 10 }\ny = ['p', 'q', 'r']\n", "s.toml");
  const std::vector<SweepPoint> points = sensitivity_points(sweep);
  ASSERT_EQ(points.size(), 1 + 4 + 5 * 4u);
  const auto is = [&](std::size_t p, double x, double y) {
    EXPECT_EQ(points[p][0].number, x) << p;
    EXPECT_EQ(points[p][1].number, y) << p;
  };
  is(0, 5, 1);
  is(1, 0, 1);
  is(2, 10, 1);
  is(3, 5, 0);
  is(4, 5, 2);
  for (std::size_t j = 0; j < 5; ++j) {
    is(15 + j, points[10 + j][0].number, points[5 + j][1].number);  // x from B
    is(20 + j, points[5 + j][0].number, points[10 + j][1].number);  // y from B
  }
}

/// A sweep with one axis whose designs have the given accuracies and energies.
StoredSweep designs(const std::vector<std::pair<double, double>>& figures) {
  StoredSweep sweep;
  sweep.axes = {{"photonic.light.modes", {}}};
  for (std::size_t p = 0; p < figures.size(); ++p) {
    sweep.points.push_back(static_cast<double>(p));
    SweepRun run{p, 0, 1, {}, {}};
    run.scores.push_back({"light", "photonic", 0, 0, figures[p].first, 1});
    SweepCost cost;
    cost.hardware = "light";
    cost.camp = "photonic";
    cost.pipelined_energy_j = figures[p].second;
    cost.latency_s = cost.throughput_per_s = std::nan("");
    run.costs.push_back(cost);
    sweep.runs.push_back(std::move(run));
  }
  return sweep;
}

TEST(Pareto, ADesignStandsOnTheFrontWhereNoOtherBeatsIt) {
  std::vector<std::pair<double, double>> figures(300);
  std::vector<double> shares(600);
  fill_uniform(shares, Draw{.seed = 5, .purpose = Purpose::test});
  for (std::size_t i = 0; i < figures.size(); ++i)  // few values: ties of all kinds
    figures[i] = {std::floor(20 * shares[2 * i]) / 20, std::floor(20 * shares[2 * i + 1])};
  const StoredSweep sweep = designs(figures);
  std::vector<bool> on(figures.size());
  for (const ParetoDesign& d : pareto_front(sweep)) on[d.design.point] = d.on[0];
  std::size_t count = 0;
  for (std::size_t i = 0; i < figures.size(); ++i) {
    bool beaten = false;
    for (const auto& [accuracy, energy] : figures)
      beaten |= accuracy >= figures[i].first && energy <= figures[i].second &&
                (accuracy > figures[i].first || energy < figures[i].second);
    EXPECT_EQ(on[i], !beaten) << figures[i].first << " at " << figures[i].second;
    count += on[i];
  }
  EXPECT_GT(count, 1u);
}

TEST(Pareto, FrontsAreThoseAsked) {
  StoredSweep sweep = designs({{0.9, 1e-9}, {0.8, 1e-12}, {0.7, 1e-10}});
  for (std::size_t p = 0; p < 3; ++p) sweep.runs[p].costs[0].area_m2 = 1e-6 * static_cast<double>(3 - p);
  const Price area[] = {find_price("area")};
  const std::vector<ParetoDesign> front = pareto_front(sweep, area);
  ASSERT_EQ(front.size(), 3u) << "each is smaller and less accurate";
  for (const ParetoDesign& d : front)
    for (std::size_t p = 0; p < price_count; ++p) EXPECT_EQ(d.on[p], static_cast<Price>(p) == Price::area);
  EXPECT_NE(pareto_text(sweep, front, "t.h5", area).find("3 mm²"), std::string::npos);
  const Price money[] = {Price::money};
  EXPECT_NE(
      test::error_of([&] { pareto_front(sweep, money); }).find("no design of this trace tells its money"),
      std::string::npos);
  EXPECT_EQ(
      test::error_of([] { find_price("aera"); }),
      "unknown quantity 'aera'; did you mean 'area'? accuracy stands against energy, latency, throughput, "
      "money, area");
}

// Light at 90 ± w % takes a tenth of the joules of a board at 90.5 %.
TEST(Pareto, TheAnswerSaysWhetherBandsTurnIt) {
  const auto answer = [](std::vector<double> accuracies, double board_energy) {
    StoredSweep sweep = designs({{0.9, 1e-9}});
    const SweepRun run = sweep.runs[0];
    sweep.runs.clear();
    for (std::size_t r = 0; r < accuracies.size(); ++r) {
      SweepRun replica = run;
      replica.replica = r;
      replica.scores[0].accuracy = accuracies[r];
      SweepScore board = replica.scores[0];
      board.hardware = "board", board.camp = "electronic", board.accuracy = 0.905;
      replica.scores.push_back(board);
      if (r > 0) replica.costs.clear();
      if (r == 0) {
        SweepCost cost = replica.costs[0];
        cost.hardware = "board", cost.camp = "electronic", cost.pipelined_energy_j = board_energy;
        replica.costs.push_back(cost);
      }
      sweep.runs.push_back(replica);
    }
    std::string text;
    for (const std::string& sentence : pareto_answer(sweep)) text += sentence + " ";
    return text;
  };
  EXPECT_NE(answer({0.899, 0.9, 0.901}, 1e-8).find("light wins 10 times"), std::string::npos)
      << answer({0.899, 0.9, 0.901}, 1e-8);
  EXPECT_NE(answer({0.899, 0.9, 0.901}, 1e-8).find("That stands"), std::string::npos);
  EXPECT_NE(answer({0.88, 0.9, 0.92}, 1e-8).find("no design of light is accurate enough"), std::string::npos);
  EXPECT_NE(answer({0.88, 0.9, 0.92}, 1e-10).find("light loses 10 times"), std::string::npos);
  EXPECT_NE(answer({0.88, 0.9, 0.92}, 1e-10).find("That stands"), std::string::npos);
  EXPECT_NE(answer({0.8, 0.8, 0.8}, 1e-8).find("don't stand beside each other"), std::string::npos);
}

TEST(Sensitivity, TheAnswerSaysWhatTurns) {
  StoredSweep sweep;
  sweep.axes = {{"photonic.light.modes", {}}, {"photonic.light.laser_power_w", {}}};
  SensitivityResult result;
  const SobolIndex sure{0.7, 0.8, 0.02, 0.02}, other{0.1, 0.2, 0.02, 0.02}, near{0.6, 0.78, 0.02, 0.02};
  const Sensitivity accuracy{"light", "accuracy",   0.95,           0.94,
                             0.01,    {0.95, 0.93}, {0.945, 0.951}, {sure, other}};
  const Sensitivity energy{"light", "energy", 1e-9, 1e-9, 1e-10, {1e-9, 1e-9}, {2e-9, 1e-9}, {near, sure}};
  result.outputs = {accuracy, energy};
  result.parts_at_middle = {std::vector<double>(part_count, 1.0)};
  const std::vector<std::string> said = sensitivity_answer(sweep, result, 0);
  EXPECT_NE(said.at(0).find("modes of light moves its accuracy most (80 %"), std::string::npos) << said.at(0);
  EXPECT_NE(said.at(0).find("ahead of laser_power_w (20 %)"), std::string::npos) << said.at(0);
  EXPECT_NE(said.at(1).find("alone, laser_power_w at its low end costs more than a point"), std::string::npos)
      << said.at(1);
  EXPECT_NE(said.at(2).find("laser_power_w of light moves its energy most"), std::string::npos) << said.at(2);
  EXPECT_NE(said.at(2).find("does not stand: modes (78 %)"), std::string::npos) << said.at(2);
}

TEST(Pareto, TablesAreNarrow) {
  const StoredSweep sweep = designs({{0.9, 1e-9}, {0.8, 1e-12}, {0.7, 1e-10}});
  const std::string text = pareto_text(sweep, pareto_front(sweep), "t.h5");
  EXPECT_NE(text.find("2 of 3 designs"), std::string::npos) << text;
  EXPECT_NE(text.find("modes = 1"), std::string::npos) << text;
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != text.npos; begin = end + 1)
    EXPECT_LE(text_width(std::string_view(text).substr(begin, end - begin)), 118u);
}

}  // namespace
}  // namespace fringe
