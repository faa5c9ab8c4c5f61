// The executor of a GPU: memory, copies, element-wise operators, reductions and steps of optimisers.
//
// All but products is bound by memory, so an element-wise operator is one pass: a functor that reads and
// writes an element once, launched by CUB, which picks the grid; neighbours in a batch are neighbours in
// memory and in a warp. Memory comes from CUDA's stream-ordered pool, which is told to keep what is freed:
// buffers that come and go in every step take none from the system anew. Sums are in double, by one block
// each or by stretches of 2¹⁴ numbers, in an order that depends on the count alone: equal bits on every call
// and GPU. cuBLAS is loaded when the first product asks for it.
#include <cmath>
#include <cub/block/block_reduce.cuh>
#include <limits>

#include "core/cublas_library.cuh"
#include "core/cuda_support.cuh"
#include "core/executor.hpp"
#include "core/tensor.hpp"

namespace fringe {
namespace {

using device::check;
using device::for_each;

constexpr int block_threads = 256;

struct Fill {
  Matrix y;
  float value;
  __device__ void operator()(std::size_t, std::size_t r, std::size_t c) const { y(r, c) = value; }
};

struct Add {
  ConstMatrix x;
  Matrix y;
  __device__ void operator()(std::size_t, std::size_t r, std::size_t c) const { y(r, c) += x(r, c); }
};

struct Scale {
  Matrix y;
  float factor;
  __device__ void operator()(std::size_t, std::size_t r, std::size_t c) const { y(r, c) *= factor; }
};

struct AddBias {
  const float* bias;
  Matrix y;
  __device__ void operator()(std::size_t, std::size_t r, std::size_t c) const { y(r, c) += bias[r]; }
};

struct Relu {
  ConstMatrix x;
  Matrix y;
  __device__ void operator()(std::size_t, std::size_t r, std::size_t c) const {
    const float in = x(r, c);
    y(r, c) = in > 0.0f ? in : 0.0f;
  }
};

struct ReluBackward {
  ConstMatrix y, dy;
  Matrix dx;
  __device__ void operator()(std::size_t, std::size_t r, std::size_t c) const {
    dx(r, c) = y(r, c) > 0.0f ? dy(r, c) : 0.0f;
  }
};

struct Argmax {
  ConstMatrix x;
  std::int32_t* best;
  __device__ void operator()(std::size_t b) const {
    std::size_t row = 0;
    for (std::size_t r = 1; r < x.rows; ++r)
      if (x(r, b) > x(row, b)) row = r;
    best[b] = static_cast<std::int32_t>(row);
  }
};

struct SgdStep {
  float *p, *v;
  const float* g;
  float rate, momentum, scale, decay, slope_ahead, ahead;
  __device__ void operator()(std::size_t i) const {
    const float slope = scale * g[i] + decay * p[i];
    v[i] = momentum * v[i] + slope;
    p[i] -= rate * (slope_ahead * slope + ahead * v[i]);
  }
};

struct AdamStep {
  float *p, *m, *v;
  const float* g;
  float rate, beta1, beta2, epsilon, correction1, correction2, scale, decay;
  __device__ void operator()(std::size_t i) const {
    const float slope = scale * g[i];
    m[i] = beta1 * m[i] + (1.0f - beta1) * slope;
    v[i] = beta2 * v[i] + (1.0f - beta2) * (slope * slope);
    p[i] = (p[i] - decay * p[i]) - rate * (m[i] * correction1) / (sqrt_exact(v[i] * correction2) + epsilon);
  }
};

constexpr unsigned long long no_sample = std::numeric_limits<unsigned long long>::max();

/// What softmax_cross_entropy brings back to the host.
struct LossResult {
  double sum;
  unsigned long long bad_sample;  ///< first sample whose label is out of range
};

/// One sample; dx may be x itself: each element is read before it is written.
struct SoftmaxCrossEntropy {
  ConstMatrix x;
  const std::int32_t* labels;
  Matrix dx;
  float scale;
  double* losses;
  LossResult* result;
  __device__ void operator()(std::size_t b) const {
    const std::int32_t label = labels[b];
    if (label < 0 || label >= static_cast<std::int64_t>(x.rows)) {
      atomicMin(&result->bad_sample, static_cast<unsigned long long>(b));
      losses[b] = 0;
      return;
    }
    const float at_label = x(label, b);
    float top = x(0, b);
    for (std::size_t r = 1; r < x.rows; ++r) top = top < x(r, b) ? x(r, b) : top;
    double sum = 0;
    for (std::size_t r = 0; r < x.rows; ++r) {
      const float e = expf(x(r, b) - top);
      sum += static_cast<double>(e);
      if (dx.data) dx(r, b) = e;
    }
    losses[b] = log(sum) - (static_cast<double>(at_label) - static_cast<double>(top));
    if (!dx.data) return;
    for (std::size_t r = 0; r < x.rows; ++r)
      dx(r, b) = (dx(r, b) / static_cast<float>(sum) - (r == label ? 1.0f : 0.0f)) * scale;
  }
};

/// Sum of count numbers by one block: thread t adds t, t + 256, … in order, then a tree over the threads. The
/// order depends on count alone. Valid in thread 0.
template <class T>
__device__ double block_sum(const T* numbers, std::size_t count) {
  using Reduce = cub::BlockReduce<double, block_threads>;
  __shared__ typename Reduce::TempStorage storage;
  double part = 0;
  for (std::size_t i = threadIdx.x; i < count; i += block_threads) part += static_cast<double>(numbers[i]);
  return Reduce(storage).Sum(part);
}

__global__ void add_row_sums_kernel(ConstMatrix x, float* sums) {
  const std::size_t r = blockIdx.x;
  const double sum = block_sum(x.row(r), x.cols);
  if (threadIdx.x == 0) sums[r] = static_cast<float>(static_cast<double>(sums[r]) + sum);
}

// One block per stretch of squares_stretch numbers; the stretches are then summed in order.
constexpr std::size_t squares_stretch = std::size_t{1} << 14;
__global__ void squares_kernel(const float* x, std::size_t count, double* sums) {
  using Reduce = cub::BlockReduce<double, block_threads>;
  __shared__ typename Reduce::TempStorage storage;
  const std::size_t begin = blockIdx.x * squares_stretch;
  const std::size_t end = begin + squares_stretch < count ? begin + squares_stretch : count;
  double part = 0;
  for (std::size_t i = begin + threadIdx.x; i < end; i += block_threads)
    part += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  const double sum = Reduce(storage).Sum(part);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

__global__ void sum_losses_kernel(const double* losses, std::size_t count, LossResult* result) {
  const double sum = block_sum(losses, count);
  if (threadIdx.x == 0) result->sum = sum;
}

void require_shape(const char* where, ConstMatrix a, ConstMatrix b) {
  if (a.rows == b.rows && a.cols == b.cols) return;
  const auto shape = [](ConstMatrix m) { return std::to_string(m.rows) + "x" + std::to_string(m.cols); };
  throw Error(std::string(where) + ": shapes " + shape(a) + " and " + shape(b) +
              " differ; they must be equal");
}

class CudaExecutor final : public Executor {
 public:
  CudaExecutor() {
    int number = 0;
    check(cudaGetDevice(&number), "device");
    cudaMemPool_t pool{};
    check(cudaDeviceGetDefaultMemPool(&pool, number), "memory pool");
    std::uint64_t keep =
        std::numeric_limits<std::uint64_t>::max();  // freed memory stays for the next allocation
    check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep), "memory pool");
  }

  ~CudaExecutor() override {
    if (blas_ != nullptr) (void)cublas::Library::get().destroy(blas_);
  }

  std::string_view name() const override { return "cuda"; }
  bool on_host() const override { return false; }

  void* allocate(std::size_t bytes) override {
    void* memory = nullptr;
    const cudaError_t status = cudaMallocAsync(&memory, bytes ? bytes : 1, nullptr);
    if (status == cudaErrorMemoryAllocation) {
      (void)cudaGetLastError();
      throw Error("cuda: no memory left for " + std::to_string(bytes) + " bytes");
    }
    check(status, "allocate");
    return memory;
  }
  void release(void* memory) noexcept override { (void)cudaFreeAsync(memory, nullptr); }
  void copy_from_host(void* to, const void* host, std::size_t bytes) override {
    if (bytes) check(cudaMemcpy(to, host, bytes, cudaMemcpyHostToDevice), "copy from host");
  }
  void copy_to_host(void* host, const void* from, std::size_t bytes) override {
    if (bytes) check(cudaMemcpy(host, from, bytes, cudaMemcpyDeviceToHost), "copy to host");
  }
  ThreadPool* pool() const override { return nullptr; }

  // Row-major C = A·B is column-major Cᵀ = Bᵀ·Aᵀ.
  void multiply(const BatchedProduct& p) override {
    const cublas::Library& library = cublas::Library::get();
    if (blas_ == nullptr) cublas::check(library.create(&blas_), "create");
    const auto size = [](std::size_t n) { return static_cast<std::int64_t>(n); };
    const float zero = 0;
    if (p.count * p.rows * p.columns == 0) return;
    cublas::check(library.gemm_batched(blas_, p.b_transposed ? CUBLAS_OP_T : CUBLAS_OP_N,
                                       p.a_transposed ? CUBLAS_OP_T : CUBLAS_OP_N, size(p.columns),
                                       size(p.rows), size(p.inner), &p.scale, p.b,
                                       size(p.b_transposed ? p.inner : p.columns), size(p.inner * p.columns),
                                       p.a, size(p.a_transposed ? p.rows : p.inner), size(p.rows * p.inner),
                                       &zero, p.c, size(p.columns), size(p.rows * p.columns), size(p.count)),
                  "multiply");
  }
  void synchronise() override { check(cudaStreamSynchronize(nullptr), "synchronise"); }

  void fill(Matrix y, float value) override { for_each(y.rows, y.cols, Fill{y, value}, "fill"); }

  void add(ConstMatrix x, Matrix y) override {
    require_shape("add", x, y);
    for_each(y.rows, y.cols, Add{x, y}, "add");
  }

  void scale(Matrix y, float factor) override { for_each(y.rows, y.cols, Scale{y, factor}, "scale"); }

  double sum_of_squares(std::size_t count, const float* x) override {
    if (count == 0) return 0;
    const std::size_t stretches = (count + squares_stretch - 1) / squares_stretch;
    const Buffer<double> sums(*this, stretches);
    squares_kernel<<<static_cast<unsigned>(stretches), block_threads>>>(x, count, sums.data());
    check(cudaGetLastError(), "sum_of_squares");
    double total = 0;
    for (const double sum : sums.to_host()) total += sum;
    return total;
  }

  void add_bias(const float* bias, Matrix y) override {
    for_each(y.rows, y.cols, AddBias{bias, y}, "add_bias");
  }

  void relu(ConstMatrix x, Matrix y) override {
    require_shape("relu", x, y);
    for_each(y.rows, y.cols, Relu{x, y}, "relu");
  }

  void relu_backward(ConstMatrix y, ConstMatrix dy, Matrix dx) override {
    require_shape("relu_backward", y, dy);
    require_shape("relu_backward", y, dx);
    for_each(y.rows, y.cols, ReluBackward{y, dy, dx}, "relu_backward");
  }

  void add_row_sums(ConstMatrix x, float* sums) override {
    if (x.rows == 0 || x.cols == 0) return;
    add_row_sums_kernel<<<static_cast<unsigned>(x.rows), block_threads, 0, device::current_stream>>>(x, sums);
    check(cudaGetLastError(), "add_row_sums");
  }

  double softmax_cross_entropy(ConstMatrix x, const std::int32_t* labels, Matrix dx) override {
    if (dx.data) require_shape("softmax_cross_entropy", x, dx);
    if (x.rows == 0 || x.cols == 0) throw Error("softmax_cross_entropy: the batch is empty");
    const Buffer<double> losses(*this, x.cols);
    Buffer<LossResult> result(*this, 1);
    LossResult on_host{0, no_sample};
    result.from_host({&on_host, 1});
    const float scale = 1.0f / static_cast<float>(x.cols);
    for_each(x.cols, SoftmaxCrossEntropy{x, labels, dx, scale, losses.data(), result.data()},
             "softmax_cross_entropy");
    sum_losses_kernel<<<1, block_threads, 0, device::current_stream>>>(losses.data(), x.cols, result.data());
    check(cudaGetLastError(), "softmax_cross_entropy");
    on_host = result.to_host().front();
    if (on_host.bad_sample != no_sample) {
      std::int32_t label = 0;
      copy_to_host(&label, labels + on_host.bad_sample, sizeof label);
      throw Error("softmax_cross_entropy: label " + std::to_string(label) + " must lie in 0 … " +
                  std::to_string(x.rows - 1));
    }
    return on_host.sum / static_cast<double>(x.cols);
  }

  void argmax_rows(ConstMatrix x, std::int32_t* best) override {
    if (x.rows == 0) throw Error("argmax_rows: a matrix of no rows has no largest row");
    for_each(x.cols, Argmax{x, best}, "argmax_rows");
  }

  void sgd_step(std::size_t count, float* p, const float* g, float* v, float rate, float momentum,
                const StepTerms& terms) override {
    for_each(count,
             SgdStep{p, v, g, rate, momentum, terms.gradient_scale, terms.decay, terms.nesterov ? 1.0f : 0.0f,
                     terms.nesterov ? momentum : 1.0f},
             "sgd_step");
  }

  void adam_step(std::size_t count, float* p, const float* g, float* m, float* v, int step, float rate,
                 float beta1, float beta2, float epsilon, const StepTerms& terms) override {
    if (step < 1) throw Error("adam_step: step " + std::to_string(step) + " must be at least 1");
    const auto correction = [step](float beta) {
      return static_cast<float>(1.0 / (1.0 - std::pow(static_cast<double>(beta), step)));
    };
    for_each(count,
             AdamStep{p, m, v, g, rate, beta1, beta2, epsilon, correction(beta1), correction(beta2),
                      terms.gradient_scale, rate * terms.decay},
             "adam_step");
  }

 private:
  cublasHandle_t blas_ = nullptr;
};

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

}  // namespace

CudaStatus cuda_status() {
  const auto absent = [](std::string reason) {
    (void)cudaGetLastError();
    return CudaStatus{false, "", std::move(reason)};
  };
  int driver = 0, runtime = 0, devices = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
    return absent("no NVIDIA driver on this machine");
  (void)cudaRuntimeGetVersion(&runtime);
  const cudaError_t found = cudaGetDeviceCount(&devices);
  if (found == cudaErrorInsufficientDriver)
    return absent("the NVIDIA driver supports CUDA " + version_text(driver) + ", this build needs " +
                  version_text(runtime));
  if (found != cudaSuccess || devices == 0)
    return absent(std::string("no usable GPU: ") +
                  cudaGetErrorString(found == cudaSuccess ? cudaErrorNoDevice : found));
  cudaDeviceProp properties{};
  if (const cudaError_t status = cudaGetDeviceProperties(&properties, 0); status != cudaSuccess)
    return absent(std::string("no usable GPU: ") + cudaGetErrorString(status));
  cudaFuncAttributes code{};
  if (cudaFuncGetAttributes(&code, sum_losses_kernel) != cudaSuccess)
    return absent(std::string(properties.name) + " has compute capability " +
                  std::to_string(properties.major) + "." + std::to_string(properties.minor) +
                  ", for which this build holds no code");
  return {true, properties.name, ""};
}

std::unique_ptr<Executor> make_cuda_executor() {
  if (const CudaStatus status = cuda_status(); !status.available)
    throw Error("no CUDA executor: " + status.reason);
  return std::make_unique<CudaExecutor>();
}

}  // namespace fringe
