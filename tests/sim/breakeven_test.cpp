// When light wins: sizes of lasers and converters, break-evens, maps and files.
#include "sim/breakeven.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/error.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/photonic_accelerator.hpp"
#include "sim/trace_inspect.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

constexpr double eps = 2.3e-16;

BreakevenRequest small(const std::string& more = "") {
  return parse_breakeven("[breakeven]\nworkload = 'digits-mlp'\nboards = ['h200']\nbatch = 16\n" + more +
                             "[photonic.mine]\npreset = 'realistic'\nmodes = 8\n",
                         "mine.toml");
}

Breakeven found(const BreakevenRequest& request, unsigned threads = 1) {
  ThreadPool pool(threads);
  Observer observer;
  return breakeven(request, pool, observer);
}

// What the header promises, from the budget at the power that it gives.
TEST(LightCost, NoiseOfTheLaserIsThatOfTheConverter) {
  for (const double bits : {4.0, 8.0, 12.0}) {
    PhotonicDesign design = find_photonic_preset("realistic").design;
    design.laser_power_w = laser_power_for(design, bits);
    const LinkBudget budget = link_budget(design);
    const double couplers = static_cast<double>(2 * mesh_columns(design));
    const double kept = std::pow(10, -couplers * mesh_imperfections(design).insertion_loss_db / 10);
    const double step = 2 / std::exp2(bits);
    EXPECT_NEAR(budget.noise_sigma * budget.noise_sigma / kept / (step * step / 12), 1, 64 * eps);
  }
}

// Shot noise alone falls as the power, 4 times for each bit; the receiver's as its square, 2 times.
TEST(LightCost, ABitMoreTakesTwoToFourTimesTheLight) {
  const PhotonicDesign design = find_photonic_preset("realistic").design;
  for (double bits = 3; bits < 13; ++bits) {
    const double more = laser_power_for(design, bits + 1) / laser_power_for(design, bits);
    EXPECT_GT(more, 2);
    EXPECT_LT(more, 4 + 16 * eps);
  }
}

TEST(LightCost, PartsAddUpAndTheNumberOfCoresIsTheCheapest) {
  const Graph graph = find_workload("digits-mlp").graph();
  const LightCost cost(graph, find_memory(PhotonicSetup{}.memory));
  LightPoint point{find_photonic_preset("realistic").design};
  const LightFigure best = cost(point);
  EXPECT_NEAR(std::accumulate(best.part_j.begin(), best.part_j.end(), 0.0) / best.energy_j, 1, 16 * eps);
  for (point.cores = 1; point.cores <= best.tiles; ++point.cores)
    if ((point.cores & (point.cores - 1)) == 0 || point.cores == best.tiles) {
      EXPECT_GE(cost(point).energy_j, best.energy_j);
    }
  point.cores = 2;
  const LightFigure two = cost(point);
  point.design.phase_shifter.pi_power_w *= 10;
  const auto hold = static_cast<std::size_t>(Part::phase_hold);
  EXPECT_NEAR(cost(point).part_j[hold] / two.part_j[hold], 10, 160 * eps);
}

TEST(Breakeven, EveryAssumptionIsWhatWasSetAndHasARangeWithASource) {
  const Graph graph = find_workload("digits-mlp").graph();
  const LightCost cost(graph, find_memory(PhotonicSetup{}.memory));
  for (const AssumptionRow& row : assumption_rows()) {
    const Range cited = row.cited();
    EXPECT_LE(cited.low, cited.high) << row.key;
    EXPECT_GE(cited.low, row.scanned.low) << row.key;
    EXPECT_LE(cited.high, row.scanned.high) << row.key;
    EXPECT_FALSE(row.source.empty()) << row.key;
    EXPECT_FALSE(row.meaning.empty()) << row.key;
    for (const double value : {cited.low, cited.high}) {
      LightPoint point{find_photonic_preset("realistic").design};
      row.set(point, value);
      EXPECT_NEAR(row.get(point, cost(point)) / value, 1, 16 * eps) << row.key;
    }
  }
}

// Light's energy against the board's is computed here without the study.
TEST(Breakeven, CrossingsAndMapAreWhatTheFiguresSay) {
  const BreakevenRequest request = small("map = ['pi_power_w', 'batch']\n");
  const Breakeven result = found(request);
  const BreakevenCase& c = result.cases.at(0);
  const Graph graph = find_workload("digits-mlp").graph();
  const LightCost cost(graph, find_memory(PhotonicSetup{}.memory));
  const auto ratio = [&](const LightPoint& point) {
    return cost(point).energy_j / (point.batch == request.light.batch ? c.board_energy_j : 0);
  };
  EXPECT_EQ(c.ratio, ratio(request.light));
  std::size_t crossings = 0;
  for (const AssumptionResult& a : c.assumptions) {
    if (a.row->key == "batch") continue;
    LightPoint low = request.light, high = request.light;
    a.row->set(low, a.range.low), a.row->set(high, a.range.high);
    EXPECT_EQ(a.ratio_low, ratio(low)) << a.row->key;
    EXPECT_EQ(a.ratio_high, ratio(high)) << a.row->key;
    if (!a.breakeven || a.row->whole) continue;
    ++crossings;
    low = high = request.light;
    a.row->set(low, *a.breakeven / 1.0011), a.row->set(high, *a.breakeven * 1.0011);
    EXPECT_NE(ratio(low) < 1, ratio(high) < 1) << a.row->key;
  }
  EXPECT_GT(crossings, 0u);
  EXPECT_EQ(c.map.axes[0]->key, "pi_power_w");
  EXPECT_EQ(c.map.ratio.size(), c.map.values[0].size() * c.map.values[1].size());
  for (std::size_t i = 1; i < c.assumptions.size(); ++i)
    EXPECT_GE(c.assumptions[i - 1].swing(c.ratio), c.assumptions[i].swing(c.ratio));
  EXPECT_LE(c.best, c.ratio);
}

TEST(Breakeven, SameNumbersForAnyNumberOfThreads) {
  EXPECT_EQ(breakeven_json(found(small(), 1)), breakeven_json(found(small(), 2)));
}

TEST(Breakeven, TheFilesOwnRangeReplacesThePublishedOne) {
  const Breakeven result = found(small("[breakeven.ranges]\npi_power_w = [1e-6, 1e-3]\n"));
  const auto& list = result.cases.at(0).assumptions;
  const auto own = std::find_if(list.begin(), list.end(), [](const auto& a) { return a.own_range; });
  ASSERT_NE(own, list.end());
  EXPECT_EQ(own->row->key, "pi_power_w");
  EXPECT_EQ(own->range.high, 1e-3);
}

TEST(Breakeven, TraceJsonAndTextTellTheSame) {
  const Breakeven result = found(small());
  const std::string path = ::testing::TempDir() + "breakeven.h5";
  record_breakeven(path, result);
  EXPECT_NE(inspect_trace(path).find("breakeven_map"), std::string::npos);
  const auto json = nlohmann::json::parse(breakeven_json(result));
  EXPECT_EQ(json["cases"].size(), 1u);
  EXPECT_EQ(json["cases"][0]["assumptions"].size(), assumption_rows().size());
  EXPECT_NE(breakeven_text(result).find("h200 int8"), std::string::npos);
  std::filesystem::remove(path);
}

TEST(Breakeven, ExampleOfTheRepositoryIsRead) {
  EXPECT_NO_THROW(read_breakeven(std::string(FRINGE_SOURCE_DIR) + "/experiments/breakeven.toml"));
  EXPECT_NO_THROW(parse_breakeven(default_breakeven_text(), "built-in experiment"));
}

TEST(Breakeven, BadFilesAreRefusedInASentence) {
  const auto refusal = [](const std::string& text) -> std::string {
    try {
      parse_breakeven(text, "mine.toml");
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  const std::string system = "[photonic.mine]\n";
  EXPECT_EQ(refusal(system), "accepted");
  EXPECT_EQ(refusal("[breakeven]\nworkload = 'resnet5'\n" + system),
            "mine.toml:2: breakeven.workload: unknown workload 'resnet5'; did you mean 'resnet50'?");
  EXPECT_EQ(refusal("[breakeven]\nbits = 99\n" + system),
            "mine.toml:2: breakeven.bits: must be from 3 to 14, not 99");
  EXPECT_EQ(refusal("[breakeven]\nboards = ['v100-sxm2-16gb']\nformat = 'bf16'\n" + system),
            "mine.toml:2: breakeven.boards: 'v100-sxm2-16gb' has no bf16");
  EXPECT_EQ(refusal("[breakeven.ranges]\nmodes = [8.5, 16]\n" + system),
            "mine.toml:2: breakeven.ranges.modes: takes whole numbers");
  EXPECT_EQ(refusal("[breakeven.ranges]\nbits = [9, 8]\n" + system),
            "mine.toml:2: breakeven.ranges.bits: must rise and lie from 3 to 14, not [9, 8]");
  EXPECT_NE(refusal("[breakeven.ranges]\nbitz = [6, 8]\n" + system).find("did you mean 'bits'?"),
            std::string::npos);
  EXPECT_NE(refusal("[breakeven]\nmap = ['modes', 'modes']\n" + system).find("two different"),
            std::string::npos);
  EXPECT_NE(refusal("name = 'x'\n").find("takes one system"), std::string::npos);
}

}  // namespace
}  // namespace fringe
