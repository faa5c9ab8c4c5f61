#include "sim/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <memory>
#include <mutex>
#include <set>

#include "core/error.hpp"
#include "sim/photonic_study.hpp"
#include "sim/study.hpp"
#include "sim/sweep_hardware.hpp"
#include "sim/sweep_records.hpp"
#include "sim/sweep_trace.hpp"

namespace fringe {
namespace {

namespace fs = std::filesystem;

/// Asks whether to stop, tells nothing: tasks side by side must not draw over each other.
class Quiet final : public Observer {
 public:
  explicit Quiet(const Observer& outer) : outer_(&outer) {}
  bool stop_requested() const override { return outer_->stop_requested(); }

 private:
  const Observer* outer_;
};

/// FNV-1a, 64 bits: names of files.
std::string hashed(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return fmt::format("{:016x}", hash);
}

/// A text with a seed: what is the same for all runs that have both.
using Key = std::pair<std::string, std::uint64_t>;

class Sweep {
 public:
  Sweep(const SweepPlan& plan, ThreadPool& pool, Observer& observer, const std::string& trace_path)
      : plan_(plan), pool_(pool), observer_(observer), quiet_(observer), path_(trace_path) {}

  SweepResult operator()() {
    result_.runs = found_runs(plan_, path_);
    result_.found = result_.runs.size();
    find_what_is_left();
    if (!left_.empty()) {
      open_data();
      check_systems();
      price_electronics();
    }
    SweepTrace trace(plan_, path_, pool_.size());
    if (!left_.empty()) trace.begin(result_.runs);
    train_shared();
    run_all(trace);
    result_.stopped = result_.runs.size() < plan_.runs();
    if (!in_order(result_.runs)) {
      std::sort(result_.runs.begin(), result_.runs.end(), before);
      if (!result_.stopped) trace.begin(result_.runs);
    }
    std::error_code ignored;
    if (!result_.stopped) fs::remove_all(networks_folder(), ignored);
    return std::move(result_);
  }

 private:
  struct Task {
    std::size_t point, replica;
  };

  std::string networks_folder() const { return path_ + ".networks"; }
  std::uint64_t seed_of(const Task& task) const { return plan_.experiments[task.point].seed + task.replica; }
  Key network_of(const Task& task) const { return {plan_.networks[task.point], seed_of(task)}; }
  Key data_of(const Task& task) const { return {plan_.data[task.point], seed_of(task)}; }
  bool has_electronics(const Task& task) const { return electronics_at_.contains(task.point); }

  void find_what_is_left() {
    std::map<std::string_view, std::size_t> first;
    for (std::size_t p = 0; p < plan_.points.size(); ++p)
      if (first.emplace(plan_.electronics[p], p).second) electronics_at_.insert(p);
    std::set<std::pair<std::size_t, std::size_t>> done;
    for (const SweepRun& run : result_.runs) done.insert({run.point, run.replica});
    for (std::size_t p = 0; p < plan_.points.size(); ++p)
      for (std::size_t r = 0; r < plan_.sweep.replicas; ++r)
        if (!done.contains({p, r})) left_.push_back({p, r});
  }

  // ---- before anything is written

  /// Data are opened once, their splits drawn and audited once for each seed.
  void open_data() {
    std::map<Key, Task> needed;
    for (const Task& task : left_) needed.emplace(data_of(task), task);
    std::map<std::string, std::shared_ptr<const OpenedData>> opened;  // one after the other: HDF5
    for (const auto& [key, task] : needed) {
      const Experiment& e = plan_.experiments[task.point];
      std::shared_ptr<const OpenedData>& data = opened[key.first];
      if (!data) data = fringe::open_data(e, pool_);
      prepared_[key];
    }
    std::vector<std::pair<const Key*, Task>> tasks;
    for (const auto& [key, task] : needed) tasks.emplace_back(&key, task);
    each("drawing and auditing splits", tasks.size(), [&](std::size_t i) {
      const auto& [key, task] = tasks[i];
      auto prepared = std::make_unique<Prepared>(plan_.experiment(task.point, task.replica));
      prepared->study.emplace(prepared->experiment, pool_, quiet_, "", opened.at(key->first));
      prepared_.at(*key) = std::move(prepared);
    });
  }

  /// What a design refuses that only the chip or the workload shows.
  void check_systems() const {
    std::set<std::size_t> checked;
    for (const Task& task : left_) {
      if (!checked.insert(task.point).second) continue;
      const Prepared* prepared = prepared_.at(data_of(task)).get();
      if (prepared == nullptr) return;  // stopped
      check_point(task.point, *prepared->study);
    }
  }

  void check_point(std::size_t point, const Study& data) const {
    try {
      if (const Metric& metric = data.metrics().front(); metric.key != "accuracy")
        throw Error("a sweep compares accuracies; '" + data.experiment().workload + "' is judged by its " +
                    std::string(metric.name));
      check_systems_of(Study(data, plan_.experiments[point], pool_, quiet_));
    } catch (const Error& error) {
      throw Error(plan_.sweep.file + ": " + plan_.describe(point) + ": " + error.what());
    }
  }

  /// Measured ones while nothing else runs.
  void price_electronics() {
    for (const Task& task : left_) {
      const Prepared* prepared = prepared_.at(data_of(task)).get();
      if (prepared == nullptr || observer_.stop_requested()) return;
      if (task.replica == 0 && has_electronics(task))
        electronic_costs_[task.point] =
            electronic_costs(Study(*prepared->study, plan_.experiments[task.point], pool_, quiet_));
    }
  }

  // ---- networks

  struct Prepared {
    explicit Prepared(Experiment e) : experiment(std::move(e)) {}
    Experiment experiment;
    std::optional<Study> study;
  };

  /// The networks that chips of the experiment run, trained; with a checkpoint where `path` names one. The
  /// experiment must outlive it.
  Study trained(const Task& task, const Experiment& experiment, const std::string& path) {
    Study study(*prepared_.at(data_of(task))->study, experiment, pool_, quiet_, path);
    study.keep_folds(experiment.chips);
    study.train_floating();
    return study;
  }

  /// Those that several runs share, side by side, ahead of all runs.
  void train_shared() {
    std::map<Key, std::size_t> uses;
    for (const Task& task : left_) ++uses[network_of(task)];
    std::vector<Task> tasks;
    for (const Task& task : left_)
      if (uses.at(network_of(task)) > 1 && networks_.emplace(network_of(task), nullptr).second)
        tasks.push_back(task);
    if (tasks.empty()) return;
    fs::create_directories(networks_folder());
    each("training networks", tasks.size(), [&](std::size_t i) {
      const Key key = network_of(tasks[i]);
      auto network = std::make_unique<Prepared>(plan_.experiment(tasks[i].point, tasks[i].replica));
      Experiment& e = network->experiment;
      e.text = fmt::format("seed = {}\n{}", key.second, key.first);
      if (e.checkpoint_every == 0) e.checkpoint_every = no_checkpoint_before_the_end;
      network->study.emplace(trained(tasks[i], e, networks_folder() + "/" + hashed(e.text) + ".h5"));
      if (!observer_.stop_requested()) networks_.at(key) = std::move(network);
    });
  }

  // ---- runs

  /// A write costs a few percent of the shortest runs: one of them that ends soon after a write waits for the
  /// next to end.
  void run_all(SweepTrace& trace) {
    using Clock = std::chrono::steady_clock;
    constexpr auto patience = std::chrono::milliseconds(200);
    std::mutex mutex;
    std::vector<SweepRun> waiting;
    auto last = Clock::now();
    const auto write = [&] {
      trace.append(waiting);
      std::move(waiting.begin(), waiting.end(), std::back_inserter(result_.runs));
      waiting.clear();
      last = Clock::now();
    };
    try {
      each("points", left_.size(), [&](std::size_t i) {
        const auto start = Clock::now();
        std::optional<SweepRun> run = run_one(left_[i]);
        if (!run) return;
        const std::lock_guard lock(mutex);
        waiting.push_back(std::move(*run));
        if (const auto now = Clock::now(); now - std::min(start, last) >= patience) write();
      });
    } catch (...) {
      write();
      throw;
    }
    write();
  }

  /// None where the observer asked to stop in the middle of a training.
  std::optional<SweepRun> run_one(const Task& task) {
    const Experiment e = plan_.experiment(task.point, task.replica);
    const auto shared = networks_.find(network_of(task));
    const Study study =
        shared != networks_.end() ? Study(*shared->second->study, e, pool_, quiet_) : trained(task, e, "");
    const bool trains = shared == networks_.end() || e.in_loop.epochs > 0;
    if (trains && observer_.stop_requested()) return {};
    SweepRun run{task.point, task.replica, e.seed, {}, {}};
    for (const PhotonicEntry& entry : e.photonic) {
      for (PhotonicCase& which : main_cases(study, entry)) {
        const auto& cases = plan_.sweep.cases;
        if (!cases.empty() && std::find(cases.begin(), cases.end(), which.name) == cases.end()) continue;
        which.keep_phases = false;
        const std::string name = entry.name + ", " + which.name;
        const std::size_t chips = which.in_loop ? e.in_loop.chips : e.chips;
        for (std::size_t c = 0; c < chips; ++c) {
          const ChipResult chip = run_chip(study, entry, which, c);
          if (trains && observer_.stop_requested()) return {};
          run.scores.push_back({name, "photonic", c, chip.fold, chip.scores.front(),
                                chip.float_scores.front(), chip.matrix_error});
        }
        if (task.replica == 0) run.costs.push_back(photonic_cost(study, entry, name));
      }
    }
    if (has_electronics(task)) {
      score_electronics(study, run.scores);
      if (task.replica == 0) {
        const std::vector<SweepCost>& costs = electronic_costs_.at(task.point);
        run.costs.insert(run.costs.end(), costs.begin(), costs.end());
      }
    }
    return run;
  }

  /// task(i) for i < count in parallel, none after the observer asked to stop or one failed.
  void each(const std::string& what, std::size_t count, const std::function<void(std::size_t)>& task) {
    std::atomic<std::size_t> done{0};
    std::atomic<bool> failed{false};
    std::mutex mutex;
    observer_.progress(what, 0, count);
    pool_.run(count, [&](std::size_t i, unsigned) {
      if (failed || observer_.stop_requested()) return;
      try {
        task(i);
      } catch (...) {
        failed = true;
        throw;
      }
      const std::size_t finished = ++done;
      const std::lock_guard lock(mutex);
      observer_.progress(what, finished, count);
    });
  }

  static constexpr std::size_t no_checkpoint_before_the_end = std::numeric_limits<std::size_t>::max();

  const SweepPlan& plan_;
  ThreadPool& pool_;
  Observer& observer_;
  mutable Quiet quiet_;
  const std::string path_;
  SweepResult result_;
  std::vector<Task> left_;
  std::set<std::size_t> electronics_at_;  // points
  std::map<std::size_t, std::vector<SweepCost>> electronic_costs_;
  std::map<Key, std::unique_ptr<Prepared>> prepared_;  // data and splits, untrained
  std::map<Key, std::unique_ptr<Prepared>> networks_;  // shared ones
};

}  // namespace

SweepResult run_sweep(const SweepPlan& plan, ThreadPool& pool, Observer& observer,
                      const std::string& trace_path) {
  return Sweep(plan, pool, observer, trace_path)();
}

}  // namespace fringe
