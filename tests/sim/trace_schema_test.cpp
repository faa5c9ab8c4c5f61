#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "sim/schema.hpp"

namespace fringe {
namespace {

const std::string page_path = std::string(FRINGE_SOURCE_DIR) + "/docs/trace_schema.md";

TEST(TraceSchema, PageIsFresh) {
  if (std::getenv("FRINGE_UPDATE") != nullptr) std::ofstream(page_path) << schema_markdown();
  std::ifstream page(page_path);
  std::stringstream text;
  text << page.rdbuf();
  EXPECT_EQ(text.str(), schema_markdown()) << "docs/trace_schema.md is stale; refresh it with "
                                              "FRINGE_UPDATE=1 test_sim --gtest_filter=TraceSchema.*";
}

TEST(TraceSchema, EveryRowIsWellFormed) {
  std::set<std::string_view> tables, paths;
  for (const TableRow& table : trace_tables()) {
    EXPECT_TRUE(tables.insert(table.name).second) << table.name;
    EXPECT_FALSE(columns_of(table.name).empty()) << table.name;
    EXPECT_FALSE(table.meaning.empty()) << table.name;
  }
  std::size_t in_tables = 0;
  for (const TableRow& table : trace_tables()) in_tables += columns_of(table.name).size();
  EXPECT_EQ(in_tables, trace_columns().size()) << "columns of one table must stand together";
  for (const ColumnRow& row : trace_columns()) {
    EXPECT_TRUE(paths.insert(row.path).second) << row.path;
    EXPECT_TRUE(tables.contains(row.table())) << row.path;
    EXPECT_NE(row.type, TraceType::u64) << row.path;
    EXPECT_FALSE(row.meaning.empty()) << row.path;
    const bool text = row.type == TraceType::name || row.type == TraceType::text;
    EXPECT_EQ(row.unit.empty(), text) << row.path;
    // The writer works out the size of one new dimension from the number of values.
    EXPECT_TRUE(row.dimensions[1].empty() || row.dimensions[0] == row.dimensions[1] ||
                row.dimensions[0] == "part" || row.dimensions[0] == "resource")
        << row.path;
    EXPECT_LE(row.since.major, schema_version.major) << row.path;
    const bool tagged = std::ranges::any_of(columns_of(row.table()),
                                            [](const ColumnRow& r) { return r.column() == "provenance"; });
    EXPECT_TRUE(tagged || row.equality != Equality::by_provenance) << row.path;
  }
}

}  // namespace
}  // namespace fringe
