#include "photonics/residues.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <set>

#include "core/draw.hpp"
#include "core/error.hpp"

namespace fringe {
namespace {

using Moduli = std::vector<std::uint32_t>;

std::uint64_t product(const Moduli& moduli) {
  return std::accumulate(moduli.begin(), moduli.end(), std::uint64_t{1}, std::multiplies<>());
}

std::vector<std::uint32_t> residues_of(std::int64_t value, std::span<const std::uint32_t> moduli) {
  std::vector<std::uint32_t> residues;
  for (const std::int64_t m : moduli) residues.push_back(static_cast<std::uint32_t>((value % m + m) % m));
  return residues;
}

// Every subset of 2 … 31, by counting.
Moduli best_by_force(int bits, std::size_t count) {
  Moduli best, chosen(count);
  const auto walk = [&](const auto& self, std::size_t depth, std::uint32_t below) -> void {
    if (depth == count) {
      if (best.empty() || product(chosen) > product(best)) best = chosen;
      return;
    }
    for (std::uint32_t m = 2; m < below; ++m) {
      bool fits = true;
      for (std::size_t k = 0; k < depth; ++k) fits = fits && std::gcd(m, chosen[k]) == 1;
      if (!fits) continue;
      chosen[depth] = m;
      self(self, depth + 1, m);
    }
  };
  walk(walk, 0, 1u << bits);
  return best;
}

TEST(Residues, ModuliAreTheFewestWithTheLargestProduct) {
  for (const int bits : {3, 4, 5})
    for (const std::uint64_t range : {7u, 50u, 300u, 2000u, 20000u}) {
      Moduli expected;
      for (std::size_t count = 1; expected.empty() && count <= 5; ++count)
        if (const Moduli best = best_by_force(bits, count); !best.empty() && product(best) >= range)
          expected = best;
      if (expected.empty())
        EXPECT_THROW(choose_moduli(bits, range), Error) << bits << " bits, " << range;
      else
        EXPECT_EQ(choose_moduli(bits, range), expected) << bits << " bits, " << range;
    }
}

// A core of 128 terms and codes of b bits on moduli of b bits.
TEST(Residues, CoversSumsOf128ProductsOfEqualBits) {
  for (int bits = 4; bits <= 8; ++bits) {
    const std::uint64_t code = (1u << (bits - 1)) - 1, range = 2 * 128 * code * code + 1;
    const Moduli moduli = choose_moduli(bits, range);
    EXPECT_GE(product(moduli), range);
    EXPECT_LT(product(moduli) / moduli.back(), range) << "one fewer would do";
  }
}

TEST(Residues, EveryNumberComesBack) {
  const Moduli moduli = choose_moduli(4, 2001);
  const ResidueDecoder decoder(moduli, moduli.size(), 2001);
  for (std::int64_t value = -1000; value <= 1000; ++value) {
    const auto decoded = decoder.decode(residues_of(value, moduli));
    EXPECT_EQ(decoded.value, value);
    EXPECT_TRUE(decoded.legitimate);
    EXPECT_EQ(decoded.corrected, 0);
  }
}

// Two redundant moduli above all others correct any one residue and find any two.
TEST(Residues, RedundantModuliCorrectOneErrorAndDetectTwo) {
  const Moduli base = choose_moduli(4, 1001), all{15, 14, 13, 17, 19};
  ASSERT_EQ(base, (Moduli{15, 14, 13}));
  const ResidueDecoder decoder(all, 3, 1001);
  for (std::int64_t value = -500; value <= 500; value += 7) {
    const auto right = residues_of(value, all);
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::uint32_t by = 1; by < all[i]; ++by) {
        auto one = right;
        one[i] = (one[i] + by) % all[i];
        const auto decoded = decoder.decode(one);
        EXPECT_EQ(decoded.value, value);
        EXPECT_EQ(decoded.corrected, 1);
        for (std::size_t j = i + 1; j < all.size(); ++j) {
          auto two = one;
          two[j] = (two[j] + 1) % all[j];
          const auto found = decoder.decode(two);
          EXPECT_FALSE(found.legitimate && found.corrected == 0) << "two errors passed for a right number";
        }
      }
  }
}

TEST(Residues, RedundantModuliShareNoFactor) {
  const Moduli moduli = with_redundant(choose_moduli(6, 246017), 6, 2);
  for (std::size_t i = 0; i < moduli.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) EXPECT_EQ(std::gcd(moduli[i], moduli[j]), 1u);
  EXPECT_EQ(moduli.size(), choose_moduli(6, 246017).size() + 2);
}

TEST(Residues, SaysWhatDoesNotFit) {
  EXPECT_THROW(choose_moduli(1, 10), Error);
  EXPECT_THROW(choose_moduli(2, 1000), Error);
  EXPECT_THROW(ResidueDecoder({15, 14}, 2, 211), Error);
}

}  // namespace
}  // namespace fringe
