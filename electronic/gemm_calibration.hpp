// The GPU model's constants from products that were measured on one board: fitted to a random half of the
// shapes, scored on the other.
//
// A product in whole tiles, at the clock that the board sustains (gpu_kernels.hpp), takes
//   call_s + max(arithmetic/compute_fraction, bytes/bandwidth_fraction),
// three constants for a board and format. They are those of least mean absolute relative error on the fitted
// half (core/log_search.hpp).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "electronic/gpu_catalogue.hpp"

namespace fringe {

/// Y[rows×columns] = W[rows×inner]·X[inner×columns].
struct GemmShape {
  std::size_t rows, inner, columns;
};
struct MeasuredGemm {
  GemmShape shape;
  double seconds;  ///< of one, where many follow each other
};

struct GemmConstants {
  double compute_fraction, bandwidth_fraction;  ///< attained of peak and bandwidth, (0, 1]
  double call_s;                                ///< of a product, whatever its size, > 0
};

/// Requires gpu.peak(format) > 0. Y is in the operands' format.
double gemm_seconds(const GpuSpec& gpu, Format format, const GemmShape& shape,
                    const GemmConstants& constants);

struct GemmCalibration {
  GemmConstants constants;
  std::size_t fitted = 0, held_out = 0;  ///< shapes
  /// Mean absolute relative errors: of both halves with the constants, of the second with nothing calibrated
  /// (fractions of 1 and gpu_kernels.hpp's gap).
  double fitted_error = 0, held_out_error = 0, uncalibrated_error = 0;
};

/// The halves follow from the seed. Throws Error for fewer than eight shapes, a time or size that isn't
/// positive, or a format that the board doesn't compute in.
GemmCalibration calibrate_gemms(const GpuSpec& gpu, Format format, std::span<const MeasuredGemm> measured,
                                std::uint64_t seed);

/// Shapes at random: each side log-uniform, rows and inner from 256 to 8192 and columns from 16 to 8192, in
/// multiples of 16, which every format's units take.
std::vector<GemmShape> random_gemms(std::size_t count, std::uint64_t seed);

/// The row of a board whose driver calls it so, e.g. "NVIDIA H100 80GB HBM3"; null where none is known, as of
/// an "NVIDIA GH200 480GB" or a "GeForce RTX 3080 Ti".
const GpuSpec* gpu_of_device(std::string_view device_name);

}  // namespace fringe
