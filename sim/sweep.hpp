// The sweep itself: trains networks once for all points that share them, runs points and replicas side by
// side, and leaves every finished one in a trace that the same command goes on from.
#pragma once

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "core/observer.hpp"
#include "core/thread_pool.hpp"
#include "sim/comparison.hpp"
#include "sim/sweep_plan.hpp"

namespace fringe {

/// One chip of a photonic system, or one network on electronics, tested. Every hardware of a replica runs the
/// same networks on the same samples: chip c those of fold c.
struct SweepScore {
  std::string hardware;  ///< "realistic, corrected", "h200 fp16"
  std::string camp;      ///< "photonic" or "electronic"
  std::size_t chip = 0, fold = 0;
  double accuracy = 0, float_accuracy = 0;
  double matrix_error = std::numeric_limits<double>::quiet_NaN();  ///< of chips
};

/// What a hardware costs, weights resident; energies are of one sample inside Boundary::accelerator.
struct SweepCost {
  std::string hardware, camp;
  Provenance provenance = Provenance::none;
  double latency_s = 0, energy_j = 0;                   ///< of one sample alone
  std::size_t batch = 1;                                ///< the smallest within 2 % of the best throughput
  double throughput_per_s = 0, pipelined_energy_j = 0;  ///< at that batch, in a full pipeline
  std::vector<double> energy_by_part, pipelined_energy_by_part;  ///< all boundaries
  double price_usd = std::numeric_limits<double>::quiet_NaN();   ///< of the board; NaN: none is known
  double area_m2 = std::numeric_limits<double>::quiet_NaN();     ///< with on-chip memory for one sample
};

/// One point with one seed.
struct SweepRun {
  std::size_t point = 0, replica = 0;
  std::uint64_t seed = 0;
  std::vector<SweepScore> scores;
  std::vector<SweepCost> costs;  ///< of replica 0: they don't depend on the seed
};

struct SweepResult {
  std::vector<SweepRun> runs;  ///< finished ones, by point and replica
  std::size_t found = 0;       ///< of them, how many an earlier call had finished
  bool stopped = false;
};

/// Electronics stand at the first point with their networks and electronics: points that differ in photonics
/// alone share them. Equal plans give equal numbers for any number of threads, measured ones aside, and for
/// any number of interruptions: a trace that exists is gone on from, and in the end equals one that was
/// written at once. A finished run is written at once, or with the next one where it took less
/// than a fifth of a second and the last write is no older. Finished trainings that several runs share
/// wait beside the trace, in the folder trace_path + ".networks", until the sweep is complete. Throws Error
/// on data that don't fit and where the trace can't be written, is being written, or holds anything but this
/// sweep.
SweepResult run_sweep(const SweepPlan& plan, ThreadPool& pool, Observer& observer,
                      const std::string& trace_path);

}  // namespace fringe
