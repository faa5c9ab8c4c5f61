// A square tile of numbers turned in registers: rows become columns, and both sides are read and written in
// whole vectors. A number may be several floats: then they stay together.
#pragma once

#include <cstddef>
#include <utility>

#include "core/host_device.hpp"

namespace fringe::kernels {

/// Of vectors of `lanes` floats, lanes/run of them; numbers of `run` floats.
template <int lanes, int run>
class Tile {
 public:
  static constexpr int size = lanes / run;  ///< numbers of a row

  /// to[j·to_stride + i·run …] = from[i·from_stride + j·run …] for i, j < size.
  FRINGE_INLINE static void turn(const float* from, std::size_t from_stride, float* to,
                                 std::size_t to_stride) {
    Vector row[size];
    for (int i = 0; i < size; ++i)
      __builtin_memcpy(&row[i], from + static_cast<std::size_t>(i) * from_stride, sizeof(Vector));
    exchange<lanes / 2>(row);
    for (int j = 0; j < size; ++j)
      __builtin_memcpy(to + static_cast<std::size_t>(j) * to_stride, &row[j], sizeof(Vector));
  }

 private:
  using Vector __attribute__((vector_size(lanes * sizeof(float)))) = float;

  /// Blocks of `block` floats beside the diagonal change places, then those within each.
  template <int block>
  FRINGE_INLINE static void exchange(Vector* row) {
    if constexpr (block >= run) {
      for (int i = 0; i < size; ++i)
        if ((i & (block / run)) == 0) exchange<block>(row[i], row[i + block / run]);
      exchange<block / 2>(row);
    }
  }
  template <int block>
  FRINGE_INLINE static void exchange(Vector& upper, Vector& lower) {
    [&]<int... lane>(std::integer_sequence<int, lane...>) FRINGE_INLINE_LAMBDA {
      const Vector a = upper, b = lower;
      upper = __builtin_shufflevector(a, b, ((lane & block) == 0 ? lane : lanes + lane - block)...);
      lower = __builtin_shufflevector(a, b, ((lane & block) == 0 ? lane + block : lanes + lane)...);
    }
    (std::make_integer_sequence<int, lanes>());
  }
};

}  // namespace fringe::kernels
