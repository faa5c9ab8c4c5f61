#include <algorithm>
#include <cmath>
#include <map>

#include "sim/validate_scaling.hpp"

namespace fringe {
namespace {

double relative_error(const ScalingRow& row, const ScalingFit& fit) {
  return predicted_efficiency(row, fit) / row.efficiency - 1;
}

template <class Keep>
std::vector<ScalingRow> those(std::span<const ScalingRow> rows, Keep keep) {
  std::vector<ScalingRow> kept;
  std::ranges::copy_if(rows, std::back_inserter(kept), keep);
  return kept;
}

double mean_of(const std::vector<double>& errors) {
  double sum = 0;
  for (const double e : errors) sum += std::abs(e);
  return errors.empty() ? 0 : sum / static_cast<double>(errors.size());
}

bool exchanges(const ScalingRow& row) { return row.model->exchanged; }
bool is_open(const ScalingRow& row) { return row.model->exchanged && !row.sealed; }
bool is_closed(const ScalingRow& row) { return row.model->exchanged && row.sealed; }

/// Of each row, predicted by constants of open rows of other models.
std::vector<double> model_left_out(std::span<const ScalingRow> rows, std::span<const ScalingRow> open,
                                   const ScalingFit& start) {
  std::map<std::string_view, ScalingFit> without;
  std::vector<double> errors;
  for (const ScalingRow& row : rows) {
    const std::string_view left = row.model->name;
    if (!without.contains(left))
      without.emplace(
          left, fit_scaling(those(open, [&](const ScalingRow& r) { return r.model->name != left; }), start));
    errors.push_back(relative_error(row, without.at(left)));
  }
  return errors;
}

/// Of rows of eight boards, by constants of open rows of at most four and the cell's own largest count below.
std::vector<double> eight_from_four(std::span<const ScalingRow> rows, const ScalingFit& few, bool own) {
  std::vector<double> errors;
  for (const ScalingRow& row : rows) {
    if (row.row->count != 8) continue;
    const ScalingRow* nearest = nullptr;
    for (const ScalingRow& other : rows)
      if (other.row->cell() == row.row->cell() && other.row->count <= 4 &&
          (nearest == nullptr || other.row->count > nearest->row->count))
        nearest = &other;
    if (nearest == nullptr) continue;
    const double seen = own ? nearest->efficiency / predicted_efficiency(*nearest, few) : 1;
    errors.push_back(predicted_efficiency(row, few) * seen / row.efficiency - 1);
  }
  return errors;
}

/// One efficiency for all, the best for open rows of other models.
std::vector<double> constant_efficiency(std::span<const ScalingRow> rows, std::span<const ScalingRow> open) {
  std::vector<double> errors;
  std::map<std::string_view, double> best;
  for (const ScalingRow& row : rows) {
    const std::string_view left = row.model->name;
    if (!best.contains(left)) {
      double least = 1e9;
      for (int step = 50; step <= 100; ++step) {
        double sum = 0;
        for (const ScalingRow& r : open)
          if (r.model->name != left) sum += std::abs(0.01 * step / r.efficiency - 1);
        if (sum < least) least = sum, best[left] = 0.01 * step;
      }
    }
    errors.push_back(best[left] / row.efficiency - 1);
  }
  return errors;
}

std::vector<double> perfect_scaling(std::span<const ScalingRow> rows) {
  std::vector<double> errors;
  for (const ScalingRow& row : rows) errors.push_back(1 / row.efficiency - 1);
  return errors;
}

/// Geometric mean of a value of one machine over that of another, over the workloads of both.
template <class A, class B, class Value>
MachineRatio compare_machines(std::span<const ScalingRow> rows, A first, B second, Value value) {
  MachineRatio sum;
  int pairs = 0;
  for (const ScalingRow& a : rows)
    for (const ScalingRow& b : rows) {
      if (!first(a) || !second(b) || a.model != b.model || a.row->half != b.row->half ||
          a.row->count != b.row->count)
        continue;
      const MachineRatio va = value(a), vb = value(b);
      sum.measured += std::log(va.measured / vb.measured);
      sum.modelled += std::log(va.modelled / vb.modelled);
      ++pairs;
    }
  return {std::exp(sum.measured / pairs), std::exp(sum.modelled / pairs)};
}

}  // namespace

std::vector<double> workload_left_out(std::span<const ScalingRow> rows) {
  const auto open = those(rows, is_open);
  return model_left_out(those(rows, exchanges), open, fit_scaling(open, fitted_scaling_runs()));
}

std::vector<ScalingScore> scaling_scores(std::span<const ScalingRow> rows) {
  const auto all = those(rows, exchanges), open = those(rows, is_open), sealed = those(rows, is_closed);
  const ScalingFit fit = fit_scaling(open, fitted_scaling_runs());
  const ScalingFit of_few =
      fit_scaling(those(open, [](const ScalingRow& r) { return r.row->count <= 4; }), fit);
  const auto by_open = [&](std::span<const ScalingRow> some) {
    std::vector<double> errors;
    for (const ScalingRow& row : some) errors.push_back(relative_error(row, fit));
    return errors;
  };
  std::vector<ScalingScore> scores;
  const auto score = [&](std::string what, const std::vector<double>& errors) {
    scores.push_back({std::move(what), errors.size(), mean_of(errors)});
  };
  const auto left_out = model_left_out(all, open, fit);
  std::vector<double> left_out_open, left_out_sealed;
  for (std::size_t i = 0; i < all.size(); ++i)
    (all[i].sealed ? left_out_sealed : left_out_open).push_back(left_out[i]);
  score("all, workload left out", left_out);
  score("open, workload left out", left_out_open);
  score("sealed, workload left out", left_out_sealed);
  score("sealed", by_open(sealed));
  score("open, 8 from at most 4", eight_from_four(open, of_few, true));
  score("sealed, 8 from at most 4", eight_from_four(sealed, of_few, true));
  score("all, 8 from constants of at most 4", eight_from_four(all, of_few, false));
  score("nothing exchanged", by_open(those(rows, [](const ScalingRow& r) { return !r.model->exchanged; })));
  score("one efficiency", constant_efficiency(all, open));
  score("perfect scaling", perfect_scaling(all));
  return scores;
}

MachineRatios machine_ratios(std::span<const ScalingRow> rows) {
  const auto efficiency = [](const ScalingRow& r) {
    return MachineRatio{r.efficiency, predicted_efficiency(r, fitted_scaling_runs())};
  };
  const auto throughput = [](const ScalingRow& r) {
    const double perfect = r.row->count * r.one_per_s;
    return MachineRatio{perfect * r.efficiency, perfect * predicted_efficiency(r, fitted_scaling_runs())};
  };
  const auto machine = [](std::string_view gpu, std::string_view notes, int count = 0) {
    return [=](const ScalingRow& r) {
      return r.model->exchanged && r.row->gpu == gpu && r.row->interconnect.starts_with(notes) &&
             (count == 0 || (r.row->count == count && !r.row->half));
    };
  };
  const auto eight_3090 = [&](std::string_view model, bool half) {
    for (const ScalingRow& r : rows)
      if (r.row->gpu == "RTX 3090" && r.row->count == 8 && r.model->name == model && r.row->half == half)
        return efficiency(r);
    return MachineRatio{std::nan(""), std::nan("")};
  };
  return {compare_machines(rows, machine("RTX 3090", "PCIe", 2), machine("Quadro RTX 8000", "NVLink", 2),
                           throughput),
          compare_machines(rows, machine("A100 40GB SXM4", "NVSwitch"), machine("A100 40GB PCIe", "PCIe"),
                           efficiency),
          compare_machines(rows, machine("RTX 2080Ti", "NVLink"), machine("RTX 2080Ti", "PCIe"), efficiency),
          eight_3090("bert_large_squad", true),
          eight_3090("bert_large_squad", false),
          eight_3090("resnet50", true)};
}

}  // namespace fringe
