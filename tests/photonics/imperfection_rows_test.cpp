// Every mesh row of the table of imperfections, one by one and together.
#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <limits>
#include <string>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "photonics/chip_drivers.hpp"
#include "tests/photonics/mesh_testing.hpp"

namespace fringe {
namespace {

using namespace mesh_testing;
using Strengths = MeshImperfections;

struct Strength {
  std::string_view row;
  void (*set)(Strengths&, double value);
  const char* key;  ///< as errors name it
};

constexpr Strength strengths[] = {
    {"splitter_error", [](Strengths& m, double x) { m.splitter_sigma_rad = x; }, "splitter_sigma_rad"},
    {"phase_error", [](Strengths& m, double x) { m.phase_sigma_rad = x; }, "phase_sigma_rad"},
    {"phase_bits", [](Strengths& m, double x) { m.phase_bits = static_cast<int>(x); }, nullptr},
    {"insertion_loss", [](Strengths& m, double x) { m.insertion_loss_db = x; }, "insertion_loss_db"},
    {"insertion_loss_spread", [](Strengths& m, double x) { m.insertion_loss_sigma_db = x; },
     "insertion_loss_sigma_db"},
    {"splitter_correlation", [](Strengths& m, double x) { m.splitter_correlation = x; },
     "splitter_correlation"},
    {"splitter_correlation_length", [](Strengths& m, double x) { m.splitter_correlation_length_m = x; },
     nullptr},
    {"arm_imbalance", [](Strengths& m, double x) { m.arm_imbalance_sigma_db = x; }, "arm_imbalance_sigma_db"},
    {"waveguide_loss", [](Strengths& m, double x) { m.waveguide_loss_db_per_m = x; },
     "waveguide_loss_db_per_m"},
    {"crossing_loss", [](Strengths& m, double x) { m.crossing_loss_db = x; }, "crossing_loss_db"},
    {"crossing_leakage", [](Strengths& m, double x) { m.crossing_leakage = x; }, "crossing_leakage"},
    {"detuning", [](Strengths& m, double x) { m.detuning_m = x; }, nullptr},
    {"splitter_dispersion", [](Strengths& m, double x) { m.dispersion.splitter_rad_per_m = x; }, nullptr},
    {"temperature_shift", [](Strengths& m, double x) { m.temperature_shift_k = x; }, nullptr},
    {"path_imbalance", [](Strengths& m, double x) { m.path_imbalance_sigma_m = x; },
     "path_imbalance_sigma_m"},
    {"dead_couplers", [](Strengths& m, double x) { m.dead_coupler_probability = x; },
     "dead_coupler_probability"},
    {"stuck_phases", [](Strengths& m, double x) { m.stuck_phase_probability = x; },
     "stuck_phase_probability"},
    {"voltage_drive", [](Strengths& m, double x) { m.drive.resistance_ohm = x; }, "drive.resistance_ohm"},
    {"thermal_crosstalk", [](Strengths& m, double x) { m.crosstalk.coefficient = x; },
     "crosstalk.coefficient"},
    {"phase_drift", [](Strengths& m, double x) { m.drift.sigma_rad = x; }, "drift.sigma_rad"},
};

std::vector<const ImperfectionRow*> mesh_rows() {
  std::vector<const ImperfectionRow*> rows;
  for (const ImperfectionRow& row : imperfections())
    if (row.where == ImperfectionRow::Where::mesh) rows.push_back(&row);
  return rows;
}

/// Faults so frequent that a small mesh has some.
double strong(const ImperfectionRow& row) {
  return row.meaning.starts_with("probability") ? 0.1 : row.typical;
}

Strengths all_strengths() {
  Strengths all;
  const auto rows = mesh_rows();
  for (std::size_t i = 0; i < rows.size(); ++i) strengths[i].set(all, strong(*rows[i]));
  return all;
}

/// What light meets of chip 3, mesh 5 with everything that MeshImperfections does.
PhysicalMesh<double> observed(const MeshLayout& layout, const Strengths& m, const Crossing& crossing,
                              std::uint64_t seed = 11) {
  DriftingPhases drift(layout, m.drift, seed, 3, 5);
  const FabricatedMesh chip = with_offsets(fabricate(layout, m, seed, 3, 5, crossing), drift.at(0));
  const std::size_t n = layout.couplers.size();
  PhaseProgram asked{std::vector<double>(n), std::vector<double>(n), std::vector<double>(layout.modes)};
  std::size_t i = 0;
  for (std::vector<double>* phases : {&asked.theta, &asked.phi, &asked.out})
    for (double& phase : *phases) phase = std::fmod(1.0 + 2.4 * static_cast<double>(i++), 2 * pi);
  return realise<double>(layout, held_by_chip(drivers_of(layout, m, seed, 3, 5), asked), chip);
}

void expect_same(const PhysicalMesh<double>& a, const PhysicalMesh<double>& b, std::string_view what) {
  EXPECT_EQ(a.couplers, b.couplers) << what;
  EXPECT_EQ(a.out, b.out) << what;
}

double largest_singular_value(const Square& u) {
  const auto n = static_cast<Eigen::Index>(view(u).rows);
  const Eigen::Map<const Eigen::Matrix<Complex, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>> a(u.data(),
                                                                                                    n, n);
  return Eigen::JacobiSVD<Eigen::MatrixXcd>(a).singularValues()(0);
}

TEST(ImperfectionRows, EachMeshRowIsTestedHere) {
  const auto rows = mesh_rows();
  ASSERT_EQ(rows.size(), std::size(strengths));
  for (std::size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i]->name, strengths[i].row);
}

TEST(ImperfectionRows, ZeroStrengthIsTheIdentity) {
  const MeshLayout layout = find_topology("rectangular").build(6);
  for (const Crossing& crossing : crossings()) {
    const auto ideal = observed(layout, {}, crossing);
    for (const Strength& s : strengths) {
      Strengths zero;
      s.set(zero, 1);
      s.set(zero, 0);
      EXPECT_EQ(zero, Strengths{}) << s.row;
    }
    // Lengths, slopes and pitches act on strengths alone.
    Strengths idle;
    idle.splitter_correlation_length_m = 1e-3;
    idle.dispersion.splitter_rad_per_m = 4e6;
    idle.temperature_shift_k = 5;
    idle.drift.time_s = 1;
    idle.crosstalk.decay_length_m = 1e-4;
    idle.geometry = {1e-3, 1e-5};
    idle.balanced_edges = true;
    expect_same(observed(layout, idle, crossing), ideal, crossing.name);
  }
}

TEST(ImperfectionRows, EachActsAndIsReproducible) {
  const MeshLayout layout = find_topology("rectangular").build(6);
  const Crossing& crossing = find_crossing("mzi-crossing");
  const Strengths all = all_strengths();
  const auto everything = observed(layout, all, crossing);
  expect_same(observed(layout, all, crossing), everything, "again");
  EXPECT_NE(observed(layout, all, crossing, 12).couplers, everything.couplers);
  for (const Strength& s : strengths) {
    Strengths without = all;
    s.set(without, 0);
    const auto rest = observed(layout, without, crossing);
    EXPECT_TRUE(rest.couplers != everything.couplers || rest.out != everything.out) << s.row;
  }
}

TEST(ImperfectionRows, PassiveStaysPassive) {
  const DrawStream stream = stream_of({5, Purpose::test});
  std::uint64_t element = 0;
  for (const Topology& t : topologies())
    for (const Crossing& crossing : crossings()) {
      const MeshLayout layout = t.build(6);
      for (int combination = 0; combination < 12; ++combination) {
        Strengths some;
        const auto rows = mesh_rows();
        for (std::size_t i = 0; i < rows.size(); ++i)
          if (combination == 0 || (random_bits(stream, element++) & 1u))
            strengths[i].set(some, rows[i]->name == "splitter_error" ? 0.2 : strong(*rows[i]));
        some.balanced_edges = combination % 2 == 0;
        const Square u = transfer_matrix(layout, observed(layout, some, crossing));
        EXPECT_LE(largest_singular_value(u), 1 + rounding(layout.modes)) << t.name << " " << crossing.name;
      }
    }
}

TEST(ImperfectionRows, BadStrengthsAreRefusedByName) {
  const MeshLayout layout = find_topology("rectangular").build(2);
  const auto refused = [&](const Strengths& m) -> std::string {
    try {
      fabricate(layout, m, 0, 0, 0);
    } catch (const Error& error) {
      EXPECT_THROW(drivers_of(layout, m, 0, 0, 0), Error);
      return error.what();
    }
    return "";
  };
  for (const Strength& s : strengths)
    for (const double bad :
         {-0.5, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
      if (!s.key) continue;
      Strengths m;
      s.set(m, bad);
      EXPECT_NE(refused(m).find(s.key), std::string::npos) << s.row << " " << bad;
    }
  const auto one = [&](auto change, const char* key) {
    Strengths m;
    change(m);
    EXPECT_NE(refused(m).find(key), std::string::npos) << key;
  };
  one([](Strengths& m) { m.splitter_correlation = 1.01; }, "splitter_correlation");
  one([](Strengths& m) { m.splitter_correlation_length_m = 1e-9; }, "splitter_correlation_length_m");
  one([](Strengths& m) { m.detuning_m = -1550e-9; }, "detuning_m");
  one([](Strengths& m) { m.dispersion.design_wavelength_m = 0; }, "design_wavelength_m");
  one([](Strengths& m) { m.temperature_shift_k = std::nan(""); }, "temperature_shift_k");
  one([](Strengths& m) { m.drift.time_s = 0; }, "drift.time_s");
  one([](Strengths& m) { m.crosstalk.decay_length_m = 0; }, "decay_length_m");
  one([](Strengths& m) { m.drive.range_rad = 6; }, "range_rad");
  one([](Strengths& m) { m.drive.pi_power_w = 0; }, "pi_power_w");
  one([](Strengths& m) { m.geometry.column_pitch_m = 0; }, "column_pitch_m");
  one([](Strengths& m) { m.geometry.mode_pitch_m = -1; }, "mode_pitch_m");
  Strengths chip_wide;
  chip_wide.splitter_correlation_length_m = std::numeric_limits<double>::infinity();
  EXPECT_EQ(refused(chip_wide), "");
}

TEST(ImperfectionRows, SpreadsAreThoseRequested) {
  const MeshLayout layout = find_topology("rectangular").build(128);
  Strengths m;
  m.splitter_sigma_rad = 0.02;
  m.splitter_correlation = 0.3;
  m.splitter_correlation_length_m = 30e-6;
  m.arm_imbalance_sigma_db = 0.5;
  m.temperature_shift_k = -3;
  m.path_imbalance_sigma_m = 2e-6;
  const FabricatedMesh chip = fabricate(layout, m, 1, 2, 3, find_crossing("3-splitter-mzi"));
  const double warmed = 2 * pi / 1550e-9 * 1.8e-4 * 3 * 2e-6;
  for (const auto& [values, sigma, alike] : {std::tuple{&chip.alpha_rad, 0.02, 3.0},
                                             {&chip.beta_rad, 0.02, 3.0},
                                             {&chip.gamma_rad, 0.02, 3.0},
                                             {&chip.arm_imbalance_db, 0.5, 1.0},
                                             {&chip.theta_error_rad, warmed, 1.0},
                                             {&chip.phi_error_rad, warmed, 1.0}}) {
    // Neighbours within 30 um share a third of the variance: at most `alike` of them count as one.
    const double independent = static_cast<double>(values->size()) / alike;
    const Mean mean_of = mean(*values);
    EXPECT_NEAR(mean_of.value, 0, z * sigma / std::sqrt(independent));
    EXPECT_NEAR(mean_of.standard_error * std::sqrt(static_cast<double>(values->size())), sigma,
                z * sigma / std::sqrt(2 * independent));
  }
}

TEST(ImperfectionRows, ExtinctionLimitsAndIsLimitedByImbalance) {
  const MeshLayout pair = find_topology("rectangular").build(2);
  for (const double ratio : {10.0, 20.0, 30.0, 60.0}) {
    const double imbalance = arm_imbalance_db(ratio);
    EXPECT_NEAR(extinction_ratio_db(imbalance), ratio, 1e-13 * std::pow(10, ratio / 20));  // 1 - r cancels
    EXPECT_EQ(extinction_ratio_db(-imbalance), extinction_ratio_db(imbalance));
    FabricatedMesh chip = ideal_fabrication(pair);
    chip.arm_imbalance_db = {imbalance};
    const auto straight = [&](double theta) {
      return std::norm(realise<double>(pair, {{theta}, {0}, {0, 0}}, chip).couplers[0][0]);
    };
    EXPECT_NEAR(10 * std::log10(straight(pi) / straight(0)), ratio, 1e-12 * std::pow(10, ratio / 20));
  }
}

}  // namespace
}  // namespace fringe
