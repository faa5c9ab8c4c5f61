#include "workloads/npy.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <memory>

#include "core/error.hpp"
#include "workloads/file_bytes.hpp"
#include "workloads/zip.hpp"

namespace fringe {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::string_view magic = "\x93NUMPY";

template <class T>
double number_at(const std::uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return static_cast<double>(value);
}

struct TypeRow {
  std::string_view name;  // NumPy's `descr`
  std::size_t bytes;
  bool whole;
  double (*read)(const std::uint8_t*);
};
constexpr std::array<TypeRow, 5> types{{{"<f4", 4, false, number_at<float>},
                                        {"<f8", 8, false, number_at<double>},
                                        {"<i4", 4, true, number_at<std::int32_t>},
                                        {"<i8", 8, true, number_at<std::int64_t>},
                                        {"|u1", 1, true, number_at<std::uint8_t>}}};

// What stands behind "'key':" in the header, up to the comma that ends it or the parenthesis that closes it.
std::string_view header_value(std::string_view header, std::string_view key, const std::string& where) {
  const std::string quoted = "'" + std::string(key) + "':";
  std::size_t at = header.find(quoted);
  if (at == header.npos) throw Error(where + "its header has no " + quoted.substr(0, quoted.size() - 1));
  at = header.find_first_not_of(' ', at + quoted.size());
  if (at == header.npos) at = header.size();
  const bool list = at < header.size() && header[at] == '(';
  const std::size_t end = list ? header.find(')', at) : header.find_first_of(",}", at);
  if (end == header.npos)
    throw Error(where + "its header ends inside " + quoted.substr(0, quoted.size() - 1));
  return header.substr(at, end - at + (list ? 1 : 0));
}

std::vector<std::size_t> read_shape(std::string_view text, const std::string& where) {
  std::vector<std::size_t> shape;
  const auto fail = [&] {
    throw Error(where + "shape " + std::string(text) + "; must be sizes in parentheses");
  };
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') fail();
  const std::string_view inside = text.substr(1, text.size() - 2);
  for (std::size_t at = inside.find_first_not_of(' '); at != inside.npos && at < inside.size();) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(inside.data() + at, inside.data() + inside.size(), size);
    if (error != std::errc()) fail();
    shape.push_back(size);
    at = inside.find_first_not_of(" ", static_cast<std::size_t>(end - inside.data()));
    if (at == inside.npos) break;
    if (inside[at] != ',') fail();
    at = inside.find_first_not_of(' ', at + 1);
  }
  return shape;
}

}  // namespace

NumberArray parse_npy(std::span<const std::uint8_t> bytes, const std::string& where) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (!text.starts_with(magic))
    throw Error(where + "does not begin with \\x93NUMPY; must be an array in NumPy's format");
  if (bytes.size() < 10) throw Error(where + "truncated: " + std::to_string(bytes.size()) + " bytes");
  const int version = bytes[6];
  if (version < 1 || version > 3)
    throw Error(where + "format version " + std::to_string(version) + "; must be 1, 2 or 3");
  const std::size_t length_bytes = version == 1 ? 2 : 4, header_at = 8 + length_bytes;
  std::size_t length = 0;
  for (std::size_t i = length_bytes; i > 0 && header_at <= bytes.size(); --i)
    length = length << 8 | bytes[8 + i - 1];
  if (header_at > bytes.size() || length > bytes.size() - header_at)
    throw Error(where + "truncated: " + std::to_string(bytes.size()) + " bytes; its header alone takes " +
                std::to_string(header_at + length));
  const std::string_view header = text.substr(header_at, length);

  std::string descr(header_value(header, "descr", where));
  if (descr.size() >= 2) descr = descr.substr(1, descr.size() - 2);
  const TypeRow* type = nullptr;
  std::string names;
  for (const TypeRow& row : types) {
    if (row.name == descr) type = &row;
    names += (names.empty() ? "" : ", ") + std::string(row.name);
  }
  if (type == nullptr) throw Error(where + "numbers of type '" + descr + "'; must be one of " + names);
  if (header_value(header, "fortran_order", where) != "False")
    throw Error(where + "columns stand one after the other (Fortran order); rows must (C order)");

  NumberArray array;
  array.shape = read_shape(header_value(header, "shape", where), where);
  array.whole = type->whole;
  array.bytes = type->bytes == 1;
  std::size_t count = 1;
  for (const std::size_t size : array.shape) {
    if (size != 0 && count > std::numeric_limits<std::size_t>::max() / 16 / size)
      throw Error(where + "a dimension of " + std::to_string(size) + "; their product must fit into memory");
    count *= size;
  }
  const auto numbers = bytes.subspan(header_at + length);
  if (numbers.size() != count * type->bytes)
    throw Error(where + (numbers.size() < count * type->bytes ? "truncated: " : "bytes after the end: ") +
                std::to_string(numbers.size()) + " bytes of numbers; by its header it must have " +
                std::to_string(count * type->bytes));
  array.values.resize(count);
  for (std::size_t i = 0; i < count; ++i) array.values[i] = type->read(numbers.data() + i * type->bytes);
  return array;
}

NumberArray read_npy(const std::filesystem::path& file) {
  return parse_npy(read_file_bytes("NPY file", file), "NPY file '" + file.string() + "': ");
}

ArrayFile npz_arrays(std::span<const std::uint8_t> bytes, const std::string& name) {
  constexpr std::string_view ending = ".npy";
  const std::string where = "NPZ file '" + name + "': ";
  const auto entries = std::make_shared<std::vector<ZipEntry>>(zip_entries(bytes, where));
  ArrayFile file{where, {}, {}};
  for (const ZipEntry& entry : *entries)
    if (entry.name.ends_with(ending))
      file.names.push_back(entry.name.substr(0, entry.name.size() - ending.size()));
  file.read = [=](const std::string& array) {
    for (const ZipEntry& entry : *entries)
      if (entry.name == array + std::string(ending))
        return parse_npy(zip_read(bytes, entry, where), where + "'" + array + "': ");
    throw Error(where + "no array '" + array + "'");
  };
  return file;
}

}  // namespace fringe
