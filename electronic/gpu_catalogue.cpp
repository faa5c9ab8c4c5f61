#include "electronic/gpu_catalogue.hpp"

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr double tera = 1e12, mib = 1024.0 * 1024.0;
constexpr std::array<double, format_count> a100_peaks{19.5 * tera, 156 * tera, 312 * tera, 312 * tera,
                                                      624 * tera};
constexpr std::array<double, format_count> h100_sxm_peaks{66.9 * tera, 494.7 * tera, 989.4 * tera,
                                                          989.4 * tera, 1978.9 * tera};
constexpr std::array<double, format_count> h100_pcie_peaks{51.2 * tera, 378 * tera, 756 * tera, 756 * tera,
                                                           1513 * tera};

// Peaks in the order fp32, tf32, bf16, fp16, int8.
constexpr std::array<GpuSpec, 9> boards{{
    {"rtx3090",
     "Ampere GA102",
     82,
     1.695e9,
     1.695e9,
     {35.6 * tera, 35.6 * tera, 71 * tera, 71 * tera, 284 * tera},
     6 * mib,
     24e9,
     936e9,
     350,
     "gddr6x",
     "NVIDIA Ampere GA102 GPU Architecture whitepaper (2020), appendix A, GeForce RTX 3090; FP16 with FP32 "
     "accumulate"},
    {"rtx8000",
     "Turing TU102",
     72,
     1.77e9,
     1.77e9,
     {16.3 * tera, 0, 0, 130.5 * tera, 261 * tera},
     6 * mib,
     48e9,
     672e9,
     260,
     "gddr6",
     "NVIDIA Quadro RTX 8000 datasheet (2018); NVIDIA Turing GPU Architecture whitepaper (2018), table 4 "
     "(the same "
     "GPU as Quadro RTX 6000)"},
    {"a100-pcie-40gb", "Ampere GA100", 108, 1.41e9, 1.41e9, a100_peaks, 40 * mib, 40e9, 1555e9, 250, "hbm2",
     "NVIDIA A100 Tensor Core GPU datasheet (2020, PCIe 40GB); NVIDIA A100 architecture whitepaper (2020), "
     "tables 1, "
     "4"},
    {"a100-pcie-80gb", "Ampere GA100", 108, 1.41e9, 1.41e9, a100_peaks, 40 * mib, 80e9, 1935e9, 300, "hbm2e",
     "NVIDIA A100 Tensor Core GPU datasheet (2021, PCIe 80GB); NVIDIA A100 architecture whitepaper (2020), "
     "tables 1, "
     "4"},
    {"a100-sxm4-40gb", "Ampere GA100", 108, 1.41e9, 1.41e9, a100_peaks, 40 * mib, 40e9, 1555e9, 400, "hbm2",
     "NVIDIA A100 Tensor Core GPU Architecture whitepaper (2020), tables 1, 4 (SXM4 40GB)"},
    {"a100-sxm4-80gb", "Ampere GA100", 108, 1.41e9, 1.41e9, a100_peaks, 40 * mib, 80e9, 2039e9, 400, "hbm2e",
     "NVIDIA A100 Tensor Core GPU datasheet (2021, SXM 80GB); NVIDIA A100 architecture whitepaper (2020), "
     "tables 1, 4"},
    {"h100-pcie", "Hopper GH100", 114, 1.755e9, 1.62e9, h100_pcie_peaks, 50 * mib, 80e9, 2000e9, 350, "hbm2e",
     "NVIDIA H100 Tensor Core GPU Architecture whitepaper (2022), H100 PCIe; NVIDIA H100 datasheet (2022)"},
    {"h100-sxm", "Hopper GH100", 132, 1.98e9, 1.83e9, h100_sxm_peaks, 50 * mib, 80e9, 3350e9, 700, "hbm3",
     "NVIDIA H100 Tensor Core GPU Architecture whitepaper (2022), H100 SXM5; NVIDIA H100 datasheet (2022)"},
    {"h200", "Hopper GH100", 132, 1.98e9, 1.83e9, h100_sxm_peaks, 50 * mib, 141e9, 4800e9, 700, "hbm3e",
     "NVIDIA H200 Tensor Core GPU datasheet (2023), SXM; clocks and dense peaks of the same GPU: NVIDIA H100 "
     "architecture whitepaper (2022), H100 SXM5"},
}};

}  // namespace

std::span<const GpuSpec> gpu_catalogue() noexcept { return boards; }

const GpuSpec& find_gpu(std::string_view name) { return find_row("GPU", name, boards); }

}  // namespace fringe
