// What a trace may contain, as tables: one row per root attribute, per table of records and per column. The
// writer refuses what is not here, the readers and the reference page (docs/trace_schema.md) come from here.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace fringe {

/// A higher minor adds attributes, tables or columns; a higher major changes what old ones mean.
struct SchemaVersion {
  int major = 1;
  int minor = 0;
};
inline constexpr SchemaVersion schema_version{1, 8};
inline constexpr std::string_view trace_file_type = "fringe-trace";

/// How a value is stored. All numbers are little-endian. In columns, `name` and `text` are UTF-8 of fixed
/// width, padded with zeros; as root attributes they have any length.
enum class TraceType { f64, f32, i64, u64, name, text };
std::string_view to_string(TraceType type) noexcept;
inline constexpr std::size_t name_bytes = 64;
inline constexpr std::size_t text_bytes = 1024;
/// Bytes of one element in a column.
std::size_t stored_bytes(TraceType type) noexcept;

/// When two runs of the same experiment must store the same bits.
enum class Equality {
  always,
  by_provenance,  ///< unless the record's `provenance` column says measured or mixed
  never           ///< measured, or a property of the machine: times, watts, host
};
std::string_view to_string(Equality equality) noexcept;

struct AttributeRow {
  std::string_view name;
  TraceType type;
  std::size_t count;  ///< 1: a scalar
  SchemaVersion since;
  Equality equality;
  std::string_view meaning;
};
std::span<const AttributeRow> trace_attributes() noexcept;

struct TableRow {
  std::string_view name;     ///< the group's name, without the leading slash
  std::string_view meaning;  ///< what one record is
};
std::span<const TableRow> trace_tables() noexcept;

struct ColumnRow {
  std::string_view path;                       ///< "/table/column"
  TraceType type;                              ///< not u64
  std::array<std::string_view, 2> dimensions;  ///< names of the axes behind "record"; "" where there is none
  std::string_view unit;                       ///< SI; "1" for a pure number, "" for a string
  SchemaVersion since;
  Equality equality;
  std::string_view meaning;

  std::string_view table() const noexcept { return path.substr(1, path.find('/', 1) - 1); }
  std::string_view column() const noexcept { return path.substr(path.find('/', 1) + 1); }
};
/// All columns; those of one table stand together, in the order in which the writer extends them.
std::span<const ColumnRow> trace_columns() noexcept;
/// The columns of one table. Error with the nearest name where there is no such table.
std::span<const ColumnRow> columns_of(std::string_view table);

/// The reference page docs/trace_schema.md.
std::string schema_markdown();

}  // namespace fringe
