#include "photonics/thermal_crosstalk.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.hpp"
#include "photonics/wrap_phase.hpp"

namespace fringe {
namespace {

constexpr double range_in_decay_lengths = 6;

void require(bool holds, const char* key, double value, const char* rule) {
  if (!holds)
    throw Error("crosstalk." + std::string(key) + " = " + std::to_string(value) + "; it must be " + rule);
}

}  // namespace

void check(const ThermalCrosstalk& crosstalk) {
  require(crosstalk.coefficient >= 0 && std::isfinite(crosstalk.coefficient), "coefficient",
          crosstalk.coefficient, "0 or more, and finite");
  require(crosstalk.decay_length_m > 0 && std::isfinite(crosstalk.decay_length_m), "decay_length_m",
          crosstalk.decay_length_m, "positive and finite");
}

CrosstalkMap::CrosstalkMap(const MeshLayout& layout, const MeshGeometry& geometry,
                           const ThermalCrosstalk& crosstalk)
    : slots_(2 * layout.columns() + 1), modes_(layout.modes) {
  check(crosstalk);
  const double range = range_in_decay_lengths * crosstalk.decay_length_m;
  const double slot_pitch = geometry.column_pitch_m / 2;
  const auto reach = [&](double pitch, std::size_t places) {
    return static_cast<std::size_t>(std::min(std::floor(range / pitch), static_cast<double>(places - 1)));
  };
  slot_reach_ = reach(slot_pitch, slots_);
  mode_reach_ = reach(geometry.mode_pitch_m, modes_);
  stride_ = modes_ + 2 * mode_reach_;

  kernel_.assign((2 * slot_reach_ + 1) * (2 * mode_reach_ + 1), 0.0);
  std::size_t at = 0;
  for (std::size_t i = 0; i <= 2 * slot_reach_; ++i)
    for (std::size_t j = 0; j <= 2 * mode_reach_; ++j, ++at) {
      const double dx = (static_cast<double>(i) - static_cast<double>(slot_reach_)) * slot_pitch;
      const double dy = (static_cast<double>(j) - static_cast<double>(mode_reach_)) * geometry.mode_pitch_m;
      const double distance = std::hypot(dx, dy);
      if (distance > 0 && distance <= range)
        kernel_[at] = crosstalk.coefficient * std::exp(-distance / crosstalk.decay_length_m);
      total_ += kernel_[at];
    }
  require(total_ < 1, "coefficient", crosstalk.coefficient,
          "so small that the couplings of one shifter add up to less than 1");

  const std::vector<std::size_t> columns = columns_of(layout);
  for (std::size_t k = 0; k < columns.size(); ++k) {
    phi_.push_back(place(2 * columns[k], layout.couplers[k].upper));
    theta_.push_back(place(2 * columns[k] + 1, layout.couplers[k].upper));
  }
  for (std::size_t m = 0; m < modes_; ++m) out_.push_back(place(slots_ - 1, m));
}

template <class Program, class Visit>
void CrosstalkMap::each(Program& program, Visit visit) const {
  const auto group = [&](auto& phases, const std::vector<std::size_t>& at) {
    if (phases.size() != at.size())
      throw Error("phase program has " + std::to_string(phases.size()) +
                  " phases of a kind; the mesh layout needs " + std::to_string(at.size()));
    for (std::size_t i = 0; i < at.size(); ++i) visit(phases[i], at[i]);
  };
  group(program.theta, theta_);
  group(program.phi, phi_);
  group(program.out, out_);
}

CrosstalkMap::Places CrosstalkMap::places() const {
  return Places((slots_ + 2 * slot_reach_) * stride_, 0.0);
}

double CrosstalkMap::heat(const Places& driven, std::size_t at) const {
  const std::size_t width = 2 * mode_reach_ + 1;
  double sum = 0;
  for (std::size_t i = 0; i <= 2 * slot_reach_; ++i) {
    const double* from = &driven[at + i * stride_ - slot_reach_ * stride_ - mode_reach_];
    const double* coupling = &kernel_[i * width];
    for (std::size_t j = 0; j < width; ++j) sum += coupling[j] * from[j];
  }
  return sum;
}

PhaseProgram CrosstalkMap::heated(const PhaseProgram& driven) const {
  Places heaters = places();
  each(driven, [&](double phase, std::size_t at) { heaters[at] = phase; });
  PhaseProgram program = driven;
  each(program, [&](double& phase, std::size_t at) { phase += heat(heaters, at); });
  return program;
}

CrosstalkMap CrosstalkMap::scaled(double factor) const {
  CrosstalkMap map = *this;
  for (double& coupling : map.kernel_) coupling *= factor;
  map.total_ *= factor;
  if (!(std::abs(map.total_) < 1))
    throw Error("crosstalk times " + std::to_string(factor) + " adds up to " + std::to_string(map.total_) +
                " at one shifter; it must stay below 1");
  return map;
}

CrosstalkMap::Compensation CrosstalkMap::compensate(const PhaseProgram& wanted) const {
  Compensation result{wanted, 0, 0};
  each(result.asked, [](double& phase, std::size_t) { phase = wrap_phase(phase); });
  PhaseProgram turned = result.asked;  // θ + 2πm
  Places heaters = places();
  const double met = 8 * pi * std::numeric_limits<double>::epsilon() / (1 - std::abs(total_));
  for (bool negative = true; negative;) {
    for (double change = 1; change > met; ++result.iterations) {
      each(result.asked, [&](double phase, std::size_t at) { heaters[at] = phase; });
      result.asked = turned;
      change = 0;
      each(result.asked, [&](double& phase, std::size_t at) {
        phase -= heat(heaters, at);
        change = std::max(change, std::abs(phase - heaters[at]));
      });
    }
    negative = false;
    const auto turn = [&](std::vector<double>& phases, const std::vector<double>& asked) {
      for (std::size_t i = 0; i < phases.size(); ++i)
        if (asked[i] < 0) {
          phases[i] += 2 * pi;
          negative = true;
        }
    };
    turn(turned.theta, result.asked.theta);
    turn(turned.phi, result.asked.phi);
    turn(turned.out, result.asked.out);
  }
  each(result.asked,
       [&](double phase, std::size_t) { result.largest_rad = std::max(result.largest_rad, phase); });
  return result;
}

}  // namespace fringe
