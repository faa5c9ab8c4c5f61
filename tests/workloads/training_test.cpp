#include "workloads/training.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "electronic/cpu_blas.hpp"
#include "expect_error.hpp"
#include "plain_accelerator.hpp"
#include "workloads/digits.hpp"

namespace fringe {
namespace {

using testing::expect_error;
using testing::PlainAccelerator;

const Graph& small_graph() {
  static const Graph graph = mlp(std::array<std::size_t, 3>{64, 12, 10});
  return graph;
}

std::vector<std::uint32_t> first_rows(std::uint32_t count) {
  std::vector<std::uint32_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

struct Outcome {
  Parameters parameters;
  std::vector<float> logits;
  std::vector<double> losses;
};

// Large enough for the products to be shared out among threads.
Outcome train_on_threads(unsigned threads) {
  ThreadPool pool(threads);
  const auto cpu = make_cpu_executor(pool);
  const auto blas = make_cpu_blas(*cpu, pool);
  const Graph graph = mlp(std::array<std::size_t, 4>{64, 256, 256, 10});
  Network network(graph, initial_parameters(graph, 2), *blas);
  TrainingOptions options;
  options.epochs = 2;
  options.batch = 256;
  const auto rows = first_rows(700);
  Outcome outcome;
  for (const EpochEvent& e : train(network, optical_digits(), rows, options).epochs)
    outcome.losses.push_back(e.train_loss);
  outcome.logits = evaluate(network, optical_digits(), rows).logits;
  outcome.parameters = network.parameters();
  return outcome;
}

TEST(Training, OneAndTwoThreadsGiveTheSameBits) {
  const Outcome one = train_on_threads(1), two = train_on_threads(2);
  EXPECT_EQ(one.losses, two.losses);
  EXPECT_EQ(one.logits, two.logits);
  EXPECT_EQ(one.parameters.weights, two.parameters.weights);
  EXPECT_EQ(one.parameters.vectors, two.parameters.vectors);
}

TEST(Training, EveryEpochSeesEverySampleOnceInAnOrderOfItsOwn) {
  // Samples made recognisable by their only feature.
  Dataset data;
  data.name = "numbered";
  data.features = 1;
  data.classes = 2;
  data.samples = 50;
  for (int i = 0; i < 50; ++i) {
    data.values.push_back(static_cast<float>(i));
    data.labels.push_back(i % 2);
  }
  PlainAccelerator hardware;
  const Graph graph = mlp(std::array<std::size_t, 2>{1, 2});
  Network network(graph, initial_parameters(graph, 1), hardware);
  std::vector<float> seen;
  network.set_hook([&](const ProductView& v) { seen.insert(seen.end(), v.x.row(0), v.x.row(0) + v.x.cols); });
  TrainingOptions options;
  options.epochs = 2;
  options.batch = 8;
  std::vector<std::uint32_t> rows = first_rows(45);
  const TrainingResult result = train(network, data, rows, options);
  EXPECT_EQ(result.steps, 12u);  // ⌈45/8⌉ a time
  ASSERT_EQ(seen.size(), 90u);
  std::vector<float> first(seen.begin(), seen.begin() + 45), second(seen.begin() + 45, seen.end());
  EXPECT_NE(first, second);
  const std::vector<float> in_file(data.values.begin(), data.values.begin() + 45);
  for (std::vector<float>* const epoch : {&first, &second}) {
    EXPECT_NE(*epoch, in_file);
    std::sort(epoch->begin(), epoch->end());
    EXPECT_EQ(*epoch, in_file);
  }
  // The order is the sample's, not the list's: shuffled rows give the same epochs.
  std::reverse(rows.begin(), rows.end());
  const std::vector<float> before = std::exchange(seen, {});
  train(network, data, rows, options);
  EXPECT_EQ(seen, before);
  // Noise belongs to the pass and the sample's place in it.
  ASSERT_EQ(hardware.asked.size(), 24u);
  EXPECT_EQ(hardware.asked[5].context.shot, 1u);
  EXPECT_EQ(hardware.asked[5].context.first_sample, 40u);
  EXPECT_EQ(hardware.asked[6].context.shot, 2u);
  EXPECT_EQ(hardware.asked[6].context.first_sample, 0u);
}

// Two steps over one period: the rates are exactly 1 and ½ of the given one. One sample has one order.
TEST(Training, CosineScheduleByHand) {
  const auto rows = first_rows(1);
  TrainingOptions options;
  options.epochs = 2;
  options.optimiser = {.kind = Optimiser::Kind::sgd, .rate = 0.25f, .momentum = 0};
  PlainAccelerator hardware;
  Network scheduled(small_graph(), initial_parameters(small_graph(), 1), hardware);
  train(scheduled, optical_digits(), rows, options);

  Network by_hand(small_graph(), initial_parameters(small_graph(), 1), hardware);
  options.schedule.kind = Schedule::Kind::constant;
  options.epochs = 1;
  train(by_hand, optical_digits(), rows, options);
  options.optimiser.rate = 0.125f;
  train(by_hand, optical_digits(), rows, options);
  EXPECT_EQ(scheduled.parameters().weights, by_hand.parameters().weights);
  EXPECT_EQ(scheduled.parameters().vectors, by_hand.parameters().vectors);
}

class StopAfterFirst final : public Observer {
 public:
  void epoch(const EpochEvent& event) override { events.push_back(event); }
  void progress(std::string_view, std::size_t now, std::size_t total) override {
    done = now;
    all = total;
  }
  bool stop_requested() const override { return !events.empty(); }
  std::vector<EpochEvent> events;
  std::size_t done = 0, all = 0;
};

TEST(Training, ReportsAndStopsWhenAsked) {
  const auto rows = first_rows(60);
  PlainAccelerator hardware;
  Network network(small_graph(), initial_parameters(small_graph(), 1), hardware);
  TrainingOptions options;
  options.epochs = 5;
  options.batch = 20;
  StopAfterFirst observer;
  const TrainingResult result = train(network, optical_digits(), rows, options, &observer, rows);
  EXPECT_TRUE(result.stopped);
  ASSERT_EQ(result.epochs.size(), 1u);
  EXPECT_EQ(result.steps, 3u);
  EXPECT_EQ(observer.done, 3u);
  EXPECT_EQ(observer.all, 15u);
  ASSERT_EQ(observer.events.size(), 1u);
  EXPECT_EQ(observer.events[0].epochs, 5u);
  EXPECT_EQ(observer.events[0].test_accuracy, evaluate(network, optical_digits(), rows).accuracy);
}

TEST(Evaluation, CountsByHandWhateverTheBatch) {
  const auto rows = first_rows(100);
  PlainAccelerator hardware;
  Network network(small_graph(), initial_parameters(small_graph(), 1), hardware);
  const Evaluation all = evaluate(network, optical_digits(), rows, {.first_sample = 7});
  hardware.asked.clear();
  const Evaluation parts = evaluate(network, optical_digits(), rows, {.first_sample = 7}, 33);
  EXPECT_EQ(all.predictions, parts.predictions);
  EXPECT_EQ(all.logits, parts.logits);
  std::vector<std::uint64_t> firsts;
  for (const auto& asked : hardware.asked)
    if (asked.site == 1) firsts.push_back(asked.context.first_sample);
  EXPECT_EQ(firsts, (std::vector<std::uint64_t>{7, 40, 73, 106}));

  std::size_t right = 0;
  std::vector<std::uint32_t> confusion(100);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::size_t best = 0;
    for (std::size_t c = 1; c < 10; ++c)
      if (all.logits[c * 100 + i] > all.logits[best * 100 + i]) best = c;
    EXPECT_EQ(all.predictions[i], static_cast<std::int32_t>(best));
    const auto label = static_cast<std::size_t>(optical_digits().labels[i]);
    right += best == label ? 1 : 0;
    ++confusion[label * 10 + best];
  }
  EXPECT_EQ(all.confusion, confusion);
  EXPECT_EQ(all.accuracy, static_cast<double>(right) / 100);
}

TEST(Training, RefusesWhatDoesNotFit) {
  const auto rows = first_rows(10);
  PlainAccelerator hardware;
  const Graph other = mlp(std::array<std::size_t, 2>{63, 10}), few = mlp(std::array<std::size_t, 2>{64, 9});
  Network network(small_graph(), initial_parameters(small_graph(), 1), hardware);
  Network narrow(other, initial_parameters(other, 1), hardware),
      blind(few, initial_parameters(few, 1), hardware);
  const Dataset& data = optical_digits();
  const auto options = [](auto change) {
    TrainingOptions o;
    change(o);
    return o;
  };
  expect_error([&] { train(narrow, data, rows, {}); }, {"optical-digits", "64 features", "63"});
  expect_error([&] { evaluate(blind, data, rows); }, {"10 classes", "9"});
  expect_error([&] { evaluate(network, data, std::vector<std::uint32_t>{5, 1797}); }, {"1797"});
  expect_error([&] { train(network, data, {}, {}); }, {"no training samples"});
  expect_error([&] { evaluate(network, data, {}); }, {"no samples"});
  expect_error([&] { evaluate(network, data, rows, {}, 0); }, {"batch = 0"});
  expect_error([&] { validate(options([](TrainingOptions& o) { o.epochs = 0; })); }, {"epochs = 0"});
  expect_error([&] { validate(options([](TrainingOptions& o) { o.batch = 0; })); }, {"batch = 0"});
  expect_error([&] { validate(options([](TrainingOptions& o) { o.optimiser.rate = 0; })); }, {"rate"});
}

}  // namespace
}  // namespace fringe
