#include "electronic/format_matrix.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "core/blas_product.hpp"
#include "core/error.hpp"
#include "core/tensor.hpp"

namespace fringe {
namespace {

// Sums of this many int8 products stay below 2²⁴ and are exact in float32, in any order: 1024·127² = 16 516
// 096.
constexpr std::size_t exact_terms = 1024;
constexpr std::size_t rows_per_task = 16;

// to(r, c, Σ_k a(r, k)·b(k, c)) for rows×cols sums in float64. Products of floats are exact there; each sum
// runs in the order of k, whatever the batch and the threads.
template <class A, class B, class To>
void multiply_in_fp64(ThreadPool& pool, std::size_t rows, std::size_t inner, std::size_t cols, const A& a,
                      const B& b, const To& to) {
  pool.run((rows + rows_per_task - 1) / rows_per_task, [&](std::size_t task, unsigned) {
    std::vector<double> sums(cols);
    for (std::size_t r = task * rows_per_task; r < std::min(rows, (task + 1) * rows_per_task); ++r) {
      std::fill(sums.begin(), sums.end(), 0.0);
      for (std::size_t k = 0; k < inner; ++k) {
        const auto factor = static_cast<double>(a(r, k));
        for (std::size_t c = 0; c < cols; ++c) sums[c] += factor * static_cast<double>(b(k, c));
      }
      for (std::size_t c = 0; c < cols; ++c) to(r, c, sums[c]);
    }
  });
}

// Memory for a batch, kept between calls of one size.
Matrix sized(Tensor& t, Executor& cpu, std::size_t rows, std::size_t cols) {
  if (t.rows() != rows || t.cols() != cols) t = Tensor(cpu, rows, cols);
  return t.view();
}

class FormatMatrix final : public ProgrammedMatrix {
 public:
  FormatMatrix(ConstMatrix w, Format format, Executor& cpu, ThreadPool& pool)
      : format_(format),
        cpu_(cpu),
        pool_(pool),
        master_(cpu, w.rows, w.cols),
        gradients_(cpu, w.rows, w.cols),
        rounded_(cpu, w.rows, w.cols) {
    for (std::size_t r = 0; r < w.rows; ++r) std::copy_n(w.row(r), w.cols, master_.view().row(r));
    cpu.fill(gradients_.view(), 0.0f);
    if (scaled(format)) {
      codes_ = Tensor(cpu, w.rows, w.cols);
      row_scales_.resize(w.rows);
    }
    commit();
  }

  std::size_t rows() const override { return master_.rows(); }
  std::size_t cols() const override { return master_.cols(); }
  std::span<float> parameters() override { return master_.span(); }
  std::span<float> gradients() override { return gradients_.span(); }

  void commit() override {
    const ConstMatrix w = std::as_const(master_).view();
    if (!scaled(format_)) return round(w, rounded_.view());
    quantise_rows(w, codes_.view(), row_scales_, format_);
    const Matrix code = codes_.view(), value = rounded_.view();
    for (std::size_t r = 0; r < w.rows; ++r)
      for (std::size_t c = 0; c < w.cols; ++c) value(r, c) = code(r, c) * row_scales_[r];
  }

  void realised(Matrix w) const override {
    require_shape("realised: w", w, rows(), cols());
    for (std::size_t r = 0; r < w.rows; ++r) std::copy_n(rounded_.view().row(r), w.cols, w.row(r));
  }

  void forward(const ConstMatrix& x, const Matrix& y, const Context&) override {
    require_shape("forward: x", x, cols(), x.cols);
    require_shape("forward: y", y, rows(), x.cols);
    if (format_ == Format::fp64)
      return multiply_in_fp64(
          pool_, rows(), cols(), x.cols, std::as_const(master_).view(), x,
          [&](std::size_t r, std::size_t b, double sum) { y(r, b) = static_cast<float>(sum); });
    const Matrix input = sized(input_, cpu_, x.rows, x.cols);
    if (scaled(format_)) return forward_scaled(x, input, y);
    round(x, input);
    multiply(pool_, std::as_const(rounded_).view(), input, y);
  }

  void backward(const ConstMatrix& x, const ConstMatrix& dy, const Matrix& dx, const Context&) override {
    require_shape("backward: x", x, cols(), x.cols);
    require_shape("backward: dy", dy, rows(), x.cols);
    if (dx.data) require_shape("backward: dx", dx, cols(), x.cols);
    if (format_ == Format::fp64) return backward_fp64(x, dy, dx);
    take_input(x);
    ConstMatrix slope = dy;
    if (!scaled(format_)) {
      const Matrix rounded = sized(slope_, cpu_, dy.rows, dy.cols);
      round(dy, rounded);
      slope = rounded;
    }
    add_outer_product(pool_, slope, std::as_const(input_).view(), gradients_.view());
    if (dx.data) multiply_transposed(pool_, std::as_const(rounded_).view(), slope, dx);
  }

 private:
  void round(ConstMatrix in, Matrix out) {
    pool_.run((in.rows + rows_per_task - 1) / rows_per_task, [&](std::size_t task, unsigned) {
      const std::size_t first = task * rows_per_task, count = std::min(rows_per_task, in.rows - first);
      round_to(format_, in.block(first, count, 0, in.cols), out.block(first, count, 0, in.cols));
    });
  }

  void backward_fp64(ConstMatrix x, ConstMatrix dy, Matrix dx) {
    const ConstMatrix w = std::as_const(master_).view();
    const Matrix g = gradients_.view();
    multiply_in_fp64(
        pool_, rows(), x.cols, cols(), dy, [&](std::size_t b, std::size_t k) { return x(k, b); },
        [&](std::size_t r, std::size_t k, double sum) {
          g(r, k) = static_cast<float>(static_cast<double>(g(r, k)) + sum);
        });
    if (dx.data)
      multiply_in_fp64(
          pool_, cols(), rows(), x.cols, [&](std::size_t k, std::size_t r) { return w(r, k); }, dy,
          [&](std::size_t k, std::size_t b, double sum) { dx(k, b) = static_cast<float>(sum); });
  }

  void forward_scaled(ConstMatrix x, Matrix code, Matrix y) {
    column_scales_.resize(x.cols);
    quantise_columns(x, code, column_scales_, format_);
    const ConstMatrix w = std::as_const(codes_).view(), c = code;
    if (format_ == Format::fp8 || x.rows <= exact_terms) {
      multiply(pool_, w, c, y);
      for (std::size_t r = 0; r < y.rows; ++r)
        for (std::size_t b = 0; b < y.cols; ++b) y(r, b) *= row_scales_[r] * column_scales_[b];
    } else {
      sums_.assign(y.rows * y.cols, 0);
      const Matrix part = sized(part_, cpu_, y.rows, y.cols);
      for (std::size_t k = 0; k < x.rows; k += exact_terms) {
        const std::size_t terms = std::min(exact_terms, x.rows - k);
        multiply(pool_, w.block(0, w.rows, k, terms), c.block(k, terms, 0, c.cols), part);
        for (std::size_t i = 0; i < sums_.size(); ++i) sums_[i] += static_cast<std::int32_t>(part.data[i]);
      }
      for (std::size_t r = 0; r < y.rows; ++r)
        for (std::size_t b = 0; b < y.cols; ++b)
          y(r, b) = static_cast<float>(sums_[r * y.cols + b]) * (row_scales_[r] * column_scales_[b]);
    }
  }

  // The input as the hardware realises it.
  void take_input(ConstMatrix x) {
    const Matrix input = sized(input_, cpu_, x.rows, x.cols);
    if (!scaled(format_)) return round(x, input);
    column_scales_.resize(x.cols);
    quantise_columns(x, input, column_scales_, format_);
    for (std::size_t r = 0; r < x.rows; ++r)
      for (std::size_t b = 0; b < x.cols; ++b) input(r, b) *= column_scales_[b];
  }

  Format format_;
  Executor& cpu_;
  ThreadPool& pool_;
  Tensor master_, gradients_;
  Tensor rounded_;               // the weights that the hardware realises
  Tensor input_, slope_, part_;  // scratch
  Tensor codes_;                 // scaled formats only, as the rest
  std::vector<float> row_scales_, column_scales_;
  std::vector<std::int32_t> sums_;
};

class FormatEmulation final : public Accelerator {
 public:
  FormatEmulation(Format format, Executor& cpu, ThreadPool& pool)
      : format_(format), cpu_(cpu), pool_(pool), name_(std::string(row_of(format).name) + " products") {}
  const std::string& name() const override { return name_; }
  Provenance numerics() const override { return Provenance::simulated; }
  Boundary boundary() const override { return Boundary::matrix_unit; }
  Executor& executor() const override { return cpu_; }
  std::unique_ptr<ProgrammedMatrix> program(ConstMatrix w, std::uint32_t) override {
    return make_format_matrix(w, format_, cpu_, pool_);
  }
  Cost price(std::span<const Work>) override {
    throw Error("'" + name_ + "' is a number format and no machine: it has no price");
  }

 private:
  Format format_;
  Executor& cpu_;
  ThreadPool& pool_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Accelerator> make_format_emulation(Format format, Executor& cpu, ThreadPool& pool) {
  return std::make_unique<FormatEmulation>(format, cpu, pool);
}

std::unique_ptr<ProgrammedMatrix> make_format_matrix(ConstMatrix w, Format format, Executor& cpu,
                                                     ThreadPool& pool) {
  return std::make_unique<FormatMatrix>(w, format, cpu, pool);
}

}  // namespace fringe
