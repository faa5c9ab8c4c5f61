// Philox and the inverse normal distribution in vectors of Bytes, for kernels that are compiled once per
// instruction set (draw_kernel_impl.hpp, and chips in lanes). Everything is local to the source that includes
// it. One polynomial per octave means seven tables of 32 numbers; the outermost octaves of each tail are
// rare, and the others fit a register: the choice of a coefficient is one instruction.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <bit>

#include "core/draw.hpp"

namespace fringe {
namespace {

template <unsigned Bytes>
struct DrawLanes {
  static constexpr std::size_t lanes = Bytes / 4;
  /// 32-bit words in 64-bit places, whose upper halves hold anything.
  using Words __attribute__((vector_size(Bytes), may_alias)) = std::uint64_t;
  using Bits __attribute__((vector_size(Bytes), may_alias)) = std::uint32_t;
  using Unaligned __attribute__((vector_size(Bytes), aligned(4), may_alias)) = std::uint32_t;
  using Signed __attribute__((vector_size(Bytes), may_alias)) = std::int32_t;
  using Floats __attribute__((vector_size(Bytes), may_alias)) = float;
};

/// All 64 bits of the products of the lower halves.
template <class Words>
[[gnu::always_inline]] inline Words wide_product(const Words& a, std::uint32_t b) {
#if defined(__AVX512F__)
  if constexpr (sizeof(Words) == 64)
    return (Words)_mm512_maskz_mul_epu32(0xff, (__m512i)a, _mm512_set1_epi64(b));
#endif
#if defined(__AVX2__)
  if constexpr (sizeof(Words) == 32) return (Words)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(b));
#endif
#if defined(__x86_64__)
  if constexpr (sizeof(Words) == 16) return (Words)_mm_mul_epu32((__m128i)a, _mm_set1_epi64x(b));
#endif
  return (a & 0xffffffffu) * std::uint64_t{b};
}

template <class Words>
struct PhiloxCounter {
  Words x0, x1, x2, x3;
};

/// A round of Philox4x32 as in Random123.
template <class Words>
[[gnu::always_inline]] inline void philox_round(PhiloxCounter<Words>& c, const Words& key0,
                                                const Words& key1) {
  const Words p0 = wide_product(c.x0, PHILOX_M4x32_0), p1 = wide_product(c.x2, PHILOX_M4x32_1);
  c.x0 = (p1 >> 32) ^ (c.x1 ^ key0);
  c.x1 = p1;
  c.x2 = (p0 >> 32) ^ (c.x3 ^ key1);
  c.x3 = p0;
}

/// The innermost `Lanes` octaves, a coefficient per row; lane l has the octave whose exponent is l modulo
/// Lanes.
template <std::size_t Lanes>
struct CentralNormals {
  alignas(64) float c[normal_terms][Lanes];
};
template <std::size_t Lanes>
constexpr CentralNormals<Lanes> make_central_normals() {
  constexpr NormalTable table = normal_table();
  CentralNormals<Lanes> central{};
  for (std::size_t o = normal_octaves - Lanes; o < normal_octaves; ++o)
    for (std::size_t k = 0; k < normal_terms; ++k) central.c[k][(o + 126) % Lanes] = table.c[o][k];
  return central;
}
template <std::size_t Lanes>
constexpr CentralNormals<Lanes> central_normals = make_central_normals<Lanes>();

/// Whether the octave is none of the innermost Lanes.
template <std::size_t Lanes>
[[gnu::always_inline]] inline bool in_normal_tail(std::uint32_t bits) {
  constexpr std::uint32_t reach = 1u << (normal_octaves - 1 - Lanes);
  return bits + reach < 2 * reach;
}

/// Each lane's own coefficient out of a row of them; `exponent` is a float's, with its bias.
template <unsigned Bytes>
[[gnu::always_inline]] inline typename DrawLanes<Bytes>::Floats normal_coefficient(
    const typename DrawLanes<Bytes>::Floats& row, const typename DrawLanes<Bytes>::Bits& exponent) {
  using Floats = typename DrawLanes<Bytes>::Floats;
#if defined(__AVX512F__)
  if constexpr (Bytes == 64)
    return (Floats)_mm512_maskz_permutexvar_ps(0xffff, (__m512i)exponent, (__m512)row);
#endif
#if defined(__AVX2__)
  if constexpr (Bytes == 32) return (Floats)_mm256_permutevar8x32_ps((__m256)row, (__m256i)exponent);
#endif
  Floats c{};
  for (std::size_t l = 0; l < Bytes / 4; ++l) c[l] = row[exponent[l] % (Bytes / 4)];
  return c;
}

/// Bit l: lane l has its sign bit set.
template <class Signed>
[[gnu::always_inline]] inline std::uint32_t sign_bits(const Signed& mask) {
#if defined(__AVX512F__)
  if constexpr (sizeof(Signed) == 64) return _mm512_cmplt_epi32_mask((__m512i)mask, _mm512_setzero_si512());
#endif
#if defined(__AVX2__)
  if constexpr (sizeof(Signed) == 32) return static_cast<std::uint32_t>(_mm256_movemask_ps((__m256)mask));
#endif
  std::uint32_t bits = 0;
  for (std::size_t l = 0; l < sizeof(Signed) / 4; ++l) bits |= std::uint32_t{mask[l] < 0} << l;
  return bits;
}

/// normal_from_bits() of each lane but those of a tail, whose sign bits are set in what is returned. Count
/// vectors side by side, for a polynomial is one long chain.
template <unsigned Bytes, std::size_t Count>
[[gnu::always_inline]] inline typename DrawLanes<Bytes>::Signed central_normals_of(const std::uint32_t* words,
                                                                                   float* out) {
  using L = DrawLanes<Bytes>;
  using Bits = typename L::Bits;
  using Signed = typename L::Signed;
  using Floats = typename L::Floats;
  constexpr auto first_central = static_cast<std::int32_t>((126 + normal_octaves - L::lanes) << 23);
  const Bits* bits = reinterpret_cast<const Bits*>(words);
  Signed tail{};
  Bits exponent[Count];
  Floats t[Count], z[Count];
  for (std::size_t n = 0; n < Count; ++n) {
    const Signed end = Signed{} + normal_nearest, distance = (Signed)bits[n] ^ ((Signed)bits[n] >> 31);
    const Signed near = distance < end ? distance : end;
    const Floats p = __builtin_convertvector(near, Floats) + 0.5f;
    exponent[n] = (Bits)p >> 23;
    tail |= (Signed)p - first_central;
    t[n] = (Floats)(((Bits)p & 0x007fffffu) | 0x3f800000u) - 2.0f;
    z[n] = Floats{};
  }
  for (std::size_t k = normal_terms; k-- > 0;) {
    const Floats row = *reinterpret_cast<const Floats*>(central_normals<L::lanes>.c[k]);
    for (std::size_t n = 0; n < Count; ++n) {
      const Floats c = normal_coefficient<Bytes>(row, exponent[n]);
      z[n] = k + 1 == normal_terms ? c : z[n] * t[n] + c;
    }
  }
  for (std::size_t n = 0; n < Count; ++n)
    reinterpret_cast<typename L::Unaligned*>(out)[n] = (Bits)z[n] ^ (bits[n] & 0x80000000u);
  return tail;
}

/// normal_from_bits() of Count vectors.
template <unsigned Bytes, std::size_t Count>
[[gnu::always_inline]] inline void normals_of(const std::uint32_t* words, float* out) {
  constexpr std::size_t lanes = Bytes / 4;
  std::uint32_t tails = sign_bits(central_normals_of<Bytes, Count>(words, out));
  for (; tails != 0; tails &= tails - 1)
    for (std::size_t l = static_cast<std::size_t>(std::countr_zero(tails)); l < Count * lanes; l += lanes)
      if (in_normal_tail<lanes>(words[l])) out[l] = normal_from_bits(words[l]);
}

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

/// Words from 4·block on for each of `Counters` blocks, as many as two vectors hold. Even places hold the
/// first half of a counter's blocks and odd places the second, so that put_pairs() leaves elements in their
/// order.
template <unsigned Bytes, std::size_t Counters>
[[gnu::always_inline]] inline void counter_words(const DrawStream& stream,
                                                 const PhiloxKeys<typename DrawLanes<Bytes>::Words>& keys,
                                                 const std::uint64_t (&block)[Counters], std::uint32_t* out) {
  using Words = typename DrawLanes<Bytes>::Words;
  constexpr std::size_t places = Bytes / 8;
  Words first;
  for (std::size_t i = 0; i < places; ++i) first[i] = i / 2 + i % 2 * (places / 2);
  PhiloxCounter<Words> c[Counters];
  for (std::size_t n = 0; n < Counters; ++n) {
    const Words at = first + block[n];
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

}  // namespace
}  // namespace fringe
