#include "sim/listing.hpp"

#include <fmt/format.h>

#include <array>

#include "core/error.hpp"
#include "electronic/data_parallel.hpp"
#include "electronic/gpu_catalogue.hpp"
#include "electronic/systolic_array.hpp"
#include "photonics/device_catalogue.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/optical_nonlinearity.hpp"
#include "photonics/photonic_design.hpp"
#include "photonics/photonic_system.hpp"
#include "photonics/programming.hpp"
#include "sim/open_dataset.hpp"
#include "sim/text.hpp"
#include "sim/training_models.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

constexpr std::size_t width = 100;

std::string entry(std::string_view name, std::string_view what, std::string_view source,
                  const std::string& indent = "    ") {
  return fmt::format("{}{}\n{}{}", indent.substr(4), name, wrapped(what, indent, width),
                     wrapped("source: " + std::string(source), indent, width));
}

/// 25557032 → "25 557 032": digits to count by.
std::string grouped(std::size_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3; text.insert(at -= 3, " "))
    ;
  return text;
}

std::string devices() {
  std::string text, kind;
  for (const DeviceListing& device : list_devices()) {
    if (device.kind != kind) text += (text.empty() ? "" : "\n") + (kind = device.kind) + "\n";
    text += entry(device.name, device.summary, device.source, "      ");
  }
  text += "\npreset\n";
  for (const PhotonicPreset& preset : photonic_presets())
    text += entry(preset.name, preset.description, preset.source, "      ");
  return text;
}

std::string system_table() {
  std::string text;
  for (const PhotonicSystem& row : photonic_systems()) {
    std::string what =
        fmt::format("{}; {}, {} x {} on {} core{}", row.description, row_of(row.multiplier).name, row.rows,
                    row.inner, row.cores, row.cores > 1 ? "s" : "");
    if (row.clock_hz > 0)
      what += fmt::format(" at {}: {}", si(row.clock_hz, "Hz"), si(row.peak_per_s(), "op/s"));
    if (row.published_w > 0) what += fmt::format("; {} in all", si(row.published_w, "W"));
    for (const PoweredDevice& d : row.devices) {
      what += fmt::format("; {} {}", d.count, d.name);
      if (d.watts > 0) what += " of " + si(d.watts, "W");
      if (d.area_m2 > 0) what += fmt::format("{} {:.4g} mm²", d.watts > 0 ? "," : " of", 1e6 * d.area_m2);
    }
    if (!row.missing.empty()) what += "; not broken down: " + row.missing;
    if (!row.run.assumed.empty()) what += "; as a preset, assumed: " + row.run.assumed;
    text += entry(row.name, what, row.source);
  }
  return text;
}

std::string meshes() {
  std::string text;
  for (const Topology& mesh : topologies())
    text += entry(mesh.name,
                  fmt::format("{}; phases: {}; {}", mesh.description, mesh.phase_placement,
                              mesh.universal ? "universal" : "not universal"),
                  mesh.source);
  return text;
}

std::string core_table() {
  std::string text;
  for (const CoreKind& row : core_kinds())
    text += entry(row.name, fmt::format("{}; meshes: {}", row.description, row.meshes), row.source);
  return text;
}

std::string crossing_table() {
  std::string text;
  for (const Crossing& row : crossings())
    text += entry(row.name,
                  fmt::format("{}; splitters passed: {}, waveguide crossings: {}", row.description,
                              row.splitters, row.waveguide_crossings),
                  row.source);
  return text;
}

std::string programming() {
  std::string text;
  for (const ProgrammingMethod& row : programming_methods())
    text +=
        entry(row.name, fmt::format("{}; knows {}", row.description, to_string(row.knowledge)), row.source);
  return text;
}

std::string nonlinearity_table() {
  std::string text;
  for (const NonlinearityRow& row : nonlinearities()) {
    std::string parameters;
    for (const NonlinearityParameter& p : row.parameters)
      parameters +=
          fmt::format("; {} = {:.4g}{}", p.name, p.typical, p.unit == "1" ? "" : " " + std::string(p.unit));
    text += entry(row.name, fmt::format("{}{}", row.description, parameters), row.source);
  }
  return text;
}

std::string imperfection_table() {
  std::string text;
  for (const ImperfectionRow& row : imperfections())
    text += entry(row.name,
                  fmt::format("{}; {}, acts on the {}; typical {:.4g}{}", row.meaning, to_string(row.kind),
                              to_string(row.where), row.typical,
                              row.unit.empty() || row.unit == "1" ? "" : " " + std::string(row.unit)),
                  row.source);
  return text;
}

std::string gpus() {
  std::string text;
  for (const GpuSpec& gpu : gpu_catalogue()) {
    std::string peaks;
    for (const FormatRow& format : number_formats())
      if (gpu.peak(format.format) > 0)
        peaks += fmt::format(" {} {}", format.name, si(gpu.peak(format.format), "op/s"));
    text += entry(gpu.name,
                  fmt::format("{}; {} multiprocessors;{}; {} of {} at {}; TDP {} W{}", gpu.architecture,
                              gpu.multiprocessors, peaks, si(gpu.memory_bytes, "B"), gpu.memory,
                              si(gpu.memory_bytes_per_s, "B/s"), gpu.tdp_w,
                              gpu.launch_price_usd > 0
                                  ? fmt::format("; {} USD in {}", gpu.launch_price_usd, gpu.launch_month)
                                  : std::string()),
                  gpu.source);
  }
  return text;
}

std::string systolic_arrays() {
  std::string text;
  for (const SystolicSpec& chip : systolic_catalogue())
    text += entry(
        chip.name,
        fmt::format("{} arrays of {}x{} cells; {} {}; {} of SRAM; {} at {}; TDP {} W", chip.arrays, chip.rows,
                    chip.columns, row_of(chip.format).name, si(chip.peak(), "op/s"), si(chip.sram_bytes, "B"),
                    chip.memory, si(chip.memory_bytes_per_s, "B/s"), chip.tdp_w),
        chip.source);
  return text;
}

std::string workloads() {
  std::string text =
      entry("mlp@FEATURES-HIDDEN-…-CLASSES",
            "fully connected layers of your sizes with rectifiers between, such as mlp@64-32-10",
            "a shape of yours; trains as digits-mlp does");
  for (const Workload& row : workload_zoo())
    text +=
        entry(row.name,
              fmt::format(
                  "{}; {} parameters, {} multiply-accumulates per sample{}", row.description,
                  grouped(row.parameters), grouped(row.macs),
                  row.length > 0 ? fmt::format("; other lengths: {}@1 … {}", row.name, row.most_length) : ""),
              row.source);
  return text;
}

std::string interconnect_table() {
  std::string text;
  for (const Interconnect& row : interconnects())
    text +=
        entry(row.name,
              fmt::format("{}; gradients travel {}; up to {} boards; {} effective{}", row.what, row.via,
                          row.most_gpus,
                          si(fitted_scaling().bytes_per_s[static_cast<std::size_t>(row.link)], "B/s"),
                          row.link == Link::nvlink ? " up to 600 GB/s of NVLink, more beyond"
                          : row.link == Link::pcie_peer
                              ? " on PCIe 3.0, twice that on 4.0, by the link and the board's memory beyond"
                          : row.by_generation ? " on PCIe 3.0, doubling with each generation"
                                              : ""),
              row.source);
  return text;
}

std::string training_table() {
  std::string text;
  for (const TrainingModel& row : training_models())
    text += entry(row.name,
                  fmt::format("{}; {} of gradient in mixed precision, {} in fp32", row.title,
                              si(row.gradient_bytes(true), "B"), si(row.gradient_bytes(false), "B")),
                  row.source);
  return text;
}

std::string data_table() {
  std::string text;
  for (const DataFormat& row : data_formats())
    text += entry(row.name,
                  fmt::format("{}; split: {}{}", row.what, row.split,
                              row.options.empty() ? "" : "; options: " + std::string(row.options)),
                  row.source);
  return text;
}

struct Listing {
  std::string_view name;
  std::string (*table)();
  std::string_view holds;
};
constexpr std::array listings{
    Listing{"devices", devices, "parts of a photonic system, links between chips, and the presets"},
    Listing{"systems", system_table, "published photonic accelerators, each a preset, too"},
    Listing{"meshes", meshes, "how the interferometers of a mesh are joined"},
    Listing{"crossings", crossing_table, "what an interferometer is made of"},
    Listing{"cores", core_table, "how meshes make a matrix"},
    Listing{"programming", programming, "ways from a matrix to the phases of an imperfect chip"},
    Listing{"imperfections", imperfection_table, "errors and noise, with typical sizes"},
    Listing{"nonlinearities", nonlinearity_table, "activations in the light itself"},
    Listing{"gpus", gpus, "modelled boards"},
    Listing{"systolic-arrays", systolic_arrays, "modelled digital matrix engines"},
    Listing{"interconnects", interconnect_table, "how boards of one machine exchange gradients"},
    Listing{"workloads", workloads, "networks to run or to price"},
    Listing{"data", data_table, "data sets, and file formats that are read"},
    Listing{"training", training_table, "networks that fringe advise knows"}};
constexpr auto names = [] {
  std::array<std::string_view, listings.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = listings[i].name;
  return all;
}();

}  // namespace

std::span<const std::string_view> list_names() noexcept { return names; }

std::string list_of_lists() {
  std::string text = "fringe list …\n";
  for (const Listing& listing : listings)
    text += "  " + left(std::string(listing.name), 18) + std::string(listing.holds) + "\n";
  return text;
}

std::string list_table(std::string_view name) {
  for (const Listing& listing : listings)
    if (listing.name == name) return listing.table();
  throw Error(unknown_name("list", name, names));
}

}  // namespace fringe
