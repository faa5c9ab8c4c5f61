// Reader of ZIP archives, as far as NPZ files use them: members stored or deflated, plain or ZIP64 (PKWARE,
// "APPNOTE.TXT - .ZIP File Format Specification" 6.3.3). Its own, since libzip is not on every machine that
// fringe builds on; zlib does the unpacking.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace fringe {

struct ZipEntry {
  std::string name;
  std::uint16_t method = 0;                    ///< 0: stored, 8: deflated
  std::uint32_t crc = 0;                       ///< CRC-32 of what it unpacks to
  std::uint64_t packed = 0, size = 0, at = 0;  ///< bytes packed and unpacked; where its local header is
};

/// By the archive's directory. `where` begins every Error: no archive, damaged, several volumes.
std::vector<ZipEntry> zip_entries(std::span<const std::uint8_t> archive, const std::string& where);

/// What the member unpacks to. Throws Error where it is encrypted, packed otherwise, or damaged by its CRC.
std::vector<std::uint8_t> zip_read(std::span<const std::uint8_t> archive, const ZipEntry& entry,
                                   const std::string& where);

}  // namespace fringe
