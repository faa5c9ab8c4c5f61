// What a language model has to beat: the next token from the two before it, by counting.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "workloads/dataset.hpp"

namespace fringe {

/// Interpolated trigrams with absolute discounting (H. Ney, U. Essen, R. Kneser, "On structuring
/// probabilistic dependences in stochastic language modelling", Computer Speech & Language 8, 1 (1994)):
/// every count C of a token c behind a history h gives up the discount D, and what is given up goes to the
/// shorter history h',
///
///   P(c|h) = (max(C(h c) − D, 0) + D·T(h)·P(c|h'))/C(h),
///
/// T(h) distinct tokens behind h; P(c|h') alone where h never occurred; all tokens alike below the shortest.
/// A sequence is read as a network reads it: the first token of a window has no history before it.
class Trigram {
 public:
  /// Of sequences told token by token: values are token numbers, labels the tokens behind each. Discount in
  /// (0, 1). Throws Error on other data, or more than 256 classes.
  Trigram(const Dataset& data, std::span<const std::uint32_t> rows, double discount);

  /// p[classes] = P(· | before, last); before −1: the window begins with `last`.
  void probabilities(std::int32_t before, std::int32_t last, std::span<double> p) const;
  /// Mean of −ln P over the tokens of the rows [nats].
  double loss(const Dataset& data, std::span<const std::uint32_t> rows) const;
  double discount() const noexcept { return discount_; }

 private:
  /// Histories × classes.
  struct Counts {
    std::vector<std::uint32_t> of;               ///< [histories×classes]
    std::vector<std::uint32_t> all, distinct{};  ///< [histories]
  };
  void add(Counts& counts, std::size_t history, std::size_t token) const;
  double discounted(const Counts& counts, std::size_t history, std::size_t token, double shorter) const;
  double probability(std::int32_t before, std::size_t last, std::size_t token) const;

  std::size_t classes_;
  double discount_;
  Counts one_, two_, three_;
};

/// The one of discount 0.05, 0.10, …, 0.95 with the least loss on the last tenth of the rows (at least one),
/// counted on the others; then counted on all of them. Throws Error on fewer than two rows.
Trigram fitted_trigram(const Dataset& data, std::span<const std::uint32_t> rows);

}  // namespace fringe
