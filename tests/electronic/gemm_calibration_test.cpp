// Calibration on products that the model itself made, with other constants and noise.
#include "electronic/gemm_calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "core/draw.hpp"
#include "core/error.hpp"

namespace fringe {
namespace {

constexpr GemmConstants truth{0.71, 0.83, 4.2e-6};

std::vector<MeasuredGemm> made(const GpuSpec& gpu, Format format, std::size_t count, double sigma) {
  const std::vector<GemmShape> shapes = random_gemms(count, 7);
  std::vector<float> noise(count);
  fill_normal(noise, Draw{.seed = 9, .purpose = Purpose::benchmark, .site = 3});
  std::vector<MeasuredGemm> measured;
  for (std::size_t i = 0; i < count; ++i)
    measured.push_back({shapes[i], gemm_seconds(gpu, format, shapes[i], truth) * (1 + sigma * noise[i])});
  return measured;
}

/// Without noise what is left is the search's last step of 0.2 % of each of the constants, alone or in pairs.
TEST(GemmCalibration, FindsTheConstantsThatMadeTheTimes) {
  constexpr double last_step = 0.002;
  for (const char* board : {"h100-sxm", "a100-sxm4-40gb", "rtx3090"})
    for (const Format format : {Format::fp32, Format::tf32, Format::fp16}) {
      const GpuSpec& gpu = find_gpu(board);
      const GemmCalibration found = calibrate_gemms(gpu, format, made(gpu, format, 64, 0), 1);
      EXPECT_EQ(found.fitted, 32u);
      EXPECT_EQ(found.held_out, 32u);
      EXPECT_LT(found.held_out_error, 3 * 2 * last_step) << board;
      EXPECT_GT(found.uncalibrated_error, 0.1) << board;
      EXPECT_NEAR(found.constants.compute_fraction, truth.compute_fraction,
                  3 * 2 * last_step * truth.compute_fraction)
          << board;
    }
}

/// Normal noise of spread σ leaves a mean of √(2/π)·σ, with a spread of √(1−2/π)·σ a shape; each of the three
/// constants, found on 32 shapes by least absolute errors, is off by √(π/2)·σ/√(32/3) when it bounds a third
/// of them.
TEST(GemmCalibration, NoiseIsWhatIsLeft) {
  constexpr double sigma = 0.03, held_out = 32;
  const GpuSpec& gpu = find_gpu("h100-sxm");
  const double noise = std::sqrt(2 / std::numbers::pi) * sigma;
  const double spread = std::sqrt(1 - 2 / std::numbers::pi) * sigma / std::sqrt(held_out);
  const double constants = std::sqrt(std::numbers::pi / 2) * sigma / std::sqrt(32.0 / 3);
  const GemmCalibration found = calibrate_gemms(gpu, Format::fp16, made(gpu, Format::fp16, 64, sigma), 1);
  EXPECT_GT(found.held_out_error, noise - 4 * spread);
  EXPECT_LT(found.held_out_error, noise + 4 * spread + constants);
  EXPECT_LT(found.held_out_error, 0.1) << "the bar for a board";
}

TEST(GemmCalibration, TheHalvesFollowFromTheSeed) {
  const GpuSpec& gpu = find_gpu("h200");
  const std::vector<MeasuredGemm> measured = made(gpu, Format::bf16, 40, 0.05);
  const GemmCalibration once = calibrate_gemms(gpu, Format::bf16, measured, 1),
                        again = calibrate_gemms(gpu, Format::bf16, measured, 1),
                        other = calibrate_gemms(gpu, Format::bf16, measured, 2);
  EXPECT_EQ(once.held_out_error, again.held_out_error);
  EXPECT_NE(once.held_out_error, other.held_out_error);
}

TEST(GemmCalibration, ShapesAreWhatTheirHeaderSays) {
  for (const GemmShape& s : random_gemms(500, 3)) {
    for (const std::size_t side : {s.rows, s.inner, s.columns}) {
      EXPECT_EQ(side % 16, 0u);
      EXPECT_LE(side, 8192u);
    }
    EXPECT_GE(s.rows, 256u);
    EXPECT_GE(s.inner, 256u);
    EXPECT_GE(s.columns, 16u);
  }
}

TEST(GemmCalibration, KnowsDevicesByTheirDriversName) {
  EXPECT_EQ(gpu_of_device("NVIDIA H100 80GB HBM3"), &find_gpu("h100-sxm"));
  EXPECT_EQ(gpu_of_device("NVIDIA H100 PCIe"), &find_gpu("h100-pcie"));
  EXPECT_EQ(gpu_of_device("NVIDIA GeForce RTX 3090"), &find_gpu("rtx3090"));
  EXPECT_EQ(gpu_of_device("GeForce RTX 3090"), &find_gpu("rtx3090"));  // as older drivers say it
  EXPECT_EQ(gpu_of_device("Tesla V100-SXM2-16GB"), &find_gpu("v100-sxm2-16gb"));
  EXPECT_EQ(gpu_of_device("NVIDIA H200"), &find_gpu("h200"));
  EXPECT_EQ(gpu_of_device("NVIDIA L4"), &find_gpu("l4"));
  // Boards with other memories and clocks, and none.
  for (const char* other :
       {"NVIDIA GH200 480GB", "NVIDIA H200 NVL", "NVIDIA GB200", "NVIDIA GeForce RTX 3080 Ti",
        "NVIDIA GeForce RTX 4090 D", "NVIDIA GeForce RTX 4090 Laptop GPU", "NVIDIA GeForce RTX 3090 Ti",
        "NVIDIA Unheard Of", "NVIDIA ", ""})
    EXPECT_EQ(gpu_of_device(other), nullptr) << other;
}

TEST(GemmCalibration, BadMeasurementsAreErrors) {
  const GpuSpec& gpu = find_gpu("h200");
  std::vector<MeasuredGemm> measured = made(gpu, Format::fp16, 8, 0);
  EXPECT_NO_THROW(calibrate_gemms(gpu, Format::fp16, measured, 1));
  EXPECT_THROW(calibrate_gemms(find_gpu("gtx1080ti"), Format::tf32, measured, 1), Error);
  measured[3].seconds = 0;
  EXPECT_THROW(calibrate_gemms(gpu, Format::fp16, measured, 1), Error);
  measured.pop_back();
  EXPECT_THROW(calibrate_gemms(gpu, Format::fp16, measured, 1), Error);
}

}  // namespace
}  // namespace fringe
