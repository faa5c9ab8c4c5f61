#include "sim/toml_section.hpp"

#include <fstream>
#include <sstream>

namespace fringe {

std::string read_toml_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(file + ": cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad() || text.str().empty()) throw Error(file + ": is empty or no file");
  return text.str();
}

toml::table parse_toml(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    const auto at = error.source().begin;
    throw Error(file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
                std::string(error.description()));
  }
}

}  // namespace fringe
