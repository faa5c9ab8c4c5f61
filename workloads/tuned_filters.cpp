#include <array>
#include <cmath>
#include <functional>

#include "core/error.hpp"
#include "workloads/image_filters.hpp"
#include "workloads/image_quality.hpp"

namespace fringe {
namespace {

constexpr std::array square_radii{1, 2, 4, 5, 8, 9, 10, 13, 16, 18, 20, 25};  // where the disc grows
constexpr std::array patches{1, 2, 3}, searches{3, 5, 8};

/// The positive number of largest score: the best of a row of powers of 2, then between its neighbours by
/// golden section on the logarithm, down to 1 %.
double best_positive(double least, double most, const std::function<double(double)>& score) {
  double best = least, best_score = score(least);
  for (double x = 2 * least; x <= most; x *= 2)
    if (const double s = score(x); s > best_score) best = x, best_score = s;
  const double golden = (std::sqrt(5.0) - 1) / 2;
  double low = std::log(best / 2), high = std::log(best * 2);
  double a = high - golden * (high - low), b = low + golden * (high - low);
  double score_a = score(std::exp(a)), score_b = score(std::exp(b));
  while (high - low > 0.01) {
    if (score_a > score_b) {
      high = b, b = a, score_b = score_a;
      score_a = score(std::exp(a = high - golden * (high - low)));
    } else {
      low = a, a = b, score_a = score_b;
      score_b = score(std::exp(b = low + golden * (high - low)));
    }
  }
  const double x = std::exp(0.5 * (low + high));
  return score(x) > best_score ? x : best;
}

void require_images(const Dataset& data) {
  if (data.shape.size() != 3 || data.shape[0] != 1 || data.outputs != data.features ||
      data.target_shape != data.shape)
    throw Error("data set '" + data.name +
                "': samples and targets must be images of one shape and one channel");
}

}  // namespace

Image TunedFilter::operator()(const ImageView& image) const {
  const auto whole = [&](std::size_t i) { return static_cast<int>(parameters.at(i).value); };
  if (name == "gaussian") return gaussian_filter(image, parameters.at(0).value);
  if (name == "median") return median_filter(image, whole(0));
  if (name == "non-local means") return non_local_means(image, whole(0), whole(1), parameters.at(2).value);
  throw Error("unknown filter '" + name + "'");
}

ImageScore image_score(const Dataset& data, std::span<const std::uint32_t> rows, double range,
                       ThreadPool& pool, const TunedFilter* filter) {
  require_images(data);
  if (rows.empty()) throw Error("data set '" + data.name + "': no images to score; must be at least 1");
  std::vector<ImageScore> each(rows.size());
  pool.run(rows.size(), [&](std::size_t i, unsigned) {
    const ImageView image{data.sample(rows[i]), data.shape[1], data.shape[2]};
    const Image shown = filter ? (*filter)(image) : Image(image.pixels.begin(), image.pixels.end());
    each[i] = {psnr_db(shown, data.target(rows[i]), range),
               ssim(shown, data.target(rows[i]), image.height, image.width, range)};
  });
  ImageScore mean;
  for (const ImageScore& score : each) {
    mean.psnr_db += score.psnr_db / static_cast<double>(rows.size());
    mean.ssim += score.ssim / static_cast<double>(rows.size());
  }
  return mean;
}

std::vector<TunedFilter> tuned_filters(const Dataset& data, std::span<const std::uint32_t> rows, double range,
                                       ThreadPool& pool) {
  const auto scored = [&](TunedFilter filter) {
    const ImageScore score = image_score(data, rows, range, pool, &filter);
    filter.psnr_db = score.psnr_db;
    filter.ssim = score.ssim;
    return filter;
  };
  const auto keep_better = [](TunedFilter& best, TunedFilter other) {
    if (best.name.empty() || other.psnr_db > best.psnr_db) best = std::move(other);
  };
  /// The best of make(x) over positive x.
  const auto search = [&](double least, double most, const std::function<TunedFilter(double)>& make) {
    return scored(make(best_positive(least, most, [&](double x) { return scored(make(x)).psnr_db; })));
  };

  std::vector<TunedFilter> filters(3);
  filters[0] = search(0.25, 8, [](double sigma) {
    return TunedFilter{"gaussian", {{"sigma", sigma}}, 0, 0};
  });
  for (const int square : square_radii)
    keep_better(filters[1], scored({"median", {{"square_radius", static_cast<double>(square)}}, 0, 0}));
  for (const int patch : patches)
    for (const int reach : searches)
      keep_better(
          filters[2], search(range / 1024, range / 4, [=](double h) {
            return TunedFilter{
                "non-local means",
                {{"patch", static_cast<double>(patch)}, {"search", static_cast<double>(reach)}, {"h", h}},
                0,
                0};
          }));
  return filters;
}

}  // namespace fringe
