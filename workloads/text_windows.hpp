// A text as samples of a character model: windows of a text and, for each character, the one that follows.
#pragma once

#include <filesystem>
#include <string_view>

#include "workloads/dataset.hpp"

namespace fringe {

/// Windows of `window` bytes, one after the other, that do not overlap; what is left at the end is dropped. A
/// byte's number is its rank among the distinct bytes of the whole text, in ascending order: these are the
/// classes. Values are numbers of bytes (what an embedding reads), shape {window}; the labels of a sample are
/// the numbers of the bytes after each of its own. Throws Error where the text has fewer than window + 1
/// bytes, or only one distinct.
Dataset parse_text(std::string_view text, const std::string& name, std::size_t window);
Dataset read_text(const std::filesystem::path& file, std::size_t window);

}  // namespace fringe
