#include "sim/adept.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "core/memory_system.hpp"
#include "core/units.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/photonic_pricing.hpp"
#include "sim/comparison.hpp"

namespace fringe {
namespace {

constexpr const char* own_link =
    "wall-plug efficiency 20 %, edge coupler 2 dB, modulator 1.2 dB, 0.8 A/W: ADEPT's column of table IV of "
    "A. Mukherjee, M. Lis and S. Shekhar, Shining light on silicon photonic DNN accelerators, ISCA 2026; "
    "noise of the amplifier: ";

constexpr const char* amplifier = "cmos-65nm-10ghz";
constexpr int bits = 8;

/// The preset's mesh as light sees it, but for the loss of the mesh itself.
PhotonicDesign link_of(const PhotonicDesign& adept) {
  PhotonicDesign design = find_photonic_preset("realistic").design;
  design.modes = adept.modes;
  design.cores = 1;
  design.clock_hz = adept.clock_hz;
  design.laser_power_w = 1;
  design.tia = find_tia(amplifier);
  design.laser.wall_plug_efficiency = 0.2;
  design.fibre_coupler.insertion_loss_db = 2;
  design.modulator.insertion_loss_db = 1.2;
  design.photodiode.responsivity_a_per_w = 0.8;
  design.phase_shifter.insertion_loss_db = design.splitter.insertion_loss_db = 0;
  design.routing_per_column_m = design.access_length_m = 0;
  // The preset's list has its converters; here they only have to keep up.
  design.input_dac.rate_hz = design.output_adc.rate_hz = adept.clock_hz;
  return design;
}

/// Lists end and begin on the chip.
std::vector<Work> on_chip(std::span<const Work> work) {
  std::vector<Work> list(work.begin(), work.end());
  for (Work& w : list) w.off_chip_bytes = 0;
  return list;
}

double joules(Cost cost, std::size_t batch) {
  return CostFigure{"", batch, std::move(cost)}.energy_per_sample_j(Boundary::accelerator, true);
}

}  // namespace

// Shot noise goes with the inverse of the laser's power, that of the receiver with its square.
std::vector<PoweredDevice> adept_light(double mesh_loss_db) {
  const PhotonicDesign& adept = find_photonic_preset("adept").design;
  const PhotonicDesign design = link_of(adept);
  const LinkBudget watt = link_budget(design);
  const double step = std::ldexp(2, -bits);
  const double allowed = step * step / 12 * power_ratio_from_db(-mesh_loss_db);
  const double shot = watt.shot_variance, receiver = watt.thermal_variance + watt.dark_variance;
  const double inverse_w = (std::sqrt(shot * shot + 4 * receiver * allowed) - shot) / (2 * receiver);
  return {{Part::laser, "laser", 1, watt.laser_electrical_w / inverse_w,
           own_link + std::string(design.tia.source)},
          {Part::receiver, "transimpedance amplifiers", static_cast<double>(adept.modes), design.tia.power_w,
           std::string(design.tia.source)}};
}

PhotonicDesign adept_with(std::span<const PoweredDevice> light) {
  PhotonicDesign design = find_photonic_preset("adept").design;
  std::vector<PoweredDevice>& devices = design.published->devices;
  devices.insert(devices.end(), light.begin(), light.end());
  return design;
}

double joules_on_cores(PhotonicDesign design, std::span<const Work> work, std::size_t batch) {
  design.activations = ActivationProducts::reprogrammed;
  MemorySystem memory = find_memory("hbm2e");
  memory.dram_bytes_per_s = memory.sram_bytes_per_s;
  memory.dram_j_per_byte = 0;  // what comes from off the chip elsewhere is paid for in its own memory
  return joules(PhotonicPricing(design, memory, TrainingScheme::reprogram).price(on_chip(work)), batch);
}

double joules_on_array(SystolicSpec array, std::span<const Work> work, std::size_t batch) {
  array.sram_bytes = std::numeric_limits<double>::infinity();
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  return joules(make_systolic_array(array, Dataflow::weight_stationary, *cpu, pool)->price(on_chip(work)),
                batch);
}

SystolicSpec bare_array() {
  // 7 nm: table 2 of N. Jouppi et al., ISCA 2021, doi:10.1109/ISCA52012.2021.00010, as the adder.
  constexpr double int8_multiply_j = 0.07e-12;
  SystolicSpec spec = find_systolic("tpu-v4i");
  spec.format = Format::int8;
  spec.tdp_w = tdp_from_mac(spec, int8_multiply_j + find_digital_unit("asic-7nm").int32_add_j);
  return spec;
}

}  // namespace fringe
