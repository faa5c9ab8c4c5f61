// What `fringe import` prints of an ONNX model: the graph as fringe has it, by operators.
#pragma once

#include <string>

#include "workloads/onnx_import.hpp"

namespace fringe {

std::string imported_text(const OnnxModel& model, const std::string& file);
std::string imported_json(const OnnxModel& model, const std::string& file);

}  // namespace fringe
