// What surrounds the steps of a training: what is held back, when it ends, in which passes a step is made,
// and that a training which goes on from a checkpoint ends with the bits of one that was never interrupted.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numeric>
#include <set>

#include "electronic/cpu_blas.hpp"
#include "electronic/format_matrix.hpp"
#include "expect_error.hpp"
#include "plain_accelerator.hpp"
#include "workloads/digits.hpp"
#include "workloads/perturbed.hpp"
#include "workloads/training.hpp"

namespace fringe {
namespace {

using testing::expect_error;
using testing::PlainAccelerator;

std::vector<std::uint32_t> first_rows(std::uint32_t count) {
  std::vector<std::uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

std::vector<std::uint64_t> bits(const std::vector<EpochEvent>& events) {
  std::vector<std::uint64_t> all;
  for (const EpochEvent& e : events) {
    all.insert(all.end(), {e.epoch, e.epochs});
    for (const double value :
         {e.train_loss, e.train_accuracy, e.test_accuracy, e.validation_loss, e.validation_accuracy})
      all.push_back(std::bit_cast<std::uint64_t>(value));
  }
  return all;
}

TEST(HoldBack, DrawsADivisionThatTheOrderOfRowsDoesNotChange) {
  std::vector<std::uint32_t> rows = first_rows(1000);
  const HeldBack parts = hold_back(rows, 0.2, 5);
  EXPECT_EQ(parts.validation.size(), 200u);
  std::vector<std::uint32_t> all = parts.train;
  all.insert(all.end(), parts.validation.begin(), parts.validation.end());
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, rows);
  EXPECT_TRUE(std::is_sorted(parts.train.begin(), parts.train.end()));
  // Hypergeometric: of 200 drawn from 1000, those in the first half have mean 100 and variance
  // 200·¼·800/999 = 40; six deviations.
  const auto early = std::count_if(parts.validation.begin(), parts.validation.end(),
                                   [](std::uint32_t row) { return row < 500; });
  EXPECT_NEAR(static_cast<double>(early), 100, 6 * std::sqrt(40.0));
  std::reverse(rows.begin(), rows.end());
  HeldBack reversed = hold_back(rows, 0.2, 5);
  std::reverse(reversed.validation.begin(), reversed.validation.end());
  EXPECT_EQ(reversed.validation, parts.validation);
  EXPECT_NE(hold_back(first_rows(1000), 0.2, 6).validation, parts.validation);
  EXPECT_EQ(hold_back(first_rows(10), 0, 1).train, first_rows(10));
  EXPECT_EQ(hold_back(first_rows(10), 0.01, 1).validation.size(), 1u);
  expect_error([] { hold_back(first_rows(10), 0.97, 1); }, {"validation", "10", "none to train"});
}

// A gradient of one layer is a mean of terms of at most 1: |∂/∂logit| ≤ 1, inputs lie in [0, 1]. In parts it
// meets one rounding per sum and part, and one of each part's share.
// Eleven rows of a group each, but for five of a last one: whole groups, until there are enough rows.
TEST(HoldBack, KeepsGroupsTogether) {
  std::vector<std::uint32_t> rows;
  std::vector<std::int32_t> groups;
  for (std::uint32_t i = 0; i < 115; ++i) {
    if (i % 3 > 0) rows.push_back(i);
    groups.push_back(1000 - 7 * static_cast<std::int32_t>(i / 11));
  }
  std::set<std::vector<std::uint32_t>> divisions;
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    const HeldBack parts = hold_back(rows, 0.25, seed, groups);
    std::set<std::int32_t> held, trained;
    for (const std::uint32_t row : parts.validation) held.insert(groups[row]);
    for (const std::uint32_t row : parts.train) trained.insert(groups[row]);
    for (const std::int32_t group : held) EXPECT_FALSE(trained.contains(group)) << group;
    EXPECT_EQ(parts.validation.size() + parts.train.size(), rows.size());
    EXPECT_GE(4 * parts.validation.size(), rows.size() - 2);
    EXPECT_LE(parts.validation.size(), rows.size() / 4 + 8) << "a group shows at most eight rows";
    divisions.insert(parts.validation);
  }
  EXPECT_EQ(divisions.size(), 3u);
  const std::vector<std::int32_t> two(115, 4);
  expect_error([&] { hold_back(rows, 0.25, 1, two); }, {"validation = 0.25", "groups", "none to train on"});
}

TEST(Training, MicroBatchesAddUpToTheBatch) {
  const Graph graph = mlp(std::array<std::size_t, 2>{64, 10});
  TrainingOptions options;
  options.epochs = 1;
  options.batch = 30;
  options.optimiser = {.kind = Optimiser::Kind::sgd, .rate = 1, .momentum = 0};
  const auto weights = [&](std::size_t micro_batch) {
    PlainAccelerator hardware;
    Network network(graph, initial_parameters(graph, 1), hardware);
    options.micro_batch = micro_batch;
    EXPECT_EQ(train(network, optical_digits(), first_rows(30), options).steps, 1u);
    EXPECT_EQ(hardware.asked.size(), micro_batch == 0 ? 1u : (30 + micro_batch - 1) / micro_batch);
    return network.parameters().weights[0];
  };
  const std::vector<float> whole = weights(0), same = weights(30), parts = weights(8);
  EXPECT_EQ(whole, same);
  EXPECT_NE(whole, parts);
  constexpr double unit = 0x1p-24;
  for (std::size_t i = 0; i < whole.size(); ++i)
    EXPECT_NEAR(whole[i], parts[i], unit * (2 * std::abs(whole[i]) + 4 * 2 + 8));
}

// Labels that say nothing of the samples: what is learnt by heart makes the validation loss grow.
Dataset senseless(std::size_t samples) {
  Dataset data = optical_digits();
  for (std::size_t i = 0; i < data.labels.size(); ++i)
    data.labels[i] = static_cast<std::int32_t>(random_bits(stream_of({.seed = 3}), i) % 10);
  data.samples = samples;
  data.values.resize(samples * data.features);
  data.labels.resize(samples);
  return data;
}

TEST(Training, StopsEarlyAndKeepsTheBestParameters) {
  const Dataset data = senseless(200);
  const Graph graph = mlp(std::array<std::size_t, 3>{64, 32, 10});
  TrainingOptions options;
  options.epochs = 60;
  options.optimiser.rate = 0.01f;
  options.validation = 0.25;
  options.patience = 3;
  const auto rows = first_rows(200);
  PlainAccelerator hardware;
  Network network(graph, initial_parameters(graph, 1), hardware);
  const TrainingResult result = train(network, data, rows, options);
  ASSERT_GT(result.epochs.size(), 3u);
  ASSERT_LT(result.epochs.size(), 60u);
  const auto best = std::min_element(result.epochs.begin(), result.epochs.end(),
                                     [](auto& a, auto& b) { return a.validation_loss < b.validation_loss; });
  EXPECT_EQ(best + 3, result.epochs.end() - 1);
  const auto held_back = hold_back(rows, 0.25, options.seed).validation;
  const Evaluation at_end = evaluate(network, data, held_back, {.seed = options.seed});
  EXPECT_EQ(at_end.loss, best->validation_loss);
  EXPECT_EQ(at_end.accuracy, best->validation_accuracy);
  // Without the limit all epochs run, and the last ones are worse.
  options.patience = 0;
  Network patient(graph, initial_parameters(graph, 1), hardware);
  const TrainingResult all = train(patient, data, rows, options);
  EXPECT_EQ(all.epochs.size(), 60u);
  EXPECT_GT(all.epochs.back().validation_loss, best->validation_loss);
}

// Losses on numbers: y = 2x − 1 is found by descent, and nothing tells an accuracy.
TEST(Training, LearnsNumbers) {
  Dataset data;
  data.name = "line";
  data.features = data.outputs = 1;
  data.samples = 64;
  for (int i = 0; i < 64; ++i) {
    data.values.push_back(static_cast<float>(i) / 64);
    data.targets.push_back(2 * data.values.back() - 1);
  }
  Graph graph;
  const int x = graph.input(1);
  graph.add(Operator::mean_squared_error, {graph.bias(graph.dense(x, 1))});
  PlainAccelerator hardware;
  Network network(graph, initial_parameters(graph, 1), hardware);
  TrainingOptions options;
  options.epochs = 200;
  options.batch = 64;
  options.optimiser = {.kind = Optimiser::Kind::sgd, .rate = 0.2f, .momentum = 0.9f};
  options.schedule.kind = Schedule::Kind::constant;
  const TrainingResult result = train(network, data, all_rows(data), options);
  EXPECT_LT(result.epochs.back().train_loss, 1e-3 * result.epochs.front().train_loss);
  EXPECT_TRUE(std::isnan(result.epochs.back().train_accuracy));
  const Evaluation evaluation = evaluate(network, data, all_rows(data));
  EXPECT_TRUE(std::isnan(evaluation.accuracy));
  EXPECT_EQ(evaluation.logits.size(), 64u);
  data.outputs = 0;
  data.targets.clear();
  expect_error([&] { evaluate(network, data, all_rows(data)); }, {"line", "0 target numbers", "1"});
}

// Kinds of training whose checkpoints must hold all that their next step depends on.
struct Way {
  const char* name;
  TrainingOptions options;
  Format format = Format::fp32;
  Perturbation perturbation = {};
};

std::vector<Way> ways() {
  TrainingOptions adamw;
  adamw.epochs = 3;
  adamw.batch = 48;
  adamw.micro_batch = 20;
  adamw.optimiser = {.kind = Optimiser::Kind::adamw, .rate = 0.02f, .weight_decay = 0.1f, .clip_norm = 0.5f};
  adamw.schedule.warmup_steps = 3;
  adamw.validation = 0.2;
  TrainingOptions sgd;
  sgd.epochs = 3;
  sgd.batch = 40;
  sgd.optimiser = {.kind = Optimiser::Kind::sgd, .rate = 0.1f, .nesterov = true, .weight_decay = 1e-3f};
  TrainingOptions early = adamw;
  early.optimiser.rate = 0.5f;  // so coarse that patience runs out
  early.patience = 1;
  early.epochs = 12;
  TrainingOptions scaled = sgd;
  scaled.loss_scaling = true;
  return {{"AdamW", adamw},
          {"SGD", sgd},
          {"early stopping", early},
          {"fp16 with a scaled loss", scaled, Format::fp16},
          {"noise and few bits",
           adamw,
           Format::fp32,
           {.weight_noise = 0.05, .output_noise = 0.02, .weight_bits = 6, .input_bits = 5}}};
}

struct Outcome {
  NetworkState state;
  std::vector<std::uint64_t> records;
  std::size_t steps = 0;
  std::vector<TrainingState> saved;
};

Outcome run(const Way& way, unsigned threads, const TrainingState* resume, std::size_t every) {
  ThreadPool pool(threads);
  const auto cpu = make_cpu_executor(pool);
  const auto base =
      way.format == Format::fp32 ? make_cpu_blas(*cpu, pool) : make_format_emulation(way.format, *cpu, pool);
  const auto hardware = make_perturbed(*base, way.perturbation);
  const Graph graph = mlp(std::array<std::size_t, 3>{64, 48, 10});
  // Another start, so that nothing but the checkpoint can bring the right one.
  Network network(graph, initial_parameters(graph, resume != nullptr ? 9 : 2), *hardware);
  Outcome outcome;
  Checkpoints checkpoints{every, [&](const TrainingState& s) { outcome.saved.push_back(s); }, resume};
  const auto rows = first_rows(230);
  const TrainingResult result =
      train(network, optical_digits(), rows, way.options, nullptr, first_rows(50), checkpoints);
  outcome.records = bits(result.epochs);
  outcome.steps = result.steps;
  outcome.state = network.state();
  return outcome;
}

TEST(Checkpoint, EveryStepLeadsToTheBitsOfAnUninterruptedTraining) {
  for (const Way& way : ways()) {
    SCOPED_TRACE(way.name);
    const Outcome whole = run(way, 1, nullptr, 1);
    ASSERT_GT(whole.saved.size(), 6u);
    EXPECT_TRUE(whole.saved.back().finished);
    for (std::size_t k = 0; k < whole.saved.size(); k += 4) {
      const Outcome resumed = run(way, 1 + k % 3, &whole.saved[k], 0);
      EXPECT_EQ(resumed.state.parameters, whole.state.parameters) << "from step " << whole.saved[k].steps;
      EXPECT_EQ(resumed.records, whole.records) << "from step " << whole.saved[k].steps;
      EXPECT_EQ(resumed.steps, whole.steps);
    }
    // From the end there is nothing to do.
    const Outcome again = run(way, 2, &whole.saved.back(), 0);
    EXPECT_EQ(again.state.parameters, whole.state.parameters);
    EXPECT_EQ(again.records, whole.records);
    EXPECT_TRUE(again.saved.empty());
  }
}

TEST(Checkpoint, EarlyStoppingAmongThemStopsEarly) {
  const Way early = ways()[2];
  EXPECT_LT(run(early, 1, nullptr, 0).saved.back().epochs.size(), early.options.epochs);
}

class StopAfter final : public Observer {
 public:
  explicit StopAfter(std::size_t steps) : steps_(steps) {}
  void progress(std::string_view, std::size_t done, std::size_t) override { stop_ = done >= steps_; }
  void epoch(const EpochEvent&) override { ++epochs; }
  bool stop_requested() const override { return stop_; }
  std::size_t epochs = 0;

 private:
  std::size_t steps_;
  bool stop_ = false;
};

TEST(Checkpoint, ARequestToStopIsFollowedAfterTheStep) {
  const Graph graph = mlp(std::array<std::size_t, 3>{64, 12, 10});
  TrainingOptions options;
  options.epochs = 3;
  options.batch = 20;
  const auto rows = first_rows(100);
  PlainAccelerator hardware;
  Network whole(graph, initial_parameters(graph, 1), hardware);
  const TrainingResult expected = train(whole, optical_digits(), rows, options);

  Network network(graph, initial_parameters(graph, 1), hardware);
  TrainingState left;
  const auto save = [&](const TrainingState& state) { left = state; };
  StopAfter stopper(7);
  const TrainingResult stopped =
      train(network, optical_digits(), rows, options, &stopper, {}, {.every = 1000, .save = save});
  EXPECT_TRUE(stopped.stopped);
  EXPECT_EQ(stopped.steps, 7u);
  EXPECT_EQ(left.epoch, 1u);
  EXPECT_EQ(left.begin, 40u);
  Network other(graph, initial_parameters(graph, 4), hardware);
  StopAfter patient(1000);
  const TrainingResult resumed = train(other, optical_digits(), rows, options, &patient, {},
                                       {.every = 0, .save = save, .resume = &left});
  EXPECT_FALSE(resumed.stopped);
  EXPECT_EQ(other.parameters().weights, whole.parameters().weights);
  EXPECT_EQ(bits(resumed.epochs), bits(expected.epochs));
  EXPECT_EQ(patient.epochs, 3u);
}

TEST(Checkpoint, RefusesWhatDoesNotFit) {
  const Graph graph = mlp(std::array<std::size_t, 3>{64, 12, 10}),
              other = mlp(std::array<std::size_t, 3>{64, 13, 10});
  PlainAccelerator hardware;
  Network network(graph, initial_parameters(graph, 1), hardware),
      wider(other, initial_parameters(other, 1), hardware);
  TrainingOptions options;
  options.epochs = 2;
  const auto rows = first_rows(100);
  TrainingState state;
  train(network, optical_digits(), rows, options, nullptr, {},
        {.save = [&](const TrainingState& s) { state = s; }});
  const auto resume = [&](Network& to, const TrainingState& from) {
    train(to, optical_digits(), rows, options, nullptr, {}, {.resume = &from});
  };
  expect_error([&] { resume(wider, state); }, {"state of a training", "parameters"});
  TrainingState damaged = state;
  damaged.network.parameters.pop_back();
  expect_error([&] { resume(network, damaged); }, {"parameters"});
  damaged = state;
  damaged.epoch = 7;
  expect_error([&] { resume(network, damaged); }, {"epoch 7", "2 epochs"});
  options.calibrate = true;
  expect_error([&] { resume(network, state); }, {"calibrate"});
}

// Gradients below the smallest half vanish unless the loss is scaled: learning in halves then stands still.
TEST(LossScaling, BringsVanishingGradientsThrough) {
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const auto halves = make_format_emulation(Format::fp16, *cpu, pool);
  const Graph graph = mlp(std::array<std::size_t, 2>{2, 2});
  Parameters start = initial_parameters(graph, 1);
  start.weights[0] = {0, 0, 0, 0};
  start.vectors[0] = {20, 0};  // so sure of class 0 that the slope at class 1 is e⁻²⁰ = 2·10⁻⁹ < 2⁻²⁵
  Dataset data;
  data.name = "sure";
  data.features = data.classes = 2;
  data.samples = 1;
  data.values = {1, 1};
  data.labels = {0};
  TrainingOptions options;
  options.epochs = 1;
  options.batch = 1;
  options.optimiser = {.kind = Optimiser::Kind::sgd, .rate = 1, .momentum = 0};
  const auto trained = [&](bool scaling) {
    options.loss_scaling = scaling;
    Network network(graph, start, *halves);
    train(network, data, first_rows(1), options);
    // What the optimiser works on; what the products use is rounded to halves.
    return network.state().parameters[0];
  };
  EXPECT_EQ(trained(false), start.weights[0]);
  const double slope = std::exp(-20.0) / (1 + std::exp(-20.0));
  const std::vector<float> moved = trained(true);
  // One rounding to a half. Class 0's own slope, 1 − e⁻²⁰ − 1, is lost to float before that.
  for (const std::size_t c : {0u, 1u}) EXPECT_NEAR(moved[2 + c], -slope, slope * 0x1p-10);
}

TEST(LossScaling, HalvesWhereAGradientIsInfiniteAndDoublesLater) {
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const auto halves = make_format_emulation(Format::fp16, *cpu, pool);
  const Graph graph = mlp(std::array<std::size_t, 2>{2, 2});
  Dataset data;
  data.name = "large";
  data.features = data.classes = 2;
  data.samples = 1;
  data.values = {1, 1};
  data.labels = {0};
  TrainingOptions options;
  options.epochs = 2010;
  options.batch = 1;
  options.optimiser = {.kind = Optimiser::Kind::sgd, .rate = 1e-6f, .momentum = 0};
  options.schedule.kind = Schedule::Kind::constant;
  options.loss_scaling = true;
  Parameters start = initial_parameters(graph, 1);
  start.weights[0] = {0, 0, 0, 0};
  start.vectors[0] = {-20, 0};  // wrong, so that the slope is 1 within 2·10⁻⁹: 2¹⁶ overflows, 2¹⁵ doesn't
  Network network(graph, start, *halves);
  std::vector<float> scales;
  train(network, data, first_rows(1), options, nullptr, {},
        {.every = 1, .save = [&](const TrainingState& s) { scales.push_back(s.loss_scale); }});
  ASSERT_EQ(scales.size(), 2010u);
  EXPECT_EQ(scales[1999], 0x1p15f);
  EXPECT_EQ(std::count(scales.begin(), scales.end(), 0x1p16f), 1);
}

}  // namespace
}  // namespace fringe
