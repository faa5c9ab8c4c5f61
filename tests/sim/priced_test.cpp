// Every row of the zoo on every modelled hardware: laws that hold for any of them.
#include "sim/priced.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "electronic/gpu_catalogue.hpp"
#include "electronic/systolic_array.hpp"
#include "photonics/photonic_design.hpp"
#include "sim/text.hpp"

namespace fringe {
namespace {

TEST(Priced, EveryWorkloadOnEveryHardware) {
  for (const Workload& row : workload_zoo()) {
    SCOPED_TRACE(row.name);
    const double macs = forward_macs(row.graph(), 1);
    const PricedWorkload workload = priced(row);
    const Comparison c = price_workload(workload);
    ASSERT_GT(c.hardware.size(), photonic_presets().size() + gpu_catalogue().size());
    for (const SystolicSpec& chip : systolic_catalogue())
      for (const Dataflow dataflow : dataflows)
        EXPECT_EQ(std::count_if(c.hardware.begin(), c.hardware.end(),
                                [&](const HardwareResult& h) {
                                  return h.name ==
                                         std::string(chip.name) + " " + std::string(to_string(dataflow));
                                }),
                  1);
    std::size_t available = 0;
    for (const HardwareResult& h : c.hardware) {
      SCOPED_TRACE(h.name);
      EXPECT_EQ(h.score().count, 0u);
      EXPECT_EQ(h.numerics, Provenance::none);
      if (!h.available) {
        EXPECT_NE(h.note.find("doesn't hold the weights"), std::string::npos) << h.note;
        EXPECT_TRUE(h.costs.empty());
        continue;
      }
      ++available;
      for (const CostFigure& figure : h.costs) {
        SCOPED_TRACE(figure.scenario + ", batch " + std::to_string(figure.batch));
        EXPECT_EQ(figure.cost.provenance, Provenance::modelled);
        EXPECT_TRUE(std::isfinite(figure.cost.latency_s));
        EXPECT_GT(figure.cost.latency_s, 0);
        EXPECT_GT(figure.energy_per_sample_j(Boundary::accelerator, true), 0);
        if (h.camp != "electronic") continue;
        EXPECT_LE(figure.cost.interval_s(), figure.cost.latency_s);
        // No board beats its peak.
        const std::string board = h.name.substr(0, h.name.find(' ')), rest = h.name.substr(board.size() + 1);
        const double peak = rest.ends_with("stationary") ? find_systolic(board).peak()
                                                         : find_gpu(board).peak(find_format(rest));
        const double operations = 2 * macs * static_cast<double>(figure.batch);
        EXPECT_GE(figure.cost.interval_s(), operations / peak * (1 - 1000 * 0x1p-52))
            << "up to the rounding of a sum of a thousand terms";
      }
      const CostFigure* one = h.at_batch_one("resident");
      ASSERT_NE(one, nullptr);
      EXPECT_GE(h.at_best_batch("resident")->throughput_per_s(), one->throughput_per_s());
      if (h.camp == "photonic") {
        EXPECT_GE(h.at_batch_one("single core")->cost.latency_s, one->cost.latency_s);
        EXPECT_EQ(one->cost.busy(Resource::programming), 0);
      }
    }
    EXPECT_GE(available, photonic_presets().size() + 1);
    std::istringstream text(priced_text(c, workload));
    for (std::string line; std::getline(text, line);) EXPECT_LE(text_width(line), 118u) << line;
    EXPECT_NE(text.str().find("priced, not run"), std::string::npos);
  }
}

/// Weights of 27 GB in 32 bits are 13.5 GB in 16: a board that holds them in no format says so of its
/// smallest.
TEST(Priced, TheSmallestFormatSaysWhyNoneFits) {
  const PricedWorkload workload = priced(find_workload("llama2-7b-decode"));
  EXPECT_NE(
      priced_text(price_workload(workload), workload)
          .find(
              "gtx1080ti fp16                      its memory of 11.0 GB doesn't hold the weights, 13.5 GB"),
      std::string::npos);
}

TEST(Priced, CachesAreNotTrainedAndLargeModelsNotWhereTheyDoNotFit) {
  for (const HardwareResult& h : price_workload(priced(find_workload("llama2-7b-decode"))).hardware)
    for (const CostFigure& figure : h.costs) EXPECT_FALSE(figure.scenario.starts_with("training"));
  // 16 bytes a parameter of GPT-2 XL are 24.9 GB: more than an RTX 3090 has. 32 samples of 1024 tokens keep
  // more than any board has; of GPT-2's small model an H100 holds them.
  for (const HardwareResult& h : price_workload(priced(find_workload("gpt2-xl"))).hardware) {
    if (h.photonic() || !h.available) continue;
    EXPECT_EQ(h.at_best_batch("training"), nullptr) << h.name;
    EXPECT_FALSE(h.no_training.empty()) << h.name;
    if (h.name == "rtx3090 fp16") {
      EXPECT_NE(h.no_training.find("hold 24.9 GB of weights"), std::string::npos) << h.no_training;
    }
  }
  for (const HardwareResult& h : price_workload(priced(find_workload("gpt2-small"))).hardware) {
    if (h.name == "h100-sxm fp16") {
      EXPECT_NE(h.at_best_batch("training"), nullptr) << h.no_training;
    }
  }
}

}  // namespace
}  // namespace fringe
