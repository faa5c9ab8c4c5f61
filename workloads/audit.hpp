// Whether the test rows of a split are news to a network that was trained on its training rows.
//
// The distance of two rows is the root mean square, over the features that vary, of their difference in units
// of the feature's range (largest − smallest of the audited rows). A row is *equal* to another where all
// features are equal, *near* where it is not equal and the distance is at most the tolerance. Labels and
// targets don't count: they tell conflicts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "workloads/dataset.hpp"
#include "workloads/split.hpp"

namespace fringe {

/// The largest tolerance up to 0.01 at which test and training rows of independent, uniform features would
/// have less than 0.01 near pairs by chance: train·test·V(tolerance·√features) ≤ 0.01, V the volume of a ball
/// in as many dimensions. 0.01 from six features on, for thousands of rows; 1e-4 for a table of two features.
double chance_tolerance(std::size_t features, std::size_t train, std::size_t test);

struct AuditReport {
  std::size_t train = 0, test = 0;
  double tolerance = 0;
  std::size_t exact = 0;          ///< test rows equal to a training row
  std::size_t near = 0;           ///< test rows near, not equal, to a training row
  std::size_t shared_groups = 0;  ///< groups with rows on both sides
  std::size_t group_rows = 0;     ///< test rows of those
  std::size_t leaked = 0;         ///< test rows with any of the three
  std::size_t train_exact = 0;    ///< training rows equal to an earlier training row
  std::size_t train_near = 0;     ///< training rows near, not equal, to an earlier training row
  std::size_t test_exact = 0;     ///< test rows equal to an earlier test row and to no training row
  std::size_t conflicts =
      0;  ///< rows of either side equal to an earlier one that has another label or target

  struct Pair {
    std::uint32_t test, train;  ///< samples of the data set
    double distance;
  };
  std::vector<Pair> examples;  ///< of leaked rows, equal ones first; at most most_examples
  static constexpr std::size_t most_examples = 5;

  bool leaks() const { return leaked > 0; }
};

/// Counts without false positives or negatives: every pair is verified, and those that are passed over differ
/// by more than the tolerance in an orthonormal projection, or in the norm of what is left beside it, neither
/// of which can exceed the distance itself. Equal rows are found by hashing, near ones by sorting on the
/// projection of largest spread: n·log n and the pairs within the tolerance there, of which seven more
/// projections leave few. Tolerance 0: equal rows only;
/// none: chance_tolerance. Throws Error where it is not a number from 0 to 1.
AuditReport audit(const Dataset& data, const Split& split, std::optional<double> tolerance = {});

/// One sentence: how many of the test rows stand in the training rows, in which way, and what that means.
std::string leak_sentence(const AuditReport& report);

/// The training rows that no test row is equal or near to, or shares a group with.
std::vector<std::uint32_t> rows_apart(const Dataset& data, const Split& split, double tolerance);

}  // namespace fringe
