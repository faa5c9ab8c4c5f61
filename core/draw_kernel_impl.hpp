// The kernels of draw_kernel.hpp, written once; each instruction set's source file includes it under its own
// flags. A chunk is eight counters: as many chains of ten rounds as the registers hold.
#pragma once

#include <type_traits>

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

/// The key of each round in all places.
template <class Words>
struct PhiloxKeys {
  Words key0[10], key1[10];

  explicit PhiloxKeys(const DrawStream& stream) {
    Words k0 = Words{} + stream.key[0], k1 = Words{} + stream.key[1];
    for (int round = 0; round < 10; ++round, k0 += PHILOX_W32_0, k1 += PHILOX_W32_1) {
      key0[round] = k0;
      key1[round] = k1;
    }
  }
};

/// Words from 4·block on, `Counters` vectors of counters. Even places hold the first half of a counter's
/// blocks and odd places the second, so that put_pairs() leaves elements in their order.
template <unsigned Bytes, std::size_t Counters>
[[gnu::always_inline]] inline void counter_words(const DrawStream& stream,
                                                 const PhiloxKeys<typename DrawLanes<Bytes>::Words>& keys,
                                                 std::uint64_t block, std::uint32_t* out) {
  using Words = typename DrawLanes<Bytes>::Words;
  constexpr std::size_t places = Bytes / 8;
  Words first;
  for (std::size_t i = 0; i < places; ++i) first[i] = i / 2 + i % 2 * (places / 2);
  first += block;
  PhiloxCounter<Words> c[Counters];
  for (std::size_t n = 0; n < Counters; ++n) {
    const Words at = first + n * places;
    c[n] = {at, at >> 32, Words{} + stream.c2, Words{} + stream.c3};
  }
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round)
    for (std::size_t n = 0; n < Counters; ++n) philox_round(c[n], keys.key0[round], keys.key1[round]);
  for (std::size_t n = 0; n < Counters; ++n) {
    // Words of one block side by side: {x0, x1}, {x2, x3}.
    const Words low = (c[n].x0 & 0xffffffffu) | (c[n].x1 << 32),
                high = (c[n].x2 & 0xffffffffu) | (c[n].x3 << 32);
    put_pairs(low, high, out + 4 * n * places);
  }
}

/// visit(bits, first element, Counters) with all words of `counters` vectors of counters, the first `first`
/// of which are done: Counters of them side by side, for each is one long chain, then fewer.
template <unsigned Bytes, std::size_t Counters, class Visit>
[[gnu::always_inline]] inline void each_words(const DrawStream& stream,
                                              const PhiloxKeys<typename DrawLanes<Bytes>::Words>& keys,
                                              std::uint64_t block, std::size_t first, std::size_t counters,
                                              Visit&& visit) {
  constexpr std::size_t elements = Bytes / 2;
  alignas(64) std::uint32_t bits[Counters * elements];
  for (; first + Counters <= counters; first += Counters) {
    counter_words<Bytes, Counters>(stream, keys, block + first * (elements / 4), bits);
    visit(bits, first * elements, std::integral_constant<std::size_t, Counters>{});
  }
  if constexpr (Counters > 1)
    each_words<Bytes, (Counters + 1) / 2>(stream, keys, block, first, counters, visit);
}

template <unsigned Bytes, class Visit>
[[gnu::always_inline]] inline void each_words(const DrawStream& stream, std::uint64_t block,
                                              std::size_t chunks, Visit&& visit) {
  // What the registers hold.
  constexpr std::size_t together = Bytes == 64 ? 6 : 3;
  each_words<Bytes, together>(stream, PhiloxKeys<typename DrawLanes<Bytes>::Words>(stream), block, 0,
                              chunks * (draw_chunk / (Bytes / 2)), visit);
}

template <unsigned Bytes>
void words(const DrawStream& stream, std::uint64_t block, std::size_t chunks, std::uint32_t* out) noexcept {
  each_words<Bytes>(stream, block, chunks,
                    [out](const std::uint32_t* bits, std::size_t first, auto counters) {
                      __builtin_memcpy(out + first, bits, counters * 2 * Bytes);
                    });
}

template <unsigned Bytes>
void normals(const DrawStream& stream, std::uint64_t block, std::size_t chunks, float* out) noexcept {
  using L = DrawLanes<Bytes>;
  each_words<Bytes>(stream, block, chunks,
                    [out](const std::uint32_t* bits, std::size_t first, auto counters) {
                      constexpr std::size_t vectors = counters, group = vectors * L::lanes;
                      for (std::size_t l = 0; l < 2 * group; l += group)
                        normals_of<Bytes, vectors>(bits + l, out + first + l);
                    });
}

template <unsigned Bytes>
constexpr DrawKernels draw_kernels_of{words<Bytes>, normals<Bytes>};

}  // namespace
}  // namespace fringe
