#include <algorithm>
#include <array>
#include <numeric>
#include <string>

#include "core/error.hpp"
#include "photonics/decompose.hpp"
#include "photonics/mesh_layout.hpp"

namespace fringe {
namespace {

void require_two_modes(std::size_t modes) {
  if (modes < 2)
    throw Error("a mesh of " + std::to_string(modes) + " modes has no coupler; modes must be at least 2");
}

Coupler neighbours(std::size_t upper) {
  return {static_cast<std::uint32_t>(upper), static_cast<std::uint32_t>(upper + 1)};
}

MeshLayout build_rectangular(std::size_t modes) { return rectangular_layout(modes, modes); }

MeshLayout build_redundant(std::size_t modes) { return rectangular_layout(modes, modes + modes / 2); }

MeshLayout build_truncated(std::size_t modes) { return rectangular_layout(modes, (modes + 1) / 2); }

MeshLayout build_triangular(std::size_t modes) {
  require_two_modes(modes);
  std::vector<Coupler> couplers;
  for (std::size_t sweep = 0; sweep + 1 < modes; ++sweep)
    for (std::size_t mode = 0; mode + 1 < modes - sweep; ++mode) couplers.push_back(neighbours(mode));
  return layout_of(modes, std::move(couplers));
}

/// Two triangles, base to base; the second one's other modes are dark.
MeshLayout build_diamond(std::size_t ports) {
  require_two_modes(ports);
  std::vector<Coupler> couplers;
  for (std::size_t sweep = 0; sweep + 1 < ports; ++sweep)
    for (std::size_t step = 0; step + 1 < ports; ++step)
      couplers.push_back(neighbours(ports - 2 + sweep - step));
  return layout_of(2 * ports - 2, std::move(couplers), ports - 2);
}

MeshLayout build_tree(std::size_t modes) {
  require_two_modes(modes);
  return layout_of(modes, tree_couplers(modes, 0));
}

MeshLayout build_cascade(std::size_t modes) {
  require_two_modes(modes);
  std::vector<Coupler> couplers;
  for (std::size_t tree = 0; tree + 1 < modes; ++tree)
    for (const Coupler& c : tree_couplers(modes, tree)) couplers.push_back(c);
  return layout_of(modes, std::move(couplers));
}

MeshLayout build_butterfly(std::size_t modes) {
  require_two_modes(modes);
  std::vector<Coupler> couplers;
  for (std::size_t stride = 1; stride < modes; stride *= 2)
    for (std::size_t upper = 0; upper + stride < modes; ++upper)
      if ((upper & stride) == 0)
        couplers.push_back({static_cast<std::uint32_t>(upper), static_cast<std::uint32_t>(upper + stride)});
  return layout_of(modes, std::move(couplers));
}

constexpr std::string_view placement =
    "phi on the upper input, theta on the upper arm, phase screen at the output";

constexpr std::array table{
    Topology{"rectangular", "N columns, every path equally deep", placement,
             "Clements et al., Optica 3, 1460 (2016), doi:10.1364/OPTICA.3.001460", true, build_rectangular,
             decompose_rectangular},
    Topology{"triangular", "2N-3 columns, one diagonal of couplers per row of the unitary", placement,
             "Reck et al., Phys. Rev. Lett. 73, 58 (1994), doi:10.1103/PhysRevLett.73.58", true,
             build_triangular, decompose_triangular},
    Topology{"diamond",
             "two triangles, 2N-3 columns, N-2 dark modes: paths equally deep but for those along its edges",
             placement, "Shokraneh et al., Opt. Express 28, 23495 (2020), doi:10.1364/OE.395441", true,
             build_diamond, decompose_diamond},
    Topology{"cascaded-trees", "one binary tree per row of the unitary", placement,
             "Miller, Photonics Research 1, 1 (2013), doi:10.1364/PRJ.1.000001", true, build_cascade,
             decompose_cascaded_trees},
    Topology{"redundant-rectangular", "rectangular with N/2 columns more", placement,
             "Pai et al., Phys. Rev. Applied 11, 064044 (2019), doi:10.1103/PhysRevApplied.11.064044", true,
             build_redundant, decompose_redundant},
    Topology{"truncated-rectangular", "the first N/2 columns of the rectangular mesh", placement,
             "Clements et al., Optica 3, 1460 (2016), doi:10.1364/OPTICA.3.001460", false, build_truncated,
             nullptr},
    Topology{"butterfly", "log2 N stages of strides 1, 2, 4, ...: the flow of the fast Fourier transform",
             placement, "Fang et al., Opt. Express 27, 14009 (2019), doi:10.1364/OE.27.014009", false,
             build_butterfly, decompose_butterfly},
    Topology{"binary-tree", "N-1 couplers that gather any vector in mode 0: one row, self-configuring",
             placement, "Miller, Optica 7, 794 (2020), doi:10.1364/OPTICA.391592", false, build_tree,
             nullptr},
};

}  // namespace

MeshLayout layout_of(std::size_t modes, std::vector<Coupler> couplers, std::size_t dark_modes) {
  std::vector<std::size_t> ready(modes, 0), column;
  for (const Coupler& c : couplers) {
    column.push_back(std::max(ready[c.upper], ready[c.lower]));
    ready[c.upper] = ready[c.lower] = column.back() + 1;
  }
  std::vector<std::size_t> order(couplers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return column[a] != column[b] ? column[a] < column[b] : couplers[a].upper < couplers[b].upper;
  });
  MeshLayout layout{modes, {}, {0}, dark_modes};
  for (const std::size_t k : order) {
    if (layout.columns() <= column[k]) layout.column_start.push_back(layout.column_start.back());
    layout.couplers.push_back(couplers[k]);
    ++layout.column_start.back();
  }
  return layout;
}

MeshLayout rectangular_layout(std::size_t modes, std::size_t columns) {
  require_two_modes(modes);
  std::vector<Coupler> couplers;
  for (std::size_t column = 0; column < columns; ++column)
    for (std::size_t mode = column % 2; mode + 1 < modes; mode += 2) couplers.push_back(neighbours(mode));
  return layout_of(modes, std::move(couplers));
}

std::span<const Topology> topologies() noexcept { return table; }

const Topology& find_topology(std::string_view name) { return find_row("mesh topology", name, table); }

}  // namespace fringe
