// What a comparison found, as values: the report prints them, the trace stores them.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/cost.hpp"
#include "sim/metric.hpp"
#include "workloads/training.hpp"

namespace fringe {

/// A mean with the half width of its 95 % interval (Student's t); NaN where there are fewer than two values.
struct Estimate {
  double mean = std::numeric_limits<double>::quiet_NaN();
  double half_width = std::numeric_limits<double>::quiet_NaN();
  std::size_t count = 0;
};
Estimate estimate(const std::vector<double>& values);

/// One batch in one scenario.
struct CostFigure {
  std::string scenario;  ///< "resident", "single core", "training", "training in situ", "training reprogram",
                         ///< "training single core"
  std::size_t batch = 1;
  Cost cost;

  double throughput_per_s() const { return static_cast<double>(batch) / cost.interval_s(); }
  /// Joules per sample: one batch at a time (its latency), or batches in a full pipeline (their interval).
  double energy_per_sample_j(Boundary boundary, bool pipelined) const;
};

/// Joules by part of work that occupies the hardware for duration_s; NaN where nothing counts them.
std::vector<double> energy_by_part(const Cost& cost, double duration_s);

struct LayerFigure {
  std::string name;
  std::size_t rows = 0, inner = 0, batch = 0;
  Cost cost;
  double error =
      std::numeric_limits<double>::quiet_NaN();  ///< ‖y − y_float‖/‖y_float‖ at this operator's output
};

struct HardwareResult {
  std::string name;
  std::string camp;  ///< "photonic" or "electronic"
  Provenance numerics = Provenance::none;
  Boundary boundary = Boundary::accelerator;
  bool available = true;
  std::string note;
  std::string no_training;  ///< why a board that is priced has no training step; "": it has, or none does
  std::vector<Estimate> scores;  ///< by metric: mean over folds, and chips where chips differ; empty: none
  std::size_t chips = 0;         ///< fabricated chips behind it; 0 for electronics
  bool equal = false;            ///< its score is as good as floating point's: Metric::equal_within
  std::vector<CostFigure> costs;
  std::vector<LayerFigure> layers;

  bool photonic() const { return camp == "photonic"; }
  Estimate score() const { return scores.empty() ? Estimate{} : scores.front(); }
  const CostFigure* at_batch_one(const std::string& scenario) const;
  /// The smallest batch whose throughput is within 2 % of the best; null where the scenario has no figures.
  const CostFigure* at_best_batch(const std::string& scenario) const;
};

struct SplitResult {
  std::string name;
  std::size_t train = 0, test = 0, exact_duplicates = 0;
  std::vector<double> scores;  ///< by metric, in floating point
  std::size_t leaked = 0;      ///< test samples known from training in any way: audit.hpp
};

/// What one imperfection costs over chips, by metric, in units of its difference.
struct CauseResult {
  std::string preset, cause;
  std::vector<Estimate> alone, without;
};

/// How a photonic system fares as a whole: what it loses in the first metric, and relative matrix error.
struct PhotonicSummary {
  std::string preset;
  std::size_t tiles = 0, modes = 0, cores = 0;  ///< cores of the resident scenario
  Estimate lost, lost_corrected, lost_in_loop;
  Estimate lost_before_in_loop;  ///< the same chips before they were trained
  Estimate matrix_error, matrix_error_corrected;
  double splitter_part_removed = 0;  ///< 1 − E_corrected/E of splitter errors alone, unlimited phase bits
};

/// What does without a network: a filter, a count.
struct Baseline {
  std::string name;
  std::vector<Estimate> scores;  ///< by metric
};

struct Comparison {
  std::string experiment, workload, data, host;
  std::uint64_t seed = 0;
  std::size_t samples = 0;
  bool imported = false;   ///< networks start from those of a file
  bool by_group = false;   ///< folds keep groups together
  std::size_t epochs = 0;  ///< of the training in floating point
  std::span<const Metric> metrics = accuracy_alone();
  std::vector<Estimate> float_scores;  ///< by metric, over folds
  std::vector<Baseline> baselines;
  std::vector<SplitResult> splits;
  std::vector<HardwareResult> hardware;
  std::vector<CauseResult> causes;
  std::vector<PhotonicSummary> photonic;
  bool stopped = false;  ///< ended early on request; what stands here is complete as far as it goes

  const Metric& metric() const { return metrics.front(); }  ///< what hardware is judged by
  Estimate float_score() const { return float_scores.empty() ? Estimate{} : float_scores.front(); }
};

}  // namespace fringe
