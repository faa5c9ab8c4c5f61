#include "sim/trace_check.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace fringe {
namespace {

std::size_t size_of(const TraceSpan& values) {
  return std::visit([](const auto& span) { return span.size(); }, values);
}

bool holds(const TraceSpan& values, TraceType type) {
  constexpr TraceType of_index[] = {TraceType::i64, TraceType::f64, TraceType::f32, TraceType::name};
  return of_index[values.index()] == (type == TraceType::text ? TraceType::name : type);
}

}  // namespace

std::vector<const TraceSpan*> in_schema_order(const std::string& where, std::span<const ColumnRow> rows,
                                              std::size_t records, std::span<const TraceColumn> given) {
  std::vector<const TraceSpan*> ordered(rows.size(), nullptr);
  for (const TraceColumn& field : given) {
    const auto row = std::find_if(rows.begin(), rows.end(),
                                  [&](const ColumnRow& r) { return r.column() == field.column; });
    if (row == rows.end()) {
      std::vector<std::string_view> names;
      for (const ColumnRow& r : rows) names.push_back(r.column());
      throw Error(where + unknown_name("column", field.column, names));
    }
    const std::string what = where + "column " + std::string(field.column) + " ";
    const TraceSpan*& slot = ordered[static_cast<std::size_t>(row - rows.begin())];
    if (slot != nullptr) throw Error(what + "is given twice");
    slot = &field.values;
    if (!holds(field.values, row->type))
      throw Error(what + "holds values of type " + std::string(to_string(row->type)) + ", not the one given");
    if (const auto* strings = std::get_if<std::span<const std::string>>(&field.values))
      for (const std::string& text : *strings)
        if (text.size() > stored_bytes(row->type))
          throw Error(what + "takes at most " + std::to_string(stored_bytes(row->type)) + " bytes, not '" +
                      text + "'");
    const bool whole = records == 0 ? size_of(field.values) == 0 : size_of(field.values) % records == 0;
    if (!whole)
      throw Error(what + "has " + std::to_string(size_of(field.values)) + " values for " +
                  std::to_string(records) + " records");
  }
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (ordered[i] == nullptr) throw Error(where + "column " + std::string(rows[i].column()) + " is missing");
  return ordered;
}

DimensionSizes with_sizes_of(const std::string& where, const ColumnRow& row, const TraceSpan& values,
                             std::size_t records, DimensionSizes known) {
  const std::size_t elements = size_of(values) / records;
  std::string_view open;
  int times = 0;
  std::size_t product = 1;
  for (const std::string_view dimension : row.dimensions) {
    if (dimension.empty()) continue;
    if (const auto size = known.find(dimension); size != known.end()) {
      product *= size->second;
    } else {
      open = dimension;
      ++times;
    }
  }
  std::size_t size = elements / product;
  if (times == 2) {
    std::size_t root = 0;
    while ((root + 1) * (root + 1) <= size) ++root;
    size = root;
  }
  if (times > 0 && size > 0) known[open] = size;
  for (int i = 0; i < times; ++i) product *= size;
  if (product != elements || elements == 0) {
    const std::string rule = times > 0 ? "a square number of" : std::to_string(product);
    throw Error(where + "column " + std::string(row.column()) + " takes " + rule +
                " values per record, not " + std::to_string(elements));
  }
  return known;
}

}  // namespace fringe
