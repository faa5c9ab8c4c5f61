#include "sim/metric.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "workloads/image_quality.hpp"

namespace fringe {
namespace {

using Rows = std::span<const std::uint32_t>;

double accuracy(const Evaluation& e, const Dataset& data, Rows rows) {
  std::size_t right = 0;
  for (std::size_t l = 0; l < e.labels; ++l)
    for (std::size_t i = 0; i < rows.size(); ++i)
      right += e.predictions[l * e.samples + i] == data.labels[rows[i] * e.labels + l] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(e.labels * rows.size());
}

template <double (*of)(const Evaluation&, const Dataset&, std::uint32_t, std::size_t)>
double mean_of_samples(const Evaluation& e, const Dataset& data, Rows rows) {
  double sum = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) sum += of(e, data, rows[i], i);
  return sum / static_cast<double>(rows.size());
}

double token_accuracy(const Evaluation& e, const Dataset& data, std::uint32_t row, std::size_t i) {
  std::size_t right = 0;
  for (std::size_t l = 0; l < e.labels; ++l)
    right += e.predictions[l * e.samples + i] == data.labels[row * e.labels + l] ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(e.labels);
}

/// −ln softmax at the label, mean over the sample's tokens.
double token_loss(const Evaluation& e, const Dataset& data, std::uint32_t row, std::size_t i) {
  double sum = 0;
  for (std::size_t l = 0; l < e.labels; ++l) {
    const auto logit = [&](std::size_t c) {
      return static_cast<double>(e.logits[(l * e.classes + c) * e.samples + i]);
    };
    double largest = logit(0), exponentials = 0;
    for (std::size_t c = 1; c < e.classes; ++c) largest = std::max(largest, logit(c));
    for (std::size_t c = 0; c < e.classes; ++c) exponentials += std::exp(logit(c) - largest);
    sum +=
        largest + std::log(exponentials) - logit(static_cast<std::size_t>(data.labels[row * e.labels + l]));
  }
  return sum / static_cast<double>(e.labels);
}

constexpr double full_scale = 1;  // images are scaled to [0, 1]

double image_psnr_db(const Evaluation& e, const Dataset& data, std::uint32_t row, std::size_t i) {
  return psnr_db(told(e, i), data.target(row), full_scale);
}

double image_ssim(const Evaluation& e, const Dataset& data, std::uint32_t row, std::size_t i) {
  return ssim(told(e, i), data.target(row), data.target_shape[1], data.target_shape[2], full_scale);
}

/// 1 − Σ(told − target)²/Σ(target − mean)², means output by output.
double variance_told(const Evaluation& e, const Dataset& data, Rows rows) {
  double left = 0, all = 0;
  for (std::size_t f = 0; f < data.outputs; ++f) {
    double mean = 0;
    for (const std::uint32_t row : rows) mean += data.target(row)[f];
    mean /= static_cast<double>(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double target = data.target(rows[i])[f], error = e.logits[f * e.samples + i] - target;
      left += error * error;
      all += (target - mean) * (target - mean);
    }
  }
  return 1 - left / all;
}

constexpr std::array of_classes{
    Metric{"accuracy", "accuracy", "accuracies", "%", "points", 100, 2, true, 1, accuracy, nullptr}};
// What counts as equal is this project's choice: 0.05 nats a token are 5 % of perplexity, 0.5 dB are 11 % of
// the mean square error.
constexpr std::array of_tokens{Metric{"loss_nats", "loss", "losses", "nats", "nats", 1, 3, false, 0.05,
                                      mean_of_samples<token_loss>, token_loss},
                               Metric{"accuracy", "accuracy", "accuracies", "%", "points", 100, 2, true, 1,
                                      mean_of_samples<token_accuracy>, token_accuracy}};
constexpr std::array of_images{
    Metric{"psnr_db", "PSNR", "PSNRs", "dB", "dB", 1, 2, true, 0.5, mean_of_samples<image_psnr_db>,
           image_psnr_db},
    Metric{"ssim", "SSIM", "SSIMs", "", "", 1, 4, true, 0.01, mean_of_samples<image_ssim>, image_ssim}};
constexpr std::array of_numbers{Metric{"variance_told", "variance told", "variances told", "%", "points", 100,
                                       2, true, 1, variance_told, nullptr}};

}  // namespace

std::vector<float> told(const Evaluation& e, std::size_t i) {
  std::vector<float> numbers(e.logits.size() / e.samples);
  for (std::size_t f = 0; f < numbers.size(); ++f) numbers[f] = e.logits[f * e.samples + i];
  return numbers;
}

bool tells_images(const Dataset& data) {
  return data.outputs > 0 && data.target_shape.size() == 3 && data.target_shape[0] == 1 &&
         data.target_shape[1] >= ssim_window && data.target_shape[2] >= ssim_window;
}

std::span<const Metric> metrics_of(const Graph& graph, const Dataset& data) {
  if (graph.nodes().back().op == Operator::softmax_cross_entropy)
    return data.labels_per_sample > 1 ? std::span<const Metric>(of_tokens) : of_classes;
  return tells_images(data) ? std::span<const Metric>(of_images) : of_numbers;
}

std::span<const Metric> accuracy_alone() noexcept { return of_classes; }

std::string amount(const Metric& metric, double difference) {
  std::string_view unit = metric.difference;
  if (difference == 1 && unit.ends_with('s')) unit.remove_suffix(1);
  return fmt::format("{:g}{}{}", difference, unit.empty() ? "" : " ", unit);
}

std::string heading(const Metric& metric) {
  return std::string(metric.name) + (metric.unit.empty() ? "" : " ") + std::string(metric.unit);
}

}  // namespace fringe
