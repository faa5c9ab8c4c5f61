// Errors that a caller can cause. The library throws fringe::Error at public entries and never prints or
// exits.
#pragma once

#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fringe {

/// Bad input, told in one sentence: where (file, key), what (value), and the rule it broke.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The shortest candidate that goes on where `name` ends ("h100" → "h100-sxm"), else the one with the
/// smallest edit distance, where two neighbours that trade places count once (Damerau, Commun. ACM 7, 171
/// (1964)), or "" where none is within half the length of `name` (of short names: within one).
std::string nearest_name(std::string_view name, std::span<const std::string_view> candidates);

/// "unknown KIND 'NAME'; did you mean 'NEAREST'?" or, where nothing is near, the list of valid names.
std::string unknown_name(std::string_view kind, std::string_view name,
                         std::span<const std::string_view> candidates);

/// The row of a table whose member `name` is `name`; where there is none, Error with unknown_name().
template <class Rows>
const auto& find_row(std::string_view kind, std::string_view name, const Rows& rows) {
  std::vector<std::string_view> names;
  for (const auto& row : rows) {
    if (row.name == name) return row;
    names.push_back(row.name);
  }
  throw Error(unknown_name(kind, name, names));
}

}  // namespace fringe
