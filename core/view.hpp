// Non-owning views of two-dimensional data. The last index is contiguous; by convention it is the batch.
#pragma once

#include <cstddef>
#include <type_traits>

#include "core/host_device.hpp"

namespace fringe {

/// rows × cols numbers; element (r, c) stands at data[r·stride + c], stride ≥ cols.
template <class T>
struct MatrixView {
  T* data = nullptr;
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::size_t stride = 0;

  MatrixView() = default;
  FRINGE_HD MatrixView(T* d, std::size_t r, std::size_t c) : data(d), rows(r), cols(c), stride(c) {}
  FRINGE_HD MatrixView(T* d, std::size_t r, std::size_t c, std::size_t s)
      : data(d), rows(r), cols(c), stride(s) {}
  template <class U>
  requires(std::is_same_v<const U, T>) FRINGE_HD
      MatrixView(const MatrixView<U>& other)  // NOLINT: a view of const from a view is meant to be implicit
      : data(other.data), rows(other.rows), cols(other.cols), stride(other.stride) {}

  FRINGE_HD T* row(std::size_t r) const { return data + r * stride; }
  FRINGE_HD T& operator()(std::size_t r, std::size_t c) const { return data[r * stride + c]; }
  /// Rows [first, first+count) and columns [col, col+width).
  FRINGE_HD MatrixView block(std::size_t first, std::size_t count, std::size_t col, std::size_t width) const {
    return {data + first * stride + col, count, width, stride};
  }
};

using Matrix = MatrixView<float>;
using ConstMatrix = MatrixView<const float>;

}  // namespace fringe
