// Which axis of a sweep moves accuracy and joules: each alone between its ends, and Sobol's indices over all
// of them.
//
// With inputs independent and uniform over their shares, the first-order index of input i is the share of the
// output's variance that knowing i removes on average, V[E(f|xᵢ)]/V; the total index is what is left when all
// others are known, E[V(f|x₋ᵢ)]/V. Two independent samples A and B of N points, and for each input A with its
// column from B, A_B, give (A. Saltelli et al., Comput. Phys. Commun. 181, 259, 2010,
// doi:10.1016/j.cpc.2009.09.018, table 2 b; M. J. W. Jansen, Comput. Phys. Commun. 117, 35, 1999,
// doi:10.1016/S0010-4655(98)00154-4)
//   first = mean(f(B)·(f(A_B) − f(A)))/V,   total = mean((f(A) − f(A_B))²)/(2V)
// with f counted from its mean over A and B, which leaves the first as it is on average and less scattered.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/sweep_plan.hpp"
#include "sim/sweep_report.hpp"

namespace fringe {

struct SobolIndex {
  double first = 0, total = 0;
  double first_error = 0, total_error = 0;  ///< standard errors, of the ratios of two means over the samples
};

/// Shares of each input in (0, 1), [samples × inputs]: uniform elements of Draw{seed, sensitivity, site =
/// input, shot = 0 for A and 1 for B}.
struct SobolSample {
  std::size_t inputs = 0, samples = 0;
  std::vector<double> a, b;
};
SobolSample sobol_sample(std::size_t inputs, std::size_t samples, std::uint64_t seed);

/// Indices of each input from f at A, at B and at each input's A_B, [inputs × samples]. NaN where f doesn't
/// vary.
std::vector<SobolIndex> sobol_indices(std::span<const double> at_a, std::span<const double> at_b,
                                      std::span<const double> at_ab);

/// Points of a sensitivity analysis of the sweep's axes, in this order: all axes at their middle; each at its
/// low and then its high end, the others at their middle; A; B; A_B of each axis.
std::vector<SweepPoint> sensitivity_points(const SweepFile& sweep);

/// How one output of one hardware answers.
struct Sensitivity {
  std::string hardware, output;  ///< "realistic, corrected"; "accuracy" or "energy"
  double middle = 0;
  double mean = 0, deviation = 0;  ///< over the ranges
  std::vector<double> low, high;   ///< by axis
  std::vector<SobolIndex> indices;
};
struct SensitivityResult {
  std::vector<Sensitivity> outputs;
  /// Joules of a sample by part at the middle, by hardware, in the order of the outputs.
  std::vector<std::vector<double>> parts_at_middle;
};
/// Of a complete trace of sensitivity_points(); accuracy is the mean over replicas and chips. Energy is that
/// of a sample at the best batch, inside Boundary::accelerator.
SensitivityResult sensitivity_of(const StoredSweep& sweep);

/// What a manager can read about one hardware, whose two outputs start at `first`: what costs the accuracy,
/// what the joules, and whether the first place stands: its total index is above the second's by more than
/// two standard errors, and no axis alone costs a point of accuracy anywhere else in its range.
std::vector<std::string> sensitivity_answer(const StoredSweep& sweep, const SensitivityResult& result,
                                            std::size_t first);

/// The tables, at most 118 columns wide, and the answers.
std::string sensitivity_text(const StoredSweep& sweep, const SensitivityResult& result,
                             const std::string& name);
std::string sensitivity_json(const StoredSweep& sweep, const SensitivityResult& result);

}  // namespace fringe
