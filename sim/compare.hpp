// The comparison itself: trains, runs every hardware, prices it, and records everything in a trace as it
// goes.
#pragma once

#include <string>

#include "core/observer.hpp"
#include "core/thread_pool.hpp"
#include "sim/comparison.hpp"
#include "sim/experiment.hpp"

namespace fringe {

/// Runs the experiment and writes its trace to `trace_path`. Where the observer asks to stop, returns what is
/// complete (Comparison::stopped); the trace then holds every record finished so far. Equal experiments give
/// equal numbers, measured ones aside. Throws Error on data that don't fit or a trace that can't be written;
/// a trace without a record is removed then, finished records stay.
/// Where checkpoint_path isn't empty, trainings leave their state there and go on from it: an experiment that
/// was killed or stopped gives, run again, the trace of one that was not.
Comparison compare(const Experiment& experiment, ThreadPool& pool, Observer& observer,
                   const std::string& trace_path, const std::string& checkpoint_path = "");

}  // namespace fringe
