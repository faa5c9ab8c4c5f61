// The mapping from a Draw to numbers: known answers, an independent Philox, exact element independence,
// golden bits.
#include "core/draw.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/draw_kernel.hpp"
#include "tests/core/philox_reference.hpp"

namespace fringe {
namespace {

using reference::Counter;
using reference::Key;

struct KnownAnswer {
  Counter counter;
  Key key;
  Counter expected;
};
// Published with Random123 (tests/kat_vectors, lines "philox4x32 10").
const KnownAnswer known_answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

TEST(Philox, KnownAnswers) {
  for (const KnownAnswer& k : known_answers) {
    EXPECT_EQ(reference::philox4x32_10(k.counter, k.key), k.expected);
    const auto words = r123::Philox4x32()({{k.counter[0], k.counter[1], k.counter[2], k.counter[3]}},
                                          {{k.key[0], k.key[1]}});
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(words[i], k.expected[i]);
  }
}

const Draw everywhere{0x0123456789abcdef, Purpose::shot_noise, 7, 11, 13};

// The scheme of core/draw.hpp, step by step: hash who asks with the seed, then count blocks of four elements.
TEST(Draw, MappingIsTheStatedScheme) {
  const Counter id = reference::philox4x32_10({7, static_cast<std::uint32_t>(Purpose::shot_noise), 11, 13},
                                              {0x89abcdef, 0x01234567});
  const DrawStream stream = stream_of(everywhere);
  for (const std::uint64_t element : {0ull, 1ull, 2ull, 3ull, 4ull, 4095ull, (1ull << 34) + 5, ~0ull}) {
    const std::uint64_t block = element / 4;
    const Counter words = reference::philox4x32_10(
        {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), id[2], id[3]},
        {id[0], id[1]});
    EXPECT_EQ(random_bits(stream, element), words[element % 4]) << element;
  }
}

TEST(Draw, AnElementDependsOnlyOnItsNumber) {
  for (const std::uint64_t base : {std::uint64_t{0}, (std::uint64_t{1} << 34) - 6}) {
    std::vector<float> whole(512);
    std::vector<double> uniforms(512);
    fill_normal(whole, everywhere, base);
    fill_uniform(uniforms, everywhere, base);
    const DrawStream stream = stream_of(everywhere);
    for (std::size_t start = 0; start < 9; ++start)
      for (std::size_t count = 0; count < 500; count = count < 11 ? count + 1 : 2 * count + 1) {
        std::vector<float> part(count);
        std::vector<double> uniform(count);
        fill_normal(part, everywhere, base + start);
        fill_uniform(uniform, everywhere, base + start);
        for (std::size_t i = 0; i < count; ++i) {
          EXPECT_EQ(part[i], whole[start + i]);
          EXPECT_EQ(part[i], normal(stream, base + start + i));
          EXPECT_EQ(uniform[i], uniforms[start + i]);
        }
      }
  }
}

TEST(Draw, UniformsNeverReachTheEnds) {
  EXPECT_EQ(uniform_from_bits(0), 0x1p-33);
  EXPECT_EQ(uniform_from_bits(0xffffffff), 1.0 - 0x1p-33);
  EXPECT_EQ(uniform_from_bits(0x80000000), 0.5 + 0x1p-33);
}

template <class T>
std::uint64_t fnv1a(const std::vector<T>& numbers) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const T& number : numbers) {
    unsigned char bytes[sizeof(T)];
    std::memcpy(bytes, &number, sizeof(T));
    for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3ull;
  }
  return hash;
}

// Changing these bits changes every result of the project: it needs a new random_scheme_version and a
// CHANGELOG entry.
TEST(Draw, GoldenBits) {
  static_assert(std::endian::native == std::endian::little);
  std::vector<float> normals(4096);
  std::vector<double> uniforms(4096);
  fill_normal(normals, Draw{});
  fill_uniform(uniforms, Draw{});
  EXPECT_EQ(random_scheme_version, 2);
  EXPECT_EQ(fnv1a(normals), 6655175732247651646ull);
  EXPECT_EQ(fnv1a(uniforms), 12034950283650999884ull);
}

/// z with Φ(z) = (near + ½)·2⁻³² < ½, by bisection on erfc.
double lower_quantile(std::uint32_t near) {
  const double p = (static_cast<double>(near) + 0.5) * 0x1p-32;
  double low = -7, high = 0;
  while (high - low > 1e-9) {
    const double z = 0.5 * (low + high);
    (0.5 * std::erfc(-z / std::sqrt(2.0)) < p ? low : high) = z;
  }
  return 0.5 * (low + high);
}

// 1e-6 is the bound that the header states; 1e-9 is the reference's own.
constexpr double normal_bound = 1e-6 + 1e-9;

TEST(Normal, IsTheInverseDistribution) {
  double worst = 0;
  for (std::uint32_t near = 12345; near < 0x80000000u - 131071; near += 131071)
    worst = std::max(worst, std::abs(static_cast<double>(normal_from_bits(near)) - lower_quantile(near)));
  EXPECT_LT(worst, normal_bound);
}

TEST(Normal, TailsReachSixSigma) {
  double worst = 0;
  for (std::uint32_t near = 0; near < 2000; ++near)
    worst = std::max(worst, std::abs(static_cast<double>(normal_from_bits(near)) - lower_quantile(near)));
  EXPECT_LT(worst, normal_bound);
  EXPECT_GT(normal_from_bits(0xffffffff), 6.3f);
}

// From one octave's polynomial to the next, and through the middle, the steps are those of the distribution.
TEST(Normal, OctavesMeet) {
  for (int octave = 1; octave < 31; ++octave) {
    const std::uint32_t edge = 1u << octave;
    EXPECT_NEAR(normal_from_bits(edge), lower_quantile(edge), normal_bound) << octave;
    EXPECT_NEAR(normal_from_bits(edge - 1), lower_quantile(edge - 1), normal_bound) << octave;
  }
  EXPECT_NEAR(normal_from_bits(0x7fffffffu), 0, normal_bound);
  EXPECT_LT(normal_from_bits(0x7fffffffu), 0);
}

// All instruction sets that this processor has give the bits of single elements, tails included: of 2²⁰
// numbers four thousand are in the outer octaves.
TEST(Normal, VectorsHaveTheBitsOfSingleElements) {
  constexpr std::size_t chunks = (1 << 20) / draw_chunk - 1;  // no multiple of what registers hold
  const DrawStream stream = stream_of(everywhere);
  std::vector<const DrawKernels*> sets{&draw_kernels_baseline, &draw_kernels()};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) sets.push_back(&draw_kernels_avx2);
#endif
  std::vector<float> normals(chunks * draw_chunk);
  std::vector<std::uint32_t> words(draw_chunk);
  for (const DrawKernels* set : sets) {
    set->normals(stream, 77, chunks, normals.data());
    std::size_t different = 0;
    for (std::size_t i = 0; i < normals.size(); ++i) different += normals[i] != normal(stream, 4 * 77 + i);
    EXPECT_EQ(different, 0u);
    set->words(stream, (std::uint64_t{1} << 32) - 3, 1, words.data());
    for (std::size_t i = 0; i < draw_chunk; ++i)
      EXPECT_EQ(words[i], random_bits(stream, (std::uint64_t{1} << 34) - 12 + i));
  }
}

TEST(Normal, IsExactlyOdd) {
  for (std::uint32_t near = 0; near < 0x80000000u - 65537; near += 65537)
    EXPECT_EQ(normal_from_bits(near), -normal_from_bits(~near)) << near;
}

}  // namespace
}  // namespace fringe
