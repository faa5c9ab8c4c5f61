#include "electronic/training_step.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

TEST(TrainingStep, RatesByHand) {
  const TrainingParameters p;
  const GpuSpec& a100 = find_gpu("a100-sxm4-40gb");
  const double issue = 2 * 128 * 108 * 1.41e9;
  const TrainingRates fp16 = training_rates(a100, Format::fp16, Library::products, Software::cuda11);
  EXPECT_NEAR(fp16.s_per_operation, (1 / 312e12 + p.tensor_issue_fp16 / issue) * p.products_fp16,
              16 * eps * fp16.s_per_operation);
  EXPECT_NEAR(fp16.s_per_byte, p.products_fp16 / 1555e9, 4 * eps * fp16.s_per_byte);
  EXPECT_NEAR(fp16.s_per_parameter, p.bytes_per_parameter / 1555e9, 4 * eps * fp16.s_per_parameter);
  const TrainingRates tf32 = training_rates(a100, Format::tf32, Library::convolutions, Software::cuda11);
  EXPECT_NEAR(tf32.s_per_operation, (1 / 156e12 + p.tensor_issue_tf32 / issue) * p.convolutions_tf32,
              16 * eps * tf32.s_per_operation);
  // Lanes pay no tensor issue, nor does Pascal's fp16, which runs on them.
  const TrainingRates lanes =
      training_rates(find_gpu("rtx6000"), Format::fp32, Library::products, Software::cuda10);
  EXPECT_NEAR(lanes.s_per_operation, 1 / 16.3e12, 16 * eps * lanes.s_per_operation);
  const TrainingRates pascal =
      training_rates(find_gpu("gtx1080ti"), Format::fp16, Library::products, Software::cuda10);
  EXPECT_NEAR(pascal.s_per_operation, 1 / 11.3e12, 16 * eps * pascal.s_per_operation);
}

TEST(TrainingStep, TermsAdd) {
  const TrainingRates rates{2, 3, 5};
  EXPECT_EQ(step_seconds(rates, {.operations = 7, .bytes = 11, .parameters = 13, .items = 17}),
            17 * (7 * 2 + 11 * 3) + 13 * 5);
}

TEST(TrainingStep, EveryBoardSustainsAClock) {
  for (const GpuSpec& gpu : gpu_catalogue()) {
    const double clock = sustained_clock_hz(gpu);
    EXPECT_GT(clock, 0.3 * gpu.clock_hz) << gpu.name;
    EXPECT_LE(clock, 2.6e9) << gpu.name;
  }
  for (const char* reference :
       {"gtx1080ti", "v100-sxm2-32gb", "rtx6000", "rtx3090", "a100-sxm4-40gb", "rtx4090", "h100-sxm", "b200"})
    EXPECT_EQ(sustained_clock_hz(find_gpu(reference)), find_gpu(reference).clock_hz) << reference;
}

TEST(TrainingStep, PowerGoesWithTheCubeOfTheClock) {
  // Both A100 boards spend 0.15 of their TDP and the same watts of DRAM before the multiprocessors.
  const GpuSpec &pcie = find_gpu("a100-pcie-40gb"), &sxm = find_gpu("a100-sxm4-40gb");
  const double dram_w = 1555e9 * 3.92 * 8e-12;
  const double share = (0.85 * 250 - dram_w) / (0.85 * 400 - dram_w);
  EXPECT_NEAR(sustained_clock_hz(pcie), 1.41e9 * std::cbrt(share), 16 * eps * 1.41e9);
  // Their TDP is all that tells them apart.
  GpuSpec as_strong = pcie;
  as_strong.tdp_w = sxm.tdp_w;
  for (const Format format : {Format::fp16, Format::tf32}) {
    const TrainingRates a = training_rates(as_strong, format, Library::products, Software::cuda11);
    const TrainingRates b = training_rates(sxm, format, Library::products, Software::cuda11);
    EXPECT_EQ(a.s_per_operation, b.s_per_operation);
    EXPECT_EQ(a.s_per_byte, b.s_per_byte);
  }
}

TEST(TrainingStep, BadChoicesAreErrors) {
  const GpuSpec& gpu = find_gpu("rtx8000");
  EXPECT_THROW(training_rates(gpu, Format::tf32, Library::products, Software::cuda10), Error);
  GpuSpec unknown = gpu;
  unknown.architecture = "Turing TU999";
  EXPECT_THROW(sustained_clock_hz(unknown), Error);
  for (const TrainingParameters& bad :
       {TrainingParameters{.tensor_issue_fp16 = -1}, TrainingParameters{.bytes_per_parameter = std::nan("")},
        TrainingParameters{.products_tf32 = 0}})
    EXPECT_THROW(training_rates(gpu, Format::fp16, Library::products, Software::cuda10, bad), Error);
}

}  // namespace
}  // namespace fringe
