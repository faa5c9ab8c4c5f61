#include "electronic/gpu_catalogue.hpp"

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr double tera = 1e12, mib = 1024.0 * 1024.0;

// clang-format off
// In the order of GpuSpec; peaks in the order fp32, tf32, bf16, fp16, int8, fp64, fp8. Where no
// document prints FP64, it is lanes times clock.
constexpr std::array<GpuSpec, 29> boards{{
    {"gtx1080ti", "Pascal GP102", 28, 128, 4, 1.582e9, 1.582e9,
     {11.3 * tera, 0, 0, 11.3 * tera, 0, 0.3544 * tera, 0}, 2.75 * mib, 11e9,
     484e9, 250, "gddr6", 3, 0, 699, "2017-03",
     "NVIDIA GeForce GTX 1080 Ti specifications and press release of 28 February 2017; FP16 operands on "
     "the FP32 lanes (native FP16 is 64 times slower: CUDA C++ Programming Guide, arithmetic throughput, "
     "compute capability 6.1); GDDR5X, priced at the energy of GDDR6;"
     " FP64: 4 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 6.1)"},
    {"v100-pcie-16gb", "Volta GV100", 80, 64, 32, 1.38e9, 1.38e9,
     {14 * tera, 0, 0, 112 * tera, 0, 7 * tera, 0}, 6 * mib, 16e9,
     900e9, 250, "hbm2", 3, 0, 0, "",
     "NVIDIA Tesla V100 datasheet (2018, PCIe); NVIDIA Tesla V100 PCIe product brief, boost clock; NVIDIA "
     "Tesla V100 GPU Architecture whitepaper (WP-08608, 2017)"},
    {"v100-pcie-32gb", "Volta GV100", 80, 64, 32, 1.38e9, 1.38e9,
     {14 * tera, 0, 0, 112 * tera, 0, 7 * tera, 0}, 6 * mib, 32e9,
     900e9, 250, "hbm2", 3, 0, 0, "",
     "NVIDIA Tesla V100 datasheet (2018, PCIe 32GB); NVIDIA Tesla V100 PCIe product brief, boost clock; "
     "NVIDIA Tesla V100 GPU Architecture whitepaper (WP-08608, 2017)"},
    {"v100-sxm2-16gb", "Volta GV100", 80, 64, 32, 1.53e9, 1.53e9,
     {15.7 * tera, 0, 0, 125 * tera, 0, 7.8 * tera, 0}, 6 * mib, 16e9,
     900e9, 300, "hbm2", 3, 300e9, 0, "",
     "NVIDIA Tesla V100 GPU Architecture whitepaper (WP-08608, 2017), table 1; NVIDIA Tesla V100 datasheet"
     " (2018, SXM2)"},
    {"v100-sxm2-32gb", "Volta GV100", 80, 64, 32, 1.53e9, 1.53e9,
     {15.7 * tera, 0, 0, 125 * tera, 0, 7.8 * tera, 0}, 6 * mib, 32e9,
     900e9, 300, "hbm2", 3, 300e9, 0, "",
     "NVIDIA Tesla V100 GPU Architecture whitepaper (WP-08608, 2017), table 1; NVIDIA Tesla V100 datasheet"
     " (2018, SXM2 32GB)"},
    {"rtx2070-max-q", "Turing TU106", 36, 64, 2, 1.185e9, 1.185e9,
     {5.46 * tera, 0, 0, 21.8 * tera, 87.4 * tera, 0.1706 * tera, 0}, 4 * mib, 8e9,
     384e9, 90, "gddr6", 3, 0, 0, "",
     "multiprocessors, widths and L2: NVIDIA Turing GPU Architecture whitepaper (WP-09183, 2018); clock, "
     "memory and power at the 90 W setting, which makers of laptops may change: TechPowerUp GPU database "
     "(December 2025);"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 7.5; also NVIDIA "
     "Turing Architecture In-Depth, 2018)"},
    {"rtx2080-max-q", "Turing TU104", 46, 64, 2, 1.095e9, 1.095e9,
     {6.45 * tera, 0, 0, 25.8 * tera, 103.2 * tera, 0.2015 * tera, 0}, 4 * mib, 8e9,
     384e9, 80, "gddr6", 3, 0, 0, "",
     "multiprocessors, widths and L2: NVIDIA Turing GPU Architecture whitepaper (WP-09183, 2018); clock, "
     "memory and power at the 80 W setting, which makers of laptops may change: TechPowerUp GPU database;"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 7.5; also NVIDIA "
     "Turing Architecture In-Depth, 2018)"},
    {"rtx2080-super-max-q", "Turing TU104", 48, 64, 2, 0.975e9, 0.975e9,
     {5.99 * tera, 0, 0, 24 * tera, 95.8 * tera, 0.1872 * tera, 0}, 4 * mib, 8e9,
     352e9, 80, "gddr6", 3, 0, 0, "",
     "multiprocessors, widths and L2: NVIDIA Turing GPU Architecture whitepaper (WP-09183, 2018); clock, "
     "memory and power at the 80 W setting, which makers of laptops may change: TechPowerUp GPU database;"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 7.5; also NVIDIA "
     "Turing Architecture In-Depth, 2018)"},
    {"rtx2080ti", "Turing TU102", 68, 64, 2, 1.545e9, 1.545e9,
     {13.4 * tera, 0, 0, 53.8 * tera, 215.2 * tera, 0.4202 * tera, 0}, 5.5 * mib, 11e9,
     616e9, 250, "gddr6", 3, 100e9, 999, "2018-09",
     "NVIDIA Turing GPU Architecture whitepaper (WP-09183, 2018), GeForce RTX 2080 Ti (reference); FP16 "
     "with FP32 accumulate; price: NVIDIA press release of 20 August 2018, partners' boards (Founders "
     "Edition: 1199 USD);"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 7.5; also NVIDIA "
     "Turing Architecture In-Depth, 2018)"},
    {"titan-rtx", "Turing TU102", 72, 64, 2, 1.77e9, 1.77e9,
     {16.3 * tera, 0, 0, 130.5 * tera, 261 * tera, 0.5098 * tera, 0}, 6 * mib, 24e9,
     672e9, 280, "gddr6", 3, 100e9, 2499, "2018-12",
     "NVIDIA Titan RTX specifications and press release of 3 December 2018; NVIDIA Turing GPU Architecture"
     " whitepaper (WP-09183, 2018) (the same GPU as Quadro RTX 6000);"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 7.5; also NVIDIA "
     "Turing Architecture In-Depth, 2018)"},
    {"t4", "Turing TU104", 40, 64, 2, 1.59e9, 1.59e9,
     {8.1 * tera, 0, 0, 65 * tera, 130 * tera, 0.2544 * tera, 0}, 4 * mib, 16e9,
     320e9, 70, "gddr6", 3, 0, 0, "",
     "NVIDIA T4 datasheet (2019); NVIDIA Turing GPU Architecture whitepaper (WP-09183, 2018), Tesla T4;"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 7.5; also NVIDIA "
     "Turing Architecture In-Depth, 2018)"},
    {"rtx5000", "Turing TU104", 48, 64, 2, 1.815e9, 1.815e9,
     {11.2 * tera, 0, 0, 89.2 * tera, 178.4 * tera, 0.3485 * tera, 0}, 4 * mib, 16e9,
     448e9, 230, "gddr6", 3, 50e9, 2300, "2018-08",
     "NVIDIA Quadro RTX 5000 datasheet (2018; 230 W of graphics, 265 W with what its USB-C port may draw); "
     "NVIDIA Turing GPU Architecture whitepaper (WP-09183, 2018); price: NVIDIA press release of 13 August "
     "2018, estimated street price;"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 7.5; also NVIDIA "
     "Turing Architecture In-Depth, 2018)"},
    {"rtx6000", "Turing TU102", 72, 64, 2, 1.77e9, 1.77e9,
     {16.3 * tera, 0, 0, 130.5 * tera, 261 * tera, 0.5098 * tera, 0}, 6 * mib, 24e9,
     672e9, 260, "gddr6", 3, 100e9, 6300, "2018-08",
     "NVIDIA Turing GPU Architecture whitepaper (WP-09183, 2018), Quadro RTX 6000; price: NVIDIA press "
     "release of 13 August 2018, estimated street price;"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 7.5; also NVIDIA "
     "Turing Architecture In-Depth, 2018)"},
    {"rtx8000", "Turing TU102", 72, 64, 2, 1.77e9, 1.77e9,
     {16.3 * tera, 0, 0, 130.5 * tera, 261 * tera, 0.5098 * tera, 0}, 6 * mib, 48e9,
     672e9, 260, "gddr6", 3, 100e9, 10000, "2018-08",
     "NVIDIA Quadro RTX 8000 datasheet (2018); NVIDIA Turing GPU Architecture whitepaper (WP-09183, 2018),"
     " table 4 (the same GPU as Quadro RTX 6000); price: NVIDIA press release of 13 August 2018, estimated"
     " street price;"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 7.5; also NVIDIA "
     "Turing Architecture In-Depth, 2018)"},
    {"rtx3080", "Ampere GA102", 68, 128, 2, 1.71e9, 1.71e9,
     {29.8 * tera, 29.8 * tera, 59.5 * tera, 59.5 * tera, 238 * tera, 0.4651 * tera, 0}, 5 * mib, 10e9,
     760e9, 320, "gddr6x", 4, 0, 699, "2020-09",
     "NVIDIA Ampere GA102 GPU Architecture whitepaper (2020), GeForce RTX 3080 10 GB; FP16 with FP32 "
     "accumulate; price: NVIDIA press release of 1 September 2020;"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 8.6; "
     "also the whitepaper, as quoted elsewhere)"},
    {"rtx3090", "Ampere GA102", 82, 128, 2, 1.695e9, 1.695e9,
     {35.6 * tera, 35.6 * tera, 71 * tera, 71 * tera, 284 * tera, 0.556 * tera, 0}, 6 * mib, 24e9,
     936e9, 350, "gddr6x", 4, 112.5e9, 1499, "2020-09",
     "NVIDIA Ampere GA102 GPU Architecture whitepaper (2020), appendix A, GeForce RTX 3090; FP16 with FP32"
     " accumulate; price: NVIDIA press release of 1 September 2020;"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 8.6; "
     "also the whitepaper, as quoted elsewhere)"},
    {"rtx-a6000", "Ampere GA102", 84, 128, 2, 1.8e9, 1.8e9,
     {38.7 * tera, 77.4 * tera, 154.8 * tera, 154.8 * tera, 309.7 * tera, 0.6048 * tera, 0}, 6 * mib, 48e9,
     768e9, 300, "gddr6", 4, 112.5e9, 0, "",
     "NVIDIA Ampere GA102 GPU Architecture whitepaper (2020), version 2, appendix C, RTX A6000; NVIDIA RTX"
     " A6000 datasheet (2020);"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 8.6; "
     "also the whitepaper, as quoted elsewhere)"},
    {"a10", "Ampere GA102", 72, 128, 2, 1.695e9, 1.695e9,
     {31.2 * tera, 62.5 * tera, 125 * tera, 125 * tera, 250 * tera, 0.4882 * tera, 0}, 6 * mib, 24e9,
     600e9, 150, "gddr6", 4, 0, 0, "",
     "NVIDIA A10 Tensor Core GPU datasheet and product brief (2021); L2: NVIDIA Ampere GA102 GPU "
     "Architecture whitepaper (2020);"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 8.6; "
     "also the whitepaper, as quoted elsewhere)"},
    {"a100-pcie-40gb", "Ampere GA100", 108, 64, 32, 1.41e9, 1.41e9,
     {19.5 * tera, 156 * tera, 312 * tera, 312 * tera, 624 * tera, 19.5 * tera, 0}, 40 * mib, 40e9,
     1555e9, 250, "hbm2", 4, 600e9, 0, "",
     "NVIDIA A100 Tensor Core GPU datasheet (2020, PCIe 40GB); NVIDIA A100 Tensor Core GPU Architecture "
     "whitepaper (2020), tables 1, 4"},
    {"a100-pcie-80gb", "Ampere GA100", 108, 64, 32, 1.41e9, 1.41e9,
     {19.5 * tera, 156 * tera, 312 * tera, 312 * tera, 624 * tera, 19.5 * tera, 0}, 40 * mib, 80e9,
     1935e9, 300, "hbm2e", 4, 600e9, 0, "",
     "NVIDIA A100 Tensor Core GPU datasheet (2021, PCIe 80GB); NVIDIA A100 Tensor Core GPU Architecture "
     "whitepaper (2020), tables 1, 4"},
    {"a100-sxm4-40gb", "Ampere GA100", 108, 64, 32, 1.41e9, 1.41e9,
     {19.5 * tera, 156 * tera, 312 * tera, 312 * tera, 624 * tera, 19.5 * tera, 0}, 40 * mib, 40e9,
     1555e9, 400, "hbm2", 4, 600e9, 0, "",
     "NVIDIA A100 Tensor Core GPU Architecture whitepaper (2020), tables 1, 4 (SXM4 40GB)"},
    {"a100-sxm4-80gb", "Ampere GA100", 108, 64, 32, 1.41e9, 1.41e9,
     {19.5 * tera, 156 * tera, 312 * tera, 312 * tera, 624 * tera, 19.5 * tera, 0}, 40 * mib, 80e9,
     2039e9, 400, "hbm2e", 4, 600e9, 0, "",
     "NVIDIA A100 Tensor Core GPU datasheet (2021, SXM 80GB); NVIDIA A100 Tensor Core GPU Architecture "
     "whitepaper (2020), tables 1, 4"},
    {"rtx4090", "Ada AD102", 128, 128, 2, 2.52e9, 2.52e9,
     {82.6 * tera, 82.6 * tera, 165.2 * tera, 165.2 * tera, 660.6 * tera, 1.29 * tera, 330.3 * tera},
     72 * mib, 24e9,
     1008e9, 450, "gddr6x", 4, 0, 1599, "2022-10",
     "NVIDIA Ada GPU Architecture whitepaper (2022), GeForce RTX 4090; FP16 and FP8 with FP32 accumulate; "
     "price: NVIDIA press release of 20 September 2022;"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 8.9; "
     "also the whitepaper, as quoted elsewhere)"},
    {"l4", "Ada AD104", 58, 128, 2, 2.04e9, 2.04e9,
     {30.3 * tera, 60 * tera, 121 * tera, 121 * tera, 242 * tera, 0.4733 * tera, 242.5 * tera}, 48 * mib, 24e9,
     300e9, 72, "gddr6", 4, 0, 0, "",
     "NVIDIA L4 Tensor Core GPU datasheet (2023), sparse figures halved; multiprocessors, clock and L2: "
     "NVIDIA L4 product brief and NVIDIA Ada GPU Architecture whitepaper (2022); multiprocessors and clock also: "
     "CUDA device query (bottlerocket-os/bottlerocket-kernel-kit pull request 139);"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 8.9; "
     "also the whitepaper, as quoted elsewhere)"},
    {"l40s", "Ada AD102", 142, 128, 2, 2.52e9, 2.52e9,
     {91.6 * tera, 183 * tera, 366.5 * tera, 366.5 * tera, 733 * tera, 1.431 * tera, 733 * tera},
     96 * mib, 48e9,
     864e9, 350, "gddr6", 4, 0, 0, "",
     "NVIDIA L40S datasheet (2023), sparse figures halved (of FP16 and TF32 it prints dense ones beside them, "
     "362.05 and 183); L2: all of AD102's, as the whitepaper (NVIDIA Ada GPU Architecture, 2022) has it for the L40 "
     "of the same 142 multiprocessors, as CUDA's device query counts it (100 663 296 bytes) and as F. Alpay and B. "
     "Basaran, arXiv:2606.22588 (2026), measured it on an L40; databases that say 48 MB are wrong;"
     " FP64: 2 lanes (CUDA C++ Programming Guide, arithmetic throughput, compute capability 8.9; "
     "also the whitepaper, as quoted elsewhere)"},
    {"h100-pcie", "Hopper GH100", 114, 128, 64, 1.755e9, 1.62e9,
     {51.2 * tera, 378 * tera, 756 * tera, 756 * tera, 1513 * tera, 51.2 * tera, 1513 * tera}, 50 * mib, 80e9,
     2000e9, 350, "hbm2e", 5, 600e9, 0, "",
     "NVIDIA H100 Tensor Core GPU Architecture whitepaper (2022), H100 PCIe; NVIDIA H100 datasheet (2022)"},
    {"h100-sxm", "Hopper GH100", 132, 128, 64, 1.98e9, 1.83e9,
     {66.9 * tera, 494.7 * tera, 989.4 * tera, 989.4 * tera, 1978.9 * tera, 66.9 * tera, 1978.9 * tera},
     50 * mib, 80e9,
     3350e9, 700, "hbm3", 5, 900e9, 0, "",
     "NVIDIA H100 Tensor Core GPU Architecture whitepaper (2022), H100 SXM5; NVIDIA H100 datasheet (2022)"},
    {"h200", "Hopper GH100", 132, 128, 64, 1.98e9, 1.83e9,
     {66.9 * tera, 494.7 * tera, 989.4 * tera, 989.4 * tera, 1978.9 * tera, 66.9 * tera, 1978.9 * tera},
     50 * mib, 141e9,
     4800e9, 700, "hbm3e", 5, 900e9, 0, "",
     "NVIDIA H200 Tensor Core GPU datasheet (2023), SXM; clocks and dense peaks of the same GPU: NVIDIA "
     "H100 Tensor Core GPU Architecture whitepaper (2022), H100 SXM5"},
    {"b200", "Blackwell B200", 148, 128, 64, 1.98e9, 1.856e9,
     {75 * tera, 1125 * tera, 2250 * tera, 2250 * tera, 4500 * tera, 37 * tera, 4500 * tera}, 126.5 * mib, 180e9,
     7700e9, 1000, "hbm3e", 5, 1800e9, 0, "",
     "NVIDIA HGX B200 specifications (2025), table of one GPU, sparse figures halved, TF32 half of FP16 (printed "
     "2.2 of 4.5); L2 and multiprocessors: CUDA device query (pytorch/ao pull request 4002; NVIDIA "
     "Blackwell Tuning Guide, 2025, rounds to 126 MB); NVIDIA states no clocks, these follow from the peaks"},
}};
// clang-format on

}  // namespace

std::span<const GpuSpec> gpu_catalogue() noexcept { return boards; }

std::string formats_of(const GpuSpec& gpu) {
  std::string names;
  for (const FormatRow& row : number_formats())
    if (gpu.peak(row.format) > 0) names += (names.empty() ? "" : ", ") + std::string(row.name);
  return names;
}

const GpuSpec& find_gpu(std::string_view name) { return find_row("GPU", name, boards); }

}  // namespace fringe
