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
#include "photonics/slope_weights.hpp"

namespace fringe {

/// Real is float or double.
template <class Real>
class ReverseForm {
 public:
  explicit ReverseForm(const MeshLayout& layout);

  /// False where a coupler has no inverse or its diagonals leave their range; the form must not be used then.
  /// weights: one per coupler; those of φ count where a `front` splitter stands.
  bool compile(const PhysicalMesh<double>& mesh, const std::vector<SlopeWeights>& weights, bool front);

  GradientTape<Real> tape() const;
  /// Sums of a kernel call.
  std::size_t sums() const { return kernel_gradient_sums * (index_.size() + modes_); }
  /// Reals that a kernel call needs.
  std::size_t scratch() const { return 4 * kernel_gradient_lanes<Real> * modes_; }
  /// Adds the slopes that follow from a kernel's sums.
  void add_slopes(const double* sums, PhaseProgram& gradient) const;

 private:
  using Complex = std::complex<double>;
  /// Of one coupler: M₀₀ ahead of it is M₁₁ + same·(M₀₀ − M₁₁) + upper·ŝ₀₁ + lower·ŝ₁₀, with the sums ŝ of ŷ
  /// and ĝ.
  struct Step {
    Complex same, upper, lower;
    double theta0, theta1;
    Complex theta_upper, theta_lower;
  };
  /// With a front splitter ∂L/∂φ = Re(m₀ M₀₀ + m₁ M₁₁ + upper·ŝ₀₁ + lower·ŝ₁₀), M behind the coupler.
  struct FrontStep {
    Complex m0, m1, upper, lower;
  };

  std::size_t modes_;
  std::vector<std::uint32_t> index_, uppers_, lowers_;  ///< of each coupler in this form's order
  std::vector<GradientRun> runs_;
  bool front_ = false;
  std::vector<Real> coefficients_;
  std::vector<std::uint8_t> swaps_;
  std::vector<GradientRescale<Real>> rescales_;
  std::vector<Real> in_;
  std::vector<Step> steps_;
  std::vector<FrontStep> front_steps_;
  std::vector<Complex> d_, g_;  ///< the diagonals, as far as they have come
};

}  // namespace fringe
