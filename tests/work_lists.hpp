// Work by its shape alone, for tests of prices and schedules.
#pragma once

#include "core/work.hpp"

namespace fringe::work_lists {

/// Without traffic.
inline Work work(Work::Kind kind, int weight, std::size_t rows, std::size_t inner, std::size_t columns) {
  Work w;
  w.kind = kind;
  w.name = "dense";
  w.weight = weight;
  w.rows = rows;
  w.inner = inner;
  w.columns = columns;
  return w;
}

/// The matrix, the operand and the result once each, at 4 bytes an element.
inline Work product(std::size_t rows, std::size_t inner, std::size_t columns, int weight = 0) {
  Work w = work(Work::Kind::product, weight, rows, inner, columns);
  w.bytes = 4.0 * static_cast<double>(rows * inner + (rows + inner) * columns);
  return w;
}

/// One operand and the result.
inline Work elementwise(std::size_t rows, std::size_t columns) {
  Work w = work(Work::Kind::elementwise, -1, rows, 0, columns);
  w.bytes = 8.0 * static_cast<double>(rows * columns);
  return w;
}

}  // namespace fringe::work_lists
