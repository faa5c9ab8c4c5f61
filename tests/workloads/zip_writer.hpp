// Writers of NPY and ZIP for tests, from the formats' descriptions.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace fringe::testing {

using Bytes = std::vector<std::uint8_t>;

inline void put(Bytes& to, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) to.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

template <class T>
Bytes npy(const std::string& descr, const std::string& shape, const std::vector<T>& values, int version = 1,
          const std::string& fortran_order = "False") {
  std::string header =
      "{'descr': '" + descr + "', 'fortran_order': " + fortran_order + ", 'shape': " + shape + ", }";
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  while ((8 + length_bytes + header.size() + 1) % 64 != 0) header += ' ';
  header += '\n';
  Bytes bytes{0x93, 'N', 'U', 'M', 'P', 'Y', static_cast<std::uint8_t>(version), 0};
  put(bytes, header.size(), static_cast<int>(length_bytes));
  bytes.insert(bytes.end(), header.begin(), header.end());
  const std::size_t at = bytes.size();
  bytes.resize(at + values.size() * sizeof(T));
  std::memcpy(bytes.data() + at, values.data(), values.size() * sizeof(T));
  return bytes;
}

/// As zlib packs it: window_bits −MAX_WBITS for a member of a ZIP, 16 + MAX_WBITS for a gzip file.
inline Bytes deflated(const Bytes& plain, int window_bits = -MAX_WBITS) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  Bytes packed(deflateBound(&stream, plain.size()));
  stream.next_in = const_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

inline Bytes zip(const std::vector<std::pair<std::string, Bytes>>& members, bool deflate) {
  Bytes archive, directory;
  for (const auto& member : members) {
    const std::string& name = member.first;
    const Bytes& plain = member.second;
    const Bytes packed = deflate ? deflated(plain) : plain;
    const auto crc = crc32(0, plain.data(), static_cast<uInt>(plain.size()));
    const std::size_t at = archive.size();
    const auto common = [&](Bytes& to) {
      put(to, 20, 2), put(to, 0, 2), put(to, deflate ? 8 : 0, 2), put(to, 0, 4);
      put(to, crc, 4), put(to, packed.size(), 4), put(to, plain.size(), 4), put(to, name.size(), 2),
          put(to, 0, 2);
    };
    put(archive, 0x04034b50, 4), common(archive);
    archive.insert(archive.end(), name.begin(), name.end());
    archive.insert(archive.end(), packed.begin(), packed.end());
    put(directory, 0x02014b50, 4), put(directory, 20, 2), common(directory);
    put(directory, 0, 2), put(directory, 0, 2), put(directory, 0, 2), put(directory, 0, 4),
        put(directory, at, 4);
    directory.insert(directory.end(), name.begin(), name.end());
  }
  const std::size_t at = archive.size();
  archive.insert(archive.end(), directory.begin(), directory.end());
  put(archive, 0x06054b50, 4), put(archive, 0, 4), put(archive, members.size(), 2),
      put(archive, members.size(), 2);
  put(archive, directory.size(), 4), put(archive, at, 4), put(archive, 0, 2);
  return archive;
}

}  // namespace fringe::testing
