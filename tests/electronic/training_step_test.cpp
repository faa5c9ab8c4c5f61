#include "electronic/training_step.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

/// A product of 4096³ in whole tiles, FP32 lanes at 1/lanes of the peak, tensor cores with their issue slots.
TEST(TrainingStep, ProductsByHand) {
  const TrainingParameters p;
  Work w;
  w.rows = w.inner = w.columns = 4096;
  w.weight = 0;
  w.bytes = 4.0 * 3 * 4096 * 4096;
  const auto seconds = [&](const char* board, Format format, Library library, Software software) {
    const GpuModelParameters model = as_trained(find_gpu(board), format, library, software);
    return kernel_seconds(kernel_bounds(find_gpu(board), format, std::span(&w, 1), model).front().times,
                          model);
  };
  const double operations = 2 * std::pow(4096.0, 3);
  // 512 tiles of 256×128 on 108 multiprocessors are 5 waves for 4.74.
  const double waves = 5 * 108 / 512.0, slots = operations / (2 * 128 * 108 * 1.41e9);
  const double a100 = seconds("a100-sxm4-40gb", Format::fp16, Library::products, Software::cuda11);
  const double least = operations / 312e12 + p.issue_products_cuda11 * slots;
  EXPECT_GE(a100, least * (1 - 16 * eps));
  EXPECT_LE(a100, waves * operations / 312e12 * (1 + 1e-3) + p.issue_products_cuda11 * slots)
      << "the datasheet's peak is rounded to three digits";
  EXPECT_GT(seconds("a100-sxm4-40gb", Format::fp16, Library::convolutions, Software::cuda11), a100);
  EXPECT_GT(seconds("a100-sxm4-40gb", Format::fp16, Library::products, Software::cuda10), a100);
  EXPECT_GT(seconds("a100-sxm4-40gb", Format::tf32, Library::products, Software::cuda11), a100);
  // Lanes pay no tensor issue, nor does Pascal's fp16, which runs on them.
  for (const Format format : {Format::fp32, Format::fp16})
    EXPECT_GE(seconds("gtx1080ti", format, Library::products, Software::cuda10),
              p.lanes * operations / 11.3e12);
}

/// Memory and the host bound what isn't a product; an optimiser of many operators is issued that often.
TEST(TrainingStep, TheRestByHand) {
  const TrainingParameters p;
  const GpuSpec& board = find_gpu("rtx6000");
  const GpuModelParameters model = as_trained(board, Format::fp16, Library::products, Software::cuda10);
  const auto seconds = [&](const Work& w) {
    return kernel_seconds(kernel_bounds(board, Format::fp16, std::span(&w, 1), model).front().times, model);
  };
  Work pass;
  pass.kind = Work::Kind::elementwise;
  pass.rows = 1 << 14, pass.columns = 1 << 14;
  pass.bytes = 8.0 * (1 << 28);
  EXPECT_NEAR(seconds(pass), p.traffic * 4.0 * (1 << 28) / 672e9, 16 * eps * seconds(pass));
  pass.rows = pass.columns = 1, pass.bytes = 8;
  EXPECT_EQ(seconds(pass), p.host_cuda10_s);
  Work update;
  update.kind = Work::Kind::weight_update;
  update.rows = update.inner = 4, update.bytes = 4.0 * 24 * 16;
  update.issues = 9;
  EXPECT_EQ(seconds(update), 9 * p.host_cuda10_s);
}

/// A 3×3 convolution at unit stride is known by its bytes, and takes a quarter of its multiplications.
TEST(TrainingStep, WindowsOfThreeByThreeGoByWinograd) {
  const GpuSpec& board = find_gpu("rtx6000");
  const GpuModelParameters model = as_trained(board, Format::fp32, Library::convolutions, Software::cuda10);
  const auto compute = [&](double inputs, Format format) {
    Work w;
    w.weight = 0;
    w.rows = 256, w.inner = 9 * 256, w.columns = 38 * 38 * 64;
    w.bytes = 4 * (w.matrix_numbers() + 256.0 * static_cast<double>(w.columns) + inputs);
    return compute_seconds(kernel_bounds(board, format, std::span(&w, 1), model).front().times, model);
  };
  const double same = 256.0 * 38 * 38 * 64;
  EXPECT_NEAR(4 * compute(same, Format::fp32), compute(4 * same, Format::fp32),
              16 * eps * compute(4 * same, Format::fp32))
      << "a stride of two reads four times its results";
  EXPECT_EQ(compute(same, Format::fp16), compute(4 * same, Format::fp16)) << "tensor cores don't";
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
  EXPECT_EQ(sustained_clock_hz(as_strong), sustained_clock_hz(sxm));
}

TEST(TrainingStep, BadChoicesAreErrors) {
  const GpuSpec& gpu = find_gpu("rtx8000");
  EXPECT_THROW(as_trained(gpu, Format::tf32, Library::products, Software::cuda10), Error);
  GpuSpec unknown = gpu;
  unknown.architecture = "Turing TU999";
  EXPECT_THROW(sustained_clock_hz(unknown), Error);
  for (const TrainingParameters& bad :
       {TrainingParameters{.lanes = 0.5}, TrainingParameters{.traffic = std::nan("")},
        TrainingParameters{.issue_tf32 = -1}, TrainingParameters{.host_cuda11_s = 2}})
    EXPECT_THROW(as_trained(gpu, Format::fp16, Library::products, Software::cuda10, bad), Error);
}

}  // namespace
}  // namespace fringe
