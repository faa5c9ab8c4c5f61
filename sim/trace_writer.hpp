// The only writer of traces: HDF5 files of tables that grow record by record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace fringe {

/// What the root attributes tell of a run; the writer adds file type, schema version, random scheme and time.
struct TraceInfo {
  std::string program_version;
  std::string commit;      ///< "" where unknown
  std::string experiment;  ///< the whole experiment file, TOML
  std::uint64_t seed = 0;
  std::string host;  ///< name of the CPU
  std::int64_t threads = 1;
  std::string device;  ///< name of the GPU, "" where there is none
};

/// One field of one record: a scalar, or the values of the column's dimensions in C order.
using TraceValue = std::variant<std::int64_t, double, std::string, std::vector<double>, std::vector<float>,
                                std::vector<std::int64_t>>;
struct TraceField {
  std::string_view column;
  TraceValue value;
};

/// One column of many records, record by record: records × the product of the column's dimensions values.
using TraceSpan = std::variant<std::span<const std::int64_t>, std::span<const double>, std::span<const float>,
                               std::span<const std::string>>;
struct TraceColumn {
  std::string_view column;
  TraceSpan values;
};

/// Whether a writer holds the file: a trace under way.
bool is_being_written(const std::string& path);

/// Writes one trace. One writer belongs to one thread at a time.
///
/// Each append is flushed before it returns: after a kill, any HDF5 reader opens the file and finds every
/// appended record. A kill in the middle of an append may leave columns of one table that differ in length:
/// readers use the shortest. The tables `parts` and `resources` are written by the constructor.
class TraceWriter {
 public:
  /// Creates `path`, or overwrites it if it is a fringe trace that nobody is writing. Error if it is
  /// something else, or cannot be written; no new file stays behind then.
  TraceWriter(const std::string& path, const TraceInfo& info);
  ~TraceWriter();
  TraceWriter(TraceWriter&&) noexcept;
  TraceWriter& operator=(TraceWriter&&) noexcept;

  /// Adds one record to a table of the schema ("epochs"): every column once, in any order. Error, and no
  /// change, for an unknown table or column (with the nearest name), a missing or repeated column, another
  /// type, a string that is too long, or a size that disagrees with earlier records: a dimension of the
  /// schema has one size in a file, fixed by the first record that has it.
  void append(std::string_view table, std::span<const TraceField> record);
  void append(std::string_view table, std::initializer_list<TraceField> record) {
    append(table, std::span(record.begin(), record.size()));
  }

  /// Adds `records` ≥ 0 records with one flush.
  void append_records(std::string_view table, std::size_t records, std::span<const TraceColumn> columns);
  void append_records(std::string_view table, std::size_t records,
                      std::initializer_list<TraceColumn> columns) {
    append_records(table, records, std::span(columns.begin(), columns.size()));
  }

  /// Hands everything to the operating system. Error if that fails (a full disk).
  void flush();

  const std::string& path() const noexcept;

 private:
  struct File;
  std::unique_ptr<File> file_;
};

}  // namespace fringe
