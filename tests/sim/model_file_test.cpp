// An ONNX file where a workload of the zoo could stand: the same network gives the same numbers, and traces
// keep which file it was.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "sim/breakeven.hpp"
#include "sim/compare.hpp"
#include "sim/serve.hpp"
#include "sim/sweep.hpp"
#include "sim/text.hpp"
#include "sim/timeline.hpp"
#include "sim/trace_reader.hpp"
#include "tests/sim/trace_support.hpp"
#include "workloads/file_bytes.hpp"
#include "workloads/network.hpp"
#include "workloads/onnx_export.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

class ModelFile : public testing::Test {
 protected:
  /// digits-mlp, as a training would begin.
  std::string write(std::uint64_t seed = 1) const {
    const Graph graph = find_workload("digits-mlp").graph();
    const std::string path = folder_.file("mine.onnx");
    write_onnx(graph, initial_parameters(graph, seed), path);
    return path;
  }
  static std::string hash_of(const std::string& path) { return sha256_hex(read_file_bytes("model", path)); }
  void expect_model(const std::string& trace_path, const std::string& model) const {
    const TraceReader trace(trace_path);
    ASSERT_TRUE(trace.has("models"));
    EXPECT_EQ(trace.strings("models", "file"), std::vector{model});
    EXPECT_EQ(trace.strings("models", "sha256"), std::vector{hash_of(model)});
  }

  test::TemporaryFolder folder_;
  ThreadPool pool_{2};
  Observer silent_;
};

nlohmann::json without_workload(const std::string& text) {
  nlohmann::json json = nlohmann::json::parse(text);
  EXPECT_EQ(json.erase("workload"), 1u);
  return json;
}

TEST_F(ModelFile, IsServedAsTheZoosNetwork) {
  const auto served = [&](const std::string& workload) {
    ServeRequest request;
    request.workload = workload;
    request.hardware = {"realistic", "adept", "h200", "tpu-v1"};
    request.requests = 20000;
    return without_workload(served_json(serve_workload(request, pool_, silent_)));
  };
  EXPECT_EQ(served(write()), served("digits-mlp"));
}

TEST_F(ModelFile, HasTheTimesOfTheZoosNetwork) {
  const auto timed = [&](const std::string& workload) {
    TimelineRequest request;
    request.workload = workload;
    request.preset = "realistic";
    request.batch = 4;
    request.cores = 2;
    request.requests = 3;
    return make_timeline(request);
  };
  const std::string file = write();
  const Timeline mine = timed(file), zoo = timed("digits-mlp");
  EXPECT_EQ(mine.schedule.times.start_s, zoo.schedule.times.start_s);
  EXPECT_EQ(mine.schedule.times.finish_s, zoo.schedule.times.finish_s);
  EXPECT_EQ(mine.price.joules, zoo.price.joules);
  EXPECT_EQ(zoo.model_sha256, "");
  const auto traced = [&](const Timeline& timeline, const std::string& name) {
    TraceWriter trace(folder_.file(name), test::some_info());
    record_timeline(trace, timeline);
    return folder_.file(name);
  };
  expect_model(traced(mine, "mine.h5"), file);
  EXPECT_FALSE(TraceReader(traced(zoo, "zoo.h5")).has("models"));
  EXPECT_NE(timeline_toml(mine).find("workload = \"" + file + "\""), std::string::npos);
}

TEST_F(ModelFile, BreaksEvenAsTheZoosNetwork) {
  const std::string file = write();
  const auto found = [&](const std::string& workload, const std::string& more) {
    return breakeven(parse_breakeven("[breakeven]\nworkload = '" + workload + "'\nbatch = 64\n" + more +
                                         "[photonic.mine]\nmodes = 8\n",
                                     "mine.toml"),
                     pool_, silent_);
  };
  const auto training_column = [&](const Breakeven& result) {
    record_breakeven(folder_.file("b.h5"), result);
    const TraceReader trace(folder_.file("b.h5"));
    EXPECT_EQ(trace.strings("breakeven", "workload"), std::vector<std::string>{"mine.onnx"});
    return trace.strings("breakeven", "training");
  };
  const Breakeven mine = found(file, "");
  EXPECT_EQ(without_workload(breakeven_json(mine))["cases"][0]["ratio"],
            without_workload(breakeven_json(found("digits-mlp", "")))["cases"][0]["ratio"]);
  EXPECT_EQ(training_column(mine), std::vector<std::string>{"no"});
  expect_model(folder_.file("b.h5"), file);
  // Steps of a file are those of Adam on any batch.
  const Breakeven steps = found(file, "training = 'reprogram'\n");
  EXPECT_GT(steps.light.energy_j, mine.light.energy_j);
  EXPECT_EQ(training_column(steps), std::vector<std::string>{"reprogram"});
  EXPECT_EQ(training_column(found(file, "training = 'in-situ'\n")), std::vector<std::string>{"in-situ"});
  EXPECT_NE(
      test::error_of([&] {
        found(folder_.file("none.onnx"), "");
      }).find("mine.toml:2: breakeven.workload: " + folder_.file("none.onnx") + ": this file cannot be read"),
      std::string::npos);
}

const std::string experiment = R"(
folds = 2
chips = 1
chip_samples = 32
batches = [1]
[photonic.light]
modes = 8
[electronic]
cpu = false
)";

TEST_F(ModelFile, IsNamedInTheTraceOfAComparison) {
  const std::string file = write();
  const auto compared = [&](const std::string& workload, const std::string& name) {
    compare(parse_experiment("workload = '" + workload + "'\n" + experiment, "e.toml"), pool_, silent_,
            folder_.file(name));
    return folder_.file(name);
  };
  expect_model(compared(file, "mine.h5"), file);
}

TEST_F(ModelFile, ASweepGoesOnWithTheSameFileOnly) {
  const std::string file = write(), path = folder_.file("s.h5");
  const auto sweep = [&] {
    const SweepFile parsed = parse_sweep(
        "workload = '" + file + "'\n" + experiment + "[sweep.axes]\n\"photonic.light.phase_bits\" = [4, 8]\n",
        "s.toml");
    SweepPlan plan = plan_sweep(parsed, points_of(parsed));
    run_sweep(plan, pool_, silent_, path);
  };
  sweep();
  expect_model(path, file);
  sweep();
  write(2);
  EXPECT_NE(test::error_of(sweep).find("holds runs of another '" + file + "'"), std::string::npos);
}

// FIPS 180-4's examples of one block and of two, and of no bytes at all.
TEST(Sha256, IsTheStandards) {
  const auto of = [](std::string_view text) {
    return sha256_hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  };
  EXPECT_EQ(of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Shortened, KeepsTheEndAndWholeCharacters) {
  EXPECT_EQ(shortened("conv1", 8), "conv1");
  EXPECT_EQ(shortened("encoder/layer/MatMul", 12), "…er/MatMul");
  EXPECT_EQ(shortened("ééééé", 8), "…éé");
  EXPECT_EQ(shortened("ééééé", 10), "ééééé");
}

}  // namespace
}  // namespace fringe
