#include "workloads/robot_arm.hpp"

#include <cmath>
#include <numbers>

#include "core/draw.hpp"
#include "core/error.hpp"

namespace fringe {
namespace {

constexpr std::size_t features = 6;
constexpr double reach[features] = {std::numbers::pi, std::numbers::pi, 3, 3, 5, 5};

}  // namespace

double arm_torque(const float* x) {
  constexpr double mass = 1, length = 1, centre = length / 2, inertia = mass * length * length / 12, g = 9.81;
  const double q1 = x[0], q2 = x[1], v1 = x[2], v2 = x[3], a1 = x[4], a2 = x[5];
  const double cross = mass * length * centre;
  const double d11 = mass * centre * centre +
                     mass * (length * length + centre * centre + 2 * length * centre * std::cos(q2)) +
                     2 * inertia;
  const double d12 = mass * centre * centre + cross * std::cos(q2) + inertia;
  const double h = -cross * std::sin(q2);
  const double gravity =
      (mass * centre + mass * length) * g * std::cos(q1) + mass * centre * g * std::cos(q1 + q2);
  return d11 * a1 + d12 * a2 + h * v2 * v2 + 2 * h * v1 * v2 + gravity;
}

SplitDataset robot_arm(const RobotArm& options) {
  if (options.test < 1 || options.test > options.train)
    throw Error("robot-arm: " + std::to_string(options.test) + " test rows of " +
                std::to_string(options.train) + " training rows; must be at least 1 and at most as many");
  SplitDataset arm;
  Dataset& data = arm.data;
  data.name = options.leaking ? "robot-arm-leaking" : "robot-arm";
  data.source =
      "generated: planar two-link arm, M. W. Spong, S. Hutchinson, M. Vidyasagar, Robot Modeling and Control "
      "(2006), "
      "section 7.4";
  data.licence = "generated, free to use";
  data.features = features;
  data.classes = 2;
  data.outputs = 1;
  data.samples = options.train + options.test;
  const DrawStream motion = stream_of({.seed = options.seed, .purpose = Purpose::arm_motion});
  const DrawStream noise = stream_of({.seed = options.seed, .purpose = Purpose::arm_torque_noise});
  std::vector<double> torque(data.samples);
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < data.samples; ++i) {
    for (std::size_t f = 0; f < features; ++f) {
      const double u = uniform_from_bits(random_bits(motion, i * features + f));
      data.values.push_back(static_cast<float>(reach[f] * (2 * u - 1)));
    }
    torque[i] = arm_torque(data.sample(i).data());
    if (i >= options.train) continue;
    sum += torque[i];
    squares += torque[i] * torque[i];
  }
  const double n = static_cast<double>(options.train), mean = sum / n;
  const double spread = arm_noise * std::sqrt(std::max(0.0, squares / n - mean * mean));
  for (std::size_t i = 0; i < data.samples; ++i) {
    data.targets.push_back(static_cast<float>(torque[i] + spread * normal(noise, i)));
    data.labels.push_back(data.targets.back() > 0 ? 1 : 0);
    (i < options.train ? arm.split.train : arm.split.test).push_back(static_cast<std::uint32_t>(i));
  }
  if (options.leaking)
    for (std::size_t k = 0; k < options.test; ++k) {
      const std::size_t from = k * (options.train / options.test), to = options.train + k;
      std::copy_n(&data.values[from * features], features, &data.values[to * features]);
      data.targets[to] = data.targets[from];
      data.labels[to] = data.labels[from];
    }
  return arm;
}

}  // namespace fringe
