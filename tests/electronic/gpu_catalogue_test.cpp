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
      {"Pascal GP102", {128, 0, 0, 128, 0}},
      {"Volta GV100", {64, 0, 0, 512, 0}},
      {"Turing TU102", {64, 0, 0, 512, 1024}},
      {"Turing TU104", {64, 0, 0, 512, 1024}},
      {"Turing TU106", {64, 0, 0, 512, 1024}},
      {"Ampere GA102", {128, 256, 512, 512, 1024}},
      {"Ampere GA100", {64, 512, 1024, 1024, 2048}},
      {"Ada AD102", {128, 256, 512, 512, 1024}},
      {"Ada AD104", {128, 256, 512, 512, 1024}},
      {"Hopper GH100", {128, 1024, 2048, 2048, 4096}},
      {"Blackwell B200", {128, 2048, 4096, 4096, 8192}}};
  const std::set<std::string_view> halved{
      "rtx2070-max-q", "rtx2080-max-q", "rtx2080-super-max-q", "rtx2080ti", "rtx3080", "rtx3090", "rtx4090"};
  for (const GpuSpec& gpu : gpu_catalogue()) {
    EXPECT_EQ(gpu.fp32_lanes, width.at(gpu.architecture)[static_cast<std::size_t>(Format::fp32)]) << gpu.name;
    for (const FormatRow& row : number_formats()) {
      const bool floating_tensor =
          row.format == Format::tf32 || row.format == Format::bf16 || row.format == Format::fp16;
      const double clock = row.format == Format::fp32 ? gpu.clock_hz : gpu.tensor_clock_hz;
      const double expected = 2 * width.at(gpu.architecture)[static_cast<std::size_t>(row.format)] /
                              (floating_tensor && halved.contains(gpu.name) ? 2 : 1) * clock *
                              gpu.multiprocessors;
      // Half a unit of the last printed digit: three digits are off by at most 0.5 %, two (from 71 up) by
      // 0.7 %. The PCIe V100 is rated 1 % below its boost clock (14 and 112 of 14.1 and 113).
      EXPECT_NEAR(gpu.peak(row.format), expected, 0.01 * expected) << gpu.name << " " << row.name;
    }
  }
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
