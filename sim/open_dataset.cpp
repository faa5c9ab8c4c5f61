#include "sim/open_dataset.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <utility>

#include "core/error.hpp"
#include "sim/hdf5_arrays.hpp"
#include "workloads/cifar.hpp"
#include "workloads/csv.hpp"
#include "workloads/ct_phantoms.hpp"
#include "workloads/digits.hpp"
#include "workloads/file_bytes.hpp"
#include "workloads/novel.hpp"
#include "workloads/npy.hpp"
#include "workloads/text_windows.hpp"

namespace fringe {
namespace {

namespace fs = std::filesystem;

constexpr double ordered_fraction = 0.75, text_fraction = 0.9;
constexpr std::size_t ct_test_images = 128;

OpenedData with_split(Dataset train, const Dataset& test) {
  Split split;
  const auto first_test = static_cast<std::uint32_t>(train.samples);
  OpenedData opened{joined(std::move(train), test), {}};
  for (std::uint32_t i = 0; i < opened.data.samples; ++i)
    (i < first_test ? split.train : split.test).push_back(i);
  opened.split = std::move(split);
  return opened;
}
OpenedData with_split(TrainTest parts) { return with_split(std::move(parts.train), parts.test); }

/// The file, and the test file behind it where one is given.
template <class Read>
OpenedData one_or_two(const std::string& path, const DataOptions& options, Read read) {
  if (options.test.empty()) return {read(path), {}};
  return with_split(read(path), read(options.test));
}

OpenedData open_digits(const std::string&, const DataOptions&, ThreadPool&) { return {optical_digits(), {}}; }

OpenedData open_phantoms(const std::string&, const DataOptions&, ThreadPool& pool) {
  OpenedData opened{ct_phantoms({}, &pool), Split{}};
  for (std::uint32_t i = 0; i < opened.data.samples; ++i)
    (i + ct_test_images < opened.data.samples ? opened.split->train : opened.split->test).push_back(i);
  return opened;
}

Dataset first_phantom() { return ct_phantoms({.images = 1}); }

OpenedData open_arm(const std::string& name, const DataOptions&, ThreadPool&) {
  SplitDataset arm = robot_arm({.leaking = name == "robot-arm-leaking"});
  return {std::move(arm.data), std::move(arm.split)};
}

OpenedData open_idx(const std::string& path, const DataOptions&, ThreadPool&) {
  return with_split(load_idx_directory(path));
}

OpenedData open_cifar(const std::string& path, const DataOptions&, ThreadPool&) {
  return with_split(load_cifar_directory(path));
}

OpenedData open_csv(const std::string& path, const DataOptions& options, ThreadPool&) {
  return one_or_two(path, options, [&](const std::string& file) {
    return read_csv(file, {options.label, options.target, options.group});
  });
}

/// A table as CSV has it, columns by their number from 1.
Dataset table_of(const std::string& path, const DataOptions& options) {
  const NumberArray array = read_npy(path);
  const std::string where = "NPY file '" + path + "': ";
  if (array.shape.size() != 2 || array.shape[0] == 0 || array.shape[1] < 2)
    throw Error(where + "has " + std::to_string(array.shape.size()) +
                " dimensions; must be a table [samples, columns] of two columns or more (arrays x and y go "
                "in an NPZ)");
  const std::size_t rows = array.shape[0], columns = array.shape[1];
  const auto column = [&](const std::string& name) {
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || end != name.data() + name.size()) number = 0;
    if (number < 1 || number > columns)
      throw Error(where + "no column '" + name + "'; its columns are 1 to " + std::to_string(columns));
    return number - 1;
  };
  const bool numbers = !options.target.empty();
  const std::size_t answer = numbers                 ? column(options.target)
                             : options.label.empty() ? columns - 1
                                                     : column(options.label);
  const std::size_t group = options.group.empty() ? columns : column(options.group);
  NumberArray x{{rows, columns - 1 - (group < columns ? 1 : 0)}, {}, false, false},
      y{{rows}, {}, !numbers, false};
  Dataset groups;
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t c = 0; c < columns; ++c) {
      const double value = array.values[i * columns + c];
      const bool class_or_group = (c == answer && !numbers) || c == group;
      if (class_or_group && value != static_cast<std::int32_t>(value))
        throw Error(where + "row " + std::to_string(i) + ", column " + std::to_string(c + 1) + " = " +
                    std::to_string(value) + "; a class or group must be a whole number");
      if (c == group)
        groups.groups.push_back(static_cast<std::int32_t>(value));
      else
        (c == answer ? y : x).values.push_back(value);
    }
  Dataset data =
      dataset_from_arrays(where, "features", std::move(x), numbers ? "target" : "label", y, !numbers);
  data.groups = std::move(groups.groups);
  data.name = fs::path(path).filename().string();
  return data;
}

OpenedData open_npy(const std::string& path, const DataOptions& options, ThreadPool&) {
  return one_or_two(path, options, [&](const std::string& file) { return table_of(file, options); });
}

OpenedData open_arrays(const std::string& path, const DataOptions& options,
                       const std::function<Parts(const std::string&, bool labels)>& read) {
  if (!options.target.empty() && options.target != "y")
    throw Error("data '" + path + "': target = '" + options.target +
                "'; arrays of numbers to be told are named 'y'");
  const auto named = [&](const std::string& file) {
    Parts parts = read(file, options.target.empty());
    parts.train.name = fs::path(file).filename().string();
    return parts;
  };
  Parts parts = named(path);
  if (!parts.test)
    return one_or_two(path, options, [&](const std::string& file) {
      return file == path ? parts.train : named(file).train;
    });
  if (!options.test.empty())
    throw Error("data '" + path + "' brings its own test part: it takes no test file '" + options.test + "'");
  return with_split(std::move(parts.train), *parts.test);
}

OpenedData open_npz(const std::string& path, const DataOptions& options, ThreadPool&) {
  return open_arrays(path, options, [](const std::string& file, bool labels) {
    const auto bytes = read_file_bytes("NPZ file", file);
    return parts_from_arrays(npz_arrays(bytes, file), labels);
  });
}

OpenedData open_hdf5(const std::string& path, const DataOptions& options, ThreadPool&) {
  return open_arrays(path, options, [](const std::string& file, bool labels) {
    return parts_from_arrays(hdf5_arrays(file), labels);
  });
}

/// The last tenth tests: folds would put windows of one sentence on both sides.
OpenedData with_end_as_test(Dataset data) {
  Split split = ordered_split(data, text_fraction);
  return {std::move(data), std::move(split)};
}

OpenedData open_text(const std::string& path, const DataOptions& options, ThreadPool&) {
  return with_end_as_test(read_text(path, options.window));
}

OpenedData open_novel(const std::string& name, const DataOptions& options, ThreadPool&) {
  Dataset data = parse_text(northanger_abbey(), name, options.window);
  data.source =
      "J. Austen, Northanger Abbey (1817), from Project Gutenberg by way of the R package janeaustenr";
  data.licence = "public domain";
  return with_end_as_test(std::move(data));
}

template <char a, char b, char c = 0>
bool begins(const std::string& path) {
  if (!fs::is_regular_file(path)) return false;
  std::array<char, 3> first{};
  std::ifstream(path, std::ios::binary).read(first.data(), c == 0 ? 2 : 3);
  return first == std::array<char, 3>{a, b, c};
}
bool is_idx(const std::string& path) {
  for (const char* name : {"train-images-idx3-ubyte", "train-images.idx3-ubyte"})
    if (fs::exists(fs::path(path) / name) || fs::exists(fs::path(path) / (std::string(name) + ".gz")))
      return true;
  return false;
}
bool is_cifar(const std::string& path) { return fs::is_directory(path) && is_cifar_directory(path); }
template <char... ending>
bool ends(const std::string& path) {
  constexpr std::array text{'.', ending...};
  return path.ends_with(std::string_view(text.data(), text.size())) && fs::is_regular_file(path);
}

constexpr std::string_view no_split = "folds and the order of the file, or a test file";
constexpr std::string_view some_split = "x_test; else folds and the order of the file, or a test file";

constexpr std::array<DataFormat, 12> formats{{
    {"optical-digits", "1797 digits of 8x8 pixels in ten classes, embedded",
     "folds and the order of the file", "",
     "E. Alpaydin, C. Kaynak, UCI Machine Learning Repository (1998), doi:10.24432/C50P49", nullptr,
     open_digits},
    {"ct-phantoms",
     "generated: 640 low-dose CT images of 64x64 pixels and the phantoms behind them (targets)",
     "its own: the last 128 test", "",
     "phantoms after L. A. Shepp, B. F. Logan (1974); dose of J. Leuschner et al., Scientific Data 8, 109 "
     "(2021)",
     nullptr, open_phantoms, first_phantom},
    {"northanger-abbey",
     "windows of 64 characters of Jane Austen's novel and, for each, the next one; embedded",
     "its own: the last tenth test", "window",
     "public domain; Project Gutenberg by way of J. Silge's R package janeaustenr 1.0.0", nullptr,
     open_novel},
    {"robot-arm",
     "generated: torque of a two-link arm (target; its sign is the label) from 6 features, 4400 rows",
     "its own: 400 test", "", "M. W. Spong et al., Robot Modeling and Control (2006), section 7.4", nullptr,
     open_arm},
    {"robot-arm-leaking", "the same, but the 400 test rows stand in the training rows", "its own", "",
     "as robot-arm; the leak is that of the SARCOS data set", nullptr, open_arm},
    {"idx", "folder of train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-..., plain or .gz; bytes / 255",
     "its own", "", "Y. LeCun, C. Cortes, C. Burges, The MNIST database", is_idx, open_idx},
    {"cifar",
     "folder of data_batch_1.bin ... and test_batch.bin, or CIFAR-100's train.bin and test.bin; bytes / 255",
     "its own", "", "A. Krizhevsky, The CIFAR-10 dataset, https://www.cs.toronto.edu/~kriz/cifar.html",
     is_cifar, open_cifar},
    {"npy", "file that begins with \\x93NU: a table [samples, columns]; columns by their number from 1",
     no_split, "test label target group",
     "numpy.lib.format, versions 1 to 3; little-endian f4, f8, i4, i8, and u1", begins<'\x93', 'N', 'U'>,
     open_npy},
    {"npz", "file that begins with PK: arrays x and y, or x_train, y_train, x_test, y_test; bytes / 255",
     some_split, "test target", "numpy.savez and numpy.savez_compressed", begins<'P', 'K'>, open_npz},
    {"hdf5", "file that begins with \\x89HD: data sets named like an NPZ's arrays; bytes / 255", some_split,
     "test target", "The HDF Group, HDF5", begins<'\x89', 'H', 'D'>, open_hdf5},
    {"csv", "file *.csv: numbers, with a head or none; the last column is the class unless told otherwise",
     no_split, "test label target group", "Y. Shafranovich, RFC 4180", ends<'c', 's', 'v'>, open_csv},
    {"text", "file *.txt: windows of bytes and, for each byte, the next (a label per token)",
     "its own: the last tenth test", "window", "plain text", ends<'t', 'x', 't'>, open_text},
}};

void refuse_options(const DataFormat& format, const DataOptions& options) {
  const DataOptions none;
  const std::array<std::pair<std::string_view, bool>, 5> given{{{"test", !options.test.empty()},
                                                                {"label", !options.label.empty()},
                                                                {"target", !options.target.empty()},
                                                                {"group", !options.group.empty()},
                                                                {"window", options.window != none.window}}};
  for (const auto& [name, set] : given)
    if (set &&
        (" " + std::string(format.options) + " ").find(" " + std::string(name) + " ") == std::string::npos)
      throw Error("data of format '" + std::string(format.name) + "' takes no option '" + std::string(name) +
                  "'" + (format.options.empty() ? "" : ", only: " + std::string(format.options)));
}

}  // namespace

std::span<const DataFormat> data_formats() noexcept { return formats; }

void require_data(const std::string& what) {
  std::vector<std::string_view> names;
  for (const DataFormat& format : formats)
    if (format.recognises == nullptr) names.push_back(format.name);
  if (std::find(names.begin(), names.end(), what) != names.end() || fs::exists(what)) return;
  throw Error("no file or folder, and " + unknown_name("data set", what, names));
}

std::optional<Dataset> first_sample(const std::string& what) {
  for (const DataFormat& format : formats)
    if (format.name == what && format.first != nullptr) return format.first();
  return {};
}

OpenedData open_dataset(const std::string& what, const DataOptions& options, ThreadPool& pool) {
  require_data(what);
  const auto row = std::find_if(formats.begin(), formats.end(), [&](const DataFormat& format) {
    return format.recognises == nullptr ? format.name == what : format.recognises(what);
  });
  if (row == formats.end()) {
    std::string known;
    for (const DataFormat& format : formats)
      if (format.recognises != nullptr)
        known += "; " + std::string(format.name) + ": " +
                 std::string(format.what.substr(0, format.what.find_first_of(":;")));
    throw Error("data '" + what + "': of no known format" + known);
  }
  refuse_options(*row, options);
  OpenedData opened = row->open(what, options, pool);
  if (opened.data.name.empty()) opened.data.name = what;
  if (opened.data.source.empty()) opened.data.source = std::string(row->name) + " " + what;
  if (opened.data.licence.empty()) opened.data.licence = "not stated";
  validate(opened.data);
  return opened;
}

std::vector<NamedSplit> splits_of(const OpenedData& opened, int folds, std::uint64_t seed) {
  if (opened.split) return {{"given", *opened.split}};
  std::vector<NamedSplit> splits;
  const bool grouped = !opened.data.groups.empty();
  const std::vector<int> fold =
      grouped ? grouped_folds(opened.data, folds, seed) : stratified_folds(opened.data, folds, seed);
  for (int k = 0; k < folds; ++k) splits.push_back({"fold " + std::to_string(k), fold_split(fold, k)});
  if (!grouped)
    splits.push_back({"ordered", ordered_split(opened.data, ordered_fraction)});
  else if (auto split = ordered_group_split(opened.data, ordered_fraction))
    splits.push_back({"ordered", *std::move(split)});
  return splits;
}

}  // namespace fringe
