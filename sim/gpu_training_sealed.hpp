// What stays sealed of the published training throughput: neither these GPUs nor these workloads were looked
// at while the form of the model and its constants (TrainingParameters) were chosen. Picked before any figure
// of theirs was read: one GPU of each kind that the table has several of (Turing and Ampere, GeForce and
// workstation), one workload of vision and one of sound.
#pragma once

#include <array>
#include <string_view>

namespace fringe {

inline constexpr std::array<std::string_view, 4> sealed_gpus{"RTX 2080Ti", "Quadro RTX 5000", "RTX 3080",
                                                             "RTX A6000"};
inline constexpr std::array<std::string_view, 2> sealed_models{"maskrcnn", "waveglow"};

}  // namespace fringe
