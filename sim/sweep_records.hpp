// A sweep's points and runs as records of a trace, and back.
#pragma once

#include <string>
#include <vector>

#include "sim/sweep.hpp"
#include "sim/trace_writer.hpp"

namespace fringe {

class TraceReader;

void record_axes(TraceWriter& trace, const std::vector<SweepAxis>& axes);
void record_points(TraceWriter& trace, const std::vector<SweepPoint>& points);
/// All records of the runs, with one flush for each table. Scores are the last: a run whose scores are there
/// is complete.
void record_runs(TraceWriter& trace, const std::vector<SweepRun>& runs);

/// An axis as a trace has it, and its points.
struct StoredAxis {
  std::string path;
  std::vector<std::string> labels;  ///< of values that aren't numbers
};
struct StoredSweep {
  std::vector<StoredAxis> axes;
  std::vector<double> points;  ///< [points × axes]
  std::vector<SweepRun> runs;  ///< complete ones, in the order of the file

  double value(std::size_t point, std::size_t axis) const { return points[point * axes.size() + axis]; }
  /// As the experiment's file would have it.
  std::string text(std::size_t point, std::size_t axis) const;
};
/// Throws Error where the trace can't be read or holds no sweep.
StoredSweep read_sweep_trace(const TraceReader& trace, const std::string& path);

}  // namespace fringe
