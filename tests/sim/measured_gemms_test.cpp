// Result files with measured products: read, calibrated, told.
#include "sim/measured_gemms.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "sim/text.hpp"

namespace fringe {
namespace {

namespace fs = std::filesystem;

class MeasuredProducts : public testing::Test {
 protected:
  void TearDown() override { fs::remove(file); }
  void write(const nlohmann::json& json) const { std::ofstream(file) << json.dump(); }
  std::string message() const {
    try {
      read_measured_gemms(file);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing";
  }
  const fs::path file = fs::temp_directory_path() / "fringe_measured_gemms_test.json";
};

nlohmann::json benchmark(const GemmShape& s, double us) {
  return {{"name", "gemm/fp16/rows:" + std::to_string(s.rows) + "/inner:" + std::to_string(s.inner) +
                       "/columns:" + std::to_string(s.columns) + "/iterations:1/manual_time"},
          {"real_time", us},
          {"time_unit", "us"}};
}

/// What a board with these constants would have measured, as gpu_check.sh writes it.
nlohmann::json checked(const GemmConstants& constants) {
  nlohmann::json results = nlohmann::json::array();
  for (const GemmShape& s : random_gemms(64, 5))
    results.push_back(benchmark(s, 1e6 * gemm_seconds(find_gpu("h100-sxm"), Format::fp16, s, constants)));
  results.push_back({{"name", "gemm/fp16/rows:1/inner:1/columns:1"}, {"error_occurred", true}});
  results.push_back({{"name", "mesh/64"}, {"real_time", 1}, {"time_unit", "us"}});
  nlohmann::json spread = benchmark({64, 64, 64}, 0.01);  // of repetitions, as Google Benchmark adds it
  spread["run_type"] = "aggregate";
  results.push_back(spread);
  return {{"device", "NVIDIA H100 80GB HBM3"}, {"steps", {{"benchmarks", {{"results", results}}}}}};
}

TEST_F(MeasuredProducts, AreCalibratedAndTold) {
  write(checked({0.65, 0.8, 3e-6}));
  const MeasuredGemms measured = read_measured_gemms(file);
  EXPECT_EQ(measured.device, "NVIDIA H100 80GB HBM3");
  ASSERT_EQ(measured.by_format.size(), 1u);
  ASSERT_EQ(measured.by_format.at(Format::fp16).size(), 64u);
  const CalibratedGpu found = calibrate_gpu(measured, "", 1);
  EXPECT_EQ(found.gpu, &find_gpu("h100-sxm"));
  ASSERT_EQ(found.formats.size(), 1u);
  // Three constants, found to the search's last step of 0.2 %, in pairs; times are printed to 17 digits.
  EXPECT_LT(found.formats[0].calibration.held_out_error, 3 * 2 * 0.002);
  EXPECT_EQ(nlohmann::json::parse(calibrated_json(found))["formats"].size(), 1u);
  const std::string text = calibrated_text(found);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    EXPECT_LE(text_width(std::string_view(text).substr(at, end - at)), 100u) << text.substr(at, end - at);
    at = end + 1;
  }
}

TEST_F(MeasuredProducts, OfABenchmarkFileOfAnyBoardTakeItsName) {
  nlohmann::json raw = checked({0.65, 0.8, 3e-6})["steps"]["benchmarks"]["results"];
  write({{"context", {{"gpu", "a card of nobody's"}}}, {"benchmarks", raw}});
  const MeasuredGemms measured = read_measured_gemms(file);
  EXPECT_THROW(calibrate_gpu(measured, "", 1), Error);
  EXPECT_THROW(calibrate_gpu(measured, "h100-sxn", 1), Error);
  EXPECT_EQ(calibrate_gpu(measured, "h100-sxm", 1).gpu, &find_gpu("h100-sxm"));
}

TEST_F(MeasuredProducts, SayWhatIsWrong) {
  EXPECT_NE(message().find("cannot be read"), std::string::npos);
  fs::create_directory(file);
  EXPECT_EQ(message(), file.string() + ": cannot be read; it must be a readable file");
  fs::remove(file);
  std::ofstream(file) << "no json";
  EXPECT_NE(message().find("no result file"), std::string::npos);
  write({{"benchmarks", nlohmann::json::array()}});
  EXPECT_NE(message().find("holds no measured products"), std::string::npos);
  write({{"benchmarks",
          {{{"name", "gemm/fp16/rows:0/inner:2/columns:3"}, {"real_time", 1}, {"time_unit", "us"}}}}});
  EXPECT_NE(message().find("must be gemm/FORMAT/rows"), std::string::npos);
  nlohmann::json hours = benchmark({64, 64, 64}, 1);
  hours["time_unit"] = "h";
  write({{"benchmarks", {hours}}});
  EXPECT_NE(message().find("time_unit = 'h'"), std::string::npos);
}

}  // namespace
}  // namespace fringe
