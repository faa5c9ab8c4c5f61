#include "sim/modelled.hpp"

#include <fmt/format.h>

#include "electronic/gpu_model.hpp"
#include "sim/text.hpp"

namespace fringe {

std::string ModelledBoard::why_not(double parameters, std::span<const Work> list) const {
  const double number_bytes = row_of(format).bytes, weight_bytes = parameters * number_bytes;
  double cache_bytes = 0;  // each layer's is read once in a pass; rows of an embedding are weights
  for (const Work& w : list)
    if (w.macs() > 0) cache_bytes += w.off_chip_bytes * number_bytes / row_of(Format::fp32).bytes;
  if (weight_bytes + cache_bytes <= memory_bytes) return {};
  std::string text = fmt::format("its memory of {} doesn't hold the weights, {}", si(memory_bytes, "B"),
                                 si(weight_bytes, "B"));
  if (weight_bytes <= memory_bytes) text += ", beside keys and values, " + si(cache_bytes, "B");
  return text;
}

std::string why_no_training(double memory_bytes, double software_bytes, const TrainingMemory& step,
                            std::size_t batch, Format format) {
  if (step.state_bytes + step.activation_bytes + software_bytes <= memory_bytes) return {};
  std::string text = fmt::format("its memory of {} doesn't hold {} of weights, gradients and optimiser state",
                                 si(memory_bytes, "B"), si(step.state_bytes, "B"));
  text += software_bytes > 0 ? ", " : " and ";
  text += fmt::format("{} of activations of {} in {}", si(step.activation_bytes, "B"),
                      batch == 1 ? "a sample" : fmt::format("{} samples", batch), row_of(format).name);
  if (software_bytes > 0) text += fmt::format(", and {} of software", si(software_bytes, "B"));
  return text;
}

std::string ModelledBoard::why_no_training(const Graph& graph, const Optimiser& optimiser,
                                           std::size_t batch) const {
  if (!trains())
    return "slopes don't fit " + std::string(row_of(format).name) + "; training takes another format";
  return fringe::why_no_training(memory_bytes, software_bytes,
                                 training_memory(graph, optimiser, batch, row_of(format).bytes), batch,
                                 format);
}

std::size_t ModelledBoard::most_training_batch(const Graph& graph, const Optimiser& optimiser) const {
  if (!trains()) return 0;
  const TrainingMemory one = training_memory(graph, optimiser, 1, row_of(format).bytes);
  const double room = memory_bytes - software_bytes - one.state_bytes;
  return room <= 0 ? 0 : static_cast<std::size_t>(room / one.activation_bytes);
}

ModelledBoard modelled_gpu(const GpuSpec& gpu, Format format, Executor& cpu, ThreadPool& pool) {
  GpuModelParameters on_device;
  on_device.submission_s = on_device.launch_gap_s;
  return {
      std::string(gpu.name), fmt::format("{} {}", gpu.name, row_of(format).name), format, gpu.memory_bytes,
      framework_bytes,       make_gpu_model(gpu, format, cpu, pool, on_device)};
}

ModelledBoard modelled_array(const SystolicSpec& chip, Dataflow dataflow, Executor& cpu, ThreadPool& pool) {
  return {std::string(chip.name),
          fmt::format("{} {}", chip.name, to_string(dataflow)),
          chip.format,
          chip.memory_bytes,
          0,
          make_systolic_array(chip, dataflow, cpu, pool)};
}

std::vector<ModelledBoard> modelled_boards(Executor& cpu, ThreadPool& pool) {
  std::vector<ModelledBoard> boards;
  for (const GpuSpec& gpu : gpu_catalogue())
    for (const FormatRow& format : number_formats())
      if (gpu.peak(format.format) > 0) boards.push_back(modelled_gpu(gpu, format.format, cpu, pool));
  for (const SystolicSpec& chip : systolic_catalogue())
    for (const Dataflow dataflow : dataflows) boards.push_back(modelled_array(chip, dataflow, cpu, pool));
  return boards;
}

}  // namespace fringe
