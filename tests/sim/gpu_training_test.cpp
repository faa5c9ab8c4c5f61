// Training throughput: the reader of the table, the fit on tables whose answer is known, the scores, and the
// published table itself where it is at hand.
#include "sim/gpu_training.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "core/error.hpp"
#include "sim/gpu_training_sealed.hpp"
#include "sim/text.hpp"
#include "sim/validation.hpp"

namespace fringe {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

const TrainedModel& bert() { return find_row("model", "bert_base_squad", trained_models()); }

ThroughputRow row(std::string_view label, const char* gpu, Format format, double items_per_s) {
  const GpuSpec& spec = find_gpu(gpu);
  const Software software = spec.peak(Format::tf32) > 0 ? Software::cuda11 : Software::cuda10;
  return {label, &spec, &bert(), format, software, 32, items_per_s};
}

std::vector<ThroughputRow> five_gpus(Format turing, Format ampere) {
  return {row("Titan RTX", "titan-rtx", turing, 1), row("RTX 2080 MAX-Q", "rtx2080-max-q", turing, 1),
          row("V100 32GB", "v100-sxm2-32gb", turing, 1), row("RTX 3090", "rtx3090", ampere, 1),
          row("A100 40GB SXM4", "a100-sxm4-40gb", ampere, 1)};
}

TEST(GpuTraining, ATableThatObeysTheModelIsPredictedExactly) {
  for (const auto& [turing, ampere] : {std::pair{Format::fp16, Format::fp16}, {Format::fp32, Format::tf32}}) {
    std::vector<ThroughputRow> rows = five_gpus(turing, ampere);
    const std::vector<ItemTerms> terms = step_terms(rows);
    double aa = 0, ab = 0, bb = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double a = 1e11 * terms[i].first, b = 3e9 * terms[i].second;
      rows[i].items_per_s = 1 / (a + b + terms[i].rest);
      aa += a * a * rows[i].items_per_s * rows[i].items_per_s;
      ab += a * b * rows[i].items_per_s * rows[i].items_per_s;
      bb += b * b * rows[i].items_per_s * rows[i].items_per_s;
    }
    // Cancellation in the 2×2 determinant loses its share of the diagonal's product; leaving a GPU out makes
    // the columns no more than 16 times as parallel here.
    const double lost = 1 - ab * ab / (aa * bb);
    for (const Prediction& p : leave_one_gpu_out(rows, terms))
      EXPECT_NEAR(p.relative_error(), 0, 16 * 64 * eps / lost) << p.row->gpu_label;
  }
}

TEST(GpuTraining, ATableThatObeysItsCountsIsPredictedWithoutItsOwnRows) {
  std::vector<ThroughputRow> rows = five_gpus(Format::fp16, Format::fp16);
  for (const std::string_view other : {"bert_large_squad", "gnmt"})
    for (ThroughputRow r : five_gpus(Format::fp16, Format::fp16)) {
      r.model = &find_row("model", other, trained_models());
      rows.push_back(r);
    }
  const std::vector<ItemTerms> terms = step_terms(rows);
  double aa = 0, ab = 0, bb = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const double a = 1.3 * rows[i].model->operations * terms[i].first;
    const double b = 1.2 * rows[i].model->elements * 2 * terms[i].second;
    rows[i].items_per_s = 1 / (a + b + terms[i].rest);
    aa += std::pow(a * rows[i].items_per_s, 2);
    ab += a * b * std::pow(rows[i].items_per_s, 2);
    bb += std::pow(b * rows[i].items_per_s, 2);
  }
  // As above: two of three models determine the constants no more than 16 times worse than all.
  const double lost = 1 - ab * ab / (aa * bb);
  for (const Prediction& p : leave_one_model_out(rows, terms))
    EXPECT_NEAR(p.relative_error(), 0, 16 * 64 * eps / lost) << p.row->model->name;
}

TEST(GpuTraining, ConstantsAreNotNegative) {
  // As fast as the lanes' rate alone, and one GPU even less bound by bandwidth: the second constant is zero.
  std::vector<ThroughputRow> rows = five_gpus(Format::fp16, Format::fp16);
  std::vector<ItemTerms> terms(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    terms[i] = {1.0 + static_cast<double>(i), 10.0 - static_cast<double>(i), 0};
    rows[i].items_per_s = 1 / (5 * terms[i].first - 0.1 * terms[i].second);
  }
  const std::array<std::string_view, 1> last{"A100 40GB SXM4"};
  const auto found = leave_gpus_out(rows, terms, last);
  ASSERT_EQ(found.size(), 1u);
  // Then the first alone: least squares of relative errors.
  double aa = 0, ay = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const double a = terms[i].first * rows[i].items_per_s;
    aa += a * a, ay += a;
  }
  EXPECT_NEAR(1 / found[0].items_per_s, ay / aa * terms[4].first, 16 * eps * ay / aa * terms[4].first);
}

TEST(GpuTraining, ScoresByHand) {
  const std::vector<ThroughputRow> rows{row("Titan RTX", "titan-rtx", Format::fp16, 100),
                                        row("RTX 3090", "rtx3090", Format::fp16, 110),
                                        row("A100 40GB SXM4", "a100-sxm4-40gb", Format::fp16, 114),
                                        row("Titan RTX", "titan-rtx", Format::fp32, 100)};
  // Errors 20, 0, 50 and 0 %; the second and third differ by less than 5 % and don't count as a pair.
  const std::vector<Prediction> found{{&rows[0], 120}, {&rows[1], 110}, {&rows[2], 171}, {&rows[3], 100}};
  EXPECT_DOUBLE_EQ(mean_absolute_error(found), 0.175);
  EXPECT_DOUBLE_EQ(median_absolute_error(found), 0.1);
  EXPECT_DOUBLE_EQ(pairs_in_order(found), 0.5);
  const Ratio ratio = speed_ratio(found, "A100 40GB SXM4", "Titan RTX");
  EXPECT_NEAR(ratio.measured, 1.14, 8 * eps);
  EXPECT_NEAR(ratio.predicted, 171.0 / 120, 8 * eps);
}

class TableFile : public testing::Test {
 protected:
  static constexpr const char* header =
      "gpu,count,model,precision,batch_per_gpu,throughput,throughput_exact_from_log,quality_flags\n";
  std::filesystem::path write(const std::string& lines) const {
    const auto file = std::filesystem::path(testing::TempDir()) / "gpu_training_test.csv";
    std::ofstream(file) << header << lines;
    return file;
  }
};

TEST_F(TableFile, ReadsSingleGpusAndLeavesDefectsOut) {
  const auto rows =
      read_gpu_training(write("RTX 3090,1,resnet50,fp32,64,400,400.75,\n"
                              "RTX 3090,2,resnet50,fp32,64,800,,\n"
                              "RTX 3090,1,tacotron2,fp16,64,800,,latency_bound_few_steps\n"
                              "RTX 3090,1,gnmt,fp16,,800,,\n"
                              "Titan RTX,1,transformerxlbase,fp16,64,800,,\n"
                              "Titan RTX,1,transformerxlbase,fp32,64,800,,\r\n"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].gpu, &find_gpu("rtx3090"));
  EXPECT_EQ(rows[0].format, Format::tf32);
  EXPECT_EQ(rows[0].software, Software::cuda11);
  EXPECT_EQ(rows[0].items_per_s, 400.75);  // the untruncated figure
  EXPECT_EQ(rows[1].format, Format::fp32);
  EXPECT_EQ(rows[1].software, Software::cuda10);
  EXPECT_EQ(rows[1].items_per_s, 800);
}

TEST_F(TableFile, BadRowsAreOneSentenceWithTheLine) {
  for (const auto& [line, says] : {std::pair{"RTX 3090,1,resnet50,fp32,64,0,,\n", "line 2: throughput = '0'"},
                                   {"RTX 3090,1,resnet50,fp32,64x,1,,\n", "batch_per_gpu = '64x'"},
                                   {"RTX 3090,1,resnet50,fp64,64,1,,\n", "unknown precision 'fp64'"},
                                   {"RTX 3099,1,resnet50,fp32,64,1,,\n", "'RTX 3090'"},
                                   {"RTX 3090,1,resnet51,fp32,64,1,,\n", "'resnet50'"},
                                   {"RTX 3090,1\n", "line 2: has 2 fields"}})
    try {
      read_gpu_training(write(line));
      FAIL() << line;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(says), std::string::npos) << error.what();
    }
  EXPECT_THROW(read_gpu_training("/nowhere.csv"), Error);
}

TEST(GpuTraining, SealedNamesAreOfTheTable) {
  for (const std::string_view name : sealed_models)
    EXPECT_NO_THROW(find_row("model", name, trained_models())) << name;
}

class Quiet final : public Observer {
 public:
  void progress(std::string_view, std::size_t, std::size_t) override {}
  bool stop_requested() const override { return false; }
};

/// With FRINGE_DATA set for its life.
class DataFolder {
 public:
  explicit DataFolder(const std::string& folder) {
    if (const char* const before = std::getenv("FRINGE_DATA")) before_ = before;
    setenv("FRINGE_DATA", folder.c_str(), 1);
  }
  ~DataFolder() { before_.empty() ? unsetenv("FRINGE_DATA") : setenv("FRINGE_DATA", before_.c_str(), 1); }
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

 private:
  std::string before_;
};

TEST(GpuTrainingRows, HoldOnThePublishedTable) {
  const char* const asked = std::getenv("FRINGE_DATA");
  const DataFolder data(asked != nullptr && *asked != 0 ? asked
                                                        : std::string(FRINGE_SOURCE_DIR) + "/../shared/data");
  if (gpu_training_at_hand().empty())
    GTEST_SKIP() << "set FRINGE_DATA to a folder with gpu_training/lambda_2021_02.csv";
  ThreadPool pool(1);
  Quiet quiet;
  const ValidationResult result = validate(table_rows(), quick_gallery, pool, quiet);
  for (const RowResult& r : result.rows)
    for (const ClaimResult& c : r.claims)
      EXPECT_NE(c.verdict, Verdict::fail) << r.row->name << ", " << c.claim.label << ": expected "
                                          << c.claim.expected << ", found " << c.found.value;
  // The published ratios are those of the table, to their last digit.
  const auto rows = read_gpu_training(gpu_training_at_hand());
  const auto all = leave_one_gpu_out(rows, step_terms(rows));
  EXPECT_NEAR(speed_ratio(all, "RTX 3090", "A100 40GB SXM4").measured, 0.5, 0.05);
  EXPECT_NEAR(speed_ratio(all, "A100 40GB SXM4", "A100 40GB PCIe").measured, 1.09, 0.005);
}

TEST(GpuTrainingRows, AreSkippedWithoutTheTableAndFitTheTerminal) {
  const DataFolder data("/nowhere");
  ThreadPool pool(1);
  Quiet quiet;
  ValidationResult result = validate(table_rows(), quick_gallery, pool, quiet);
  EXPECT_EQ(result.count(Verdict::skipped), table_rows().size());
  EXPECT_EQ(exit_status(result), 0);
  EXPECT_NE(validation_text(result).find("gpu_training/lambda_2021_02.csv"), std::string::npos);
  EXPECT_EQ(validation_text(result).find("MNIST"), std::string::npos);
  EXPECT_NE(validation_json(result).find("gpu_training/lambda_2021_02.csv"), std::string::npos);
  for (RowResult& r : result.rows)
    for (ClaimResult& c : r.claims) c = judge(c.claim, {1.1 * c.claim.expected});
  std::istringstream lines(validation_text(result));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(text_width(line), 100u) << line;
}

}  // namespace
}  // namespace fringe
