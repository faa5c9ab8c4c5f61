#include "sim/trace_writer.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <map>

#include "core/cost.hpp"
#include "core/draw.hpp"
#include "core/error.hpp"
#include "sim/ordered_file.hpp"
#include "sim/schema.hpp"
#include "sim/trace_check.hpp"
#include "sim/trace_hdf5.hpp"

namespace fringe {
namespace {

constexpr std::size_t chunk_bytes = 4096;

struct Column {
  const ColumnRow* row;
  std::vector<hsize_t> shape;  // of one record
  std::size_t elements;        // of one record
  Hdf5Handle dataset;
};

struct Table {
  Hdf5Handle group;
  std::vector<Column> columns;
  hsize_t records = 0;
};

TraceSpan as_span(const TraceValue& value) {
  return std::visit(
      []<class T>(const T& v) -> TraceSpan {
        if constexpr (requires { typename T::allocator_type; } && !std::is_same_v<T, std::string>)
          return std::span(v.data(), v.size());
        else
          return std::span(&v, 1);
      },
      value);
}

std::string utc_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace

bool is_being_written(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (descriptor < 0) return false;
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  const bool held = ::fcntl(descriptor, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
  ::close(descriptor);
  return held;
}

struct TraceWriter::File {
  std::string path;
  std::unique_ptr<OrderedFile> storage;
  Hdf5Handle file;
  std::map<std::string_view, Table> tables;  // by the names of the schema
  DimensionSizes dimensions;
  bool failed = false;

  [[noreturn]] void fail(const std::string& what) {
    failed = true;
    throw Error("trace " + path + ": " + what + hdf5_reason());
  }
  void check(bool good, const char* what) {
    if (!good) fail(what);
  }
  void flush() {
    const bool good = H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0;
    if (!storage->failure().empty()) fail("cannot be written: " + storage->failure());
    check(good, "cannot be written");
  }

  void create();
  void write_attributes(const TraceInfo& info);
  void write_axes();
  void write_attribute(hid_t object, const char* name, hid_t type, std::size_t count, const void* data);
  void append(std::string_view table, std::size_t records, std::span<const TraceColumn> given);
  Table make_table(std::span<const ColumnRow> rows);
  Column make_column(const ColumnRow& row, hid_t group);
  void extend(Column& column, hsize_t before, hsize_t records, const TraceSpan& values);
};

void TraceWriter::File::create() {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  const bool exists = fs::exists(status);
  if (fs::is_directory(status)) throw Error("trace " + path + ": is a directory, not a file");
  // An empty file is what a run that was killed right here leaves.
  if (exists && !(fs::is_regular_file(status) && fs::file_size(path, ignored) == 0) && !is_trace(path))
    throw Error("trace " + path + ": exists and is not a fringe trace, so it is not overwritten");

  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | (exists ? 0 : O_EXCL), 0666);
  if (descriptor < 0) throw Error("trace " + path + ": cannot be created: " + std::strerror(errno));
  storage = std::make_unique<OrderedFile>(descriptor);
  // The kernel drops this lock with the process.
  struct flock whole {};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(descriptor, F_OFD_SETLK, &whole) < 0 && (errno == EAGAIN || errno == EACCES))
    throw Error("trace " + path + ": is being written by another run");
  check(::ftruncate(descriptor, 0) == 0, "cannot be emptied");
  file = storage->create(path);
  check(bool(file), "cannot be created");
}

void TraceWriter::File::write_attribute(hid_t object, const char* name, hid_t type, std::size_t count,
                                        const void* data) {
  const hsize_t size = count;
  const Hdf5Handle space(count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &size, nullptr), H5Sclose);
  const Hdf5Handle attribute(H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  check(attribute && H5Awrite(attribute, type, data) >= 0, "an attribute cannot be written");
}

void TraceWriter::File::write_attributes(const TraceInfo& info) {
  const std::map<std::string_view, std::string> texts{{"file_type", std::string(trace_file_type)},
                                                      {"program_version", info.program_version},
                                                      {"commit", info.commit},
                                                      {"experiment", info.experiment},
                                                      {"host", info.host},
                                                      {"device", info.device},
                                                      {"created", utc_now()}};
  const std::map<std::string_view, std::vector<std::int64_t>> numbers{
      {"schema_version", {schema_version.major, schema_version.minor}},
      {"seed", {static_cast<std::int64_t>(info.seed)}},
      {"random_scheme", {random_scheme_version}},
      {"threads", {info.threads}}};
  const Hdf5Handle string = any_length_string();
  for (const AttributeRow& row : trace_attributes()) {
    const std::string name(row.name);
    if (row.type == TraceType::text) {
      const char* text = texts.at(row.name).c_str();
      write_attribute(file, name.c_str(), string, 1, &text);
    } else {
      write_attribute(file, name.c_str(), native_type(row.type), row.count, numbers.at(row.name).data());
    }
  }
}

void TraceWriter::File::write_axes() {
  std::vector<std::string> names, boundaries, meanings, resources;
  for (const PartRow& part : cost_parts()) {
    names.emplace_back(part.name);
    boundaries.emplace_back(to_string(part.boundary));
    meanings.emplace_back(part.meaning);
  }
  for (const std::string_view resource : resource_names()) resources.emplace_back(resource);
  dimensions = {{"part", names.size()}, {"resource", resources.size()}};
  const TraceColumn parts[] = {{"name", names}, {"boundary", boundaries}, {"meaning", meanings}};
  append("parts", names.size(), parts);
  const TraceColumn busy[] = {{"name", resources}};
  append("resources", resources.size(), busy);
}

Column TraceWriter::File::make_column(const ColumnRow& row, hid_t group) {
  Column column{&row, {}, 1, {}};
  std::string axes = "record";
  for (const std::string_view dimension : row.dimensions) {
    if (dimension.empty()) continue;
    column.shape.push_back(dimensions.at(dimension));
    column.elements *= column.shape.back();
    axes += ", " + std::string(dimension);
  }
  const std::size_t record_bytes = column.elements * stored_bytes(row.type);
  std::vector<hsize_t> size{0}, most{H5S_UNLIMITED};
  std::vector<hsize_t> chunk{std::max<std::size_t>(1, chunk_bytes / record_bytes)};
  for (const hsize_t n : column.shape) {
    size.push_back(n);
    most.push_back(n);
    chunk.push_back(n);
  }
  const int rank = static_cast<int>(size.size());
  const Hdf5Handle space(H5Screate_simple(rank, size.data(), most.data()), H5Sclose);
  const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  H5Pset_chunk(creation, rank, chunk.data());
  // A packed chunk would move in the file each time it grows, and a kill could catch it on the way. So only
  // columns whose chunks hold one record, written once, are packed; the others are filled in place.
  if (record_bytes >= chunk_bytes) {
    H5Pset_shuffle(creation);
    H5Pset_deflate(creation, 4);
  }
  H5Pset_fill_time(creation, H5D_FILL_TIME_NEVER);
  const Hdf5Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  H5Pset_chunk_cache(access, 0, 0, 0);  // records go to the file at once, and nothing else does
  const Hdf5Handle type = stored_type(row.type);
  column.dataset = {
      H5Dcreate2(group, std::string(row.column()).c_str(), type, space, H5P_DEFAULT, creation, access),
      H5Dclose};
  check(bool(column.dataset), "a column cannot be created");
  const std::pair<const char*, std::string> labels[] = {
      {"unit", std::string(row.unit)}, {"dimensions", axes}, {"meaning", std::string(row.meaning)}};
  for (const auto& [name, text] : labels) {
    const Hdf5Handle label(H5Tcopy(H5T_C_S1), H5Tclose);
    H5Tset_size(label, text.size() + 1);
    H5Tset_cset(label, H5T_CSET_UTF8);
    write_attribute(column.dataset, name, label, 1, text.c_str());
  }
  return column;
}

Table TraceWriter::File::make_table(std::span<const ColumnRow> rows) {
  Table table;
  table.group = {H5Gcreate_anon(file, H5P_DEFAULT, H5P_DEFAULT), H5Gclose};
  check(bool(table.group), "a table cannot be created");
  for (const ColumnRow& row : rows) table.columns.push_back(make_column(row, table.group));
  return table;
}

void TraceWriter::File::extend(Column& column, hsize_t before, hsize_t records, const TraceSpan& values) {
  std::vector<hsize_t> start{before}, count{records}, size{before + records};
  for (const hsize_t n : column.shape) {
    start.push_back(0);
    count.push_back(n);
    size.push_back(n);
  }
  check(H5Dset_extent(column.dataset, size.data()) >= 0, "cannot grow");
  const Hdf5Handle target(H5Dget_space(column.dataset), H5Sclose);
  H5Sselect_hyperslab(target, H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
  const Hdf5Handle source(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), H5Sclose);
  const auto write = [&](hid_t type, const void* data) {
    check(H5Dwrite(column.dataset, type, source, target, H5P_DEFAULT, data) >= 0, "cannot be written");
  };
  if (const auto* strings = std::get_if<std::span<const std::string>>(&values)) {
    const std::size_t width = stored_bytes(column.row->type);
    std::vector<char> packed(strings->size() * width, '\0');
    for (std::size_t i = 0; i < strings->size(); ++i)
      std::copy((*strings)[i].begin(), (*strings)[i].end(),
                packed.begin() + static_cast<std::ptrdiff_t>(i * width));
    write(stored_type(column.row->type), packed.data());
  } else {
    std::visit(
        [&](const auto& span) {
          write(native_type(column.row->type), static_cast<const void*>(span.data()));
        },
        values);
  }
}

void TraceWriter::File::append(std::string_view name, std::size_t records,
                               std::span<const TraceColumn> given) {
  if (failed) throw Error("trace " + path + ": an earlier write failed, so it takes no more records");
  const std::span<const ColumnRow> rows = columns_of(name);
  const std::string where = "trace " + path + ": table " + std::string(name) + ": ";
  const std::vector<const TraceSpan*> values = in_schema_order(where, rows, records, given);
  if (records == 0) return;
  auto sizes = dimensions;
  for (std::size_t i = 0; i < rows.size(); ++i)
    sizes = with_sizes_of(where, rows[i], *values[i], records, std::move(sizes));
  dimensions = std::move(sizes);

  const auto found = tables.find(rows.front().table());
  const bool is_new = found == tables.end();
  Table& table = is_new ? tables[rows.front().table()] : found->second;
  if (is_new) table = make_table(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) extend(table.columns[i], table.records, records, *values[i]);
  table.records += records;
  flush();
  if (is_new) {
    // The table stands in the file before anything points at it.
    check(H5Olink(table.group, file, std::string(name).c_str(), H5P_DEFAULT, H5P_DEFAULT) >= 0,
          "a table cannot be created");
    flush();
  }
}

TraceWriter::TraceWriter(const std::string& path, const TraceInfo& info) : file_(std::make_unique<File>()) {
  quiet_hdf5();
  file_->path = path;
  try {
    file_->create();
    file_->write_attributes(info);
    file_->flush();
    file_->write_axes();
  } catch (...) {
    if (file_->failed) ::unlink(path.c_str());
    throw;
  }
}

TraceWriter::~TraceWriter() = default;
TraceWriter::TraceWriter(TraceWriter&&) noexcept = default;
TraceWriter& TraceWriter::operator=(TraceWriter&&) noexcept = default;

void TraceWriter::append(std::string_view table, std::span<const TraceField> record) {
  std::vector<TraceColumn> columns;
  columns.reserve(record.size());
  for (const TraceField& field : record) columns.push_back({field.column, as_span(field.value)});
  append_records(table, 1, columns);
}

void TraceWriter::append_records(std::string_view table, std::size_t records,
                                 std::span<const TraceColumn> columns) {
  file_->append(table, records, columns);
}

void TraceWriter::flush() { file_->flush(); }

const std::string& TraceWriter::path() const noexcept { return file_->path; }

}  // namespace fringe
