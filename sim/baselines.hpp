// What a network is measured against where classes aren't told: classical filters for images, counted
// trigrams for tokens.
#pragma once

#include <string>
#include <vector>

#include "sim/study.hpp"

namespace fringe {

struct BaselineResult {
  std::string name;       ///< with its parameters, at most 64 bytes
  Evaluation evaluation;  ///< of the fold's test rows: what it tells stands where a network's output does
};

/// Fitted or tuned on the fold's training rows alone, filters on the first 16 of them: images as they come,
/// Gaussian, median and non-local means; trigrams. Nothing for classes and other numbers.
std::vector<BaselineResult> baselines(const Study& study, const TrainedFold& fold);

}  // namespace fringe
