// Reader of the binary version of CIFAR-10 and CIFAR-100: records of one label byte (CIFAR-100: two, coarse
// class and fine class) and 3·32·32 pixel bytes, channel by channel, red first, each row by row (A.
// Krizhevsky, "The CIFAR-10 dataset", https://www.cs.toronto.edu/~kriz/cifar.html).
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "workloads/dataset.hpp"
#include "workloads/idx.hpp"

namespace fringe {

enum class Cifar { ten, hundred };  ///< of CIFAR-100 the fine classes are the labels

/// Images {3, 32, 32} in [0, 1]. Throws Error naming the file, and the record, where bytes are left over or a
/// label is out of range.
Dataset parse_cifar(std::span<const std::uint8_t> bytes, std::string_view name, Cifar kind);

/// data_batch_1.bin … data_batch_5.bin (those that are there, in order) and test_batch.bin, or train.bin and
/// test.bin of CIFAR-100. Throws Error naming what is missing.
TrainTest load_cifar_directory(const std::filesystem::path& directory);
/// Whether the folder has a test_batch.bin, or a train.bin with test.bin.
bool is_cifar_directory(const std::filesystem::path& directory);

}  // namespace fringe
