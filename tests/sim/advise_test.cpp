// Advice on machines: against the table it is taken from, and within its limits.
#include "sim/advise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "core/error.hpp"
#include "sim/text.hpp"
#include "sim/training_table.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

namespace fs = std::filesystem;

class Advising : public testing::Test {
 protected:
  void SetUp() override {
    table = training_table_at_hand();
    if (table.empty()) table = fs::path(FRINGE_SOURCE_DIR) / "../shared/data/gpu_training/lambda_2021_02.csv";
    if (!fs::is_regular_file(table))
      GTEST_SKIP() << "gpu_training/lambda_2021_02.csv is neither below FRINGE_DATA nor below ../shared/data";
  }
  const Advice* find(const AdviceReport& report, std::string_view board, int count) const {
    for (const Advice& a : report.ranked)
      if (a.board->name == board && a.count == count) return &a;
    return nullptr;
  }
  fs::path table;
};

TEST_F(Advising, StaysWithinBudgetAndPowerAndRanksBySpeed) {
  const AdviceReport all = advise({"bert_large_squad"}, table);
  const AdviceReport report = advise({"bert_large_squad", true, 12000, 1500}, table);
  ASSERT_FALSE(report.ranked.empty());
  EXPECT_LT(report.ranked.size(), all.ranked.size());
  double last = std::numeric_limits<double>::infinity();
  for (const Advice& a : report.ranked) {
    EXPECT_GT(a.price_usd, 0);
    EXPECT_LE(a.price_usd, 12000);
    EXPECT_LE(a.power_w, 1500);
    EXPECT_LE(a.throughput, last);
    EXPECT_FALSE(a.reason.empty());
    last = a.throughput;
  }
  // What the limits leave out is what they say: nothing that fits is missing.
  std::size_t fitting = 0;
  for (const Advice& a : all.ranked) fitting += a.price_usd > 0 && a.price_usd <= 12000 && a.power_w <= 1500;
  EXPECT_EQ(fitting, report.ranked.size());
}

/// Measured machines are given as the table has them: two RTX 3090, 76.2 sequences/s of BERT large.
TEST_F(Advising, GivesMeasuredMachinesAsMeasured) {
  const AdviceReport report = advise({"bert_large_squad"}, table);
  for (const TrainingRow& row : read_training_table(table)) {
    if (row.gpu != "RTX 3090" || row.model->name != "bert_large_squad" || !row.half) continue;
    const Advice* a = find(report, "rtx3090", row.count);
    ASSERT_NE(a, nullptr) << row.count;
    EXPECT_EQ(a->basis, Basis::measured);
    EXPECT_NEAR(a->throughput, row.throughput, 8 * std::numeric_limits<double>::epsilon() * row.throughput);
  }
  EXPECT_EQ(find(report, "rtx8000", 6)->basis, Basis::scaled);
  EXPECT_EQ(find(report, "h100-sxm", 8)->basis, Basis::modelled);
}

/// Eight RTX 3090 without peer access train BERT large slower than two of them, ResNet-50 faster.
TEST_F(Advising, SaysWhereMoreBoardsBringNothing) {
  const AdviceReport bert = advise({"bert-large", true, 13000}, table);
  EXPECT_LT(find(bert, "rtx3090", 8)->throughput, find(bert, "rtx3090", 2)->throughput);
  EXPECT_NE(advice_text(bert).find("No gain"), std::string::npos);
  const AdviceReport resnet = advise({"resnet50", true, 13000}, table);
  EXPECT_GT(find(resnet, "rtx3090", 8)->throughput, 3 * find(resnet, "rtx3090", 2)->throughput);
}

TEST_F(Advising, RunsThatExchangedNothingAreNotTakenForTraining) {
  const AdviceReport report = advise({"transformerxlbase"}, table);
  for (const Advice& a : report.ranked)
    if (a.count > 1) {
      EXPECT_NE(a.basis, Basis::measured);
    }
}

/// Price over the years plus power, over the samples: by hand for one RTX 3090.
TEST_F(Advising, CostIsPriceAndPowerOverSamples) {
  const AdviceReport report = advise({"resnet50", true, 2000, 400, 2, 0.30}, table);
  const Advice* a = find(report, "rtx3090", 1);
  ASSERT_NE(a, nullptr);
  const double hours = 2 * 8766, usd = 1499 + 0.350 * hours * 0.30;
  const double samples = a->throughput * 3600 * hours;
  EXPECT_NEAR(a->usd_per_million, 1e6 * usd / samples,
              32 * std::numeric_limits<double>::epsilon() * a->usd_per_million);
}

TEST_F(Advising, FitsATerminalAndIsJson) {
  for (const TrainingModel& model : training_models()) {
    const AdviceReport report = advise({std::string(model.name)}, table);
    const std::string text = advice_text(report);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      EXPECT_LE(text_width(std::string_view(text).substr(at, end - at)), 100u) << text.substr(at, end - at);
      at = end + 1;
    }
    EXPECT_EQ(nlohmann::json::parse(advice_json(report))["machines"].size(), report.ranked.size());
  }
}

TEST_F(Advising, NamesWhatIsWrong) {
  const auto message = [&](const AdviceRequest& request) {
    try {
      advise(request, table);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  EXPECT_NE(message({"resnet51"}).find("did you mean 'resnet50'"), std::string::npos);
  EXPECT_NE(message({"bert"}).find("bert_base_squad, bert_large_squad"), std::string::npos);
  EXPECT_NE(message({"resnet50", true, -1}).find("--budget"), std::string::npos);
  EXPECT_NE(message({"resnet50", true, 100}).find("the cheapest board is"), std::string::npos);
  EXPECT_NE(message({"resnet50", true, 5000, 0}).find("--power"), std::string::npos);
  constexpr double endless = std::numeric_limits<double>::infinity();
  EXPECT_EQ(message({"resnet50", true, 5000, 500, endless}), "--years = inf must be finite");
  EXPECT_EQ(message({"resnet50", true, 5000, 500, 3, endless}), "--kwh = inf must be finite");
  EXPECT_THROW(advise({"resnet50"}, table.string() + ".missing"), Error);
}

TEST(Workloads, AreFoundByTheirPlainNames) {
  EXPECT_EQ(workload_of("ResNet-50").name, "resnet50");
  EXPECT_EQ(workload_of("BERT-large").name, "bert_large_squad");
  EXPECT_EQ(workload_of("Mask R-CNN").name, "maskrcnn");
  EXPECT_EQ(workload_of("bert-large-384").name, "bert_large_squad");
  EXPECT_EQ(workload_of("ssd300").name, "ssd");
  for (const TrainingModel& model : training_models())
    if (!model.zoo.empty()) {
      EXPECT_NO_THROW(find_workload(model.zoo)) << model.name;
      EXPECT_EQ(&workload_of(model.zoo), &model);
    }
}

/// Eight H100 under NVSwitches keep more of their boards than eight on PCIe, whatever they train.
TEST_F(Advising, SwitchesScaleNoWorseThanSlots) {
  for (const TrainingModel& model : training_models())
    for (const bool half : {true, false}) {
      if (model.units_per_sample == 0 || model.fitted(half).batch_per_gb == 0) continue;
      AdviceRequest request{std::string(model.name), half};
      const AdviceReport report = advise(request, table);
      for (const int count : {2, 4, 8}) {
        const Advice *sxm = find(report, "h100-sxm", count), *pcie = find(report, "h100-pcie", count);
        ASSERT_NE(sxm, nullptr) << model.name;
        ASSERT_NE(pcie, nullptr) << model.name;
        EXPECT_GE(sxm->step.efficiency, pcie->step.efficiency) << model.name << " " << count;
        EXPECT_GT(sxm->throughput, pcie->throughput) << model.name << " " << count;
      }
    }
}

/// Without the table boards are modelled, and the report says what is missing.
TEST(WithoutTheTable, AllIsModelled) {
  for (const TrainingModel& model : training_models())
    for (const bool half : {true, false}) {
      if (model.fitted(half).batch_per_gb == 0) continue;
      const AdviceReport report = advise({std::string(model.name), half}, {});
      ASSERT_FALSE(report.ranked.empty()) << model.name;
      for (const Advice& a : report.ranked) EXPECT_EQ(a.basis, Basis::modelled);
      EXPECT_NE(advice_text(report).find("FRINGE_DATA"), std::string::npos);
    }
  try {
    advise({"tacotron2"}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("FRINGE_DATA"), std::string::npos) << error.what();
  }
}

/// BERT large's weights, gradients, optimiser state and a batch don't fit 8 GB; other boards' do.
TEST(WithoutTheTable, BoardsThatAreTooSmallAreNamedNotOffered) {
  const AdviceReport report = advise({"bert_large_squad"}, {});
  std::set<std::string_view> small, offered;
  for (const AdviceReport::TooSmall& left_out : report.too_small) small.insert(left_out.board->name);
  for (const Advice& a : report.ranked) offered.insert(a.board->name);
  EXPECT_EQ(small, (std::set<std::string_view>{"rtx2070-max-q", "rtx2080-max-q", "rtx2080-super-max-q"}));
  EXPECT_TRUE(std::ranges::none_of(small, [&](std::string_view name) { return offered.contains(name); }));
  EXPECT_TRUE(offered.contains("gtx1080ti"));
  EXPECT_NE(
      advice_text(report).find("rtx2070-max-q, rtx2080-max-q, rtx2080-super-max-q: its memory of 8.00 GB"),
      std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(advice_json(report))["too_small"].size(), 3u);
  EXPECT_TRUE(advise({"resnet50"}, {}).too_small.empty());
  AdviceRequest cool{"bert_large_squad"};
  cool.power_w = 75;  // below the 80 and 90 W of those boards
  EXPECT_TRUE(advise(cool, {}).too_small.empty());
}

/// Every way that is offered takes that many boards, and no laptop is joined to another.
TEST(Ways, TakeTheBoardsTheyAreOfferedFor) {
  for (const GpuSpec& board : gpu_catalogue())
    for (const int count : {1, 2, 3, 4, 6, 8}) {
      const auto ways = ways_of(board, count);
      for (const Interconnect* way : ways) EXPECT_LE(count, way->most_gpus);
      if (count == 1 || board.name.ends_with("max-q")) {
        EXPECT_TRUE(ways.empty()) << board.name;
      } else {
        EXPECT_FALSE(ways.empty()) << board.name << " " << count;
      }
    }
}

}  // namespace
}  // namespace fringe
