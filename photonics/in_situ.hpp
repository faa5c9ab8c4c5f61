// Gradients as a chip measures them: intensities at its phase shifters for light sent forwards, for the
// time-reversed adjoint light, and for both interfering (Hughes et al., Optica 5, 864 (2018),
// doi:10.1364/OPTICA.5.000864; shown on a chip by Pai et al., Science 380, 398 (2023),
// doi:10.1126/science.ade8450).
//
// With f the field behind a shifter for input x, and b the field there for conj(g) sent backwards from the
// outputs (g = ∂L/∂Re y + i ∂L/∂Im y), ∂L/∂p = Re(i b f). The backward light leaves at the inputs as x_b = Aᵀ
// conj(g); sending −i·conj(x_b) forwards gives c = −i·conj(b) on a lossless mesh, so that
//   ∂L/∂p = ½(|f + c|² − |f|² − |c|²)   (Hughes et al., eq. 11).
// With loss c is weaker than b, and the estimate is biased.
#pragma once

#include <cstdint>
#include <vector>

#include "core/draw.hpp"
#include "photonics/fields.hpp"
#include "photonics/physical_mesh.hpp"

namespace fringe {

/// How a chip reads its taps. All zero: exactly.
struct TapReading {
  double noise = 0;           ///< rms of a reading, as a share of the largest reading of its kind and sample
  int bits = 0;               ///< of a reading over the same range, 1 … 24; 0: unlimited
  double undone_loss_db = 0;  ///< per column: loss that is known and undone, see measure()

  bool operator==(const TapReading&) const = default;
};
/// Throws Error naming the key and the rule.
void check(const TapReading& reading);

/// What a measured gradient cost.
struct TapCount {
  std::uint64_t passes = 0;    ///< of light through the mesh: four per sample, three of them read at taps
  std::uint64_t readings = 0;  ///< of taps
};

/// One mesh with a tap behind every phase shifter. Calls of measure() may be concurrent. In
/// float a power is rounded at 2⁻²⁴ of itself, far below a tap's noise; double is for comparisons with exact
/// slopes.
template <class Real = double>
class InSituGradient {
 public:
  explicit InSituGradient(const MeshLayout& layout);

  /// Throws Error where sizes disagree with the layout.
  void set(const PhaseProgram& program, const FabricatedMesh& fabricated);

  /// For inputs x and g at the outputs, both [modes × batch], adds the measured ∂L/∂p to `gradient` and
  /// leaves Aᴴg in g: what left the inputs on the way back. The time-reversed light is sent at the power of
  /// x, whatever the size of g, and the slopes are scaled back. `draw` and first_sample name the readings'
  /// noise: sample b is number first_sample + b. With undone_loss_db = l, readings behind k columns are
  /// multiplied by 10^(l·k/10): exact where every path loses l per column. Throws Error on shape mismatch.
  TapCount measure(ConstFields<Real> x, Fields<Real> g, PhaseProgram& gradient,
                   const TapReading& reading = {}, const Draw& draw = {},
                   std::uint64_t first_sample = 0) const;

  /// One coupler: splitters' cosines and sines, phase factors, transmission of the ways to it.
  struct Part {
    std::uint32_t upper, lower;
    Real front_cos, front_sin, in_cos, in_sin, out_cos, out_sin;
    Real phi_re, phi_im, upper_re, upper_im, lower_re, lower_im;
    Real upper_way, lower_way;
  };

 private:
  /// Taps: upper arm, lower arm and φ of each coupler, then one per mode behind the phase screen.
  std::size_t taps() const { return 3 * parts_.size() + layout_.modes; }

  MeshLayout layout_;
  std::vector<std::uint32_t> column_;  ///< of each coupler
  std::vector<Part> parts_;
  std::vector<Real> out_re_, out_im_;
  bool push_pull_ = false;
};

extern template class InSituGradient<float>;
extern template class InSituGradient<double>;

}  // namespace fringe
