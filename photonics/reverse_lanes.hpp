// The arithmetic of a reverse form (reverse_form.hpp) for couplers side by side: of one column, as these
// touch different modes. Plain loops over arrays, compiled for each instruction set; equal bits on every
// processor.
#pragma once

#include <cstddef>
#include <cstdint>

#include "photonics/crossing.hpp"

namespace fringe {

/// Couplers of one call, at most: those that the widest processor takes at a time.
inline constexpr std::size_t reverse_run = 8;

/// The diagonals D and G of one mode.
struct ReverseDiagonals {
  double dr, di, gr, gi;
};

/// Of a run of couplers, plane by plane, in the precision of the fields, for add_slopes(). M₀₀ ahead of a
/// coupler is M₁₁ + same·(M₀₀ − M₁₁) + upper·ŝ₀₁ + lower·ŝ₁₀, with the sums ŝ of ŷ and ĝ;
///   ∂L/∂θ = θ₀ Im M₀₀ + θ₁ Im M₁₁ + Re(theta_upper·ŝ₀₁ + theta_lower·ŝ₁₀).
template <class Real>
struct ReverseSlopes {
  enum Plane {
    same_re,
    same_im,
    upper_re,
    upper_im,
    lower_re,
    lower_im,
    theta0,
    theta1,
    theta_upper_re,
    theta_upper_im,
    theta_lower_re,
    theta_lower_im,
    planes
  };
  Real plane[planes][reverse_run];
};

/// A run of couplers.
template <class Real>
struct ReverseRun {
  ReverseDiagonals ahead[reverse_run][2];  ///< in: behind the couplers; out: ahead of them, upper and lower
  Real coefficients[reverse_run][8];
  std::uint64_t flags[reverse_run];
};

/// Rows trade places first.
inline constexpr std::uint64_t reverse_swaps = 1;
/// |D|² or |G|² of the upper or lower mode has left the range it should stay in.
inline constexpr std::uint64_t reverse_upper_strays = 2, reverse_lower_strays = 4;
/// A coupler has no inverse, or a diagonal has left every range.
inline constexpr std::uint64_t reverse_lost = 8;

/// theta: θ₀, θ₁ and θ₂ of SlopeWeights.
void reverse_couplers(const Matrix2* couplers, const double* const theta[3], std::size_t count,
                      ReverseRun<float>& run, ReverseSlopes<float>& slopes) noexcept;
void reverse_couplers(const Matrix2* couplers, const double* const theta[3], std::size_t count,
                      ReverseRun<double>& run, ReverseSlopes<double>& slopes) noexcept;

/// Of each coupler of a run: M₀₀ and M₁₁, and what the slopes of θ and φ are added to.
struct ReverseProducts {
  double *upper_re, *upper_im, *lower_re, *lower_im, *theta, *phi;
};

/// Takes M₀₀ and M₁₁ from behind a whole run of couplers ahead of them. sums: kernel_gradient_sums per
/// coupler. The slope of φ is that without a front splitter.
void reverse_slopes(const ReverseSlopes<float>& slopes, const float* sums, const ReverseProducts& m) noexcept;
void reverse_slopes(const ReverseSlopes<double>& slopes, const double* sums,
                    const ReverseProducts& m) noexcept;

/// The least square of a singular value of any of the couplers; 1 where all are larger.
double least_square(const Matrix2* couplers, std::size_t count) noexcept;

}  // namespace fringe
