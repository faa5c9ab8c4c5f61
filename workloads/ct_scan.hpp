// A parallel-beam CT scan of ellipses: line integrals in closed form, photon counts at a low dose, filtered
// back-projection.
//
// Lengths are in half widths of the image, which spans [−1, 1]²; attenuation is relative
// (ct_dose.full_scale_per_m). The ray of angle θ and detector position t is {(x, y): x·cos θ + y·sin θ = t}.
// Formulas: A. C. Kak, M. Slaney, "Principles of Computerized Tomographic Imaging" (1988), section 3.1
// (ellipses) and 3.3 (back-projection).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/draw.hpp"

namespace fringe {

/// Adds `value` to the attenuation inside.
struct Ellipse {
  double value = 0, a = 1, b = 1;  ///< semi-axes along the ellipse's own x and y
  double x = 0, y = 0, angle = 0;  ///< centre; counter-clockwise turn [rad]
};

/// Head phantom of L. A. Shepp and B. F. Logan, "The Fourier reconstruction of a head section", IEEE Trans.
/// Nucl. Sci. 21, 21 (1974), doi:10.1109/TNS.1974.6499235: skull 2, tissue 1.02, features of 1 and 2 %.
std::span<const Ellipse> shepp_logan() noexcept;

double attenuation(std::span<const Ellipse> phantom, double x, double y);
/// ∫ attenuation along a ray: Σ 2·value·a·b·√(s² − d²)/s², s² = a²cos²γ + b²sin²γ, γ the angle and d the
/// distance seen from the ellipse.
double line_integral(std::span<const Ellipse> phantom, double angle, double t);

/// image[side×side], row 0 at the top (y near 1): the mean of 4×4 points of each pixel.
void rasterise(std::span<const Ellipse> phantom, std::size_t side, std::span<float> image);

/// Angles are k·π/angles, detector positions (i + ½ − detectors/2)·spacing.
struct CtGeometry {
  std::size_t angles = 0, detectors = 0;
  double spacing = 0;

  double angle(std::size_t k) const;
  double position(std::size_t i) const {
    return (static_cast<double>(i) + 0.5 - 0.5 * static_cast<double>(detectors)) * spacing;
  }
  std::size_t rays() const { return angles * detectors; }
};
/// Pixels and detectors of one width, over the image's diagonal; π/2 angles a detector, which samples both
/// evenly (Kak and Slaney, chapter 5).
CtGeometry ct_geometry(std::size_t side);

/// [angles×detectors]
std::vector<double> sinogram(std::span<const Ellipse> phantom, const CtGeometry& geometry);

/// Dose and units of LoDoPaB-CT (J. Leuschner et al., Scientific Data 8, 109 (2021),
/// doi:10.1038/s41597-021-00893-z): photons that leave for each detector pixel, attenuation that is stored as
/// 1, half width of the image, and what a count of 0 is replaced by before the logarithm.
struct CtDose {
  double photons = 4096;
  double full_scale_per_m = 81.35858;
  double half_width_m = 0.13;
  double least_count = 0.1;

  /// Optical depth of a line integral of 1.
  double depth() const { return full_scale_per_m * half_width_m; }
};
inline constexpr double water_per_m = 20;  ///< the same source

/// Each line integral as it is measured: counts are Poisson with mean photons·exp(−depth·p), element i of the
/// draw, and −ln(count/photons)/depth is kept.
void count_photons(std::span<double> sinogram, const CtDose& dose, const Draw& draw);

enum class CtFilter { ram_lak, hann };
/// image[side×side] by filtered back-projection with linear interpolation between detectors. Ram-Lak: the
/// ramp up to the detectors' Nyquist frequency, as its samples in space (Kak and Slaney, eq. 61); Hann: times
/// ½(1 + cos(π·f/f_Nyquist)), in space ¼, ½, ¼.
void filtered_back_projection(std::span<const double> sinogram, const CtGeometry& geometry, std::size_t side,
                              CtFilter filter, std::span<float> image);

}  // namespace fringe
