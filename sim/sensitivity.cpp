#include "sim/sensitivity.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

#include "core/draw.hpp"
#include "core/error.hpp"

namespace fringe {
namespace {

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

/// Σ tops/Σ bottoms and its standard error to first order.
std::pair<double, double> ratio_of_means(const std::vector<double>& tops,
                                         const std::vector<double>& bottoms) {
  const double bottom = mean_of(bottoms), ratio = mean_of(tops) / bottom;
  const auto n = static_cast<double>(tops.size());
  double squares = 0;
  for (std::size_t j = 0; j < tops.size(); ++j) {
    const double rest = tops[j] - ratio * bottoms[j];  // of mean 0
    squares += rest * rest;
  }
  return {ratio, std::sqrt(squares / (n - 1) / n) / bottom};
}

/// f by point, of one hardware.
struct Outputs {
  std::string hardware;
  std::vector<double> accuracy, energy;
  std::vector<double> parts;  // at the middle
};

std::vector<Outputs> outputs_of(const StoredSweep& sweep) {
  const std::size_t points = sweep.points.size() / sweep.axes.size();
  std::vector<Outputs> all;
  for (const SweepDesign& design : designs_of(sweep)) {
    if (design.camp != "photonic") continue;
    auto found = std::find_if(all.begin(), all.end(),
                              [&](const Outputs& outputs) { return outputs.hardware == design.hardware; });
    if (found == all.end()) {
      const std::vector<double> unknown(points, std::numeric_limits<double>::quiet_NaN());
      found = all.insert(all.end(), {design.hardware, unknown, unknown, {}});
    }
    found->accuracy[design.point] = design.accuracy.mean;
    if (design.cost == nullptr) continue;
    found->energy[design.point] = design.cost->pipelined_energy_j;
    if (design.point == 0) found->parts = design.cost->pipelined_energy_by_part;
  }
  return all;
}

Sensitivity answer_of(const std::string& hardware, const std::string& output, std::span<const double> f,
                      std::size_t axes) {
  Sensitivity s;
  s.hardware = hardware;
  s.output = output;
  s.middle = f[0];
  for (std::size_t a = 0; a < axes; ++a) {
    s.low.push_back(f[1 + 2 * a]);
    s.high.push_back(f[2 + 2 * a]);
  }
  const std::span<const double> sampled = f.subspan(1 + 2 * axes);
  const std::size_t n = sampled.size() / (axes + 2);
  const std::span<const double> both = sampled.first(2 * n);
  s.mean = mean_of(both);
  double squares = 0;
  for (const double value : both) squares += (value - s.mean) * (value - s.mean);
  s.deviation = std::sqrt(squares / static_cast<double>(both.size() - 1));
  s.indices = sobol_indices(sampled.first(n), sampled.subspan(n, n), sampled.subspan(2 * n));
  return s;
}

}  // namespace

SobolSample sobol_sample(std::size_t inputs, std::size_t samples, std::uint64_t seed) {
  SobolSample s{inputs, samples, std::vector<double>(inputs * samples),
                std::vector<double>(inputs * samples)};
  std::vector<double> column(samples);
  for (std::size_t i = 0; i < inputs; ++i)
    for (std::uint32_t which = 0; which < 2; ++which) {
      fill_uniform(column, Draw{.seed = seed,
                                .purpose = Purpose::sensitivity,
                                .site = static_cast<std::uint32_t>(i),
                                .shot = which});
      for (std::size_t j = 0; j < samples; ++j) (which == 0 ? s.a : s.b)[j * inputs + i] = column[j];
    }
  return s;
}

std::vector<SobolIndex> sobol_indices(std::span<const double> at_a, std::span<const double> at_b,
                                      std::span<const double> at_ab) {
  const std::size_t n = at_a.size();
  if (n < 2 || at_b.size() != n || at_ab.size() % n != 0)
    throw Error("Sobol's indices take f at A, at B and at A_B of each input, 2 samples or more of each");
  const auto same = [&](double value) { return value == at_a[0]; };
  if (std::all_of(at_a.begin(), at_a.end(), same) && std::all_of(at_b.begin(), at_b.end(), same)) {
    constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
    return std::vector<SobolIndex>(at_ab.size() / n, {unknown, unknown, unknown, unknown});
  }
  const double mean = (mean_of(at_a) + mean_of(at_b)) / 2;
  std::vector<double> variance(n), first(n), total(n);
  for (std::size_t j = 0; j < n; ++j) {
    const double a = at_a[j] - mean, b = at_b[j] - mean;
    variance[j] = (a * a + b * b) / 2;
  }
  std::vector<SobolIndex> indices;
  for (std::size_t i = 0; i < at_ab.size() / n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const double step = at_ab[i * n + j] - at_a[j];
      first[j] = (at_b[j] - mean) * step;
      total[j] = step * step / 2;
    }
    SobolIndex index;
    std::tie(index.first, index.first_error) = ratio_of_means(first, variance);
    std::tie(index.total, index.total_error) = ratio_of_means(total, variance);
    indices.push_back(index);
  }
  return indices;
}

std::vector<SweepPoint> sensitivity_points(const SweepFile& sweep) {
  const std::vector<SweepAxis>& axes = sweep.axes;
  const std::size_t k = axes.size(), n = sweep.samples;
  const SobolSample shares = sobol_sample(k, n, sweep.seed);
  std::vector<SweepPoint> points;
  const auto add = [&](const auto& share_of_axis) {
    SweepPoint point;
    for (std::size_t a = 0; a < k; ++a) point.push_back(axes[a].at(share_of_axis(a)));
    points.push_back(std::move(point));
  };
  constexpr double middle = 0.5;
  add([&](std::size_t) { return middle; });
  for (std::size_t i = 0; i < k; ++i)
    for (const double end : {0.0, 1.0}) add([&](std::size_t a) { return a == i ? end : middle; });
  for (const std::vector<double>* sample : {&shares.a, &shares.b})
    for (std::size_t j = 0; j < n; ++j) add([&](std::size_t a) { return (*sample)[j * k + a]; });
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = 0; j < n; ++j)
      add([&](std::size_t a) { return (a == i ? shares.b : shares.a)[j * k + a]; });
  return points;
}

SensitivityResult sensitivity_of(const StoredSweep& sweep) {
  SensitivityResult result;
  for (const Outputs& outputs : outputs_of(sweep)) {
    result.outputs.push_back(answer_of(outputs.hardware, "accuracy", outputs.accuracy, sweep.axes.size()));
    result.outputs.push_back(answer_of(outputs.hardware, "energy", outputs.energy, sweep.axes.size()));
    result.parts_at_middle.push_back(outputs.parts);
  }
  return result;
}

}  // namespace fringe
