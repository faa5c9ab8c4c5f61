#include "core/cost.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

namespace fringe {
namespace {

// Small dyadic numbers: sums and products of them are exact, so algebra can be checked with ==.
Cost sample(int i, Provenance provenance = Provenance::modelled) {
  Cost c;
  c.latency_s = 0.25 * (i + 1);
  c.spread_s = 0.125 * (i + 2);
  for (std::size_t r = 0; r < resource_count; ++r)
    c.busy_s[r] = 0.5 * static_cast<double>((r * 5 + 3u * static_cast<unsigned>(i)) % 7);
  for (std::size_t p = 0; p < part_count; ++p) {
    c.joules[p] = 0.125 * static_cast<double>((p * 3 + static_cast<unsigned>(i)) % 11);
    c.static_watts[p] = 0.5 * static_cast<double>((p * 7 + 5u * static_cast<unsigned>(i)) % 13);
    c.area_m2[p] = 0.25 * static_cast<double>((p * 5 + 2u * static_cast<unsigned>(i)) % 9);
  }
  c.provenance = provenance;
  return c;
}

void expect_same(const Cost& a, const Cost& b) {
  EXPECT_EQ(a.latency_s, b.latency_s);
  EXPECT_EQ(a.spread_s, b.spread_s);
  EXPECT_EQ(a.busy_s, b.busy_s);
  EXPECT_EQ(a.joules, b.joules);
  EXPECT_EQ(a.static_watts, b.static_watts);
  EXPECT_EQ(a.area_m2, b.area_m2);
  EXPECT_EQ(a.provenance, b.provenance);
  EXPECT_EQ(a.energy_known, b.energy_known);
}

TEST(Cost, ThenAddsAndBesideTakesTheLonger) {
  const Cost a = sample(0), b = sample(1), in_turn = then(a, b), at_once = beside(a, b);
  EXPECT_EQ(in_turn.latency_s, 0.75);
  EXPECT_EQ(at_once.latency_s, 0.5);
  EXPECT_EQ(in_turn.spread_s, 0.625);
  EXPECT_EQ(at_once.spread_s, 0.375);
  for (std::size_t r = 0; r < resource_count; ++r) {
    EXPECT_EQ(in_turn.busy_s[r], a.busy_s[r] + b.busy_s[r]);
    EXPECT_EQ(at_once.busy_s[r], a.busy_s[r] + b.busy_s[r]);
  }
  for (std::size_t p = 0; p < part_count; ++p) {
    EXPECT_EQ(in_turn.joules[p], a.joules[p] + b.joules[p]);
    EXPECT_EQ(in_turn.static_watts[p], std::max(a.static_watts[p], b.static_watts[p]));
    EXPECT_EQ(at_once.static_watts[p], in_turn.static_watts[p]);
    EXPECT_EQ(in_turn.area_m2[p], std::max(a.area_m2[p], b.area_m2[p]));
    EXPECT_EQ(at_once.area_m2[p], in_turn.area_m2[p]);
  }
}

TEST(Cost, NothingIsNeutralAndOrderDoesNotMatter) {
  const Cost a = sample(0), b = sample(1, Provenance::measured), c = sample(2);
  for (const auto combine_costs : {then, beside}) {
    expect_same(combine_costs(a, Cost{}), a);
    expect_same(combine_costs(Cost{}, a), a);
    expect_same(combine_costs(a, b), combine_costs(b, a));
    expect_same(combine_costs(combine_costs(a, b), c), combine_costs(a, combine_costs(b, c)));
  }
}

TEST(Cost, RepeatIsThenAgainAndAgain) {
  const Cost a = sample(3);
  expect_same(repeat(a, 1), a);
  expect_same(repeat(a, 4), then(then(a, a), then(a, a)));
  const Cost never = repeat(a, 0);
  EXPECT_EQ(never.latency_s, 0);
  EXPECT_EQ(never.interval_s(), 0);
  EXPECT_EQ(never.energy_j(Boundary::board, 0), 0);
  EXPECT_EQ(never.static_watts, a.static_watts);  // the hardware is there whether it works or not
}

TEST(Cost, TheBusiestResourceSetsTheInterval) {
  Cost c;
  EXPECT_EQ(c.interval_s(), 0);
  for (std::size_t r = 0; r < resource_count; ++r) {
    c.busy(static_cast<Resource>(r)) = static_cast<double>(r + 1);
    EXPECT_EQ(c.interval_s(), static_cast<double>(r + 1));
  }
}

TEST(Cost, AreaIsThatOfAllPartsOrUnknown) {
  EXPECT_TRUE(std::isnan(Cost{}.chip_area_m2()));
  Cost c;
  c.area(Part::sram) = 0.5;
  c.area(Part::adc) = 0.25;
  EXPECT_EQ(c.chip_area_m2(), 0.75);
}

TEST(Cost, AnUnknownEnergyStaysUnknown) {
  Cost unknown;
  unknown.energy_known = false;
  EXPECT_FALSE(then(unknown, sample(0)).energy_known);
  EXPECT_FALSE(beside(sample(0), unknown).energy_known);
  EXPECT_FALSE(repeat(unknown, 2).energy_known);
  EXPECT_TRUE(then(sample(0), sample(1)).energy_known);
}

// Each boundary contains the one before: one joule and one watt in each part appear where they belong.
TEST(Cost, EnergyBoundariesNest) {
  for (std::size_t p = 0; p < part_count; ++p) {
    Cost c;
    c.joules[p] = 2;
    c.static_watts[p] = 3;
    for (const Boundary b : {Boundary::matrix_unit, Boundary::accelerator, Boundary::board}) {
      const bool inside = cost_parts()[p].boundary <= b;
      EXPECT_EQ(c.energy_j(b, 0.5), inside ? 3.5 : 0.0) << cost_parts()[p].name;
    }
  }
  const Cost c = sample(4);
  EXPECT_LT(c.energy_j(Boundary::matrix_unit, 1), c.energy_j(Boundary::accelerator, 1));
  EXPECT_LE(c.energy_j(Boundary::accelerator, 1), c.energy_j(Boundary::board, 1));
}

// Traces store these by position: the order may grow, never change.
TEST(Cost, RowsAreNamedInOrder) {
  const std::vector<std::string_view> parts{"laser",      "modulator",     "dac",  "adc",  "receiver",
                                            "phase_hold", "phase_program", "mac",  "sram", "dram",
                                            "digital",    "decomposition", "idle", "link", "undivided"};
  const std::vector<std::string_view> resources{"matrix_unit", "programming", "memory",
                                                "digital",     "launch",      "link"};
  ASSERT_GE(cost_parts().size(), parts.size());
  ASSERT_GE(resource_names().size(), resources.size());
  for (std::size_t i = 0; i < parts.size(); ++i) EXPECT_EQ(cost_parts()[i].name, parts[i]);
  for (std::size_t i = 0; i < resources.size(); ++i) EXPECT_EQ(resource_names()[i], resources[i]);
  std::set<std::string_view> seen;
  for (const PartRow& row : cost_parts()) {
    EXPECT_FALSE(row.name.empty());
    EXPECT_FALSE(row.meaning.empty()) << row.name;
    EXPECT_TRUE(seen.insert(row.name).second) << row.name;
  }
  for (const std::string_view name : resource_names()) EXPECT_FALSE(name.empty());
}

TEST(Provenance, CombinesToMixed) {
  using enum Provenance;
  const Provenance all[] = {none, measured, simulated, modelled, mixed};
  for (const Provenance a : all) {
    EXPECT_EQ(combine(none, a), a);
    EXPECT_EQ(combine(a, a), a);
    for (const Provenance b : all) {
      EXPECT_EQ(combine(a, b), combine(b, a));
      if (a != b && a != none && b != none) {
        EXPECT_EQ(combine(a, b), mixed);
      }
    }
  }
  EXPECT_EQ(to_string(measured), "measured");
  EXPECT_EQ(to_string(mixed), "mixed");
  EXPECT_EQ(to_string(Boundary::matrix_unit), "matrix unit");
  EXPECT_EQ(to_string(Boundary::board), "board");
}

}  // namespace
}  // namespace fringe
