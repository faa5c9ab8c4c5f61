#include "sim/compare.hpp"

#include <fmt/format.h>

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
#include "sim/cost_study.hpp"
#include "sim/modelled.hpp"
#include "sim/operator_errors.hpp"
#include "sim/photonic_study.hpp"
#include "sim/study.hpp"
#include "sim/trace_records.hpp"
#include "sim/version.hpp"

namespace fringe {
namespace {

constexpr std::size_t shown_images = 4;  // that the trace keeps of each

class Run {
 public:
  /// The trace is created last, when nothing in the input can fail any more.
  Run(const Experiment& experiment, ThreadPool& pool, Observer& observer, const std::string& trace_path,
      const std::string& checkpoint_path)
      : study_(experiment, pool, observer, checkpoint_path),
        trace_(std::make_unique<TraceWriter>(
            trace_path, TraceInfo{std::string(program_version), std::string(program_commit), experiment.text,
                                  experiment.seed, cpu_name(), static_cast<std::int64_t>(pool.size()),
                                  cuda_status().device})) {}

  bool nothing_recorded() const { return result_.splits.empty(); }

  Comparison operator()() {
    result_.experiment = experiment().name;
    result_.workload = experiment().workload;
    result_.data = study_.data().name;
    result_.samples = study_.data().samples;
    result_.imported = study_.imported();
    result_.by_group = !study_.data().groups.empty();
    result_.epochs = experiment().training.epochs;
    result_.metrics = study_.metrics();
    result_.host = cpu_name();
    result_.seed = experiment().seed;
    result_.stopped = !(floating() && electronics() && photonics());
    return std::move(result_);
  }

 private:
  const Experiment& experiment() const { return study_.experiment(); }
  bool go_on() const { return !study_.observer().stop_requested(); }

  void finish(HardwareResult hardware) {
    hardware.equal =
        hardware.available && result_.metric().equal(result_.float_score().mean, hardware.score().mean);
    record_hardware(*trace_, hardware, result_.metrics);
    record_scores(*trace_, result_.metrics, hardware.name, "hardware", hardware.scores);
    result_.hardware.push_back(std::move(hardware));
  }

  // ---- floating point: the networks that every hardware runs

  bool floating() {
    for (const TrainedFold& fold : study_.folds()) record_audit(*trace_, fold.name, fold.audit);
    for (const TrainedFold& fold : study_.ordered()) record_audit(*trace_, fold.name, fold.audit);
    study_.train_floating();
    if (!go_on()) return false;
    record_metrics(*trace_, result_.metrics);
    const auto keep = [&](const TrainedFold& fold) {
      record_epochs(*trace_, "floating point, " + fold.name, fold.epochs);
      const SplitResult split{fold.name,
                              fold.split.train.size(),
                              fold.split.test.size(),
                              fold.audit.exact,
                              scores_of(study_, fold.floating, fold.split.test),
                              fold.audit.leaked};
      record_split(*trace_, split, result_.metrics);
      result_.splits.push_back(split);
    };
    std::vector<Evaluation> floating;
    for (const TrainedFold& fold : study_.folds()) {
      keep(fold);
      floating.push_back(fold.floating);
    }
    for (const TrainedFold& fold : study_.ordered()) keep(fold);
    result_.float_scores = scores_over_folds(study_, floating);
    record_scores(*trace_, result_.metrics, "floating point", "floating point", result_.float_scores);
    show("target", "target", nullptr);
    show("floating point", "floating point", &floating.front());
    if (!measure_baselines()) return false;
    // Outputs of every dense operator in floating point, against which errors are measured.
    const auto blas = make_cpu_blas(study_.cpu(), study_.pool());
    float_outputs_ = operator_outputs(study_, *blas);
    return true;
  }

  /// Keeps the first test images of fold 0 as they are told; without an evaluation, the targets.
  void show(const std::string& subject, const std::string& role, const Evaluation* evaluation) {
    if (!tells_images(study_.data())) return;
    const std::vector<std::uint32_t>& test = study_.folds().front().split.test;
    const std::span<const std::uint32_t> rows(
        test.data(), std::min(shown_images, evaluation != nullptr ? evaluation->samples : test.size()));
    record_images(*trace_, subject, role, study_.data(), rows, evaluation, study_.metrics());
  }

  bool measure_baselines() {
    std::vector<std::string> names;
    std::vector<std::vector<Evaluation>> of;  // by baseline, then fold
    study_.observer().progress("baselines", 0, study_.folds().size());
    for (std::size_t k = 0; k < study_.folds().size(); ++k) {
      if (!go_on()) return false;
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
      record_scores(*trace_, result_.metrics, names[b], "baseline", result_.baselines.back().scores);
      show(names[b], "baseline", &of[b].front());
    }
    return true;
  }

  void add_layers(HardwareResult& result, Accelerator& hardware) {
    if (result.costs.empty()) return;
    const CostFigure* best = result.at_best_batch(result.costs.front().scenario);
    result.layers = layer_costs(study_, hardware, best->batch);
    add_errors(result.layers, operator_outputs(study_, hardware), float_outputs_);
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
      add_layers(cpu, *blas);
      finish(std::move(cpu));
      progress();
    }
    for (const std::string& format : experiment().cublas) {
      if (!cublas(format)) return false;
      progress();
    }
    for (const std::string& format : experiment().formats) {
      if (!go_on()) return false;
      for (const std::string& board : experiment().gpus)
        if (const GpuSpec& gpu = find_gpu(board); gpu.peak(find_format(format)) > 0)
          modelled(modelled_gpu(gpu, find_format(format), study_.cpu(), study_.pool()));
      progress();
    }
    for (const std::string& chip : experiment().systolic) {
      if (!go_on()) return false;
      for (const Dataflow dataflow : dataflows)
        modelled(modelled_array(find_systolic(chip), dataflow, study_.cpu(), study_.pool()));
      progress();
    }
    return go_on();
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
    keep_outputs(result.name, evaluations, rows);
  }

  /// Predictions and confusion of classes, images of images.
  void keep_outputs(const std::string& name, const std::vector<Evaluation>& evaluations,
                    const std::vector<std::span<const std::uint32_t>>& rows) {
    show(name, "hardware", &evaluations.front());
    if (evaluations.front().labels != 1) return;
    std::vector<std::uint32_t> confusion(study_.graph().classes() * study_.graph().classes());
    for (std::size_t k = 0; k < evaluations.size(); ++k) {
      record_predictions(*trace_, name, k, study_.data(), rows[k], evaluations[k]);
      for (std::size_t i = 0; i < confusion.size(); ++i) confusion[i] += evaluations[k].confusion[i];
    }
    record_confusion(*trace_, name, confusion);
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
      add_layers(measured, *gpu);
      measured.note = cuda_status().device + "; " + cublas_conditions(*gpu);
      result = std::move(measured);
    } catch (const Error& error) {
      const CudaStatus status = cuda_status();
      result.available = false;
      result.note = status.available ? status.device + ": " + error.what() : status.reason;
    }
    finish(std::move(result));
    return go_on();
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
    add_layers(result, *board.hardware);
    finish(std::move(result));
  }

  // ---- photonics

  bool photonics() {
    bool had_ideal = false;
    for (const PhotonicEntry& entry : experiment().photonic) {
      if (entry.numbers) {
        if (!number_results(entry)) return false;
        continue;
      }
      if (!std::exchange(had_ideal, true) && !ideal(entry)) return false;
      if (!main_results(entry) || !splitter_part(entry) || !causes(entry)) return false;
    }
    return true;
  }

  /// Chips × cases in parallel; results by case, then chip.
  bool run_cases(const std::string& what, const PhotonicEntry& entry, const std::vector<PhotonicCase>& cases,
                 std::size_t chips, std::vector<std::vector<ChipResult>>& results,
                 bool keep_outputs = false) {
    results.assign(cases.size(), std::vector<ChipResult>(chips));
    const bool finished = study_.each(what, cases.size() * chips, [&](std::size_t i) {
      ChipResult& result = results[i / chips][i % chips];
      result = run_chip(study_, entry, cases[i / chips], i % chips);
      if (!keep_outputs) result.evaluation = {};
    });
    if (!finished) return false;
    for (std::size_t c = 0; c < cases.size(); ++c)
      record_chips(*trace_, entry.name, cases[c].name, results[c], result_.metrics);
    return true;
  }

  std::vector<Estimate> scores_of_chips(const std::vector<ChipResult>& chips) const {
    std::vector<Estimate> scores;
    for (std::size_t m = 0; m < result_.metrics.size(); ++m) {
      Estimate score = estimate(lost(study_, chips, m));
      score.mean = result_.metrics[m].after(result_.float_scores[m].mean, score.mean);
      score.half_width /= result_.metrics[m].scale;
      scores.push_back(score);
    }
    return scores;
  }

  /// One chip of each fold together predicts every test sample once.
  void record_chip_predictions(const std::string& name, const std::vector<ChipResult>& chips) {
    std::vector<Evaluation> evaluations;
    std::vector<std::span<const std::uint32_t>> rows;
    for (std::size_t k = 0; k < std::min(study_.folds().size(), chips.size()); ++k) {
      evaluations.push_back(chips[k].evaluation);
      rows.push_back(chips[k].rows);
    }
    keep_outputs(name, evaluations, rows);
  }

  HardwareResult photonic_result(std::string name, const std::vector<ChipResult>& chips) {
    HardwareResult result;
    result.name = std::move(name);
    result.camp = "photonic";
    result.numerics = Provenance::simulated;
    result.chips = chips.size();
    result.scores = scores_of_chips(chips);
    return result;
  }

  bool ideal(const PhotonicEntry& entry) {
    std::vector<std::vector<ChipResult>> results;
    std::vector<PhotonicCase> cases{{"ideal", {}, false, false}};
    // From random phases, the ideal engine tells what training on phases can reach at all.
    if (experiment().in_loop.epochs > 0 && experiment().in_loop.random_start)
      cases.push_back({"ideal, trained on chip", {}, false, true});
    if (!run_cases("ideal photonic engine", entry, cases, study_.folds().size(), results, true)) return false;
    for (std::size_t c = 0; c < cases.size(); ++c) {
      HardwareResult result = photonic_result("photonic " + cases[c].name, results[c]);
      if (!cases[c].in_loop)  // of the folds: no chip differs from another
        for (std::size_t m = 0; m < result.scores.size(); ++m)
          result.scores[m].half_width = result_.float_scores[m].half_width;
      result.chips = 0;
      result.note = "no imperfection: tells rounding from physics; no hardware, so no cost";
      record_chip_predictions(result.name, results[c]);
      finish(std::move(result));
    }
    return true;
  }

  /// Chips of a number system differ in their noise alone: one for each fold.
  bool number_results(const PhotonicEntry& entry) {
    const std::vector<PhotonicCase> cases = main_cases(study_, entry);
    std::vector<std::vector<ChipResult>> results;
    if (!run_cases(entry.name + ": number system", entry, cases, study_.folds().size(), results, true))
      return false;
    const std::vector<CostFigure> costs = photonic_costs(study_, entry);
    for (std::size_t c = 0; c < cases.size(); ++c) {
      HardwareResult result = photonic_result(entry.name + ", " + cases[c].name, results[c]);
      result.note = fmt::format("number system {} on {} cores: converters and light act, meshes are ideal",
                                to_string(entry.numbers->all.kind),
                                entry.cores > 0 ? entry.cores : tiles_of_workload(study_.graph(), entry));
      if (entry.design.published)
        result.note +=
            fmt::format("; a published system's, for {} tiles", tiles_of_workload(study_.graph(), entry));
      result.costs = costs;
      if (!cases[c].in_loop) {
        PhotonicAccelerator chip(photonic_setup(study_, entry, cases[c], 0), study_.cpu(), study_.pool());
        add_layers(result, chip);
      } else {
        for (const ChipResult& chip : results[c])
          record_epochs(*trace_, entry.name + ", chip " + std::to_string(chip.chip), chip.epochs);
      }
      record_chip_predictions(result.name, results[c]);
      finish(std::move(result));
    }
    return true;
  }

  bool main_results(const PhotonicEntry& entry) {
    std::vector<PhotonicCase> cases = main_cases(study_, entry);
    std::vector<std::vector<ChipResult>> results, in_loop;
    const bool train = cases.back().in_loop;
    const PhotonicCase trained = cases.back();
    if (train) cases.pop_back();
    if (!run_cases(entry.name + ": fabricated chips", entry, cases, experiment().chips, results, true))
      return false;
    if (train && !run_cases(entry.name + ": training on chips", entry, {trained}, experiment().in_loop.chips,
                            in_loop, true))
      return false;

    PhotonicSummary summary;
    summary.preset = entry.name;
    summary.modes = entry.design.modes;
    summary.cores = entry.cores > 0 ? entry.cores : tiles_of_workload(study_.graph(), entry.design.modes);
    summary.tiles = tiles_of_workload(study_.graph(), entry.design.modes);
    summary.lost = estimate(lost(study_, results[0]));
    summary.lost_corrected = estimate(lost(study_, results[1]));
    summary.matrix_error = estimate(matrix_errors(results[0]));
    summary.matrix_error_corrected = estimate(matrix_errors(results[1]));

    const std::vector<CostFigure> costs = photonic_costs(study_, entry);
    const auto add = [&](const PhotonicCase& which, const std::vector<ChipResult>& chips) {
      HardwareResult result = photonic_result(entry.name + ", " + which.name, chips);
      result.costs = costs;
      if (!which.in_loop) {
        PhotonicAccelerator chip(photonic_setup(study_, entry, which, 0), study_.cpu(), study_.pool());
        add_layers(result, chip);
      }
      // All meshes of a trace have one size.
      const PhotonicDesign& first = experiment().photonic.front().design;
      if (entry.design.modes == first.modes && entry.design.topology == first.topology)
        record_phases(*trace_, result.name, chips.front().phases);
      record_chip_predictions(result.name, chips);
      finish(std::move(result));
    };
    for (std::size_t c = 0; c < cases.size(); ++c) add(cases[c], results[c]);
    if (train) {
      summary.lost_in_loop = estimate(lost(study_, in_loop[0]));
      std::vector<ChipResult> before(results[0].begin(),
                                     results[0].begin() + static_cast<std::ptrdiff_t>(in_loop[0].size()));
      summary.lost_before_in_loop = estimate(lost(study_, before));
      for (const ChipResult& chip : in_loop[0])
        record_epochs(*trace_, entry.name + ", chip " + std::to_string(chip.chip), chip.epochs);
      add(trained, in_loop[0]);
    }
    result_.photonic.push_back(summary);
    return true;
  }

  static std::vector<double> matrix_errors(const std::vector<ChipResult>& chips) {
    std::vector<double> errors;
    for (const ChipResult& chip : chips) errors.push_back(chip.matrix_error);
    return errors;
  }

  bool splitter_part(const PhotonicEntry& entry) {
    std::vector<std::vector<ChipResult>> results;
    if (!run_cases(entry.name + ": splitters alone", entry, splitter_cases(entry), experiment().chips,
                   results))
      return false;
    const double before = estimate(matrix_errors(results[0])).mean,
                 after = estimate(matrix_errors(results[1])).mean;
    result_.photonic.back().splitter_part_removed = before > 0 ? 1 - after / before : 0;
    return true;
  }

  bool causes(const PhotonicEntry& entry) {
    const std::vector<PhotonicCase> cases = cause_cases(entry);
    std::vector<std::vector<ChipResult>> results;
    if (!run_cases(entry.name + ": causes", entry, cases, experiment().chips, results)) return false;
    for (std::size_t c = 0; c < cases.size(); c += 2) {
      CauseResult cause{entry.name, cases[c].name.substr(std::string("only ").size()), {}, {}};
      for (std::size_t m = 0; m < result_.metrics.size(); ++m) {
        cause.alone.push_back(estimate(lost(study_, results[c], m)));
        cause.without.push_back(estimate(lost(study_, results[c + 1], m)));
      }
      record_cause(*trace_, cause, result_.metrics);
      result_.causes.push_back(std::move(cause));
    }
    return true;
  }

  Study study_;
  std::unique_ptr<TraceWriter> trace_;
  Comparison result_;
  OperatorOutputs float_outputs_;
  std::map<Format, std::vector<Estimate>> scores_;  // of the modelled boards
};

}  // namespace

Comparison compare(const Experiment& experiment, ThreadPool& pool, Observer& observer,
                   const std::string& trace_path, const std::string& checkpoint_path) {
  auto run = std::make_unique<Run>(experiment, pool, observer, trace_path, checkpoint_path);
  try {
    return (*run)();
  } catch (...) {
    const bool empty = run->nothing_recorded();
    run.reset();
    std::error_code ignored;
    if (empty) std::filesystem::remove(trace_path, ignored);
    throw;
  }
}

}  // namespace fringe
