#include "workloads/image_quality.hpp"

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr std::size_t window = ssim_window;
constexpr double sigma = 1.5, k1 = 0.01, k2 = 0.03;

std::array<double, window> weights() {
  std::array<double, window> w;
  double sum = 0;
  for (std::size_t i = 0; i < window; ++i) {
    const double x = static_cast<double>(i) - window / 2;
    sum += w[i] = std::exp(-x * x / (2 * sigma * sigma));
  }
  for (double& x : w) x /= sum;
  return w;
}

}  // namespace

double psnr_db(std::span<const float> image, std::span<const float> reference, double range) {
  double sum = 0;
  for (std::size_t i = 0; i < image.size(); ++i) {
    const double d = static_cast<double>(image[i]) - reference[i];
    sum += d * d;
  }
  return 10 * std::log10(range * range * static_cast<double>(image.size()) / sum);
}

double ssim(std::span<const float> image, std::span<const float> reference, std::size_t height,
            std::size_t width, double range) {
  if (height < window || width < window || image.size() != height * width || reference.size() != image.size())
    throw Error("SSIM of images of " + std::to_string(height) + " by " + std::to_string(width) + " and " +
                std::to_string(image.size()) + " pixels; must be 11 by 11 at least, and all pixels there");
  static const auto w = weights();
  const double c1 = k1 * k1 * range * range, c2 = k2 * k2 * range * range;
  const std::size_t rows = height - window + 1, cols = width - window + 1;
  // Means of x, y, x², y² and xy: along rows first, then down columns.
  std::vector<std::array<double, 5>> along(height * cols);
  for (std::size_t r = 0; r < height; ++r)
    for (std::size_t c = 0; c < cols; ++c)
      for (std::size_t i = 0; i < window; ++i) {
        const double x = image[r * width + c + i], y = reference[r * width + c + i];
        auto& m = along[r * cols + c];
        m[0] += w[i] * x, m[1] += w[i] * y, m[2] += w[i] * x * x, m[3] += w[i] * y * y, m[4] += w[i] * x * y;
      }
  double sum = 0;
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c) {
      std::array<double, 5> m{};
      for (std::size_t i = 0; i < window; ++i)
        for (std::size_t k = 0; k < 5; ++k) m[k] += w[i] * along[(r + i) * cols + c][k];
      const double xx = m[2] - m[0] * m[0], yy = m[3] - m[1] * m[1], xy = m[4] - m[0] * m[1];
      sum += (2 * m[0] * m[1] + c1) * (2 * xy + c2) / ((m[0] * m[0] + m[1] * m[1] + c1) * (xx + yy + c2));
    }
  return sum / static_cast<double>(rows * cols);
}

}  // namespace fringe
