#include "sim/study.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/error.hpp"
#include "electronic/cpu_blas.hpp"
#include "electronic/format_matrix.hpp"
#include "sim/open_dataset.hpp"
#include "sim/photonic_study.hpp"

namespace fringe {
namespace {

/// Progress of one training among several: counts epochs into a shared number.
class EpochCounter final : public Observer {
 public:
  EpochCounter(Observer& outer, std::atomic<std::size_t>& done, std::mutex& mutex, std::size_t total)
      : outer_(&outer), done_(&done), mutex_(&mutex), total_(total) {}
  void epoch(const EpochEvent&) override {
    const std::size_t done = ++*done_;
    const std::lock_guard lock(*mutex_);
    outer_->progress("training in floating point", done, total_);
  }
  bool stop_requested() const override { return outer_->stop_requested(); }

 private:
  Observer* outer_;
  std::atomic<std::size_t>* done_;
  std::mutex* mutex_;
  std::size_t total_;
};

/// What the experiment puts between its networks and their training hardware.
Perturbation perturbation_of(const Study& study) {
  const TrainingHardware& wanted = study.experiment().training_hardware;
  Perturbation perturbation = wanted.perturbation;
  for (const PhotonicEntry& entry : study.experiment().photonic)
    if (entry.name == wanted.fresh_chips)
      perturbation.fabricate = [&study, &entry](std::uint32_t chip) {
        return std::make_unique<PhotonicAccelerator>(
            photonic_setup(study, entry, {.name = "fresh chip", .effects = effects_of(entry.design)}, chip),
            study.cpu(), study.pool());
      };
  return perturbation;
}

}  // namespace

std::shared_ptr<const OpenedData> open_data(const Experiment& experiment, ThreadPool& pool) {
  if (const std::optional<Dataset> first = first_sample(experiment.data))
    open_workload(experiment.workload, *first);
  return std::make_shared<const OpenedData>(open_dataset(experiment.data, experiment.data_options, pool));
}

Study::Study(const Experiment& experiment, ThreadPool& pool, Observer& observer,
             const std::string& checkpoint_path, std::shared_ptr<const OpenedData> opened)
    : experiment_(&experiment), pool_(&pool), observer_(&observer), cpu_(make_cpu_executor(pool)) {
  if (!opened) opened = open_data(experiment, pool);
  std::vector<NamedSplit> splits = splits_of(*opened, experiment.folds, experiment.seed);
  data_ = {opened, &opened->data};
  workload_ = open_workload(experiment.workload, *data_);
  metrics_ = metrics_of(graph(), *data_);
  for (NamedSplit& each : splits) {
    const AuditReport audited = audit(*data_, each.split, experiment.near_tolerance);
    if (audited.leaks() && !experiment.allow_leak)
      throw Error("data '" + experiment.data + "', split '" + each.name + "': " + leak_sentence(audited) +
                  "; --allow-leak trains all the same and marks the trace (see fringe audit-data)");
    if (each.name == "ordered" && experiment.training.epochs == 0) continue;
    std::vector<TrainedFold>& to = each.name == "ordered" ? ordered_ : folds_;
    to.push_back({each.name, std::move(each.split), audited, {}, {}, {}});
  }
  if (!checkpoint_path.empty())
    checkpoint_ = std::make_unique<CheckpointFile>(checkpoint_path, experiment.text,
                                                   fingerprint(graph(), *data_, workload_.trained.get()));
}

Study::Study(const Study& other, const Experiment& experiment, ThreadPool& pool, Observer& observer,
             const std::string& checkpoint_path)
    : experiment_(&experiment),
      pool_(&pool),
      observer_(&observer),
      cpu_(make_cpu_executor(pool)),
      data_(other.data_),
      workload_(other.workload_),
      metrics_(other.metrics_),
      folds_(other.folds_),
      ordered_(other.ordered_) {
  if (!checkpoint_path.empty())
    checkpoint_ = std::make_unique<CheckpointFile>(checkpoint_path, experiment.text,
                                                   fingerprint(graph(), *data_, workload_.trained.get()));
}

void Study::keep_folds(std::size_t folds) {
  if (folds < folds_.size()) folds_.resize(folds);
  ordered_.clear();
}

Checkpoints Study::checkpoints(const std::string& name) const {
  return checkpoint_ ? checkpoint_->of(name, experiment_->checkpoint_every) : Checkpoints{};
}

std::span<const std::uint32_t> Study::calibration_rows(const TrainedFold& fold) const {
  return {fold.split.train.data(), std::min(experiment_->range_samples, fold.split.train.size())};
}

void Study::train_floating() {
  std::vector<TrainedFold*> all;
  for (TrainedFold& fold : folds_) all.push_back(&fold);
  for (TrainedFold& fold : ordered_) all.push_back(&fold);
  std::atomic<std::size_t> done{0};
  std::mutex mutex;
  const std::size_t epochs = experiment_->training.epochs * all.size();
  const Parameters start = imported() ? *workload_.trained : initial_parameters(graph(), experiment_->seed);
  // Folds in parallel, each on one thread; a single fold spreads its products instead.
  const auto train_one = [&](std::size_t i) {
    TrainedFold& fold = *all[i];
    const TrainingHardware& wanted = experiment_->training_hardware;
    const auto blas = make_cpu_blas(*cpu_, *pool_);
    if (experiment_->training.epochs == 0) {
      Network network(graph(), start, *blas);
      fold.parameters = start;
      fold.floating = evaluate(network, *data_, fold.split.test);
      return;
    }
    std::unique_ptr<Accelerator> products, perturbed;
    Accelerator* hardware = blas.get();
    if (wanted.format != Format::fp32)
      hardware = (products = make_format_emulation(wanted.format, *cpu_, *pool_)).get();
    if (Perturbation perturbation = perturbation_of(*this); perturbation.acts())
      hardware = (perturbed = make_perturbed(*hardware, std::move(perturbation))).get();
    Network network(graph(), start, *hardware);
    EpochCounter counter(*observer_, done, mutex, epochs);
    fold.epochs = train(network, *data_, fold.split.train, experiment_->training, &counter, fold.split.test,
                        checkpoints("floating point, " + fold.name))
                      .epochs;
    fold.parameters = network.parameters();
    if (wanted.plain()) {
      fold.floating = evaluate(network, *data_, fold.split.test);
    } else {
      Network exact(graph(), fold.parameters, *blas);
      fold.floating = evaluate(exact, *data_, fold.split.test);
    }
  };
  if (all.size() == 1)
    train_one(0);
  else
    pool_->run(all.size(), [&](std::size_t i, unsigned) { train_one(i); });
}

bool Study::each(const std::string& what, std::size_t count, const std::function<void(std::size_t)>& task) {
  std::atomic<std::size_t> done{0};
  std::mutex mutex;
  observer_->progress(what, 0, count);
  pool_->run(count, [&](std::size_t i, unsigned) {
    if (observer_->stop_requested()) return;
    task(i);
    const std::size_t finished = ++done;
    const std::lock_guard lock(mutex);
    observer_->progress(what, finished, count);
  });
  return done == count;
}

std::vector<double> scores_of(const Study& study, const Evaluation& evaluation,
                              std::span<const std::uint32_t> rows) {
  std::vector<double> scores;
  for (const Metric& metric : study.metrics()) scores.push_back(metric.score(evaluation, study.data(), rows));
  return scores;
}

std::vector<Estimate> scores_over_folds(const Study& study, const std::vector<Evaluation>& evaluations) {
  std::vector<Estimate> scores;
  for (const Metric& metric : study.metrics()) {
    std::vector<double> values;
    for (std::size_t k = 0; k < evaluations.size(); ++k) {
      const std::vector<std::uint32_t>& rows = study.folds()[k].split.test;
      if (evaluations.size() == 1 && metric.of_sample != nullptr)
        for (std::size_t i = 0; i < rows.size(); ++i)
          values.push_back(metric.of_sample(evaluations[k], study.data(), rows[i], i));
      else
        values.push_back(metric.score(evaluations[k], study.data(), rows));
    }
    scores.push_back(estimate(values));
  }
  return scores;
}

Tensor load_rows(Executor& executor, const Dataset& data, std::span<const std::uint32_t> rows) {
  std::vector<float> host(data.features * rows.size());
  gather(data, rows, {host.data(), data.features, rows.size()});
  Tensor x(executor, data.features, rows.size());
  x.from_host(host);
  return x;
}

void calibrate(Network& network, const Dataset& data, std::span<const std::uint32_t> rows,
               std::uint64_t seed) {
  const Tensor x = load_rows(network.accelerator().executor(), data, rows);
  Context context;
  context.seed = seed;
  context.calibrate = true;
  network.forward(x.view(), context);
}

}  // namespace fringe
