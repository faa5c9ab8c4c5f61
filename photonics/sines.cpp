#include "photonics/sines.hpp"

#include <cmath>
#include <cstdint>

#include "core/clones.hpp"

namespace fringe {
namespace {

constexpr double largest_angle = 0x1p20;

// Range reduction by π/2 in three parts and polynomials on |r| ≤ π/4 of Cephes sin and cos (S. Moshier,
// https://www.netlib.org/cephes/).
FRINGE_CLONES bool small_sines_cosines(const double* __restrict angle, std::size_t count,
                                       double* __restrict sine, double* __restrict cosine) {
  constexpr double rounder = 0x1.8p52;  // adding it leaves a whole number in the low bits
  union Bits {
    double number;
    std::uint64_t bits;
  };
  std::uint64_t beyond = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = angle[i];
    beyond |= !(std::fabs(x) < largest_angle);
    const Bits turned{x * 0.63661977236758134308 + rounder};
    const double quarter = turned.number - rounder;
    const double r = ((x - quarter * 1.57079625129699707031) - quarter * 7.54978941586159635335e-8) -
                     quarter * 5.39030285815811905290e-15;
    const double z = r * r;
    const double s = r + r * z *
                             (((((1.58962301576546568060e-10 * z - 2.50507477628578072866e-8) * z +
                                 2.75573136213857245213e-6) *
                                    z -
                                1.98412698295895385996e-4) *
                                   z +
                               8.33333333332211858878e-3) *
                                  z -
                              1.66666666666666307295e-1);
    const double c =
        1 - (0.5 * z - z * z *
                           (((((-1.13585365213876817300e-11 * z + 2.08757008419747316778e-9) * z -
                               2.75573141792967388112e-7) *
                                  z +
                              2.48015872888517045348e-5) *
                                 z -
                             1.38888888888730564116e-3) *
                                z +
                            4.16666666666665929218e-2));
    const Bits sine_bits{s}, cosine_bits{c};
    const std::uint64_t q = turned.bits, odd = 0 - (q & 1);
    const std::uint64_t difference = (sine_bits.bits ^ cosine_bits.bits) & odd;
    Bits to_sine{s}, to_cosine{c};
    to_sine.bits = sine_bits.bits ^ difference ^ ((q & 2) << 62);
    to_cosine.bits = cosine_bits.bits ^ difference ^ (((q + 1) & 2) << 62);
    sine[i] = to_sine.number;
    cosine[i] = to_cosine.number;
  }
  return beyond == 0;
}

}  // namespace

void sines_cosines(const double* angle_rad, std::size_t count, double* sine, double* cosine) noexcept {
  if (small_sines_cosines(angle_rad, count, sine, cosine)) return;
  for (std::size_t i = 0; i < count; ++i)
    if (!(std::fabs(angle_rad[i]) < largest_angle)) {
      sine[i] = std::sin(angle_rad[i]);
      cosine[i] = std::cos(angle_rad[i]);
    }
}

}  // namespace fringe
