// What results are measured in, against what the library knows by other ways.
#include "sim/metric.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "electronic/cpu_blas.hpp"
#include "workloads/ct_phantoms.hpp"
#include "workloads/digits.hpp"
#include "workloads/image_quality.hpp"
#include "workloads/novel.hpp"
#include "workloads/text_windows.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

std::vector<std::uint32_t> first(std::size_t count) {
  std::vector<std::uint32_t> rows(count);
  for (std::size_t i = 0; i < count; ++i) rows[i] = static_cast<std::uint32_t>(i);
  return rows;
}

/// The untrained network's outputs for the first rows.
struct Told {
  Told(const std::string& workload, const Dataset& data, std::size_t count)
      : graph(find_workload(workload).graph()), rows(first(count)) {
    ThreadPool pool(1);
    const auto cpu = make_cpu_executor(pool);
    const auto blas = make_cpu_blas(*cpu, pool);
    Network network(graph, initial_parameters(graph, 1), *blas);
    evaluation = evaluate(network, data, rows);
    metrics = metrics_of(graph, data);
  }
  Graph graph;
  std::vector<std::uint32_t> rows;
  Evaluation evaluation;
  std::span<const Metric> metrics;
};

TEST(Metric, ClassesAreJudgedByTheAccuracyTheyAlwaysWere) {
  const Told run("digits-mlp", optical_digits(), 300);
  ASSERT_EQ(run.metrics.size(), 1u);
  const Metric& accuracy = run.metrics[0];
  EXPECT_EQ(accuracy.score(run.evaluation, optical_digits(), run.rows), run.evaluation.accuracy);
  EXPECT_EQ(accuracy.lost(0.98, 0.95), 100 * (0.98 - 0.95));
  EXPECT_TRUE(accuracy.equal(0.98, 0.98 - 0.01));
  EXPECT_FALSE(accuracy.equal(0.98, 0.9699));
  EXPECT_EQ(amount(accuracy, accuracy.equal_within), "1 point");
  EXPECT_EQ(heading(accuracy), "accuracy %");
}

TEST(Metric, TokensAreJudgedByTheLossThatTrainsThem) {
  const Dataset text = parse_text(northanger_abbey(), "novel", 64);
  const Told run("char-gpt", text, 20);
  ASSERT_EQ(run.metrics.size(), 2u);
  const Metric &loss = run.metrics[0], &accuracy = run.metrics[1];
  // The network's own loss is float32: exp, log and sums of 96 classes, a few roundings each.
  EXPECT_NEAR(loss.score(run.evaluation, text, run.rows), run.evaluation.loss, 8 * 96 * 0x1p-24);
  // Means of means of 64 tokens against one count.
  EXPECT_NEAR(accuracy.score(run.evaluation, text, run.rows), run.evaluation.accuracy, 20 * 0x1p-53);
  EXPECT_FALSE(loss.higher_is_better);
  EXPECT_DOUBLE_EQ(loss.lost(1.5, 1.75), 0.25);
  EXPECT_DOUBLE_EQ(loss.after(1.5, 0.25), 1.75);
  EXPECT_TRUE(loss.equal(1.5, 1.549));
  EXPECT_FALSE(loss.equal(1.5, 1.551));
  EXPECT_EQ(amount(loss, loss.equal_within), "0.05 nats");
  const std::span<const std::uint32_t> few(run.rows.data(), 3);
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) sum += loss.of_sample(run.evaluation, text, run.rows[i], i);
  EXPECT_EQ(loss.score(run.evaluation, text, few), sum / 3);
}

TEST(Metric, ImagesAreJudgedByTheirOwnPsnrAndSsim) {
  const Dataset pairs = ct_phantoms({.images = 3});
  const Told run("ct-cnn", pairs, 3);
  ASSERT_EQ(run.metrics.size(), 2u);
  double psnr = 0, similarity = 0;
  for (std::uint32_t i = 0; i < 3; ++i) {
    std::vector<float> image(64 * 64);
    for (std::size_t f = 0; f < image.size(); ++f) image[f] = run.evaluation.logits[f * 3 + i];
    psnr += psnr_db(image, pairs.target(i), 1) / 3;
    similarity += ssim(image, pairs.target(i), 64, 64, 1) / 3;
  }
  EXPECT_DOUBLE_EQ(run.metrics[0].score(run.evaluation, pairs, run.rows), psnr);
  EXPECT_DOUBLE_EQ(run.metrics[1].score(run.evaluation, pairs, run.rows), similarity);
  EXPECT_EQ(heading(run.metrics[0]), "PSNR dB");
}

TEST(Metric, OtherNumbersByTheVarianceThatIsTold) {
  Dataset data;
  data.name = "numbers";
  data.features = data.outputs = 1;
  data.samples = 4;
  data.values = data.targets = {1, 2, 3, 6};
  Graph graph;
  graph.add(Operator::mean_squared_error, {graph.input(Shape{1})});
  const auto metrics = metrics_of(graph, data);
  ASSERT_EQ(metrics.size(), 1u);
  Evaluation told;
  told.samples = 4;
  const auto rows = first(4);
  const auto score = [&](std::vector<float> outputs) {
    told.logits = std::move(outputs);
    return metrics[0].score(told, data, rows);
  };
  EXPECT_EQ(score({1, 2, 3, 6}), 1);
  EXPECT_EQ(score({3, 3, 3, 3}), 0) << "the mean tells nothing";
  EXPECT_EQ(score({1, 2, 3, 7}), 1 - 1.0 / 14) << "1 of 4 + 1 + 0 + 9";
}

}  // namespace
}  // namespace fringe
