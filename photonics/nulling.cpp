#include "photonics/nulling.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "photonics/correction.hpp"
#include "photonics/decompose.hpp"
#include "photonics/topology_of.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

/// Coupler whose upper mode is `mode` in a column.
std::size_t coupler_at(const MeshLayout& layout, std::size_t column, std::size_t mode) {
  std::size_t k = layout.column_start[column];
  while (layout.couplers[k].upper != mode) ++k;
  return k;
}

Matrix2 adjoint(const Matrix2& t) {
  return {std::conj(t[0]), std::conj(t[2]), std::conj(t[1]), std::conj(t[3])};
}

/// The unitary that gathers (a, b) in its first output, with the second one first where `second`; a dark one
/// is left as it is.
Matrix2 gathering(Complex a, Complex b, bool second) {
  constexpr double dark = 2.2e-16;  // as in decompose()
  const double norm = std::hypot(std::abs(a), std::abs(b));
  if (std::abs(second ? a : b) < dark) return {1, 0, 0, 1};
  a /= norm;
  b /= norm;
  if (second) return {-b, a, std::conj(a), std::conj(b)};
  return {std::conj(a), std::conj(b), -b, a};
}

}  // namespace

std::vector<NullStep> null_steps(const MeshLayout& layout) {
  const std::size_t n = layout.modes;
  std::vector<NullStep> steps;
  if (n >= 2 && same_layout(layout, rectangular_layout(n, n))) {
    for (std::size_t i = 0; i + 1 < n; ++i)
      for (std::size_t j = 0; j <= i; ++j)
        if (i % 2 == 0)
          steps.push_back({coupler_at(layout, j, i - j), false, n - 1 - j, i - j});
        else
          steps.push_back({coupler_at(layout, n - 1 - j, n - 2 - i + j), true, n - 1 - i + j, j});
  } else if (n >= 2 && same_layout(layout, find_topology("triangular").build(n))) {
    for (std::size_t sweep = 0; sweep + 1 < n; ++sweep)
      for (std::size_t mode = 0; mode + 1 < n - sweep; ++mode)
        steps.push_back({coupler_at(layout, 2 * sweep + mode, mode), false, n - 1 - sweep, mode});
  } else {
    throw Error("nulling knows an order for triangular and rectangular meshes; this layout of " +
                std::to_string(n) + " modes and " + std::to_string(layout.couplers.size()) +
                " couplers is neither");
  }
  return steps;
}

PhaseProgram null_known(const MeshLayout& layout, ConstComplexMatrix u, const FabricatedMesh& known) {
  check_sizes(layout, known);
  const std::vector<NullStep> steps = null_steps(layout);
  const std::size_t n = layout.modes;
  decompose_triangular(u);  // refuses what isn't unitary
  if (u.rows != n)
    throw Error("a matrix of " + std::to_string(u.rows) + " rows for a mesh of " + std::to_string(n));
  std::vector<Complex> x(n * n);
  for (std::size_t r = 0; r < n; ++r) std::copy_n(u.row(r), n, &x[r * n]);
  const bool front = known.crossing->front_rad != 0;

  std::vector<Matrix2> blocks(layout.couplers.size());
  for (const NullStep& step : steps) {
    CrossingErrors errors = known.errors(step.coupler);
    errors.arm_imbalance_db = 0;
    Matrix2& block = blocks[step.coupler];
    if (step.behind) {
      Complex *upper = &x[(step.row - 1) * n], *lower = &x[step.row * n];
      block = adjoint(gathering(upper[step.column], lower[step.column], false));
      if (!front) {
        const CrossingSetting s = solve(*known.crossing, errors, block, 0);
        block = transfer(*known.crossing, s.theta_rad, s.phi_rad, errors);
        for (std::size_t e = 0; e < 4; ++e)
          block[e] *= std::polar(1.0, e < 2 ? s.upper_lag_rad : s.lower_lag_rad);
      }
      const Matrix2 t = adjoint(block);
      for (std::size_t c = 0; c < n; ++c) {
        const Complex a = upper[c], b = lower[c];
        upper[c] = t[0] * a + t[1] * b;
        lower[c] = t[2] * a + t[3] * b;
      }
    } else {
      const Complex* row = &x[step.row * n + step.column];
      const CrossingSetting s =
          solve(*known.crossing, errors, gathering(std::conj(row[0]), std::conj(row[1]), true), 0);
      block = transfer(*known.crossing, s.theta_rad, s.phi_rad, errors);
      for (std::size_t r = 0; r < n; ++r) {
        Complex &left = x[r * n + step.column], &right = x[r * n + step.column + 1];
        const Complex a = left, b = right;
        left = a * std::conj(block[0]) + b * std::conj(block[1]);
        right = a * std::conj(block[2]) + b * std::conj(block[3]);
      }
    }
  }

  // The phases of the diagonal stand ahead of the couplers behind, or at the output.
  std::vector<double> screen(n);
  for (std::size_t m = 0; m < n; ++m) screen[m] = std::arg(x[m * n + m]);
  std::vector<bool> behind(layout.couplers.size());
  for (const NullStep& step : steps) behind[step.coupler] = step.behind;
  for (std::size_t k = 0; k < layout.couplers.size(); ++k)
    if (behind[k])
      for (std::size_t side = 0; side < 2; ++side) {
        double& phase = screen[side == 0 ? layout.couplers[k].upper : layout.couplers[k].lower];
        for (const std::size_t e : {side, side + 2}) blocks[k][e] *= std::polar(1.0, phase);
        phase = 0;
      }
  return program_blocks(layout, blocks, screen, std::vector<double>(blocks.size(), 0.0), known);
}

}  // namespace fringe
