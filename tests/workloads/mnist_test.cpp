#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "workloads/idx.hpp"

namespace fringe {
namespace {

std::filesystem::path mnist_directory() {
  if (const char* const data = std::getenv("FRINGE_DATA")) return std::filesystem::path(data) / "mnist";
  return std::filesystem::path(FRINGE_SOURCE_DIR) / ".." / "shared" / "data" / "mnist";
}

// Class counts of the published files; the mean pixel, 0.1307 of full scale, is the constant by which MNIST
// is commonly normalised.
TEST(Mnist, ReadsThePublishedFiles) {
  const auto directory = mnist_directory();
  if (!std::filesystem::is_directory(directory))
    GTEST_SKIP()
        << "MNIST is not at hand; set FRINGE_DATA to a folder that contains mnist/ with the four IDX files.";
  const TrainTest data = load_idx_directory(directory);
  EXPECT_EQ(data.train.samples, 60000u);
  EXPECT_EQ(data.test.samples, 10000u);
  EXPECT_EQ(data.train.features, 784u);
  EXPECT_NO_THROW(validate(data.train));
  std::vector<int> counts(10);
  for (const std::int32_t label : data.test.labels) ++counts[static_cast<std::size_t>(label)];
  EXPECT_EQ(counts, (std::vector<int>{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}));
  double sum = 0;
  for (const float v : data.train.values) sum += v;
  EXPECT_NEAR(sum / static_cast<double>(data.train.values.size()), 0.1307, 0.00005);
}

}  // namespace
}  // namespace fringe
