// What a copy on the device moves: the limit that lists bound by memory are held against. Included by CUDA
// sources only.
#pragma once

#include <algorithm>
#include <optional>

#include "core/tensor.hpp"
#include "electronic/cublas_rounds.cuh"

namespace fringe::cublas {

/// Bytes read plus bytes written per second, best of five copies of 512 MiB to another 512 MiB, which is
/// beyond any second cache (J. McCalpin's STREAM counts alike). Empty where there is no such memory left.
inline std::optional<double> copy_bytes_per_s(Executor& executor) {
  constexpr std::size_t bytes = std::size_t{512} << 20;
  try {
    const Buffer<std::byte> from(executor, bytes), to(executor, bytes);
    Stream stream;
    Event start, end;
    double best = 0;
    for (int run = 0; run < 6; ++run) {  // the first warms up
      start.record(stream);
      device::check(cudaMemcpyAsync(to.data(), from.data(), bytes, cudaMemcpyDeviceToDevice, stream), "copy");
      end.record(stream);
      end.wait();
      if (run > 0) best = std::max(best, 2.0 * static_cast<double>(bytes) / end.seconds_since(start));
    }
    return best;
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace fringe::cublas
