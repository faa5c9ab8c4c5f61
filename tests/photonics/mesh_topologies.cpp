#include <gtest/gtest.h>

#include <set>

#include "core/error.hpp"
#include "photonics/mesh_layout.hpp"

namespace fringe {
namespace {

TEST(Topologies, EveryRowSaysWhatItIs) {
  std::set<std::string_view> names;
  for (const Topology& t : topologies()) {
    EXPECT_TRUE(names.insert(t.name).second) << t.name;
    EXPECT_EQ(&find_topology(t.name), &t);
    EXPECT_FALSE(t.description.empty());
    EXPECT_FALSE(t.phase_placement.empty());
    EXPECT_NE(t.source.find("doi:"), std::string_view::npos);
    EXPECT_TRUE(!t.universal || t.decompose != nullptr);
  }
}

TEST(Topologies, ColumnsTouchEachModeOnceAndAreSorted) {
  for (const Topology& t : topologies())
    for (const std::size_t n : {2u, 3u, 4u, 5u, 16u, 33u}) {
      const MeshLayout layout = t.build(n);
      SCOPED_TRACE(std::string(t.name) + " N=" + std::to_string(n));
      EXPECT_EQ(layout.ports(), n);
      ASSERT_EQ(layout.column_start.front(), 0u);
      ASSERT_EQ(layout.column_start.back(), layout.couplers.size());
      for (std::size_t c = 0; c < layout.columns(); ++c) {
        ASSERT_LT(layout.column_start[c], layout.column_start[c + 1]);
        std::set<std::uint32_t> touched;
        std::uint32_t last = 0;
        for (std::size_t k = layout.column_start[c]; k < layout.column_start[c + 1]; ++k) {
          const Coupler pair = layout.couplers[k];
          EXPECT_TRUE(touched.insert(pair.upper).second && touched.insert(pair.lower).second);
          EXPECT_GE(pair.upper, last);
          EXPECT_LT(pair.upper, pair.lower);
          EXPECT_LT(pair.lower, layout.modes);
          last = pair.upper;
        }
      }
    }
}

TEST(Topologies, CountsAndDepthsAreThePublishedOnes) {
  for (const std::size_t n : {3u, 4u, 5u, 16u, 33u}) {
    EXPECT_EQ(find_topology("rectangular").build(n).columns(), n);         // Clements et al. 2016
    EXPECT_EQ(find_topology("triangular").build(n).columns(), 2 * n - 3);  // Reck et al. 1994
    for (const char* name : {"rectangular", "triangular", "cascaded-trees"})
      EXPECT_EQ(find_topology(name).build(n).couplers.size(), n * (n - 1) / 2) << name;
    const MeshLayout diamond = find_topology("diamond").build(n);  // Shokraneh et al. 2020
    EXPECT_EQ(diamond.couplers.size(), (n - 1) * (n - 1));
    EXPECT_EQ(diamond.columns(), 2 * n - 3);
    EXPECT_EQ(find_topology("redundant-rectangular").build(n).columns(), n + n / 2);  // Pai et al. 2019
    EXPECT_EQ(find_topology("truncated-rectangular").build(n).columns(), (n + 1) / 2);
    EXPECT_EQ(find_topology("binary-tree").build(n).couplers.size(), n - 1);  // Miller 2020
  }
  const MeshLayout butterfly = find_topology("butterfly").build(16);  // (N/2)·log₂ N
  EXPECT_EQ(butterfly.couplers.size(), 32u);
  EXPECT_EQ(butterfly.columns(), 4u);
  EXPECT_EQ(find_topology("binary-tree").build(16).columns(), 4u);
}

TEST(Topologies, CouplersStandAsEarlyAsLightAllows) {
  for (const Topology& t : topologies()) {
    const MeshLayout layout = t.build(9);
    std::vector<std::size_t> ready(layout.modes, 0);
    for (std::size_t c = 0; c < layout.columns(); ++c)
      for (std::size_t k = layout.column_start[c]; k < layout.column_start[c + 1]; ++k) {
        std::size_t& upper = ready[layout.couplers[k].upper];
        std::size_t& lower = ready[layout.couplers[k].lower];
        EXPECT_EQ(std::max(upper, lower), c) << t.name;
        upper = lower = c + 1;
      }
  }
}

TEST(Topologies, BadInputIsRefused) {
  for (const Topology& t : topologies())
    for (const std::size_t n : {0u, 1u}) EXPECT_THROW(t.build(n), Error);
  try {
    find_topology("rectangulr");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'rectangular'?"), std::string::npos);
  }
}

}  // namespace
}  // namespace fringe
