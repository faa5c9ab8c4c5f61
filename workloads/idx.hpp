// Reader of IDX, the format of MNIST: two zero bytes, type (8: unsigned byte), number of dimensions, each
// dimension as a big-endian 32-bit number, then the values, last dimension contiguous (Y. LeCun, C. Cortes,
// C. Burges, "The MNIST database", http://yann.lecun.com/exdb/mnist/). Plain or gzip, told by the first two
// bytes. Only unsigned bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/dataset.hpp"

namespace fringe {

struct IdxArray {
  std::vector<std::size_t> shape;    ///< e.g. {60000, 28, 28}
  std::vector<std::uint8_t> values;  ///< product of the shape
};

/// Throws Error naming the file (`name` for memory) where it is missing, truncated, damaged, of another type,
/// or carries bytes after the end.
IdxArray read_idx(const std::filesystem::path& file);
IdxArray parse_idx(std::span<const std::uint8_t> bytes, std::string_view name);

/// Samples from images [samples × …] with values in [0, full_scale] and labels [samples] in [0, classes); the
/// names are for the Error when the counts differ or a value is out of range.
Dataset dataset_from_idx(const IdxArray& images, std::string_view images_name, const IdxArray& labels,
                         std::string_view labels_name, unsigned full_scale, std::size_t classes);

struct TrainTest {
  Dataset train, test;
};

/// train-images, train-labels, t10k-images, t10k-labels, each followed by "-idx3-ubyte" (labels: idx1), '.'
/// allowed in place of the dash before "idx", with or without ".gz". Pixels are 0…255. Throws Error naming
/// what is missing.
TrainTest load_idx_directory(const std::filesystem::path& directory, std::size_t classes = 10);

}  // namespace fringe
