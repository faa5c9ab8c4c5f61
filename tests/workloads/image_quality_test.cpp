// PSNR and SSIM against scikit-image, and the filters against what is known of them.
#include "workloads/image_quality.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/draw.hpp"
#include "expect_error.hpp"
#include "workloads/ct_phantoms.hpp"
#include "workloads/image_filters.hpp"

namespace fringe {
namespace {

using testing::expect_error;

Image pattern(std::size_t height, std::size_t width, std::size_t a, std::size_t b, std::size_t m,
              std::size_t s) {
  Image image;
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x)
      image.push_back(
          static_cast<float>(static_cast<double>((a * x + b * y + s * x * y) % m) / static_cast<double>(m)));
  return image;
}

TEST(ImageQuality, AgreesWithScikitImage) {
  struct Case {
    std::size_t height, width;
    double range, psnr_db, ssim;
  };
  // image_quality_expected.py
  constexpr Case cases[] = {
      {11, 11, 1.0, 22.58491027680381, 0.9609429095270399},
      {11, 11, 2.0, 28.605510190083436, 0.9616629682839729},
      {24, 17, 1.0, 21.971894573993534, 0.9551760880076694},
      {24, 17, 2.0, 27.99249448727316, 0.9560165025992806},
      {40, 40, 1.0, 21.98008768114721, 0.9541959972981853},
      {40, 40, 2.0, 28.000687594426836, 0.9550611522836819},
  };
  for (const Case& c : cases) {
    const Image reference = pattern(c.height, c.width, 3, 5, 17, 0),
                other = pattern(c.height, c.width, 7, 2, 23, 1);
    Image shown;
    for (std::size_t i = 0; i < other.size(); ++i)
      shown.push_back(
          static_cast<float>(static_cast<double>(reference[i]) * 0.8 + 0.2 * static_cast<double>(other[i])));
    // Sums of so many terms of size 1 in double.
    const double rounding = 16 * std::numeric_limits<double>::epsilon() * static_cast<double>(shown.size());
    EXPECT_NEAR(psnr_db(shown, reference, c.range), c.psnr_db, 30 * rounding);
    // Variances of about 0.06, from means of squares; C₂ is 0.0009.
    EXPECT_NEAR(ssim(shown, reference, c.height, c.width, c.range), c.ssim, 100 * rounding);
    EXPECT_NEAR(ssim(shown, shown, c.height, c.width, c.range), 1, 100 * rounding);
    EXPECT_EQ(psnr_db(shown, shown, c.range), std::numeric_limits<double>::infinity());
  }
  const Image small(100);
  expect_error([&] { ssim(small, small, 10, 10, 1); }, {"10 by 10", "11 by 11"});
}

Image noise(std::size_t pixels, std::uint64_t seed) {
  Image image(pixels);
  fill_normal(image, Draw{.seed = seed});
  return image;
}

TEST(ImageFilters, LeaveFlatImagesAndImpulsesAsTheyMust) {
  const Image flat(13 * 9, 0.75f);
  const ImageView view{flat, 13, 9};
  for (const Image& out :
       {gaussian_filter(view, 1.3), median_filter(view, 5), non_local_means(view, 2, 4, 0.1)})
    for (const float value : out) EXPECT_NEAR(value, 0.75f, 16 * std::numeric_limits<float>::epsilon());
  Image impulse(21 * 21);
  impulse[10 * 21 + 10] = 1;
  const ImageView seen{impulse, 21, 21};
  const Image median = median_filter(seen, 1), smooth = gaussian_filter(seen, 1.5);
  for (const float value : median) EXPECT_EQ(value, 0.0f) << "a single pixel is an outlier";
  const double ratio = std::exp(-0.5 * (9 + 4) / (1.5 * 1.5));
  EXPECT_NEAR(smooth[13 * 21 + 8] / smooth[10 * 21 + 10], ratio, 1e-6 * 16)
      << "float weights of the size of 1";
}

// Median over sorted neighbours, by hand, at an inner pixel and at a mirrored corner.
TEST(ImageFilters, MedianIsTheMiddleOfTheDisc) {
  const Image image = noise(49, 3);
  const Image out = median_filter({image, 7, 7}, 2);
  const auto middle = [&](std::vector<float> values) {
    std::sort(values.begin(), values.end());
    return values[4];
  };
  const auto at = [&](int r, int c) {
    return image[static_cast<std::size_t>(7 * std::abs(r) + std::abs(c))];
  };
  std::vector<float> inner, corner;
  for (int dr = -1; dr <= 1; ++dr)
    for (int dc = -1; dc <= 1; ++dc) {
      inner.push_back(at(3 + dr, 4 + dc));
      corner.push_back(at(std::max(dr, 0), std::max(dc, 0)));  // the edge pixel twice
    }
  EXPECT_EQ(out[3 * 7 + 4], middle(inner));
  EXPECT_EQ(out[0], middle(corner));
}

// The formula, pixel by pixel and patch by patch.
TEST(ImageFilters, NonLocalMeansFollowItsFormula) {
  constexpr int side = 12, patch = 1, search = 3;
  const double h = 0.9;
  const Image image = noise(side * side, 4);
  const Image out = non_local_means({image, side, side}, patch, search, h);
  const auto at = [&](int r, int c) {
    const auto mirror = [](int i) { return i < 0 ? -1 - i : i >= side ? 2 * side - 1 - i : i; };
    return static_cast<double>(image[static_cast<std::size_t>(mirror(r) * side + mirror(c))]);
  };
  for (int r = 0; r < side; ++r)
    for (int c = 0; c < side; ++c) {
      double sum = 0, weights = 0, largest = 0;
      for (int dr = -search; dr <= search; ++dr)
        for (int dc = -search; dc <= search; ++dc) {
          if (dr == 0 && dc == 0) continue;
          double distance = 0;
          for (int i = -patch; i <= patch; ++i)
            for (int j = -patch; j <= patch; ++j)
              distance += std::pow(at(r + i, c + j) - at(r + dr + i, c + dc + j), 2) / 9;
          const double weight = std::exp(-distance / (h * h));
          sum += weight * at(r + dr, c + dc);
          weights += weight;
          largest = std::max(largest, weight);
        }
      const double expected = (sum + largest * at(r, c)) / (weights + largest);
      EXPECT_NEAR(out[static_cast<std::size_t>(r * side + c)], expected,
                  4 * std::numeric_limits<float>::epsilon() * (1 + std::abs(expected)));
    }
}

// No filter is better than with the parameters that the search found.
TEST(ImageFilters, TuningFindsTheBestParameters) {
  ThreadPool one(1), many(3);
  const Dataset data = ct_phantoms({.images = 3, .side = 32});
  const std::vector<std::uint32_t> rows = all_rows(data);
  const std::vector<TunedFilter> filters = tuned_filters(data, rows, 1, one);
  const ImageScore before = image_score(data, rows, 1, one);
  ASSERT_EQ(filters.size(), 3u);
  for (const TunedFilter& filter : filters) {
    SCOPED_TRACE(filter.name);
    const auto expect_worse = [&](std::size_t parameter, double value) {
      TunedFilter other = filter;
      other.parameters[parameter].value = value;
      EXPECT_LT(image_score(data, rows, 1, one, &other).psnr_db, filter.psnr_db)
          << filter.parameters[parameter].name << " = " << value;
    };
    if (filter.name == "median") {  // on small images of sharp edges even the best one may lose
      for (const double square : {1.0, 2.0, 4.0, 5.0, 9.0})
        if (square != filter.parameters[0].value) expect_worse(0, square);
      continue;
    }
    EXPECT_GT(filter.psnr_db, before.psnr_db);
    EXPECT_GT(filter.ssim, before.ssim);
    const std::size_t real = filter.parameters.size() - 1;  // sigma, h
    for (const double factor : {0.5, 0.8, 1.25, 2.0})
      expect_worse(real, factor * filter.parameters[real].value);
  }
  const std::vector<TunedFilter> again = tuned_filters(data, rows, 1, many);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(again[i].psnr_db, filters[i].psnr_db);
    EXPECT_EQ(again[i].ssim, filters[i].ssim);
  }
  Dataset labels = data;
  labels.target_shape.clear();
  expect_error([&] { tuned_filters(labels, rows, 1, one); }, {"ct-phantoms", "images of one shape"});
}

}  // namespace
}  // namespace fringe
