// What the parts of a comparison share: the experiment, its data and splits, the trained networks, where to
// compute.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/executor.hpp"
#include "core/observer.hpp"
#include "core/tensor.hpp"
#include "sim/checkpoint.hpp"
#include "sim/comparison.hpp"
#include "sim/experiment.hpp"
#include "sim/metric.hpp"
#include "sim/open_workload.hpp"
#include "workloads/audit.hpp"
#include "workloads/network.hpp"
#include "workloads/split.hpp"
#include "workloads/zoo.hpp"

namespace fringe {

/// One division of the data with the network that was trained on it in floating point.
struct TrainedFold {
  std::string name;
  Split split;
  AuditReport audit;
  Parameters parameters;
  Evaluation floating;  ///< of the test rows
  std::vector<EpochEvent> epochs;
};

/// The data of an experiment. A set that takes long to generate is not begun for a workload that doesn't take
/// it.
std::shared_ptr<const OpenedData> open_data(const Experiment& experiment, ThreadPool& pool);

class Study {
 public:
  /// Loads the data, audits its splits and, where its path isn't empty, reads the checkpoint that trainings
  /// go on from and write to. Throws Error where data and workload, or checkpoint and experiment, don't fit,
  /// or where test rows stand in training rows and the experiment doesn't allow it. `data`: the experiment's,
  /// where somebody has opened them.
  Study(const Experiment& experiment, ThreadPool& pool, Observer& observer,
        const std::string& checkpoint_path = "", std::shared_ptr<const OpenedData> data = nullptr);
  /// With the data, splits and networks of another study, trained or not: for an experiment that differs from
  /// its in nothing that they depend on.
  Study(const Study& other, const Experiment& experiment, ThreadPool& pool, Observer& observer,
        const std::string& checkpoint_path = "");

  const Experiment& experiment() const noexcept { return *experiment_; }
  ThreadPool& pool() const noexcept { return *pool_; }
  Executor& cpu() const noexcept { return *cpu_; }
  Observer& observer() const noexcept { return *observer_; }
  const Dataset& data() const noexcept { return *data_; }
  const Graph& graph() const noexcept { return workload_.graph; }
  /// Whether the networks are those of a file, as they are or, with epochs, trained further.
  bool imported() const noexcept { return workload_.trained != nullptr; }
  /// Of that file.
  const std::string& model_sha256() const noexcept { return workload_.sha256; }
  /// What results are measured in; the first judges hardware.
  std::span<const Metric> metrics() const noexcept { return metrics_; }
  /// The folds whose networks every hardware runs.
  std::vector<TrainedFold>& folds() noexcept { return folds_; }
  const std::vector<TrainedFold>& folds() const noexcept { return folds_; }
  /// The split that keeps the order of the file; empty where the data brings its own split, where the parts
  /// of its groups stand apart in the file, and where nothing is trained.
  const std::vector<TrainedFold>& ordered() const noexcept { return ordered_; }
  const TrainedFold& fold_of_chip(std::size_t chip) const { return folds_[chip % folds_.size()]; }
  /// Training rows that set converter ranges.
  std::span<const std::uint32_t> calibration_rows(const TrainedFold& fold) const;

  /// Forgets all but the first folds, and the ordered split: chips of a number run no other networks.
  void keep_folds(std::size_t folds);
  /// Trains all folds and the ordered split on the CPU in floating point, on what the experiment puts in
  /// between; TrainedFold::floating is without it. Stopped trainings leave folds that are trained in part.
  /// The network of a file goes on from its weights, or with no epochs stays as it is.
  void train_floating();
  /// For the training of that name.
  Checkpoints checkpoints(const std::string& name) const;

  /// task(i) for i < count in parallel, with progress under `what`; false where the observer asked to stop.
  bool each(const std::string& what, std::size_t count, const std::function<void(std::size_t)>& task);

 private:
  const Experiment* experiment_;
  ThreadPool* pool_;
  Observer* observer_;
  std::unique_ptr<Executor> cpu_;
  std::unique_ptr<CheckpointFile> checkpoint_;
  std::shared_ptr<const Dataset> data_;
  OpenedWorkload workload_;
  std::span<const Metric> metrics_;
  std::vector<TrainedFold> folds_, ordered_;
};

/// By metric, of the first rows.size() samples of the evaluation.
std::vector<double> scores_of(const Study& study, const Evaluation& evaluation,
                              std::span<const std::uint32_t> rows);

/// By metric, of evaluations of all test rows, one a fold: over folds; over the samples of a single fold
/// where each has a score of its own.
std::vector<Estimate> scores_over_folds(const Study& study, const std::vector<Evaluation>& evaluations);

/// The rows as a batch in the executor's memory, [features × rows].
Tensor load_rows(Executor& executor, const Dataset& data, std::span<const std::uint32_t> rows);

/// A forward pass of the rows in which hardware sets its converter ranges.
void calibrate(Network& network, const Dataset& data, std::span<const std::uint32_t> rows,
               std::uint64_t seed);

}  // namespace fringe
