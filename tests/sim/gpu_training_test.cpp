// Training throughput: the rows of single GPUs, the fit on tables whose answer is known, the scores, and the
// constants of the published table where it is at hand.
#include "sim/gpu_training.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <limits>

#include "sim/gpu_training_sealed.hpp"

namespace fringe {
namespace {

constexpr double eps = std::numeric_limits<double>::epsilon();

const TrainingModel& bert() { return find_training_model("bert_base_squad"); }

ThroughputRow row(std::string_view label, const char* gpu, Format format, double items_per_s) {
  const GpuSpec& spec = find_gpu(gpu);
  const Software software = spec.peak(Format::tf32) > 0 ? Software::cuda11 : Software::cuda10;
  // Two kernels: a product and a pass over the result.
  Work product, pass;
  product.rows = product.inner = 1024, product.columns = 12288;
  product.bytes = 4.0 * (1024.0 * 1024 + 2 * 1024.0 * 12288);
  pass.kind = Work::Kind::elementwise;
  pass.rows = 1024, pass.columns = 12288, pass.bytes = 8.0 * 1024 * 12288;
  const GpuModelParameters choices = as_trained(spec, format, bert().library, software);
  std::vector<CountedKernel> step;
  for (const KernelBounds& k : kernel_bounds(spec, format, std::array{product, pass}, choices))
    step.push_back({k.times, k.times.product ? 72.0 : 300.0});
  return {label, &spec, &bert(), format, software, 32, items_per_s, step};
}

std::vector<ThroughputRow> five_gpus(Format turing, Format ampere) {
  return {row("Titan RTX", "titan-rtx", turing, 1), row("RTX 2080 MAX-Q", "rtx2080-max-q", turing, 1),
          row("V100 32GB", "v100-sxm2-32gb", turing, 1), row("RTX 3090", "rtx3090", ampere, 1),
          row("A100 40GB SXM4", "a100-sxm4-40gb", ampere, 1)};
}

TEST(GpuTraining, ATableThatObeysTheModelIsPredictedExactly) {
  for (const auto& [turing, ampere] : {std::pair{Format::fp16, Format::fp16}, {Format::fp32, Format::tf32}}) {
    std::vector<ThroughputRow> rows = five_gpus(turing, ampere);
    std::vector<ItemTerms> terms = step_terms(rows);
    for (ItemTerms& t : terms) t.modelled = false;
    double aa = 0, ab = 0, bb = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double a = 1.3 * terms[i].first, b = 0.7 * terms[i].second;
      rows[i].items_per_s = 1 / (a + b);
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

/// A table made by other shared constants is predicted without the rows of its model, once they are fitted.
TEST(GpuTraining, SharedConstantsAreFoundWithoutAModelsRows) {
  TrainingParameters truth;
  truth.lanes *= 1.1, truth.traffic *= 0.9, truth.issue_products_cuda10 *= 1.2;
  std::vector<ThroughputRow> rows;
  for (const std::string_view model : {"bert_base_squad", "bert_large_squad"})
    for (const Format format : {Format::fp16, Format::fp32})
      for (ThroughputRow r : five_gpus(format, format == Format::fp16 ? format : Format::tf32)) {
        r.model = &find_training_model(model);
        // Steps that the products rule, and such that the passes do.
        for (const double more : {0.3, 3.0}) {
          rows.push_back(r);
          for (CountedKernel& k : rows.back().step) k.count *= k.kernel.product ? more : 1 / more;
        }
      }
  const std::vector<Prediction> made = predict_steps(rows, truth);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].items_per_s = made[i].items_per_s;
  ASSERT_GT(mean_absolute_error(predict_steps(rows)), 0.01);
  // The search ends with steps of 0.003; a few constants may each be off by the pairs' two.
  EXPECT_LT(mean_absolute_error(leave_one_model_out(rows)), 4 * 2 * 0.003);
}

TEST(GpuTraining, ConstantsAreNotNegative) {
  // As fast as the lanes' rate alone, and one GPU even less bound by bandwidth: the second constant is zero.
  std::vector<ThroughputRow> rows = five_gpus(Format::fp16, Format::fp16);
  std::vector<ItemTerms> terms(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    terms[i] = {1.0 + static_cast<double>(i), 10.0 - static_cast<double>(i)};
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

/// Where both constants are 1 the rows and the model agree; else the model holds them back by one row each.
TEST(GpuTraining, TheModelCountsAsARow) {
  std::vector<ThroughputRow> rows = five_gpus(Format::fp16, Format::fp16);
  const std::vector<ItemTerms> terms = step_terms(rows);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].items_per_s = 1 / (terms[i].first + terms[i].second);
  // Normal equations of at most five rows and the identity: their condition is at most 6.
  for (const Prediction& p : leave_one_gpu_out(rows, terms)) EXPECT_NEAR(p.relative_error(), 0, 6 * 64 * eps);
  // Products alone: four rows that say 2 and the model's 1.
  std::vector<ItemTerms> alone = terms;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    alone[i].second = 0;
    rows[i].items_per_s = 1 / (2 * terms[i].first);
  }
  // Σ(a/2 − 1)² + (a − 1)²: a = (4/2 + 1)/(4/4 + 1).
  for (const Prediction& p : leave_one_gpu_out(rows, alone))
    EXPECT_NEAR(p.relative_error(), 2 / 1.5 - 1, 64 * eps);
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

TrainingRow table_row(const char* board, int count, const char* model, bool half) {
  return {"as printed", &find_gpu(board), "single", count, &find_training_model(model), half, 64, 400, {}};
}

TEST(GpuTraining, TakesSingleGpusAndLeavesDefectsOut) {
  std::vector<TrainingRow> table{table_row("rtx3090", 1, "resnet50", false),
                                 table_row("rtx3090", 2, "resnet50", false),
                                 table_row("rtx3090", 1, "tacotron2", true),
                                 table_row("rtx3090", 1, "gnmt", true),
                                 table_row("rtx3090", 1, "ssd", true),
                                 table_row("titan-rtx", 1, "transformerxlbase", true),
                                 table_row("titan-rtx", 1, "transformerxlbase", false)};
  table[3].batch_per_gpu.reset();
  table[4].flags = "anomalous";
  const auto rows = single_gpu_rows(table);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].gpu, &find_gpu("rtx3090"));
  EXPECT_EQ(rows[0].format, Format::tf32);
  EXPECT_EQ(rows[0].software, Software::cuda11);
  EXPECT_EQ(rows[0].items_per_s, 400);
  EXPECT_EQ(rows[1].format, Format::fp32);
  EXPECT_EQ(rows[1].software, Software::cuda10);
}

/// A modelled board is the step's model by hand: H100, BERT base, 16-bit operands.
TEST(GpuTraining, AModelledBoardTakesTheModelsTime) {
  const GpuSpec& board = find_gpu("h100-sxm");
  const FittedUnit& unit = bert().fp16;
  const auto found = modelled_board(board, bert(), true);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->batch, std::floor(unit.batch_per_gb * 1e-9 * board.memory_bytes));
  const auto batch = static_cast<std::size_t>(found->batch);
  const GpuModelParameters model = as_trained(board, Format::fp16, Library::products, Software::cuda11);
  double seconds = 0;
  for (const CountedKernel& k : step_kernels(board, bert(), Format::fp16, batch))
    seconds += k.count * (k.kernel.product ? unit.products : unit.rest) * kernel_seconds(k.kernel, model);
  seconds /= found->batch;
  EXPECT_NEAR(found->units_per_s * seconds, 1, 2000 * eps) << "a sum of some hundred kernels";
  EXPECT_FALSE(modelled_board(board, find_training_model("tacotron2"), true));
}

TEST(GpuTraining, SealedNamesAreOfTheTable) {
  for (const std::string_view name : sealed_models) EXPECT_NO_THROW(find_training_model(name)) << name;
}

/// The compiled constants are the fit to the table, to their three digits.
TEST(GpuTraining, FittedUnitsAreThoseOfTheTable) {
  std::filesystem::path file = training_table_at_hand();
  if (file.empty())
    file = std::filesystem::path(FRINGE_SOURCE_DIR) / "../shared/data/gpu_training/lambda_2021_02.csv";
  if (!std::filesystem::is_regular_file(file))
    GTEST_SKIP() << "gpu_training/lambda_2021_02.csv is neither below FRINGE_DATA nor below ../shared/data";
  const auto rows = single_gpu_rows(read_training_table(file));
  for (const TrainingModel& model : training_models())
    for (const bool half : {true, false}) {
      const FittedUnit found = fitted_unit(rows, model.name, half), &held = model.fitted(half);
      const std::string what = std::string(model.name) + (half ? ", fp16" : ", fp32");
      EXPECT_NEAR(held.products, found.products, 0.005 * found.products) << what;
      EXPECT_NEAR(held.rest, found.rest, 0.005 * found.rest) << what;
      EXPECT_NEAR(held.batch_per_gb, found.batch_per_gb, 0.005 * found.batch_per_gb) << what;
    }
  // With them alone, and a batch by the memory, boards come out as near as the gallery asks of those left
  // out.
  double error = 0;
  for (const ThroughputRow& r : rows) {
    const auto modelled = modelled_board(*r.gpu, *r.model, r.format == Format::fp16);
    ASSERT_TRUE(modelled) << r.gpu_label << ", " << r.model->name;
    error += std::abs(modelled->units_per_s / r.items_per_s - 1);
  }
  EXPECT_LT(error / static_cast<double>(rows.size()), 0.09);
  // So are the shared constants, but for the search's last step, as other starts end elsewhere nearby.
  const double held = mean_absolute_error(predict_steps(rows));
  EXPECT_LT(held, 0.0905);
  EXPECT_LT(held - mean_absolute_error(predict_steps(rows, fit_shared_constants(rows))), 0.001);
  // The published ratios are those of the table, to their last digit.
  const auto all = leave_one_gpu_out(rows, step_terms(rows));
  EXPECT_NEAR(speed_ratio(all, "RTX 3090", "A100 40GB SXM4").measured, 0.5, 0.05);
  EXPECT_NEAR(speed_ratio(all, "A100 40GB SXM4", "A100 40GB PCIe").measured, 1.09, 0.005);
}

}  // namespace
}  // namespace fringe
