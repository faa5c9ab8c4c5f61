#include "workloads/file_bytes.hpp"

#include <openssl/sha.h>

#include <array>
#include <fstream>

#include "core/error.hpp"

namespace fringe {

std::vector<std::uint8_t> read_file_bytes(std::string_view kind, const std::filesystem::path& file) {
  const std::string where = std::string(kind) + " '" + file.string() + "': ";
  std::error_code unreadable;
  const auto size = std::filesystem::file_size(file, unreadable);
  std::ifstream stream(file, std::ios::binary);
  if (unreadable || !stream) throw Error(where + "cannot be read; it must be a readable file");
  std::vector<std::uint8_t> bytes(size);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (static_cast<std::uintmax_t>(stream.gcount()) != size)
    throw Error(where + "only " + std::to_string(stream.gcount()) + " of its " + std::to_string(size) +
                " bytes could be read");
  return bytes;
}

std::string sha256_hex(std::span<const std::uint8_t> bytes) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(bytes.data(), bytes.size(), digest.data());
  std::string text;
  for (const std::uint8_t byte : digest) {
    constexpr std::string_view digits = "0123456789abcdef";
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace fringe
