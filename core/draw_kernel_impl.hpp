// The kernels of draw_kernel.hpp, written once; each instruction set's source file includes it under its own
// flags. A chunk is eight counters: as many chains of ten rounds as the registers hold.
#pragma once

#include "core/draw_kernel.hpp"
#include "core/draw_lanes_impl.hpp"

namespace fringe {
namespace {

/// Pairs {low, high} of the even and of the odd places.
template <class Words>
[[gnu::always_inline]] inline void put_pairs(const Words& low, const Words& high, std::uint32_t* out) {
  Words even, odd;
  if constexpr (sizeof(Words) == 64) {
    even = __builtin_shufflevector(low, high, 0, 8, 2, 10, 4, 12, 6, 14);
    odd = __builtin_shufflevector(low, high, 1, 9, 3, 11, 5, 13, 7, 15);
  } else if constexpr (sizeof(Words) == 32) {
    even = __builtin_shufflevector(low, high, 0, 4, 2, 6);
    odd = __builtin_shufflevector(low, high, 1, 5, 3, 7);
  } else {
    even = __builtin_shufflevector(low, high, 0, 2);
    odd = __builtin_shufflevector(low, high, 1, 3);
  }
  __builtin_memcpy(out, &even, sizeof even);
  __builtin_memcpy(out + sizeof even / 4, &odd, sizeof odd);
}

/// Even places hold the first half of a counter's blocks and odd places the second, so that put_pairs()
/// leaves elements in their order.
template <unsigned Bytes>
[[gnu::always_inline]] inline void chunk_words(const DrawStream& stream, std::uint64_t block,
                                               std::uint32_t* out) {
  using Words = typename DrawLanes<Bytes>::Words;
  constexpr std::size_t places = Bytes / 8, counters = draw_chunk / 4 / places;
  PhiloxCounter<Words> c[counters];
  for (std::size_t n = 0; n < counters; ++n) {
    Words at;
    for (std::size_t i = 0; i < places; ++i) at[i] = block + n * places + i / 2 + i % 2 * (places / 2);
    c[n] = {at, at >> 32, Words{} + stream.c2, Words{} + stream.c3};
  }
  Words key0 = Words{} + stream.key[0], key1 = Words{} + stream.key[1];
  for (int round = 0; round < 10; ++round) {
    for (std::size_t n = 0; n < counters; ++n) philox_round(c[n], key0, key1);
    key0 += PHILOX_W32_0;
    key1 += PHILOX_W32_1;
  }
  for (std::size_t n = 0; n < counters; ++n) {
    // Words of one block side by side: {x0, x1}, {x2, x3}.
    const Words low = (c[n].x0 & 0xffffffffu) | (c[n].x1 << 32),
                high = (c[n].x2 & 0xffffffffu) | (c[n].x3 << 32);
    put_pairs(low, high, out + 4 * n * places);
  }
}

template <unsigned Bytes>
void words(const DrawStream& stream, std::uint64_t block, std::size_t chunks, std::uint32_t* out) noexcept {
  for (std::size_t i = 0; i < chunks; ++i)
    chunk_words<Bytes>(stream, block + i * (draw_chunk / 4), out + i * draw_chunk);
}

template <unsigned Bytes>
void normals(const DrawStream& stream, std::uint64_t block, std::size_t chunks, float* out) noexcept {
  using L = DrawLanes<Bytes>;
  static constexpr auto central = central_normals<L::lanes>();
  alignas(64) std::uint32_t bits[draw_chunk];
  for (std::size_t i = 0; i < chunks; ++i, out += draw_chunk) {
    chunk_words<Bytes>(stream, block + i * (draw_chunk / 4), bits);
    constexpr std::size_t group = 2 * L::lanes;
    for (std::size_t l = 0; l < draw_chunk; l += group) {
      const auto tail = central_normals_of<Bytes, 2>(central, bits + l, out + l);
      if (!any_sign(tail)) continue;
      for (std::size_t k = l; k < l + group; ++k)
        if (in_normal_tail<L::lanes>(bits[k])) out[k] = normal_from_bits(bits[k]);
    }
  }
}

template <unsigned Bytes>
constexpr DrawKernels draw_kernels_of{words<Bytes>, normals<Bytes>};

}  // namespace
}  // namespace fringe
