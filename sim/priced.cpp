#include "sim/priced.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "photonics/photonic_accelerator.hpp"
#include "sim/modelled.hpp"
#include "sim/photonic_study.hpp"
#include "sim/text.hpp"

namespace fringe {
namespace {

constexpr std::array<std::size_t, 4> batches{1, 8, 64, 512};
constexpr std::string_view not_run = "priced, not run";
constexpr std::size_t line_width = 118;

/// Lists of work, lowered once for all hardware.
struct Lists {
  std::map<std::size_t, std::vector<Work>> inference;
  std::vector<Work> training;  ///< empty: not trained
  std::size_t training_batch = 0;
};

Lists lists_of(const PricedWorkload& workload) {
  const Graph& graph = workload.graph;
  Lists lists;
  for (const std::size_t batch : batches) lists.inference[batch] = lower(graph, batch, false);
  lists.training_batch = workload.training.batch;
  const auto nodes = graph.nodes();
  if (std::none_of(nodes.begin(), nodes.end(), [](const Node& n) { return n.op == Operator::cache; }))
    lists.training = lower(graph, lists.training_batch, true, workload.training.optimiser);
  return lists;
}

template <class Price>
void add_inference(HardwareResult& result, const Lists& lists, const char* scenario, Price&& price) {
  for (const auto& [batch, work] : lists.inference) result.costs.push_back({scenario, batch, price(work)});
}

/// Of the batches that fit the board's memory.
void add_inference(HardwareResult& result, const Lists& lists, const ModelledBoard& board,
                   double parameters) {
  for (const auto& [batch, work] : lists.inference)
    if (board.why_not(parameters, work).empty())
      result.costs.push_back({"resident", batch, board.hardware->price(work)});
}

template <class Price>
void add_training(HardwareResult& result, const Lists& lists, const char* scenario, Price&& price) {
  if (!lists.training.empty())
    result.costs.push_back({scenario, lists.training_batch, price(lists.training)});
}

HardwareResult photonic(const PhotonicPreset& preset, const Lists& lists, std::size_t tiles) {
  HardwareResult result;
  result.name = preset.name;
  result.camp = "photonic";
  result.note = not_run;
  const auto on = [&](std::size_t cores, TrainingScheme scheme) {
    PhotonicDesign design = preset.design;
    design.cores = cores;
    return PhotonicPricing(design, find_memory(PhotonicSetup{}.memory), scheme);
  };
  const auto by = [](const PhotonicPricing& pricing) {
    return [&](const std::vector<Work>& work) { return pricing.price(work); };
  };
  const PhotonicPricing in_situ = on(tiles, TrainingScheme::in_situ);
  const PhotonicPricing reprogram = on(tiles, TrainingScheme::reprogram);
  const PhotonicPricing single = on(1, TrainingScheme::reprogram);
  add_inference(result, lists, "resident", by(in_situ));
  add_inference(result, lists, "single core", by(single));
  add_training(result, lists, "training in situ", by(in_situ));
  add_training(result, lists, "training reprogram", by(reprogram));
  add_training(result, lists, "training single core", by(single));
  return result;
}

HardwareResult board(const ModelledBoard& board, const Lists& lists, const PricedWorkload& workload) {
  const double parameters = static_cast<double>(workload.parameters);
  const auto price = [&](const std::vector<Work>& work) { return board.hardware->price(work); };
  HardwareResult result;
  result.name = board.name;
  result.camp = "electronic";
  result.boundary = board.hardware->boundary();
  result.note = not_run;
  if (const std::string why_not = board.why_not(parameters, lists.inference.begin()->second);
      !why_not.empty()) {
    result.available = false;
    result.note = why_not;
    return result;
  }
  add_inference(result, lists, board, parameters);
  if (!lists.training.empty())
    result.no_training =
        board.why_no_training(workload.graph, workload.training.optimiser, lists.training_batch);
  if (result.no_training.empty()) add_training(result, lists, "training", price);
  return result;
}

/// Its memory has no room for a training step.
bool too_small(const HardwareResult& h) { return h.no_training.starts_with("its memory"); }

std::string too_small_text(const PricedWorkload& workload) {
  const auto step = [&](double bytes_per_number) {
    return training_memory(workload.graph, workload.training.optimiser, workload.training.batch,
                           bytes_per_number);
  };
  return fmt::format(
      "Too small: a memory that doesn't hold {} of weights, gradients and optimiser state, the activations "
      "of "
      "{} samples that the pass back reads ({} in 16 bits, {} in 32) and, on a GPU, {} of software.",
      si(step(2).state_bytes, "B"), workload.training.batch, si(step(2).activation_bytes, "B"),
      si(step(4).activation_bytes, "B"), si(framework_bytes, "B"));
}

std::string line(const std::string& name, const HardwareResult& h, const std::string& scenario,
                 const std::string& training) {
  const CostFigure &one = *h.at_batch_one(scenario), &best = *h.at_best_batch(scenario);
  const auto joules = [](const CostFigure& f, bool pipelined) {
    return si(f.energy_per_sample_j(Boundary::accelerator, pipelined), "J");
  };
  std::string text = "  " + left(name, 36) + right(si(one.cost.latency_s, "s"), 12) +
                     right(joules(one, false), 12) + right(si(best.throughput_per_s(), "/s"), 12) +
                     right(joules(best, true), 12);
  const CostFigure* step = h.at_best_batch(training);
  return text +
         right(step != nullptr ? si(step->cost.latency_s, "s")
               : too_small(h)  ? "too small"
                               : "–",
               14) +
         "  " + std::string(to_string(one.cost.provenance)) + "\n";
}

std::string board_of(const HardwareResult& h) { return h.name.substr(0, h.name.find(' ')); }

double bytes_of(const HardwareResult& h) {
  for (const FormatRow& row : number_formats())
    if (h.name.ends_with(" " + std::string(row.name))) return row.bytes;
  return 0;
}

/// Nobody knows here what 8 bits cost in accuracy: a format that trains stands before them. Where none fits,
/// the smallest says why.
bool better(const HardwareResult& a, const HardwareResult& b) {
  const auto rank = [](const HardwareResult& h) {
    return h.available ? (h.name.ends_with("int8") || h.name.ends_with("fp8") ? 1 : 2) : 0;
  };
  if (rank(a) != rank(b)) return rank(a) > rank(b);
  if (rank(a) == 0) return bytes_of(a) < bytes_of(b);
  return a.at_best_batch("resident")->throughput_per_s() > b.at_best_batch("resident")->throughput_per_s();
}

}  // namespace

PricedWorkload priced(const Workload& workload) {
  return {std::string(workload.name),
          std::string(workload.description),
          workload.graph(),
          workload.parameters,
          workload.macs,
          workload.training};
}

PricedWorkload priced(const OnnxModel& model, const std::string& file) {
  const std::string producer = model.producer.empty() ? "" : ", written by " + model.producer;
  return {file, "ONNX model of opset " + std::to_string(model.opset) + producer, model.graph,
          parameter_count(model.graph), forward_macs(model.graph, 1)};
}

Comparison price_workload(const PricedWorkload& workload) {
  const Lists lists = lists_of(workload);
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  Comparison result;
  result.experiment = "prices";
  result.workload = workload.name;
  result.data = "none: " + std::string(not_run);
  for (const PhotonicPreset& preset : photonic_presets()) {
    PhotonicSummary summary;
    summary.preset = preset.name;
    summary.modes = preset.design.modes;
    summary.tiles = summary.cores = tiles_of_workload(workload.graph, preset.design.modes);
    result.photonic.push_back(summary);
    result.hardware.push_back(photonic(preset, lists, summary.tiles));
  }
  for (const ModelledBoard& modelled : modelled_boards(*cpu, pool))
    result.hardware.push_back(board(modelled, lists, workload));
  return result;
}

std::string priced_text(const Comparison& c, const PricedWorkload& workload) {
  std::string text = fmt::format(
      "fringe · {} · {} parameters, {} multiply-accumulates per sample\n{}\nAccuracy: –, the workload is "
      "{} here.\n\n  ",
      c.workload, workload.parameters, si(workload.macs, ""), workload.description, not_run);
  text += left("", 36) + right("one sample", 12) + right("energy", 12) + right("best batch", 12) +
          right("energy", 12) + right(fmt::format("step of {}", workload.training.batch), 14) + "  cost\n";
  for (const HardwareResult& h : c.hardware) {
    if (!h.photonic()) continue;
    const auto summary =
        std::find_if(c.photonic.begin(), c.photonic.end(), [&](const auto& p) { return p.preset == h.name; });
    text += line(fmt::format("{}, {} cores", h.name, summary->cores), h, "resident", "training in situ");
    text += line(h.name + ", a single core", h, "single core", "training single core");
  }
  std::vector<const HardwareResult*> boards;
  for (const HardwareResult& h : c.hardware) {
    if (h.photonic()) continue;
    const auto same = std::find_if(boards.begin(), boards.end(),
                                   [&](const HardwareResult* b) { return board_of(*b) == board_of(h); });
    if (same == boards.end())
      boards.push_back(&h);
    else if (better(h, **same))
      *same = &h;
  }
  for (const HardwareResult* h : boards)
    text +=
        h->available ? line(h->name, *h, "resident", "training") : "  " + left(h->name, 36) + h->note + "\n";
  text += "\n" + wrapped(
                     "Batches 1, 8, 64, 512. Boards in their fastest format that trains, arrays in their "
                     "faster dataflow. Products of two activations run on the digital unit of photonic "
                     "systems. In inference a board's memory holds the weights and what earlier tokens "
                     "left; passing activations are not held against it. Other formats and schemes: --json.",
                     "", line_width);
  if (std::any_of(c.hardware.begin(), c.hardware.end(), too_small))
    text += wrapped(too_small_text(workload), "", line_width);
  return text;
}

}  // namespace fringe
