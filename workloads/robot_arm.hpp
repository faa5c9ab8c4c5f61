// A data set that leaks, and the same without the leak. SARCOS, a data set of a robot arm's inverse dynamics,
// is published as two files, and nearly all rows of its test file stand in its training file as well: a
// nearest neighbour then repeats what it saw. This arm is generated, so that the honest score is known beside
// the other.
#pragma once

#include <cstdint>

#include "workloads/dataset.hpp"
#include "workloads/split.hpp"

namespace fringe {

/// A data set with the split that it brings.
struct SplitDataset {
  Dataset data;
  Split split;
};

struct RobotArm {
  std::size_t train = 4000, test = 400;
  bool leaking = false;  ///< test rows are copies of every tenth (train/test-th) training row
  std::uint64_t seed = 1;
};

/// Spread of the torque's noise over the spread of the torque.
inline constexpr double arm_noise = 0.3;

/// Features: angles q₁, q₂ (−π … π), speeds (±3 rad/s), accelerations (±5 rad/s²), each uniform and
/// independent, in this order. Target: the torque of the first joint, as measured [N·m]; label: whether it is
/// positive. A planar arm of two links of 1 kg and 1 m, uniform rods (M. W. Spong, S. Hutchinson, M.
/// Vidyasagar, "Robot Modeling and Control" (2006), section 7.4, planar elbow manipulator), g = 9.81 m/s².
/// Noise is normal, arm_noise times the spread of the noiseless torque of the training rows. Throws Error
/// unless 1 ≤ test ≤ train.
SplitDataset robot_arm(const RobotArm& options);

/// Of the torque without noise [N·m]; the features as above.
double arm_torque(const float* features);

}  // namespace fringe
