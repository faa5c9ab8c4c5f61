#include "electronic/gpu_model.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/memory_system.hpp"
#include "electronic/training_step.hpp"
#include "tests/work_lists.hpp"

namespace fringe {
namespace {

using work_lists::elementwise, work_lists::product;

constexpr double eps = std::numeric_limits<double>::epsilon();

class GpuModelTest : public testing::Test {
 protected:
  ThreadPool pool{1};
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);

  Cost price(const GpuSpec& gpu, Format format, const std::vector<Work>& work,
             const GpuModelParameters& p = {}) {
    return make_gpu_model(gpu, format, *cpu, pool, p)->price(work);
  }
  template <class F>
  static void each(F&& visit) {
    for (const GpuSpec& gpu : gpu_catalogue())
      for (const FormatRow& row : number_formats())
        if (gpu.peak(row.format) > 0) visit(gpu, row);
  }
};

TEST_F(GpuModelTest, NeverFasterThanPeakNorBandwidth) {
  each([&](const GpuSpec& gpu, const FormatRow& row) {
    for (const std::size_t n : {16u, 256u, 4096u, 16384u})
      for (const std::size_t batch : {1u, 64u, 4096u}) {
        const Cost cost = price(gpu, row.format, {product(n, n, batch)});
        const double size = static_cast<double>(n), b = static_cast<double>(batch);
        const double weights = size * size * row.bytes, seconds = cost.interval_s();
        EXPECT_GE(seconds, 2 * size * size * b / gpu.peak(row.format) * (1 - 1e-12));
        if (weights > gpu.l2_bytes) {
          EXPECT_GE(seconds, weights / gpu.memory_bytes_per_s * (1 - 1e-12));
        }
        EXPECT_GE(cost.latency_s, seconds);
        EXPECT_EQ(cost.provenance, Provenance::modelled);
        EXPECT_TRUE(cost.energy_known);
      }
  });
}

TEST_F(GpuModelTest, SmallWorkIsBoundByLaunches) {
  const GpuModelParameters p;
  const std::vector<Work> chain{product(64, 64, 1, 0), elementwise(64, 1), product(10, 64, 1, 1)};
  const Cost cost = price(find_gpu("h100-sxm"), Format::fp16, chain);
  const double floor = p.submission_s + 2 * p.launch_gap_s;
  EXPECT_GE(cost.latency_s, floor);
  EXPECT_LT(cost.latency_s, 1.01 * floor);  // 10 kB at terabytes per second: nanoseconds
  EXPECT_DOUBLE_EQ(cost.interval_s(), 3 * p.launch_gap_s);
  EXPECT_EQ(price(find_gpu("h100-sxm"), Format::fp16, {}).latency_s, 0);
}

TEST_F(GpuModelTest, TimeAndEnergyGrowWithTheBatch) {
  each([&](const GpuSpec& gpu, const FormatRow& row) {
    Cost before;
    for (std::size_t batch = 1; batch <= 1u << 16; batch *= 2) {
      const Cost now =
          price(gpu, row.format,
                {product(1000, 800, batch, 0), elementwise(1000, batch), product(10, 1000, batch, 1)});
      EXPECT_GE(now.latency_s, before.latency_s) << gpu.name << " " << row.name << " " << batch;
      EXPECT_GE(now.interval_s(), before.interval_s());
      EXPECT_GE(now.energy_j(Boundary::board, now.latency_s),
                before.energy_j(Boundary::board, before.latency_s));
      before = now;
    }
  });
}

TEST_F(GpuModelTest, FullLoadDrawsTheTdp) {
  each([&](const GpuSpec& gpu, const FormatRow& row) {
    const MemorySystem& memory = find_memory(gpu.memory);
    const GpuModelParameters p;
    const double e_op = energy_per_operation(gpu, row.format);
    EXPECT_GT(e_op, 0);
    const double l2_w = std::max(memory.sram_bytes_per_s, gpu.memory_bytes_per_s) * memory.sram_j_per_byte;
    const double full = p.static_fraction * gpu.tdp_w + gpu.peak(row.format) * e_op +
                        gpu.memory_bytes_per_s * memory.dram_j_per_byte + l2_w;
    // A few FP64 lanes draw as much as their multipliers are larger than FP32's.
    if (row.format == Format::fp64 && gpu.peak(Format::fp32) > 5 * gpu.peak(Format::fp64)) {
      EXPECT_LT(full, gpu.tdp_w);
      EXPECT_DOUBLE_EQ(e_op / energy_per_operation(gpu, Format::fp32), 53.0 * 53 / (24 * 24));
      return;
    }
    EXPECT_NEAR(full, gpu.tdp_w, 1e-12 * gpu.tdp_w);

    // Weights stream from memory, and the batch is where both limits meet: operations over bytes of the
    // weights alone are 2·batch/bytes per number; activations add less than 2·batch/n of the weights' bytes.
    constexpr std::size_t n = 1u << 17;
    const double ridge = gpu.peak(row.format) / gpu.memory_bytes_per_s * row.bytes / 2;
    const Cost cost = price(gpu, row.format, {product(n, n, static_cast<std::size_t>(ridge))});
    const double watts = cost.energy_j(Boundary::board, cost.latency_s) / cost.latency_s;
    EXPECT_LE(watts, gpu.tdp_w * (1 + 1e-12)) << gpu.name << " " << row.name;
    const double off_balance = 1 / ridge + 2 * ridge / static_cast<double>(n) + 1e-3;
    EXPECT_GE(watts, (gpu.tdp_w - l2_w) * (1 - off_balance)) << gpu.name << " " << row.name;
  });
}

TEST_F(GpuModelTest, NoKernelDrawsMoreThanTheTdp) {
  each([&](const GpuSpec& gpu, const FormatRow& row) {
    for (const std::size_t n : {64u, 1024u, 8192u})
      for (const std::size_t batch : {1u, 100u, 10000u})
        for (const Work& w : {product(n, n, batch), elementwise(n, batch)}) {
          const Cost cost = price(gpu, row.format, {w});
          EXPECT_LE(cost.energy_j(Boundary::board, cost.latency_s), gpu.tdp_w * cost.latency_s * (1 + 1e-12));
        }
  });
}

TEST_F(GpuModelTest, IdlePowerBurnsOnceForTheWholeRun) {
  const GpuSpec& gpu = find_gpu("a100-sxm4-40gb");
  const Cost one = price(gpu, Format::bf16, {product(100, 100, 1)});
  const Cost many = repeat(one, 1000);
  EXPECT_DOUBLE_EQ(many.watts(Part::idle), 0.15 * gpu.tdp_w);
  EXPECT_NEAR(one.energy_j(Boundary::accelerator, 2.0) - one.energy_j(Boundary::accelerator, 0.0),
              2.0 * 0.15 * gpu.tdp_w, 1e-12 * gpu.tdp_w);
  EXPECT_EQ(one.energy(Part::idle), 0);
}

TEST_F(GpuModelTest, ElementwiseWorkIsBoundByBandwidth) {
  const GpuSpec& gpu = find_gpu("rtx3090");
  const Cost cost = price(gpu, Format::fp16, {elementwise(1 << 14, 1 << 14)});
  const double bytes = 2.0 * 2.0 * (1 << 14) * (1 << 14);
  EXPECT_DOUBLE_EQ(cost.interval_s(), bytes / gpu.memory_bytes_per_s);
  EXPECT_GT(cost.energy(Part::digital), 0);
  EXPECT_EQ(cost.energy(Part::mac), 0);
}

TEST_F(GpuModelTest, WeightsThatFitL2AreNotFetchedAgain) {
  const GpuSpec& gpu =
      find_gpu("a100-sxm4-40gb");  // 40 MiB: 20 MiB for weights, 10.5 million numbers of fp16
  EXPECT_EQ(price(gpu, Format::fp16, {product(3000, 3000, 1, 0)}).energy(Part::dram), 0);
  const Cost two = price(gpu, Format::fp16, {product(3000, 3000, 1, 0), product(3000, 3000, 1, 1)});
  EXPECT_DOUBLE_EQ(two.energy(Part::dram), 2 * 2.0 * 9e6 * find_memory("hbm2").dram_j_per_byte);
  // the same weight twice is one weight
  EXPECT_EQ(
      price(gpu, Format::fp16, {product(3000, 3000, 1, 0), product(3000, 3000, 1, 0)}).energy(Part::dram), 0);
}

TEST_F(GpuModelTest, FractionsSlowTheModelDown) {
  const GpuSpec& gpu = find_gpu("h200");
  const std::vector<Work> big{product(8192, 8192, 8192)};
  const double full = price(gpu, Format::bf16, big).interval_s();
  EXPECT_DOUBLE_EQ(price(gpu, Format::bf16, big, {.compute_fraction = 0.5}).interval_s(), 2 * full);
  const std::vector<Work> thin{product(32768, 32768, 1)};
  const double streamed = price(gpu, Format::bf16, thin).interval_s();
  EXPECT_DOUBLE_EQ(price(gpu, Format::bf16, thin, {.bandwidth_fraction = 0.5}).interval_s(), 2 * streamed);
}

TEST_F(GpuModelTest, WholeTilesAndSustainedClocksOnlySlowDown) {
  each([&](const GpuSpec& gpu, const FormatRow& row) {
    for (const std::size_t n : {10u, 1000u, 8192u})
      for (const std::size_t batch : {1u, 100u, 4096u}) {
        std::vector<Work> work{product(n, 800, batch, 0), elementwise(n, batch)};
        Work transposed = product(n, 800, batch, 0), outer = product(n, 800, batch, 0);
        transposed.transposed = true;
        outer.kind = Work::Kind::outer_product;
        work.insert(work.end(), {transposed, outer});
        const Cost bound = price(gpu, row.format, work);
        for (const GpuModelParameters& p :
             {GpuModelParameters{.whole_tiles = true}, GpuModelParameters{.sustained_clock = true}}) {
          const Cost cost = price(gpu, row.format, work, p);
          // But for boards that sustain more than their maker's boost clock.
          const double faster = p.sustained_clock ? std::max(1.0, sustained_clock_hz(gpu) / gpu.clock_hz) : 1;
          EXPECT_GE(cost.latency_s, bound.latency_s / faster * (1 - 16 * eps)) << gpu.name << " " << row.name;
          EXPECT_LE(cost.energy_j(Boundary::board, cost.latency_s), gpu.tdp_w * cost.latency_s * (1 + 1e-12));
        }
      }
  });
  // A100's PCIe board sustains cbrt(0.562) of its boost clock: a product bound by arithmetic takes as much
  // longer.
  const GpuSpec& gpu = find_gpu("a100-pcie-40gb");
  const std::vector<Work> big{product(8192, 8192, 8192)};
  const double slower = price(gpu, Format::fp16, big, {.sustained_clock = true}).interval_s() /
                        price(gpu, Format::fp16, big).interval_s();
  EXPECT_NEAR(slower, gpu.clock_hz / sustained_clock_hz(gpu), 16 * eps);
  EXPECT_GT(slower, 1.2);
  // With memory at its limit too it draws its TDP, at the boost clock where that is assumed, at what it
  // sustains where that is.
  for (const bool sustained : {false, true}) {
    const Cost cost = price(gpu, Format::fp16, big, {.sustained_clock = sustained});
    const double compute_w = (cost.energy(Part::mac) / cost.interval_s()) + cost.watts(Part::idle);
    const MemorySystem& memory = find_memory(gpu.memory);
    const double memory_w =
        gpu.memory_bytes_per_s * memory.dram_j_per_byte + l2_bytes_per_s(gpu) * memory.sram_j_per_byte;
    EXPECT_NEAR(compute_w + memory_w, gpu.tdp_w, 16 * eps * gpu.tdp_w) << sustained;
  }
}

TEST_F(GpuModelTest, Fp64RunsOnWhatTheChipHas) {
  // Products on A100's tensor cores, elementwise work on its lanes, both bound by arithmetic.
  const GpuSpec& gpu = find_gpu("a100-sxm4-80gb");
  EXPECT_TRUE(on_tensor_cores(gpu, Format::fp64));
  EXPECT_FALSE(on_tensor_cores(find_gpu("v100-sxm2-32gb"), Format::fp64));
  EXPECT_FALSE(on_tensor_cores(find_gpu("b200"), Format::fp64));
  const double product_s = price(gpu, Format::fp64, {product(8192, 8192, 8192)}).interval_s();
  EXPECT_DOUBLE_EQ(product_s, 2 * std::pow(8192.0, 3) / 19.5e12);
  Work pass = elementwise(4096, 4096);
  pass.operations_per_element = 1000;
  EXPECT_DOUBLE_EQ(price(gpu, Format::fp64, {pass}).interval_s(),
                   1000.0 * 4096 * 4096 / (2.0 * 32 * 108 * 1.41e9));
  // FP8 takes half of the bytes of FP16, and half of the time where bytes bound it.
  const GpuSpec& hopper = find_gpu("h100-sxm");
  const std::vector<Work> thin{product(32768, 32768, 1)};
  EXPECT_DOUBLE_EQ(price(hopper, Format::fp8, thin).interval_s() * 2,
                   price(hopper, Format::fp16, thin).interval_s());
}

TEST_F(GpuModelTest, BadChoicesAreErrors) {
  const GpuSpec& gpu = find_gpu("rtx8000");
  EXPECT_THROW(make_gpu_model(gpu, Format::bf16, *cpu, pool), Error);  // Turing has neither
  EXPECT_THROW(make_gpu_model(gpu, Format::tf32, *cpu, pool), Error);
  try {
    make_gpu_model(gpu, Format::fp8, *cpu, pool);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()),
              "rtx8000 does not compute in fp8; its formats: fp32, fp16, int8, fp64");
  }
  for (const GpuModelParameters& bad :
       {GpuModelParameters{.compute_fraction = 0}, GpuModelParameters{.compute_fraction = 1.1},
        GpuModelParameters{.bandwidth_fraction = -1}, GpuModelParameters{.submission_s = -1},
        GpuModelParameters{.launch_gap_s = 1}, GpuModelParameters{.static_fraction = 1}})
    EXPECT_THROW(make_gpu_model(gpu, Format::fp16, *cpu, pool, bad), Error);
  const auto model = make_gpu_model(gpu, Format::fp16, *cpu, pool);
  EXPECT_EQ(model->name(), "rtx8000-fp16");
  EXPECT_EQ(model->numerics(), Provenance::simulated);
  EXPECT_EQ(model->boundary(), Boundary::board);
}

TEST_F(GpuModelTest, ProductsOfActivationsTakeNoRoomFromWeights) {
  const GpuSpec& gpu = find_gpu("h100-sxm");
  // Weights of 2 MB stay in L2 beside 400 heads whose keys would not.
  Work scores = product(128, 64, 1024, -1);
  scores.groups = 400;
  scores.bytes = 4.0 * 400 * (128 * 64 + 64 * 1024 + 128 * 1024);
  const Cost weights = price(gpu, Format::fp16, {product(1024, 1024, 1)});
  const Cost dynamic = price(gpu, Format::fp16, {scores});
  const Cost both = price(gpu, Format::fp16, {product(1024, 1024, 1), scores});
  EXPECT_EQ(weights.energy(Part::dram), 0);
  EXPECT_DOUBLE_EQ(both.energy(Part::dram), dynamic.energy(Part::dram));
  EXPECT_DOUBLE_EQ(dynamic.energy(Part::dram), scores.bytes / 2 * find_memory(gpu.memory).dram_j_per_byte);
  EXPECT_DOUBLE_EQ(dynamic.energy(Part::mac),
                   2.0 * 400 * 128 * 64 * 1024 * energy_per_operation(gpu, Format::fp16));
}

TEST_F(GpuModelTest, WhatLiesOffChipIsReadFromThere) {
  const GpuSpec& gpu = find_gpu("h100-sxm");
  Work w = product(1, 128, 512, -1);
  EXPECT_EQ(price(gpu, Format::fp16, {w}).energy(Part::dram), 0) << "fits into L2";
  w.off_chip_bytes = 4.0 * 128 * 512;
  EXPECT_DOUBLE_EQ(price(gpu, Format::fp16, {w}).energy(Part::dram),
                   2.0 * 128 * 512 * find_memory(gpu.memory).dram_j_per_byte);
}

}  // namespace
}  // namespace fringe
