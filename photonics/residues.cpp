#include "photonics/residues.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr std::uint64_t largest_product = std::uint64_t{1} << 62;

bool coprime_to_all(std::uint32_t candidate, std::span<const std::uint32_t> chosen) {
  return std::all_of(chosen.begin(), chosen.end(), [&](auto m) { return std::gcd(m, candidate) == 1; });
}

// The largest product of `count` coprime numbers from `below` down, past `best`; depth first with the bound
// that no member exceeds the one before it.
void search(std::uint32_t below, std::size_t count, std::uint64_t product, std::vector<std::uint32_t>& chosen,
            std::uint64_t& best, std::vector<std::uint32_t>& found) {
  if (count == 0) {
    if (product > best) {
      best = product;
      found = chosen;
    }
    return;
  }
  for (std::uint32_t m = below; m >= 2; --m) {
    std::uint64_t bound = product;
    for (std::size_t k = 0; k < count; ++k) {
      if (bound > largest_product / m) bound = largest_product / m;
      bound *= m;
    }
    if (bound <= best) return;
    if (product > largest_product / m || !coprime_to_all(m, chosen)) continue;
    chosen.push_back(m);
    search(m - 1, count - 1, product * m, chosen, best, found);
    chosen.pop_back();
  }
}

// x with a·x ≡ 1 (mod m), by the extended Euclidean algorithm.
std::uint64_t inverse(std::uint64_t a, std::uint64_t m) {
  std::int64_t r0 = static_cast<std::int64_t>(m), r1 = static_cast<std::int64_t>(a % m), t0 = 0, t1 = 1;
  while (r1 != 0) {
    const std::int64_t q = r0 / r1;
    r0 = std::exchange(r1, r0 - q * r1);
    t0 = std::exchange(t1, t0 - q * t1);
  }
  return static_cast<std::uint64_t>(t0 < 0 ? t0 + static_cast<std::int64_t>(m) : t0);
}

__extension__ using Wide = unsigned __int128;

}  // namespace

std::vector<std::uint32_t> choose_moduli(int bits, std::uint64_t range) {
  if (bits < 2 || bits > 12) throw Error("residues of " + std::to_string(bits) + " bits; must be in 2 … 12");
  for (std::size_t count = 1; count <= 12; ++count) {
    std::uint64_t best = 0;
    std::vector<std::uint32_t> chosen, found;
    search((1u << bits) - 1, count, 1, chosen, best, found);
    if (best >= range) return found;
  }
  throw Error("residues of " + std::to_string(bits) + " bits: no set of moduli covers a range of " +
              std::to_string(range));
}

std::vector<std::uint32_t> with_redundant(std::vector<std::uint32_t> moduli, int bits, int redundant) {
  std::uint32_t below = (1u << bits) - 1, above = 1u << bits;
  for (int k = 0; k < redundant; ++k) {
    while (below >= 2 && !coprime_to_all(below, moduli)) --below;
    if (below < 2)
      while (!coprime_to_all(above, moduli)) ++above;
    moduli.push_back(below >= 2 ? below : above);
  }
  return moduli;
}

ResidueDecoder::ResidueDecoder(std::vector<std::uint32_t> moduli, std::size_t base, std::uint64_t range)
    : moduli_(std::move(moduli)), range_(range) {
  const std::size_t count = moduli_.size(), corrects = (count - base) / 2;
  for (std::size_t left_out = 0; left_out <= corrects; ++left_out) {
    std::vector<char> keep(count, 1);
    std::fill_n(keep.begin(), left_out, 0);
    do {
      std::vector<std::size_t> members;
      for (std::size_t i = 0; i < count; ++i)
        if (keep[i]) members.push_back(i);
      groups_.push_back(group_of(std::move(members)));
    } while (std::next_permutation(keep.begin(), keep.end()));
  }
  std::vector<std::size_t> first(base);
  std::iota(first.begin(), first.end(), std::size_t{0});
  base_ = group_of(std::move(first));
  if (base_.product < range)
    throw Error("moduli whose product is " + std::to_string(base_.product) + " for a range of " +
                std::to_string(range) + "; the product must be as large");
}

ResidueDecoder::Group ResidueDecoder::group_of(std::vector<std::size_t> members) const {
  Group group{std::move(members), 1, {}, 0};
  for (const std::size_t i : group.members) {
    if (group.product > largest_product / moduli_[i])
      throw Error("the moduli's product exceeds 2⁶²; take fewer or smaller ones");
    group.product *= moduli_[i];
  }
  for (const std::size_t i : group.members) {
    const std::uint64_t others = group.product / moduli_[i];
    group.weights.push_back(
        static_cast<std::uint64_t>(Wide{others} * inverse(others, moduli_[i]) % group.product));
  }
  group.left_out = static_cast<int>(moduli_.size() - group.members.size());
  return group;
}

std::int64_t ResidueDecoder::combine(const Group& group, std::span<const std::uint32_t> residues) const {
  Wide sum = 0;
  for (std::size_t k = 0; k < group.members.size(); ++k)
    sum += Wide{group.weights[k]} * residues[group.members[k]];
  const auto value = static_cast<std::uint64_t>(sum % group.product);
  return value > group.product / 2
             ? static_cast<std::int64_t>(value) - static_cast<std::int64_t>(group.product)
             : static_cast<std::int64_t>(value);
}

ResidueDecoder::Decoded ResidueDecoder::decode(std::span<const std::uint32_t> residues) const {
  const auto most = static_cast<std::int64_t>(range_ / 2);
  for (const Group& group : groups_)
    if (const std::int64_t value = combine(group, residues); value >= -most && value <= most)
      return {value, group.left_out, true};
  return {combine(base_, residues), 0, false};
}

}  // namespace fringe
