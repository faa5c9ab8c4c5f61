// Published throughput of 2 to 8 boards against electronic/data_parallel.hpp, the time of one board given.
//
// Rows. Those of sim/training_table.hpp with more than one board, a row of one board beside them and a known
// batch. Left out: rows flagged as latency-bound, anomalous or superlinear. Rows that exchange no gradient
// (Transformer-XL) are predicted with none and scored apart. NCF counts whole epochs while its loader drops
// the last, incomplete batch: its figures are taken by the share of the epoch that was computed.
//
// Sealed. About three tenths of the cells (board, interconnect, model, precision; all counts together), drawn
// by a hash of their names and listed in tests/sim/scaling_sealed.txt. Form and constants were chosen on the
// open ones, among about thirty forms, by leaving one model out; the whole table had been printed once before
// the draw. Fit: mean absolute relative error, by search along the logarithms of the ten constants.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "electronic/data_parallel.hpp"
#include "sim/training_models.hpp"
#include "sim/training_table.hpp"

namespace fringe {

/// Board of the catalogue that the table's label means; Error where none is known.
const GpuSpec& board_of(std::string_view label);

/// How the boards of a row reach each other.
const Interconnect& interconnect_of(std::string_view gpu, std::string_view notes, int count);

/// Units a second that a row computed: its throughput, but for NCF's dropped batches.
double computed_throughput(const TrainingRow& row);

struct ScalingRow {
  const TrainingRow* row;
  const TrainingModel* model;
  const Interconnect* interconnect;
  int pcie_generation;
  TrainingStep step;
  double efficiency;  ///< measured: throughput over count times that of one board
  bool sealed;
};

/// `table` must outlive the result.
std::vector<ScalingRow> scaling_rows(std::span<const TrainingRow> table);

/// Whether a cell (TrainingRow::cell) is sealed: FNV-1a, 64 bits, modulo 10 below 3.
bool is_sealed(std::string_view cell);

double predicted_efficiency(const ScalingRow& row, const ScalingConstants& constants);
/// Constants of least mean absolute relative error; `start` is where the search begins.
ScalingConstants fit_scaling(std::span<const ScalingRow> rows, const ScalingConstants& start);

/// One line of the report.
struct ScalingScore {
  std::string what;
  std::size_t rows = 0;
  double error = 0;               ///< mean absolute relative error
  double bar = 0;                 ///< at most; 0: none asked for
  std::string_view because = {};  ///< why it is known to be missed; empty: it must be met

  bool met() const { return bar == 0 || error <= bar; }
};

/// A claim of the literature on the table's machines, in measured figures and in modelled ones.
struct ScalingClaim {
  std::string what;
  double measured = 0, modelled = 0;
  bool more = false;  ///< the value must be more than the limit, else less
  double limit = 0;
  bool holds() const {
    return more ? measured > limit && modelled > limit : measured < limit && modelled < limit;
  }
};

struct ScalingResidual {
  std::string cell;
  int count;
  double measured, modelled;  ///< efficiency
};

struct ScalingReport {
  ScalingConstants constants;  ///< fitted to the open rows
  std::vector<ScalingScore> scores;
  std::vector<ScalingScore> by_model, by_interconnect;  ///< model left out, all rows
  std::vector<ScalingClaim> claims;
  std::vector<ScalingResidual> worst;
};

ScalingReport validate_scaling(std::span<const TrainingRow> table);
/// For a terminal of 100 columns.
std::string scaling_text(const ScalingReport& report);
/// 0, or 1 where a claim or a bar isn't met, or one is met that is known to be missed.
int exit_status(const ScalingReport& report);

}  // namespace fringe
