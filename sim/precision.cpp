#include "sim/precision.hpp"

#include <algorithm>
#include <cmath>
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
  double loss = 0, accuracy = 0;  // as last measured
  bool measured = false;          // from where the search stands now
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
    std::vector<std::vector<std::uint32_t>> test;
    for (const TrainedFold& fold : study.folds()) {
      held_.push_back(hold_back(fold.split.train, training.validation, training.seed).validation);
      result_.rows += held_.back().size();
      test_.push_back(fold.split.test);
    }
    result_.system = entry.name;
    result_.before = result_.found = *entry.numbers;
    result_.float_accuracy = accuracy(nullptr, held_);
    result_.wanted = result_.float_accuracy - points / 100;
  }

  PrecisionSearch operator()() {
    result_.accuracy_before = result_.accuracy = accuracy(&result_.found, held_);
    result_.energy_before_j = result_.energy_j = energy(result_.found);
    result_.reached = result_.accuracy >= result_.wanted;
    if (!result_.reached)
      result_.reason = "the precision that it starts from already loses more; give it more bits or averages";
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
        best->accuracy = accuracy(&best->numbers, held_);
        best->loss = std::max(0.0, result_.accuracy - best->accuracy);
        best->measured = true;
        continue;
      }
      const bool taken = best->accuracy >= result_.wanted;
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

  /// Share of the rows of all folds that are told right; without numbers, in floating point.
  double accuracy(const NumberEntry* numbers, const std::vector<std::vector<std::uint32_t>>& rows) {
    std::vector<double> right(rows.size()), count(rows.size());
    study_.pool().run(rows.size(), [&](std::size_t k, unsigned) {
      std::optional<PhotonicAccelerator> light;
      std::unique_ptr<Accelerator> electrons;
      Accelerator* const on = numbers != nullptr
                                  ? static_cast<Accelerator*>(&light.emplace(hardware(*numbers, k)))
                                  : (electrons = make_cpu_blas(study_.cpu(), study_.pool())).get();
      Network network(study_.graph(), study_.folds()[k].parameters, *on);
      Context context;
      context.seed = study_.experiment().seed;
      count[k] = static_cast<double>(rows[k].size());
      right[k] = count[k] * evaluate(network, study_.data(), rows[k], context).accuracy;
    });
    double all = 0, told = 0;
    for (std::size_t k = 0; k < rows.size(); ++k) all += count[k], told += right[k];
    ++measurements_;
    study_.observer().progress(entry_.name + ": precision", measurements_, measurements_ + 1);
    return std::round(told) / all;
  }

  Study& study_;
  const PhotonicEntry& entry_;
  std::vector<std::vector<std::uint32_t>> held_, test_;
  std::size_t measurements_ = 0;
  PrecisionSearch result_;
};

}  // namespace

PrecisionSearch search_precision(Study& study, const PhotonicEntry& entry, double points) {
  return Search(study, entry, points)();
}

}  // namespace fringe
