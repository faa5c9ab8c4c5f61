// The tables behind `fringe list`.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace fringe {

std::span<const std::string_view> list_names() noexcept;
/// One table as text. Throws Error on an unknown name, offering the nearest.
std::string list_table(std::string_view name);

}  // namespace fringe
