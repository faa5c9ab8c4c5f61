#include "sim/error_law.hpp"

#include <cmath>

#include "core/units.hpp"
#include "sim/gallery.hpp"

namespace fringe {
namespace {

constexpr double largest_error = 0.5;

/// What single precision may add to E: of a chip's fields and of the perfect mesh's (MeshTrials).
double arithmetic(const MeshLayout& layout) {
  return 2 * 12 * 0x1p-24 * std::sqrt(static_cast<double>(layout.columns()));
}

double square(double x) { return x * x; }

}  // namespace

ErrorLaw error_law(const MeshLayout& layout, const Crossing& crossing, const MeshImperfections& m,
                   bool random_target) {
  const auto none = [](const char* why) {
    ErrorLaw law;
    law.why_not = why;
    return law;
  };
  const auto ports = static_cast<double>(layout.ports());
  const double step = m.phase_bits > 0 ? 2 * pi / std::ldexp(1.0, m.phase_bits) : 0;
  if (layout.dark_modes > 0) return none("light gets lost in dark modes");
  if (m.insertion_loss_db > 0 || m.insertion_loss_sigma_db > 0) return none("light gets lost");
  if (m.splitter_correlation > 0 && m.splitter_sigma_rad > 0)
    return none("errors of a coupler's splitters are correlated");
  if (step > 0 && !random_target) return none("rounding of the target's phases is not random");
  if (step > 0 && 2 * layout.couplers.size() > layout.ports() * (layout.ports() - 1))
    return none("rounding of spare couplers is not random");
  const Depth met = depth(layout);
  const double phases = met.phases - (crossing.push_pull ? met.couplers / 4 : 0);
  ErrorLaw law{std::sqrt(crossing.splitters * met.couplers * square(m.splitter_sigma_rad) +
                         phases * (square(m.phase_sigma_rad) + step * step / 12)),
               ""};
  if (law.error > largest_error)
    law.why_not = "errors are no longer small";
  else if (law.error < arithmetic(layout))
    law.why_not = "errors are as small as rounding in single precision";
  else if (2 * step * std::sqrt(ports) > 1)
    law.why_not = "steps of the phases are too large";
  return law;
}

}  // namespace fringe
