// The hardware of one point of a sweep: what photonic systems and electronics cost, and what electronics
// score.
#pragma once

#include <string>
#include <vector>

#include "sim/study.hpp"
#include "sim/sweep.hpp"

namespace fringe {

/// Throws Error where a system of the study's experiment can't be built or doesn't take the workload.
void check_systems_of(const Study& study);

/// Weights resident on as many cores as they take, or as the entry has.
SweepCost photonic_cost(const Study& study, const PhotonicEntry& entry, std::string hardware);

/// Of all electronics of the study's experiment.
std::vector<SweepCost> electronic_costs(const Study& study);
/// The trained networks of the study on them: one score for each fold, on the rows that chips see.
void score_electronics(const Study& study, std::vector<SweepScore>& scores);

}  // namespace fringe
