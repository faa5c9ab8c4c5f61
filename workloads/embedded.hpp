// Files of workloads/data that the build puts into the library (embed.cmake).
#pragma once

#include <cstdint>
#include <span>

namespace fringe::embedded {

std::span<const std::uint8_t> optical_digits_images();  ///< IDX, gzip, 1797×8×8
std::span<const std::uint8_t> optical_digits_labels();  ///< IDX, gzip, 1797
std::span<const std::uint8_t> northanger_abbey();       ///< IDX, gzip, 432092

}  // namespace fringe::embedded
