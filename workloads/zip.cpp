#include "workloads/zip.hpp"

#include <zlib.h>

#include <algorithm>

#include "core/error.hpp"

namespace fringe {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint32_t local_header = 0x04034b50, directory_header = 0x02014b50, directory_end = 0x06054b50,
                        directory_end_64 = 0x06064b50, locator_64 = 0x07064b50;
constexpr std::size_t local_bytes = 30, directory_bytes = 46, end_bytes = 22, end_64_bytes = 56,
                      locator_bytes = 20, longest_comment = 65535;
constexpr std::uint16_t stored = 0, deflated = 8;

// Little-endian numbers; every access is checked.
class Reader {
 public:
  Reader(Bytes bytes, const std::string& where) : bytes_(bytes), where_(&where) {}
  std::uint64_t number(std::uint64_t at, unsigned size) const {
    const Bytes part = range(at, size);
    std::uint64_t value = 0;
    for (unsigned i = size; i > 0; --i) value = value << 8 | part[i - 1];
    return value;
  }
  Bytes range(std::uint64_t at, std::uint64_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at)
      throw Error(*where_ + "damaged ZIP archive: asks for bytes " + std::to_string(at) + " and on, " +
                  std::to_string(size) + " of them, and has " + std::to_string(bytes_.size()));
    return bytes_.subspan(at, size);
  }
  void expect(std::uint64_t at, std::uint32_t signature, const char* what) const {
    if (number(at, 4) != signature)
      throw Error(*where_ + "damaged ZIP archive: no " + what + " at byte " + std::to_string(at));
  }

 private:
  Bytes bytes_;
  const std::string* where_;
};

struct Directory {
  std::uint64_t at, count;
};

Directory find_directory(Bytes archive, const Reader& read, const std::string& where) {
  if (archive.size() >= end_bytes) {
    const std::size_t last = archive.size() - end_bytes, first = last - std::min(last, longest_comment);
    for (std::size_t at = last + 1; at-- > first;) {
      if (read.number(at, 4) != directory_end || read.number(at + 20, 2) != archive.size() - at - end_bytes)
        continue;
      Directory directory{read.number(at + 16, 4), read.number(at + 10, 2)};
      if (at >= locator_bytes && read.number(at - locator_bytes, 4) == locator_64) {
        const std::uint64_t wide = read.number(at - locator_bytes + 8, 8);
        read.range(wide, end_64_bytes);
        read.expect(wide, directory_end_64, "ZIP64 directory end");
        directory = {read.number(wide + 48, 8), read.number(wide + 32, 8)};
      }
      return directory;
    }
  }
  throw Error(where + "no ZIP directory; must be a whole ZIP archive");
}

// In the ZIP64 extra field stand, in order, those numbers that the plain fields mark with all ones.
void widen(ZipEntry& entry, const Reader& read, std::uint64_t at, std::uint64_t size) {
  constexpr std::uint64_t ones = 0xffffffff;
  for (const std::uint64_t end = at + size; at + 4 <= end;) {
    const std::uint64_t id = read.number(at, 2), length = read.number(at + 2, 2);
    std::uint64_t field = at + 4;
    at = field + length;
    if (id != 1) continue;
    for (std::uint64_t* number : {&entry.size, &entry.packed, &entry.at})
      if (*number == ones && field + 8 <= at) *number = read.number(field, 8), field += 8;
  }
}

}  // namespace

std::vector<ZipEntry> zip_entries(Bytes archive, const std::string& where) {
  const Reader read(archive, where);
  const Directory directory = find_directory(archive, read, where);
  std::vector<ZipEntry> entries;
  std::uint64_t at = directory.at;
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    read.expect(at, directory_header, "directory entry");
    const std::uint64_t name = read.number(at + 28, 2), extra = read.number(at + 30, 2),
                        comment = read.number(at + 32, 2);
    ZipEntry entry;
    const Bytes text = read.range(at + directory_bytes, name);
    entry.name.assign(text.begin(), text.end());
    if ((read.number(at + 8, 2) & 1) != 0) throw Error(where + "'" + entry.name + "' is encrypted");
    entry.method = static_cast<std::uint16_t>(read.number(at + 10, 2));
    entry.crc = static_cast<std::uint32_t>(read.number(at + 16, 4));
    entry.packed = read.number(at + 20, 4);
    entry.size = read.number(at + 24, 4);
    entry.at = read.number(at + 42, 4);
    widen(entry, read, at + directory_bytes + name, extra);
    entries.push_back(std::move(entry));
    at += directory_bytes + name + extra + comment;
  }
  return entries;
}

std::vector<std::uint8_t> zip_read(Bytes archive, const ZipEntry& entry, const std::string& where) {
  const Reader read(archive, where);
  const std::string what = where + "'" + entry.name + "' ";
  read.expect(entry.at, local_header, "member");
  const Bytes packed = read.range(
      entry.at + local_bytes + read.number(entry.at + 26, 2) + read.number(entry.at + 28, 2), entry.packed);
  // Deflate packs at most 1032 to 1 (zlib's manual): a larger promise is a damaged directory.
  if (entry.size / 1032 > entry.packed || (entry.method == stored && entry.size != entry.packed))
    throw Error(what + "promises " + std::to_string(entry.size) + " bytes in " +
                std::to_string(entry.packed));
  std::vector<std::uint8_t> plain(entry.size);
  if (entry.method == stored) {
    std::copy(packed.begin(), packed.end(), plain.begin());
  } else if (entry.method == deflated) {
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw Error(what + "finds no memory to be unpacked");
    std::size_t in = 0, out = 0;
    int status = Z_OK;
    while (status == Z_OK) {
      constexpr std::size_t most = std::size_t{1} << 30;
      const std::size_t give = std::min(most, packed.size() - in), room = std::min(most, plain.size() - out);
      stream.next_in = const_cast<Bytef*>(packed.data() + in);  // zlib's interface lacks the const
      stream.avail_in = static_cast<uInt>(give);
      stream.next_out = plain.data() + out;
      stream.avail_out = static_cast<uInt>(room);
      status = inflate(&stream, Z_NO_FLUSH);
      in += give - stream.avail_in;
      out += room - stream.avail_out;
    }
    inflateEnd(&stream);
    if (status != Z_STREAM_END || out != plain.size()) throw Error(what + "is damaged: cannot be unpacked");
  } else {
    throw Error(what + "is packed by method " + std::to_string(entry.method) + "; must be 0 or 8 (deflate)");
  }
  if (crc32_z(0, plain.data(), plain.size()) != entry.crc)
    throw Error(what + "is damaged: its CRC-32 is not that of the directory");
  return plain;
}

}  // namespace fringe
