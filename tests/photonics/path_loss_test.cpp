#include "photonics/path_loss.hpp"

#include <gtest/gtest.h>

#include "photonics/imperfections.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

constexpr MeshGeometry geometry{2, 0.5};  // metres, for plain numbers

FabricatedMesh with_paths(const MeshLayout& layout, const PathLoss& loss) {
  FabricatedMesh chip = ideal_fabrication(layout);
  add_path_loss(chip, layout, geometry, loss);
  return chip;
}

TEST(PathLoss, IsPaidByLength) {
  // Columns (0,1)(2,3) | (1,2) | (0,1)(2,3) | (1,2): modes 0 and 3 skip the second and the fourth.
  const MeshLayout layout = find_topology("rectangular").build(4);
  const FabricatedMesh chip = with_paths(layout, {10, 0, 1});  // 20 dB a column, 1 dB a skipped one
  EXPECT_EQ(chip.upper_path_db, (std::vector<double>{20, 20, 20, 41, 20, 20}));
  EXPECT_EQ(chip.lower_path_db, (std::vector<double>{20, 20, 20, 20, 41, 20}));
  EXPECT_EQ(chip.out_path_db, (std::vector<double>{21, 0, 0, 21}));
}

TEST(PathLoss, ButterflyCrossesItsOwnLines) {
  // (0,1)(2,3) | (0,2)(1,3): in the second column each mode passes one row more and crosses one line.
  const MeshLayout layout = find_topology("butterfly").build(4);
  const FabricatedMesh chip = with_paths(layout, {10, 3, 0});
  EXPECT_EQ(chip.upper_path_db, (std::vector<double>{20, 20, 28, 28}));
  EXPECT_EQ(chip.lower_path_db, (std::vector<double>{20, 20, 28, 28}));
  EXPECT_EQ(chip.out_path_db, (std::vector<double>{0, 0, 0, 0}));
}

TEST(PathLoss, ATreeCrossesNoFinishedLine) {
  // Pairs of neighbours, then (0,2): mode 1 has met its last coupler.
  const MeshLayout layout = find_topology("binary-tree").build(4);
  ASSERT_EQ(layout.couplers.size(), 3u);
  const FabricatedMesh chip = with_paths(layout, {0, 3, 0});
  for (const auto* paths : {&chip.upper_path_db, &chip.lower_path_db, &chip.out_path_db})
    for (const double db : *paths) EXPECT_EQ(db, 0);
}

TEST(PathLoss, LinesThatAreCrossedPayForBoth) {
  // (0,1) | (0,2) crosses mode 1, which is met again in (1,2).
  const MeshLayout layout{3, {{0, 1}, {0, 2}, {1, 2}}, {0, 1, 2, 3}};
  const FabricatedMesh chip = with_paths(layout, {0, 3, 0});
  EXPECT_EQ(chip.upper_path_db, (std::vector<double>{0, 3, 6}));
  EXPECT_EQ(chip.lower_path_db, (std::vector<double>{0, 3, 0}));
}

// Dummies at the edges: every path meets the same number of crossings and the same length, so loss is a
// common factor, whatever the matrix.
TEST(PathLoss, BalancedEdgesMakeLossUniform) {
  for (const std::string_view name : {"rectangular", "triangular", "truncated-rectangular"})
    for (const std::size_t n : {2u, 5u, 8u})
      for (const Crossing& crossing : crossings()) {
        const MeshLayout layout = find_topology(name).build(n);
        MeshImperfections m;
        m.insertion_loss_db = 0.3;
        m.waveguide_loss_db_per_m = 70;
        m.crossing_loss_db = 0.05;
        const std::size_t couplers = layout.couplers.size();
        PhaseProgram program{std::vector<double>(couplers), std::vector<double>(couplers),
                             std::vector<double>(n)};
        for (std::size_t k = 0; k < couplers; ++k)
          program.theta[k] = program.phi[k] = 0.7 * static_cast<double>(k);
        const Square ideal = mesh_matrix(layout, program, ideal_fabrication(layout, crossing));
        const double per_column = 0.3 + 0.05 * crossing.waveguide_crossings + 70 * m.geometry.column_pitch_m;
        const double factor = std::pow(10, -per_column * static_cast<double>(layout.columns()) / 20);
        const auto deviation = [&](bool balanced) {
          m.balanced_edges = balanced;
          const Square u = mesh_matrix(layout, program, fabricate(layout, m, 1, 2, 3, crossing));
          double largest = 0;
          for (std::size_t i = 0; i < u.size(); ++i)
            largest = std::max(largest, std::abs(u[i] - factor * ideal[i]));
          return largest;
        };
        EXPECT_LE(deviation(true), rounding(n)) << name << " " << n << " " << crossing.name;
        if (n > 2) {
          EXPECT_GT(deviation(false), 1e-3) << name << " " << n;
        }
      }
}

TEST(PathLoss, ALeakyCrossingLeaksItsShare) {
  const MeshLayout pair = find_topology("rectangular").build(2);
  MeshImperfections m;
  m.crossing_leakage = 1e-4;
  const Crossing& crossing = find_crossing("mzi-crossing");
  const FabricatedMesh chip = fabricate(pair, m, 1, 2, 3, crossing);
  // Nominal bar state: θ = 0 is a full cross, which the crossing turns back.
  const auto t = realise<double>(pair, {{0}, {0}, {0, 0}}, chip).couplers[0];
  EXPECT_NEAR(std::norm(t[1]), 1e-4, 1e-4 * rounding(2) * 100);  // sin² of an angle of .01, from π − .01
  EXPECT_EQ(fabricate(pair, m, 1, 2, 3).beta_rad, std::vector<double>{0});
}

}  // namespace
}  // namespace fringe
