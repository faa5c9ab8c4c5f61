// The whole comparison on a small experiment: its numbers, its laws, and its repeatability.
#include "sim/compare.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "core/error.hpp"
#include "core/units.hpp"
#include "sim/photonic_study.hpp"
#include "sim/report.hpp"
#include "sim/trace_inspect.hpp"

namespace fringe {
namespace {

constexpr const char* small_experiment = R"(
name = "small"
folds = 3
chips = 3
chip_samples = 64
batches = [1, 16]
[training]
epochs = 3
[in_loop]
epochs = 1
chips = 2
samples = 64
[photonic.realistic]
preset = "realistic"
modes = 8
[electronic]
cpu = false
gpus = ["a100-sxm4-40gb"]
formats = ["fp16", "int8"]
)";

std::string scratch(const std::string& name) {
  return (std::filesystem::temp_directory_path() /
          ("fringe_compare_" + std::to_string(getpid()) + "_" + name))
      .string();
}

struct TemporaryFile {
  std::string path;
  explicit TemporaryFile(const std::string& name) : path(scratch(name)) {}
  ~TemporaryFile() { std::filesystem::remove(path); }
};

Comparison run(unsigned threads, const std::string& trace) {
  ThreadPool pool(threads);
  Observer silent;
  return compare(parse_experiment(small_experiment, "small.toml"), pool, silent, trace);
}

TEST(Compare, EqualBitsForOneAndTwoThreads) {
  const TemporaryFile a("a.h5"), b("b.h5");
  const Comparison one = run(1, a.path), two = run(2, b.path);
  EXPECT_EQ(compare_traces(a.path, b.path), "");
  EXPECT_EQ(one.float_score().mean, two.float_score().mean);
  ASSERT_EQ(one.hardware.size(), two.hardware.size());
  // fp16 and int8 board, ideal and trained further, as fabricated, corrected, trained on chip.
  EXPECT_EQ(one.hardware.size(), 7u);
  EXPECT_EQ(one.splits.size(), 4u);
  for (const HardwareResult& h : one.hardware) {
    EXPECT_GT(h.score().mean, 0.1) << h.name;
    for (const CostFigure& figure : h.costs) {
      EXPECT_GT(figure.cost.latency_s, 0) << h.name;
      EXPECT_GT(figure.cost.energy_j(h.boundary, figure.cost.latency_s), 0) << h.name;
      EXPECT_LE(figure.cost.interval_s(), figure.cost.latency_s * (1 + 1e-12))
          << h.name << " " << figure.scenario;
    }
  }
}

/// What isn't on this machine costs its row; arrays stand beside boards with the accuracy of their format.
TEST(Compare, MeasuredAndModelledHardwareStandTogether) {
  std::string text = small_experiment;
  const std::string formats = "formats = [\"fp16\", \"int8\"]";
  text.replace(text.find("cpu = false"), std::string("cpu = false").size(), "cpu = true");
  text.insert(text.find(formats) + formats.size(),
              "\ncublas = [\"fp64\", \"fp8\", \"int8\"]\nsystolic = [\"tpu-v1\", \"tpu-v4i\"]");
  text.erase(text.find("[in_loop]"), text.find("[electronic]") - text.find("[in_loop]"));
  const TemporaryFile trace("together.h5");
  ThreadPool pool(1);
  Observer silent;
  const Comparison c = compare(parse_experiment(text, "small.toml"), pool, silent, trace.path);
  const auto find = [&](const std::string& name) -> const HardwareResult& {
    for (const HardwareResult& h : c.hardware)
      if (h.name == name) return h;
    throw Error("no row " + name);
  };
  EXPECT_EQ(find("cpu-blas").numerics, Provenance::measured);
  EXPECT_EQ(find("cpu-blas").costs.front().cost.provenance, Provenance::measured);
  const CudaStatus status = cuda_status();
  const std::string report = report_text(c);
  for (const std::string name : {"cublas-fp64", "cublas-fp8", "cublas-int8"}) {
    const HardwareResult& row = find(name);
    if (status.available) continue;
    EXPECT_FALSE(row.available);
    EXPECT_EQ(row.note, status.reason);
    EXPECT_NE(report.find(name), std::string::npos);
    EXPECT_NE(report.find("not here: " + status.reason), std::string::npos);
  }
  const double int8 = find("a100-sxm4-40gb int8").score().mean;
  for (const std::string dataflow : {"weight-stationary", "output-stationary"}) {
    EXPECT_EQ(find("tpu-v1 " + dataflow).score().mean, int8);
    EXPECT_EQ(find("tpu-v1 " + dataflow).at_best_batch("training"), nullptr);
    EXPECT_NE(find("tpu-v4i " + dataflow).at_best_batch("training"), nullptr);
    EXPECT_EQ(find("tpu-v4i " + dataflow).layers.size(), find("a100-sxm4-40gb int8").layers.size());
  }
  EXPECT_NE(report.find("tpu-v1 "), std::string::npos);
}

TEST(Compare, TrainingInSituRepeatsForOneAndTwoThreads) {
  std::string text = small_experiment;
  text.insert(
      text.find("[photonic.realistic]"),
      "start = 'random'\nslopes = 'measured'\ntap_noise = 0.01\ntap_bits = 10\nundone_loss_db = 0.5\n");
  const TemporaryFile a("a.h5"), b("b.h5");
  const auto train = [&](unsigned threads, const std::string& trace) {
    ThreadPool pool(threads);
    Observer silent;
    return compare(parse_experiment(text, "small.toml"), pool, silent, trace);
  };
  const Comparison one = train(1, a.path);
  train(2, b.path);
  EXPECT_EQ(compare_traces(a.path, b.path), "");
  // The ideal engine is trained too, beside the six of above.
  EXPECT_EQ(one.hardware.size(), 7u);
}

class Stopper final : public Observer {
 public:
  bool stop_requested() const override { return stop; }
  void progress(std::string_view what, std::size_t done, std::size_t) override {
    if (what.find("fabricated chips") != std::string_view::npos && done == 1) stop = true;
  }
  bool stop = false;
};

TEST(Compare, StopsCleanlyAndKeepsFinishedRecords) {
  const TemporaryFile trace("stopped.h5");
  ThreadPool pool(1);
  Stopper stopper;
  const Comparison stopped =
      compare(parse_experiment(small_experiment, "small.toml"), pool, stopper, trace.path);
  EXPECT_TRUE(stopped.stopped);
  EXPECT_EQ(stopped.splits.size(), 4u);
  EXPECT_NE(inspect_trace(trace.path).find("splits"), std::string::npos);
}

TEST(Compare, WrongDataLeavesNoTrace) {
  const TemporaryFile trace("none.h5");
  Experiment e = parse_experiment(small_experiment, "small.toml");
  e.data = "/nonexistent";
  ThreadPool pool(1);
  Observer silent;
  EXPECT_THROW(compare(e, pool, silent, trace.path), Error);
  EXPECT_FALSE(std::filesystem::exists(trace.path));
}

class Thrower final : public Observer {
 public:
  explicit Thrower(std::string stage) : stage_(std::move(stage)) {}
  void progress(std::string_view what, std::size_t, std::size_t) override {
    if (what.find(stage_) != std::string_view::npos) throw Error("the disk is full");
  }

 private:
  std::string stage_;
};

TEST(Compare, AFailureKeepsFinishedRecordsAndNoEmptyTrace) {
  const Experiment e = parse_experiment(small_experiment, "small.toml");
  ThreadPool pool(1);
  const TemporaryFile early("early.h5"), late("late.h5");
  Thrower at_once("training in floating point"), later("fabricated chips");
  EXPECT_THROW(compare(e, pool, at_once, early.path), Error);
  EXPECT_FALSE(std::filesystem::exists(early.path));
  EXPECT_THROW(compare(e, pool, later, late.path), Error);
  EXPECT_NE(inspect_trace(late.path).find("splits"), std::string::npos);
}

/// Every logit of the ideal engine lies within a rounding bound of floating point, so a prediction can differ
/// only where the margin is below twice that bound.
///
/// Bound. One dense operator of K inputs in T = ⌈K/n⌉ tiles: phases are held in float, so each of the 2·(2c)
/// phases that light passes in two meshes of c columns is off by at most 2π·u, and each coupler adds a
/// rounding of a few u in quadrature; propagation is unitary, so a field's error is at most (8π·c +
/// 16·√c)·u·‖x‖ per tile, times gain ≤ ‖W‖_F. Sums over tiles and the float reference add (T +
/// K)·u·‖W‖_F·‖x‖. Errors of one operator pass through the next with its norm: ‖δy₂‖ ≤ ‖W₂‖·‖δy₁‖ +
/// ε₂·‖W₂‖·‖y₁‖ (ReLU doesn't expand).
TEST(Compare, IdealEnginePredictsWhatFloatPredicts) {
  ThreadPool pool(2);
  Observer silent;
  Experiment e = parse_experiment(small_experiment, "small.toml");
  e.chip_samples = 0;
  Study study(e, pool, silent);
  study.train_floating();
  const std::size_t n = e.photonic[0].design.modes;
  constexpr double u = 0x1p-24;
  const auto norm = [](const std::vector<float>& v) {
    double sum = 0;
    for (const float x : v) sum += static_cast<double>(x) * static_cast<double>(x);
    return std::sqrt(sum);
  };
  std::size_t decided = 0, total = 0;
  for (std::size_t k = 0; k < study.folds().size(); ++k) {
    const ChipResult ideal = run_chip(study, e.photonic[0], {"ideal", {}, false, false}, k);
    const TrainedFold& fold = study.folds()[k];
    const double columns = static_cast<double>(n);
    const auto epsilon = [&](double inputs) {
      return u *
             (2 * (8 * pi * columns + 16 * std::sqrt(columns)) * std::ceil(inputs / static_cast<double>(n)) +
              2 * inputs);
    };
    const double w1 = norm(fold.parameters.weights[0]), w2 = norm(fold.parameters.weights[1]);
    for (std::size_t i = 0; i < ideal.rows.size(); ++i) {
      double x = 0;
      for (const float value : study.data().sample(ideal.rows[i]))
        x += static_cast<double>(value) * static_cast<double>(value);
      const double hidden = w1 * std::sqrt(x) + norm(fold.parameters.vectors[0]);
      const double bound = w2 * epsilon(64) * w1 * std::sqrt(x) + epsilon(64) * w2 * hidden;
      float best = -1e30f, second = -1e30f;
      const std::size_t samples = ideal.rows.size();
      for (std::size_t c = 0; c < 10; ++c) {
        const float logit = fold.floating.logits[c * samples + i];
        EXPECT_LE(std::abs(static_cast<double>(ideal.evaluation.logits[c * samples + i]) -
                           static_cast<double>(logit)),
                  bound);
        if (logit > best)
          second = best, best = logit;
        else
          second = std::max(second, logit);
      }
      ++total;
      if (static_cast<double>(best) - static_cast<double>(second) <= 2 * bound) continue;
      ++decided;
      EXPECT_EQ(ideal.evaluation.predictions[i], fold.floating.predictions[i]);
    }
  }
  // The bound must be tight enough to decide nearly every sample.
  EXPECT_GT(decided, total * 95 / 100);
}

}  // namespace
}  // namespace fringe
