// The kernels of draw_kernel.hpp, written once; each instruction set's source file includes it under its own
// flags. Ten rounds are one long chain of products, so several vectors of counters take them side by side.
#pragma once

#include <type_traits>

#include "core/draw_kernel.hpp"
#include "core/draw_lanes_impl.hpp"

namespace fringe {
namespace {

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
    std::uint64_t blocks[Counters];
    for (std::size_t n = 0; n < Counters; ++n) blocks[n] = block + (first + n) * (elements / 4);
    counter_words<Bytes, Counters>(stream, keys, blocks, bits);
    visit(bits, first * elements, std::integral_constant<std::size_t, Counters>{});
  }
  if constexpr (Counters > 1)
    each_words<Bytes, (Counters + 1) / 2>(stream, keys, block, first, counters, visit);
}

template <unsigned Bytes, class Visit>
[[gnu::always_inline]] inline void each_words(const DrawStream& stream, std::uint64_t block,
                                              std::size_t chunks, Visit&& visit) {
  // A register more or less goes to memory; waiting for products would take longer.
  constexpr std::size_t together = 6;
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
