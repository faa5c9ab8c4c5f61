// A tensor owns float32 numbers in an executor's memory. Two-dimensional use goes through Matrix views.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "core/executor.hpp"
#include "core/view.hpp"

namespace fringe {

/// Memory of `count` T on an executor; move-only, uninitialised.
template <class T>
class Buffer {
 public:
  Buffer() = default;
  Buffer(Executor& executor, std::size_t count)
      : executor_(&executor),
        count_(count),
        data_(count ? static_cast<T*>(executor.allocate(count * sizeof(T))) : nullptr) {}
  Buffer(Buffer&& other) noexcept { swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    swap(other);
    return *this;
  }
  ~Buffer() {
    if (data_) executor_->release(data_);
  }

  T* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return count_; }
  Executor& executor() const { return *executor_; }
  std::span<T> span() const noexcept { return {data_, count_}; }
  void from_host(std::span<const T> host) {
    executor_->copy_from_host(data_, host.data(), host.size_bytes());
  }
  std::vector<T> to_host() const {
    std::vector<T> host(count_);
    if (count_) executor_->copy_to_host(host.data(), data_, count_ * sizeof(T));
    return host;
  }

 private:
  void swap(Buffer& other) noexcept {
    std::swap(executor_, other.executor_);
    std::swap(count_, other.count_);
    std::swap(data_, other.data_);
  }
  Executor* executor_ = nullptr;
  std::size_t count_ = 0;
  T* data_ = nullptr;
};

/// [features × batch] activations or any other matrix of float32.
class Tensor {
 public:
  Tensor() = default;
  Tensor(Executor& executor, std::size_t rows, std::size_t cols)
      : buffer_(executor, rows * cols), rows_(rows), cols_(cols) {}

  std::size_t rows() const noexcept { return rows_; }
  std::size_t cols() const noexcept { return cols_; }
  Executor& executor() const { return buffer_.executor(); }
  Matrix view() { return {buffer_.data(), rows_, cols_}; }
  ConstMatrix view() const { return {buffer_.data(), rows_, cols_}; }
  std::span<float> span() const noexcept { return buffer_.span(); }
  void from_host(std::span<const float> host) { buffer_.from_host(host); }
  std::vector<float> to_host() const { return buffer_.to_host(); }

 private:
  Buffer<float> buffer_;
  std::size_t rows_ = 0, cols_ = 0;
};

}  // namespace fringe
