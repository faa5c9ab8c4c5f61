#include "photonics/core_kind.hpp"

#include <array>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

constexpr std::array kinds{
    CoreKind{"svd", "two meshes and a line of attenuators between them: any real matrix", 2, false,
             "Miller, Photonics Research 1, 1 (2013), doi:10.1364/PRJ.1.000001; Shen et al., Nat. Photonics "
             "11, 441 (2017), doi:10.1038/nphoton.2017.93"},
    CoreKind{"unitary", "one mesh, a unitary whose real part is any real matrix, where homodyne reads it", 1,
             false,
             "Tian et al., Nanophotonics 11, 329 (2022), doi:10.1515/nanoph-2021-0521; that every real "
             "contraction is such a real part: Halmos, Summa Brasil. Math. 2, 125 (1950)"},
    CoreKind{"orthogonal",
             "one mesh of push-pull MZIs whose theta alone is driven: multiples of orthogonal matrices", 1,
             true,
             "push-pull MZIs: Bell and Walmsley, APL Photonics 6, 070804 (2021), doi:10.1063/5.0053421; the "
             "nearest orthogonal matrix: Fan and Hoffman, Proc. Amer. Math. Soc. 6, 111 (1955)"},
};

}  // namespace

Detection find_detection(std::string_view name) {
  struct Row {
    std::string_view name;
    Detection detection;
  };
  static constexpr std::array rows{Row{"homodyne", Detection::homodyne},
                                   Row{"intensity", Detection::intensity}};
  return find_row("detection", name, std::span<const Row>(rows)).detection;
}

std::span<const CoreKind> core_kinds() noexcept { return kinds; }

const CoreKind& find_core_kind(std::string_view name) { return find_row("core", name, core_kinds()); }

const CoreKind& svd_core() noexcept { return kinds.front(); }

bool takes_any_matrix(const CoreKind& kind, Detection detection) noexcept {
  return kind.meshes == 2 || (!kind.theta_only && detection == Detection::homodyne);
}

std::size_t tapped_phases(const MeshLayout& layout, const CoreKind& kind) noexcept {
  return kind.meshes * static_cast<std::size_t>(shifters_passed(kind)) * layout.couplers.size();
}

std::size_t core_phases(const MeshLayout& layout, const CoreKind& kind) noexcept {
  const std::size_t screens = kind.theta_only ? 0 : kind.meshes, attenuators = kind.meshes - 1;
  return tapped_phases(layout, kind) + (screens + attenuators) * layout.ports();
}

void check_crossing(const CoreKind& kind, const Crossing& crossing) {
  const bool real =
      crossing.push_pull && crossing.front_rad == 0 && crossing.input_rad + crossing.output_rad == pi / 2;
  if (kind.theta_only && !real)
    throw Error("core '" + std::string(kind.name) + "' takes a push-pull crossing, 'symmetric-mzi', not '" +
                std::string(crossing.name) + "': only there a driven theta leaves the matrix real");
}

}  // namespace fringe
