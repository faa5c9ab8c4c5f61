// What a break-even rests on, as a table: each figure of a photonic system that may turn out otherwise, with
// the range that published devices span.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sim/light_cost.hpp"

namespace fringe {

struct Range {
  double low, high;
};

struct AssumptionRow {
  std::string_view key;
  std::string_view unit;  ///< SI, "1" for a pure number
  std::string_view meaning;
  double (*get)(const LightPoint&, const LightFigure&);  ///< its value where the figure was found
  void (*set)(LightPoint&, double);
  Range (*cited)();         ///< what published devices span
  Range scanned;            ///< where a break-even is looked for, on a logarithmic scale
  bool whole;               ///< takes whole numbers
  std::string_view source;  ///< of the range; never empty
  /// Of a choice among names: the name of value 1, 2, …; `unit` lists them. Null: a number.
  std::string_view (*choice)(double) = nullptr;
};

std::span<const AssumptionRow> assumption_rows() noexcept;
/// Throws Error, offering the nearest name.
const AssumptionRow& find_assumption(std::string_view key);

}  // namespace fringe
