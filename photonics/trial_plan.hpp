// What the chips of one program have in common: the program, what a chip is made with, and the order in which
// the mesh kernel meets their couplers. Made once, read by all threads.
#pragma once

#include <complex>
#include <cstdint>
#include <vector>

#include "photonics/compiled_mesh.hpp"
#include "photonics/crossing.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/mesh_kernel_order.hpp"
#include "photonics/phase_program.hpp"
#include "photonics/trial_kernel.hpp"

namespace fringe {

/// Couplers first + begin … first + end − 1, which are drawn together: first is a multiple of four, as random
/// numbers come in fours, and end at most trial_run.
struct TrialSpan {
  std::uint32_t first, begin, end;
};

struct TrialPlan {
  /// Throws Error where the program does not fit the layout.
  TrialPlan(MeshLayout layout, PhaseProgram asked, const MeshImperfections& imperfections, std::uint64_t seed,
            std::uint32_t site, const Crossing& crossing);

  MeshLayout layout;
  PhaseProgram asked;
  MeshImperfections imperfections;
  std::uint64_t seed;
  std::uint32_t site;
  const Crossing* crossing;
  CompiledMesh<float> ideal;
  bool together = false;  ///< chips are drawn in lanes; without it nothing below is set

  TrialStrengths strengths{};
  std::vector<TrialPhases> phases;          ///< of whole runs, from wherever one begins
  std::vector<std::complex<float>> screen;  ///< e^{i·output phase}, as asked
  KernelOrder order;
  std::vector<TrialPlace> places;  ///< of the layout's couplers
  std::vector<TrialSpan> spans;    ///< of all of them, in an order in which light may meet them
  std::size_t entries = 0;         ///< of a mode into a group
  float floor = 0;                 ///< |D|² below which a mode is rescaled as it enters a group
  std::size_t stride = 0;          ///< coefficients from a chip's tape to the next

 private:
  void place_couplers();
  void order_draws(bool by_waves);
};

/// |D|² from which a mode survives a group at the worst: 2·kernel_fused couplers of trial_swap_norm each.
inline constexpr float careful_floor = 0x1p92f;

}  // namespace fringe
