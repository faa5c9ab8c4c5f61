#include "core/draw.hpp"

#include <algorithm>

#include "core/draw_kernel.hpp"

namespace fringe {

const DrawKernels& draw_kernels() noexcept {
#if defined(__x86_64__)
  static const DrawKernels& widest = __builtin_cpu_supports("avx512f") ? draw_kernels_avx512
                                     : __builtin_cpu_supports("avx2")  ? draw_kernels_avx2
                                                                       : draw_kernels_baseline;
  return widest;
#else
  return draw_kernels_baseline;
#endif
}

namespace {

/// whole(block, chunks, out): elements from 4·block on.
template <class Real, class Whole>
void fill(std::span<Real> out, std::uint64_t first, Whole&& whole) {
  std::size_t done = 0;
  if (first % 4 == 0) {
    const std::size_t chunks = out.size() / draw_chunk;
    whole(first / 4, chunks, out.data());
    done = chunks * draw_chunk;
  }
  // What begins or ends within a chunk.
  alignas(64) Real part[4 * draw_chunk];
  while (done < out.size()) {
    const std::size_t skipped = (first + done) % 4;
    const std::size_t count = std::min(4 * draw_chunk - skipped, out.size() - done);
    whole((first + done) / 4, (skipped + count + draw_chunk - 1) / draw_chunk, part);
    std::copy_n(part + skipped, count, out.data() + done);
    done += count;
  }
}

}  // namespace

void fill_uniform(std::span<double> out, const DrawStream& stream, std::uint64_t first) {
  fill(out, first, [&](std::uint64_t block, std::size_t chunks, double* to) {
    alignas(64) std::uint32_t words[draw_chunk];
    for (std::size_t i = 0; i < chunks; ++i, to += draw_chunk) {
      draw_kernels().words(stream, block + i * (draw_chunk / 4), 1, words);
      for (std::size_t l = 0; l < draw_chunk; ++l) to[l] = uniform_from_bits(words[l]);
    }
  });
}

void fill_normal(std::span<float> out, const DrawStream& stream, std::uint64_t first) {
  fill(out, first, [&](std::uint64_t block, std::size_t chunks, float* to) {
    draw_kernels().normals(stream, block, chunks, to);
  });
}

}  // namespace fringe
