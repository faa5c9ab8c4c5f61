// A weight matrix on the GPU, over one of two ways to its products: cuBLAS on operands as they lie or rounded
// (GemmPasses), cuBLASLt on packed copies (PackedPasses). Included by CUDA sources only.
//
// Weights are rounded or packed when they are committed, not when they are used: a step pays for it once, a
// resident network never. Formats that train through copies have W packed twice, by rows for the way
// forward and by columns for the way back, as the library wants the summed index contiguous. No pass waits
// for the device.
#pragma once

#include <memory>
#include <vector>

#include "electronic/cublas_gemm.cuh"
#include "electronic/cublas_packed.cuh"

namespace fringe::cublas {

/// FP32, TF32, BF16, FP16: cuBLAS on the operands as they lie, or on a rounded copy.
class GemmPasses {
 public:
  GemmPasses(Executor& executor, std::shared_ptr<const Gemm> gemm)
      : executor_(executor), gemm_(std::move(gemm)) {}

  CublasPrecision precision() const { return gemm_->precision(); }
  void commit(ConstMatrix w) {
    w_ = round(w_copy_, w);
    rows_ = w.rows;
    cols_ = w.cols;
  }
  void forward(ConstMatrix x, Matrix y) { gemm_->product(w_, rows_, cols_, false, round(x_copy_, x), y); }
  void backward(ConstMatrix x, ConstMatrix dy, Matrix dx, Matrix dw) {
    const Operand operand = round(dy_copy_, dy);
    gemm_->outer_product(operand, round(x_copy_, x), dy.cols, dw, 1.0f);
    if (dx.data) gemm_->product(w_, rows_, cols_, true, operand, dx);
  }
  void realised(Matrix w) const {
    if (precision() == CublasPrecision::bf16) return read<__nv_bfloat16>(w);
    if (precision() == CublasPrecision::fp16) return read<__half>(w);
    read<float>(w);
  }

 private:
  Operand round(Rounded& copy, ConstMatrix x) { return copy(precision(), executor_, x); }
  template <class Format>
  void read(Matrix w) const {
    std::vector<Format> host(rows_ * cols_);
    executor_.copy_to_host(host.data(), w_.data, host.size() * sizeof(Format));
    for (std::size_t r = 0; r < rows_; ++r)
      for (std::size_t c = 0; c < cols_; ++c) w(r, c) = static_cast<float>(host[r * cols_ + c]);
  }

  Executor& executor_;
  std::shared_ptr<const Gemm> gemm_;
  std::size_t rows_ = 0, cols_ = 0;
  Rounded w_copy_, x_copy_, dy_copy_;
  Operand w_;
};

/// FP64, FP8, INT8: cuBLASLt on packed copies.
class PackedPasses {
 public:
  PackedPasses(CublasPrecision precision, std::shared_ptr<PackedProduct> product)
      : precision_(precision), product_(std::move(product)) {}

  CublasPrecision precision() const { return precision_; }
  void commit(ConstMatrix w) {
    pack(rows_of_w_, types().operand, w, false);
    if (trains(precision_)) pack(columns_of_w_, types().operand, w, true);
  }
  void forward(ConstMatrix x, Matrix y) {
    pack(samples_, types().operand, x, true);
    (*product_)(rows_of_w_, types().operand, samples_, types().operand, y, false);
  }
  void backward(ConstMatrix x, ConstMatrix dy, Matrix dx, Matrix dw) {
    if (!trains(precision_))
      throw Error(std::string(to_string(precision_)) +
                  " backward: slopes don't fit integers; it only infers");
    pack(samples_, types().operand, x, false);
    pack(slopes_, types().slope, dy, false);
    (*product_)(slopes_, types().slope, samples_, types().operand, dw, true);
    if (!dx.data) return;
    pack(slopes_, types().slope, dy, true);
    (*product_)(columns_of_w_, types().operand, slopes_, types().slope, dx, false);
  }
  void realised(Matrix w) const {
    if (types().operand == CUDA_R_64F) return read<double>(w);
    if (types().operand == CUDA_R_8I) return read<std::int8_t>(w);
    read<__nv_fp8_e4m3>(w);
  }

 private:
  const Types& types() const { return product_->types(); }
  void pack(Packed& packed, cudaDataType_t format, ConstMatrix x, bool columns) {
    packed(types(), format, product_->executor(), x, columns);
  }
  template <class Format>
  void read(Matrix w) const {
    const std::size_t stride = types().padded(w.cols);
    std::vector<Format> codes(w.rows * stride);
    std::vector<float> scales(w.rows, 1.0f);
    product_->executor().copy_to_host(codes.data(), rows_of_w_.codes.data(), codes.size() * sizeof(Format));
    if (types().eight_bits)
      product_->executor().copy_to_host(scales.data(), rows_of_w_.scales.data(), w.rows * sizeof(float));
    for (std::size_t r = 0; r < w.rows; ++r)
      for (std::size_t c = 0; c < w.cols; ++c)
        w(r, c) = static_cast<float>(codes[r * stride + c]) * scales[r];
  }

  CublasPrecision precision_;
  std::shared_ptr<PackedProduct> product_;
  Packed rows_of_w_, columns_of_w_, samples_, slopes_;
};

template <class Passes>
class CublasMatrix final : public ProgrammedMatrix {
 public:
  CublasMatrix(Executor& executor, Passes passes, ConstMatrix w)
      : passes_(std::move(passes)),
        executor_(executor),
        weights_(executor, w.rows, w.cols),
        gradients_(executor, w.rows, w.cols) {
    std::vector<float> packed;
    packed.reserve(w.rows * w.cols);
    for (std::size_t r = 0; r < w.rows; ++r) packed.insert(packed.end(), w.row(r), w.row(r) + w.cols);
    weights_.from_host(packed);
    executor_.fill(gradients_.view(), 0.0f);
    commit();
  }

  std::size_t rows() const override { return weights_.rows(); }
  std::size_t cols() const override { return weights_.cols(); }

  void forward(const ConstMatrix& x, const Matrix& y, const Context&) override {
    if (x.rows != cols() || y.rows != rows() || x.cols != y.cols)
      throw Error(name() + " forward: x is " + shape(x) + " and y " + shape(y) + ", W is " +
                  shape(weights()));
    passes_.forward(x, y);
  }

  void backward(const ConstMatrix& x, const ConstMatrix& dy, const Matrix& dx, const Context&) override {
    if (x.rows != cols() || dy.rows != rows() || dy.cols != x.cols)
      throw Error(name() + " backward: x is " + shape(x) + " and dy " + shape(dy) + ", W is " +
                  shape(weights()));
    if (dx.data && (dx.rows != cols() || dx.cols != x.cols))
      throw Error(name() + " backward: x is " + shape(x) + " and dx " + shape(dx));
    passes_.backward(x, dy, dx, gradients_.view());
  }

  std::span<float> parameters() override { return weights_.span(); }
  std::span<float> gradients() override { return gradients_.span(); }
  void commit() override { passes_.commit(weights()); }

  void realised(Matrix w) const override {
    if (w.rows != rows() || w.cols != cols())
      throw Error(name() + " realised: the result is " + shape(w) + ", W is " + shape(weights()));
    passes_.realised(w);
  }

 private:
  static std::string shape(ConstMatrix m) { return std::to_string(m.rows) + "x" + std::to_string(m.cols); }
  std::string name() const { return std::string(to_string(passes_.precision())); }
  ConstMatrix weights() const { return weights_.view(); }

  Passes passes_;
  Executor& executor_;
  Tensor weights_, gradients_;
};

}  // namespace fringe::cublas
