#include "sim/listing.hpp"

#include <fmt/format.h>

#include <array>

#include "core/error.hpp"
#include "electronic/gpu_catalogue.hpp"
#include "photonics/device_catalogue.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/mesh_layout.hpp"
#include "photonics/photonic_design.hpp"
#include "sim/report.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

std::string entry(std::string_view name, std::string_view what, std::string_view source) {
  return fmt::format("{}\n    {}\n    source: {}\n", name, what, source);
}

std::string devices() {
  std::string text, kind;
  for (const DeviceListing& device : list_devices()) {
    if (device.kind != kind) text += (text.empty() ? "" : "\n") + (kind = device.kind) + "\n";
    text += "  " + entry(device.name, device.summary, device.source);
  }
  text += "\npreset\n";
  for (const PhotonicPreset& preset : photonic_presets())
    text += "  " + entry(preset.name, preset.description, preset.source);
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

std::string imperfection_table() {
  std::string text;
  for (const ImperfectionRow& row : imperfections())
    text += entry(row.name,
                  fmt::format("{}; {}, acts on the {}; typical {} {}", row.meaning, to_string(row.kind),
                              to_string(row.where), row.typical, row.unit),
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
                  fmt::format("{}; {} multiprocessors;{}; {} of {} at {}; TDP {} W", gpu.architecture,
                              gpu.multiprocessors, peaks, si(gpu.memory_bytes, "B"), gpu.memory,
                              si(gpu.memory_bytes_per_s, "B/s"), gpu.tdp_w),
                  gpu.source);
  }
  return text;
}

std::string workloads() {
  std::string text;
  for (const Workload& row : workload_zoo())
    text += entry(row.name,
                  fmt::format("{}; {} parameters, {} multiply-accumulates per sample", row.description,
                              row.parameters, row.macs),
                  row.source);
  return text;
}

struct Listing {
  std::string_view name;
  std::string (*table)();
};
constexpr std::array<Listing, 5> listings{{{"devices", devices},
                                           {"meshes", meshes},
                                           {"imperfections", imperfection_table},
                                           {"gpus", gpus},
                                           {"workloads", workloads}}};
constexpr std::array<std::string_view, 5> names{"devices", "meshes", "imperfections", "gpus", "workloads"};

}  // namespace

std::span<const std::string_view> list_names() noexcept { return names; }

std::string list_table(std::string_view name) {
  for (const Listing& listing : listings)
    if (listing.name == name) return listing.table();
  throw Error(unknown_name("list", name, names));
}

}  // namespace fringe
