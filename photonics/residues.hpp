// Residue numbers: integers as their remainders after division by a few moduli that share no factor. Sums and
// products go remainder by remainder, each as small as its modulus; the Chinese remainder theorem brings the
// integer back. More moduli than the range needs tell of errors and correct them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace fringe {

/// The fewest moduli below 2^bits, no two with a common factor, whose product is at least `range`; of those
/// sets the one with the largest product, descending. bits in [2, 12]. Throws Error where no such set has a
/// product below 2⁶², or none is large enough.
std::vector<std::uint32_t> choose_moduli(int bits, std::uint64_t range);

/// `redundant` more moduli that share no factor with those and each other: the largest below 2^bits, else the
/// smallest above the largest of all.
std::vector<std::uint32_t> with_redundant(std::vector<std::uint32_t> moduli, int bits, int redundant);

/// Integers in [−range/2, range/2] from residues. `base` moduli carry the range, the rest is redundant.
/// R. W. Watson, C. W. Hastings, "Self-checked computation using residue arithmetic", Proc. IEEE 54, 1920
/// (1966): with r redundant moduli, each at least as large as any of the others, up to r wrong residues are
/// detected or ⌊r/2⌋ corrected. Where redundant moduli are smaller a few errors pass.
class ResidueDecoder {
 public:
  ResidueDecoder(std::vector<std::uint32_t> moduli, std::size_t base, std::uint64_t range);

  struct Decoded {
    std::int64_t value;
    int corrected;    ///< residues found wrong
    bool legitimate;  ///< false: more are wrong than can be corrected; value is what the base moduli say
  };
  /// residues[i] in [0, moduli[i]).
  Decoded decode(std::span<const std::uint32_t> residues) const;
  std::span<const std::uint32_t> moduli() const noexcept { return moduli_; }

 private:
  struct Group {  // a choice of moduli that are trusted
    std::vector<std::size_t> members;
    std::uint64_t product;
    std::vector<std::uint64_t> weights;  // of each member: 1 modulo its own, 0 modulo the others
    int left_out;
  };
  Group group_of(std::vector<std::size_t> members) const;
  std::int64_t combine(const Group& group, std::span<const std::uint32_t> residues) const;

  std::vector<std::uint32_t> moduli_;
  std::uint64_t range_;
  std::vector<Group> groups_;  // all moduli first, then all but one, …
  Group base_;
};

}  // namespace fringe
