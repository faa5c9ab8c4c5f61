#include "sim/precision.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "core/error.hpp"
#include "electronic/cpu_blas.hpp"
#include "sim/photonic_study.hpp"

namespace fringe {
namespace {

/// A key of an operator, lowered to the next value that saves energy.
struct Move {
  std::string operator_name;
  const NumberKey* key;
  NumberEntry numbers{};
  double from = 0, to = 0, energy_j = 0;
  double loss = 0, accuracy = 0, lost = 0;  // as last measured: from where the search stood, and in all
  bool measured = false;                    // from where the search stands now
};

class Search {
 public:
  Search(Study& study, const PhotonicEntry& entry, double points) : study_(study), entry_(entry) {
    if (!entry.numbers)
      throw Error("precision: photonic system '" + entry.name + "' has no [photonic." + entry.name +
                  ".numbers]");
    const TrainingOptions& training = study.experiment().training;
    if (training.validation == 0)
      throw Error("precision: the training held no rows back; validation must be above 0");
    if (study.data().classes == 0 || study.data().labels_per_sample != 1)
      throw Error("precision: takes data that tell one class for each sample");
    for (const TrainedFold& fold : study.folds()) {
      held_.push_back(
          hold_back(fold.split.train, training.validation, training.seed, study_.data().groups).validation);
      result_.rows += held_.back().size();
      test_.push_back(fold.split.test);
    }
    result_.system = entry.name;
    result_.before = result_.found = *entry.numbers;
    result_.points = points;
    floating_ = told(nullptr, held_);
    result_.float_accuracy = mean(floating_);
  }

  PrecisionSearch operator()() {
    const Score start = score(result_.found);
    result_.accuracy_before = result_.accuracy = start.accuracy;
    result_.energy_before_j = result_.energy_j = energy(result_.found);
    result_.reached = start.lost <= result_.points;
    if (!result_.reached)
      result_.reason = fmt::format(
          "not reached: the precision that the experiment has loses {:.2f} points already; give it more bits "
          "or averages",
          start.lost);
    std::vector<Move> moves;
    for (const int node : study_.graph().weight_nodes())
      for (const NumberKey& key : number_keys())
        if (key.lowered != NumberKey::Lowered::no && key.belongs_to(entry_.numbers->all.kind))
          moves.push_back({study_.graph().node(node).name, &key});
    if (result_.reached) lower_all(std::move(moves));
    result_.float_test = accuracy(nullptr, test_);
    result_.test_before = accuracy(&result_.before, test_);
    result_.test = accuracy(&result_.found, test_);
    return std::move(result_);
  }

 private:
  void lower_all(std::vector<Move> moves) {
    std::erase_if(moves, [&](Move& m) { return !lower(m); });
    while (!moves.empty()) {
      if (study_.observer().stop_requested()) {
        result_.reason = "stopped on request; lower precision may do";
        return;
      }
      // The first of the best: the order is that of operators and keys.
      const auto best = std::min_element(moves.begin(), moves.end(), [&](const Move& a, const Move& b) {
        const double saved_a = result_.energy_j - a.energy_j, saved_b = result_.energy_j - b.energy_j;
        const double x = a.loss * saved_b, y = b.loss * saved_a;
        return x < y || (x == y && saved_a > saved_b);
      });
      if (!best->measured) {
        const Score now = score(best->numbers);
        best->accuracy = now.accuracy;
        best->lost = now.lost;
        best->loss = std::max(0.0, result_.accuracy - now.accuracy);
        best->measured = true;
        continue;
      }
      const bool taken = best->lost <= result_.points;
      result_.steps.push_back({best->operator_name, std::string(best->key->key), best->from, best->to,
                               best->accuracy, best->energy_j, taken});
      if (!taken) {
        moves.erase(best);
        continue;
      }
      result_.found = best->numbers;
      result_.accuracy = best->accuracy;
      result_.energy_j = best->energy_j;
      std::erase_if(moves, [&](Move& m) { return !lower(m); });
    }
  }

  /// Finds the next value that saves energy; false where there is none.
  bool lower(Move& move) const {
    NumberSystem numbers = result_.found.of(move.operator_name);
    move.measured = false;
    move.from = move.key->get(numbers);
    for (;;) {
      const double now = move.key->get(numbers);
      const double next = move.key->lowered == NumberKey::Lowered::by_half ? std::floor(now / 2) : now - 1;
      if (next < move.key->least) return false;
      move.key->set(numbers, next);
      try {
        validate(numbers);
      } catch (const Error&) {
        return false;  // no such system, e.g. too few moduli of so few bits
      }
      move.numbers = with(move.operator_name, numbers);
      move.to = next;
      move.energy_j = energy(move.numbers);
      if (move.energy_j < result_.energy_j) return true;
    }
  }

  NumberEntry with(const std::string& name, const NumberSystem& numbers) const {
    NumberEntry changed = result_.found;
    const auto same = std::find_if(changed.operators.begin(), changed.operators.end(),
                                   [&](const auto& other) { return other.first == name; });
    if (same == changed.operators.end())
      changed.operators.emplace_back(name, numbers);
    else
      same->second = numbers;
    return changed;
  }

  PhotonicAccelerator hardware(const NumberEntry& numbers, std::size_t chip) const {
    PhotonicEntry changed = entry_;
    changed.numbers = numbers;
    return PhotonicAccelerator(
        photonic_setup(study_, changed, {.name = "precision", .effects = effects_of(entry_.design)}, chip),
        study_.cpu(), study_.pool());
  }

  double energy(const NumberEntry& numbers) const {
    PhotonicAccelerator priced = hardware(numbers, 0);
    const std::size_t batch = study_.experiment().batches.back();
    const CostFigure figure{"resident", batch, priced.price(lower_work(batch))};
    return figure.energy_per_sample_j(Boundary::accelerator, true);
  }
  std::vector<Work> lower_work(std::size_t batch) const {
    return fringe::lower(study_.graph(), batch, false);
  }

  /// Of the rows of all folds, 1 where a sample is told right; without numbers, in floating point.
  std::vector<double> told(const NumberEntry* numbers, const std::vector<std::vector<std::uint32_t>>& rows) {
    std::vector<std::vector<double>> right(rows.size());
    study_.pool().run(rows.size(), [&](std::size_t k, unsigned) {
      std::optional<PhotonicAccelerator> light;
      std::unique_ptr<Accelerator> electrons;
      Accelerator* const on = numbers != nullptr
                                  ? static_cast<Accelerator*>(&light.emplace(hardware(*numbers, k)))
                                  : (electrons = make_cpu_blas(study_.cpu(), study_.pool())).get();
      Network network(study_.graph(), study_.folds()[k].parameters, *on);
      Context context;
      context.seed = study_.experiment().seed;
      const Evaluation seen = evaluate(network, study_.data(), rows[k], context);
      for (std::size_t i = 0; i < rows[k].size(); ++i)
        right[k].push_back(seen.predictions[i] == study_.data().labels[rows[k][i]] ? 1 : 0);
    });
    std::vector<double> all;
    for (const auto& fold : right) all.insert(all.end(), fold.begin(), fold.end());
    ++measurements_;
    study_.observer().progress(entry_.name + ": precision", measurements_, measurements_ + 1);
    return all;
  }

  static double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }
  double accuracy(const NumberEntry* numbers, const std::vector<std::vector<std::uint32_t>>& rows) {
    return mean(told(numbers, rows));
  }

  struct Score {
    double accuracy;
    double lost;  ///< points against floating point, with a standard error of the difference
  };
  Score score(const NumberEntry& numbers) {
    const std::vector<double> now = told(&numbers, held_);
    std::vector<double> lost, squares;
    for (std::size_t i = 0; i < now.size(); ++i) {
      lost.push_back(floating_[i] - now[i]);
      squares.push_back(lost.back() * lost.back());
    }
    const double average = mean(lost), variance = mean(squares) - average * average;
    return {mean(now), 100 * (average + std::sqrt(variance / static_cast<double>(now.size())))};
  }

  Study& study_;
  const PhotonicEntry& entry_;
  std::vector<std::vector<std::uint32_t>> held_, test_;
  std::vector<double> floating_;  // told() of the rows held back
  std::size_t measurements_ = 0;
  PrecisionSearch result_;
};

}  // namespace

PrecisionSearch search_precision(Study& study, const PhotonicEntry& entry, double points) {
  return Search(study, entry, points)();
}

}  // namespace fringe
