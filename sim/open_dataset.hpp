// Every data set that fringe reads or generates, by path or name: the table behind `data`, --data, `fringe
// audit-data` and `fringe list data`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/thread_pool.hpp"
#include "workloads/audit.hpp"
#include "workloads/robot_arm.hpp"

namespace fringe {

/// What a file doesn't say itself.
struct DataOptions {
  std::string test{};    ///< a second file of the same format, the test part; empty: none
  std::string label{};   ///< column of a CSV or NPY table: the class; empty: the last
  std::string target{};  ///< column that is a number to be told instead; of NPZ and HDF5: "y", never labels
  std::string group{};   ///< column that tells whom a sample comes from
  std::size_t window = 64;  ///< bytes of a sample of text
};

struct OpenedData {
  Dataset data;
  std::optional<Split> split;  ///< absent: none comes with the data
};

struct DataFormat {
  std::string_view name;                        ///< "idx", "csv", …, or the name of a generated set
  std::string_view what;                        ///< what is recognised, and what it becomes
  std::string_view split;                       ///< what tells training from test rows
  std::string_view options;                     ///< fields of DataOptions that it takes, separated by spaces
  std::string_view source;                      ///< of the format or the data
  bool (*recognises)(const std::string& path);  ///< null: by its name
  OpenedData (*open)(const std::string& path, const DataOptions&, ThreadPool&);
  Dataset (*first)() = nullptr;  ///< the first sample of a set that takes long to generate
};
/// Sets by name first, then folders and files.
std::span<const DataFormat> data_formats() noexcept;

/// Throws Error, offering the nearest name, unless `what` names a set, or a file or folder that is there.
void require_data(const std::string& what);

/// The first sample of a set that takes long to generate, to see whether it fits; of other data nothing.
std::optional<Dataset> first_sample(const std::string& what);

/// By name, else by path. Throws Error naming the place and the rule, for an option that the format doesn't
/// take, and, where the format is not known, with all that are.
OpenedData open_dataset(const std::string& what, const DataOptions& options, ThreadPool& pool);

struct NamedSplit {
  std::string name;
  Split split;
};
/// The splits that networks are trained on: the given one, or stratified folds and, as the last, the ordered
/// split whose test part is the end of the file. Where samples have groups, each stands on one side of every
/// split; where the file mixes groups, there is no ordered one.
std::vector<NamedSplit> splits_of(const OpenedData& opened, int folds, std::uint64_t seed);

}  // namespace fringe
