#include "photonics/slope_weights.hpp"

#include <algorithm>
#include <cmath>

#include "core/units.hpp"
#include "photonics/sines.hpp"

namespace fringe {
namespace {

/// Square of the smallest singular value.
double least_square(const Matrix2& t) {
  const auto norm = [](std::complex<double> z) { return z.real() * z.real() + z.imag() * z.imag(); };
  const double re = t[0].real() * t[3].real() - t[0].imag() * t[3].imag() -
                    (t[1].real() * t[2].real() - t[1].imag() * t[2].imag());
  const double im = t[0].real() * t[3].imag() + t[0].imag() * t[3].real() -
                    (t[1].real() * t[2].imag() + t[1].imag() * t[2].real());
  const double sum = norm(t[0]) + norm(t[1]) + norm(t[2]) + norm(t[3]), square = re * re + im * im;
  const double rest = sum * sum - 4 * square;
  return square > 0 ? 2 * square / (sum + (rest > 0 ? std::sqrt(rest) : 0)) : 0;
}

}  // namespace

// With S(η) of the output splitter, ∂T/∂θ = S diag(i, 0) S⁻¹ T at the outputs, less i/2 T where the drive is
// push–pull. With S(η) of the front splitter and ways of transmission l₀, l₁ ahead of it, ∂T/∂φ = T (SL)⁻¹
// diag(i, 0) SL at the inputs.
std::vector<SlopeWeights> slope_weights(const FabricatedMesh& fabricated) {
  const Crossing& crossing = *fabricated.crossing;
  const bool front = crossing.front_rad != 0;
  std::vector<SlopeWeights> weights(fabricated.beta_rad.size());
  const double half = crossing.push_pull ? 0.5 : 0;
  const Matrix2 nominal = splitter(crossing.output_rad, 0);
  constexpr std::size_t run = 128;
  double sine[run], cosine[run];
  for (std::size_t n = 0; n < weights.size(); ++n) {
    if (n % run == 0) sines_cosines(&fabricated.beta_rad[n], std::min(run, weights.size() - n), sine, cosine);
    const double c = nominal[0].real() * cosine[n % run] - nominal[1].imag() * sine[n % run];
    const double s = nominal[1].imag() * cosine[n % run] + nominal[0].real() * sine[n % run];
    weights[n] = {{half - c * c, half - s * s, -c * s}, {-1, 0, 0, 0}};
    if (!front) continue;
    const Matrix2 in = splitter(crossing.front_rad, fabricated.gamma_rad[n]);
    const double cf = in[0].real(), sf = in[1].imag();
    const double ways =
        field_transmission_from_loss_db(fabricated.lower_path_db[n] - fabricated.upper_path_db[n]);
    weights[n].phi[0] = -cf * cf;
    weights[n].phi[1] = -sf * sf;
    weights[n].phi[2] = -cf * sf * ways;
    weights[n].phi[3] = cf * sf / ways;
  }
  return weights;
}

double least_field_transmission(const MeshLayout& layout, const PhysicalMesh<double>& mesh) {
  double transmission = 1;
  for (std::size_t column = 0; column < layout.columns(); ++column) {
    double least = 1;
    for (std::size_t n = layout.column_start[column]; n < layout.column_start[column + 1]; ++n)
      least = std::min(least, least_square(mesh.couplers[n]));
    transmission *= std::sqrt(least);
  }
  for (const std::complex<double>& out : mesh.out) transmission = std::min(transmission, std::abs(out));
  return transmission;
}

}  // namespace fringe
