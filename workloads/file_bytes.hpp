// A whole file in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace fringe {

/// Throws Error "KIND 'FILE': …" where it cannot be read in full.
std::vector<std::uint8_t> read_file_bytes(std::string_view kind, const std::filesystem::path& file);

}  // namespace fringe
