// Reader of CSV tables (Y. Shafranovich, RFC 4180): records of fields between commas; a field in double
// quotes may hold commas, line ends and, doubled, quotes.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "workloads/dataset.hpp"

namespace fringe {

/// visit(line, fields) for each record, lines counted from 1; empty lines are passed over. Fields live until
/// it returns. Throws Error naming file and line where a quoted field has no end or text follows it.
void for_each_record(
    std::string_view text, const std::string& file,
    const std::function<void(std::size_t line, std::span<const std::string_view> fields)>& visit);

/// Columns by their name, or, in a table without a head, by their number from 1.
struct CsvColumns {
  std::string
      label;  ///< class of a sample: whole numbers from 0; empty: the last column, unless there is a target
  std::string target{};  ///< a number to be told instead
  std::string group{};   ///< whole numbers; empty: none
};

/// Every other column is a feature, kept as it is. The first record is the head if any of its fields is no
/// number. Throws Error naming file, line, column, value and rule.
Dataset parse_csv(std::string_view text, const std::string& file, const CsvColumns& columns = {});
Dataset read_csv(const std::filesystem::path& file, const CsvColumns& columns = {});

}  // namespace fringe
