#include "sim/optical_training.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "core/draw.hpp"
#include "core/error.hpp"

namespace fringe {
namespace {

/// Sample rows[b] of the set as column b.
class Batch {
 public:
  Batch(const FieldSet& data, std::size_t most)
      : data_(data), re_(data.ports * most), im_(data.ports * most) {}

  ConstFields<double> load(std::span<const std::uint32_t> rows) {
    const std::size_t ports = data_.ports, count = rows.size();
    labels_.resize(count);
    for (std::size_t b = 0; b < count; ++b) {
      labels_[b] = data_.labels[rows[b]];
      for (std::size_t p = 0; p < ports; ++p) {
        re_[p * count + b] = data_.re[rows[b] * ports + p];
        im_[p * count + b] = data_.im[rows[b] * ports + p];
      }
    }
    return {{re_.data(), ports, count}, {im_.data(), ports, count}};
  }
  std::span<const std::int32_t> labels() const { return labels_; }

 private:
  const FieldSet& data_;
  std::vector<double> re_, im_;
  std::vector<std::int32_t> labels_;
};

/// Adam on every phase of a network.
class PhaseAdam {
 public:
  PhaseAdam(const OpticalNetwork& network, const Optimiser& optimiser)
      : optimiser_(optimiser), mean_(zero_gradient(network)), square_(zero_gradient(network)) {}

  void step(OpticalNetwork& network, const OpticalGradient& gradient) {
    ++steps_;
    for (std::size_t k = 0; k < network.layers.size(); ++k)
      for (const auto member : {&PhaseProgram::theta, &PhaseProgram::phi, &PhaseProgram::out})
        step(network.layers[k].phases.*member, gradient.phases[k].*member, mean_.phases[k].*member,
             square_.phases[k].*member);
  }

 private:
  void step(std::vector<double>& p, const std::vector<double>& g, std::vector<double>& m,
            std::vector<double>& v) const {
    const double beta1 = optimiser_.beta1, beta2 = optimiser_.beta2;
    const double early1 = 1 - std::pow(beta1, steps_), early2 = 1 - std::pow(beta2, steps_);
    for (std::size_t i = 0; i < p.size(); ++i) {
      m[i] = beta1 * m[i] + (1 - beta1) * g[i];
      v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
      p[i] -= optimiser_.rate * (m[i] / early1) / (std::sqrt(v[i] / early2) + optimiser_.epsilon);
    }
  }

  Optimiser optimiser_;
  OpticalGradient mean_, square_;
  int steps_ = 0;
};

/// A permutation without state: every sample draws 64 bits, and the bits are sorted.
std::vector<std::uint32_t> shuffled(std::size_t samples, std::uint64_t seed, std::size_t epoch) {
  const DrawStream stream =
      stream_of({.seed = seed, .purpose = Purpose::shuffle, .shot = static_cast<std::uint32_t>(epoch)});
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keys;
  for (std::uint32_t i = 0; i < samples; ++i) {
    const auto words = random_block(stream, i);
    keys.emplace_back(std::uint64_t{words[0]} << 32 | words[1], i);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<std::uint32_t> order;
  for (const auto& key : keys) order.push_back(key.second);
  return order;
}

void require_match(const OpticalNetwork& network, const FieldSet& data) {
  if (data.samples() == 0) throw Error("optical network: no samples; must be at least 1");
  if (network.ports() != data.ports || network.classes < data.classes)
    throw Error("optical network: " + std::to_string(network.ports()) + " ports and " +
                std::to_string(network.classes) + " classes for data of " + std::to_string(data.ports) +
                " and " + std::to_string(data.classes));
}

}  // namespace

std::vector<double> train_optical(OpticalNetwork& network, const FieldSet& data,
                                  const OpticalTrainingOptions& options, ThreadPool* pool,
                                  const Observer* observer) {
  if (options.epochs == 0) throw Error("epochs = 0; must be at least 1");
  if (options.batch == 0) throw Error("batch = 0; must be at least 1");
  if (options.optimiser.kind != Optimiser::Kind::adam)
    throw Error("optical network: the optimiser must be adam");
  validate(options.optimiser);
  require_match(network, data);
  const std::size_t samples = data.samples(), batch = std::min(options.batch, samples);
  OpticalPass<double> pass(network, pool);
  PhaseAdam adam(network, options.optimiser);
  Batch loaded(data, batch);
  std::vector<double> losses;
  for (std::size_t epoch = 0; epoch < options.epochs; ++epoch) {
    const std::vector<std::uint32_t> order = shuffled(samples, options.seed, epoch);
    double loss = 0;
    for (std::size_t begin = 0; begin < samples; begin += batch) {
      const std::size_t here = std::min(batch, samples - begin);
      pass.forward(loaded.load(std::span(order).subspan(begin, here)));
      OpticalGradient gradient = zero_gradient(network);
      loss += pass.backward(loaded.labels(), gradient) * static_cast<double>(here);
      adam.step(network, gradient);
      pass.set(network);
    }
    losses.push_back(loss / static_cast<double>(samples));
    if (observer != nullptr && observer->stop_requested()) break;
  }
  return losses;
}

double optical_accuracy(const OpticalNetwork& network, const FieldSet& data, ThreadPool* pool) {
  require_match(network, data);
  constexpr std::size_t most = 1000;
  OpticalPass<double> pass(network, pool);
  Batch loaded(data, most);
  std::vector<std::uint32_t> rows(data.samples());
  std::iota(rows.begin(), rows.end(), 0u);
  std::size_t right = 0;
  for (std::size_t begin = 0; begin < rows.size(); begin += most) {
    const std::size_t here = std::min(most, rows.size() - begin);
    const MatrixView<const double> powers = pass.forward(loaded.load(std::span(rows).subspan(begin, here)));
    for (std::size_t b = 0; b < here; ++b) {
      std::size_t best = 0;
      for (std::size_t c = 1; c < powers.rows; ++c)
        if (powers(c, b) > powers(best, b)) best = c;
      right += best == static_cast<std::size_t>(loaded.labels()[b]) ? 1 : 0;
    }
  }
  return static_cast<double>(right) / static_cast<double>(rows.size());
}

}  // namespace fringe
