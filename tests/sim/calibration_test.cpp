// Programming imperfect chips in every way, with a trace of it.
#include "sim/calibration.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "core/error.hpp"
#include "sim/trace_inspect.hpp"

namespace fringe {
namespace {

namespace fs = std::filesystem;

class Calibration : public testing::Test {
 protected:
  Calibration() : folder_(fs::temp_directory_path() / ("fringe_calibration_" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Calibration() override { fs::remove_all(folder_); }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  CalibrationResult run(const CalibrationSetup& setup, const std::string& name, unsigned threads = 2) const {
    ThreadPool pool(threads);
    Observer silent;
    return calibrate(setup, pool, silent, file(name));
  }
  fs::path folder_;
};

CalibrationSetup small() {
  CalibrationSetup setup;
  setup.modes = {4};
  setup.chips = 3;
  return setup;
}

TEST_F(Calibration, EveryMethodRunsOnEveryChipAndIsRecorded) {
  CalibrationSetup setup = small();
  setup.crossings = {"mzi", "3-splitter-mzi"};
  setup.splitter_sigma_rad = {0.01, 0.05};
  const CalibrationResult result = run(setup, "all.h5");
  // Sweeps don't tell three splitters apart.
  ASSERT_EQ(result.left_out.size(), 1u);
  EXPECT_EQ(result.left_out.front().substr(0, 24), "sweeps (3-splitter-mzi):");
  EXPECT_EQ(result.records.size(), (2 * programming_methods().size() - 1) * 2 * setup.chips);
  EXPECT_NE(inspect_trace(file("all.h5")).find("calibrations"), std::string::npos);
  for (const CalibrationRecord& r : result.records) {
    EXPECT_TRUE(r.method != "none" || r.error == r.error_before);
    const bool measures = find_programming_method(r.method).knowledge == Knowledge::readings;
    EXPECT_EQ(r.measurements > 0, measures) << r.method;
    EXPECT_GE(r.settles, 1u) << r.method;
    // Descent starts from local correction and only goes down.
    if (r.method != "global") continue;
    const auto local =
        std::find_if(result.records.begin(), result.records.end(), [&](const CalibrationRecord& l) {
          return l.method == "local" && l.crossing == r.crossing && l.chip == r.chip &&
                 l.splitter_sigma_rad == r.splitter_sigma_rad;
        });
    ASSERT_NE(local, result.records.end());
    EXPECT_LE(r.error, local->error + 64 * std::numeric_limits<double>::epsilon());
  }
}

TEST_F(Calibration, EqualBitsForOneAndTwoThreads) {
  CalibrationSetup setup = small();
  setup.phase_bits = 10;
  run(setup, "one.h5", 1);
  run(setup, "two.h5", 2);
  EXPECT_EQ(compare_traces(file("one.h5"), file("two.h5")), "");
}

TEST_F(Calibration, LeavesOutWhatCannotTreatTheMesh) {
  CalibrationSetup setup = small();
  setup.mesh = "cascaded-trees";
  const CalibrationResult result = run(setup, "trees.h5");
  ASSERT_EQ(result.left_out.size(), 2u);
  EXPECT_EQ(result.left_out.front().substr(0, 8), "nulling ");
  EXPECT_EQ(result.left_out.back().substr(0, 7), "sweeps ");
  EXPECT_NE(calibration_text(result).find("left out: nulling (mzi)"), std::string::npos);
  setup.methods = {"nulling"};
  EXPECT_THROW(run(setup, "none.h5"), Error);
  EXPECT_FALSE(fs::exists(file("none.h5")));
}

// Of methods that find the strength of crosstalk, or know it, nothing of it is left but their readings'
// noise; phases anywhere on the circle are found where they must be.
TEST_F(Calibration, CrosstalkAndFarPhases) {
  CalibrationSetup setup = small();
  setup.splitter_sigma_rad = {0.001};
  setup.crosstalk = 0.3;
  setup.input_power_w = 1;
  const CalibrationResult hot = run(setup, "hot.h5");
  EXPECT_TRUE(hot.left_out.empty());
  for (const CalibrationRecord& r : hot.records) {
    EXPECT_GT(r.error_before, 0.03) << r.method;
    if (r.method != "none" && r.method != "nulling") {
      EXPECT_LT(r.error, 1e-4) << r.method;
    }
  }
  EXPECT_NE(calibration_text(hot).find("thermal crosstalk 0.3"), std::string::npos);
  setup.crosstalk = 0;
  setup.phase_sigma_rad = 3;
  for (const CalibrationRecord& r : run(setup, "far.h5").records) {
    EXPECT_GT(r.error_before, 0.5) << r.method;
    if (r.method != "none") {
      EXPECT_LT(r.error, 1e-4) << r.method;
    }
  }
  setup.crosstalk = 1.5;
  EXPECT_THROW(run(setup, "none.h5"), Error);
}

TEST_F(Calibration, StopsBetweenChips) {
  struct : Observer {
    bool stop_requested() const override { return seen >= 4; }
    void progress(std::string_view, std::size_t, std::size_t) override { ++seen; }
    int seen = 0;
  } impatient;
  ThreadPool pool(1);
  const CalibrationResult result = calibrate(small(), pool, impatient, file("stopped.h5"));
  EXPECT_TRUE(result.stopped);
  EXPECT_EQ(result.records.size(), 4u);
}

}  // namespace
}  // namespace fringe
