#include "sim/compare.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "core/error.hpp"
#include "electronic/cpu_blas.hpp"
#include "electronic/cpu_energy.hpp"
#include "electronic/cublas.hpp"
#include "sim/baselines.hpp"
#include "sim/compare_run.hpp"
#include "sim/cost_study.hpp"
#include "sim/modelled.hpp"
#include "sim/trace_records.hpp"
#include "sim/version.hpp"

namespace fringe {

void ComparisonRun::finish(HardwareResult hardware) {
  hardware.equal =
      hardware.available && result.metric().equal(result.float_score().mean, hardware.score().mean);
  record_hardware(*trace, hardware, result.metrics);
  record_scores(*trace, result.metrics, hardware.name, "hardware", hardware.scores);
  result.hardware.push_back(std::move(hardware));
}

constexpr std::size_t shown_images = 4;  // that the trace keeps of each

void ComparisonRun::show(const std::string& subject, const std::string& role, const Evaluation* evaluation) {
  if (!tells_images(study.data())) return;
  const std::vector<std::uint32_t>& test = study.folds().front().split.test;
  const std::span<const std::uint32_t> rows(
      test.data(), std::min(shown_images, evaluation != nullptr ? evaluation->samples : test.size()));
  record_images(*trace, subject, role, study.data(), rows, evaluation, study.metrics());
}

void ComparisonRun::keep_outputs(const std::string& name, const std::vector<Evaluation>& evaluations,
                                 const std::vector<std::span<const std::uint32_t>>& rows) {
  show(name, "hardware", &evaluations.front());
  if (evaluations.front().labels != 1) return;
  std::vector<std::uint32_t> confusion(study.graph().classes() * study.graph().classes());
  for (std::size_t k = 0; k < evaluations.size(); ++k) {
    record_predictions(*trace, name, k, study.data(), rows[k], evaluations[k]);
    for (std::size_t i = 0; i < confusion.size(); ++i) confusion[i] += evaluations[k].confusion[i];
  }
  record_confusion(*trace, name, confusion);
}

void ComparisonRun::add_layers(HardwareResult& hardware, Accelerator& accelerator) {
  if (hardware.costs.empty()) return;
  const CostFigure* best = hardware.at_best_batch(hardware.costs.front().scenario);
  hardware.layers = layer_costs(study, accelerator, best->batch);
  add_errors(hardware.layers, operator_outputs(study, accelerator), float_outputs);
}

namespace {

/// The networks in floating point, and electronics.
class Electronics {
 public:
  explicit Electronics(ComparisonRun& run)
      : run_(run), study_(run.study), trace_(*run.trace), result_(run.result) {}

  bool operator()() { return floating() && electronics(); }

 private:
  const Experiment& experiment() const { return run_.experiment(); }

  // ---- floating point: the networks that every hardware runs

  bool floating() {
    for (const TrainedFold& fold : study_.folds()) record_audit(trace_, fold.name, fold.audit);
    for (const TrainedFold& fold : study_.ordered()) record_audit(trace_, fold.name, fold.audit);
    study_.train_floating();
    if (!run_.go_on()) return false;
    record_metrics(trace_, result_.metrics);
    const auto keep = [&](const TrainedFold& fold) {
      record_epochs(trace_, "floating point, " + fold.name, fold.epochs);
      const SplitResult split{fold.name,
                              fold.split.train.size(),
                              fold.split.test.size(),
                              fold.audit.exact,
                              scores_of(study_, fold.floating, fold.split.test),
                              fold.audit.leaked};
      record_split(trace_, split, result_.metrics);
      result_.splits.push_back(split);
    };
    std::vector<Evaluation> floating;
    for (const TrainedFold& fold : study_.folds()) {
      keep(fold);
      floating.push_back(fold.floating);
    }
    for (const TrainedFold& fold : study_.ordered()) keep(fold);
    result_.float_scores = scores_over_folds(study_, floating);
    record_scores(trace_, result_.metrics, "floating point", "floating point", result_.float_scores);
    run_.show("target", "target", nullptr);
    run_.show("floating point", "floating point", &floating.front());
    if (!measure_baselines()) return false;
    // Outputs of every dense operator in floating point, against which errors are measured.
    const auto blas = make_cpu_blas(study_.cpu(), study_.pool());
    run_.float_outputs = operator_outputs(study_, *blas);
    return true;
  }

  bool measure_baselines() {
    std::vector<std::string> names;
    std::vector<std::vector<Evaluation>> of;  // by baseline, then fold
    study_.observer().progress("baselines", 0, study_.folds().size());
    for (std::size_t k = 0; k < study_.folds().size(); ++k) {
      if (!run_.go_on()) return false;
      std::vector<BaselineResult> found = baselines(study_, study_.folds()[k]);
      of.resize(found.size());
      for (std::size_t b = 0; b < found.size(); ++b) {
        if (k == 0) names.push_back(found[b].name);
        of[b].push_back(std::move(found[b].evaluation));
      }
      study_.observer().progress("baselines", k + 1, study_.folds().size());
    }
    for (std::size_t b = 0; b < of.size(); ++b) {
      result_.baselines.push_back({names[b], scores_over_folds(study_, of[b])});
      record_scores(trace_, result_.metrics, names[b], "baseline", result_.baselines.back().scores);
      run_.show(names[b], "baseline", &of[b].front());
    }
    return true;
  }

  // ---- electronics

  bool electronics() {
    const std::size_t steps = experiment().cpu + experiment().cublas.size() + experiment().formats.size() +
                              experiment().systolic.size();
    std::size_t done = 0;
    const auto progress = [&] {
      study_.observer().progress("electronics: running and pricing", done++, steps);
    };
    progress();
    if (experiment().cpu) {
      const auto blas = make_cpu_blas(study_.cpu(), study_.pool());
      HardwareResult cpu = electronic_result("cpu-blas", *blas);
      cpu.note = cpu_name() + "; " + cpu_energy_status();
      run_folds(cpu, *blas);
      cpu.costs = inference_costs(study_, *blas, "resident");
      cpu.costs.push_back(training_cost(study_, *blas, "training"));
      run_.add_layers(cpu, *blas);
      run_.finish(std::move(cpu));
      progress();
    }
    for (const std::string& format : experiment().cublas) {
      if (!cublas(format)) return false;
      progress();
    }
    for (const std::string& format : experiment().formats) {
      if (!run_.go_on()) return false;
      for (const std::string& board : experiment().gpus)
        if (const GpuSpec& gpu = find_gpu(board); gpu.peak(find_format(format)) > 0)
          modelled(modelled_gpu(gpu, find_format(format), study_.cpu(), study_.pool()));
      progress();
    }
    for (const std::string& chip : experiment().systolic) {
      if (!run_.go_on()) return false;
      for (const Dataflow dataflow : dataflows)
        modelled(modelled_array(find_systolic(chip), dataflow, study_.cpu(), study_.pool()));
      progress();
    }
    return run_.go_on();
  }

  HardwareResult electronic_result(std::string name, Accelerator& hardware) {
    HardwareResult result;
    result.name = std::move(name);
    result.camp = "electronic";
    result.numerics = hardware.numerics();
    result.boundary = hardware.boundary();
    return result;
  }

  /// Tests all folds; keeps predictions and confusion.
  void run_folds(HardwareResult& result, Accelerator& hardware) {
    std::vector<Evaluation> evaluations;
    std::vector<std::span<const std::uint32_t>> rows;
    for (const TrainedFold& fold : study_.folds()) {
      Network network(study_.graph(), fold.parameters, hardware);
      evaluations.push_back(evaluate(network, study_.data(), fold.split.test));
      rows.push_back(fold.split.test);
    }
    result.scores = scores_over_folds(study_, evaluations);
    run_.keep_outputs(result.name, evaluations, rows);
  }

  bool cublas(const std::string& format) {
    const auto precision = std::find_if(cublas_names.begin(), cublas_names.end(), [&](std::string_view name) {
      return name.substr(name.find('-') + 1) == format;
    });
    if (precision == cublas_names.end()) throw Error("cuBLAS is not measured in format '" + format + "'");
    HardwareResult result;
    result.name = *precision;
    result.camp = "electronic";
    result.numerics = Provenance::measured;
    result.boundary = Boundary::board;
    // What this machine or its GPU can't do costs this row, not the comparison.
    try {
      const auto executor = make_cuda_executor();
      const auto gpu = make_cublas(static_cast<CublasPrecision>(precision - cublas_names.begin()), *executor);
      HardwareResult measured = electronic_result(result.name, *gpu);
      run_folds(measured, *gpu);
      measured.costs = inference_costs(study_, *gpu, "resident");
      if (trains(static_cast<CublasPrecision>(precision - cublas_names.begin())))
        measured.costs.push_back(training_cost(study_, *gpu, "training"));
      run_.add_layers(measured, *gpu);
      measured.note = cuda_status().device + "; " + cublas_conditions(*gpu);
      result = std::move(measured);
    } catch (const Error& error) {
      const CudaStatus status = cuda_status();
      result.available = false;
      result.note = status.available ? status.device + ": " + error.what() : status.reason;
    }
    run_.finish(std::move(result));
    return run_.go_on();
  }

  /// Numerics depend on the format alone, so each format is computed once for all boards.
  void modelled(const ModelledBoard& board) {
    HardwareResult result = electronic_result(board.name, *board.hardware);
    if (const auto known = scores_.find(board.format); known != scores_.end()) {
      result.scores = known->second;
    } else {
      run_folds(result, *board.hardware);
      scores_[board.format] = result.scores;
    }
    result.costs = inference_costs(study_, *board.hardware, "resident");
    if (board.trains()) result.costs.push_back(training_cost(study_, *board.hardware, "training"));
    run_.add_layers(result, *board.hardware);
    run_.finish(std::move(result));
  }

  ComparisonRun& run_;
  Study& study_;
  TraceWriter& trace_;
  Comparison& result_;
  std::map<Format, std::vector<Estimate>> scores_;  // of the modelled boards
};

}  // namespace

Comparison compare(const Experiment& experiment, ThreadPool& pool, Observer& observer,
                   const std::string& trace_path, const std::string& checkpoint_path) {
  ComparisonRun run{Study(experiment, pool, observer, checkpoint_path), nullptr, {}, {}};
  // The trace is created last, when nothing in the input can fail any more.
  run.trace = std::make_unique<TraceWriter>(
      trace_path,
      TraceInfo{std::string(program_version), std::string(program_commit), experiment.text, experiment.seed,
                cpu_name(), static_cast<std::int64_t>(pool.size()), cuda_status().device});
  try {
    record_model(*run.trace, experiment.workload, run.study.model_sha256());
    run.result.experiment = experiment.name;
    run.result.workload = experiment.workload;
    run.result.data = run.study.data().name;
    run.result.samples = run.study.data().samples;
    run.result.imported = run.study.imported();
    run.result.by_group = !run.study.data().groups.empty();
    run.result.epochs = experiment.training.epochs;
    run.result.metrics = run.study.metrics();
    run.result.host = cpu_name();
    run.result.seed = experiment.seed;
    run.result.stopped = !(Electronics(run)() && compare_photonics(run));
    return std::move(run.result);
  } catch (...) {
    const bool empty = run.result.splits.empty();
    run.trace.reset();
    std::error_code ignored;
    if (empty) std::filesystem::remove(trace_path, ignored);
    throw;
  }
}

}  // namespace fringe
