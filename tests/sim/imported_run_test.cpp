// A trained network in an ONNX file on data: its scores are those of the network that was exported, on
// electronics and on chips, as it is and trained further.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "../workloads/expect_error.hpp"
#include "core/draw.hpp"
#include "electronic/cpu_blas.hpp"
#include "sim/compare.hpp"
#include "sim/photonic_study.hpp"
#include "sim/report.hpp"
#include "sim/study.hpp"
#include "workloads/blocks.hpp"
#include "workloads/digits.hpp"
#include "workloads/onnx_export.hpp"

namespace fringe {
namespace {

namespace fs = std::filesystem;
using testing::expect_error;

class ImportedRun : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        fs::path(::testing::TempDir()) /
        (std::string("fringe_imported_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// An experiment with the file as its workload.
  Experiment experiment(const std::string& file, const std::string& more = "") const {
    return parse_experiment("workload = \"" + path(file) + "\"\nfolds = 2\n" + more + R"(
chips = 2
chip_samples = 100
batches = [1]
[photonic.realistic]
preset = "realistic"
modes = 8
[electronic]
formats = ["fp16"]
gpus = ["h100-sxm"]
)",
                            "imported.toml");
  }
  Study study(const Experiment& e) { return Study(e, pool_, silent_); }

  fs::path folder_;
  ThreadPool pool_{2};
  Observer silent_;
};

TrainingOptions few_epochs() {
  TrainingOptions options = find_workload("digits-mlp").training;
  options.epochs = 3;
  return options;
}

/// digits-mlp, trained a little on every second digit.
class TrainedDigits {
 public:
  TrainedDigits() : network(graph, initial_parameters(graph, 3), *hardware) {
    std::vector<std::uint32_t> rows;
    for (std::uint32_t i = 0; i < optical_digits().samples; i += 2) rows.push_back(i);
    train(network, optical_digits(), rows, few_epochs());
  }
  ThreadPool pool{1};
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);
  std::unique_ptr<Accelerator> hardware = make_cpu_blas(*cpu, pool);
  Graph graph = find_workload("digits-mlp").graph();
  Network network;
};

TEST_F(ImportedRun, ScoresAreThoseOfTheNetworkThatWasExported) {
  TrainedDigits trained;
  write_onnx(trained.graph, trained.network.parameters(), path("digits.onnx"));
  const Experiment e = experiment("digits.onnx");
  EXPECT_EQ(e.training.epochs, 0u) << "nothing is trained unless asked for";
  const Comparison c = compare(e, pool_, silent_, path("trace.h5"));
  Study same = study(e);
  same.train_floating();
  EXPECT_TRUE(same.ordered().empty());
  ASSERT_EQ(c.splits.size(), 2u);
  for (std::size_t k = 0; k < 2; ++k) {
    const TrainedFold& fold = same.folds()[k];
    const Evaluation exported = evaluate(trained.network, optical_digits(), fold.split.test);
    EXPECT_GT(exported.accuracy, 0.8);
    EXPECT_EQ(c.splits[k].scores.front(), exported.accuracy);
    EXPECT_EQ(fold.floating.logits, exported.logits) << "equal bits on the CPU";
    EXPECT_EQ(fold.floating.loss, exported.loss);
  }
  // Chips are those of the exported network, bit for bit.
  const PhotonicEntry& entry = e.photonic.front();
  for (const PhotonicCase& which : main_cases(same, entry)) {
    const ChipResult chip = run_chip(same, entry, which, 1);
    PhotonicAccelerator hardware(photonic_setup(same, entry, which, 1), same.cpu(), same.pool());
    Network network(trained.graph, trained.network.parameters(), hardware);
    calibrate(network, optical_digits(), same.calibration_rows(same.fold_of_chip(1)), e.seed);
    EXPECT_EQ(chip.evaluation.logits, evaluate(network, optical_digits(), chip.rows, {.seed = e.seed}).logits)
        << which.name;
  }
  std::vector<std::string> names;
  for (const HardwareResult& h : c.hardware) names.push_back(h.name);
  for (const char* name : {"cpu-blas", "h100-sxm fp16", "realistic, as fabricated", "realistic, corrected"})
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  for (const HardwareResult& h : c.hardware)
    if (h.name == "cpu-blas") {
      EXPECT_EQ(h.score().mean, c.float_score().mean);
    }
  EXPECT_NE(report_text(c).find("The network is the file's as it is"), std::string::npos) << report_text(c);
}

// Trained without fringe on the first 1200 digits: onnxruntime tells 1741 of all 1797 right, 543 of those
// behind them, and the best class is ahead of the next by a tenth at least (tests/data/onnx/make_digits.py).
TEST_F(ImportedRun, TellsWhatOnnxruntimeTells) {
  const Experiment e = parse_experiment(
      "workload = '" FRINGE_SOURCE_DIR "/tests/data/onnx/digits.onnx'\nfolds = 3\n", "imported.toml");
  Study digits = study(e);
  digits.train_floating();
  std::size_t right = 0, right_unseen = 0, told = 0;
  for (const TrainedFold& fold : digits.folds())
    for (std::size_t i = 0; i < fold.split.test.size(); ++i, ++told)
      if (const std::uint32_t row = fold.split.test[i];
          fold.floating.predictions[i] == optical_digits().labels[row]) {
        ++right;
        right_unseen += row >= 1200 ? 1 : 0;
      }
  EXPECT_EQ(told, 1797u);
  EXPECT_EQ(right, 1741u);
  EXPECT_EQ(right_unseen, 543u);
}

TEST_F(ImportedRun, TrainsFurtherFromTheWeightsOfTheFile) {
  TrainedDigits trained;
  write_onnx(trained.graph, trained.network.parameters(), path("digits.onnx"));
  const Experiment e = experiment("digits.onnx", "training = {epochs = 2, rate = 0.001, batch = 64}");
  Study further = study(e);
  further.train_floating();
  const TrainedFold& fold = further.folds()[0];
  Network again(trained.graph, trained.network.parameters(), *trained.hardware);
  TrainingOptions options;
  options.epochs = 2;
  options.batch = 64;
  options.optimiser.rate = 0.001f;
  const TrainingResult result = train(again, optical_digits(), fold.split.train, options);
  EXPECT_EQ(fold.parameters.weights, again.parameters().weights);
  EXPECT_EQ(fold.parameters.vectors, again.parameters().vectors);
  ASSERT_EQ(fold.epochs.size(), 2u);
  EXPECT_EQ(fold.epochs[1].train_loss, result.epochs[1].train_loss);
  EXPECT_EQ(further.ordered().size(), 1u);
  const Experiment chips = experiment("digits.onnx", "in_loop = {epochs = 1, chips = 1, samples = 100}");
  Study in_loop = study(chips);
  in_loop.train_floating();
  const std::vector<PhotonicCase> cases = main_cases(in_loop, chips.photonic.front());
  ASSERT_EQ(cases.size(), 3u);
  EXPECT_EQ(run_chip(in_loop, chips.photonic.front(), cases.back(), 0).epochs.size(), 1u)
      << cases.back().name;
}

/// A file that names no loss, as those of other programs: numbers to be told make it the mean square error.
TEST_F(ImportedRun, JudgesByWhatTheDataTell) {
  Graph graph;
  graph.add(Operator::mean_squared_error, {graph.dense(graph.input(3), 2)});
  const Parameters parameters = initial_parameters(graph, 4);
  OnnxFile file = to_onnx(graph, parameters);
  file.metadata.clear();
  std::ofstream(path("line.onnx"), std::ios::binary) << onnx_bytes(file);
  std::string table = "a,b,c,y\n";
  Dataset data;
  data.name = "numbers";
  data.samples = 40;
  data.features = 3;
  data.outputs = 2;
  for (std::uint64_t i = 0; i < 200; ++i)
    (i < 120 ? data.values : data.targets)
        .push_back(static_cast<float>(uniform_from_bits(random_bits(stream_of({.seed = 9}), i))));
  const OpenedWorkload workload = open_workload(path("line.onnx"), data);
  EXPECT_EQ(workload.graph.nodes().back().op, Operator::mean_squared_error);
  EXPECT_EQ(workload.trained->weights, parameters.weights);
  data.outputs = 1;
  data.targets.resize(40);
  expect_error([&] { open_workload(path("line.onnx"), data); },
               {"line.onnx", "'numbers'", "1 target numbers", "2"});
  data.outputs = 0;
  data.targets.clear();
  data.classes = 2;
  data.labels.assign(40, 1);
  EXPECT_EQ(open_workload(path("line.onnx"), data).graph.nodes().back().op, Operator::softmax_cross_entropy);
}

TEST_F(ImportedRun, SaysWhereModelAndDataDontFit) {
  Graph graph;
  graph.softmax_cross_entropy(graph.dense(flatten(graph, graph.input(Shape{3, 4, 5})), 4));
  write_onnx(graph, initial_parameters(graph, 1), path("small.onnx"));
  Dataset data;
  data.name = "pixels";
  data.samples = 2;
  data.features = 60;
  data.shape = {3, 4, 5};
  data.classes = 3;
  data.values.assign(120, 0.5f);
  data.labels = {0, 2};
  EXPECT_NO_THROW(open_workload(path("small.onnx"), data)) << "a class that no sample shows";
  data.shape = {};
  EXPECT_NO_THROW(open_workload(path("small.onnx"), data)) << "without a shape of its own";
  const auto refused = [&](const Dataset& wrong, std::initializer_list<const char*> parts) {
    expect_error([&] { open_workload(path("small.onnx"), wrong); }, parts);
  };
  data.shape = {4, 5, 3};
  refused(data, {"small.onnx", "takes samples of [3, 4, 5]", "'pixels' has samples of [4, 5, 3]"});
  data.shape = {3, 4, 5};
  data.classes = 5;
  refused(data, {"tells 4 classes", "5 classes"});
  data.classes = 3;
  data.features = 30;
  data.samples = 4;
  data.shape = {};
  data.labels = {0, 2, 1, 1};
  refused(data, {"takes samples of [3, 4, 5]", "has 30 features"});
  data.classes = 0;
  data.labels.clear();
  data.features = 60;
  data.samples = 2;
  refused(data, {"small.onnx", "no classes"});

  expect_error([&] { experiment("none.onnx"); }, {"imported.toml", "workload", "none.onnx"});
  expect_error([&] { experiment("small.onnx", "training = {weight_noise = 0.1}"); },
               {"weight_noise", "epochs must be above 0"});
  expect_error([] { parse_experiment("[training]\nepochs = 0\n", "zoo.toml"); }, {"epochs", "1"});
  const Experiment digits = experiment("small.onnx");
  expect_error([&] { study(digits); },
               {"small.onnx", "takes samples of [3, 4, 5] and tells 4 classes", "10"});
}

}  // namespace
}  // namespace fringe
