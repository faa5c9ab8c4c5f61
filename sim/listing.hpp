// The tables behind `fringe list`.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace fringe {

std::span<const std::string_view> list_names() noexcept;
/// What each table holds, a line a table.
std::string list_of_lists();
/// One table as text, in lines of at most 100 characters where words allow it. Throws Error on an unknown
/// name, offering the nearest.
std::string list_table(std::string_view name);

}  // namespace fringe
