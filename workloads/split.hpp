// How samples are divided into those that train and those that test.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "workloads/dataset.hpp"

namespace fringe {

struct Split {
  std::vector<std::uint32_t> train, test;  ///< sample numbers, ascending
};

/// Fold of each sample, in [0, folds). Within each class the samples are ranked by 64 random bits, element =
/// sample of Draw{seed, fold}, and dealt out in turn, each class going on where the one before ended: folds
/// differ by at most one sample, in every class and in total. Samples without a label of their own count as
/// one class. Throws Error unless 2 ≤ folds ≤ samples.
std::vector<int> stratified_folds(const Dataset& data, int folds, std::uint64_t seed);

/// The same where samples have groups: each in one fold as a whole, so that nobody trains and tests. The
/// largest group first, equal ones by 64 random bits (element = group of Draw{seed, fold}), each goes to the
/// fold that holds least of its classes, Σ over classes of members·already there/class size, then to the one
/// with the fewest samples: no fold is empty. Throws Error without groups, and unless 2 ≤ folds ≤ groups.
std::vector<int> grouped_folds(const Dataset& data, int folds, std::uint64_t seed);

/// Fold k tests, the others train. Throws Error where k is no fold.
Split fold_split(std::span<const int> folds, int k);

/// The first ⌊fraction·samples⌋ samples of the file train, the rest test. Throws Error where a side would be
/// empty.
Split ordered_split(const Dataset& data, double train_fraction);

/// The same at the nearest place in the file (the earlier of two) that no group stands on both sides of.
/// None: there is no such place. Throws Error without groups.
std::optional<Split> ordered_group_split(const Dataset& data, double train_fraction);

}  // namespace fringe
