// The published table of training on many boards: what stays sealed, what the model must reach.
#include "sim/validate_scaling.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <set>

#include "core/error.hpp"
#include "sim/text.hpp"
#include "sim/training_runs.hpp"

namespace fringe {
namespace {

namespace fs = std::filesystem;

fs::path table_at_hand() {
  if (const fs::path table = training_table_at_hand(); !table.empty()) return table;
  const fs::path beside = fs::path(FRINGE_SOURCE_DIR) / "../shared/data/gpu_training/lambda_2021_02.csv";
  return fs::is_regular_file(beside) ? beside : fs::path{};
}

class ScalingTable : public testing::Test {
 protected:
  void SetUp() override {
    const fs::path file = table_at_hand();
    if (file.empty())
      GTEST_SKIP() << "gpu_training/lambda_2021_02.csv is neither below FRINGE_DATA nor below ../shared/data";
    table = read_training_table(file);
  }
  std::vector<TrainingRow> table;
};

std::set<std::string> sealed_cells() {
  std::ifstream file(fs::path(FRINGE_SOURCE_DIR) / "tests/sim/scaling_sealed.txt");
  std::set<std::string> cells;
  for (std::string line; std::getline(file, line);) cells.insert(line);
  return cells;
}

TEST(Sealed, IsWhatTheCommittedListNames) {
  const std::set<std::string> cells = sealed_cells();
  EXPECT_EQ(cells.size(), 126u);
  for (const std::string& cell : cells) EXPECT_TRUE(is_sealed(cell)) << cell;
  EXPECT_FALSE(is_sealed("RTX 3090|PCIe|resnet50|fp16"));
}

TEST_F(ScalingTable, SealsTheListedCellsAndNoOther) {
  const std::set<std::string> cells = sealed_cells();
  for (const TrainingRow& row : table)
    if (row.count > 1) {
      EXPECT_EQ(is_sealed(row.cell()), cells.contains(row.cell())) << row.cell();
    }
}

TEST_F(ScalingTable, KnowsEveryRowAndWay) {
  EXPECT_EQ(table.size(), 1091u);
  for (const TrainingRow& row : table) {
    if (row.count > 1) {
      EXPECT_LE(row.count, interconnect_of(row.gpu, row.interconnect, row.count).most_gpus) << row.cell();
    }
  }
}

/// The header's constants are those of the open rows: a search that starts elsewhere comes as low.
TEST_F(ScalingTable, TheConstantsAreFittedToTheOpenRows) {
  std::vector<ScalingRow> open = scaling_rows(table);
  std::erase_if(open, [](const ScalingRow& r) { return r.sealed || !r.model->exchanged; });
  EXPECT_EQ(open.size(), 343u);
  const auto error = [&](const ScalingFit& c) {
    double sum = 0;
    for (const ScalingRow& row : open) sum += std::abs(predicted_efficiency(row, c) / row.efficiency - 1);
    return sum / static_cast<double>(open.size());
  };
  ScalingFit elsewhere{{2, {}, {0.05, 0.05}}, 1};
  elsewhere.step.bytes_per_s.fill(8e9);
  const double committed = error(fitted_scaling_runs()), found = error(fit_scaling(open, elsewhere));
  EXPECT_LT(error(elsewhere), 0.2);
  EXPECT_GT(error(elsewhere), 2 * committed);
  // The search ends within its last step of 0.3 % of a constant: as much of a time at most.
  EXPECT_NEAR(found, committed, 0.003);
}

/// The law for boards beyond the table, put in the place of the constants of NVLink and PCIe peers, does as
/// well on it: the table can't tell them apart, so nothing but the law's other end does.
TEST_F(ScalingTable, TheLawBeyondItHoldsOnIt) {
  const auto errors = [&](bool sealed, bool by_law, double board_bytes_per_s) {
    double sum = 0;
    int count = 0;
    for (const ScalingRow& row : scaling_rows(table)) {
      if (row.sealed != sealed || !row.model->exchanged) continue;
      ScalingFit fit = fitted_scaling_runs();
      fit.step.board_bytes_per_s = board_bytes_per_s;
      const Link link = row.interconnect->link;
      if (by_law && (link == Link::nvlink || link == Link::pcie_peer))
        fit.step.bytes_per_s[static_cast<std::size_t>(link)] =
            std::ldexp(lawful_bytes_per_s(link, *row.row->board, fit.step),
                       row.interconnect->by_generation ? 3 - row.row->board->pcie_generation : 0);
      sum += std::abs(predicted_efficiency(row, fit) / row.efficiency - 1);
      ++count;
    }
    return sum / count;
  };
  const double fitted = fitted_scaling().board_bytes_per_s;
  for (const bool sealed : {false, true})
    EXPECT_LT(errors(sealed, true, fitted), errors(sealed, false, fitted) + 0.002) << sealed;
  // The committed constant is the least's, as near as the search's last step of 0.3 % of a time.
  for (const double factor : {0.25, 0.5, 2.0, 4.0})
    EXPECT_GT(errors(false, true, factor * fitted), errors(false, true, fitted)) << factor;
}

/// The gallery judges the bars; here, what makes them worth something.
TEST_F(ScalingTable, BeatsNaivePredictionsOnSealedRowsToo) {
  const std::vector<ScalingRow> rows = scaling_rows(table);
  const std::vector<ScalingScore> scores = scaling_scores(rows);
  ASSERT_EQ(scores.size(), 10u);
  const double open = scores[1].error, sealed = scores[3].error, one = scores[8].error,
               perfect = scores[9].error;
  EXPECT_EQ(scores[1].rows + scores[2].rows, scores[0].rows);
  EXPECT_LT(3 * sealed, one);
  EXPECT_LT(one, perfect);
  // The fit to the open rows is no luck of theirs.
  EXPECT_LT(sealed, 1.1 * open);
  // What the mean error is of, summed again.
  const std::vector<double> errors = workload_left_out(rows);
  double sum = 0;
  for (const double e : errors) sum += std::abs(e);
  EXPECT_NEAR(sum / static_cast<double>(errors.size()), scores[0].error,
              16 * std::numeric_limits<double>::epsilon());
}

/// Steps in a row's published rate, from the seconds of an epoch that its log prints
/// (lambdal/deeplearning-benchmark at e167f02c, the last line of pytorch/results/…/PyTorch_bert_…).
TEST_F(ScalingTable, CountedStepsAreThoseOfTheLogs) {
  struct Logged {
    std::string_view gpu, interconnect;
    int count;
    std::string_view model;
    bool half;
    double epoch_s, counted;
  };
  // One of eight RTX 8000 counts seven of its eight steps, one of four V100 all 36.
  for (const Logged& l : {Logged{"Quadro RTX 8000", "PCIe", 8, "bert_large_squad", true, 10.18, 7},
                          Logged{"Quadro RTX 8000", "PCIe", 2, "bert_base_squad", false, 13.72, 9},
                          Logged{"Quadro RTX 8000", "single", 1, "bert_base_squad", false, 26.17, 18},
                          Logged{"Quadro RTX 8000", "single", 1, "bert_large_squad", true, 48.37, 56},
                          Logged{"V100 32GB", "single", 1, "bert_base_squad", true, 14.04, 29}}) {
    const auto row = std::ranges::find_if(table, [&](const TrainingRow& r) {
      return r.gpu == l.gpu && r.interconnect == l.interconnect && r.count == l.count &&
             r.model->name == l.model && r.half == l.half;
    });
    ASSERT_NE(row, table.end());
    const double batch = *row->batch_per_gpu;
    const auto run = timed_run(*row, batch);
    ASSERT_TRUE(run);
    EXPECT_EQ(run->counted, l.counted) << row->cell();
    // Seconds are printed to 0.01, rates to four digits at least.
    const double made_s = l.counted * batch * l.count / row->throughput;
    EXPECT_NEAR(made_s, l.epoch_s, 0.005 + 5e-4 * l.epoch_s) << row->cell();
    // The cut has at most as many examples as the steps that the progress bar shows.
    EXPECT_LE(run->steps, std::ceil(l.counted * 1.04));
  }
  for (const TrainingRow& row : table)
    if (row.board->peak(Format::tf32) > 0 || !row.model->name.starts_with("bert")) {
      EXPECT_FALSE(timed_run(row, 8)) << row.cell();
    }
}

/// A start of one second in 7.14 steps, by hand.
TEST_F(ScalingTable, AStartIsInShortRunsAlone) {
  const std::vector<ScalingRow> rows = scaling_rows(table);
  ScalingFit none = fitted_scaling_runs(), second = none;
  none.start_s = 0, second.start_s = 1.0 / 7;
  for (const ScalingRow& row : rows) {
    const double without = predicted_efficiency(row, none), with = predicted_efficiency(row, second);
    const double longer_s = row.step.one_gpu_s / with - row.step.one_gpu_s / without;
    const double expected_s = (row.row->count - 1) / 7.0 / row.run_steps;
    EXPECT_NEAR(longer_s, expected_s,
                16 * std::numeric_limits<double>::epsilon() * row.step.one_gpu_s / with);
    EXPECT_EQ(std::isfinite(row.run_steps),
              row.model->name.starts_with("bert") && row.row->board->peak(Format::tf32) == 0);
  }
}

TEST_F(ScalingTable, ResidualsFitATerminal) {
  const std::string text = scaling_residuals(scaling_rows(table));
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    EXPECT_LE(text_width(std::string_view(text).substr(at, end - at)), 100u) << text.substr(at, end - at);
    at = end + 1;
  }
}

TEST(TrainingTable, NamesTheLineThatIsDamaged) {
  const fs::path file = fs::temp_directory_path() / "fringe_training_table_test.csv";
  const std::string head =
      "gpu,interconnect_notes,count,model,precision,batch_per_gpu,throughput,unit,container,"
      "throughput_exact_from_log,quality_flags\n";
  const auto message = [&](const std::string& text) {
    std::ofstream(file) << text;
    try {
      read_training_table(file);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(message(head + "RTX 3090,PCIe,2,ssd,fp16,140,418,images/s,c,418.5,\n"), "");
  EXPECT_EQ(read_training_table(file).front().throughput, 418.5);
  EXPECT_NE(message(head + "RTX 3090,PCIe,2,ssd,fp16,140,-1,images/s,c,,\n").find(":2: throughput = '-1'"),
            std::string::npos);
  EXPECT_NE(message(head + "RTX 3090,PCIe,2,ssd,fp64,140,1,images/s,c,,\n").find("precision = 'fp64'"),
            std::string::npos);
  EXPECT_NE(message(head + "RTX 3090,PCIe,2\n").find(":2: 3 fields"), std::string::npos);
  for (const auto& [line, says] :
       {std::pair{"RTX 3090,PCIe,2,ssd,fp16,140x,1,images/s,c,,\n", ":2: batch_per_gpu = '140x'"},
        {"RTX 3090,PCIe,2.5,ssd,fp16,140,1,images/s,c,,\n", ":2: count = '2.5' must be a whole number"},
        {"RTX 3090,PCIe,1e30,ssd,fp16,140,1,images/s,c,,\n", ":2: count = '1e30' must be a whole number"},
        {"RTX 3090,PCIe,2,ssd,fp16,140,inf,images/s,c,,\n", ":2: throughput = 'inf' must be a positive"},
        {"RTX 3090,PCIe,2,ssd,fp16,nan,1,images/s,c,,\n", ":2: batch_per_gpu = 'nan' must be a positive"},
        {"RTX 3099,PCIe,2,ssd,fp16,140,1,images/s,c,,\n", "'RTX 3090'"},
        {"RTX 3090,PCIe,2,sdd,fp16,140,1,images/s,c,,\n", ":2: unknown training workload 'sdd'"}})
    EXPECT_NE(message(head + line).find(says), std::string::npos) << message(head + line);
  EXPECT_NE(message("gpu,count\n").find(":1:"), std::string::npos);
  fs::remove(file);
}

/// SSD300 on ResNet-50, GNMT and WaveGlow, layer by layer: what the table of models has.
TEST(TrainingModels, ParametersFollowFromTheLayers) {
  const auto parameters = [](std::string_view name) { return find_training_model(name).parameters; };
  // Backbone of ResNet-50 to its third stage, five pairs of convolutions with batch normalisation, heads.
  double ssd = 9408 + 128 + 215'808 + 1'219'584 + 7'098'368;
  const std::array<double, 6> channels{1024, 512, 512, 256, 256, 256}, boxes{4, 6, 6, 6, 4, 4};
  const std::array<double, 5> middle{256, 256, 128, 128, 128};
  for (std::size_t i = 0; i < 5; ++i)
    ssd += channels[i] * middle[i] + 9 * middle[i] * channels[i + 1] + 2 * (middle[i] + channels[i + 1]);
  for (std::size_t i = 0; i < 6; ++i) ssd += (4 + 81) * boxes[i] * (9 * channels[i] + 1);
  EXPECT_NEAR(parameters("ssd"), ssd, 500);
  // Factors of users and items, a perceptron 256-256-128-64, and its last unit with the factors' product.
  const double ncf =
      (138'493 + 26'744) * (64 + 128.0) + 256 * 256 + 256 + 256 * 128 + 128 + 128 * 64 + 64 + 128 + 1;
  EXPECT_NEAR(parameters("ncf"), ncf, 500);
  // Twelve flows of eight layers with 512 channels; weights only, which are all but 0.3 %.
  const double c = 512, layers = 8;
  const double flow = layers * (6 * c * c + 640 * 2 * c) + (layers - 1) * 2 * c * c + c * c;
  EXPECT_NEAR(parameters("waveglow"), 12 * flow + 80 * 80 * 1024, 0.003 * parameters("waveglow"));
}

}  // namespace
}  // namespace fringe
