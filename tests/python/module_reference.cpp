// What the C++ library makes of the cases of mesh_module_test.py, a line each: a name and numbers in
// hexadecimal.
#include <cmath>
#include <cstdio>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "core/units.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/output_channels.hpp"
#include "photonics/photonic_accelerator.hpp"

namespace {

using namespace fringe;

template <class Number>
void line(const std::string& name, std::span<const Number> values) {
  std::printf("%s", name.c_str());
  for (const Number value : values) std::printf(" %a", static_cast<double>(value));
  std::printf("\n");
}

/// Sixteenths that repeat after 31 numbers.
std::vector<float> pattern(std::size_t rows, std::size_t cols, std::size_t offset) {
  std::vector<float> m(rows * cols);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c)
      m[r * cols + c] = (static_cast<float>((7 * r + 13 * c + offset) % 31) - 15) / 16;
  return m;
}

constexpr std::size_t rows = 20, cols = 33, batch = 70;

void products(const std::string& name, PhotonicSetup setup) {
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  setup.seed = 7;
  setup.chip = 2;
  PhotonicAccelerator accelerator(setup, *cpu, pool);
  const auto x = pattern(cols, batch, 5);
  std::vector<float> y(rows * batch), realised(rows * cols);
  for (std::uint32_t site = 0; site < 2; ++site) {
    const auto w = pattern(rows, cols, site);
    const auto matrix = accelerator.program({w.data(), rows, cols}, site);
    const auto run = [&](const Context& context) {
      matrix->forward({x.data(), cols, batch}, {y.data(), rows, batch}, context);
    };
    const std::string which = name + std::to_string(site);
    run({.seed = 7, .shot = 3, .first_sample = 5});
    line<float>(which + ".multiply", y);
    run({.seed = 7, .calibrate = true});
    run({.seed = 7});
    line<float>(which + ".calibrated", y);
    matrix->realised({realised.data(), rows, cols});
    line<float>(which + ".realised", realised);
  }
  std::vector<Work> work(2);
  for (int k = 0; k < 2; ++k) {
    Work& w = work[static_cast<std::size_t>(k)];
    w.weight = k;
    w.rows = rows;
    w.inner = cols;
    w.columns = batch;
    w.bytes = 4.0 * (rows * cols + rows * batch + cols * batch);
  }
  work[1].after = {0};
  const Cost cost = accelerator.price(work);
  const double figures[] = {cost.latency_s, cost.interval_s(),
                            cost.energy_j(Boundary::accelerator, cost.latency_s), cost.chip_area_m2()};
  line<double>(name + ".price", figures);
}

void readings(const std::string& name, const PhotonicEffects& effects, Detection detection) {
  auto re = pattern(6, batch, 1), im = pattern(6, batch, 2);
  ReadingScratch scratch;
  OutputChannels(effects, 6, 9, 1, 4, detection)
      .detect({{re.data(), 6, batch}, {im.data(), 6, batch}}, 6, 1, std::numeric_limits<float>::infinity(),
              {.seed = 9, .chip = 1, .site = 4, .shot = 2, .first_sample = 3}, scratch);
  line<float>(name, re);
}

}  // namespace

int main() {
  PhotonicSetup realistic;
  realistic.design = find_photonic_preset("realistic").design;
  realistic.effects = effects_of(realistic.design);
  products("realistic", realistic);

  PhotonicSetup corrected;
  corrected.design = find_photonic_preset("coarse-splitters").design;
  corrected.design.modes = 8;
  corrected.design.laser_power_w = 0.01;
  corrected.design.cores = 40;
  corrected.effects = effects_of(corrected.design);
  corrected.corrected = true;
  products("corrected", corrected);

  PhotonicSetup shot = realistic;
  shot.effects = {};
  shot.effects.shot_variance = realistic.effects.shot_variance;
  shot.effects.oscillator_photons = realistic.effects.oscillator_photons;
  shot.effects.adc_enob = realistic.effects.adc_enob;
  products("shot", shot);

  PhotonicSetup coded;
  coded.design = realistic.design;
  coded.training = TrainingScheme::reprogram;
  NumberSystem numbers;
  numbers.weight_bits = 6;
  numbers.width = coded.design.modes;
  numbers.light_noise = light_noise(coded.design);
  coded.numbers = NumberPlan{numbers, {}};
  products("coded", coded);

  PhotonicEffects weak;  // 500 photons of signal, 3000 of oscillator, 20 electrons rms, 5 dark on each diode
  weak.shot_variance = 1.0 / 2000;
  weak.oscillator_photons = 3000;
  weak.thermal_variance = weak.shot_variance / 3000 * 20 * 20;
  weak.dark_variance = weak.shot_variance / 3000 * 2 * 5;
  weak.intensity_variance = 1e-4;
  weak.intensity_leak = 0.01 * std::sqrt(3000.0 / 500);
  readings("homodyne", weak, Detection::homodyne);
  PhotonicEffects direct;
  direct.shot_variance = 1.0 / 500;
  direct.thermal_variance = 1.0 / 250000 * 20 * 20;
  direct.dark_variance = 1.0 / 250000 * 5;
  direct.intensity_variance = 1e-4;
  readings("intensity", direct, Detection::intensity);

  // The link budget's receiver, for what a receiver is by power.
  const PhotonicDesign& design = realistic.design;
  const LinkBudget budget = link_budget(design);
  const double efficiency = quantum_efficiency(design.photodiode, design.laser.wavelength_m);
  const double photons_per_w = efficiency / design.clock_hz / photon_energy_j(design.laser.wavelength_m);
  const double by_power[] = {budget.detected_signal_photons / photons_per_w,
                             budget.detected_oscillator_photons / photons_per_w,
                             design.clock_hz,
                             design.laser.wavelength_m,
                             design.photodiode.responsivity_a_per_w,
                             design.tia.input_noise_a_per_sqrt_hz,
                             design.photodiode.dark_current_a,
                             design.laser.rin_db_per_hz,
                             budget.detected_signal_photons,
                             budget.detected_oscillator_photons,
                             std::sqrt(budget.thermal_electrons_variance),
                             budget.dark_electrons,
                             budget.intensity_variance};
  line<double>("budget", by_power);
}
