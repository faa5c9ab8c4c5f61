// cuBLASLt's products: small integers are exact in every format, so the numbers must be equal.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>

#include "electronic/cublaslt.cuh"
#include "tests/gpu/gpu_fixture.hpp"

namespace fringe {
namespace {

using cublas::Lt;
using cublas::LtExtras;
using cublas::LtProduct;

class CublasLtGpu : public GpuTest {
 protected:
  template <class T>
  Buffer<T> device_copy(const std::vector<int>& values) {
    std::vector<T> host;
    for (const int v : values) host.push_back(static_cast<T>(static_cast<float>(v)));
    Buffer<T> out(*gpu, host.size());
    out.from_host(host);
    return out;
  }
  /// −4 … 4: exact in e4m3 and e5m2 too.
  static std::vector<int> integers(std::size_t count, std::uint32_t site) {
    std::vector<int> x;
    for (const float normal : normals(count, site))
      x.push_back(std::clamp(static_cast<int>(2 * normal), -4, 4));
    return x;
  }

  /// y[n×m] = (bias +) Σ_k a(m, k)·b(n, k), both with k contiguous, for each of a batch; empty if there is no
  /// algorithm.
  template <class A, class B, class D>
  std::vector<D> product(Lt& lt, LtProduct p, const std::vector<int>& a, const std::vector<int>& b,
                         LtExtras extras) {
    const Buffer<A> da = device_copy<A>(a);
    const Buffer<B> db = device_copy<B>(b);
    Buffer<D> dd(*gpu, static_cast<std::size_t>(p.m * p.n * p.batch));
    if (!lt.run(p, da.data(), db.data(), dd.data(), extras)) return {};
    EXPECT_TRUE(lt.run(p, da.data(), db.data(), dd.data(), extras));  // the plan that was kept
    return dd.to_host();
  }

  /// FP8 came with compute capability 8.9, Ada's (NVIDIA, cuBLAS documentation, cublasLtMatmul()); all other
  /// formats are older than the oldest chips of this binary.
  static bool chip_has_fp8() {
    int major = 0, minor = 0;
    device::check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0), "device");
    device::check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0), "device");
    return 10 * major + minor >= 89;
  }

  template <class A, class B, class D>
  void check(cudaDataType_t ta, cudaDataType_t tb, cudaDataType_t td, cublasComputeType_t compute,
             cudaDataType_t scale, bool chip_has_it, bool eight_bits = false, bool fused = false) {
    constexpr std::int64_t m = 48, n = 32, k = 64, batch = 3;
    const bool many = !eight_bits && !fused;
    const std::int64_t count = many ? batch : 1;
    const LtProduct p{.a = ta,
                      .b = tb,
                      .d = td,
                      .compute = compute,
                      .scale = scale,
                      .op_a = CUBLAS_OP_T,
                      .op_b = CUBLAS_OP_N,
                      .m = m,
                      .n = n,
                      .k = k,
                      .lda = k,
                      .ldb = k,
                      .ldd = m,
                      .batch = count,
                      .distance_a = m * k,
                      .distance_b = n * k,
                      .distance_d = m * n};
    const std::vector<int> a = integers(static_cast<std::size_t>(m * k * count), 1),
                           b = integers(static_cast<std::size_t>(n * k * count), 2), bias = integers(m, 3);
    const Buffer<D> device_bias = device_copy<D>(bias);
    const Buffer<float> one = device_copy<float>({1});
    LtExtras extras;
    if (fused) extras = {.bias = device_bias.data(), .relu = true};
    if (eight_bits && scale == CUDA_R_32F) extras.scale_a = extras.scale_b = one.data();
    Lt lt(*gpu);
    const std::vector<D> y = product<A, B, D>(lt, p, a, b, extras);
    ASSERT_EQ(!y.empty(), chip_has_it);
    if (y.empty()) return;
    for (std::int64_t i = 0; i < count; ++i)
      for (std::int64_t c = 0; c < n; ++c)
        for (std::int64_t r = 0; r < m; ++r) {
          int sum = fused ? bias[static_cast<std::size_t>(r)] : 0;
          for (std::int64_t j = 0; j < k; ++j)
            sum += a[static_cast<std::size_t>((i * m + r) * k + j)] *
                   b[static_cast<std::size_t>((i * n + c) * k + j)];
          if (fused) sum = std::max(sum, 0);
          ASSERT_EQ(static_cast<double>(y[static_cast<std::size_t>((i * n + c) * m + r)]), sum)
              << i << " " << c << " " << r;
        }
  }
};

TEST_F(CublasLtGpu, Fp64) {
  check<double, double, double>(CUDA_R_64F, CUDA_R_64F, CUDA_R_64F, CUBLAS_COMPUTE_64F, CUDA_R_64F, true);
}
TEST_F(CublasLtGpu, Fp32) {
  check<float, float, float>(CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F, CUDA_R_32F, true);
}
TEST_F(CublasLtGpu, Tf32) {
  check<float, float, float>(CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32, CUDA_R_32F,
                             true);
}
TEST_F(CublasLtGpu, Bf16) {
  check<__nv_bfloat16, __nv_bfloat16, float>(CUDA_R_16BF, CUDA_R_16BF, CUDA_R_32F, CUBLAS_COMPUTE_32F,
                                             CUDA_R_32F, true);
}
TEST_F(CublasLtGpu, Fp16) {
  check<__half, __half, float>(CUDA_R_16F, CUDA_R_16F, CUDA_R_32F, CUBLAS_COMPUTE_32F, CUDA_R_32F, true);
}
TEST_F(CublasLtGpu, Fp8WhereTheChipHasIt) {
  check<__nv_fp8_e4m3, __nv_fp8_e4m3, float>(CUDA_R_8F_E4M3, CUDA_R_8F_E4M3, CUDA_R_32F, CUBLAS_COMPUTE_32F,
                                             CUDA_R_32F, chip_has_fp8(), true);
}
TEST_F(CublasLtGpu, Fp8OfTwoKindsWhereTheChipHasIt) {
  check<__nv_fp8_e4m3, __nv_fp8_e5m2, float>(CUDA_R_8F_E4M3, CUDA_R_8F_E5M2, CUDA_R_32F, CUBLAS_COMPUTE_32F,
                                             CUDA_R_32F, chip_has_fp8(), true);
}
TEST_F(CublasLtGpu, Int8) {
  check<std::int8_t, std::int8_t, std::int32_t>(CUDA_R_8I, CUDA_R_8I, CUDA_R_32I, CUBLAS_COMPUTE_32I,
                                                CUDA_R_32I, true, true);
}
TEST_F(CublasLtGpu, BiasAndReluAreFused) {
  check<__nv_bfloat16, __nv_bfloat16, float>(CUDA_R_16BF, CUDA_R_16BF, CUDA_R_32F, CUBLAS_COMPUTE_32F,
                                             CUDA_R_32F, true, false, true);
}

}  // namespace
}  // namespace fringe
