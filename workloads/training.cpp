#include "workloads/training.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "core/draw.hpp"
#include "core/error.hpp"

namespace fringe {
namespace {

// One batch on its way from the data set in host memory to the executor.
class Feeder {
 public:
  Feeder(Network& network, const Dataset& data, std::size_t batch)
      : data_(data),
        executor_(network.accelerator().executor()),
        host_x_(data.features * batch),
        host_labels_(batch),
        x_(executor_, data.features * batch),
        labels_(executor_, batch),
        best_(executor_, batch) {}

  // x[features×rows.size()], valid until the next call.
  ConstMatrix load(std::span<const std::uint32_t> rows) {
    const std::size_t numbers = data_.features * rows.size();
    gather(data_, rows, {host_x_.data(), data_.features, rows.size()});
    gather_labels(data_, rows, host_labels_);
    x_.from_host(std::span<const float>(host_x_).first(numbers));
    labels_.from_host(std::span<const std::int32_t>(host_labels_).first(rows.size()));
    return {x_.data(), data_.features, rows.size()};
  }
  const std::int32_t* labels() const { return labels_.data(); }

  void predict(ConstMatrix logits, std::int32_t* host) {
    executor_.argmax_rows(logits, best_.data());
    executor_.copy_to_host(host, best_.data(), logits.cols * sizeof(std::int32_t));
  }
  std::size_t count_right(ConstMatrix logits, std::vector<std::int32_t>& scratch) {
    predict(logits, scratch.data());
    std::size_t right = 0;
    for (std::size_t b = 0; b < logits.cols; ++b) right += scratch[b] == host_labels_[b] ? 1 : 0;
    return right;
  }

 private:
  const Dataset& data_;
  Executor& executor_;
  std::vector<float> host_x_;
  std::vector<std::int32_t> host_labels_;
  Buffer<float> x_;
  Buffer<std::int32_t> labels_, best_;
};

void require_match(const Network& network, const Dataset& data, std::span<const std::uint32_t> rows) {
  const Graph& graph = network.graph();
  const std::string where = "data set '" + data.name + "': ";
  if (data.features != graph.input_features())
    throw Error(where + std::to_string(data.features) + " features; the network's input has " +
                std::to_string(graph.input_features()));
  if (data.classes > graph.classes())
    throw Error(where + std::to_string(data.classes) + " classes; the network tells only " +
                std::to_string(graph.classes()) + " apart");
  if (const auto past = std::find_if(rows.begin(), rows.end(), [&](auto r) { return r >= data.samples; });
      past != rows.end())
    throw Error(where + "sample " + std::to_string(*past) + " asked for; there are " +
                std::to_string(data.samples));
}

// A permutation without state: every sample draws 64 bits, and the bits are sorted.
void shuffle(std::span<const std::uint32_t> rows, std::uint64_t seed, std::size_t epoch,
             std::vector<std::pair<std::uint64_t, std::uint32_t>>& keys, std::vector<std::uint32_t>& order) {
  const DrawStream stream =
      stream_of({.seed = seed, .purpose = Purpose::shuffle, .shot = static_cast<std::uint32_t>(epoch)});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto words = random_block(stream, rows[i]);
    keys[i] = {std::uint64_t{words[0]} << 32 | words[1], rows[i]};
  }
  std::sort(keys.begin(), keys.end());
  for (std::size_t i = 0; i < rows.size(); ++i) order[i] = keys[i].second;
}

float scheduled_rate(const TrainingOptions& options, std::size_t step, std::size_t steps) {
  if (options.schedule == Schedule::constant) return options.optimiser.rate;
  const double turn = std::numbers::pi * static_cast<double>(step) / static_cast<double>(steps);
  return static_cast<float>(options.optimiser.rate * 0.5 * (1.0 + std::cos(turn)));
}

}  // namespace

void validate(const TrainingOptions& options) {
  if (options.epochs == 0) throw Error("epochs = 0; must be at least 1");
  if (options.batch == 0) throw Error("batch = 0; must be at least 1");
  validate(options.optimiser);
}

TrainingResult train(Network& network, const Dataset& data, std::span<const std::uint32_t> train_rows,
                     const TrainingOptions& options, Observer* observer,
                     std::span<const std::uint32_t> test_rows) {
  validate(options);
  require_match(network, data, train_rows);
  if (train_rows.empty())
    throw Error("data set '" + data.name + "': no training samples; must be at least 1");
  const std::size_t samples = train_rows.size(), batch = std::min(options.batch, samples);
  const std::size_t steps = options.epochs * ((samples + batch - 1) / batch);
  Feeder feeder(network, data, batch);
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keys(samples);
  std::vector<std::uint32_t> order(samples);
  std::vector<std::int32_t> predictions(batch);
  TrainingResult result;
  for (std::size_t epoch = 0; epoch < options.epochs && !result.stopped; ++epoch) {
    shuffle(train_rows, options.seed, epoch, keys, order);
    double loss = 0;
    std::size_t right = 0;
    for (std::size_t begin = 0; begin < samples; begin += batch) {
      const auto rows =
          std::span<const std::uint32_t>(order).subspan(begin, std::min(batch, samples - begin));
      const Context context{.seed = options.seed,
                            .shot = static_cast<std::uint32_t>(epoch + 1),
                            .first_sample = begin,
                            .calibrate = options.calibrate,
                            .training = true};
      right += feeder.count_right(network.forward(feeder.load(rows), context), predictions);
      loss += network.backward(feeder.labels(), context) * static_cast<double>(rows.size());
      network.step(options.optimiser, scheduled_rate(options, result.steps, steps));
      ++result.steps;
      if (observer) observer->progress("training", result.steps, steps);
    }
    EpochEvent event{.epoch = epoch, .epochs = options.epochs};
    event.train_loss = loss / static_cast<double>(samples);
    event.train_accuracy = static_cast<double>(right) / static_cast<double>(samples);
    if (!test_rows.empty())
      event.test_accuracy = evaluate(network, data, test_rows, {.seed = options.seed}).accuracy;
    result.epochs.push_back(event);
    if (observer) {
      observer->epoch(event);
      result.stopped = epoch + 1 < options.epochs && observer->stop_requested();
    }
  }
  return result;
}

Evaluation evaluate(Network& network, const Dataset& data, std::span<const std::uint32_t> rows,
                    const Context& context, std::size_t batch, Observer* observer) {
  require_match(network, data, rows);
  if (rows.empty()) throw Error("data set '" + data.name + "': no samples to evaluate; must be at least 1");
  if (batch == 0) throw Error("batch = 0; must be at least 1");
  batch = std::min(batch, rows.size());
  Executor& executor = network.accelerator().executor();
  Feeder feeder(network, data, batch);
  Evaluation result;
  result.samples = rows.size();
  result.classes = network.graph().classes();
  result.predictions.resize(result.samples);
  result.logits.resize(result.classes * result.samples);
  result.confusion.resize(result.classes * result.classes);
  std::vector<float> logits_host(result.classes * batch);
  for (std::size_t begin = 0; begin < rows.size(); begin += batch) {
    const auto part = rows.subspan(begin, std::min(batch, rows.size() - begin));
    Context now = context;
    now.first_sample += begin;
    const ConstMatrix logits = network.forward(feeder.load(part), now);
    result.loss += network.loss(feeder.labels()) * static_cast<double>(part.size());
    feeder.predict(logits, result.predictions.data() + begin);
    executor.copy_to_host(logits_host.data(), logits.data, logits.rows * logits.cols * sizeof(float));
    for (std::size_t c = 0; c < logits.rows; ++c)
      std::copy_n(logits_host.data() + c * part.size(), part.size(),
                  result.logits.data() + c * result.samples + begin);
    if (observer) observer->progress("evaluation", begin + part.size(), rows.size());
  }
  std::size_t right = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto label = static_cast<std::size_t>(data.labels[rows[i]]);
    const auto guess = static_cast<std::size_t>(result.predictions[i]);
    ++result.confusion[label * result.classes + guess];
    right += label == guess ? 1 : 0;
  }
  result.accuracy = static_cast<double>(right) / static_cast<double>(rows.size());
  result.loss /= static_cast<double>(rows.size());
  return result;
}

}  // namespace fringe
