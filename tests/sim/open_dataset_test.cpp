// Every format opened by path, and what an audit of it says.
#include "sim/open_dataset.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "../workloads/expect_error.hpp"
#include "../workloads/zip_writer.hpp"
#include "core/draw.hpp"
#include "sim/audit_data.hpp"

namespace fringe {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;

class OpenDataset : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) /
              (std::string("fringe_open_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return path(name);
  }
  std::string write(const std::string& name, const testing::Bytes& bytes) const {
    return write(name, std::string(bytes.begin(), bytes.end()));
  }
  OpenedData open(const std::string& what, const DataOptions& options = {}) {
    return open_dataset(what, options, pool_);
  }
  fs::path folder_;
  ThreadPool pool_{2};
};

const std::vector<float> x_values{0.5f, 1, 2, 3, 4, 5, 6, 7};
const std::vector<std::int64_t> y_values{1, 0, 2, 1};

void expect_rows(const Dataset& data) {
  EXPECT_NO_THROW(validate(data));
  EXPECT_EQ(data.values, x_values);
  EXPECT_EQ(data.labels, (std::vector<std::int32_t>{1, 0, 2, 1}));
  EXPECT_EQ(data.classes, 3u);
}

// The same four rows from every format of tables and arrays.
TEST_F(OpenDataset, EveryTableAndArrayGivesTheSameRows) {
  write("a.csv", "x,y,label\n0.5,1,1\n2,3,0\n4,5,2\n6,7,1\n");
  const auto x = testing::npy("<f4", "(4, 2)", x_values), y = testing::npy("<i8", "(4,)", y_values);
  write("a.npz", testing::zip({{"x.npy", x}, {"y.npy", y}}, true));
  write("a.npy", testing::npy("<f8", "(4, 3)", std::vector<double>{0.5, 1, 1, 2, 3, 0, 4, 5, 2, 6, 7, 1}));
  const hid_t file = H5Fcreate(path("a.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const auto put = [&](const char* name, std::vector<hsize_t> shape, hid_t stored, hid_t type,
                       const void* values) {
    const hid_t space = H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr);
    const hid_t set = H5Dcreate2(file, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    EXPECT_GE(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
    H5Dclose(set);
    H5Sclose(space);
  };
  put("x", {4, 2}, H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, x_values.data());
  put("y", {4}, H5T_STD_I16LE, H5T_NATIVE_INT64, y_values.data());
  H5Fclose(file);
  for (const char* name : {"a.csv", "a.npz", "a.npy", "a.h5"}) {
    SCOPED_TRACE(name);
    const OpenedData opened = open(path(name));
    expect_rows(opened.data);
    EXPECT_FALSE(opened.split);
    EXPECT_EQ(opened.data.name, name);
    const OpenedData two = open(path(name), {.test = path(name)});
    ASSERT_TRUE(two.split);
    EXPECT_EQ(two.data.samples, 8u);
    EXPECT_EQ(two.split->test, (std::vector<std::uint32_t>{4, 5, 6, 7}));
    const AuditReport report = audit(two.data, *two.split);
    EXPECT_EQ(report.exact, 4u) << "the file against itself";
    EXPECT_EQ(report.conflicts, 0u);
  }
  const Dataset column = open(path("a.npy"), {.target = "1", .group = "3"}).data;
  EXPECT_EQ(column.targets, (std::vector<float>{0.5f, 2, 4, 6}));
  EXPECT_EQ(column.groups, (std::vector<std::int32_t>{1, 0, 2, 1}));
  EXPECT_EQ(open(path("a.h5"), {.target = "y"}).data.targets, (std::vector<float>{1, 0, 2, 1}));

  expect_error([&] { open(path("a.npy"), {.label = "4"}); }, {"a.npy", "'4'", "1 to 3"});
  expect_error([&] { open(path("a.npz"), {.label = "y"}); }, {"npz", "'label'", "test target"});
  expect_error([&] { open(path("a.h5"), {.target = "z"}); }, {"a.h5", "'z'", "'y'"});
  expect_error([&] { open(path("a.csv"), {.test = path("b.csv")}); }, {"b.csv", "cannot be read"});
  write("b.csv", "x,label\n1,1\n");
  expect_error([&] { open(path("a.csv"), {.test = path("b.csv")}); }, {"a.csv", "b.csv", "one form"});
  write("c.h5", "\x89HDF text");
  expect_error([&] { open(path("c.h5")); }, {"c.h5", "no HDF5 file"});
}

TEST_F(OpenDataset, FilesWithTheirOwnSplit) {
  const auto x = testing::npy("<f4", "(4, 2)", x_values), y = testing::npy("<i8", "(4,)", y_values);
  write("a.npz",
        testing::zip({{"x_train.npy", x}, {"y_train.npy", y}, {"x_test.npy", x}, {"y_test.npy", y}}, false));
  const OpenedData opened = open(path("a.npz"));
  EXPECT_EQ(opened.data.samples, 8u);
  EXPECT_EQ(opened.split->train.size(), 4u);
  EXPECT_EQ(splits_of(opened, 5, 1).size(), 1u);
  expect_error([&] { open(path("a.npz"), {.test = path("a.npz")}); }, {"a.npz", "its own test part"});
}

// Twelve rows by four subjects, from a column and from an array: no split has one on both sides.
TEST_F(OpenDataset, FoldsKeepGroupsTogether) {
  std::string table = "x,subject,label\n";
  std::vector<float> x;
  std::vector<std::int64_t> y, group;
  for (int i = 0; i < 12; ++i) {
    x.insert(x.end(), {static_cast<float>(i), 1});
    y.push_back(i % 2);
    group.push_back(100 * (i / 3));
    table += std::to_string(i) + "," + std::to_string(group.back()) + "," + std::to_string(y.back()) + "\n";
  }
  write("a.csv", table);
  write("a.npz", testing::zip({{"x.npy", testing::npy("<f4", "(12, 2)", x)},
                               {"y.npy", testing::npy("<i8", "(12,)", y)},
                               {"group.npy", testing::npy("<i8", "(12,)", group)}},
                              false));
  for (const OpenedData& opened : {open(path("a.csv"), {.group = "subject"}), open(path("a.npz"))}) {
    ASSERT_EQ(opened.data.groups.size(), 12u);
    const std::vector<NamedSplit> splits = splits_of(opened, 4, 1);
    ASSERT_EQ(splits.size(), 5u);
    for (const NamedSplit& each : splits) {
      EXPECT_EQ(audit(opened.data, each.split).shared_groups, 0u) << each.name;
      EXPECT_EQ(each.split.test.size(), 3u) << each.name << ": a subject";
    }
    expect_error([&] { splits_of(opened, 5, 1); }, {"folds = 5", "4 groups"});
  }
  EXPECT_FALSE(audit_data(path("a.npz"), {}, {}, pool_).leaks()) << "as many folds as there are groups";
  expect_error([&] { open(path("a.csv"), {.group = "person"}); }, {"a.csv", "'person'"});
}

TEST_F(OpenDataset, TextAndUnknownNames) {
  const std::string text = write("verse.txt", std::string(20, 'a') + std::string(20, 'b'));
  const OpenedData opened = open(text, {.window = 13});
  EXPECT_EQ(opened.data.samples, 3u);
  EXPECT_EQ(opened.data.labels_per_sample, 13u);
  EXPECT_EQ(opened.split->test, (std::vector<std::uint32_t>{2})) << "its end";
  expect_error([&] { open("robot-arn"); }, {"'robot-arn'", "'robot-arm'"});
  expect_error([&] { open(path("nowhere")); }, {"nowhere", "no file or folder"});
  expect_error([&] { open(folder_.string()); },
               {"no known format", "train-images-idx3-ubyte", "csv", "hdf5"});
}

TEST_F(OpenDataset, SetsByNameAreWholeAndLeakWhereTheySaySo) {
  for (const DataFormat& format : data_formats()) {
    EXPECT_FALSE(format.what.empty() || format.source.empty() || format.split.empty()) << format.name;
    if (format.recognises != nullptr) continue;
    SCOPED_TRACE(format.name);
    const OpenedData named = open(std::string(format.name));
    EXPECT_NO_THROW(validate(named.data));
    if (const std::optional<Dataset> first = first_sample(std::string(format.name))) {
      EXPECT_EQ(first->samples, 1u);
      EXPECT_EQ(first->shape, named.data.shape);
      EXPECT_TRUE(std::equal(first->values.begin(), first->values.end(), named.data.values.begin()));
    }
    for (const NamedSplit& each : splits_of(named, 5, 1))
      EXPECT_EQ(audit(named.data, each.split).leaks(), format.name == "robot-arm-leaking") << each.name;
    expect_error([&] { open(std::string(format.name), {.test = "x"}); }, {"takes no option 'test'"});
  }
}

// An honest table, the same with a tenth of its training rows among the test rows, and with persons on both
// sides.
TEST_F(OpenDataset, AuditTellsLeaksAndWhatTheyAreWorth) {
  std::string train, test, leaking;
  const DrawStream stream = stream_of({.seed = 12});
  for (std::uint64_t i = 0; i < 220; ++i) {
    std::string row;
    for (std::uint64_t f = 0; f < 4; ++f)
      row += std::to_string(uniform_from_bits(random_bits(stream, 5 * i + f))) + ",";
    // Labels are coin flips: nothing can be learnt, half of the honest answers are right.
    row += std::to_string(random_bits(stream, 5 * i + 4) % 2) + "\n";
    (i < 200 ? train : test) += row;
    if (i % 10 == 0 && i < 200) leaking += row;
  }
  write("train.csv", train);
  write("test.csv", test);
  write("leaking.csv", leaking);
  const DataAudit clean = audit_data(path("train.csv"), {.test = path("test.csv")}, {}, pool_);
  EXPECT_FALSE(clean.leaks());
  EXPECT_FALSE(clean.worth);
  EXPECT_NE(audit_text(clean).find("No leak"), std::string::npos);
  const DataAudit leaks = audit_data(path("train.csv"), {.test = path("leaking.csv")}, {}, pool_);
  ASSERT_TRUE(leaks.worth);
  EXPECT_EQ(leaks.worth->removed, 20u);
  EXPECT_EQ(*leaks.worth->given.accuracy, 1.0);
  // 20 coin flips: more than 17 right has probability 2e-4.
  EXPECT_LE(*leaks.worth->apart.accuracy, 17.0 / 20);
  EXPECT_NE(audit_text(leaks).find("20 of 20 test rows are known from training"), std::string::npos)
      << audit_text(leaks);
  const auto json = nlohmann::json::parse(audit_json(leaks));
  EXPECT_TRUE(json["leaks"].get<bool>());
  EXPECT_EQ(json["splits"][0]["exact"], 20);
  EXPECT_EQ(json["nearest_neighbour"]["training_rows_left_out"], 20);
}

}  // namespace
}  // namespace fringe
