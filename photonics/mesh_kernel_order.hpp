// The order in which a kernel walks through the couplers of a layout. It differs from the layout's own order,
// but no coupler comes before one whose light it receives.
#pragma once

#include <cstdint>
#include <vector>

#include "photonics/mesh_kernel.hpp"
#include "photonics/mesh_layout.hpp"

namespace fringe {

struct KernelOrder {
  std::vector<KernelStep> steps;
  std::vector<std::uint32_t> group_steps;  ///< groups + 1 offsets into steps
  std::vector<std::uint32_t> group_slots;  ///< groups + 1 offsets into slots
  std::vector<std::int32_t> slots;  ///< coupler of each set of coefficients; −1: none, rows pass unchanged
  std::vector<KernelPair> pairs;

  std::size_t groups() const { return group_steps.size() - 1; }
};

/// Fused diagonals: every coupler must join neighbouring modes.
KernelOrder order_by_waves(const MeshLayout& layout);
/// Any layout; one group per column.
KernelOrder order_by_columns(const MeshLayout& layout);

}  // namespace fringe
