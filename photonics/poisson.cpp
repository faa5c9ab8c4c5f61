#include "photonics/poisson.hpp"

#include <cmath>

#include "core/draw.hpp"

namespace fringe {
namespace {

// e^−x for 0 ≤ x ≤ 64: Taylor series at x/128 ≤ ½, squared seven times.
double exp_minus(double x) noexcept {
  const double y = -x / 128;
  double sum = 1;
  for (int k = 16; k >= 1; --k) sum = 1 + sum * y / k;
  for (int i = 0; i < 7; ++i) sum *= sum;
  return sum;
}

}  // namespace

double poisson(double mean, std::uint32_t bits) noexcept {
  if (mean <= exact_poisson_mean) {
    const double u = uniform_from_bits(bits);
    double probability = exp_minus(mean), sum = probability, count = 0;
    // The last draws below 1 lie beyond what rounding leaves of the sum: stop where nothing more is added.
    while (sum < u && sum + probability > sum) {
      count += 1;
      probability *= mean / count;
      sum += probability;
    }
    return count;
  }
  const double z = normal_from_bits(bits);
  const double count = std::floor(mean + std::sqrt(mean) * z + (z * z - 1) / 6 + 0.5);
  return count > 0 ? count : 0;
}

}  // namespace fringe
