#include "photonics/topology_of.hpp"

#include <algorithm>

namespace fringe {

bool same_layout(const MeshLayout& a, const MeshLayout& b) {
  return a.modes == b.modes && a.dark_modes == b.dark_modes && a.column_start == b.column_start &&
         std::equal(a.couplers.begin(), a.couplers.end(), b.couplers.begin(), b.couplers.end(),
                    [](Coupler x, Coupler y) { return x.upper == y.upper && x.lower == y.lower; });
}

const Topology* topology_of(const MeshLayout& layout) {
  if (layout.ports() < 2) return nullptr;
  for (const Topology& t : topologies())
    if (same_layout(layout, t.build(layout.ports()))) return &t;
  return nullptr;
}

}  // namespace fringe
