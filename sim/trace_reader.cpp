#include "sim/trace_reader.hpp"

#include <algorithm>

#include "core/error.hpp"

namespace fringe {
namespace {

std::vector<hsize_t> shape_of(hid_t dataset) {
  const Hdf5Handle space(H5Dget_space(dataset), H5Sclose);
  std::vector<hsize_t> shape(static_cast<std::size_t>(std::max(0, H5Sget_simple_extent_ndims(space))));
  if (!shape.empty()) H5Sget_simple_extent_dims(space, shape.data(), nullptr);
  return shape;
}

}  // namespace

TraceReader::TraceReader(const std::string& path) : path_(path) {
  quiet_hdf5();
  file_ = open_trace(path);
}

void TraceReader::fail(std::string_view what) const {
  throw Error("trace " + path_ + ": " + std::string(what) + " cannot be read" + hdf5_reason());
}

bool TraceReader::has(std::string_view table) const {
  return H5Lexists(file_, std::string(table).c_str(), H5P_DEFAULT) > 0;
}

std::vector<std::string> TraceReader::tables() const {
  std::vector<std::string> names;
  for (const TableRow& row : trace_tables())
    if (has(row.name)) names.emplace_back(row.name);
  return names;
}

const ColumnRow& TraceReader::row_of(std::string_view table, std::string_view column) const {
  const std::span<const ColumnRow> rows = columns_of(table);
  std::vector<std::string_view> names;
  for (const ColumnRow& row : rows) {
    if (row.column() == column) return row;
    names.push_back(row.column());
  }
  throw Error("trace " + path_ + ": table " + std::string(table) + ": " +
              unknown_name("column", column, names));
}

Hdf5Handle TraceReader::open_column(const ColumnRow& row) const {
  if (!has(row.table())) throw Error("trace " + path_ + ": has no table " + std::string(row.table()));
  Hdf5Handle dataset(H5Dopen2(file_, std::string(row.path).c_str(), H5P_DEFAULT), H5Dclose);
  if (!dataset) fail(row.path);
  return dataset;
}

std::size_t TraceReader::records(std::string_view table) const {
  hsize_t shortest = HSIZE_UNDEF;
  for (const ColumnRow& row : columns_of(table)) {
    const std::vector<hsize_t> shape = shape_of(open_column(row));
    if (shape.empty()) fail(row.path);
    shortest = std::min(shortest, shape[0]);
  }
  return shortest;
}

StoredColumn TraceReader::stored(const ColumnRow& row) const {
  const Hdf5Handle dataset = open_column(row);
  std::vector<hsize_t> count = shape_of(dataset);
  const Hdf5Handle type = stored_type(row.type);
  const Hdf5Handle in_file(H5Dget_type(dataset), H5Tclose);
  if (count.empty() || H5Tequal(in_file, type) <= 0) fail(row.path);
  count[0] = records(row.table());
  StoredColumn column{row.type, count[0], stored_bytes(row.type), {}};
  for (std::size_t axis = 1; axis < count.size(); ++axis) column.record_bytes *= count[axis];
  column.bytes.resize(column.records * column.record_bytes);
  if (column.bytes.empty()) return column;
  const std::vector<hsize_t> start(count.size(), 0);
  const Hdf5Handle source(H5Dget_space(dataset), H5Sclose);
  H5Sselect_hyperslab(source, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
  const Hdf5Handle target(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), H5Sclose);
  if (H5Dread(dataset, type, target, source, H5P_DEFAULT, column.bytes.data()) < 0) fail(row.path);
  return column;
}

std::vector<double> TraceReader::numbers(std::string_view table, std::string_view column) const {
  const StoredColumn stored_column = stored(row_of(table, column));
  const auto convert = [&]<class T>(T) {
    const T* first = reinterpret_cast<const T*>(stored_column.bytes.data());
    return std::vector<double>(first, first + stored_column.bytes.size() / sizeof(T));
  };
  switch (stored_column.type) {
    case TraceType::f64:
      return convert(double{});
    case TraceType::f32:
      return convert(float{});
    case TraceType::i64:
      return convert(std::int64_t{});
    default:
      throw Error("trace " + path_ + ": column " + std::string(column) + " holds strings, not numbers");
  }
}

std::vector<std::int64_t> TraceReader::integers(std::string_view table, std::string_view column) const {
  const StoredColumn stored_column = stored(row_of(table, column));
  if (stored_column.type != TraceType::i64)
    throw Error("trace " + path_ + ": column " + std::string(column) + " does not hold integers");
  const auto* first = reinterpret_cast<const std::int64_t*>(stored_column.bytes.data());
  return {first, first + stored_column.bytes.size() / sizeof(std::int64_t)};
}

std::vector<std::string> TraceReader::strings(std::string_view table, std::string_view column) const {
  const StoredColumn stored_column = stored(row_of(table, column));
  if (stored_column.type != TraceType::name && stored_column.type != TraceType::text)
    throw Error("trace " + path_ + ": column " + std::string(column) + " does not hold strings");
  std::vector<std::string> values;
  for (std::size_t i = 0; i < stored_column.records; ++i) {
    const std::string_view padded = stored_column.record(i);
    values.emplace_back(padded.substr(0, padded.find('\0')));
  }
  return values;
}

std::string TraceReader::text_attribute(std::string_view name) const {
  const Hdf5Handle attribute(H5Aopen(file_, std::string(name).c_str(), H5P_DEFAULT), H5Aclose);
  const Hdf5Handle type = any_length_string();
  char* text = nullptr;
  if (!attribute || H5Aread(attribute, type, &text) < 0 || text == nullptr)
    fail("attribute " + std::string(name));
  std::string value(text);
  H5free_memory(text);
  return value;
}

std::vector<std::uint64_t> TraceReader::number_attribute(std::string_view name) const {
  const Hdf5Handle attribute(H5Aopen(file_, std::string(name).c_str(), H5P_DEFAULT), H5Aclose);
  const Hdf5Handle space(attribute ? H5Aget_space(attribute) : -1, H5Sclose);
  std::vector<std::uint64_t> values(
      static_cast<std::size_t>(std::max<hssize_t>(0, space ? H5Sget_simple_extent_npoints(space) : 0)));
  if (values.empty() || H5Aread(attribute, H5T_NATIVE_UINT64, values.data()) < 0)
    fail("attribute " + std::string(name));
  return values;
}

}  // namespace fringe
