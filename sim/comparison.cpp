#include "sim/comparison.hpp"

#include <algorithm>

namespace fringe {
namespace {

/// 97.5 % quantile of Student's t (Cornish–Fisher expansion, Abramowitz & Stegun 26.7.5; error < 1 % from ν =
/// 3 on).
double t_quantile(double nu) {
  constexpr double z = 1.959963984540054;
  if (nu == 1) return 12.706;
  if (nu == 2) return 4.303;
  const double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
  return z + (z3 + z) / (4 * nu) + (5 * z5 + 16 * z3 + 3 * z) / (96 * nu * nu) +
         (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * nu * nu * nu);
}

}  // namespace

Estimate estimate(const std::vector<double>& values) {
  Estimate e;
  e.count = values.size();
  if (values.empty()) return e;
  const double n = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  e.mean = sum / n;
  if (values.size() < 2) return e;
  double squares = 0;
  for (const double value : values) squares += (value - e.mean) * (value - e.mean);
  e.half_width = t_quantile(n - 1) * std::sqrt(squares / (n - 1) / n);
  return e;
}

double CostFigure::energy_per_sample_j(Boundary boundary, bool pipelined) const {
  const double duration = pipelined ? cost.interval_s() : cost.latency_s;
  return cost.energy_j(boundary, duration) / static_cast<double>(batch);
}

std::vector<double> energy_by_part(const Cost& cost, double duration_s) {
  std::vector<double> parts(part_count);
  for (std::size_t i = 0; i < part_count; ++i)
    parts[i] = cost.energy_known ? cost.joules[i] + cost.static_watts[i] * duration_s
                                 : std::numeric_limits<double>::quiet_NaN();
  return parts;
}

const CostFigure* HardwareResult::at_batch_one(const std::string& scenario) const {
  const auto found = std::find_if(costs.begin(), costs.end(), [&](const CostFigure& c) {
    return c.scenario == scenario && c.batch == 1;
  });
  return found == costs.end() ? nullptr : &*found;
}

const CostFigure* HardwareResult::at_best_batch(const std::string& scenario) const {
  double best = 0;
  for (const CostFigure& c : costs)
    if (c.scenario == scenario) best = std::max(best, c.throughput_per_s());
  const auto found = std::find_if(costs.begin(), costs.end(), [&](const CostFigure& c) {
    return c.scenario == scenario && c.throughput_per_s() >= 0.98 * best;
  });
  return found == costs.end() ? nullptr : &*found;
}

}  // namespace fringe
