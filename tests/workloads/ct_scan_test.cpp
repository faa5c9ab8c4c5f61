// The scan against quadrature, its noise against Poisson statistics, its reconstruction against the phantom.
#include "workloads/ct_scan.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "expect_error.hpp"
#include "workloads/ct_phantoms.hpp"
#include "workloads/image_quality.hpp"

namespace fringe {
namespace {

using testing::expect_error;

// A ray crosses the boundaries of at most `phantom` ellipses twice: the midpoint rule with n steps of length
// h errs by half a step at each crossing.
TEST(CtScan, LineIntegralsAgreeWithQuadrature) {
  constexpr int steps = 40000;
  const double h = 2 * std::numbers::sqrt2 / steps;
  for (std::uint32_t image = 0; image < 3; ++image) {
    const std::vector<Ellipse> random = random_phantom(5, image);
    const std::span<const Ellipse> phantom = image == 0 ? shepp_logan() : std::span<const Ellipse>(random);
    double bound = 0;
    for (const Ellipse& e : phantom) bound += 2 * std::abs(e.value) * 0.5 * h;
    for (const double angle : {0.0, 0.4, std::numbers::pi / 2, 2.6})
      for (const double t : {-0.71, -0.2, 0.0, 0.05, 0.33, 0.9}) {
        double sum = 0;
        for (int i = 0; i < steps; ++i) {
          const double s = (i + 0.5) * h - std::numbers::sqrt2;
          sum += h * attenuation(phantom, t * std::cos(angle) - s * std::sin(angle),
                                 t * std::sin(angle) + s * std::cos(angle));
        }
        EXPECT_NEAR(line_integral(phantom, angle, t), sum, bound) << image << " " << angle << " " << t;
      }
  }
}

TEST(CtScan, PhantomIsThatOfSheppAndLogan) {
  EXPECT_NEAR(attenuation(shepp_logan(), 0, 0.9), 2.0, 1e-12) << "skull; sums of decimals";
  EXPECT_NEAR(attenuation(shepp_logan(), 0, -0.3), 1.02, 1e-12) << "brain";
  EXPECT_NEAR(attenuation(shepp_logan(), 0.22, 0), 1.0, 1e-12) << "ventricle";
  EXPECT_NEAR(attenuation(shepp_logan(), 0, 0.35), 1.03, 1e-12) << "upper ellipse";
  EXPECT_EQ(attenuation(shepp_logan(), 0.8, 0.8), 0);
}

/// Root mean square difference from two ellipses off the centre (a disc about the centre would meet the
/// detectors alike at every angle, and its sampling errors would add up to rings), over pixels of |r| < 0.95
/// that lie further than `away` from the edges, about.
double reconstruction_error(std::size_t side, CtFilter filter, double away) {
  const std::vector<Ellipse> phantom{{1, 0.75, 0.6, 0.07, -0.05, 0.3}, {0.5, 0.35, 0.2, 0.2, 0.1, 1.1}};
  const CtGeometry geometry = ct_geometry(side);
  std::vector<float> image(side * side), truth(side * side);
  rasterise(phantom, side, truth);
  filtered_back_projection(sinogram(phantom, geometry), geometry, side, filter, image);
  const auto from_edge = [](const Ellipse& e, double x, double y) {
    const double c = std::cos(e.angle), s = std::sin(e.angle), dx = x - e.x, dy = y - e.y;
    return std::abs(std::hypot((c * dx + s * dy) / e.a, (c * dy - s * dx) / e.b) - 1) * std::min(e.a, e.b);
  };
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t r = 0; r < side; ++r)
    for (std::size_t c = 0; c < side; ++c) {
      const double x = (2.0 * static_cast<double>(c) + 1) / static_cast<double>(side) - 1,
                   y = 1 - (2.0 * static_cast<double>(r) + 1) / static_cast<double>(side);
      if (std::hypot(x, y) > 0.95 ||
          std::min(from_edge(phantom[0], x, y), from_edge(phantom[1], x, y)) < away)
        continue;
      sum += std::pow(image[r * side + c] - truth[r * side + c], 2);
      ++count;
    }
  return std::sqrt(sum / static_cast<double>(count));
}

// A phantom with jumps lies in the Sobolev spaces of order below ½, and that is the order of convergence in
// L² (F. Natterer, The Mathematics of Computerized Tomography (1986), chapters II and IV): near the edges,
// whose share of the area halves with the pixel, and away from them, where the aliases of the projections'
// kinks arrive.
TEST(CtScan, BackProjectionConvergesWithOrderOneHalf) {
  for (const CtFilter filter : {CtFilter::ram_lak, CtFilter::hann}) {
    const auto order = [&](std::size_t coarse, std::size_t fine, double away) {
      return std::log2(reconstruction_error(coarse, filter, away) /
                       reconstruction_error(fine, filter, away)) /
             std::log2(static_cast<double>(fine) / static_cast<double>(coarse));
    };
    EXPECT_NEAR(order(64, 256, 0), 0.5, 0.1);
    EXPECT_NEAR(order(64, 256, 0.1), 0.5, 0.1);
    EXPECT_LT(reconstruction_error(256, filter, 0.1), 0.01) << "of attenuations of 1 and 1.5";
  }
}

// Counts of mean λ: −ln(N/I₀) has variance 1/λ and mean ln(I₀/λ) + 1/(2λ), both to relative O(1/λ) (delta
// method).
TEST(CtScan, PhotonNoiseHasPoissonStatistics) {
  constexpr std::size_t rays = 200000;
  const CtDose dose;
  for (const double optical_depth : {0.0, 1.0, 3.0}) {
    std::vector<double> scan(rays, optical_depth / dose.depth());
    count_photons(scan, dose, {.seed = 9, .purpose = Purpose::ct_photons});
    double mean = 0, variance = 0;
    for (const double p : scan) mean += p * dose.depth() / rays;
    for (const double p : scan) variance += std::pow(p * dose.depth() - mean, 2) / (rays - 1);
    const double lambda = dose.photons * std::exp(-optical_depth);
    // The next terms of the expansion: 5/12/λ² for the mean, 3/2/λ relative for the variance; 5 standard
    // errors.
    EXPECT_NEAR(mean, optical_depth + 0.5 / lambda, 1 / (lambda * lambda) + 5 * std::sqrt(1 / lambda / rays));
    EXPECT_NEAR(variance * lambda, 1, 2 / lambda + 5 * std::sqrt(2.0 / rays));
  }
  std::vector<double> dark(100, 100 / dose.depth());
  count_photons(dark, dose, {.seed = 9, .purpose = Purpose::ct_photons});
  for (const double p : dark) EXPECT_DOUBLE_EQ(p * dose.depth(), std::log(4096 / 0.1)) << "no photon at all";
}

TEST(CtPhantoms, ImagesAreReproducibleAndPositive) {
  ThreadPool pool(3);
  const CtPhantoms options{.images = 6, .side = 32, .seed = 4};
  const Dataset data = ct_phantoms(options), threaded = ct_phantoms(options, &pool);
  EXPECT_NO_THROW(validate(data));
  EXPECT_EQ(data.values, threaded.values);
  EXPECT_EQ(data.targets, threaded.targets);
  const Dataset fewer = ct_phantoms({.images = 2, .side = 32, .seed = 4});
  EXPECT_TRUE(std::ranges::equal(fewer.sample(1), data.sample(1))) << "an image depends on its number alone";
  EXPECT_FALSE(std::ranges::equal(data.target(0), data.target(1)));
  const Dataset other = ct_phantoms({.images = 1, .side = 32, .seed = 5});
  EXPECT_FALSE(std::ranges::equal(other.target(0), data.target(0)));
  for (std::uint32_t image = 0; image < 200; ++image) {
    const std::vector<Ellipse> phantom = random_phantom(1, image);
    std::vector<float> pixels(32 * 32);
    rasterise(phantom, 32, pixels);
    for (const float value : pixels) {
      EXPECT_GE(value, 0.0f);
      EXPECT_LE(value, 1.0f);
    }
  }
  expect_error([] { ct_phantoms({.images = 0}); }, {"images", "from 1 to a million"});
}

// Four times the photons: half the noise, 20·log₁₀2 = 6 dB, as far as the PSNR is one of noise.
TEST(CtPhantoms, NoiseFallsWithTheDose) {
  const auto noise = [](double photons) {
    const Dataset noisy = ct_phantoms({.images = 8, .side = 32, .dose = {.photons = photons}});
    const Dataset clean = ct_phantoms({.images = 8, .side = 32, .dose = {.photons = 1e12}});
    double sum = 0;
    for (std::size_t i = 0; i < noisy.values.size(); ++i)
      sum += std::pow(static_cast<double>(noisy.values[i]) - clean.values[i], 2);
    return std::sqrt(sum / static_cast<double>(noisy.values.size()));
  };
  const double ratio = noise(4096) / noise(16384);
  // Spreads of 8·1024 pixels, correlated over a few: relative error √(1/2/8192·4) each; depths of 3 and
  // counts of hundreds add 1/λ.
  EXPECT_NEAR(ratio, 2, 2 * (5 * std::sqrt(2.0 * 4 / 2 / 8192) + 1.0 / 100));
}

}  // namespace
}  // namespace fringe
