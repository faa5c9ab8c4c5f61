// Published systems where users meet them: in a comparison, in its trace, in a break-even.
#include <gtest/gtest.h>

#include <cmath>

#include "photonics/photonic_system.hpp"
#include "sim/breakeven.hpp"
#include "sim/compare.hpp"
#include "sim/light_cost.hpp"
#include "sim/report.hpp"
#include "sim/trace_reader.hpp"
#include "tests/sim/trace_support.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

TEST(PublishedSystems, StandInAComparisonWithTheirPowerAndArea) {
  const test::TemporaryFolder folder;
  ThreadPool pool(2);
  Observer silent;
  const Experiment experiment = parse_experiment(
      "folds = 2\nchip_samples = 128\nbatches = [1, 64]\n[training]\nepochs = 6\n"
      "[photonic.lightmatter]\npreset = 'lightmatter-2025'\n[photonic.albireo]\npreset = 'albireo-moderate'\n"
      "[electronic]\ncpu = false\n",
      "published.toml");
  const Comparison c = compare(experiment, pool, silent, folder.file("t.h5"));
  ASSERT_EQ(c.hardware.size(), 2u);
  for (const HardwareResult& h : c.hardware) {
    SCOPED_TRACE(h.name);
    // Codes of 7 and of 8 bits lose little on digits.
    EXPECT_GT(h.score().mean, c.float_score().mean - 0.05);
    ASSERT_NE(h.at_batch_one("resident"), nullptr);
    EXPECT_GT(h.at_batch_one("resident")->cost.chip_area_m2(), 0);
    EXPECT_NE(h.note.find("a published system's"), std::string::npos);
  }
  const Cost& light = c.hardware.front().at_batch_one("resident")->cost;
  double watts = 0;
  for (const double part : light.static_watts) watts += part;
  EXPECT_NEAR(watts, 78, 16 * 0x1p-52 * 78);
  EXPECT_NEAR(light.chip_area_m2(), 4 * 14e-3 * 24.96e-3, 0x1p-40);
  EXPECT_NE(report_text(c).find("1398 mm²"), std::string::npos);

  const TraceReader trace(folder.file("t.h5"));
  const auto hardware = trace.strings("costs", "hardware");
  const auto area = trace.numbers("costs", "area_m2"), parts = trace.numbers("costs", "area_by_part");
  ASSERT_EQ(parts.size(), area.size() * part_count);
  for (std::size_t i = 0; i < area.size(); ++i) {
    double sum = 0;
    for (std::size_t p = 0; p < part_count; ++p) sum += parts[i * part_count + p];
    EXPECT_EQ(sum, area[i]) << hardware[i];
  }
}

TEST(PublishedSystems, StandInABreakeven) {
  for (const PhotonicPreset& preset : published_presets()) {
    SCOPED_TRACE(preset.name);
    const BreakevenRequest request =
        parse_breakeven("[breakeven]\nworkload = 'digits-mlp'\n[photonic.mine]\npreset = '" +
                            std::string(preset.name) + "'\n",
                        "published.toml");
    const Graph graph = find_workload("digits-mlp").graph();
    const LightCost cost(graph, find_memory("hbm2e"));
    const LightFigure figure = cost(request.light);
    EXPECT_EQ(figure.cores, preset.design.cores);
    EXPECT_TRUE(std::isfinite(figure.energy_j));
    // The joules of its power while a sample passes are the least.
    EXPECT_GE(figure.energy_j, preset.design.published->run.power_w / figure.samples_per_s * (1 - 0x1p-40));
  }
}

}  // namespace
}  // namespace fringe
