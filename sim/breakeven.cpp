#include "sim/breakeven.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <mutex>

#include "core/error.hpp"
#include "photonics/photonic_accelerator.hpp"
#include "sim/modelled.hpp"
#include "sim/open_workload.hpp"

namespace fringe {
namespace {

constexpr std::size_t scan_points = 49, map_points = 25;

/// Evenly on a logarithmic scale, both ends included; whole numbers once each.
std::vector<double> between(Range range, std::size_t count, bool whole) {
  std::vector<double> values;
  for (std::size_t i = 0; i < count; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(count - 1);
    double value = range.low * std::pow(range.high / range.low, share);
    if (whole) value = std::round(value);
    if (values.empty() || value > values.back()) values.push_back(value);
  }
  return values;
}

class EnergyRatio {
 public:
  EnergyRatio(const BreakevenRequest& request, const LightCost& light, const ModelledBoard& board,
              double most_batch, ThreadPool& pool)
      : request_(request), light_(light), board_(*board.hardware), most_batch_(most_batch), pool_(pool) {}

  double board_energy(std::size_t batch) const {
    const std::lock_guard lock(mutex_);
    const auto found = board_j_.find(batch);
    if (found != board_j_.end()) return found->second;
    const Cost cost = board_.price(light_.work(batch));
    const double energy =
        cost.energy_j(Boundary::accelerator, cost.interval_s()) / static_cast<double>(batch);
    return board_j_.emplace(batch, energy).first->second;
  }
  /// Energy of light over the board's.
  double ratio(const LightPoint& point) const { return light_(point).energy_j / board_energy(point.batch); }
  LightPoint with(const AssumptionRow& row, double value) const { return with(request_.light, row, value); }
  static LightPoint with(LightPoint point, const AssumptionRow& row, double value) {
    row.set(point, value);
    return point;
  }
  /// What is looked at: no batch that the board doesn't hold.
  Range scanned(const AssumptionRow& row) const { return held(row, row.scanned); }
  /// Of points that make(i) gives, in order.
  std::vector<double> ratios(std::size_t count, const std::function<LightPoint(std::size_t)>& make) const {
    std::vector<double> out(count);
    pool_.run(count, [&](std::size_t i, unsigned) { out[i] = ratio(make(i)); });
    return out;
  }

  AssumptionResult assumption(const AssumptionRow& row, double base, double base_ratio) const {
    AssumptionResult result{&row, base, held(row, row.cited()), false, 0, 0, {}};
    if (const auto own = request_.ranges.find(std::string(row.key)); own != request_.ranges.end()) {
      result.range = own->second;
      result.own_range = true;
    }
    if (row.choice != nullptr) return choice(result, base_ratio);
    std::vector<double> values = between(scanned(row), scan_points, row.whole);
    values.push_back(result.range.low);
    values.push_back(result.range.high);
    std::vector<double> found = ratios(values.size(), [&](std::size_t i) { return with(row, values[i]); });
    result.ratio_high = found.back(), found.pop_back(), values.pop_back();
    result.ratio_low = found.back(), found.pop_back(), values.pop_back();
    // The base belongs to the scan, so that the crossing next to it is told.
    const auto at =
        static_cast<std::size_t>(std::lower_bound(values.begin(), values.end(), base) - values.begin());
    if (base > 0 && (at == values.size() || values[at] != base)) {
      values.insert(values.begin() + static_cast<std::ptrdiff_t>(at), base);
      found.insert(found.begin() + static_cast<std::ptrdiff_t>(at), base_ratio);
    }
    double nearest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 1; i < values.size(); ++i) {
      if ((found[i - 1] < 1) == (found[i] < 1)) continue;
      const double at_cross = crossing(row, values[i - 1], values[i], found[i - 1] < 1);
      const double far = base > 0 ? std::abs(std::log(at_cross / base)) : at_cross;
      if (far < nearest) nearest = far, result.breakeven = at_cross;
    }
    return result;
  }

 private:
  Range held(const AssumptionRow& row, Range range) const {
    if (row.key == "batch") range.high = std::min(range.high, most_batch_);
    return range;
  }

  AssumptionResult choice(AssumptionResult result, double base_ratio) const {
    result.range = {result.base, result.base};
    result.ratio_low = result.ratio_high = base_ratio;
    for (double value = result.row->scanned.low; value <= result.row->scanned.high; ++value) {
      if (request_.training == TrainingScheme::in_situ && value != result.base) continue;
      const double found = ratio(with(*result.row, value));
      if (found >= result.ratio_high) continue;
      result.range.high = value;
      result.ratio_high = found;
    }
    if (result.turns(base_ratio)) result.breakeven = result.range.high;
    return result;
  }

  /// By halves, to a thousandth; of whole numbers the one on the side where light wins.
  double crossing(const AssumptionRow& row, double low, double high, bool wins_low) const {
    while (row.whole ? high - low > 1 : high / low > 1.001) {
      const double middle = row.whole ? std::floor((low + high) / 2) : std::sqrt(low * high);
      ((ratio(with(row, middle)) < 1) == wins_low ? low : high) = middle;
    }
    return wins_low ? low : high;
  }

  const BreakevenRequest& request_;
  const LightCost& light_;
  Accelerator& board_;
  double most_batch_;
  ThreadPool& pool_;
  mutable std::mutex mutex_;
  mutable std::map<std::size_t, double> board_j_;  // of a sample, by batch
};

double favourable(const AssumptionResult& a) {
  return a.ratio_low < a.ratio_high ? a.range.low : a.range.high;
}
double adverse(const AssumptionResult& a) { return a.ratio_low < a.ratio_high ? a.range.high : a.range.low; }

/// The batch is the user's choice and on both sides: no assumption about light.
bool of_light(const AssumptionResult& a) { return a.row->key != "batch"; }

/// What a step may change an assumption to: the better end of its range, or any name of a choice.
std::vector<Step> candidates(const AssumptionResult& a, const BreakevenRequest& request) {
  if (a.row->choice == nullptr) return {{a.row, favourable(a), 0}};
  std::vector<Step> names;
  for (double value = a.row->scanned.low; value <= a.row->scanned.high; ++value)
    if (value != a.base && request.training != TrainingScheme::in_situ) names.push_back({a.row, value, 0});
  return names;
}

std::vector<Step> steps_to(const EnergyRatio& at, const BreakevenRequest& request, double ratio,
                           const std::vector<AssumptionResult>& assumptions) {
  std::vector<Step> steps, left;
  for (const AssumptionResult& a : assumptions)
    if (of_light(a))
      for (const Step& step : candidates(a, request)) left.push_back(step);
  LightPoint point = request.light;
  while (!left.empty()) {
    const std::vector<double> found = at.ratios(
        left.size(), [&](std::size_t i) { return EnergyRatio::with(point, *left[i].row, left[i].value); });
    const auto best = std::min_element(found.begin(), found.end()) - found.begin();
    Step step = left[static_cast<std::size_t>(best)];
    step.ratio = found[static_cast<std::size_t>(best)];
    if (step.ratio >= ratio) break;
    ratio = step.ratio;
    step.row->set(point, step.value);
    steps.push_back(step);
    std::erase_if(left, [&](const Step& other) { return other.row == step.row; });
  }
  return steps;
}

std::vector<double> map_of(const EnergyRatio& at, const LightPoint& start, const BreakevenMap& map) {
  const std::size_t across = map.values[1].size();
  return at.ratios(map.values[0].size() * across, [&](std::size_t i) {
    return EnergyRatio::with(EnergyRatio::with(start, *map.axes[0], map.values[0][i / across]), *map.axes[1],
                             map.values[1][i % across]);
  });
}

}  // namespace

double AssumptionResult::swing(double ratio) const {
  const auto [least, most] = std::minmax({ratio_low, ratio_high, ratio});
  return std::log10(most / least);
}

bool BreakevenCase::stable() const {
  return std::none_of(assumptions.begin(), assumptions.end(),
                      [&](const AssumptionResult& a) { return a.turns(ratio); });
}

namespace {
constexpr std::array<std::string_view, 2> training_names{"reprogram", "in-situ"};
}
std::string_view to_string(const std::optional<TrainingScheme>& training) noexcept {
  if (!training) return "no";
  return training_names[*training == TrainingScheme::in_situ ? 1 : 0];
}
TrainingScheme find_training_scheme(std::string_view name) {
  if (name == training_names[0]) return TrainingScheme::reprogram;
  if (name == training_names[1]) return TrainingScheme::in_situ;
  throw Error(unknown_name("way of training", name, training_names));
}

Breakeven breakeven(const BreakevenRequest& request, ThreadPool& pool, Observer& observer) {
  const OpenedWorkload workload = open_workload(request.workload);
  const Graph& graph = workload.graph;
  if (const auto nodes = graph.nodes();
      request.training &&
      std::any_of(nodes.begin(), nodes.end(), [](const Node& n) { return n.op == Operator::cache; }))
    throw Error("workload '" + request.workload + "': makes tokens from a cache, which nobody trains");
  ThreadPool one(1);
  const auto cpu = make_cpu_executor(one);
  LightCost light(graph, find_memory(PhotonicSetup{}.memory), request.training, workload.training.optimiser);
  Breakeven result{request, light(request.light), {}, {}, workload.sha256, false};
  for (const auto kind : {NumberSystem::Kind::fixed, NumberSystem::Kind::block, NumberSystem::Kind::residue,
                          NumberSystem::Kind::sliced}) {
    if (request.training == TrainingScheme::in_situ && kind != request.light.numbers) continue;
    LightPoint point = request.light;
    point.numbers = kind;
    result.systems.emplace_back(kind, light(point));
  }

  std::vector<ModelledBoard> boards;
  std::vector<double> most_batches;
  for (const std::string& name : request.boards) {
    if (std::ranges::count(request.boards, name) > 1) throw Error("board '" + name + "' is named twice");
    if (const GpuSpec& gpu = find_gpu(name); gpu.peak(request.format) <= 0) {
      throw Error("board '" + name + "' has no " + std::string(row_of(request.format).name) +
                  "; its formats: " + formats_of(gpu));
    }
    boards.push_back(modelled_gpu(find_gpu(name), request.format, *cpu, one));
    most_batches.push_back(std::numeric_limits<double>::infinity());
    if (const std::string why =
            boards.back().why_not(static_cast<double>(workload.parameters), light.work(request.light.batch));
        !why.empty())
      throw Error("board '" + name + "': " + why + " of workload '" + request.workload + "'");
    if (!request.training) continue;
    const Optimiser& optimiser = workload.training.optimiser;
    const std::size_t most = boards.back().most_training_batch(graph, optimiser);
    if (const std::string why = boards.back().why_no_training(graph, optimiser, request.light.batch);
        !why.empty())
      throw Error("board '" + name + "' doesn't train workload '" + request.workload + "': " + why +
                  (most > 0 ? fmt::format("; it trains at most {} at a time", most) : ""));
    most_batches.back() = static_cast<double>(most);
    if (const auto own = request.ranges.find("batch");
        own != request.ranges.end() && own->second.high > most_batches.back())
      throw Error(fmt::format("ranges.batch ends at {:.0f}; board '{}' trains at most {} at a time",
                              own->second.high, name, most));
  }
  std::size_t done = 0;
  for (std::size_t which = 0; which < boards.size(); ++which) {
    const ModelledBoard& board = boards[which];
    if (observer.stop_requested()) {
      result.stopped = true;
      return result;
    }
    const EnergyRatio at(request, light, board, most_batches[which], pool);
    BreakevenCase found;
    found.board = board.name;
    const Cost cost = board.hardware->price(light.work(request.light.batch));
    const double batch = static_cast<double>(request.light.batch);
    found.board_samples_per_s = batch / cost.interval_s();
    found.board_latency_s = cost.latency_s;
    found.board_energy_j = cost.energy_j(Boundary::accelerator, cost.interval_s()) / batch;
    found.board_w = found.board_energy_j * found.board_samples_per_s;
    found.ratio = result.light.energy_j / found.board_energy_j;
    for (const AssumptionRow& row : assumption_rows()) {
      observer.progress("assumptions", done++, assumption_rows().size() * boards.size());
      found.assumptions.push_back(at.assumption(row, row.get(request.light, result.light), found.ratio));
    }
    std::stable_sort(found.assumptions.begin(), found.assumptions.end(),
                     [&](const AssumptionResult& a, const AssumptionResult& b) {
                       return a.swing(found.ratio) > b.swing(found.ratio);
                     });
    found.steps = steps_to(at, request, found.ratio, found.assumptions);
    found.best = found.steps.empty() ? found.ratio : found.steps.back().ratio;
    LightPoint worst = request.light;
    for (const AssumptionResult& a : found.assumptions)
      if (of_light(a)) a.row->set(worst, adverse(a));
    found.worst = at.ratio(worst);

    for (std::size_t axis = 0; axis < 2; ++axis) {
      const AssumptionResult& chosen =
          request.axes[axis].empty()
              ? found.assumptions[axis]
              : *std::find_if(found.assumptions.begin(), found.assumptions.end(),
                              [&](const AssumptionResult& a) { return a.row->key == request.axes[axis]; });
      found.map.axes[axis] = chosen.row;
      found.map.values[axis] = between(at.scanned(*chosen.row), map_points, chosen.row->whole);
    }
    // Where light never wins with all else as it is, the map tells of what is as good as it gets.
    LightPoint better = request.light;
    for (const Step& step : found.steps) step.row->set(better, step.value);
    found.better = light(better);
    found.map.ratio = map_of(at, request.light, found.map);
    if (std::none_of(found.map.ratio.begin(), found.map.ratio.end(), [](double v) { return v < 1; })) {
      found.map.all_else_better = true;
      found.map.ratio = map_of(at, better, found.map);
    }
    result.cases.push_back(std::move(found));
  }
  return result;
}

}  // namespace fringe
