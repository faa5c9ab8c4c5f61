#include "workloads/image_filters.hpp"

#include <algorithm>
#include <cmath>

namespace fringe {
namespace {

std::size_t mirrored(int i, std::size_t size) {
  const int n = static_cast<int>(size);
  i %= 2 * n;
  if (i < 0) i += 2 * n;
  return static_cast<std::size_t>(i < n ? i : 2 * n - 1 - i);
}

/// The image with `margin` mirrored pixels on every side.
struct Padded {
  Padded(const ImageView& image, int margin_)
      : margin(margin_), width(image.width + 2 * static_cast<std::size_t>(margin)) {
    const std::size_t height = image.height + 2 * static_cast<std::size_t>(margin);
    pixels.reserve(height * width);
    for (std::size_t r = 0; r < height; ++r)
      for (std::size_t c = 0; c < width; ++c)
        pixels.push_back(image.pixels[mirrored(static_cast<int>(r) - margin, image.height) * image.width +
                                      mirrored(static_cast<int>(c) - margin, image.width)]);
  }
  /// Pixel (r + dr, c + dc) of the image and those to its right.
  const float* at(std::size_t r, std::size_t c, int dr, int dc) const {
    const auto shifted = [&](std::size_t i, int by) {
      return static_cast<std::size_t>(static_cast<int>(i) + by + margin);
    };
    return pixels.data() + shifted(r, dr) * width + shifted(c, dc);
  }
  int margin;
  std::size_t width;
  Image pixels;
};

}  // namespace

Image gaussian_filter(const ImageView& image, double sigma) {
  const int reach = std::max(1, static_cast<int>(std::ceil(4 * sigma)));
  std::vector<float> weights;
  double sum = 0;
  for (int i = -reach; i <= reach; ++i) sum += std::exp(-0.5 * i * i / (sigma * sigma));
  for (int i = -reach; i <= reach; ++i)
    weights.push_back(static_cast<float>(std::exp(-0.5 * i * i / (sigma * sigma)) / sum));
  const Padded padded(image, reach);
  const std::size_t height = image.height + 2 * static_cast<std::size_t>(reach);
  Image rows(height * image.width), out(image.pixels.size());
  for (std::size_t r = 0; r < height; ++r)
    for (std::size_t i = 0; i < weights.size(); ++i)
      for (std::size_t c = 0; c < image.width; ++c)
        rows[r * image.width + c] += weights[i] * padded.pixels[r * padded.width + c + i];
  for (std::size_t r = 0; r < image.height; ++r)
    for (std::size_t i = 0; i < weights.size(); ++i)
      for (std::size_t c = 0; c < image.width; ++c)
        out[r * image.width + c] += weights[i] * rows[(r + i) * image.width + c];
  return out;
}

Image median_filter(const ImageView& image, int square_radius) {
  const int reach = static_cast<int>(std::sqrt(static_cast<double>(square_radius)));
  const Padded padded(image, reach);
  Image out, near;
  for (std::size_t r = 0; r < image.height; ++r)
    for (std::size_t c = 0; c < image.width; ++c) {
      near.clear();
      for (int dr = -reach; dr <= reach; ++dr)
        for (int dc = -reach; dc <= reach; ++dc)
          if (dr * dr + dc * dc <= square_radius) near.push_back(*padded.at(r, c, dr, dc));
      const auto middle =
          near.begin() + static_cast<std::ptrdiff_t>(near.size() / 2);  // always an odd number
      std::nth_element(near.begin(), middle, near.end());
      out.push_back(*middle);
    }
  return out;
}

// For every shift, squared differences of the image and its shifted self, summed over patches by rows and
// columns: the cost is independent of the patch.
Image non_local_means(const ImageView& image, int patch, int search, double h) {
  const Padded padded(image, patch + search);
  const std::size_t height = image.height, width = image.width,
                    side = 2 * static_cast<std::size_t>(patch) + 1;
  const double scale = -1 / (static_cast<double>(side * side) * h * h);
  std::vector<double> sums(height * width), weights(height * width), largest(height * width);
  std::vector<double> square((height + side - 1) * (width + side - 1)), across((height + side - 1) * width);
  for (int dr = -search; dr <= search; ++dr)
    for (int dc = -search; dc <= search; ++dc) {
      if (dr == 0 && dc == 0) continue;
      for (std::size_t r = 0; r < height + side - 1; ++r) {
        const float *here = padded.at(r, 0, -patch, -patch), *there = padded.at(r, 0, dr - patch, dc - patch);
        double* const line = &square[r * (width + side - 1)];
        for (std::size_t c = 0; c < width + side - 1; ++c) {
          const double d = static_cast<double>(here[c]) - there[c];
          line[c] = d * d;
        }
        for (std::size_t c = 0; c < width; ++c) {
          double sum = 0;
          for (std::size_t i = 0; i < side; ++i) sum += line[c + i];
          across[r * width + c] = sum;
        }
      }
      for (std::size_t r = 0; r < height; ++r) {
        const float* const there = padded.at(r, 0, dr, dc);
        for (std::size_t c = 0; c < width; ++c) {
          double distance = 0;
          for (std::size_t i = 0; i < side; ++i) distance += across[(r + i) * width + c];
          const double weight = std::exp(scale * distance);
          const std::size_t at = r * width + c;
          weights[at] += weight;
          sums[at] += weight * there[c];
          largest[at] = std::max(largest[at], weight);
        }
      }
    }
  Image out(height * width);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double total = weights[i] + largest[i];
    // No weight at all: nothing resembles the pixel.
    out[i] =
        total > 0 ? static_cast<float>((sums[i] + largest[i] * image.pixels[i]) / total) : image.pixels[i];
  }
  return out;
}

}  // namespace fringe
