#include "photonics/trial_plan.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "photonics/chip_drivers.hpp"
#include "photonics/trial_strengths.hpp"

namespace fringe {

TrialPlan::TrialPlan(MeshLayout l, PhaseProgram a, const MeshImperfections& m, std::uint64_t s,
                     std::uint32_t where, const Crossing& c)
    : layout(std::move(l)),
      asked(std::move(a)),
      imperfections(m),
      seed(s),
      site(where),
      crossing(&c),
      ideal(layout, realise<double>(layout, asked, ideal_fabrication(layout, c))),
      together(drawn_together(m)) {
  // The same for all chips: none of them has a stuck phase.
  const PhaseProgram held = held_by_chip(drivers_of(layout, imperfections, seed, 0, site), asked);
  if (!together) return;
  strengths = trial_strengths(imperfections, *crossing);
  phases = trial_phases(held);
  phases.resize((phases.size() + trial_run - 1) / trial_run * trial_run, {1, 0, 1, 0});
  screen = trial_screen(held);
  place_couplers();
}

void TrialPlan::place_couplers() {
  const bool adjacent = std::all_of(layout.couplers.begin(), layout.couplers.end(),
                                    [](const Coupler& c) { return c.lower == c.upper + 1; });
  order = adjacent ? order_by_waves(layout) : order_by_columns(layout);
  places.resize(layout.couplers.size());
  for (std::uint32_t g = 0; g < order.groups(); ++g)
    for (std::uint32_t slot = order.group_slots[g]; slot < order.group_slots[g + 1]; ++slot)
      if (order.slots[slot] >= 0) {
        const auto k = static_cast<std::size_t>(order.slots[slot]);
        places[k] = {layout.couplers[k].upper, layout.couplers[k].lower, slot, g, false, false};
      }
  std::vector<std::int64_t> group_of(layout.modes, -1);
  for (TrialPlace& p : places) {
    p.upper_enters = std::exchange(group_of[p.upper], p.group) != p.group;
    p.lower_enters = std::exchange(group_of[p.lower], p.group) != p.group;
    entries += static_cast<std::size_t>(p.upper_enters) + static_cast<std::size_t>(p.lower_enters);
  }
  // Each of the couplers that a mode meets in a group takes a factor of |p|² from |D|²: about 1/modes in a
  // Haar-random program, and 2³² leaves room for chance.
  const double touches = adjacent ? 2 * kernel_fused : 1;
  floor = static_cast<float>(
      std::min<double>(careful_floor, trial_least_norm * 0x1p32 * std::pow(layout.modes, touches)));
  // A coupler's coefficients go to all tapes at once: an odd number of cache lines keeps them in different
  // sets.
  constexpr std::size_t line = 16;
  stride = ((4 * order.slots.size() + line - 1) / line | 1) * line;
}

}  // namespace fringe
