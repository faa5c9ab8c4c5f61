#include "workloads/trigram.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr std::size_t most_classes = 256;  // the table of trigrams is dense

std::size_t token_at(const Dataset& data, std::uint32_t row, std::size_t t) {
  return static_cast<std::size_t>(data.values[row * data.features + t]);
}
std::size_t label_at(const Dataset& data, std::uint32_t row, std::size_t t) {
  return static_cast<std::size_t>(data.labels[row * data.labels_per_sample + t]);
}
std::int32_t before(const Dataset& data, std::uint32_t row, std::size_t t) {
  return t == 0 ? -1 : static_cast<std::int32_t>(token_at(data, row, t - 1));
}

}  // namespace

Trigram::Trigram(const Dataset& data, std::span<const std::uint32_t> rows, double discount)
    : classes_(data.classes), discount_(discount) {
  const std::string where = "data set '" + data.name + "': ";
  if (data.classes == 0 || data.labels_per_sample != data.features)
    throw Error(where + "trigrams count sequences that are told token by token");
  if (classes_ > most_classes)
    throw Error(where + std::to_string(classes_) + " classes; trigrams take at most " +
                std::to_string(most_classes));
  if (!(discount > 0 && discount < 1))
    throw Error("discount = " + std::to_string(discount) + " must be between 0 and 1");
  std::size_t histories = 1;
  for (Counts* counts : {&one_, &two_, &three_}) {
    counts->of.resize(histories * classes_);
    counts->all.resize(histories);
    counts->distinct.resize(histories);
    histories *= classes_;
  }
  for (const std::uint32_t row : rows)
    for (std::size_t t = 0; t < data.features; ++t) {
      const std::size_t last = token_at(data, row, t), next = label_at(data, row, t);
      add(one_, 0, next);
      add(two_, last, next);
      if (t > 0) add(three_, token_at(data, row, t - 1) * classes_ + last, next);
    }
}

void Trigram::add(Counts& counts, std::size_t history, std::size_t token) const {
  std::uint32_t& count = counts.of[history * classes_ + token];
  counts.distinct[history] += count == 0 ? 1 : 0;
  ++count;
  ++counts.all[history];
}

double Trigram::discounted(const Counts& counts, std::size_t history, std::size_t token,
                           double shorter) const {
  if (counts.all[history] == 0) return shorter;
  const double kept = std::max(counts.of[history * classes_ + token] - discount_, 0.0);
  return (kept + discount_ * counts.distinct[history] * shorter) / counts.all[history];
}

double Trigram::probability(std::int32_t before, std::size_t last, std::size_t token) const {
  const double uniform = 1 / static_cast<double>(classes_);
  const double bigram = discounted(two_, last, token, discounted(one_, 0, token, uniform));
  return before < 0 ? bigram
                    : discounted(three_, static_cast<std::size_t>(before) * classes_ + last, token, bigram);
}

void Trigram::probabilities(std::int32_t before, std::int32_t last, std::span<double> p) const {
  for (std::size_t c = 0; c < classes_; ++c) p[c] = probability(before, static_cast<std::size_t>(last), c);
}

double Trigram::loss(const Dataset& data, std::span<const std::uint32_t> rows) const {
  double sum = 0;
  for (const std::uint32_t row : rows)
    for (std::size_t t = 0; t < data.features; ++t)
      sum -= std::log(probability(before(data, row, t), token_at(data, row, t), label_at(data, row, t)));
  return sum / static_cast<double>(rows.size() * data.features);
}

Trigram fitted_trigram(const Dataset& data, std::span<const std::uint32_t> rows) {
  if (rows.size() < 2)
    throw Error("data set '" + data.name + "': trigrams are fitted on two windows or more");
  const std::size_t held = std::max<std::size_t>(rows.size() / 10, 1);
  const auto counted = rows.first(rows.size() - held), judged = rows.last(held);
  double best = 0, least = std::numeric_limits<double>::infinity();
  for (int step = 1; step < 20; ++step) {
    const double discount = 0.05 * step;
    if (const double loss = Trigram(data, counted, discount).loss(data, judged); loss < least)
      best = discount, least = loss;
  }
  return Trigram(data, rows, best);
}

}  // namespace fringe
