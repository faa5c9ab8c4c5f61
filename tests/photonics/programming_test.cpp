#include "photonics/programming.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "core/error.hpp"
#include "photonics/imperfections.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;

MeshImperfections strengths(double splitter, double phase) {
  MeshImperfections s;
  s.splitter_sigma_rad = splitter;
  s.phase_sigma_rad = phase;
  return s;
}

TEST(ProgrammingMethods, NamesAndSources) {
  std::set<std::string_view> names;
  for (const ProgrammingMethod& m : programming_methods()) {
    names.insert(m.name);
    EXPECT_FALSE(m.description.empty()) << m.name;
    EXPECT_NE(m.source.find("20"), std::string_view::npos) << m.name << " has no year in its source";
    EXPECT_FALSE(to_string(m.knowledge).empty());
    EXPECT_EQ(&find_programming_method(m.name), &m);
  }
  EXPECT_EQ(names.size(), programming_methods().size());
  try {
    find_programming_method("nuling");
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("nulling"), std::string::npos);
  }
}

// Every method, every crossing, both universal meshes, N = 2 and odd N: exact on a perfect chip.
TEST(ProgrammingMethods, ExactOnAPerfectChip) {
  for (const char* name : {"rectangular", "triangular"})
    for (const Crossing& crossing : crossings())
      for (const std::size_t n : {2u, 5u})
        for (const ProgrammingMethod& m : programming_methods()) {
          const MeshLayout layout = find_topology(name).build(n);
          const Square u = haar(n, 1);
          const FabricatedMesh ideal = ideal_fabrication(layout, crossing);
          if (m.name == "sweeps" && crossing.front_rad != 0) {
            EXPECT_THROW(m.run(layout, view(u), ideal, {}), Error);
            continue;
          }
          const ProgrammingReport r = m.run(layout, view(u), ideal, {});
          EXPECT_LE(r.error, 16 * rounding(n)) << m.name << " " << name << " " << crossing.name;
          EXPECT_LE(r.error_up_to_phases, r.error + rounding(n));
        }
}

// With unknown phases and splitters: knowing more is never worse, and readings are as good as knowledge.
TEST(ProgrammingMethods, OrderOfErrors) {
  const std::size_t n = 6;
  const MeshLayout layout = find_topology("rectangular").build(n);
  std::map<std::string_view, double> square;
  ProgrammingOptions options;
  options.readings.programs = 12;
  options.iterations = 200;
  for (std::uint32_t trial = 0; trial < 8; ++trial) {
    const Square u = haar(n, trial);
    const FabricatedMesh chip = fabricate(layout, strengths(0.06, 0.1), 9, trial, 0);
    for (const ProgrammingMethod& m : programming_methods())
      square[m.name] += std::pow(m.run(layout, view(u), chip, options).error, 2);
  }
  EXPECT_LT(square["local"], square["none"] / 10);
  EXPECT_LT(square["nulling"], square["local"]);
  EXPECT_LT(square["global"], square["local"] / 2);
  EXPECT_NEAR(square["characterise"], square["local"], 1e-6 * square["local"]);  // errors known to 1e-8
  EXPECT_LT(square["characterise-global"], square["local"] / 2);
  // Output phases that are read make up for a little of what strays.
  EXPECT_LT(square["sweeps"], square["local"]);
  EXPECT_GT(square["sweeps"], 0.8 * square["local"]);
}

TEST(ProgrammingMethods, ReportsWhatItCost) {
  const std::size_t n = 4;
  const MeshLayout layout = find_topology("rectangular").build(n);
  const FabricatedMesh chip = fabricate(layout, strengths(0.02, 0.1), 9, 0, 0);
  ProgrammingOptions options;
  options.settle_s = 1e-5;
  options.integration_s = 1e-7;
  options.drivers.phase_bits = 8;
  const Square u = haar(n, 0);
  for (const ProgrammingMethod& m : programming_methods()) {
    const ProgrammingReport r = m.run(layout, view(u), chip, options);
    EXPECT_DOUBLE_EQ(r.chip_time_s,
                     static_cast<double>(r.settles) * 1e-5 + static_cast<double>(r.measurements) * 1e-7);
    EXPECT_GE(r.settles, 1u);
    EXPECT_EQ(r.measurements > 0, m.knowledge == Knowledge::readings) << m.name;
    // The error is that of the phases the drivers hold.
    const Square realised = mesh_matrix(layout, held_by_chip(options.drivers, r.program), chip);
    EXPECT_NEAR(r.error, error(realised, u), rounding(n)) << m.name;
    EXPECT_LE(r.error_up_to_phases, r.error * (1 + rounding(n)));
  }
}

// Targets out of reach are told: half of a unitary is half a unitary away from the nearest one (E = 1/2), and
// a butterfly or a truncated mesh can't do a Haar matrix.
TEST(ProgrammingMethods, TellWhatIsOutOfReach) {
  const std::size_t n = 4;
  ProgrammingOptions options;
  options.iterations = 300;
  Square half = haar(n, 3);
  for (Complex& x : half) x *= 0.5;
  const MeshLayout layout = find_topology("rectangular").build(n);
  const ProgrammingMethod& global = find_programming_method("global");
  EXPECT_NEAR(global.run(layout, view(half), ideal_fabrication(layout), options).error, 0.5, 1e-9);
  EXPECT_THROW(find_programming_method("nulling").run(layout, view(half), ideal_fabrication(layout), options),
               Error);
  for (const char* name : {"butterfly", "truncated-rectangular", "binary-tree"}) {
    const MeshLayout other = find_topology(name).build(n);
    const Square u = haar(n, 3);
    EXPECT_GT(global.run(other, view(u), ideal_fabrication(other), options).error, 0.05) << name;
    EXPECT_THROW(find_programming_method("nulling").run(other, view(u), ideal_fabrication(other), options),
                 Error);
  }
  for (const ProgrammingMethod& m : programming_methods())
    EXPECT_THROW(m.run(layout, view(identity(3)), ideal_fabrication(layout), options), Error) << m.name;
}

}  // namespace
}  // namespace fringe
