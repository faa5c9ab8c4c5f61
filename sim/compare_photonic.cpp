// The photonic half of a comparison: ideal engine, number systems, fabricated chips, training on them, and
// causes.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/compare_run.hpp"
#include "sim/cost_study.hpp"
#include "sim/photonic_study.hpp"
#include "sim/trace_records.hpp"

namespace fringe {
namespace {

class Photonics {
 public:
  explicit Photonics(ComparisonRun& run)
      : run_(run), study_(run.study), trace_(*run.trace), result_(run.result) {}

  bool operator()() {
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

 private:
  const Experiment& experiment() const { return run_.experiment(); }

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
      record_chips(trace_, entry.name, cases[c].name, results[c], result_.metrics);
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
    run_.keep_outputs(name, evaluations, rows);
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
    // The ideal engine tells what further training alone brings, and from random phases what it can reach at all.
    if (experiment().in_loop.epochs > 0)
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
      run_.finish(std::move(result));
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
      const auto system = to_string(entry.numbers->all.kind);
      const std::size_t tiles = tiles_of_workload(study_.graph(), entry);
      result.note =
          entry.design.published
              ? fmt::format(
                    "number system {} on the {} cores of a published system, {} tiles: converters act, "
                    "its light's noise isn't known",
                    system, entry.cores, tiles)
              : fmt::format("number system {} on {} cores: converters and light act, meshes are ideal",
                            system, entry.cores > 0 ? entry.cores : tiles);
      result.costs = costs;
      if (!cases[c].in_loop) {
        PhotonicAccelerator chip(photonic_setup(study_, entry, cases[c], 0), study_.cpu(), study_.pool());
        run_.add_layers(result, chip);
      } else {
        for (const ChipResult& chip : results[c])
          record_epochs(trace_, entry.name + ", chip " + std::to_string(chip.chip), chip.epochs);
      }
      record_chip_predictions(result.name, results[c]);
      run_.finish(std::move(result));
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
        run_.add_layers(result, chip);
      }
      // All meshes of a trace have one size.
      const PhotonicDesign& first = experiment().photonic.front().design;
      if (entry.design.modes == first.modes && entry.design.topology == first.topology)
        record_phases(trace_, result.name, chips.front().phases);
      record_chip_predictions(result.name, chips);
      run_.finish(std::move(result));
    };
    for (std::size_t c = 0; c < cases.size(); ++c) add(cases[c], results[c]);
    if (train) {
      summary.lost_in_loop = estimate(lost(study_, in_loop[0]));
      std::vector<ChipResult> before(results[0].begin(),
                                     results[0].begin() + static_cast<std::ptrdiff_t>(in_loop[0].size()));
      summary.lost_before_in_loop = estimate(lost(study_, before));
      for (const ChipResult& chip : in_loop[0])
        record_epochs(trace_, entry.name + ", chip " + std::to_string(chip.chip), chip.epochs);
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
      record_cause(trace_, cause, result_.metrics);
      result_.causes.push_back(std::move(cause));
    }
    return true;
  }

  ComparisonRun& run_;
  Study& study_;
  TraceWriter& trace_;
  Comparison& result_;
};

}  // namespace

bool compare_photonics(ComparisonRun& run) { return Photonics(run)(); }

}  // namespace fringe
