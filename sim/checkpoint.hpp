// Trainings under way in one HDF5 file that is always whole: it is written beside the old one, forced to the
// disk and then takes its name. A killed run leaves the last finished checkpoint.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "workloads/dataset.hpp"
#include "workloads/graph.hpp"
#include "workloads/training_state.hpp"

namespace fringe {

/// Tells networks and data apart: 64 bits of every operator with its name, inputs, shape and parameters, and
/// of every number and label of the samples; and of the parameters that training starts from, where a file
/// gives them.
std::uint64_t fingerprint(const Graph& graph, const Dataset& data, const Parameters* start = nullptr);

class CheckpointFile {
 public:
  /// Reads the file, or writes an empty one where there is none. Throws Error where it can't be read or
  /// written, is no checkpoint, or is one of another experiment (any difference in its text), network, data,
  /// program version or random scheme, after which no training would go on with the same bits.
  CheckpointFile(std::string path, std::string experiment_text, std::uint64_t fingerprint);

  const std::string& path() const noexcept { return path_; }
  std::size_t trainings() const { return states_.size(); }
  /// The training of that name, null where it has left no checkpoint; valid until its next save().
  const TrainingState* find(const std::string& name) const;
  /// Callable from any thread that runs while no other part of the program uses HDF5.
  void save(const std::string& name, const TrainingState& state);
  /// What train() takes for the training of that name, with a checkpoint every so many steps (0: epoch).
  Checkpoints of(const std::string& name, std::size_t every);

 private:
  void read();
  void write() const;

  std::string path_, experiment_text_;
  std::uint64_t fingerprint_;
  mutable std::mutex mutex_;
  std::map<std::string, TrainingState> states_;
};

}  // namespace fringe
