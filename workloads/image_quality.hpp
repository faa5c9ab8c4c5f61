// How near an image is to another.
#pragma once

#include <cstddef>
#include <span>

namespace fringe {

/// 10·log₁₀(range²/mean squared error) [dB]; infinite for equal images.
double psnr_db(std::span<const float> image, std::span<const float> reference, double range);

inline constexpr std::size_t ssim_window = 11;
/// Structural similarity, mean over the places where an 11×11 window fits: Gaussian weights of σ = 1.5, K₁ =
/// 0.01, K₂ = 0.03 (Z. Wang, A. C. Bovik, H. R. Sheikh, E. P. Simoncelli, "Image quality assessment: from
/// error visibility to structural similarity", IEEE Trans. Image Process. 13, 600 (2004),
/// doi:10.1109/TIP.2003.819861). Images [height×width], each at least 11; Error otherwise.
double ssim(std::span<const float> image, std::span<const float> reference, std::size_t height,
            std::size_t width, double range);

}  // namespace fringe
