// Reads traces back: finished, growing or cut off by a kill.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/schema.hpp"
#include "sim/trace_hdf5.hpp"

namespace fringe {

/// One column's values as stored, record by record.
struct StoredColumn {
  TraceType type;
  std::size_t records;
  std::size_t record_bytes;
  std::vector<char> bytes;  ///< records × record_bytes

  std::string_view record(std::size_t i) const { return {bytes.data() + i * record_bytes, record_bytes}; }
};

/// A trace open for reading. All functions throw Error where the file cannot be read or has no such name.
class TraceReader {
 public:
  /// Error where the file is missing, is not a fringe trace or has a higher major version.
  explicit TraceReader(const std::string& path);

  /// Tables in the file, in the order of the schema.
  std::vector<std::string> tables() const;
  bool has(std::string_view table) const;
  /// Complete records: the length of the table's shortest column.
  std::size_t records(std::string_view table) const;

  /// Columns cut to the complete records. `numbers` and `integers` are record-major and hold records × the
  /// product of the column's dimensions; `numbers` takes f64, f32 and i64, `integers` i64, `strings` name and
  /// text.
  std::vector<double> numbers(std::string_view table, std::string_view column) const;
  std::vector<std::int64_t> integers(std::string_view table, std::string_view column) const;
  std::vector<std::string> strings(std::string_view table, std::string_view column) const;
  StoredColumn stored(const ColumnRow& column) const;

  std::string text_attribute(std::string_view name) const;
  std::vector<std::uint64_t> number_attribute(std::string_view name) const;

 private:
  const ColumnRow& row_of(std::string_view table, std::string_view column) const;
  Hdf5Handle open_column(const ColumnRow& row) const;
  [[noreturn]] void fail(std::string_view what) const;

  std::string path_;
  Hdf5Handle file_;
};

}  // namespace fringe
