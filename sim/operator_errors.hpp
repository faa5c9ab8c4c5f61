// How far the outputs of single operators on a piece of hardware are from floating point.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/comparison.hpp"
#include "sim/study.hpp"

namespace fringe {

/// y of every operator with a weight matrix, by its name.
using OperatorOutputs = std::map<std::string, std::vector<float>>;

/// Of the first test samples of fold 0, with that fold's weights and converter ranges set as for tests.
OperatorOutputs operator_outputs(const Study& study, Accelerator& hardware);

/// LayerFigure::error of those layers that have outputs: products of two activations have none.
void add_errors(std::vector<LayerFigure>& layers, const OperatorOutputs& outputs,
                const OperatorOutputs& floating);

}  // namespace fringe
