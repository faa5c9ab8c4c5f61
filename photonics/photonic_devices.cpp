// What a priced system is made of: its devices, their power and their area.
#include <algorithm>

#include "photonics/converters.hpp"
#include "photonics/photonic_pricing.hpp"

namespace fringe {
namespace {

/// Digital unit and memory at their full rates, of which a share is static.
double full_power_w(const DigitalUnit& digital, const MemorySystem& memory) {
  return digital.operations_per_s * (digital.fp32_add_j + digital.fp32_multiply_j) / 2 +
         memory.dram_bytes_per_s * memory.dram_j_per_byte + memory.sram_bytes_per_s * memory.sram_j_per_byte;
}

PoweredDevice static_share(const DigitalUnit& digital, const MemorySystem& memory) {
  return {Part::idle, "static share of digital unit and memory", 1,
          static_power_fraction * full_power_w(digital, memory), std::string(digital.source)};
}

// In proportion to the cores, as if a part of the system could be had.
std::vector<PoweredDevice> devices_of(const PhotonicSystem& system, double cores) {
  const double systems = cores / static_cast<double>(system.cores);
  std::vector<PoweredDevice> devices = system.devices;
  for (PoweredDevice& device : devices) {
    device.count *= systems;
    if (device.source.empty()) device.source = system.source;
  }
  if (const double rest = system.run.power_w - watts_of(system.devices); rest > 0)
    devices.push_back({Part::undivided, "power that the source doesn't break down", systems, rest,
                       system.source + "; " + system.run.assumed});
  return devices;
}

}  // namespace

std::vector<PoweredDevice> PhotonicPricing::devices() const {
  const double cores = static_cast<double>(design_.cores);
  const PoweredDevice idle = static_share(design_.digital, memory_);
  if (design_.published) {
    std::vector<PoweredDevice> devices = devices_of(*design_.published, cores);
    if (!design_.published->run.whole) devices.push_back(idle);
    return devices;
  }
  const double channels = cores * static_cast<double>(design_.modes);
  const double diodes = design_.detection == Detection::homodyne ? 2 : 1;
  const auto converting = [&](const Converter& converter) {
    return energy_per_conversion_j(converter) * design_.clock_hz;
  };
  const auto source = [](const auto& row) { return std::string(row.source); };
  return {
      {Part::laser, "lasers", cores, budget_.laser_electrical_w, source(design_.laser),
       design_.laser.area_m2},
      {Part::phase_hold, "phases of a core, held", cores, core_.hold_w, source(design_.phase_shifter),
       core_.mesh_area_m2},
      {Part::dac, "DACs", channels, converting(design_.input_dac), source(design_.input_dac),
       design_.input_dac.area_m2},
      {Part::modulator, "modulators", channels, budget_.modulator_symbol_j * design_.clock_hz,
       source(design_.modulator), design_.modulator.area_m2},
      {Part::adc, "ADCs", channels, converting(design_.output_adc), source(design_.output_adc),
       design_.output_adc.area_m2},
      {Part::phase_program, "drivers of phases", cores * core_.settings, design_.phase_dac.power_w,
       source(design_.phase_dac), design_.phase_dac.area_m2},
      {Part::receiver, "transimpedance amplifiers, their photodiodes", channels, design_.tia.power_w,
       source(design_.tia), design_.tia.area_m2 + diodes * design_.photodiode.area_m2},
      idle,
  };
}

double PhotonicPricing::sram_bytes(std::span<const Work> work) const noexcept {
  constexpr double bytes_per_number = 2, list_bytes_per_number = 4;
  double most = 0;
  for (const Work& w : work) {
    const bool weights_on_cores = w.kind == Work::Kind::product && w.weight >= 0;
    const double numbers = w.bytes / list_bytes_per_number - (weights_on_cores ? w.matrix_numbers() : 0.0);
    most = std::max(most, numbers);
  }
  const double settings = 2 * static_cast<double>(design_.cores) * core_.settings;
  return bytes_per_number * (most + (core_.holds_results ? 0 : settings));
}

Cost PhotonicPricing::with_static(Cost cost, std::span<const Work> work) const {
  const Cost hardware = power_of(devices());
  cost.static_watts = hardware.static_watts;
  cost.area_m2 = hardware.area_m2;
  const bool whole = design_.published && design_.published->run.whole;
  if (whole)
    for (const Part part : {Part::sram, Part::digital, Part::decomposition}) cost.energy(part) = 0;
  else if (hardware.chip_area_m2() > 0) {
    cost.area(Part::digital) = design_.digital.area_m2;
    cost.area(Part::sram) = sram_bytes(work) * sram_m2_per_byte;
  }
  return cost;
}

}  // namespace fringe
