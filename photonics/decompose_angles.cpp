// Arctangents of many pairs at once: the nearer axis or diagonal first, then the rational function of Cephes
// atan (S. Moshier, https://www.netlib.org/cephes/), without a branch, so that compilers take several in a
// vector.
#include "photonics/decompose_angles.hpp"

#include <algorithm>
#include <cmath>

#include "core/clones.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

constexpr std::size_t chunk = 64;

FRINGE_CLONES void arctangents(const double* __restrict y, const double* __restrict x,
                               double* __restrict angle, std::size_t eights) {
  for (std::size_t i = 0; i < 8 * eights; ++i) {
    const double ax = std::fabs(x[i]), ay = std::fabs(y[i]);
    const double small = ay < ax ? ay : ax, large = ay < ax ? ax : ay;
    const bool diagonal = small > 0.41421356237309503 * large;
    const double above = diagonal ? small - large : small, below = diagonal ? small + large : large;
    const double q = above / (below > 0 ? below : 1.0), z = q * q;
    const double p =
        (((-8.750608600031904122785e-1 * z - 1.615753718733365076637e1) * z - 7.500855792314704667340e1) * z -
         1.228866684490136173410e2) *
            z -
        6.485021904942025371773e1;
    const double r =
        ((((z + 2.485846490142306297962e1) * z + 1.650270098316988542046e2) * z + 4.328810604912902668951e2) *
             z +
         4.853903996359136964868e2) *
            z +
        1.945506571482613964425e2;
    const double from_axis = q + q * (z * p / r) + (diagonal ? pi / 4 : 0.0);
    const double first_quadrant = ay < ax ? from_axis : pi / 2 - from_axis;
    const double upper_half = x[i] < 0 ? pi - first_quadrant : first_quadrant;
    angle[i] = y[i] < 0 ? -upper_half : upper_half;
  }
}

FRINGE_CLONES void square_roots(double* __restrict value, std::size_t eights) {
  for (std::size_t i = 0; i < 8 * eights; ++i) value[i] = std::sqrt(value[i]);
}

}  // namespace

void nulled_angles(const NulledPair* found, std::size_t count, bool mirrored, double* half_theta,
                   double* omega) {
  alignas(64) double partner[chunk] = {}, nulled[chunk] = {}, re[chunk] = {}, im[chunk] = {}, angle[chunk];
  const double sign = mirrored ? -1 : 1;
  for (std::size_t first = 0; first < count; first += chunk) {
    const std::size_t valid = std::min(chunk, count - first), eights = (valid + 7) / 8;
    for (std::size_t i = 0; i < valid; ++i) {
      partner[i] = found[first + i].partner_square;
      nulled[i] = found[first + i].nulled_square;
      re[i] = sign * found[first + i].re;
      im[i] = found[first + i].im;
    }
    square_roots(partner, eights);
    square_roots(nulled, eights);
    arctangents(partner, nulled, angle, eights);
    std::copy_n(angle, valid, half_theta + first);
    arctangents(im, re, angle, eights);
    std::copy_n(angle, valid, omega + first);
  }
}

}  // namespace fringe
