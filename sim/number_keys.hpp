// What an experiment may say of a number system: the keys of [photonic.NAME.numbers], as a table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "photonics/number_system.hpp"

namespace fringe {

/// The number systems of one photonic system: one for all operators, and those that have another precision.
struct NumberEntry {
  NumberSystem all;
  std::vector<std::pair<std::string, NumberSystem>> operators;  ///< by the name of the operator

  const NumberSystem& of(std::string_view name) const {
    for (const auto& [other, numbers] : operators)
      if (other == name) return numbers;
    return all;
  }
};

struct NumberKey {
  std::string_view key;
  bool whole;
  double least, most;
  double (*get)(const NumberSystem&);
  void (*set)(NumberSystem&, double);
  std::string_view systems;                            ///< names of those that have the key
  enum class Lowered { no, by_one, by_half } lowered;  ///< how a search for precision takes from it

  bool belongs_to(NumberSystem::Kind kind) const { return systems.find(to_string(kind)) != systems.npos; }
};
std::span<const NumberKey> number_keys() noexcept;

}  // namespace fringe
