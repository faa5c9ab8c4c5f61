#include "workloads/idx.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>

#include "core/draw.hpp"
#include "expect_error.hpp"
#include "zip_writer.hpp"

namespace fringe {
namespace {

using testing::expect_error;
using Bytes = std::vector<std::uint8_t>;

// An independent writer of the format, from its description.
Bytes idx_bytes(const IdxArray& array) {
  Bytes bytes{0, 0, 8, static_cast<std::uint8_t>(array.shape.size())};
  for (const std::size_t size : array.shape)
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::uint8_t>(size >> shift));
  bytes.insert(bytes.end(), array.values.begin(), array.values.end());
  return bytes;
}

Bytes gzip(const Bytes& plain) { return testing::deflated(plain, 16 + MAX_WBITS); }

IdxArray random_array(std::vector<std::size_t> shape) {
  IdxArray array{std::move(shape), {}};
  std::size_t count = 1;
  for (const std::size_t size : array.shape) count *= size;
  const DrawStream stream = stream_of({.seed = 6});
  for (std::size_t i = 0; i < count; ++i)
    array.values.push_back(static_cast<std::uint8_t>(random_bits(stream, i)));
  return array;
}

class Folder {
 public:
  Folder() {
    const auto* const test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(::testing::TempDir()) / (std::string("fringe_idx_") + test->name());
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const Bytes& bytes) const {
    std::ofstream(path_ / name, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

TEST(Idx, RoundTripPlainAndPacked) {
  const Folder folder;
  for (const auto& shape : {std::vector<std::size_t>{5}, {4, 3}, {300, 28, 28}, {2, 3, 4, 5}, {0, 7}}) {
    const IdxArray array = random_array(shape);
    const Bytes plain = idx_bytes(array), packed = gzip(plain);
    for (const IdxArray& back :
         {parse_idx(plain, "memory"), parse_idx(packed, "memory"), read_idx(folder.write("plain", plain)),
          read_idx(folder.write("packed", packed))}) {
      EXPECT_EQ(back.shape, array.shape);
      EXPECT_EQ(back.values, array.values);
    }
  }
}

TEST(Idx, UnreadableFiles) {
  const Folder folder;
  const auto missing = folder.path() / "absent.gz";
  expect_error([&] { read_idx(missing); }, {"absent.gz", "cannot be read"});
  expect_error([&] { read_idx(folder.path()); }, {"fringe_idx_", "cannot be read"});
}

TEST(Idx, WrongMagic) {
  Bytes bytes = idx_bytes(random_array({4, 3}));
  bytes[2] = 0x0d;  // IDX of floats
  for (const Bytes& given : {bytes, gzip(bytes)})
    expect_error([&] { parse_idx(given, "floats"); }, {"'floats'", "0x00000d02", "0x000008"});
  bytes = {'P', '5', '\n', '8', ' ', '8'};
  expect_error([&] { parse_idx(bytes, "photo.pgm"); }, {"'photo.pgm'", "0x50350a38"});
  bytes = {0, 0, 8, 0};
  expect_error([&] { parse_idx(bytes, "scalar"); }, {"'scalar'", "at least 1"});
}

// Any beginning of a file is an error, never a smaller data set.
TEST(Idx, EveryTruncationIsAnError) {
  const Bytes plain = idx_bytes(random_array({6, 2, 2})), packed = gzip(plain);
  for (const Bytes& whole : {plain, packed})
    for (std::size_t size = 0; size < whole.size(); ++size) {
      SCOPED_TRACE(size);
      expect_error([&] { parse_idx(std::span(whole).first(size), "cut"); }, {"'cut'", "truncated"});
    }
  expect_error([&] { parse_idx(std::span(plain).first(30), "cut"); }, {"30 bytes", "40"});
  Bytes fewer = plain;
  fewer.resize(30);
  expect_error([&] { parse_idx(gzip(fewer), "cut.gz"); }, {"'cut.gz'", "truncated", "30 bytes", "40"});
}

TEST(Idx, BytesAfterTheEnd) {
  Bytes plain = idx_bytes(random_array({6, 2, 2}));
  Bytes packed = gzip(plain);
  packed.push_back(1);
  expect_error([&] { parse_idx(packed, "more.gz"); }, {"'more.gz'", "after the end", "1 follow"});
  plain.push_back(1);
  expect_error([&] { parse_idx(plain, "more"); }, {"'more'", "after the end", "41 bytes", "40"});
  expect_error([&] { parse_idx(gzip(plain), "more.gz"); }, {"'more.gz'", "after the end", "40"});
}

TEST(Idx, DamagedStreamAndAbsurdSizes) {
  Bytes packed = gzip(idx_bytes(random_array({300, 28, 28})));
  packed[packed.size() / 2] ^= 0xff;
  expect_error([&] { parse_idx(packed, "bad.gz"); }, {"'bad.gz'"});
  const Bytes huge{0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
  for (const Bytes& given : {huge, gzip(huge)})
    expect_error([&] { parse_idx(given, "huge"); }, {"'huge'", "4294967295", "memory"});
  const Bytes large{0, 0, 8, 1, 255, 255, 255, 255, 1};  // promises 4 GB, has one byte
  for (const Bytes& given : {large, gzip(large)})
    expect_error([&] { parse_idx(given, "large"); }, {"'large'", "truncated", "9 bytes", "4294967303"});
}

TEST(Idx, SamplesMustMatchTheirLabels) {
  const IdxArray images = random_array({3, 2, 2}), labels{{3}, {0, 9, 1}};
  const Dataset data = dataset_from_idx(images, "i", labels, "l", 255, 10);
  EXPECT_EQ(data.samples, 3u);
  EXPECT_EQ(data.features, 4u);
  EXPECT_EQ(data.labels, (std::vector<std::int32_t>{0, 9, 1}));
  for (std::size_t i = 0; i < data.values.size(); ++i)
    EXPECT_EQ(data.values[i], static_cast<float>(images.values[i]) / 255.0f);

  const IdxArray two{{2}, {0, 1}};
  expect_error([&] { dataset_from_idx(images, "i", two, "l", 255, 10); }, {"'l'", "2 labels", "3", "'i'"});
  expect_error([&] { dataset_from_idx(images, "i", labels, "l", 255, 9); },
               {"'l'", "label 9", "sample 1", "0 to 8"});
  expect_error(
      [&] {
        dataset_from_idx({{3, 1}, {0, 16, 17}}, "i", labels, "l", 16, 10);
      },
      {"'i'", "17", "0 to 16"});
  expect_error([&] { dataset_from_idx(images, "i", images, "l", 255, 10); }, {"'l'", "3 dimensions", "one"});
  expect_error([&] { dataset_from_idx(labels, "i", labels, "l", 255, 10); }, {"'i'", "1 dimensions"});
  expect_error([&] { dataset_from_idx({{0, 2}, {}}, "i", {{0}, {}}, "l", 255, 10); }, {"'i'", "0 values"});
}

TEST(IdxDirectory, TakesTheUsualNames) {
  const Folder folder;
  const IdxArray train = random_array({4, 2, 2}), test = random_array({2, 2, 2});
  expect_error([&] { load_idx_directory(folder.path() / "absent"); }, {"absent", "not found"});
  folder.write("train-images-idx3-ubyte", idx_bytes(train));
  folder.write("train-labels-idx1-ubyte.gz", gzip(idx_bytes({{4}, {0, 1, 2, 3}})));
  folder.write("t10k-images.idx3-ubyte", idx_bytes(test));
  expect_error([&] { load_idx_directory(folder.path()); }, {"fringe_idx_", "t10k-labels-idx1-ubyte"});
  folder.write("t10k-labels.idx1-ubyte.gz", gzip(idx_bytes({{2}, {4, 5}})));
  const TrainTest data = load_idx_directory(folder.path());
  EXPECT_EQ(data.train.samples, 4u);
  EXPECT_EQ(data.test.labels, (std::vector<std::int32_t>{4, 5}));
  EXPECT_EQ(data.train.name, folder.path().filename().string());
  EXPECT_NO_THROW(validate(data.train));
  expect_error([&] { load_idx_directory(folder.path(), 5); }, {"t10k-labels", "label 5", "0 to 4"});
  folder.write("t10k-images.idx3-ubyte", idx_bytes(random_array({2, 3, 2})));
  expect_error([&] { load_idx_directory(folder.path()); }, {"6 pixels", "4", "agree"});
}

}  // namespace
}  // namespace fringe
