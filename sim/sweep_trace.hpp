// The trace of a sweep under way. Runs are appended as they finish; what begins a file, also a later one that
// takes its place, is written beside it and then takes its name, so a whole trace stands there at any moment.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/sweep.hpp"
#include "sim/trace_writer.hpp"

namespace fringe {

/// By point, then replica.
bool before(const SweepRun& a, const SweepRun& b) noexcept;
bool in_order(const std::vector<SweepRun>& runs);

/// The complete runs of the trace, in the order of the file; none where there is no file. Throws Error where
/// it holds anything but this sweep, comes from another version of the program, or is being written.
std::vector<SweepRun> found_runs(const SweepPlan& plan, const std::string& path);

class SweepTrace {
 public:
  SweepTrace(const SweepPlan& plan, std::string path, std::size_t threads)
      : plan_(&plan), path_(std::move(path)), threads_(threads) {}

  /// A new file with the runs, in place of any other.
  void begin(const std::vector<SweepRun>& runs);
  void append(const std::vector<SweepRun>& runs);

 private:
  const SweepPlan* plan_;
  std::string path_;
  std::size_t threads_;
  std::optional<TraceWriter> writer_;
};

}  // namespace fringe
