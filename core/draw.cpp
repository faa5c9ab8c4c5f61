#include "core/draw.hpp"

#include <algorithm>

#include "core/clones.hpp"

namespace fringe {
namespace {

constexpr std::size_t most_blocks = 32;  // at a time

/// Blocks first … first + blocks − 1 of a stream: Philox4x32-10 as in Random123, its rounds over many blocks
/// at a time.
FRINGE_CLONES void random_blocks(const DrawStream& s, std::uint64_t first, std::size_t blocks,
                                 std::uint32_t* bits) {
  alignas(64) std::uint32_t x0[most_blocks], x1[most_blocks], x2[most_blocks], x3[most_blocks];
  for (std::size_t b = 0; b < blocks; ++b) {
    x0[b] = static_cast<std::uint32_t>(first + b);
    x1[b] = static_cast<std::uint32_t>((first + b) >> 32);
    x2[b] = s.c2;
    x3[b] = s.c3;
  }
  std::uint32_t k0 = s.key[0], k1 = s.key[1];
  for (int round = 0; round < 10; ++round) {
    for (std::size_t b = 0; b < blocks; ++b) {
      const std::uint64_t p0 = std::uint64_t{PHILOX_M4x32_0} * x0[b];
      const std::uint64_t p1 = std::uint64_t{PHILOX_M4x32_1} * x2[b];
      x0[b] = static_cast<std::uint32_t>(p1 >> 32) ^ x1[b] ^ k0;
      x1[b] = static_cast<std::uint32_t>(p1);
      x2[b] = static_cast<std::uint32_t>(p0 >> 32) ^ x3[b] ^ k1;
      x3[b] = static_cast<std::uint32_t>(p0);
    }
    k0 += PHILOX_W32_0;
    k1 += PHILOX_W32_1;
  }
  for (std::size_t b = 0; b < blocks; ++b) {
    bits[4 * b] = x0[b];
    bits[4 * b + 1] = x1[b];
    bits[4 * b + 2] = x2[b];
    bits[4 * b + 3] = x3[b];
  }
}

FRINGE_CLONES void convert(const std::uint32_t* bits, std::size_t count, float* out) {
  alignas(64) float w[4 * most_blocks];
  for (std::size_t i = 0; i < count; ++i) {
    const NormalArgument a = normal_argument(bits[i]);
    out[i] = a.x;
    w[i] = a.w;
  }
  for (std::size_t i = 0; i < count; ++i) out[i] = normal_from_argument(out[i], w[i]);
}

FRINGE_CLONES void convert(const std::uint32_t* bits, std::size_t count, double* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = uniform_from_bits(bits[i]);
}

template <class Real>
void fill(std::span<Real> out, const Draw& draw, std::uint64_t first) {
  const DrawStream stream = stream_of(draw);
  alignas(64) std::uint32_t bits[4 * most_blocks];
  for (std::size_t i = 0; i < out.size();) {
    const std::size_t skipped = (first + i) % 4, left = out.size() - i;
    const std::size_t blocks = std::min(most_blocks, (skipped + left + 3) / 4);
    random_blocks(stream, (first + i) / 4, blocks, bits);
    const std::size_t count = std::min(4 * blocks - skipped, left);
    convert(bits + skipped, count, out.data() + i);
    i += count;
  }
}

}  // namespace

void fill_uniform(std::span<double> out, const Draw& draw, std::uint64_t first) { fill(out, draw, first); }
void fill_normal(std::span<float> out, const Draw& draw, std::uint64_t first) { fill(out, draw, first); }

}  // namespace fringe
