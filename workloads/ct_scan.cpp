#include "workloads/ct_scan.hpp"

#include <cmath>
#include <numbers>

#include "core/poisson.hpp"

namespace fringe {
namespace {

constexpr double pi = std::numbers::pi;

constexpr double degrees(double d) { return d * pi / 180; }

constexpr Ellipse head[] = {
    {2.00, 0.69, 0.92, 0, 0, 0},
    {-0.98, 0.6624, 0.874, 0, -0.0184, 0},
    {-0.02, 0.11, 0.31, 0.22, 0, degrees(-18)},
    {-0.02, 0.16, 0.41, -0.22, 0, degrees(18)},
    {0.01, 0.21, 0.25, 0, 0.35, 0},
    {0.01, 0.046, 0.046, 0, 0.1, 0},
    {0.01, 0.046, 0.046, 0, -0.1, 0},
    {0.01, 0.046, 0.023, -0.08, -0.605, 0},
    {0.01, 0.023, 0.023, 0, -0.605, 0},
    {0.01, 0.023, 0.046, 0.06, -0.605, 0},
};

/// Centre of pixel i along x; along y it is the other way round.
double pixel(std::size_t i, std::size_t side) {
  return (2 * static_cast<double>(i) + 1) / static_cast<double>(side) - 1;
}

/// Samples of the filter at n = 0, 1, … detectors, times the spacing of the sum.
std::vector<double> filter_samples(CtFilter filter, const CtGeometry& geometry) {
  std::vector<double> ramp(geometry.detectors + 1);
  for (std::size_t n = 0; n < ramp.size(); ++n) {
    const double m = static_cast<double>(n) * pi;
    ramp[n] = n == 0 ? 0.25 : n % 2 == 1 ? -1 / (m * m) : 0;
  }
  std::vector<double> h(geometry.detectors);
  for (std::size_t n = 0; n < h.size(); ++n) {
    const double smooth = 0.5 * ramp[n] + 0.25 * (ramp[n == 0 ? 1 : n - 1] + ramp[n + 1]);
    h[n] = (filter == CtFilter::hann ? smooth : ramp[n]) / geometry.spacing;
  }
  return h;
}

}  // namespace

std::span<const Ellipse> shepp_logan() noexcept { return head; }

double attenuation(std::span<const Ellipse> phantom, double x, double y) {
  double sum = 0;
  for (const Ellipse& e : phantom) {
    const double c = std::cos(e.angle), s = std::sin(e.angle), dx = x - e.x, dy = y - e.y;
    const double u = (c * dx + s * dy) / e.a, v = (c * dy - s * dx) / e.b;
    if (u * u + v * v <= 1) sum += e.value;
  }
  return sum;
}

double line_integral(std::span<const Ellipse> phantom, double angle, double t) {
  double sum = 0;
  for (const Ellipse& e : phantom) {
    const double d = t - e.x * std::cos(angle) - e.y * std::sin(angle);
    const double c = e.a * std::cos(angle - e.angle), s = e.b * std::sin(angle - e.angle);
    const double square = c * c + s * s, inside = square - d * d;
    if (inside > 0) sum += 2 * e.value * e.a * e.b * std::sqrt(inside) / square;
  }
  return sum;
}

void rasterise(std::span<const Ellipse> phantom, std::size_t side, std::span<float> image) {
  constexpr std::size_t points = 4;
  for (std::size_t r = 0; r < side; ++r)
    for (std::size_t c = 0; c < side; ++c) {
      double sum = 0;
      for (std::size_t i = 0; i < points; ++i)
        for (std::size_t j = 0; j < points; ++j)
          sum += attenuation(phantom, pixel(c * points + j, side * points),
                             -pixel(r * points + i, side * points));
      image[r * side + c] = static_cast<float>(sum / (points * points));
    }
}

double CtGeometry::angle(std::size_t k) const {
  return pi * static_cast<double>(k) / static_cast<double>(angles);
}

CtGeometry ct_geometry(std::size_t side) {
  CtGeometry geometry;
  geometry.spacing = 2 / static_cast<double>(side);
  geometry.detectors = static_cast<std::size_t>(std::ceil(std::numbers::sqrt2 * static_cast<double>(side)));
  geometry.angles = static_cast<std::size_t>(std::ceil(pi / 2 * static_cast<double>(geometry.detectors)));
  return geometry;
}

std::vector<double> sinogram(std::span<const Ellipse> phantom, const CtGeometry& geometry) {
  std::vector<double> out;
  out.reserve(geometry.rays());
  for (std::size_t k = 0; k < geometry.angles; ++k)
    for (std::size_t i = 0; i < geometry.detectors; ++i)
      out.push_back(line_integral(phantom, geometry.angle(k), geometry.position(i)));
  return out;
}

void count_photons(std::span<double> sinogram, const CtDose& dose, const Draw& draw) {
  const DrawStream stream = stream_of(draw);
  for (std::size_t i = 0; i < sinogram.size(); ++i) {
    const double count =
        poisson(dose.photons * std::exp(-dose.depth() * sinogram[i]), random_bits(stream, i));
    sinogram[i] = -std::log((count > 0 ? count : dose.least_count) / dose.photons) / dose.depth();
  }
}

void filtered_back_projection(std::span<const double> sinogram, const CtGeometry& geometry, std::size_t side,
                              CtFilter filter, std::span<float> image) {
  const std::vector<double> h = filter_samples(filter, geometry);
  const std::size_t detectors = geometry.detectors;
  std::vector<double> sum(side * side), q(detectors);
  const double middle = 0.5 * static_cast<double>(detectors) - 0.5;
  for (std::size_t k = 0; k < geometry.angles; ++k) {
    const double* const p = sinogram.data() + k * detectors;
    for (std::size_t i = 0; i < detectors; ++i) {
      double value = 0;
      for (std::size_t j = 0; j < detectors; ++j) value += p[j] * h[i > j ? i - j : j - i];
      q[i] = value;
    }
    const double c = std::cos(geometry.angle(k)), s = std::sin(geometry.angle(k));
    for (std::size_t row = 0; row < side; ++row)
      for (std::size_t col = 0; col < side; ++col) {
        const double t = c * pixel(col, side) - s * pixel(row, side), at = t / geometry.spacing + middle;
        const double below = std::floor(at);
        if (below < 0 || below + 1 >= static_cast<double>(detectors)) continue;
        const auto i = static_cast<std::size_t>(below);
        sum[row * side + col] += q[i] + (at - below) * (q[i + 1] - q[i]);
      }
  }
  const double step = pi / static_cast<double>(geometry.angles);
  for (std::size_t i = 0; i < sum.size(); ++i) image[i] = static_cast<float>(sum[i] * step);
}

}  // namespace fringe
