// Checkpoints: what they hold, what they refuse, and that a run that was killed at any moment ends with the
// bits of one that was not.
#include "sim/checkpoint.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <csignal>
#include <fstream>
#include <thread>

#include "core/draw.hpp"
#include "sim/compare.hpp"
#include "sim/trace_inspect.hpp"
#include "tests/sim/trace_support.hpp"
#include "workloads/digits.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

TrainingState some_state() {
  TrainingState s;
  s.epoch = 2;
  s.begin = 96;
  s.steps = 41;
  s.loss = 1.0 / 3;
  s.right = 77;
  s.loss_scale = 0x1p14f;
  s.steps_at_loss_scale = 5;
  s.epochs = {{.epoch = 0, .epochs = 9, .train_loss = 0.1, .train_accuracy = 0.5},
              {1, 9, 0.3, 0.75, 0.25, 0.7, 0.125, 0.9}};
  s.best_epoch = 1;
  s.best_loss = 0.7;
  s.network.parameters = {{1.0f / 3, -0.0f, 0x1p-149f}, {}, {4}};
  s.network.states = {{0.5f, 2}};
  s.network.optimiser = {Optimiser::Kind::adamw, 41, {{1, 2, 3}, {}, {4}}, {{5, 6, 7}, {}, {8}}};
  s.best.parameters = {{7, 8, 9}, {}, {1}};
  s.best.states = {{3, 4}};
  return s;
}

template <class T>
std::vector<std::uint64_t> bits_of(const T& lists) {
  std::vector<std::uint64_t> all;
  for (const auto& list : lists) {
    all.push_back(list.size());
    for (const float value : list) all.push_back(std::bit_cast<std::uint32_t>(value));
  }
  return all;
}

void expect_equal(const TrainingState& a, const TrainingState& b) {
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.begin, b.begin);
  EXPECT_EQ(a.steps, b.steps);
  EXPECT_EQ(a.loss, b.loss);
  EXPECT_EQ(a.right, b.right);
  EXPECT_EQ(a.loss_scale, b.loss_scale);
  EXPECT_EQ(a.steps_at_loss_scale, b.steps_at_loss_scale);
  EXPECT_EQ(a.finished, b.finished);
  EXPECT_EQ(a.best_epoch, b.best_epoch);
  EXPECT_EQ(a.best_loss, b.best_loss);
  EXPECT_EQ(bits_of(a.network.parameters), bits_of(b.network.parameters));
  EXPECT_EQ(bits_of(a.network.states), bits_of(b.network.states));
  EXPECT_TRUE(a.network.optimiser == b.network.optimiser);
  EXPECT_EQ(bits_of(a.best.parameters), bits_of(b.best.parameters));
  EXPECT_EQ(bits_of(a.best.states), bits_of(b.best.states));
  ASSERT_EQ(a.epochs.size(), b.epochs.size());
  for (std::size_t i = 0; i < a.epochs.size(); ++i) {
    const EpochEvent &x = a.epochs[i], &y = b.epochs[i];
    EXPECT_EQ(x.epoch, y.epoch);
    EXPECT_EQ(x.epochs, y.epochs);
    for (const auto member :
         {&EpochEvent::train_loss, &EpochEvent::train_accuracy, &EpochEvent::test_accuracy,
          &EpochEvent::validation_loss, &EpochEvent::validation_accuracy, &EpochEvent::test_loss})
      EXPECT_EQ(std::bit_cast<std::uint64_t>(x.*member), std::bit_cast<std::uint64_t>(y.*member));
  }
}

TEST(CheckpointFile, KeepsEveryBitOfEveryTraining) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("c.h5");
  const TrainingState first = some_state();
  TrainingState second = first;
  second.steps = 42;
  second.finished = true;
  second.network.optimiser = {};
  second.best = {};
  {
    CheckpointFile file(path, "text", 7);
    EXPECT_EQ(file.trainings(), 0u);
    file.save("floating point, fold 0", first);
    file.save("a, trained on chip, chip 3", second);
    file.save("floating point, fold 0", first);
  }
  const CheckpointFile file(path, "text", 7);
  ASSERT_EQ(file.trainings(), 2u);
  EXPECT_EQ(file.find("fold 1"), nullptr);
  ASSERT_NE(file.find("floating point, fold 0"), nullptr);
  expect_equal(*file.find("floating point, fold 0"), first);
  expect_equal(*file.find("a, trained on chip, chip 3"), second);
  // Nothing else is left beside it.
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(CheckpointFile, RefusesWhatIsNotItsOwn) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("c.h5"), other = folder.file("other");
  CheckpointFile(path, "text", 7).save("a", some_state());
  const auto refusal = [](const std::string& file, const std::string& text, std::uint64_t print) {
    return test::error_of([&] { CheckpointFile(file, text, print); });
  };
  EXPECT_NE(refusal(path, "other text", 7).find("another experiment"), std::string::npos);
  EXPECT_NE(refusal(path, "text", 8).find("another network"), std::string::npos);
  EXPECT_NE(refusal(folder.path().string(), "text", 7).find("no file"), std::string::npos);
  EXPECT_NE(refusal(folder.file("no/such/folder"), "text", 7).find("cannot be written"), std::string::npos);
  std::ofstream(other) << "something of mine";
  EXPECT_NE(refusal(other, "text", 7).find("not a fringe checkpoint"), std::string::npos);
  std::ifstream in(other);
  std::string kept;
  std::getline(in, kept);
  EXPECT_EQ(kept, "something of mine");
  // Cut anywhere, it is refused with a sentence.
  const auto size = std::filesystem::file_size(path);
  for (const auto part : {size - 1, size / 2, size / 5}) {
    std::filesystem::copy_file(path, other, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(other, part);
    EXPECT_NE(refusal(other, "text", 7), "") << part;
  }
}

TEST(Fingerprint, TellsGraphsAndDataApart) {
  const Graph graph = mlp(std::array<std::size_t, 3>{64, 12, 10});
  const Dataset& data = optical_digits();
  const std::uint64_t print = fingerprint(graph, data);
  EXPECT_EQ(fingerprint(mlp(std::array<std::size_t, 3>{64, 12, 10}), data), print);
  EXPECT_NE(fingerprint(mlp(std::array<std::size_t, 3>{64, 13, 10}), data), print);
  Graph renamed;
  renamed.softmax_cross_entropy(renamed.bias(
      renamed.dense(renamed.relu(renamed.bias(renamed.dense(renamed.input(64), 12, "first"))), 10)));
  EXPECT_NE(fingerprint(renamed, data), print);
  Dataset changed = data;
  changed.values.back() = std::nextafter(changed.values.back(), 2.0f);
  EXPECT_NE(fingerprint(graph, changed), print);
  changed = data;
  changed.labels[5] ^= 1;
  EXPECT_NE(fingerprint(graph, changed), print);
}

// Trained in floating point with most of what a step can depend on, then on chips: by phases, and from tap
// readings for good measure.
constexpr const char* experiment = R"(
name = "killed"
folds = 2
chips = 2
chip_samples = 64
batches = [1]
[training]
epochs = 4
optimiser = "adamw"
weight_decay = 0.01
clip_norm = 1.0
schedule = "linear"
warmup_steps = 10
validation = 0.1
patience = 3
weight_noise = 0.02
checkpoint_every = 7
[in_loop]
epochs = 2
chips = 2
samples = 48
slopes = "measured"
tap_noise = 0.01
[photonic.small]
modes = 8
[electronic]
cpu = false
)";

class KilledRuns : public ::testing::Test {
 protected:
  KilledRuns() { std::ofstream(folder_.file("e.toml")) << experiment; }

  /// Starts the program; its arguments are those of `fringe run` behind the experiment.
  pid_t start(const std::string& trace, const std::string& checkpoint, unsigned threads) const {
    const pid_t child = ::fork();
    if (child == 0) {
      const std::string toml = folder_.file("e.toml"), out = folder_.file(trace),
                        state = folder_.file(checkpoint), count = std::to_string(threads);
      if (std::freopen("/dev/null", "w", stdout) == nullptr) ::_exit(9);
      if (std::freopen(folder_.file("said").c_str(), "w", stderr) == nullptr) ::_exit(9);
      ::execl(FRINGE_BINARY, "fringe", "run", toml.c_str(), "--out", out.c_str(), "--checkpoint",
              state.c_str(), "--threads", count.c_str(), static_cast<char*>(nullptr));
      ::_exit(9);
    }
    return child;
  }
  static int wait_for(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }
  std::string said() const {
    std::ifstream in(folder_.file("said"));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  /// An uninterrupted run on one thread, and the time it took.
  double run_whole() const {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(wait_for(start("whole.h5", "whole_state.h5", 1)), 0) << said();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  void expect_as_whole() const {
    EXPECT_EQ(compare_traces(folder_.file("whole.h5"), folder_.file("t.h5")), "");
    ThreadPool pool(1);
    const Experiment e = parse_experiment(experiment, "e.toml");
    const std::uint64_t print = fingerprint(find_workload(e.workload).graph(), optical_digits());
    const CheckpointFile whole(folder_.file("whole_state.h5"), experiment, print),
        resumed(folder_.file("state.h5"), experiment, print);
    std::vector<std::string> names{"floating point, ordered"};
    for (const char* k : {"0", "1"}) {
      names.push_back("floating point, fold " + std::string(k));
      names.push_back("small, ideal, trained on chip, chip " + std::string(k));
      names.push_back("small, trained on chip, chip " + std::string(k));
    }
    EXPECT_EQ(whole.trainings(), names.size());
    EXPECT_EQ(resumed.trainings(), names.size());
    for (const std::string& name : names) {
      SCOPED_TRACE(name);
      ASSERT_NE(whole.find(name), nullptr);
      ASSERT_NE(resumed.find(name), nullptr);
      EXPECT_TRUE(whole.find(name)->finished);
      expect_equal(*whole.find(name), *resumed.find(name));
    }
  }
  const test::TemporaryFolder folder_;
};

TEST_F(KilledRuns, EndWithTheBitsOfOneThatWasNot) {
  const double whole_s = run_whole();
  std::vector<double> when(12);
  fill_uniform(when, Draw{.seed = 8});
  int kills = 0;
  std::size_t trial = 0;
  for (bool done = false; !done; ++trial) {
    const pid_t child = start("t.h5", "state.h5", 1 + trial % 2);
    if (trial < when.size()) {
      std::this_thread::sleep_for(std::chrono::duration<double>(when[trial] * whole_s * 0.8));
      ::kill(child, SIGKILL);
    }
    const int status = wait_for(child);
    kills += WIFSIGNALED(status) ? 1 : 0;
    done = WIFEXITED(status);
    ASSERT_EQ(done ? WEXITSTATUS(status) : 0, 0) << said();
  }
  EXPECT_GE(kills, 2);
  expect_as_whole();
}

TEST_F(KilledRuns, OneThatIsAskedToStopSaysHowItGoesOn) {
  const double whole_s = run_whole();
  int stops = 0;
  for (int trial = 0; trial < 6; ++trial) {
    const pid_t child = start("t.h5", "state.h5", 2);
    std::this_thread::sleep_for(std::chrono::duration<double>(whole_s / 3));
    ::kill(child, SIGINT);
    const int status = wait_for(child);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 0) break;
    ++stops;
    EXPECT_EQ(WEXITSTATUS(status), 130) << said();
    EXPECT_NE(said().find("the same command goes on from"), std::string::npos) << said();
  }
  EXPECT_EQ(wait_for(start("t.h5", "state.h5", 2)), 0) << said();
  EXPECT_GE(stops, 1);
  expect_as_whole();
}

TEST_F(KilledRuns, RefuseAStateOfAnotherExperimentAndATraceInItsPlace) {
  CheckpointFile(folder_.file("state.h5"), "another", 1);
  EXPECT_EQ(WEXITSTATUS(wait_for(start("t.h5", "state.h5", 1))), 2);
  EXPECT_NE(said().find("another experiment"), std::string::npos) << said();
  EXPECT_FALSE(std::filesystem::exists(folder_.file("t.h5")));
  EXPECT_EQ(WEXITSTATUS(wait_for(start("t.h5", "t.h5", 1))), 2);
  EXPECT_NE(said().find("--checkpoint"), std::string::npos) << said();
}

}  // namespace
}  // namespace fringe
