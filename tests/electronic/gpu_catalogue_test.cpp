// The catalogue of boards: cited, plausible, and consistent with what their architectures compute in a cycle.
#include "electronic/gpu_catalogue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>

#include "core/error.hpp"
#include "core/memory_system.hpp"

namespace fringe {
namespace {

TEST(GpuCatalogue, RowsAreCitedAndPlausible) {
  std::set<std::string_view> names;
  for (const GpuSpec& gpu : gpu_catalogue()) {
    EXPECT_TRUE(names.insert(gpu.name).second) << gpu.name;
    EXPECT_FALSE(gpu.source.empty()) << gpu.name;
    EXPECT_EQ(&find_gpu(gpu.name), &gpu);
    EXPECT_NO_THROW(find_memory(gpu.memory)) << gpu.name;
    EXPECT_GE(gpu.memory_bytes, 8e9) << gpu.name;
    EXPECT_LE(gpu.memory_bytes, 200e9) << gpu.name;
    EXPECT_GE(gpu.memory_bytes_per_s, 300e9) << gpu.name;
    EXPECT_LE(gpu.memory_bytes_per_s, 8e12) << gpu.name;
    EXPECT_GE(gpu.l2_bytes, 2.5e6) << gpu.name;
    EXPECT_LE(gpu.l2_bytes, 140e6) << gpu.name;
    EXPECT_GE(gpu.tdp_w, 70) << gpu.name;
    EXPECT_LE(gpu.tdp_w, 1000) << gpu.name;
    EXPECT_GE(gpu.pcie_generation, 3) << gpu.name;
    EXPECT_LE(gpu.pcie_generation, 5) << gpu.name;
    // Links of 25 GB/s each way (NVLink 2 on Turing, 3, 4 and 5 on data-centre boards) or 14.0625 GB/s
    // (GA102).
    const double link = gpu.architecture == "Ampere GA102" ? 28.125e9 : 50e9;
    const double links = gpu.nvlink_bytes_per_s / link;
    EXPECT_EQ(links, static_cast<int>(links)) << gpu.name;
    EXPECT_EQ(gpu.launch_price_usd > 0, !gpu.launch_month.empty()) << gpu.name;
    if (!gpu.launch_month.empty()) {
      ASSERT_EQ(gpu.launch_month.size(), 7u) << gpu.name;
      EXPECT_GE(gpu.launch_month, "2016-01");
      EXPECT_LE(gpu.launch_month, "2025-12");
    }
  }
  EXPECT_GE(names.size(), 20u);
}

TEST(GpuCatalogue, PeaksAreMultiprocessorsTimesClockTimesTheirWidth) {
  // Multiply-adds per multiprocessor and cycle with FP32 accumulation, by Format, before GeForce boards are
  // halved (architecture whitepapers).
  const std::map<std::string_view, std::array<double, format_count>> width{
      {"Pascal GP102", {128, 0, 0, 128, 0, 4, 0}},
      {"Volta GV100", {64, 0, 0, 512, 0, 32, 0}},
      {"Turing TU102", {64, 0, 0, 512, 1024, 2, 0}},
      {"Turing TU104", {64, 0, 0, 512, 1024, 2, 0}},
      {"Turing TU106", {64, 0, 0, 512, 1024, 2, 0}},
      {"Ampere GA102", {128, 256, 512, 512, 1024, 2, 0}},
      {"Ampere GA100", {64, 512, 1024, 1024, 2048, 64, 0}},
      {"Ada AD102", {128, 256, 512, 512, 1024, 2, 1024}},
      {"Ada AD104", {128, 256, 512, 512, 1024, 2, 1024}},
      {"Hopper GH100", {128, 1024, 2048, 2048, 4096, 128, 4096}},
      {"Blackwell B200", {128, 2048, 4096, 4096, 8192, 64, 8192}}};
  // Tensor cores of GA100 and GH100 take FP64, at twice the lanes' rate.
  const std::set<std::string_view> fp64_tensor{"Ampere GA100", "Hopper GH100"};
  const std::set<std::string_view> halved{
      "rtx2070-max-q", "rtx2080-max-q", "rtx2080-super-max-q", "rtx2080ti", "rtx3080", "rtx3090", "rtx4090"};
  for (const GpuSpec& gpu : gpu_catalogue()) {
    EXPECT_EQ(gpu.fp32_lanes, width.at(gpu.architecture)[static_cast<std::size_t>(Format::fp32)]) << gpu.name;
    for (const FormatRow& row : number_formats()) {
      const bool floating_tensor = row.format == Format::tf32 || row.format == Format::bf16 ||
                                   row.format == Format::fp16 || row.format == Format::fp8;
      const double clock =
          row.format == Format::fp32 || row.format == Format::fp64 ? gpu.clock_hz : gpu.tensor_clock_hz;
      EXPECT_EQ(gpu.clock(row.format), clock);
      const double expected = 2 * width.at(gpu.architecture)[static_cast<std::size_t>(row.format)] /
                              (floating_tensor && halved.contains(gpu.name) ? 2 : 1) * clock *
                              gpu.multiprocessors;
      // Half a unit of the last printed digit: three digits are off by at most 0.5 %, two (from 71 up) by
      // 0.7 %, B200's FP64 (37) by 1.4 %. The PCIe V100 is rated 1 % below its boost clock (7, 14 and 112 of
      // 7.07, 14.1 and 113).
      const double digits = row.format == Format::fp64 ? 0.014 : 0.01;
      EXPECT_NEAR(gpu.peak(row.format), expected, digits * expected) << gpu.name << " " << row.name;
    }
    const double fp64 = width.at(gpu.architecture)[static_cast<std::size_t>(Format::fp64)];
    EXPECT_EQ(gpu.fp64_lanes, fp64 / (fp64_tensor.contains(gpu.architecture) ? 2 : 1)) << gpu.name;
  }
}

TEST(GpuCatalogue, DoublePrecisionAndFp8AreThePublishedFigures) {
  // Vector rates as printed: NVIDIA's datasheets of V100, A100 (9.7) and H100, HGX B200.
  for (const auto& [name, teraflops] : {std::pair{"v100-sxm2-32gb", 7.8},
                                        {"a100-sxm4-80gb", 9.7},
                                        {"h100-pcie", 25.6},
                                        {"h200", 33.5},
                                        {"b200", 37.5}})
    EXPECT_NEAR(find_gpu(name).fp64_vector_peak(), 1e12 * teraflops, 0.05e12) << name;
  EXPECT_DOUBLE_EQ(find_gpu("h200").peak(Format::fp64), 66.9e12);
  EXPECT_DOUBLE_EQ(find_gpu("h200").peak(Format::fp8), 1978.9e12);
  EXPECT_EQ(find_gpu("a100-sxm4-80gb").peak(Format::fp8), 0);
  EXPECT_EQ(formats_of(find_gpu("rtx3090")), "fp32, tf32, bf16, fp16, int8, fp64");
  EXPECT_EQ(formats_of(find_gpu("rtx4090")), "fp32, tf32, bf16, fp16, int8, fp64, fp8");
}

TEST(GpuCatalogue, UnknownNameOffersTheNearest) {
  try {
    find_gpu("rtx3099");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'rtx3090'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace fringe
