// Products through cuBLASLt: of the candidates that its heuristics name for a product, the one that was
// fastest on this GPU. Which one that is may differ from run to run, and with it the last bits: prices and
// benchmarks take it, numerics the heuristics' first. Included by CUDA sources only.
//
// The first call of a product describes it to the library and times up to eight candidates, best of three
// runs of five; the plan is kept, so that every later call is a look-up and one launch, without a wait or an
// allocation: the workspace is shared by all. Pointers on multiples of 256 bytes get the whole choice of
// kernels, others those that make do with 16.
#pragma once

#include <cublasLt.h>
#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/cuda_support.cuh"
#include "core/tensor.hpp"

namespace fringe::cublas {

/// D[m×n] = op(A)·op(B), column-major as the library has it; `batch` of them at fixed distances in elements.
/// scale: the type of its factors, here 1 and 0.
struct LtProduct {
  cudaDataType_t a, b, d;
  cublasComputeType_t compute;
  cudaDataType_t scale;
  cublasOperation_t op_a, op_b;
  std::int64_t m, n, k, lda, ldb, ldd;
  std::int64_t batch = 1, distance_a = 0, distance_b = 0, distance_d = 0;
  friend auto operator<=>(const LtProduct&, const LtProduct&) = default;
};

/// What a product takes beside its operands, in device memory or null. A bias is added to each column of D;
/// its type is D's, but BF16 for FP8 operands. relu cuts what is negative afterwards. Factors are those of
/// FP8 operands.
struct LtExtras {
  const void* bias = nullptr;
  bool relu = false;
  const float *scale_a = nullptr, *scale_b = nullptr;
  friend auto operator<=>(const LtExtras&, const LtExtras&) = default;
};

class Lt {
 public:
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;  ///< one for all products, kept
  static constexpr int candidates = 8;
  static constexpr std::size_t most_plans = 4096;  ///< all are forgotten when there are more
  enum class Choice { fastest, first };  ///< of the candidates: timed, or as the heuristics rank them

  /// Products run on `stream`, the default one unless named. Throws Error where the library is not there or
  /// does not start.
  explicit Lt(Executor& executor, cudaStream_t stream = nullptr, Choice choice = Choice::fastest)
      : stream_(stream), choice_(choice), workspace_(executor, workspace_bytes) {
    const std::string file = "libcublasLt.so." + std::to_string(CUBLAS_VER_MAJOR);
    library_ = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library_) library_ = dlopen(("/usr/local/cuda/lib64/" + file).c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library_) throw Error("cublaslt: " + file + " is not among this machine's libraries");
    load(create_, "cublasLtCreate");
    load(destroy_, "cublasLtDestroy");
    load(text_, "cublasLtGetStatusString");
    load(desc_create_, "cublasLtMatmulDescCreate");
    load(desc_destroy_, "cublasLtMatmulDescDestroy");
    load(desc_set_, "cublasLtMatmulDescSetAttribute");
    load(layout_create_, "cublasLtMatrixLayoutCreate");
    load(layout_destroy_, "cublasLtMatrixLayoutDestroy");
    load(layout_set_, "cublasLtMatrixLayoutSetAttribute");
    load(preference_create_, "cublasLtMatmulPreferenceCreate");
    load(preference_destroy_, "cublasLtMatmulPreferenceDestroy");
    load(preference_set_, "cublasLtMatmulPreferenceSetAttribute");
    load(heuristics_, "cublasLtMatmulAlgoGetHeuristic");
    load(matmul_, "cublasLtMatmul");
    check(create_(&handle_), "create");
  }
  Lt(const Lt&) = delete;
  Lt& operator=(const Lt&) = delete;
  ~Lt() {
    plans_.clear();
    destroy_(handle_);
  }

  /// Runs the product on the stream. A product's first call times its candidates, which write d; a stream
  /// that is being captured takes no first call. False, and nothing is done, where the library has no
  /// algorithm for it on this GPU. All pointers lie on multiples of 16 bytes; those on multiples of 256, as
  /// fresh device memory is, get the whole choice of kernels.
  bool run(const LtProduct& p, const void* a, const void* b, void* d, const LtExtras& extras = {}) {
    const auto together = reinterpret_cast<std::uintptr_t>(a) | reinterpret_cast<std::uintptr_t>(b) |
                          reinterpret_cast<std::uintptr_t>(d);
    const std::uint32_t alignment = together % 256 == 0 ? 256 : 16;
    const Key key{p, extras, alignment};
    auto place = plans_.find(key);
    if (place == plans_.end()) {
      if (plans_.size() >= most_plans) plans_.clear();
      place = plans_.emplace(key, plan(key, a, b, d)).first;
    }
    const Plan& chosen = *place->second;
    if (!chosen.algorithm) return false;
    check(matmul(chosen, p.scale, *chosen.algorithm, a, b, d), "product");
    return true;
  }

 private:
  struct Key {
    LtProduct product;
    LtExtras extras;
    std::uint32_t alignment;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Plan {
    explicit Plan(Lt& owner) : lt(owner) {}
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;
    ~Plan() {
      for (cublasLtMatrixLayout_t layout : {a, b, d})
        if (layout) lt.layout_destroy_(layout);
      if (desc) lt.desc_destroy_(desc);
    }
    Lt& lt;
    cublasLtMatmulDesc_t desc = nullptr;
    cublasLtMatrixLayout_t a = nullptr, b = nullptr, d = nullptr;
    std::optional<cublasLtMatmulAlgo_t> algorithm;
  };

  template <class Function>
  void load(Function& function, const char* name) {
    function = reinterpret_cast<Function>(dlsym(library_, name));
    if (!function) throw Error(std::string("cublaslt: the library has no ") + name);
  }
  void check(cublasStatus_t status, const char* what) const {
    if (status != CUBLAS_STATUS_SUCCESS) throw Error(std::string("cublaslt: ") + what + ": " + text_(status));
  }
  template <class T>
  void set(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t attribute, T value) {
    check(desc_set_(desc, attribute, &value, sizeof value), "description");
  }
  template <class T>
  void set(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute, T value) {
    check(preference_set_(preference, attribute, &value, sizeof value), "preference");
  }

  cublasLtMatrixLayout_t layout(cudaDataType_t type, std::int64_t rows, std::int64_t cols,
                                std::int64_t stride, std::int64_t batch, std::int64_t distance) {
    cublasLtMatrixLayout_t made = nullptr;
    check(layout_create_(&made, type, static_cast<std::uint64_t>(rows), static_cast<std::uint64_t>(cols),
                         stride),
          "layout");
    if (batch > 1) {
      const auto count = static_cast<std::int32_t>(batch);
      check(layout_set_(made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count, sizeof count), "layout");
      check(layout_set_(made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &distance, sizeof distance),
            "layout");
    }
    return made;
  }

  cublasStatus_t matmul(const Plan& plan, cudaDataType_t scale, const cublasLtMatmulAlgo_t& algorithm,
                        const void* a, const void* b, void* d) {
    constexpr struct {
      float f[2] = {1, 0};
      double d[2] = {1, 0};
      std::int32_t i[2] = {1, 0};
    } factors;
    const auto run_with = [&](const auto* one_and_zero) {
      return matmul_(handle_, plan.desc, one_and_zero, a, plan.a, b, plan.b, one_and_zero + 1, d, plan.d, d,
                     plan.d, &algorithm, workspace_.data(), workspace_bytes, stream_);
    };
    return scale == CUDA_R_64F   ? run_with(factors.d)
           : scale == CUDA_R_32I ? run_with(factors.i)
                                 : run_with(factors.f);
  }

  std::unique_ptr<Plan> plan(const Key& key, const void* a, const void* b, void* d) {
    const LtProduct& p = key.product;
    auto made = std::make_unique<Plan>(*this);
    check(desc_create_(&made->desc, p.compute, p.scale), "description");
    set(made->desc, CUBLASLT_MATMUL_DESC_TRANSA, p.op_a);
    set(made->desc, CUBLASLT_MATMUL_DESC_TRANSB, p.op_b);
    const LtExtras& extras = key.extras;
    if (extras.bias || extras.relu)
      set(made->desc, CUBLASLT_MATMUL_DESC_EPILOGUE,
          !extras.relu  ? CUBLASLT_EPILOGUE_BIAS
          : extras.bias ? CUBLASLT_EPILOGUE_RELU_BIAS
                        : CUBLASLT_EPILOGUE_RELU);
    if (extras.bias) {
      const bool eight_bits = p.a == CUDA_R_8F_E4M3 || p.a == CUDA_R_8F_E5M2;
      set(made->desc, CUBLASLT_MATMUL_DESC_BIAS_POINTER, extras.bias);
      set(made->desc, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE,
          static_cast<std::int32_t>(eight_bits ? CUDA_R_16BF : p.d));
    }
    if (extras.scale_a) set(made->desc, CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, extras.scale_a);
    if (extras.scale_b) set(made->desc, CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, extras.scale_b);
    const bool plain_a = p.op_a == CUBLAS_OP_N, plain_b = p.op_b == CUBLAS_OP_N;
    made->a = layout(p.a, plain_a ? p.m : p.k, plain_a ? p.k : p.m, p.lda, p.batch, p.distance_a);
    made->b = layout(p.b, plain_b ? p.k : p.n, plain_b ? p.n : p.k, p.ldb, p.batch, p.distance_b);
    made->d = layout(p.d, p.m, p.n, p.ldd, p.batch, p.distance_d);

    std::array<cublasLtMatmulHeuristicResult_t, candidates> found{};
    const int count = candidates_of(*made, key.alignment, found);
    float best = 0;
    for (int i = 0; i < count; ++i) {
      const cublasLtMatmulHeuristicResult_t& candidate = found[static_cast<std::size_t>(i)];
      if (candidate.state != CUBLAS_STATUS_SUCCESS) continue;
      if (choice_ == Choice::first) {
        if (matmul(*made, p.scale, candidate.algo, a, b, d) != CUBLAS_STATUS_SUCCESS) continue;
        made->algorithm = candidate.algo;
        break;
      }
      const std::optional<float> time = milliseconds(*made, p.scale, candidate.algo, a, b, d);
      if (time && (!made->algorithm || *time < best)) {
        best = *time;
        made->algorithm = candidate.algo;
      }
    }
    return made;
  }

  /// None where the GPU or the library does not know the product.
  int candidates_of(const Plan& plan, std::uint32_t alignment,
                    std::array<cublasLtMatmulHeuristicResult_t, candidates>& found) {
    cublasLtMatmulPreference_t made = nullptr;
    check(preference_create_(&made), "preference");
    const std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, decltype(preference_destroy_)> preference(
        made, preference_destroy_);
    set(made, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, workspace_bytes);
    for (const auto which :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      set(made, which, alignment);
    // Partial sums are added in the type of the sums, never in a narrower one of the result.
    set(made, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
        std::uint32_t{CUBLASLT_REDUCTION_SCHEME_INPLACE | CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE});
    int count = 0;
    const cublasStatus_t status = heuristics_(handle_, plan.desc, plan.a, plan.b, plan.d, plan.d, made,
                                              candidates, found.data(), &count);
    return status == CUBLAS_STATUS_SUCCESS ? count : 0;
  }

  /// Best of three runs of five; empty where the candidate doesn't run after all.
  std::optional<float> milliseconds(const Plan& plan, cudaDataType_t scale,
                                    const cublasLtMatmulAlgo_t& algorithm, const void* a, const void* b,
                                    void* d) {
    constexpr int rounds = 3, calls = 5;
    if (matmul(plan, scale, algorithm, a, b, d) != CUBLAS_STATUS_SUCCESS) return std::nullopt;
    float best = INFINITY;
    for (int round = 0; round < rounds; ++round) {
      device::check(cudaEventRecord(start_.event, stream_), "event");
      for (int i = 0; i < calls; ++i) (void)matmul(plan, scale, algorithm, a, b, d);
      device::check(cudaEventRecord(stop_.event, stream_), "event");
      device::check(cudaEventSynchronize(stop_.event), "candidate");
      float time = 0;
      device::check(cudaEventElapsedTime(&time, start_.event, stop_.event), "event");
      best = std::min(best, time);
    }
    return best;
  }

  struct OwnEvent {
    OwnEvent() { device::check(cudaEventCreate(&event), "event"); }
    OwnEvent(const OwnEvent&) = delete;
    OwnEvent& operator=(const OwnEvent&) = delete;
    ~OwnEvent() { cudaEventDestroy(event); }
    cudaEvent_t event = nullptr;
  };

  void* library_ = nullptr;  // stays loaded, as libcublas does
  decltype(&cublasLtCreate) create_;
  decltype(&cublasLtDestroy) destroy_;
  decltype(&cublasLtGetStatusString) text_;
  decltype(&cublasLtMatmulDescCreate) desc_create_;
  decltype(&cublasLtMatmulDescDestroy) desc_destroy_;
  decltype(&cublasLtMatmulDescSetAttribute) desc_set_;
  decltype(&cublasLtMatrixLayoutCreate) layout_create_;
  decltype(&cublasLtMatrixLayoutDestroy) layout_destroy_;
  decltype(&cublasLtMatrixLayoutSetAttribute) layout_set_;
  decltype(&cublasLtMatmulPreferenceCreate) preference_create_;
  decltype(&cublasLtMatmulPreferenceDestroy) preference_destroy_;
  decltype(&cublasLtMatmulPreferenceSetAttribute) preference_set_;
  decltype(&cublasLtMatmulAlgoGetHeuristic) heuristics_;
  decltype(&cublasLtMatmul) matmul_;
  cublasLtHandle_t handle_ = nullptr;
  cudaStream_t stream_;
  Choice choice_;
  OwnEvent start_, stop_;
  Buffer<std::byte> workspace_;
  std::map<Key, std::unique_ptr<Plan>> plans_;
};

}  // namespace fringe::cublas
