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
#include "sim/cost_study.hpp"
#include "sim/modelled.hpp"
#include "sim/photonic_study.hpp"
#include "sim/study.hpp"
#include "sim/trace_records.hpp"
#include "sim/version.hpp"

namespace fringe {
namespace {

constexpr std::size_t error_samples = 256;  // test samples behind the error of each operator

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
    result_.host = cpu_name();
    result_.seed = experiment().seed;
    result_.stopped = !(floating() && electronics() && photonics());
    return std::move(result_);
  }

 private:
  const Experiment& experiment() const { return study_.experiment(); }
  bool go_on() const { return !study_.observer().stop_requested(); }

  void finish(HardwareResult hardware) {
    hardware.equal_accuracy =
        hardware.available &&
        hardware.accuracy.mean >= result_.float_accuracy.mean - Comparison::equal_accuracy_points / 100;
    record_hardware(*trace_, hardware);
    result_.hardware.push_back(std::move(hardware));
  }

  // ---- floating point: the networks that every hardware runs

  bool floating() {
    for (const TrainedFold& fold : study_.folds()) record_audit(*trace_, fold.name, fold.audit);
    for (const TrainedFold& fold : study_.ordered()) record_audit(*trace_, fold.name, fold.audit);
    study_.train_floating();
    if (!go_on()) return false;
    std::vector<double> accuracies;
    const auto keep = [&](const TrainedFold& fold) {
      record_epochs(*trace_, "floating point, " + fold.name, fold.epochs);
      const SplitResult split{fold.name,        fold.split.train.size(), fold.split.test.size(),
                              fold.audit.exact, fold.floating.accuracy,  fold.audit.leaked};
      record_split(*trace_, split);
      result_.splits.push_back(split);
    };
    for (const TrainedFold& fold : study_.folds()) {
      keep(fold);
      accuracies.push_back(fold.floating.accuracy);
    }
    for (const TrainedFold& fold : study_.ordered()) keep(fold);
    result_.float_accuracy = estimate(accuracies);
    // Outputs of every dense operator in floating point, against which errors are measured.
    const auto blas = make_cpu_blas(study_.cpu(), study_.pool());
    float_outputs_ = operator_outputs(*blas);
    return true;
  }

  /// y of every operator with a weight matrix, by name, for the first test samples of fold 0; networks start
  /// from that fold's weights.
  std::map<std::string, std::vector<float>> operator_outputs(Accelerator& hardware) {
    const TrainedFold& fold = study_.folds().front();
    Network network(study_.graph(), fold.parameters, hardware);
    calibrate(network, study_.data(), study_.calibration_rows(fold), experiment().seed);
    std::map<std::string, std::vector<float>> outputs;
    network.set_hook([&](const ProductView& view) {
      // A large product comes in parts, the same on every hardware.
      std::vector<float>& y = outputs[std::string(view.name)];
      for (std::size_t r = 0; r < view.y.rows; ++r) {
        y.resize(y.size() + view.y.cols);
        hardware.executor().copy_to_host(y.data() + y.size() - view.y.cols, view.y.row(r),
                                         view.y.cols * sizeof(float));
      }
    });
    const std::span<const std::uint32_t> rows(fold.split.test.data(),
                                              std::min(error_samples, fold.split.test.size()));
    Context context;
    context.seed = experiment().seed;
    const Tensor x = load_rows(hardware.executor(), study_.data(), rows);
    network.forward(x.view(), context);
    return outputs;
  }

  void add_layers(HardwareResult& result, Accelerator& hardware) {
    if (result.costs.empty()) return;
    const CostFigure* best = result.at_best_batch(result.costs.front().scenario);
    result.layers = layer_costs(study_, hardware, best->batch);
    const auto outputs = operator_outputs(hardware);
    for (LayerFigure& layer : result.layers) {
      const auto found = outputs.find(layer.name);
      if (found == outputs.end()) continue;  // a product of two activations
      const std::vector<float>&y = found->second, &expected = float_outputs_.at(layer.name);
      double error = 0, norm = 0;
      for (std::size_t i = 0; i < y.size(); ++i) {
        const double reference = expected[i], difference = y[i] - reference;
        error += difference * difference;
        norm += reference * reference;
      }
      layer.error = norm > 0 ? std::sqrt(error / norm) : 0;
    }
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
    std::vector<double> accuracies;
    std::vector<std::uint32_t> confusion(study_.graph().classes() * study_.graph().classes());
    for (std::size_t k = 0; k < study_.folds().size(); ++k) {
      const TrainedFold& fold = study_.folds()[k];
      Network network(study_.graph(), fold.parameters, hardware);
      const Evaluation evaluation = evaluate(network, study_.data(), fold.split.test);
      accuracies.push_back(evaluation.accuracy);
      record_predictions(*trace_, result.name, k, study_.data(), fold.split.test, evaluation);
      for (std::size_t i = 0; i < confusion.size(); ++i) confusion[i] += evaluation.confusion[i];
    }
    result.accuracy = estimate(accuracies);
    record_confusion(*trace_, result.name, confusion);
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
    if (const auto known = accuracies_.find(board.format); known != accuracies_.end()) {
      result.accuracy = known->second;
    } else {
      run_folds(result, *board.hardware);
      accuracies_[board.format] = result.accuracy;
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
                 std::size_t chips, std::vector<std::vector<ChipResult>>& results) {
    results.assign(cases.size(), std::vector<ChipResult>(chips));
    const bool finished = study_.each(what, cases.size() * chips, [&](std::size_t i) {
      results[i / chips][i % chips] = run_chip(study_, entry, cases[i / chips], i % chips);
    });
    if (!finished) return false;
    for (std::size_t c = 0; c < cases.size(); ++c)
      record_chips(*trace_, entry.name, cases[c].name, results[c]);
    return true;
  }

  Estimate accuracy_of(const std::vector<ChipResult>& chips) const {
    Estimate lost = estimate(points_lost(chips));
    lost.mean = result_.float_accuracy.mean - lost.mean / 100;
    lost.half_width /= 100;
    return lost;
  }

  /// One chip of each fold together predicts every test sample once.
  void record_chip_predictions(const std::string& name, const std::vector<ChipResult>& chips) {
    std::vector<std::uint32_t> confusion(study_.graph().classes() * study_.graph().classes());
    for (std::size_t k = 0; k < std::min(study_.folds().size(), chips.size()); ++k) {
      record_predictions(*trace_, name, k, study_.data(), chips[k].rows, chips[k].evaluation);
      for (std::size_t i = 0; i < confusion.size(); ++i) confusion[i] += chips[k].evaluation.confusion[i];
    }
    record_confusion(*trace_, name, confusion);
  }

  HardwareResult photonic_result(std::string name, const std::vector<ChipResult>& chips) {
    HardwareResult result;
    result.name = std::move(name);
    result.camp = "photonic";
    result.numerics = Provenance::simulated;
    result.chips = chips.size();
    result.accuracy = accuracy_of(chips);
    return result;
  }

  bool ideal(const PhotonicEntry& entry) {
    std::vector<std::vector<ChipResult>> results;
    std::vector<PhotonicCase> cases{{"ideal", {}, false, false}};
    // From random phases, the ideal engine tells what training on phases can reach at all.
    if (experiment().in_loop.epochs > 0 && experiment().in_loop.random_start)
      cases.push_back({"ideal, trained on chip", {}, false, true});
    if (!run_cases("ideal photonic engine", entry, cases, study_.folds().size(), results)) return false;
    for (std::size_t c = 0; c < cases.size(); ++c) {
      HardwareResult result = photonic_result("photonic " + cases[c].name, results[c]);
      if (!cases[c].in_loop)
        result.accuracy.half_width =
            result_.float_accuracy.half_width;  // of the folds: no chip differs from another
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
    if (!run_cases(entry.name + ": number system", entry, cases, study_.folds().size(), results))
      return false;
    const std::vector<CostFigure> costs = photonic_costs(study_, entry);
    for (std::size_t c = 0; c < cases.size(); ++c) {
      HardwareResult result = photonic_result(entry.name + ", " + cases[c].name, results[c]);
      result.note = fmt::format("number system {} on {} cores: converters and light act, meshes are ideal",
                                to_string(entry.numbers->all.kind),
                                entry.cores > 0 ? entry.cores : tiles_of_workload(study_.graph(), entry));
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
    if (!run_cases(entry.name + ": fabricated chips", entry, cases, experiment().chips, results))
      return false;
    if (train &&
        !run_cases(entry.name + ": training on chips", entry, {trained}, experiment().in_loop.chips, in_loop))
      return false;

    PhotonicSummary summary;
    summary.preset = entry.name;
    summary.modes = entry.design.modes;
    summary.cores = entry.cores > 0 ? entry.cores : tiles_of_workload(study_.graph(), entry.design.modes);
    summary.tiles = tiles_of_workload(study_.graph(), entry.design.modes);
    summary.lost = estimate(points_lost(results[0]));
    summary.lost_corrected = estimate(points_lost(results[1]));
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
      summary.lost_in_loop = estimate(points_lost(in_loop[0]));
      std::vector<ChipResult> before(results[0].begin(),
                                     results[0].begin() + static_cast<std::ptrdiff_t>(in_loop[0].size()));
      summary.lost_before_in_loop = estimate(points_lost(before));
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
      const CauseResult cause{entry.name, cases[c].name.substr(std::string("only ").size()),
                              estimate(points_lost(results[c])), estimate(points_lost(results[c + 1]))};
      record_cause(*trace_, cause);
      result_.causes.push_back(cause);
    }
    return true;
  }

  Study study_;
  std::unique_ptr<TraceWriter> trace_;
  Comparison result_;
  std::map<std::string, std::vector<float>> float_outputs_;
  std::map<Format, Estimate> accuracies_;  // of the modelled boards
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
