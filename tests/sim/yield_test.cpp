// Monte Carlo over imperfect chips: laws, statistics, the trace, and that a chip is the one that fabricate()
// makes.
#include "sim/yield.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/error.hpp"
#include "core/executor.hpp"
#include "core/units.hpp"
#include "photonics/chip_drivers.hpp"
#include "photonics/correction.hpp"
#include "sim/trace_inspect.hpp"
#include "sim/trace_reader.hpp"
#include "sim/wanted_matrix.hpp"

namespace fringe {
namespace {

namespace fs = std::filesystem;

constexpr double z = 5;  // standard errors that a sample may be off

class Yield : public testing::Test {
 protected:
  Yield() : folder_(fs::temp_directory_path() / ("fringe_yield_" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Yield() override { fs::remove_all(folder_); }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  YieldResult run(const YieldSetup& setup, const std::string& name = "yield.h5", unsigned threads = 2) const {
    ThreadPool pool(threads);
    Observer silent;
    return study_yield(setup, pool, silent, file(name));
  }
  fs::path folder_;
};

YieldSetup small() {
  YieldSetup setup;
  setup.modes = {6};
  setup.chips = 40;
  return setup;
}

/// E of a chip in double, made and held against the wanted matrix without the engine.
double error_of(const YieldSetup& setup, const YieldRow& row, std::uint32_t chip) {
  const Topology& topology = find_topology(setup.mesh);
  const Crossing& crossing = find_crossing(row.crossing);
  const MeshLayout layout = topology.build(row.modes);
  const auto wanted = wanted_matrix(setup.target, row.modes, {setup.seed, Purpose::haar});
  const PhaseProgram program = correct_locally(
      layout, topology.decompose({wanted.data(), row.modes, row.modes}), ideal_fabrication(layout, crossing));
  const MeshImperfections strengths{.splitter_sigma_rad = row.splitter_sigma_rad,
                                    .phase_sigma_rad = row.phase_sigma_rad,
                                    .phase_bits = row.phase_bits,
                                    .insertion_loss_db = setup.insertion_loss_db,
                                    .insertion_loss_sigma_db = setup.insertion_loss_sigma_db,
                                    .splitter_correlation = setup.splitter_correlation};
  const PhaseProgram held = held_by_chip(drivers_of(layout, strengths, setup.seed, chip, 0), program);
  const auto performed = transfer_matrix(
      layout, realise<double>(layout, held, fabricate(layout, strengths, setup.seed, chip, 0, crossing)));
  double square = 0;
  for (std::size_t i = 0; i < row.modes; ++i)  // at the ports: other modes are dark
    for (std::size_t k = 0; k < row.modes; ++k)
      square += std::norm(performed[i * layout.modes + k] - wanted[i * row.modes + k]);
  return std::sqrt(square / static_cast<double>(row.modes));
}

TEST_F(Yield, ChipsAreThoseThatFabricateMakes) {
  YieldSetup setup = small();
  setup.seed = 3;
  setup.crossings.clear();
  for (const Crossing& crossing : crossings()) setup.crossings.emplace_back(crossing.name);
  setup.modes = {5, 8};
  setup.phase_sigma_rad = {0, 0.01};
  setup.phase_bits = {0, 8};
  setup.insertion_loss_db = 0.1;
  setup.insertion_loss_sigma_db = 0.02;
  setup.chips = 21;
  for (const auto& [mesh, correlation] :
       {std::pair{"rectangular", 0.0}, {"rectangular", 0.7}, {"diamond", 0.0}}) {
    setup.mesh = mesh;
    setup.splitter_correlation = correlation;
    const YieldResult result = run(setup);
    ASSERT_EQ(result.rows.size(), 2 * crossings().size() * 4);
    const TraceReader trace(file("yield.h5"));
    const std::vector<double> errors = trace.numbers("yield_chips", "error");
    const std::vector<std::int64_t> rows = trace.integers("yield_chips", "row"),
                                    chips = trace.integers("yield_chips", "chip");
    ASSERT_EQ(errors.size(), result.rows.size() * setup.chips);
    for (std::size_t i = 0; i < errors.size(); i += 13) {
      const YieldRow& row = result.rows[static_cast<std::size_t>(rows[i])];
      EXPECT_EQ(static_cast<std::size_t>(rows[i]), i / setup.chips);
      EXPECT_EQ(static_cast<std::size_t>(chips[i]), i % setup.chips);
      // MeshTrials' bound for the chip and the same for the perfect mesh: columns count where couplers are
      // equal.
      const std::size_t columns = find_topology(setup.mesh).build(row.modes).columns();
      const double bound = 24 * 0x1p-24 * static_cast<double>(columns);
      EXPECT_NEAR(errors[i], error_of(setup, row, static_cast<std::uint32_t>(chips[i])), bound)
          << row.crossing << ' ' << row.modes << ' ' << i;
    }
  }
}

/// Splitters that pass light one by one keep e^{−σ²/2} each, so E² = 2 − 2e^{−L²/2} for the law L where all
/// ways are equally long: L⁴/4 less. Ways from half to all of N couplers add as much of splitters.
double next_term(double law) { return std::pow(law, 4) / 2; }

TEST_F(Yield, ErrorsFollowTheirLaws) {
  YieldSetup setup;
  setup.modes = {16, 64};
  setup.splitter_sigma_rad = {0, 0.005, 0.01};
  setup.phase_sigma_rad = {0, 0.01};
  setup.phase_bits = {0, 8};
  setup.chips = 2000;
  for (const std::string crossing : {"mzi", "symmetric-mzi", "3-splitter-mzi", "mzi-crossing"}) {
    setup.crossings = {crossing};
    const YieldResult result = run(setup);
    const TraceReader trace(file("yield.h5"));
    const std::vector<double> errors = trace.numbers("yield_chips", "error");
    for (std::size_t r = 0; r < result.rows.size(); ++r) {
      const YieldRow& row = result.rows[r];
      const auto n = static_cast<double>(row.modes), chips = static_cast<double>(row.chips);
      const double splitters =
          (crossing == "3-splitter-mzi" ? 3 : 2) * (n - 1) * std::pow(row.splitter_sigma_rad, 2);
      const double met = crossing == "symmetric-mzi" ? n - (n - 1) / 4 : n;
      const double step = row.phase_bits > 0 ? 2 * pi / 256 : 0, rounding = met * step * step / 12;
      const double law = std::sqrt(splitters + met * std::pow(row.phase_sigma_rad, 2) + rounding);
      EXPECT_EQ(row.law.why_not.empty(), law > 0) << row.law.why_not;  // of perfect chips arithmetic is left
      EXPECT_NEAR(row.law.error, law, 16 * std::numeric_limits<double>::epsilon() * law);
      double variance = 0;
      for (std::size_t i = r * row.chips; i < (r + 1) * row.chips; ++i)
        variance += std::pow(errors[i] * errors[i] - row.rms * row.rms, 2) / (chips - 1);
      // All chips round alike: about n² uniform errors, whose squares have the variance 4/5 of their mean's
      // square. Of couplers within half a step of cross or bar, a share n·step²/16 each, the rounding is
      // another.
      const double alike = z * rounding * std::sqrt(0.8 / (n * n)) + rounding * n * step * step / 8;
      // Float arithmetic alone.
      const double arithmetic = 24 * 0x1p-24 * n;
      const double tolerance =
          z * std::sqrt(variance / chips) + next_term(law) + alike + arithmetic * (2 * law + arithmetic);
      EXPECT_NEAR(row.rms * row.rms, law * law, tolerance)
          << crossing << ' ' << n << ' ' << row.splitter_sigma_rad << ' ' << row.phase_sigma_rad << ' '
          << row.phase_bits;
      EXPECT_LE(tolerance, 0.3 * law * law + std::pow(arithmetic, 2)) << "too few chips to tell";
    }
  }
}

TEST_F(Yield, SaysWhereNoLawHolds) {
  const MeshLayout layout = find_topology("rectangular").build(16);
  const auto why = [&](const MeshImperfections& m, bool random = true) {
    return error_law(layout, mzi_crossing(), m, random).why_not;
  };
  EXPECT_EQ(why({.splitter_sigma_rad = 0.01, .phase_bits = 8}), "");
  EXPECT_EQ(why({.splitter_sigma_rad = 0.1}), "errors are no longer small");
  EXPECT_NE(why({.phase_bits = 5}), "");
  EXPECT_NE(why({.phase_bits = 8}, false), "");
  EXPECT_EQ(why({.phase_sigma_rad = 0.01}, false), "");
  EXPECT_EQ(why({.phase_bits = 18}), "");
  for (const int bits : {24, 32})
    EXPECT_EQ(why({.phase_bits = bits}), "errors are as small as rounding in single precision") << bits;
  EXPECT_NE(why({.insertion_loss_db = 0.1}), "");
  EXPECT_NE(why({.splitter_sigma_rad = 0.01, .splitter_correlation = 0.5}), "");
  const ErrorLaw beyond = error_law(layout, mzi_crossing(), {.splitter_sigma_rad = 0.1}, true),
                 none = error_law(layout, mzi_crossing(), {.insertion_loss_db = 0.1}, true);
  EXPECT_FALSE(std::isnan(beyond.error));
  EXPECT_TRUE(std::isnan(none.error));
  EXPECT_NE(
      error_law(find_topology("redundant-rectangular").build(16), mzi_crossing(), {.phase_bits = 8}, true)
          .why_not,
      "");
  EXPECT_NE(error_law(find_topology("diamond").build(16), mzi_crossing(), {.phase_bits = 8}, true).why_not,
            "");
}

TEST_F(Yield, SummariesAreThoseOfTheChipsInTheTrace) {
  YieldSetup setup = small();
  setup.splitter_sigma_rad = {0.02, 0.04};
  setup.limit = 0.06;
  const YieldResult result = run(setup);
  const TraceReader trace(file("yield.h5"));
  EXPECT_EQ(trace.text_attribute("device"), "");
  EXPECT_NE(trace.text_attribute("experiment").find("splitter_sigma_rad = [0.02, 0.04]"), std::string::npos);
  ASSERT_EQ(trace.records("yields"), 2u);
  const std::vector<double> errors = trace.numbers("yield_chips", "error");
  const auto stored = [&](const char* column) { return trace.numbers("yields", column); };
  for (std::size_t r = 0; r < 2; ++r) {
    const YieldRow& row = result.rows[r];
    ASSERT_EQ(row.chips, setup.chips);
    std::vector<double> chips(errors.begin() + static_cast<std::ptrdiff_t>(r * setup.chips),
                              errors.begin() + static_cast<std::ptrdiff_t>((r + 1) * setup.chips));
    std::sort(chips.begin(), chips.end());
    // 40 chips: the median lies between the 20th and 21st, 5 % at 1.95 behind the first.
    EXPECT_EQ(row.median, chips[19] + 0.5 * (chips[20] - chips[19]));
    EXPECT_DOUBLE_EQ(row.low, chips[1] + 0.95 * (chips[2] - chips[1]));
    EXPECT_DOUBLE_EQ(row.high, chips[37] + 0.05 * (chips[38] - chips[37]));
    EXPECT_EQ(row.largest, chips.back());
    EXPECT_EQ(row.mean, std::accumulate(chips.begin(), chips.end(), 0.0) / 40);
    EXPECT_EQ(row.good, static_cast<std::size_t>(
                            std::count_if(chips.begin(), chips.end(), [](double e) { return e <= 0.06; })));
    EXPECT_GT(row.chips_per_s, 0);
    EXPECT_EQ(stored("splitter_sigma_rad")[r], setup.splitter_sigma_rad[r]);
    EXPECT_EQ(stored("error_median")[r], row.median);
    EXPECT_EQ(stored("error_q05")[r], row.low);
    EXPECT_EQ(stored("error_q95")[r], row.high);
    EXPECT_EQ(stored("error_mean")[r], row.mean);
    EXPECT_EQ(stored("error_rms")[r], row.rms);
    EXPECT_EQ(stored("error_largest")[r], row.largest);
    EXPECT_EQ(stored("limit")[r], 0.06);
    EXPECT_EQ(stored("yield")[r], row.yield());
    EXPECT_EQ(stored("yield_low")[r], row.yield_low);
    EXPECT_EQ(stored("yield_high")[r], row.yield_high);
    EXPECT_EQ(stored("law")[r], row.law.error);
    EXPECT_EQ(trace.integers("yields", "good")[r], static_cast<std::int64_t>(row.good));
    EXPECT_EQ(trace.integers("yields", "modes")[r], 6);
    EXPECT_EQ(trace.strings("yields", "crossing")[r], "mzi");
  }
  EXPECT_GT(result.rows[0].good, result.rows[1].good) << "the limit tells nothing here";
}

TEST_F(Yield, EqualBitsForAnyNumberOfThreads) {
  YieldSetup setup = small();
  setup.modes = {4, 33};
  setup.phase_bits = {0, 6};
  setup.chips = 1001;
  run(setup, "one.h5", 1);
  run(setup, "three.h5", 3);
  EXPECT_EQ(compare_traces(file("one.h5"), file("three.h5")), "");
}

/// A perfect chip performs what is wanted, whatever that is; exact phases lie on the grid of a few bits.
TEST_F(Yield, PerfectChips) {
  YieldSetup setup = small();
  setup.modes = {2, 7, 16};
  setup.splitter_sigma_rad = {0};
  setup.chips = 3;
  for (const std::string_view target : wanted_matrices())
    for (const std::string mesh :
         {"rectangular", "triangular", "diamond", "cascaded-trees", "redundant-rectangular"}) {
      setup.target = target;
      setup.mesh = mesh;
      setup.phase_bits = {target == "identity" ? 2 : 0};
      for (const YieldRow& row : run(setup).rows) {
        EXPECT_LE(row.largest,
                  24 * 0x1p-24 * static_cast<double>(find_topology(mesh).build(row.modes).columns()))
            << target << ' ' << mesh << ' ' << row.modes;
        EXPECT_EQ(row.good, 3u);
      }
    }
}

TEST_F(Yield, StopsBehindTheChunkThatIsRunning) {
  struct : Observer {
    bool stop_requested() const override { return chunks >= 2; }
    void progress(std::string_view what, std::size_t done, std::size_t total) override {
      chunks += what == "computing chips";
      EXPECT_LE(done, total);
    }
    int chunks = 0;
  } impatient;
  YieldSetup setup = small();
  setup.modes = {2};
  setup.chips = 200'000;
  ThreadPool pool(1);
  const YieldResult result = study_yield(setup, pool, impatient, file("stopped.h5"));
  EXPECT_TRUE(result.stopped);
  ASSERT_EQ(result.rows.size(), 1u);
  EXPECT_LT(result.rows[0].chips, setup.chips);
  const TraceReader trace(file("stopped.h5"));
  EXPECT_EQ(trace.records("yield_chips"), result.rows[0].chips);
  EXPECT_EQ(trace.integers("yields", "chips")[0], static_cast<std::int64_t>(result.rows[0].chips));
  EXPECT_NE(yield_text(result).find("Stopped on request"), std::string::npos);
  // The chips that were finished are the first ones of the whole study.
  run(setup, "all.h5");
  const std::vector<double> some = trace.numbers("yield_chips", "error"),
                            all = TraceReader(file("all.h5")).numbers("yield_chips", "error");
  ASSERT_EQ(all.size(), setup.chips);
  EXPECT_TRUE(std::equal(some.begin(), some.end(), all.begin()));
}

TEST_F(Yield, RefusesWithoutAFile) {
  const auto refused = [&](const std::function<void(YieldSetup&)>& spoil, const std::string& says) {
    YieldSetup setup = small();
    spoil(setup);
    try {
      run(setup, "none.h5");
      ADD_FAILURE() << "took what should be refused: " << says;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
    }
    EXPECT_FALSE(fs::exists(file("none.h5")));
  };
  refused([](YieldSetup& s) { s.mesh = "butterfly"; },
          "--mesh butterfly --target haar: a butterfly is decomposed for powers of two");
  refused([](YieldSetup& s) { s.mesh = "butterfly", s.modes = {8}; }, "cannot realise");
  refused([](YieldSetup& s) { s.crossings.clear(); }, "--crossing");
  refused([](YieldSetup& s) { s.modes.clear(); }, "--modes");
  refused([](YieldSetup& s) { s.phase_sigma_rad = {std::nan("")}; }, "--phase-sigma");
  refused([](YieldSetup& s) { s.phase_sigma_rad = {0.1, 0.2, 0.1}; }, "--phase-sigma 0.1: is given twice");
  refused(
      [](YieldSetup& s) {
        s.modes = {8}, s.splitter_sigma_rad.clear();
        for (int i = 0; i < 2000; ++i) s.splitter_sigma_rad.push_back(1e-4 * i);
      },
      "2000 rows");
  if (!cuda_status().available) refused([](YieldSetup& s) { s.on = "cuda"; }, cuda_status().reason);
}

// The same draws on both; fields within MeshTrials' bound of the exact ones on each.
TEST_F(Yield, CudaAgreesWithTheCpu) {
  const CudaStatus gpu = cuda_status();
  if (!gpu.available) GTEST_SKIP() << gpu.reason;
  YieldSetup setup = small();
  setup.modes = {8, 64};
  setup.phase_bits = {0, 8};
  setup.chips = 3000;
  run(setup, "cpu.h5");
  setup.on = "cuda";
  EXPECT_EQ(run(setup, "cuda.h5").device, gpu.device);
  const TraceReader host(file("cpu.h5")), device(file("cuda.h5"));
  EXPECT_EQ(device.text_attribute("device"), gpu.device);
  const std::vector<double> a = host.numbers("yield_chips", "error"),
                            b = device.numbers("yield_chips", "error");
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 48 * 0x1p-24 * 64) << i;
}

TEST_F(Yield, TextAndJson) {
  YieldSetup setup = small();
  setup.splitter_sigma_rad = {0.02, 0.2};
  setup.insertion_loss_db = 0.1;
  const YieldResult result = run(setup);
  std::string text = yield_text(result);
  for (std::size_t at; (at = text.find("\n  ")) != std::string::npos;) text.replace(at, 3, " ");
  for (const char* const says : {"One program on 40 chips", "target haar", "6 modes", "splitters", "0.2",
                                 "loss of a coupler 0.1 ± 0 dB", "–*", "where light gets lost.", "E ≤ 0.1",
                                 "in rectangular and triangular meshes of MZIs light meets 2(N−1) splitters"})
    EXPECT_NE(text.find(says), std::string::npos) << says << " is missing in: " << text;
  const auto json = nlohmann::json::parse(yield_json(result));
  EXPECT_EQ(json.at("mesh"), "rectangular");
  EXPECT_EQ(json.at("on"), "cpu");
  EXPECT_EQ(json.at("stopped"), false);
  ASSERT_EQ(json.at("rows").size(), 2u);
  for (std::size_t r = 0; r < 2; ++r) {
    const auto& row = json.at("rows")[r];
    EXPECT_EQ(row.at("modes"), 6);
    EXPECT_EQ(row.at("error_median"), result.rows[r].median);
    EXPECT_EQ(row.at("yield"), result.rows[r].yield());
    EXPECT_TRUE(row.at("law").is_null());
    EXPECT_EQ(row.at("law_why_not"), "light gets lost");
  }
}

TEST(YieldStatistics, Quantiles) {
  const std::vector<double> values{1, 2, 4, 8};
  EXPECT_EQ(quantile(values, 0), 1);
  EXPECT_EQ(quantile(values, 0.5), 3);
  EXPECT_EQ(quantile(values, 0.75), 5);
  EXPECT_EQ(quantile(values, 1), 8);
  EXPECT_EQ(quantile(std::vector<double>{7}, 0.05), 7);
}

// Its ends are the shares p from which what was seen is z standard errors away: (s − p)² = z²·p(1 − p)/n.
TEST(YieldStatistics, WilsonInterval) {
  constexpr double eps = std::numeric_limits<double>::epsilon(), normal = 1.959963984540054;
  for (const auto& [good, all] : {std::pair{8u, 10u}, {1u, 3u}, {999u, 1000u}, {5u, 1000000u}}) {
    const Interval i = wilson_interval(good, all);
    const double share = static_cast<double>(good) / all;
    EXPECT_LT(i.low, share);
    EXPECT_GT(i.high, share);
    for (const double p : {i.low, i.high})
      EXPECT_NEAR(std::pow(share - p, 2), normal * normal * p * (1 - p) / all, 16 * eps)
          << good << ' ' << all;
  }
  EXPECT_EQ(wilson_interval(0, 10).low, 0);
  EXPECT_EQ(wilson_interval(10, 10).high, 1);
  EXPECT_NEAR(wilson_interval(0, 10).high, normal * normal / (10 + normal * normal), 4 * eps);
}

}  // namespace
}  // namespace fringe
