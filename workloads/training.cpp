#include "workloads/training.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "workloads/feeder.hpp"

namespace fringe {
namespace {

using Keys = std::vector<std::pair<std::uint64_t, std::uint32_t>>;

constexpr float first_loss_scale = 0x1p16f;
constexpr std::size_t steps_to_larger_scale = 2000;

// A permutation without state: every sample draws 64 bits, and the bits are sorted.
void draw_order(std::span<const std::uint32_t> rows, const Draw& draw, Keys& keys) {
  const DrawStream stream = stream_of(draw);
  keys.resize(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto words = random_block(stream, rows[i]);
    keys[i] = {std::uint64_t{words[0]} << 32 | words[1], rows[i]};
  }
  std::sort(keys.begin(), keys.end());
}

class Trainer {
 public:
  Trainer(Network& network, const Dataset& data, std::span<const std::uint32_t> rows,
          const TrainingOptions& options, Observer* observer, std::span<const std::uint32_t> test_rows,
          const Checkpoints& checkpoints)
      : network_(network),
        data_(data),
        options_(options),
        observer_(observer),
        test_rows_(test_rows),
        checkpoints_(checkpoints),
        rows_(hold_back(rows, options.validation, options.seed, data.groups)),
        batch_(std::min(options.batch, rows_.train.size())),
        micro_batch_(options.micro_batch == 0 ? batch_ : std::min(options.micro_batch, batch_)),
        steps_of_epoch_((rows_.train.size() + batch_ - 1) / batch_),
        feeder_(network, data, micro_batch_),
        order_(rows_.train.size()) {}

  TrainingResult run() {
    if (options_.loss_scaling) state_.loss_scale = first_loss_scale;
    if (checkpoints_.resume != nullptr) resume(*checkpoints_.resume);
    bool stopped = false;
    while (!state_.finished && !stopped) {
      epoch(stopped);
      if (stopped) break;
      state_.finished = state_.epoch == options_.epochs || out_of_patience();
      stopped = !state_.finished && stop_requested();
      if (state_.finished) keep_result();
      const std::size_t every = checkpoints_.every;
      if (state_.finished || stopped || every == 0 || state_.steps % every == 0) save();
    }
    return {std::move(state_.epochs), state_.steps, stopped};
  }

 private:
  void resume(const TrainingState& state) {
    const bool fits = state.epoch <= options_.epochs &&
                      state.begin < std::max(order_.size(), std::size_t{1}) &&
                      state.epochs.size() == state.epoch && (state.loss_scale > 0) == options_.loss_scaling;
    if (!fits)
      throw Error("state of a training: it stands in epoch " + std::to_string(state.epoch) + ", sample " +
                  std::to_string(state.begin) + ", which this training of " +
                  std::to_string(options_.epochs) + " epochs and " + std::to_string(order_.size()) +
                  " samples does not reach");
    state_ = state;
    network_.restore(state_.network);
    state_.network = {};
    if (observer_)
      for (const EpochEvent& event : state_.epochs) observer_->epoch(event);
  }

  /// What is left of the epoch; `stopped`: its end wasn't reached.
  void epoch(bool& stopped) {
    const std::size_t samples = order_.size(), steps = options_.epochs * steps_of_epoch_;
    draw_order(rows_.train,
               {.seed = options_.seed,
                .purpose = Purpose::shuffle,
                .shot = static_cast<std::uint32_t>(state_.epoch)},
               keys_);
    for (std::size_t i = 0; i < samples; ++i) order_[i] = keys_[i].second;
    while (state_.begin < samples) {
      const std::size_t count = std::min(batch_, samples - state_.begin);
      step(count, options_.schedule.share(state_.steps, steps, steps_of_epoch_));
      state_.begin += count;
      if (observer_) observer_->progress("training", state_.steps, steps);
      if (state_.begin == samples || !checkpoints_.save) continue;
      stopped = stop_requested();
      if (stopped || (checkpoints_.every > 0 && state_.steps % checkpoints_.every == 0)) save();
      if (stopped) return;
    }
    finish_epoch();
  }

  void step(std::size_t count, double share) {
    const std::size_t end = state_.begin + count;
    for (std::size_t begin = state_.begin; begin < end; begin += micro_batch_) {
      const auto rows =
          std::span<const std::uint32_t>(order_).subspan(begin, std::min(micro_batch_, end - begin));
      const Context context{.seed = options_.seed,
                            .shot = static_cast<std::uint32_t>(state_.epoch + 1),
                            .first_sample = begin,
                            .calibrate = options_.calibrate,
                            .training = true};
      const float part =
          rows.size() == count
              ? 1.0f
              : static_cast<float>(static_cast<double>(rows.size()) / static_cast<double>(count));
      state_.right += feeder_.count_right(network_.forward(feeder_.load(rows), context));
      state_.loss += network_.backward(feeder_.targets(), context,
                                       state_.loss_scale > 0 ? part * state_.loss_scale : part) *
                     static_cast<double>(rows.size());
    }
    const bool finite = network_.step(options_.optimiser, static_cast<float>(options_.optimiser.rate * share),
                                      state_.loss_scale);
    ++state_.steps;
    if (state_.loss_scale > 0) change_loss_scale(finite);
  }

  void change_loss_scale(bool finite) {
    ++state_.steps_at_loss_scale;
    if (finite && state_.steps_at_loss_scale < steps_to_larger_scale) return;
    state_.loss_scale *= finite ? 2.0f : 0.5f;
    if (state_.loss_scale == 0)
      throw Error("training: gradients are infinite or not numbers whatever the loss is scaled by; rate = " +
                  std::to_string(options_.optimiser.rate) + " may be too large");
    state_.steps_at_loss_scale = 0;
  }

  void finish_epoch() {
    const auto samples = static_cast<double>(order_.size());
    EpochEvent event{.epoch = state_.epoch, .epochs = options_.epochs};
    event.train_loss = state_.loss / samples;
    event.train_accuracy =
        feeder_.labels_per_sample() > 0
            ? static_cast<double>(state_.right) / (samples * static_cast<double>(feeder_.labels_per_sample()))
            : std::numeric_limits<double>::quiet_NaN();
    if (!rows_.validation.empty()) {
      const Evaluation held_back = evaluate(network_, data_, rows_.validation, {.seed = options_.seed});
      event.validation_loss = held_back.loss;
      event.validation_accuracy = held_back.accuracy;
      if (options_.patience > 0 && (state_.best.parameters.empty() || held_back.loss < state_.best_loss)) {
        state_.best = network_.state();
        state_.best.optimiser = {};
        state_.best_loss = held_back.loss;
        state_.best_epoch = state_.epoch;
      }
    }
    if (!test_rows_.empty()) {
      const Evaluation test = evaluate(network_, data_, test_rows_, {.seed = options_.seed});
      event.test_accuracy = test.accuracy;
      event.test_loss = test.loss;
    }
    state_.epochs.push_back(event);
    ++state_.epoch;
    state_.begin = 0;
    state_.loss = 0;
    state_.right = 0;
    if (observer_) observer_->epoch(event);
  }

  void keep_result() {
    if (options_.patience > 0) network_.restore(state_.best);
    state_.best = {};
  }
  bool out_of_patience() const {
    return options_.patience > 0 && state_.epoch - 1 - state_.best_epoch >= options_.patience;
  }
  bool stop_requested() const { return observer_ != nullptr && observer_->stop_requested(); }
  void save() {
    if (!checkpoints_.save) return;
    state_.network = network_.state();
    if (state_.finished) state_.network.optimiser = {};
    checkpoints_.save(state_);
    state_.network = {};
  }

  Network& network_;
  const Dataset& data_;
  const TrainingOptions& options_;
  Observer* observer_;
  std::span<const std::uint32_t> test_rows_;
  const Checkpoints& checkpoints_;
  const HeldBack rows_;
  const std::size_t batch_, micro_batch_, steps_of_epoch_;
  Feeder feeder_;
  Keys keys_;
  std::vector<std::uint32_t> order_;
  TrainingState state_;
};

}  // namespace

void validate(const TrainingOptions& options) {
  if (options.epochs == 0) throw Error("epochs = 0; must be at least 1");
  if (options.batch == 0) throw Error("batch = 0; must be at least 1");
  if (!(options.validation >= 0 && options.validation < 1))
    throw Error("validation = " + std::to_string(options.validation) + " must be in [0, 1)");
  if (options.patience > 0 && options.validation == 0)
    throw Error("patience = " + std::to_string(options.patience) +
                " needs samples to validate on: validation must be above 0");
  validate(options.optimiser);
  validate(options.schedule);
}

HeldBack hold_back(std::span<const std::uint32_t> rows, double share, std::uint64_t seed,
                   std::span<const std::int32_t> groups) {
  HeldBack parts;
  if (share == 0) {
    parts.train.assign(rows.begin(), rows.end());
    return parts;
  }
  const auto wanted = static_cast<std::size_t>(std::llround(share * static_cast<double>(rows.size())));
  const std::size_t held = std::max<std::size_t>(wanted, 1);
  if (held >= rows.size())
    throw Error("validation = " + std::to_string(share) + " of " + std::to_string(rows.size()) +
                " training samples leaves none to train on");
  // Those with the lowest bits; rows of a group have the group's.
  const DrawStream stream = stream_of({.seed = seed, .purpose = Purpose::validation_split});
  const auto key_of = [&](std::uint32_t row) {
    const std::uint32_t who = groups.empty() ? row : static_cast<std::uint32_t>(groups[row]);
    const auto words = random_block(stream, who);
    return std::pair{std::uint64_t{words[0]} << 32 | words[1], who};
  };
  Keys keys;
  for (const std::uint32_t row : rows) keys.push_back(key_of(row));
  Keys sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  const auto last = sorted[held - 1];
  if (last == sorted.back())
    throw Error("validation = " + std::to_string(share) + " of " + std::to_string(rows.size()) +
                " training samples takes the last of their groups and leaves none to train on");
  for (std::size_t i = 0; i < rows.size(); ++i)
    (keys[i] <= last ? parts.validation : parts.train).push_back(rows[i]);
  return parts;
}

TrainingResult train(Network& network, const Dataset& data, std::span<const std::uint32_t> train_rows,
                     const TrainingOptions& options, Observer* observer,
                     std::span<const std::uint32_t> test_rows, const Checkpoints& checkpoints) {
  validate(options);
  require_match(network.graph(), data, train_rows);
  if (train_rows.empty())
    throw Error("data set '" + data.name + "': no training samples; must be at least 1");
  if (options.calibrate && (checkpoints.save || checkpoints.resume != nullptr))
    throw Error("calibrate = true: converter ranges change while training and are in no checkpoint");
  return Trainer(network, data, train_rows, options, observer, test_rows, checkpoints).run();
}

Evaluation evaluate(Network& network, const Dataset& data, std::span<const std::uint32_t> rows,
                    const Context& context, std::size_t batch, Observer* observer) {
  require_match(network.graph(), data, rows);
  if (rows.empty()) throw Error("data set '" + data.name + "': no samples to evaluate; must be at least 1");
  if (batch == 0) throw Error("batch = 0; must be at least 1");
  batch = std::min(batch, rows.size());
  Executor& executor = network.accelerator().executor();
  Feeder feeder(network, data, batch);
  Evaluation result;
  result.samples = rows.size();
  result.classes = network.graph().classes();
  result.labels = feeder.labels_per_sample();
  result.predictions.resize(result.labels * result.samples);
  if (result.labels > 0) result.confusion.resize(result.classes * result.classes);
  std::vector<float> logits_host;
  std::vector<std::int32_t> predicted(result.labels * batch);
  for (std::size_t begin = 0; begin < rows.size(); begin += batch) {
    const auto part = rows.subspan(begin, std::min(batch, rows.size() - begin));
    Context now = context;
    now.first_sample += begin;
    const ConstMatrix logits = network.forward(feeder.load(part), now);
    result.loss += network.loss(feeder.targets()) * static_cast<double>(part.size());
    feeder.predict(logits, predicted.data());
    for (std::size_t l = 0; l < result.labels; ++l)
      std::copy_n(predicted.data() + l * part.size(), part.size(),
                  result.predictions.data() + l * result.samples + begin);
    result.logits.resize(logits.rows * result.samples);
    logits_host.resize(logits.rows * logits.cols);
    executor.copy_to_host(logits_host.data(), logits.data, logits_host.size() * sizeof(float));
    for (std::size_t c = 0; c < logits.rows; ++c)
      std::copy_n(logits_host.data() + c * part.size(), part.size(),
                  result.logits.data() + c * result.samples + begin);
    if (observer) observer->progress("evaluation", begin + part.size(), rows.size());
  }
  std::size_t right = 0;
  for (std::size_t l = 0; l < result.labels; ++l)
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto label = static_cast<std::size_t>(data.labels[rows[i] * result.labels + l]);
      const auto guess = static_cast<std::size_t>(result.predictions[l * result.samples + i]);
      ++result.confusion[label * result.classes + guess];
      right += label == guess ? 1 : 0;
    }
  result.accuracy = result.labels > 0
                        ? static_cast<double>(right) / static_cast<double>(result.labels * rows.size())
                        : std::numeric_limits<double>::quiet_NaN();
  result.loss /= static_cast<double>(rows.size());
  return result;
}

}  // namespace fringe
