// A mesh prepared for going back from its output with the fields y and the adjoints g of a loss
// (mesh_kernel_gradient_impl.hpp). Both are kept with deferred diagonals, y = Dŷ and g = Gĝ, as in
// compiled_mesh.hpp: eight multiply-adds undo a coupler for y, eight take g through its adjoint.
//
// Slopes need M = Σ y g^† over samples at each coupler's outputs. Only the products of the two different rows
// are summed: those of a row with itself follow from the coupler behind, as M ahead of a coupler is T⁻¹MT,
// and begin with Σ yḡ at the mesh's output. So eight multiply-adds per coupler and vector suffice, for
// couplers of any kind.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "photonics/mesh_kernel.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/physical_mesh.hpp"
#include "photonics/reverse_lanes.hpp"
#include "photonics/slope_weights.hpp"

namespace fringe {

/// Real is float or double.
template <class Real>
class ReverseForm {
 public:
  explicit ReverseForm(const MeshLayout& layout);

  /// False where a coupler has no inverse or its diagonals leave their range; the form must not be used then.
  bool compile(const PhysicalMesh<double>& mesh, const SlopeWeights& weights);

  GradientTape<Real> tape() const;
  /// Sums of a kernel call, and room for a whole run's behind them.
  std::size_t sums() const { return kernel_gradient_sums * (steps_.size() + modes_ + reverse_run); }
  /// Reals that a kernel call needs.
  std::size_t scratch() const { return 4 * kernel_gradient_lanes<Real> * modes_; }
  /// Adds the slopes that follow from a kernel's sums.
  void add_slopes(const Real* sums, PhaseProgram& gradient) const;

 private:
  using Complex = std::complex<double>;
  /// With a front splitter ∂L/∂φ = Re(m₀ M₀₀ + m₁ M₁₁ + upper·ŝ₀₁ + lower·ŝ₁₀), M behind the coupler.
  struct FrontStep {
    Complex m0, m1, upper, lower;
  };
  /// Couplers [begin, end) of one column; side by side: of modes m and m + 1, m + 2 and m + 3, ….
  struct Run {
    std::uint32_t begin, end;
    bool side_by_side;
  };
  void rescale(std::size_t coupler, std::uint64_t flags);
  void set_front_steps(const Run& run, const PhysicalMesh<double>& mesh, const SlopeWeights& weights);

  std::size_t modes_;
  std::vector<Coupler> couplers_;
  std::vector<Run> runs_;             ///< from the first column to the last
  std::vector<std::uint32_t> place_;  ///< of each coupler among the steps
  std::vector<GradientStep> steps_;
  std::vector<GradientRun> kernel_runs_;
  std::vector<Real> coefficients_, in_;
  std::vector<ReverseSlopes<Real>> slopes_;  ///< per run
  std::vector<FrontStep> front_steps_;       ///< per coupler; empty without front splitters
  std::vector<ReverseDiagonals> diagonals_;  ///< per mode, as far as they have come
  ReverseRun<Real> run_;
};

}  // namespace fringe
