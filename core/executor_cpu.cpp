#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#include "core/blas_product.hpp"
#include "core/error.hpp"
#include "core/executor.hpp"

namespace fringe {
namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t block_elements =
    1 << 14;  // small enough to share out, large enough to repay waking a thread
constexpr std::size_t block_samples = 256;  // samples of a softmax block: its temporaries stay in L1

void require_shape(const char* where, ConstMatrix a, ConstMatrix b) {
  if (a.rows == b.rows && a.cols == b.cols) return;
  const auto shape = [](ConstMatrix m) { return std::to_string(m.rows) + "x" + std::to_string(m.cols); };
  throw Error(std::string(where) + ": shapes " + shape(a) + " and " + shape(b) +
              " differ; they must be equal");
}

class CpuExecutor final : public Executor {
 public:
  explicit CpuExecutor(ThreadPool& pool) : pool_(pool) {}

  std::string_view name() const override { return "cpu"; }
  bool on_host() const override { return true; }

  void* allocate(std::size_t bytes) override {
    const bool fits = bytes <= std::numeric_limits<std::size_t>::max() - alignment;
    const std::size_t rounded =
        fits ? std::max(alignment, (bytes + alignment - 1) / alignment * alignment) : 0;
    void* memory = fits ? std::aligned_alloc(alignment, rounded) : nullptr;
    if (!memory) throw Error("cpu: no memory left for " + std::to_string(bytes) + " bytes");
    return memory;
  }
  void release(void* memory) noexcept override { std::free(memory); }
  void copy_from_host(void* to, const void* host, std::size_t bytes) override {
    if (bytes) std::memcpy(to, host, bytes);
  }
  void copy_to_host(void* host, const void* from, std::size_t bytes) override {
    if (bytes) std::memcpy(host, from, bytes);
  }
  void synchronise() override {}
  ThreadPool* pool() const override { return &pool_; }
  void multiply(const BatchedProduct& product) override { fringe::multiply(pool_, product); }

  void fill(Matrix y, float value) override {
    by_row(y.rows, y.cols, [=](std::size_t r) { std::fill_n(y.row(r), y.cols, value); });
  }

  void add(ConstMatrix x, Matrix y) override {
    require_shape("add", x, y);
    by_row(y.rows, y.cols, [=](std::size_t r) {
      const float* in = x.row(r);
      float* out = y.row(r);
      for (std::size_t b = 0; b < y.cols; ++b) out[b] += in[b];
    });
  }

  void scale(Matrix y, float factor) override {
    by_row(y.rows, y.cols, [=](std::size_t r) {
      float* out = y.row(r);
      for (std::size_t b = 0; b < y.cols; ++b) out[b] *= factor;
    });
  }

  double sum_of_squares(std::size_t count, const float* x) override {
    return ordered_sum(pool_, count, block_elements, [x](std::size_t begin, std::size_t end) {
      std::array<double, 8> lane{};  // as in add_row_sums
      std::size_t i = begin;
      for (; i + lane.size() <= end; i += lane.size())
        for (std::size_t l = 0; l < lane.size(); ++l) {
          const auto value = static_cast<double>(x[i + l]);
          lane[l] += value * value;
        }
      for (std::size_t l = 0; i < end; ++i, ++l)
        lane[l] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
      double sum = 0;
      for (const double part : lane) sum += part;
      return sum;
    });
  }

  void add_bias(const float* bias, Matrix y) override {
    by_row(y.rows, y.cols, [=](std::size_t r) {
      const float value = bias[r];
      float* out = y.row(r);
      for (std::size_t b = 0; b < y.cols; ++b) out[b] += value;
    });
  }

  void relu(ConstMatrix x, Matrix y) override {
    require_shape("relu", x, y);
    by_row(y.rows, y.cols, [=](std::size_t r) {
      const float* in = x.row(r);
      float* out = y.row(r);
      for (std::size_t b = 0; b < y.cols; ++b) out[b] = in[b] > 0.0f ? in[b] : 0.0f;
    });
  }

  void relu_backward(ConstMatrix y, ConstMatrix dy, Matrix dx) override {
    require_shape("relu_backward", y, dy);
    require_shape("relu_backward", y, dx);
    by_row(y.rows, y.cols, [=](std::size_t r) {
      const float *out = y.row(r), *slope = dy.row(r);
      float* in = dx.row(r);
      for (std::size_t b = 0; b < y.cols; ++b) in[b] = out[b] > 0.0f ? slope[b] : 0.0f;
    });
  }

  void add_row_sums(ConstMatrix x, float* sums) override {
    by_row(x.rows, x.cols, [=](std::size_t r) {
      const float* in = x.row(r);
      std::array<double, 8> lane{};  // eight fixed partial sums, so that the compiler may use vectors
      std::size_t b = 0;
      for (; b + lane.size() <= x.cols; b += lane.size())
        for (std::size_t l = 0; l < lane.size(); ++l) lane[l] += static_cast<double>(in[b + l]);
      for (std::size_t l = 0; b < x.cols; ++b, ++l) lane[l] += static_cast<double>(in[b]);
      double sum = 0;
      for (const double part : lane) sum += part;
      sums[r] = static_cast<float>(static_cast<double>(sums[r]) + sum);
    });
  }

  double softmax_cross_entropy(ConstMatrix x, const std::int32_t* labels, Matrix dx) override {
    if (dx.data) require_shape("softmax_cross_entropy", x, dx);
    if (x.rows == 0 || x.cols == 0) throw Error("softmax_cross_entropy: the batch is empty");
    const float scale = 1.0f / static_cast<float>(x.cols);
    const double sum = ordered_sum(pool_, x.cols, block_samples, [&](std::size_t begin, std::size_t end) {
      return softmax_block(x.block(0, x.rows, begin, end - begin), labels + begin,
                           dx.data ? dx.block(0, x.rows, begin, end - begin) : Matrix(), scale);
    });
    return sum / static_cast<double>(x.cols);
  }

  void argmax_rows(ConstMatrix x, std::int32_t* best) override {
    if (x.rows == 0) throw Error("argmax_rows: a matrix of no rows has no largest row");
    const std::size_t blocks = (x.cols + block_samples - 1) / block_samples;
    pool_.run(blocks, [&](std::size_t block, unsigned) {
      const std::size_t begin = block * block_samples, end = std::min(x.cols, begin + block_samples);
      std::fill(best + begin, best + end, 0);
      for (std::size_t r = 1; r < x.rows; ++r)
        for (std::size_t b = begin; b < end; ++b)
          if (x(r, b) > x(static_cast<std::size_t>(best[b]), b)) best[b] = static_cast<std::int32_t>(r);
    });
  }

  void sgd_step(std::size_t count, float* p, const float* g, float* v, float rate, float momentum,
                const StepTerms& terms) override {
    const float scale = terms.gradient_scale, decay = terms.decay;
    const float ahead = terms.nesterov ? momentum : 1.0f, slope_ahead = terms.nesterov ? 1.0f : 0.0f;
    by_block(count, [=](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const float slope = scale * g[i] + decay * p[i];
        v[i] = momentum * v[i] + slope;
        p[i] -= rate * (slope_ahead * slope + ahead * v[i]);
      }
    });
  }

  void adam_step(std::size_t count, float* p, const float* g, float* m, float* v, int step, float rate,
                 float beta1, float beta2, float epsilon, const StepTerms& terms) override {
    if (step < 1) throw Error("adam_step: step " + std::to_string(step) + " must be at least 1");
    const auto correction = [step](float beta) {
      return static_cast<float>(1.0 / (1.0 - std::pow(static_cast<double>(beta), step)));
    };
    const float c1 = correction(beta1), c2 = correction(beta2);
    const float scale = terms.gradient_scale, decay = rate * terms.decay;
    by_block(count, [=](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        const float slope = scale * g[i];
        m[i] = beta1 * m[i] + (1.0f - beta1) * slope;
        v[i] = beta2 * v[i] + (1.0f - beta2) * (slope * slope);
        p[i] = (p[i] - decay * p[i]) - rate * (m[i] * c1) / (std::sqrt(v[i] * c2) + epsilon);
      }
    });
  }

 private:
  template <class F>
  void by_row(std::size_t rows, std::size_t cols, const F& row) {
    const std::size_t rows_per_block =
        std::max<std::size_t>(1, block_elements / std::max<std::size_t>(1, cols));
    pool_.run((rows + rows_per_block - 1) / rows_per_block, [&](std::size_t block, unsigned) {
      const std::size_t end = std::min(rows, (block + 1) * rows_per_block);
      for (std::size_t r = block * rows_per_block; r < end; ++r) row(r);
    });
  }

  template <class F>
  void by_block(std::size_t count, const F& part) {
    pool_.run((count + block_elements - 1) / block_elements, [&](std::size_t block, unsigned) {
      part(block * block_elements, std::min(count, (block + 1) * block_elements));
    });
  }

  // Σ over the block of −log softmax; dx may be x itself: each element is read before it is written.
  static double softmax_block(ConstMatrix x, const std::int32_t* labels, Matrix dx, float scale) {
    std::array<float, block_samples> top, at_label;
    std::array<double, block_samples> sum{};
    for (std::size_t b = 0; b < x.cols; ++b) {
      if (labels[b] < 0 || static_cast<std::size_t>(labels[b]) >= x.rows)
        throw Error("softmax_cross_entropy: label " + std::to_string(labels[b]) + " must lie in 0 … " +
                    std::to_string(x.rows - 1));
      at_label[b] = x(static_cast<std::size_t>(labels[b]), b);
    }
    std::copy_n(x.row(0), x.cols, top.begin());
    for (std::size_t r = 1; r < x.rows; ++r)
      for (std::size_t b = 0; b < x.cols; ++b) top[b] = std::max(top[b], x(r, b));
    for (std::size_t r = 0; r < x.rows; ++r)
      for (std::size_t b = 0; b < x.cols; ++b) {
        const float e = std::exp(x(r, b) - top[b]);
        sum[b] += static_cast<double>(e);
        if (dx.data) dx(r, b) = e;
      }
    double loss = 0;
    for (std::size_t b = 0; b < x.cols; ++b)
      loss += std::log(sum[b]) - (static_cast<double>(at_label[b]) - static_cast<double>(top[b]));
    if (!dx.data) return loss;
    for (std::size_t r = 0; r < x.rows; ++r)
      for (std::size_t b = 0; b < x.cols; ++b) {
        const float target = static_cast<std::size_t>(labels[b]) == r ? 1.0f : 0.0f;
        dx(r, b) = (dx(r, b) / static_cast<float>(sum[b]) - target) * scale;
      }
    return loss;
  }

  ThreadPool& pool_;
};

}  // namespace

std::unique_ptr<Executor> make_cpu_executor(ThreadPool& pool) { return std::make_unique<CpuExecutor>(pool); }

}  // namespace fringe
