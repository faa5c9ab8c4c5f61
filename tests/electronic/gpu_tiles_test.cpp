#include "electronic/gpu_tiles.hpp"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace fringe {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();
constexpr std::array<Tile, 1> large{Tile{256, 128}};

TEST(GpuTiles, WavesAsNvidiaCountsThem) {
  // NVIDIA's guide: 108 multiprocessors of an A100 and tiles of 256×128. 9×12 tiles are one full wave at
  // peak; one more column of results takes a second wave, of twelve more tiles of 108.
  const GpuSpec& a100 = find_gpu("a100-sxm4-40gb");
  const TiledProduct full = tiled_product(a100, Format::fp16, 9 * 256, 12 * 128, 32, 1, large);
  EXPECT_EQ(full.waves, 1);
  EXPECT_EQ(full.split, 1u);
  const double macs = 9.0 * 256 * 12 * 128 * 32;
  EXPECT_NEAR(full.seconds, 2 * macs / a100.peak(Format::fp16),
              0.002 * full.seconds);  // printed peak: 3 digits
  const TiledProduct more = tiled_product(a100, Format::fp16, 9 * 256, 12 * 128 + 1, 32, 1, large);
  EXPECT_EQ(more.waves, 2);
  EXPECT_EQ(more.seconds, 2 * full.seconds);
}

TEST(GpuTiles, NeverFasterThanPeakAndExactWhereEverythingFits) {
  for (const GpuSpec& gpu : gpu_catalogue())
    for (const FormatRow& row : number_formats()) {
      if (gpu.peak(row.format) <= 0) continue;
      for (const std::size_t m : {1u, 33u, 256u, 4097u})
        for (const std::size_t n : {1u, 100u, 2048u})
          for (const std::size_t k : {1u, 65u, 1024u, 20000u}) {
            const TiledProduct p = tiled_product(gpu, row.format, m, n, k);
            const double macs = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
            EXPECT_GE(p.seconds, 2 * macs / gpu.peak(row.format) * (1 - 8 * eps))
                << gpu.name << " " << row.name;
          }
    }
}

TEST(GpuTiles, ThinProductsSplitTheirInnerDimension) {
  // One tile of results and a long sum: without a split one multiprocessor would work alone.
  const GpuSpec& gpu = find_gpu("rtx3090");
  const TiledProduct p = tiled_product(gpu, Format::fp16, 128, 128, 1 << 16);
  EXPECT_GT(p.split, 1u);
  EXPECT_EQ(p.partial_bytes, 8.0 * static_cast<double>(p.split) * 128 * 128);
  EXPECT_EQ(tiled_product(gpu, Format::fp16, 8192, 8192, 8192).split, 1u);
  EXPECT_EQ(tiled_product(gpu, Format::fp16, 128, 128, 64).split, 1u);  // nothing to split
}

TEST(GpuTiles, SmallTilesAreBoundBySharedMemory) {
  // H100 in FP16: 2048 multiply-adds a cycle. 32×32 takes 0.5 cycles of arithmetic a step and 1 of operands.
  const GpuSpec& gpu = find_gpu("h100-sxm");
  constexpr std::array<Tile, 1> small{Tile{32, 32}};
  const TiledProduct p = tiled_product(gpu, Format::fp16, 32, 32, 100, 1, small);
  EXPECT_EQ(p.split, 1u);
  EXPECT_NEAR(p.seconds, 100 * 1.0 / gpu.tensor_clock_hz, 16 * eps * p.seconds);
}

TEST(GpuTiles, GroupsFillWavesTogether) {
  // 108 groups of one tile each are one wave of an A100, 109 are two.
  const GpuSpec& a100 = find_gpu("a100-sxm4-40gb");
  const TiledProduct one = tiled_product(a100, Format::fp16, 256, 128, 32, 1, large);
  const TiledProduct full = tiled_product(a100, Format::fp16, 256, 128, 32, 108, large);
  EXPECT_EQ(full.seconds, one.seconds);
  EXPECT_EQ(tiled_product(a100, Format::fp16, 256, 128, 32, 109, large).seconds, 2 * one.seconds);
}

}  // namespace
}  // namespace fringe
