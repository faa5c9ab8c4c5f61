// Rows within a distance of a row: exact answers without trying every pair (audit.hpp tells how).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "workloads/dataset.hpp"

namespace fringe {

class NearRows {
 public:
  /// Looks among `rows`. Distances are in units of the ranges of `ranged` rows, which should include every
  /// row asked for. The data must outlive it.
  NearRows(const Dataset& data, std::span<const std::uint32_t> rows, std::span<const std::uint32_t> ranged,
           double tolerance);

  double distance(std::uint32_t a, std::uint32_t b) const;
  /// Calls visit(row) for the rows within the tolerance of sample `asked`, itself included where it is among
  /// them, until visit says false.
  void visit(std::uint32_t asked, const std::function<bool(std::uint32_t row)>& visit) const;

 private:
  static constexpr std::size_t most_directions = 8;
  /// Projections on the directions, then the norm of what is left.
  using Place = std::vector<double>;
  Place place_of(std::uint32_t row) const;
  void find_directions(std::span<const std::uint32_t> rows);
  void scale(std::uint32_t row, std::vector<double>& to) const;

  const Dataset* data_;
  double tolerance_;
  std::vector<double> centre_, weight_;  ///< of each feature; weight 1/(range·√varying), 0 where constant
  std::vector<std::vector<double>> directions_;  ///< orthonormal
  std::vector<double> places_;                   ///< [rows × (directions + 1)], ascending in the first
  std::vector<std::uint32_t> rows_;              ///< in the same order
  double slack_ = 0;                             ///< rounding of a place
};

}  // namespace fringe
