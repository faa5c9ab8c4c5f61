#include "photonics/core_figures.hpp"

#include <map>
#include <mutex>
#include <numbers>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/draw.hpp"
#include "photonics/svd_core.hpp"

namespace fringe {
namespace {

// Full SVD of a square matrix by Golub and Reinsch, 4m²n + 8mn² + 9n³ = 21·n³ operations (Golub & Van Loan,
// Matrix Computations, 4th ed., fig. 8.6.1), and for each mesh n²/2 rotations of mean length 2n/3 at 8
// multiply-adds, 16/3·n³ operations, half of that where they are real. One mesh alone: ahead of that a
// product of two matrices, complex and real, 4·n³, or both real, 2·n³.
double decomposition_operations(double n, const CoreKind& core) {
  const double parts = core.theta_only ? 0.5 : 1, product = core.meshes == 1 ? 4.0 : 0.0;
  return (21.0 + parts * (product + static_cast<double>(core.meshes) * 16.0 / 3.0)) * n * n * n;
}

/// The program of a random matrix depends on nothing else than these: made once.
const CoreProgram& random_program(const PhotonicDesign& design, const CoreKind& core) {
  using Key = std::tuple<std::string, std::size_t, std::string_view, Detection>;
  static std::mutex mutex;
  static std::map<Key, CoreProgram> programs;
  const std::lock_guard lock(mutex);
  const Key key{design.topology, design.modes, core.name, design.detection};
  if (const auto found = programs.find(key); found != programs.end()) return found->second;
  const std::size_t n = design.modes;
  std::vector<float> normals(n * n);
  fill_normal(normals, Draw{0, Purpose::haar});
  const std::vector<double> w(normals.begin(), normals.end());
  return programs
      .emplace(key, program_core(find_topology(design.topology), {w.data(), n, n}, n, core, design.detection))
      .first->second;
}

CoreFigures figures_of(const PhotonicSystem& system) {
  return {.rows = system.rows,
          .inner = system.inner,
          .wavelengths = system.wavelengths,
          .holds_results = system.multiplier == Multiplier::homodyne_array,
          .settings = static_cast<double>(system.rows * system.inner),
          .program_s = system.run.program_s};
}

}  // namespace

CoreFigures core_figures(const PhotonicDesign& design, const LinkBudget& budget) {
  if (design.published) return figures_of(*design.published);
  const CoreKind& core = find_core_kind(design.core);
  const MeshLayout layout = find_topology(design.topology).build(design.modes);
  const auto n = static_cast<double>(design.modes), meshes = static_cast<double>(core.meshes);
  const double column_m = find_crossing(design.crossing).splitters * design.splitter.length_m +
                          shifters_passed(core) * design.phase_shifter.length_m + design.routing_per_column_m;
  const double columns = meshes * static_cast<double>(layout.columns()) + (core.meshes == 2 ? 1 : 0);
  return {.rows = design.modes,
          .inner = design.modes,
          .backwards = true,
          .settings = static_cast<double>(core_phases(layout, core)),
          .taps = static_cast<double>(tapped_phases(layout, core)),
          .program_s = 1 / design.phase_dac.rate_hz +
                       design.phase_shifter.rise_time_s / 2.2 * std::numbers::ln2 * (design.phase_bits + 1),
          .flight_s = budget.time_of_flight_s,
          .decomposition_operations = decomposition_operations(n, core),
          .hold_w = hold_power_w(random_program(design, core), design.phase_shifter.pi_power_w, core),
          .mesh_area_m2 = columns * column_m * n * design.mesh.geometry.mode_pitch_m};
}

}  // namespace fringe
