#include "photonics/slope_weights.hpp"

#include <algorithm>
#include <cmath>

#include "core/units.hpp"
#include "photonics/reverse_lanes.hpp"
#include "photonics/sines.hpp"

namespace fringe {
// With S(η) of the output splitter, ∂T/∂θ = S diag(i, 0) S⁻¹ T at the outputs, less i/2 T where the drive is
// push–pull. With S(η) of the front splitter and ways of transmission l₀, l₁ ahead of it, ∂T/∂φ = T (SL)⁻¹
// diag(i, 0) SL at the inputs.
void SlopeWeights::set(const FabricatedMesh& fabricated) {
  const Crossing& crossing = *fabricated.crossing;
  const std::size_t count = fabricated.beta_rad.size();
  const double half = crossing.push_pull ? 0.5 : 0;
  const Matrix2 nominal = splitter(crossing.output_rad, 0);
  const double nominal_cos = nominal[0].real(), nominal_sin = nominal[1].imag();
  for (std::vector<double>& weights : theta) weights.resize(count);
  constexpr std::size_t run = 128;
  double sine[run], cosine[run];
  for (std::size_t first = 0; first < count; first += run) {
    const std::size_t here = std::min(run, count - first);
    sines_cosines(&fabricated.beta_rad[first], here, sine, cosine);
    double *w0 = &theta[0][first], *w1 = &theta[1][first], *w2 = &theta[2][first];
    for (std::size_t i = 0; i < here; ++i) {
      const double c = nominal_cos * cosine[i] - nominal_sin * sine[i];
      const double s = nominal_sin * cosine[i] + nominal_cos * sine[i];
      w0[i] = half - c * c;
      w1[i] = half - s * s;
      w2[i] = -c * s;
    }
  }
  const bool has_front = crossing.front_rad != 0;
  for (std::vector<double>& weights : phi) weights.resize(has_front ? count : 0);
  for (std::size_t n = 0; n < count && has_front; ++n) {
    const Matrix2 in = splitter(crossing.front_rad, fabricated.gamma_rad[n]);
    const double c = in[0].real(), s = in[1].imag();
    const double ways =
        field_transmission_from_loss_db(fabricated.lower_path_db[n] - fabricated.upper_path_db[n]);
    phi[0][n] = -c * c;
    phi[1][n] = -s * s;
    phi[2][n] = -c * s * ways;
    phi[3][n] = c * s / ways;
  }
}

double least_field_transmission(const MeshLayout& layout, const PhysicalMesh<double>& mesh) {
  double transmission = 1;
  for (std::size_t column = 0; column < layout.columns(); ++column) {
    const std::size_t begin = layout.column_start[column], end = layout.column_start[column + 1];
    transmission *= std::sqrt(least_square(mesh.couplers.data() + begin, end - begin));
  }
  for (const std::complex<double>& out : mesh.out) transmission = std::min(transmission, std::abs(out));
  return transmission;
}

}  // namespace fringe
