// A fully connected network in double, written without the library: loss, and for every parameter a bound on
// the size of its gradient's terms. Parameter groups: weights of layer 0, 1, …, then biases of layer 0, 1, ….
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "workloads/network.hpp"

namespace fringe::testing {

class DoubleNetwork {
 public:
  DoubleNetwork(std::span<const std::size_t> sizes, const Parameters& parameters, std::span<const float> x,
                std::span<const std::int32_t> labels)
      : sizes_(sizes.begin(), sizes.end()), x_(x.begin(), x.end()), labels_(labels.begin(), labels.end()) {
    for (const auto& w : parameters.weights) groups_.emplace_back(w.begin(), w.end());
    for (const auto& b : parameters.vectors) groups_.emplace_back(b.begin(), b.end());
  }

  double loss() const {
    double sum = 0;
    for (std::size_t b = 0; b < labels_.size(); ++b) {
      const std::vector<double> z = values(b, false).back();
      double total = 0;
      for (const double v : z) total += std::exp(v);
      sum += std::log(total) - z[static_cast<std::size_t>(labels_[b])];
    }
    return sum / static_cast<double>(labels_.size());
  }
  double central_difference(std::size_t group, std::size_t element, double h) {
    double& p = groups_[group][element];
    const double kept = p;
    p = kept + h;
    const double above = loss();
    p = kept - h;
    const double below = loss();
    p = kept;
    return (above - below) / (2 * h);
  }
  double parameter_size(std::size_t group, std::size_t element) const {
    return std::abs(groups_[group][element]);
  }

  /// Sum of the absolute logits' terms, at its largest.
  double largest_logit() const {
    double largest = 1;
    for (std::size_t b = 0; b < labels_.size(); ++b) {
      const std::vector<double> z = values(b, true).back();
      largest = std::max(largest, *std::max_element(z.begin(), z.end()));
    }
    return largest;
  }
  double smallest_preactivation() const {
    double smallest = std::numeric_limits<double>::infinity();
    for (std::size_t b = 0; b < labels_.size(); ++b) {
      const auto v = values(b, false);
      for (std::size_t l = 1; l + 1 < v.size(); ++l)
        for (const double z : v[l]) smallest = std::min(smallest, std::abs(z));
    }
    return smallest;
  }
  /// The gradient with all terms positive: (p + onehot)/B ≤ 2/B at each logit, |W| back, |x| forward, times
  /// the largest logit (an error there changes the softmax by as much).
  double gradient_majorant(std::size_t group, std::size_t element) const {
    const std::size_t layers = sizes_.size() - 1;
    const std::size_t layer = group % layers, cols = sizes_[layer];
    const bool is_bias = group >= layers;
    const std::size_t row = is_bias ? element : element / cols;
    double sum = 0;
    for (std::size_t b = 0; b < labels_.size(); ++b) {
      std::vector<double> d(sizes_.back(), 2.0 / static_cast<double>(labels_.size()));
      for (std::size_t l = layers - 1; l > layer; --l) {
        std::vector<double> back(sizes_[l], 0.0);
        for (std::size_t r = 0; r < sizes_[l + 1]; ++r)
          for (std::size_t c = 0; c < sizes_[l]; ++c)
            back[c] += std::abs(groups_[l][r * sizes_[l] + c]) * d[r];
        d = back;
      }
      sum += d[row] * (is_bias ? 1.0 : values(b, true)[layer][element % cols]);
    }
    return sum * largest_logit();
  }

 private:
  // Input, then each layer's sums before the ReLU that the next layer applies; `absolute`: |W||x| + |b|
  // throughout.
  std::vector<std::vector<double>> values(std::size_t sample, bool absolute) const {
    std::vector<std::vector<double>> all(1);
    for (std::size_t f = 0; f < sizes_[0]; ++f) {
      const double x = x_[f * labels_.size() + sample];
      all[0].push_back(absolute ? std::abs(x) : x);
    }
    const std::size_t layers = sizes_.size() - 1;
    for (std::size_t l = 0; l < layers; ++l) {
      std::vector<double> z;
      for (std::size_t r = 0; r < sizes_[l + 1]; ++r) {
        const double bias = groups_[layers + l][r];
        double sum = absolute ? std::abs(bias) : bias;
        for (std::size_t c = 0; c < sizes_[l]; ++c) {
          const double w = groups_[l][r * sizes_[l] + c];
          const double x = l == 0 ? all[0][c] : std::max(all[l][c], 0.0);
          sum += (absolute ? std::abs(w) : w) * x;
        }
        z.push_back(sum);
      }
      all.push_back(z);
    }
    return all;
  }

  std::vector<std::size_t> sizes_;
  std::vector<double> x_;
  std::vector<std::int32_t> labels_;
  std::vector<std::vector<double>> groups_;
};

}  // namespace fringe::testing
