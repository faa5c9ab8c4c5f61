#include "photonics/trial_plan.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "photonics/chip_drivers.hpp"
#include "photonics/trial_strengths.hpp"

namespace fringe {
namespace {

// Of a column, a band has as many couplers as 124 diagonals: with what is drawn too much at their start,
// eight runs. In smaller meshes that costs as much as it saves.
constexpr std::uint32_t band_groups = 31;
constexpr std::size_t least_banded_modes = 1024;

}  // namespace

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
  phases.resize(phases.size() + trial_run, {1, 0, 1, 0});
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
  order_draws(adjacent);
}

// Column by column, a large mesh has more modes than the first cache has diagonals for, and more coefficients
// that wait for their neighbours in a cache line than the second cache holds. So bands of groups are drawn
// one after the other: what a coupler waits for is of its own band or of one before.
void TrialPlan::order_draws(bool by_waves) {
  const auto add = [&](std::uint32_t at, std::uint32_t end) {
    while (at < end) {
      const std::uint32_t first = at / 4 * 4, stop = std::min<std::uint32_t>(end, first + trial_run);
      spans.push_back({first, at - first, stop - first});
      at = stop;
    }
  };
  const auto count = static_cast<std::uint32_t>(places.size());
  if (!by_waves || layout.modes < least_banded_modes) return add(0, count);
  const auto bands = static_cast<std::uint32_t>((order.groups() + band_groups - 1) / band_groups);
  // Of each column, the couplers that are left: those of early groups are its last.
  std::vector<std::uint32_t> ends(layout.column_start.begin() + 1, layout.column_start.end());
  for (std::uint32_t band = 0; band < bands; ++band)
    for (std::size_t column = 0; column < layout.columns(); ++column) {
      std::uint32_t begin = ends[column];
      while (begin > layout.column_start[column] && places[begin - 1].group / band_groups == band) --begin;
      add(begin, ends[column]);
      ends[column] = begin;
    }
  if (std::equal(ends.begin(), ends.end(), layout.column_start.begin())) return;
  spans.clear();  // a column whose couplers stand in another order than its modes
  add(0, count);
}

}  // namespace fringe
