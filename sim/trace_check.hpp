// Checks records against the schema before anything is written.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/schema.hpp"
#include "sim/trace_writer.hpp"

namespace fringe {

/// Sizes of the named axes that a file has so far.
using DimensionSizes = std::map<std::string_view, std::size_t>;

/// The given columns in the order of `rows`, all columns of one table. Error, which starts with `where`, for
/// a column that is unknown, missing or given twice, for values of another type, strings that are too long,
/// and a number of values that does not divide into `records` records.
std::vector<const TraceSpan*> in_schema_order(const std::string& where, std::span<const ColumnRow> rows,
                                              std::size_t records, std::span<const TraceColumn> given);

/// The sizes of the axes once a record of `row` has as many values as one of `values`. At most one axis of a
/// column is new to a file, so its size follows from the others. Error where no size fits.
DimensionSizes with_sizes_of(const std::string& where, const ColumnRow& row, const TraceSpan& values,
                             std::size_t records, DimensionSizes known);

}  // namespace fringe
