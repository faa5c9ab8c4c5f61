// A mesh prepared for one vector at a time (mesh_kernel_ring_impl.hpp): where its columns couple neighbours
// in turns, as those of rectangular and triangular meshes do.
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

#include "photonics/crossing.hpp"
#include "photonics/mesh_kernel.hpp"
#include "photonics/mesh_layout.hpp"

namespace fringe {

/// Real is float or double.
template <class Real>
class RingForm {
 public:
  /// Whether the layout's columns couple neighbours in turns.
  static bool fits(const MeshLayout& layout);

  /// False where a coupler is out of range for deferred diagonals without swaps; the form must not be used
  /// then. The layout must fit; out are the factors of the phase screen.
  bool compile(const MeshLayout& layout, const std::vector<Matrix2>& couplers,
               const std::vector<std::complex<double>>& out);

  RingTape<Real> tape() const;
  std::size_t scratch() const { return 4 * length_; }

 private:
  static constexpr std::size_t line = 64 / sizeof(Real);
  struct alignas(64) Line {
    Real value[line];
  };
  std::size_t length_ = 0, columns_ = 0;  ///< places of a half ring: a multiple of 64 bytes
  std::vector<std::uint32_t> enter_, leave_;
  std::vector<Line> coefficients_, factors_, out_re_, out_im_;
  std::vector<RingRescale> rescales_;
};

}  // namespace fringe
