#include "sim/gpu_training.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>

#include "core/log_search.hpp"
#include "sim/modelled.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

/// Least squares of relative errors, (first·a + second·b)/t − 1, with a, b ≥ 0; and of a − 1 and b − 1 where
/// the terms are modelled.
struct Constants {
  double first, second;
};
Constants fit(std::span<const ThroughputRow> rows, std::span<const ItemTerms> terms, auto&& belongs) {
  double aa = 0, ab = 0, bb = 0, ay = 0, by = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!belongs(rows[i])) continue;
    const double a = terms[i].first * rows[i].items_per_s, b = terms[i].second * rows[i].items_per_s;
    aa += a * a, ab += a * b, bb += b * b, ay += a, by += b;
  }
  if (!terms.empty() && terms.front().modelled) ++aa, ++bb, ++ay, ++by;
  const Constants only_first{aa > 0 ? std::max(0.0, ay / aa) : 0, 0};
  if (bb == 0) return only_first;
  const double determinant = aa * bb - ab * ab;
  const Constants both{(ay * bb - by * ab) / determinant, (by * aa - ay * ab) / determinant};
  if (both.first >= 0 && both.second >= 0) return both;
  // The optimum lies on an edge of the quadrant: the one that explains more.
  const Constants only_second{0, std::max(0.0, by / bb)};
  const auto gain = [&](const Constants& c) {
    return 2 * (c.first * ay + c.second * by) - c.first * c.first * aa - c.second * c.second * bb;
  };
  return gain(only_first) >= gain(only_second) ? only_first : only_second;
}

/// TF32 is what the table calls fp32.
bool same_precision(const ThroughputRow& a, const ThroughputRow& b) {
  return (a.format == Format::fp16) == (b.format == Format::fp16);
}

bool same_kind(const ThroughputRow& a, const ThroughputRow& b) {
  return a.model == b.model && same_precision(a, b);
}

std::vector<ItemTerms> each(std::span<const ThroughputRow> rows, auto&& terms_of) {
  std::vector<ItemTerms> terms;
  terms.reserve(rows.size());
  for (const ThroughputRow& row : rows) terms.push_back(terms_of(row));
  return terms;
}

/// Or later.
bool is_ampere(const GpuSpec& board) { return board.peak(Format::tf32) > 0; }

/// What the table's precisions mean on a board.
Format format_on(const GpuSpec& board, bool half) {
  return half ? Format::fp16 : is_ampere(board) ? Format::tf32 : Format::fp32;
}

/// The containers that the table's boards ran; later boards are taken to run the newer.
Software software_on(const GpuSpec& board) { return is_ampere(board) ? Software::cuda11 : Software::cuda10; }

std::vector<Work> training_work(const TrainingModel& model, bool half, std::size_t batch) {
  Optimiser optimiser;
  optimiser.moved = model.update(half).moved;
  optimiser.issues = model.update(half).issues;
  return lower(find_workload(model.zoo).graph(), batch, true, optimiser);
}

std::vector<CountedKernel> counted(const GpuSpec& board, const TrainingModel& model, Format format,
                                   std::span<const Work> work) {
  const GpuModelParameters choices = as_trained(board, format, model.library, software_on(board));
  const auto key = [](const KernelTimes& k) {
    return std::tuple(k.product, k.window3x3, k.compute_s, k.issue_s, k.memory_s, k.issues);
  };
  std::map<decltype(key(KernelTimes{})), CountedKernel> each_once;
  for (const KernelBounds& k : kernel_bounds(board, format, work, choices))
    ++each_once.try_emplace(key(k.times), CountedKernel{k.times, 0}).first->second.count;
  std::vector<CountedKernel> kernels;
  for (const auto& [bounds, kernel] : each_once) kernels.push_back(kernel);
  return kernels;
}

/// Each once, in the order of the rows.
std::vector<std::string_view> gpus_of(std::span<const ThroughputRow> rows) {
  std::vector<std::string_view> gpus;
  for (const ThroughputRow& row : rows)
    if (std::ranges::find(gpus, row.gpu_label) == gpus.end()) gpus.push_back(row.gpu_label);
  return gpus;
}

}  // namespace

std::vector<CountedKernel> step_kernels(const GpuSpec& board, const TrainingModel& model, Format format,
                                        std::size_t batch) {
  const auto work = training_work(model, format == Format::fp16, batch);
  return counted(board, model, format, work);
}

std::vector<ThroughputRow> single_gpu_rows(std::span<const TrainingRow> table) {
  std::map<std::tuple<const TrainingModel*, bool, double>, std::vector<Work>> lists;  // boards share batches
  std::vector<ThroughputRow> rows;
  for (const TrainingRow& row : table) {
    if (row.count != 1 || !row.flags.empty() || !row.batch_per_gpu || row.model->units_per_sample == 0)
      continue;
    if (row.model->name.starts_with("transformerxl") && row.half && !is_ampere(*row.board)) continue;
    const Format format = format_on(*row.board, row.half);
    auto& list = lists[{row.model, row.half, *row.batch_per_gpu}];
    if (list.empty())
      list = training_work(*row.model, row.half, static_cast<std::size_t>(*row.batch_per_gpu));
    rows.push_back({row.gpu, row.board, row.model, format, software_on(*row.board), *row.batch_per_gpu,
                    computed_throughput(row), counted(*row.board, *row.model, format, list)});
  }
  return rows;
}

std::vector<ItemTerms> step_terms(std::span<const ThroughputRow> rows, const TrainingParameters& parameters) {
  return each(rows, [&](const ThroughputRow& row) {
    const GpuModelParameters model =
        as_trained(*row.gpu, row.format, row.model->library, row.software, parameters);
    const double items = row.batch * row.model->units_per_sample;
    ItemTerms terms{0, 0, true};
    for (const CountedKernel& k : row.step)
      (k.kernel.product ? terms.first : terms.second) += k.count * kernel_seconds(k.kernel, model) / items;
    return terms;
  });
}

std::vector<ItemTerms> peak_terms(std::span<const ThroughputRow> rows) {
  return each(rows, [](const ThroughputRow& row) { return ItemTerms{1 / row.gpu->peak(row.format), 0}; });
}

std::vector<ItemTerms> bandwidth_terms(std::span<const ThroughputRow> rows) {
  return each(rows, [](const ThroughputRow& row) { return ItemTerms{1 / row.gpu->memory_bytes_per_s, 0}; });
}

std::vector<ItemTerms> geometric_terms(std::span<const ThroughputRow> rows) {
  return each(rows, [](const ThroughputRow& row) {
    return ItemTerms{1 / std::sqrt(row.gpu->peak(row.format) * row.gpu->memory_bytes_per_s), 0};
  });
}

std::vector<Prediction> leave_gpus_out(std::span<const ThroughputRow> rows, std::span<const ItemTerms> terms,
                                       std::span<const std::string_view> gpu_labels) {
  const auto left_out = [&](const ThroughputRow& row) {
    return std::ranges::find(gpu_labels, row.gpu_label) != gpu_labels.end();
  };
  std::vector<Prediction> predictions;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!left_out(rows[i])) continue;
    const Constants c = fit(rows, terms, [&](const ThroughputRow& other) {
      return same_kind(other, rows[i]) && !left_out(other);
    });
    predictions.push_back({&rows[i], 1 / (c.first * terms[i].first + c.second * terms[i].second)});
  }
  return predictions;
}

std::vector<Prediction> leave_one_gpu_out(std::span<const ThroughputRow> rows,
                                          std::span<const ItemTerms> terms) {
  std::vector<Prediction> predictions;
  for (const std::string_view gpu : gpus_of(rows))
    for (const Prediction& p : leave_gpus_out(rows, terms, std::span(&gpu, 1))) predictions.push_back(p);
  return predictions;
}

FittedUnit fitted_unit(std::span<const ThroughputRow> rows, std::string_view model, bool half) {
  const auto belongs = [&](const ThroughputRow& row) {
    return row.model->name == model && (row.format == Format::fp16) == half;
  };
  const std::vector<ItemTerms> terms = step_terms(rows);
  const Constants c = fit(rows, terms, belongs);
  double batches = 0, count = 0;
  for (const ThroughputRow& row : rows)
    if (belongs(row)) batches += row.batch / row.gpu->memory_bytes, ++count;
  if (count == 0) return {0, 0, 0};
  return {c.first, c.second, 1e9 * batches / count};
}

TrainingMemory step_memory(const GpuSpec& board, const TrainingModel& model, bool half, std::size_t batch) {
  Optimiser optimiser;
  optimiser.kind = model.optimiser;
  return training_memory(find_workload(model.zoo).graph(), optimiser, batch,
                         row_of(format_on(board, half)).bytes);
}

std::string why_too_small(const GpuSpec& board, const TrainingModel& model, bool half, std::size_t batch) {
  if (!model.memory_told) return {};
  return why_no_training(board.memory_bytes, framework_bytes, step_memory(board, model, half, batch), batch,
                         format_on(board, half));
}

std::optional<ModelledRate> modelled_board(const GpuSpec& board, const TrainingModel& model, bool half) {
  const FittedUnit& unit = model.fitted(half);
  const double batch = std::floor(unit.batch_per_gb * 1e-9 * board.memory_bytes);
  ThroughputRow row{board.name, &board, &model, format_on(board, half), software_on(board), batch, 0, {}};
  if (board.peak(row.format) <= 0 || batch < 1) return {};
  row.step = step_kernels(board, model, row.format, static_cast<std::size_t>(batch));
  const ItemTerms terms = step_terms(std::span(&row, 1)).front();
  return ModelledRate{1 / (unit.products * terms.first + unit.rest * terms.second), batch};
}

std::vector<Prediction> predict_steps(std::span<const ThroughputRow> rows,
                                      const TrainingParameters& parameters) {
  const std::vector<ItemTerms> terms = step_terms(rows, parameters);
  std::vector<Prediction> predictions;
  for (std::size_t i = 0; i < rows.size(); ++i)
    predictions.push_back({&rows[i], 1 / (terms[i].first + terms[i].second)});
  return predictions;
}

TrainingParameters fit_shared_constants(std::span<const ThroughputRow> rows, double last_step) {
  using P = TrainingParameters;
  constexpr std::array axes{&P::lanes,
                            &P::traffic,
                            &P::issue_products_cuda10,
                            &P::issue_products_cuda11,
                            &P::issue_convolutions,
                            &P::issue_tf32,
                            &P::host_cuda10_s,
                            &P::host_cuda11_s};
  const auto constants_of = [&](std::span<const double> x) {
    P p;
    for (std::size_t i = 0; i < axes.size(); ++i) p.*axes[i] = x[i];
    p.lanes = std::max(1.0, p.lanes), p.traffic = std::max(1.0, p.traffic);
    return p;
  };
  const auto error = [&](std::span<const double> x) {
    return mean_absolute_error(predict_steps(rows, constants_of(x)));
  };
  return constants_of(least_error({1.25, 1.5, 0.3, 0.3, 0.3, 0.3, 3e-5, 3e-5}, error, 0.4, last_step));
}

std::vector<Prediction> leave_one_model_out(std::span<const ThroughputRow> rows, double last_step) {
  std::vector<Prediction> predictions;
  for (const TrainingModel& model : training_models()) {
    std::vector<ThroughputRow> others;
    for (const ThroughputRow& row : rows)
      if (row.model != &model) others.push_back(row);
    if (others.size() == rows.size()) continue;
    const TrainingParameters constants = fit_shared_constants(others, last_step);
    for (const Prediction& p : predict_steps(rows, constants))
      if (p.row->model == &model) predictions.push_back(p);
  }
  return predictions;
}

std::vector<Prediction> leave_one_gpu_out_of_everything(std::span<const ThroughputRow> rows,
                                                        double last_step) {
  std::vector<Prediction> predictions;
  for (const std::string_view gpu : gpus_of(rows)) {
    std::vector<ThroughputRow> others(rows.begin(), rows.end());
    std::erase_if(others, [&](const ThroughputRow& row) { return row.gpu_label == gpu; });
    const std::vector<ItemTerms> terms = step_terms(rows, fit_shared_constants(others, last_step));
    for (const Prediction& p : leave_gpus_out(rows, terms, std::span(&gpu, 1))) predictions.push_back(p);
  }
  return predictions;
}

double mean_absolute_error(std::span<const Prediction> predictions) {
  double sum = 0;
  for (const Prediction& p : predictions) sum += std::abs(p.relative_error());
  return sum / static_cast<double>(predictions.size());
}

double median_absolute_error(std::span<const Prediction> predictions) {
  std::vector<double> errors;
  for (const Prediction& p : predictions) errors.push_back(std::abs(p.relative_error()));
  std::ranges::sort(errors);
  const std::size_t n = errors.size();
  return n == 0 ? std::nan("") : 0.5 * (errors[(n - 1) / 2] + errors[n / 2]);
}

double pairs_in_order(std::span<const Prediction> predictions) {
  std::size_t pairs = 0, right = 0;
  for (std::size_t i = 0; i < predictions.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const Prediction &a = predictions[i], &b = predictions[j];
      const double faster = std::max(a.row->items_per_s, b.row->items_per_s);
      const double slower = std::min(a.row->items_per_s, b.row->items_per_s);
      if (!same_kind(*a.row, *b.row) || faster <= 1.05 * slower) continue;
      ++pairs;
      if ((a.row->items_per_s > b.row->items_per_s) == (a.items_per_s > b.items_per_s)) ++right;
    }
  return static_cast<double>(right) / static_cast<double>(pairs);
}

Ratio speed_ratio(std::span<const Prediction> predictions, std::string_view gpu, std::string_view over) {
  double measured = 0, predicted = 0, count = 0;
  for (const Prediction& a : predictions)
    for (const Prediction& b : predictions)
      if (a.row->gpu_label == gpu && b.row->gpu_label == over && same_kind(*a.row, *b.row)) {
        measured += std::log(a.row->items_per_s / b.row->items_per_s);
        predicted += std::log(a.items_per_s / b.items_per_s);
        ++count;
      }
  return {std::exp(measured / count), std::exp(predicted / count)};
}

}  // namespace fringe
