// A whole file in memory, and what tells it from others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fringe {

/// Throws Error "KIND 'FILE': …" where it cannot be read in full.
std::vector<std::uint8_t> read_file_bytes(std::string_view kind, const std::filesystem::path& file);

/// SHA-256 (FIPS 180-4) in 64 hexadecimal digits, as sha256sum prints it.
std::string sha256_hex(std::span<const std::uint8_t> bytes);

}  // namespace fringe
