// Readers of files against writers that follow the formats' descriptions.
#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "core/draw.hpp"
#include "expect_error.hpp"
#include "workloads/cifar.hpp"
#include "workloads/csv.hpp"
#include "workloads/npy.hpp"
#include "workloads/text_windows.hpp"
#include "workloads/zip.hpp"
#include "zip_writer.hpp"

namespace fringe {
namespace {

using testing::Bytes;
using testing::expect_error;
using testing::npy;
using testing::zip;

Bytes cifar_bytes(std::size_t records, std::size_t labels, std::uint8_t last_label) {
  Bytes bytes;
  for (std::size_t i = 0; i < records; ++i) {
    if (labels == 2) bytes.push_back(0);
    bytes.push_back(i + 1 == records ? last_label : static_cast<std::uint8_t>(i));
    for (std::size_t p = 0; p < 3072; ++p) bytes.push_back(static_cast<std::uint8_t>((7 * p + i) % 256));
  }
  return bytes;
}

TEST(Cifar, RecordsBecomeImages) {
  const Bytes ten = cifar_bytes(3, 1, 9), hundred = cifar_bytes(2, 2, 99);
  const Dataset a = parse_cifar(ten, "a", Cifar::ten), b = parse_cifar(hundred, "b", Cifar::hundred);
  EXPECT_NO_THROW(validate(a));
  EXPECT_EQ(a.shape, (std::vector<std::size_t>{3, 32, 32}));
  EXPECT_EQ(a.labels, (std::vector<std::int32_t>{0, 1, 9}));
  EXPECT_EQ(b.labels, (std::vector<std::int32_t>{0, 99})) << "the fine class";
  EXPECT_EQ(b.classes, 100u);
  EXPECT_EQ(a.sample(2)[1024 * 2 + 5], static_cast<float>((7 * 2053 + 2) % 256) / 255.0f)
      << "blue, row 0, column 5";
  expect_error([&] { parse_cifar(cifar_bytes(3, 1, 10), "c", Cifar::ten); },
               {"'c'", "label 10", "record 2", "byte 6146", "0 to 9"});
  for (const std::size_t size : {std::size_t{0}, ten.size() - 1, ten.size() + 1})
    expect_error(
        [&] {
          Bytes cut = ten;
          cut.resize(size);
          parse_cifar(cut, "d", Cifar::ten);
        },
        {"'d'", std::to_string(size).c_str(), "3073"});
}

TEST(Cifar, FoldersBringTheirSplit) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "fringe_cifar";
  std::filesystem::create_directories(folder);
  const auto write = [&](const char* name, const Bytes& bytes) {
    std::ofstream(folder / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  EXPECT_FALSE(is_cifar_directory(folder));
  write("test_batch.bin", cifar_bytes(2, 1, 3));
  expect_error([&] { load_cifar_directory(folder); }, {"data_batch_1.bin", "fringe_cifar"});
  write("data_batch_1.bin", cifar_bytes(3, 1, 4));
  write("data_batch_4.bin", cifar_bytes(1, 1, 5));
  const TrainTest data = load_cifar_directory(folder);
  EXPECT_EQ(data.train.labels, (std::vector<std::int32_t>{0, 1, 4, 5}));
  EXPECT_EQ(data.test.samples, 2u);
  std::filesystem::remove_all(folder);
}

TEST(Npy, EveryTypeAndVersionRoundTrips) {
  const auto check = [](auto first, const char* descr, bool whole) {
    using T = decltype(first);
    const std::vector<T> values{first, T(0), T(7), T(200), T(3), T(1)};
    for (const int version : {1, 2, 3}) {
      const NumberArray array = parse_npy(npy(descr, "(3, 2)", values, version), "x: ");
      EXPECT_EQ(array.shape, (std::vector<std::size_t>{3, 2}));
      EXPECT_EQ(array.whole, whole);
      for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(array.values[i], static_cast<double>(values[i]));
    }
  };
  check(1.25f, "<f4", false);
  check(-1e-200, "<f8", false);
  check(std::int32_t{-5}, "<i4", true);
  check(std::int64_t{-1} << 40, "<i8", true);
  check(std::uint8_t{255}, "|u1", true);
  EXPECT_EQ(parse_npy(npy("<f8", "(2,)", std::vector<double>{1, 2}), "x: ").shape,
            (std::vector<std::size_t>{2}));
  EXPECT_EQ(parse_npy(npy("<f8", "()", std::vector<double>{1}), "x: ").values.size(), 1u);
}

TEST(Npy, FaultsAreTold) {
  const std::vector<double> values{1, 2, 3, 4};
  const Bytes good = npy("<f8", "(2, 2)", values);
  for (std::size_t size = 0; size < good.size(); ++size) {
    SCOPED_TRACE(size);
    expect_error([&] { parse_npy(std::span(good).first(size), "cut: "); }, {"cut: "});
  }
  const auto bad = [&](const char* descr, const char* shape, std::initializer_list<const char*> says,
                       int version = 1, const char* order = "False") {
    expect_error([&] { parse_npy(npy(descr, shape, values, version, order), "bad: "); }, says);
  };
  bad(">f8", "(2, 2)", {"'>f8'", "<f4"});
  bad("<c16", "(2,)", {"'<c16'"});
  bad("<f8", "(2, 2)", {"Fortran order"}, 1, "True");
  bad("<f8", "(2, 3)", {"truncated", "32 bytes", "48"});
  bad("<f8", "(3,)", {"after the end", "24"});
  bad("<f8", "(2; 2)", {"(2; 2)", "parentheses"});
  bad("<f8", "(4294967296, 4294967296, 4)", {"memory"});
  bad("<f8", "(2, 2)", {"version 4"}, 4);
}

TEST(Npz, MembersStoredAndDeflated) {
  const Bytes x = npy("<f4", "(2, 3)", std::vector<float>{1, 2, 3, 4, 5, 6}),
              y = npy("<i8", "(2,)", std::vector<std::int64_t>{0, 4});
  for (const bool deflate : {false, true}) {
    const Bytes archive = zip({{"x.npy", x}, {"y.npy", y}, {"readme", {1}}}, deflate);
    const Parts parts = parts_from_arrays(npz_arrays(archive, "a.npz"));
    EXPECT_FALSE(parts.test);
    EXPECT_EQ(parts.train.labels, (std::vector<std::int32_t>{0, 4}));
    EXPECT_EQ(parts.train.classes, 5u);
    EXPECT_EQ(parts.train.values, (std::vector<float>{1, 2, 3, 4, 5, 6}));
    const Dataset numbers = parts_from_arrays(npz_arrays(archive, "a.npz"), false).train;
    EXPECT_EQ(numbers.targets, (std::vector<float>{0, 4}));
    // Any one damaged byte is told, or lies where nothing is read.
    for (std::size_t i = 0; i < archive.size(); ++i) {
      Bytes damaged = archive;
      damaged[i] ^= 0x5a;
      try {
        const Dataset same = parts_from_arrays(npz_arrays(damaged, "a.npz")).train;
        EXPECT_EQ(same.values, parts.train.values) << i;
        EXPECT_EQ(same.labels, parts.train.labels) << i;
      } catch (const Error& error) {
        EXPECT_NE(std::string(error.what()).find("a.npz"), std::string::npos) << error.what();
      }
    }
    for (std::size_t size = 0; size < archive.size(); ++size)
      EXPECT_THROW(npz_arrays(std::span(archive).first(size), "cut"), Error) << size;
  }
  const Bytes archive = zip({{"x.npy", x}}, true);
  expect_error([&] { parts_from_arrays(npz_arrays(archive, "b.npz")); }, {"b.npz", "'x'", "'y'", "x_train"});
}

TEST(Arrays, ShapesMustAgree) {
  const NumberArray x{{2, 2, 3}, std::vector<double>(12, 51), true, true};
  const Dataset image = dataset_from_arrays("f: ", "x", x, "y", NumberArray{{2}, {1, 0}, true, false});
  EXPECT_EQ(image.shape, (std::vector<std::size_t>{1, 2, 3}));
  EXPECT_EQ(image.values[0], 0.2f) << "bytes are scaled";
  const Dataset pair = dataset_from_arrays("f: ", "x", x, "y", x);
  EXPECT_EQ(pair.outputs, 6u);
  EXPECT_EQ(pair.target_shape, image.shape);
  EXPECT_NO_THROW(validate(pair));
  const auto fails = [&](const NumberArray& y, std::initializer_list<const char*> says) {
    expect_error([&] { dataset_from_arrays("f: ", "x", x, "y", y); }, says);
  };
  fails({{3}, {1, 2, 3}, true, false}, {"'y'", "[3]", "2"});
  fails({{2}, {1, -1}, true, false}, {"label -1", "row 1"});
  fails({{2}, {1, std::nan("")}, false, false}, {"'y'", "element 1", "finite"});
  expect_error([&] { dataset_from_arrays("f: ", "x", {{4}, {1, 2, 3, 4}, false, false}, "y", {}); }, {"[4]"});
}

TEST(Csv, RecordsFollowRfc4180) {
  std::vector<std::vector<std::string>> records;
  std::vector<std::size_t> lines;
  for_each_record(
      "\xef\xbb\xbf"
      "a,\"b,\"\"c\"\"\",\r\n\r\n\"x\ny\",,2\n\"\"\nlast",
      "f", [&](std::size_t line, auto fields) {
        records.emplace_back(fields.begin(), fields.end());
        lines.push_back(line);
      });
  EXPECT_EQ(records,
            (std::vector<std::vector<std::string>>{{"a", "b,\"c\"", ""}, {"x\ny", "", "2"}, {"last"}}));
  EXPECT_EQ(lines, (std::vector<std::size_t>{1, 3, 6}));
  const auto visit = [](std::size_t, auto) {};
  expect_error([&] { for_each_record("a\n\"b", "f", visit); }, {"'f'", "line 2", "no end"});
  expect_error([&] { for_each_record("\"a\"b", "f", visit); }, {"'f'", "line 1", "'b'"});
}

TEST(Csv, ColumnsByNameByNumberOrTheLast) {
  const std::string text = "height,arm,kind,who\n1.5,2,0,7\n-3e2, 4 ,2,8\n";
  const Dataset last = parse_csv("1.5,2,0\n-3e2,4,2\n", "plain.csv");
  EXPECT_EQ(last.values, (std::vector<float>{1.5f, 2, -300, 4}));
  EXPECT_EQ(last.labels, (std::vector<std::int32_t>{0, 2}));
  EXPECT_EQ(last.classes, 3u);
  const Dataset named = parse_csv(text, "t.csv", {"kind", "", "who"});
  EXPECT_EQ(named.values, last.values);
  EXPECT_EQ(named.labels, last.labels);
  EXPECT_EQ(named.groups, (std::vector<std::int32_t>{7, 8}));
  const Dataset numbers = parse_csv(text, "t.csv", {"", "height", ""});
  EXPECT_EQ(numbers.targets, (std::vector<float>{1.5f, -300}));
  EXPECT_EQ(numbers.features, 3u);
  EXPECT_TRUE(numbers.labels.empty());
  EXPECT_EQ(parse_csv("2,1.5,0\n", "n.csv", {"1", "", ""}).labels, (std::vector<std::int32_t>{2}));
  expect_error([&] { parse_csv(text, "t.csv", {"knd", "", ""}); }, {"t.csv", "'knd'", "'kind'"});
  expect_error([&] { parse_csv("a,b\n1,2\n1,x\n", "t.csv"); },
               {"t.csv", "line 3", "column 'b'", "'x'", "number"});
  expect_error([&] { parse_csv("a,b\n1,nan\n", "t.csv"); }, {"line 2", "'nan'", "finite"});
  expect_error([&] { parse_csv("a,b\n1,2.5\n", "t.csv"); }, {"column 'b'", "2.5", "class", "target"});
  expect_error([&] { parse_csv("a,b\n1,2,3\n", "t.csv"); }, {"line 2", "3 fields", "2"});
  expect_error([&] { parse_csv("a,b\n", "t.csv"); }, {"t.csv", "no rows"});
  expect_error([&] { parse_csv("1\n2\n", "t.csv"); }, {"t.csv", "no column"});
}

TEST(TextWindows, EveryByteTellsTheNext) {
  const Dataset data = parse_text("abcab cab", "t.txt", 3);
  EXPECT_NO_THROW(validate(data));
  EXPECT_EQ(data.samples, 2u) << "the third window would lack a byte after it";
  EXPECT_EQ(data.classes, 4u);
  EXPECT_EQ(data.values, (std::vector<float>{1, 2, 3, 1, 2, 0})) << "space, a, b, c";
  EXPECT_EQ(data.labels, (std::vector<std::int32_t>{2, 3, 1, 2, 0, 3}));
  expect_error([] { parse_text("abc", "t.txt", 3); }, {"t.txt", "3 bytes", "one byte longer"});
  expect_error([] { parse_text("aaaa", "t.txt", 2); }, {"distinct"});
}

}  // namespace
}  // namespace fringe
