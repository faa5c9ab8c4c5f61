// The classical filters that a denoising network is measured against, and their parameters of highest PSNR.
// Images are [height×width], mirrored at their edges (the edge pixel twice).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/thread_pool.hpp"
#include "workloads/dataset.hpp"

namespace fringe {

struct ImageView {
  std::span<const float> pixels;
  std::size_t height = 0, width = 0;
};
using Image = std::vector<float>;

/// Gaussian of standard deviation `sigma` > 0 pixels, cut at 4 sigma.
Image gaussian_filter(const ImageView& image, double sigma);
/// Median over the pixels within √square_radius ≥ 0.
Image median_filter(const ImageView& image, int square_radius);
/// Non-local means: the mean of the pixels within ±search, each weighted by exp(−d²/h²), d² the mean square
/// difference of the patches of ±patch about both; the pixel itself gets the largest of the others' weights
/// (A. Buades, B. Coll, J.-M. Morel, "A non-local algorithm for image denoising", CVPR 2005,
/// doi:10.1109/CVPR.2005.38).
Image non_local_means(const ImageView& image, int patch, int search, double h);

struct FilterParameter {
  const char* name;
  double value;
};
/// A filter with its parameters, and how it does.
struct TunedFilter {
  std::string name;  ///< "gaussian", "median", "non-local means"
  std::vector<FilterParameter> parameters;
  double psnr_db = 0, ssim = 0;  ///< means over the images

  Image operator()(const ImageView& image) const;
};

/// Mean PSNR and SSIM of the images `rows` as they are (filter null) or filtered, against their targets;
/// `range` is that of both. Throws Error unless samples and targets are images of one shape and one channel.
struct ImageScore {
  double psnr_db = 0, ssim = 0;
};
ImageScore image_score(const Dataset& data, std::span<const std::uint32_t> rows, double range,
                       ThreadPool& pool, const TunedFilter* filter = nullptr);

/// Each of the three with the parameters of highest mean PSNR on the images `rows`: sigma by a search on its
/// logarithm; the median's radius of a list up to 5 pixels; of the means, h by a search on its logarithm for
/// every patch of ±1, 2, 3 and search of ±3, 5, 8. Equal bits for any thread count.
std::vector<TunedFilter> tuned_filters(const Dataset& data, std::span<const std::uint32_t> rows, double range,
                                       ThreadPool& pool);

}  // namespace fringe
