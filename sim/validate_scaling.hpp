// Published throughput of 2 to 8 boards against electronic/data_parallel.hpp, the time of one board given.
//
// Rows. Those of sim/training_table.hpp with more than one board, a row of one board beside them and a known
// batch. Left out: rows flagged as latency-bound, anomalous or superlinear. Rows that exchange no gradient
// (Transformer-XL) are predicted with none and scored apart. Figures are those of
// computed_throughput(), of BERT by the steps that were made (training_runs.hpp).
//
// A run's start is in the published mean of BERT's short runs: a board after the first adds start_s to it, so
// that a step takes start_s·(n − 1)/steps longer there than in a long run.
//
// Sealed. About three tenths of the cells (board, interconnect, model, precision; all counts together), drawn
// by a hash of their names and listed in tests/sim/scaling_sealed.txt. Form and constants were chosen on the
// open ones, among about fifty forms, by leaving one model out; the terms of a run's start and of waits for
// data came later, from the open rows' logs. Not blind in the strict sense: the whole
// table had been printed once before the draw, and two sealed rows remembered from it (WaveGlow on eight RTX
// 3090) showed that WaveGlow's published runs have 512 channels, not 256. Fit: mean absolute relative error,
// by search along the logarithms of the eleven constants.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "electronic/data_parallel.hpp"
#include "sim/training_table.hpp"

namespace fringe {

/// How the boards of a row reach each other.
const Interconnect& interconnect_of(std::string_view gpu, std::string_view notes, int count);

struct ScalingRow {
  const TrainingRow* row;
  const TrainingModel* model;
  const Interconnect* interconnect;
  TrainingStep step;
  double one_per_s;   ///< units a second of one board
  double run_steps;   ///< that the throughput is the mean of, start included; infinity: without the start
  double efficiency;  ///< measured: throughput over count times that of one board
  bool sealed;

  /// Whether it says how a long training scales.
  bool of_a_long_run() const noexcept { return run_steps >= 50; }
};

/// `table` must outlive the result.
std::vector<ScalingRow> scaling_rows(std::span<const TrainingRow> table);

/// Whether a cell (TrainingRow::cell) is sealed: FNV-1a, 64 bits, modulo 10 below 3.
bool is_sealed(std::string_view cell);

/// Of a step, and of a run.
struct ScalingFit {
  ScalingConstants step;
  double start_s;  ///< by which each board after the first lengthens a run's start
};
/// Fitted to the open rows; its step is fitted_scaling().
const ScalingFit& fitted_scaling_runs() noexcept;

double predicted_efficiency(const ScalingRow& row, const ScalingFit& fit);
/// Constants of least mean absolute relative error; `start` is where the search begins.
ScalingFit fit_scaling(std::span<const ScalingRow> rows, const ScalingFit& start);

/// Mean absolute relative error of throughput over some rows.
struct ScalingScore {
  std::string what;
  std::size_t rows = 0;
  double error = 0;
};

/// Relative errors of the rows that exchange gradients, in their order, each predicted by constants fitted to
/// the open rows of all other workloads.
std::vector<double> workload_left_out(std::span<const ScalingRow> rows);

/// What the gallery's row gpu-scaling claims, in its order.
std::vector<ScalingScore> scaling_scores(std::span<const ScalingRow> rows);

/// Of one machine over another, geometric mean over the workloads, precisions and counts of both; or of one.
struct MachineRatio {
  double measured = 0, modelled = 0;
};
struct MachineRatios {
  MachineRatio two_3090_over_two_8000;                 ///< throughput, fp32, PCIe over NVLink
  MachineRatio nvswitch_over_pcie, bridges_over_none;  ///< efficiency, A100 and RTX 2080 Ti
  MachineRatio eight_3090_bert_fp16, eight_3090_bert_fp32, eight_3090_resnet_fp16;  ///< efficiency
};
MachineRatios machine_ratios(std::span<const ScalingRow> rows);

/// Where the errors are: by workload, by interconnect, the largest, and the constants of the open rows. For a
/// terminal of 100 columns.
std::string scaling_residuals(std::span<const ScalingRow> rows);

}  // namespace fringe
