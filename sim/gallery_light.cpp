// What photons and converters allow: dot products, digits, effective bits.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "core/units.hpp"
#include "electronic/cpu_blas.hpp"
#include "photonics/converters.hpp"
#include "photonics/haar.hpp"
#include "photonics/photonic_accelerator.hpp"
#include "sim/gallery.hpp"
#include "workloads/digits.hpp"
#include "workloads/split.hpp"
#include "workloads/training.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

/// An ideal engine but for shot noise: `photons` are detected of an input of full scale on a lossless way.
PhotonicSetup shot_limited(std::size_t modes, std::size_t cores, double photons, std::uint32_t chip) {
  PhotonicSetup setup;
  setup.name = "shot noise alone";
  setup.design = find_photonic_preset("realistic").design;
  setup.design.modes = modes;
  setup.design.cores = cores;
  setup.effects.shot_variance = photons > 0 ? 1 / (4 * photons) : 0;
  setup.seed = gallery_seed;
  setup.chip = chip;
  return setup;
}

/// Inputs of ±1 through a random orthogonal matrix: n outputs, n² products, n·photons detected.
std::vector<ValidationCase> dot_products(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const std::size_t n : {8, 64})
    for (const double per_mac : {0.01, 0.1, 1.0, 10.0}) {
      const auto m = static_cast<double>(n);
      cases.push_back({{{fmt::format("N = {}, {} photons per MAC: rms error", n, per_mac),
                         1 / (2 * std::sqrt(m * per_mac))}},
                       [n, per_mac, draws = size.draws(200)](Gallery& gallery) {
                         const auto executor = make_cpu_executor(gallery.pool());
                         return std::vector<Measured>{root(means(gallery.each(draws, [&](std::uint32_t draw) {
                           constexpr std::size_t batch = 256;
                           PhotonicAccelerator engine(
                               shot_limited(n, 1, static_cast<double>(n) * per_mac, draw), *executor,
                               gallery.pool());
                           const auto o = haar_orthogonal(n, {gallery_seed, Purpose::haar, draw, 2});
                           const std::vector<float> w(o.begin(), o.end());
                           const auto matrix = engine.program({w.data(), n, n}, 0);
                           std::vector<float> x(n * batch), y(n * batch);
                           const DrawStream signs = stream_of({gallery_seed, Purpose::test, draw, 7});
                           for (std::size_t i = 0; i < x.size(); ++i)
                             x[i] = random_bits(signs, i) & 1u ? 1.0f : -1.0f;
                           Context context;
                           context.seed = gallery_seed;
                           matrix->forward({x.data(), n, batch}, {y.data(), n, batch}, context);
                           double error = 0;
                           for (std::size_t i = 0; i < n; ++i)
                             for (std::size_t b = 0; b < batch; ++b) {
                               double exact = 0;
                               for (std::size_t k = 0; k < n; ++k)
                                 exact += o[i * n + k] * static_cast<double>(x[k * batch + b]);
                               error += std::pow(static_cast<double>(y[i * batch + b]) - exact, 2);
                             }
                           // The outputs' mean square is 1: the matrix is orthogonal.
                           return std::vector<double>{error / static_cast<double>(n * batch)};
                         }))[0])};
                       }});
    }
  return cases;
}

/// The digits' network, trained in floating point once, and how it spends photons.
struct TrainedDigits {
  const Workload& workload = find_workload("digits-mlp");
  const Dataset& data = optical_digits();
  Graph graph = workload.graph();
  Split split;
  Parameters parameters;
  double accuracy = 0;
  double photons_per_mac = 0;  ///< at one photon per full-scale input

  explicit TrainedDigits(Gallery& gallery) : split(fold_split(stratified_folds(data, 5, gallery_seed), 0)) {
    const auto executor = make_cpu_executor(gallery.pool());
    const auto blas = make_cpu_blas(*executor, gallery.pool());
    Network network(graph, initial_parameters(graph, gallery_seed), *blas);
    train(network, data, split.train, workload.training);
    parameters = network.parameters();
    // Each input vector is scaled to full scale; a column of tiles takes it once per row of tiles.
    double energy = 0;
    network.set_hook([&](const DenseView& dense) {
      const Tiling tiling{dense.y.rows, dense.x.rows, modes};
      for (std::size_t b = 0; b < dense.x.cols; ++b) {
        double largest = 0, sum = 0;
        for (std::size_t k = 0; k < dense.x.rows; ++k) {
          const double value = std::abs(static_cast<double>(dense.x(k, b)));
          largest = std::max(largest, value);
          sum += value * value;
        }
        if (largest > 0) energy += static_cast<double>(tiling.tile_rows()) * sum / (largest * largest);
      }
    });
    accuracy = evaluate(network, data, split.test).accuracy;
    photons_per_mac = energy / (static_cast<double>(split.test.size()) * workload.macs);
  }

  static constexpr std::size_t modes = 64;
};

/// Share of classes that a blind guess may at best and at least be right about.
double largest_class(const Dataset& data) {
  std::vector<double> count(data.classes);
  for (const auto label : data.labels) ++count[static_cast<std::size_t>(label)];
  return *std::max_element(count.begin(), count.end()) / static_cast<double>(data.samples);
}

std::vector<ValidationCase> digits(const GallerySize& size) {
  constexpr std::array photons{1e-6, 0.01, 0.1, 0.66, 3.1};
  const Dataset& data = optical_digits();
  const double chance = 1.0 / static_cast<double>(data.classes);
  using Relation = Claim::Relation;
  std::vector<Claim> claims{{"1e-6 photons per MAC: accuracy", chance, largest_class(data) - chance},
                            {"0.1 over 0.01 photons per MAC: accuracy gained", 0, 0, Relation::at_least},
                            {"0.66 photons per MAC: accuracy", 0.9, 0, Relation::at_least},
                            {"3.1 photons per MAC: accuracy lost", 0.01, 0, Relation::at_most}};
  return {{std::move(claims), [photons, draws = size.draws(64)](Gallery& gallery) {
             const TrainedDigits digits(gallery);
             const auto executor = make_cpu_executor(gallery.pool());
             const auto accuracies = gallery.each(draws, [&](std::uint32_t draw) {
               std::vector<double> a;
               for (const double per_mac : photons) {
                 PhotonicAccelerator engine(
                     shot_limited(TrainedDigits::modes, 2, per_mac / digits.photons_per_mac, draw), *executor,
                     gallery.pool());
                 Network network(digits.graph, digits.parameters, engine);
                 Context context;
                 context.seed = gallery_seed;
                 a.push_back(evaluate(network, digits.data, digits.split.test, context).accuracy);
               }
               return std::vector<double>{a[0], a[2] - a[1], a[3], digits.accuracy - a[4]};
             });
             return means(accuracies);
           }}};
}

/// A sine over the whole range, at random phases.
std::vector<ValidationCase> effective_bits(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const int bits : {6, 8, 12}) {
    const double ratio = 1.5 * std::pow(4.0, bits), levels = std::ldexp(1.0, bits - 1);
    // Relative rounding noise beyond step²/12 is a sum of Bessel functions, (12/π²)·Σ J₀(2πkA/step)/k²,
    // |J₀(x)| ≤ √(2/(πx)): below (12/π²)·ζ(5/2)/π·(A/step)^{−1/2}.
    const double next = 10 * std::log10(1 + 12 / (pi * pi) * 1.3415 / pi / std::sqrt(levels));
    cases.push_back({{{fmt::format("{} effective bits: SNR [dB]", bits), 10 * std::log10(ratio), next}},
                     [bits, draws = size.draws(64)](Gallery& gallery) {
                       const Quantiser quantiser = make_quantiser(1.0f, bits);
                       const auto noise = means(gallery.each(draws, [&](std::uint32_t draw) {
                         std::vector<double> phase(4096);
                         fill_uniform(phase, {gallery_seed, Purpose::test, draw, 8});
                         std::vector<float> x, y;
                         for (const double p : phase) x.push_back(static_cast<float>(std::sin(2 * pi * p)));
                         y = x;
                         quantise(y, quantiser);
                         double sum = 0;
                         for (std::size_t i = 0; i < x.size(); ++i)
                           sum += std::pow(static_cast<double>(y[i]) - static_cast<double>(x[i]), 2);
                         return std::vector<double>{sum / static_cast<double>(x.size())};
                       }))[0];
                       return std::vector<Measured>{{-10 * std::log10(2 * noise.value),
                                                     10 / std::log(10.0) * noise.standard_error / noise.value,
                                                     noise.draws}};
                     }});
  }
  return cases;
}

constexpr std::array rows{
    ValidationRow{
        "shot-noise",
        "a dot product of N terms read by homodyne detection with n photons per product: relative "
        "rms error 1/(2√(N·n)), from variance 1/4 per quadrature; the local oscillator's photons not counted",
        "none: exact",
        "Hamerly et al., Phys. Rev. X 9, 021032 (2019), doi:10.1103/PhysRevX.9.021032; Yuen and "
        "Chan, Opt. Lett. 8, 177 (1983), doi:10.1364/OL.8.000177",
        dot_products},
    ValidationRow{"photons-per-mac",
                  "digits read with few photons per product, the network trained in floating point: about "
                  "90 % correct at 0.66 detected photons, nothing lost (99 %) at 3.1; there a deeper network "
                  "on MNIST and intensity detection, here 64-64-10 on 8×8 digits and homodyne detection, "
                  "all photons counted that enter the mesh",
                  "blind guesses: the largest class for the mean one",
                  "form: Wang et al., Nat. Commun. 13, 123 (2022), doi:10.1038/s41467-021-27774-8", digits},
    ValidationRow{
        "effective-bits", "a converter of b effective bits under a full-scale sine: SNR 6.02·b + 1.76 dB",
        "rounding noise of a sine differs from step²/12 by at most 0.52·2^{−(b−1)/2} of it",
        "IEEE Std 1241-2010; Widrow and Kollár, Quantization Noise (Cambridge, 2008)", effective_bits},
};

}  // namespace

std::span<const ValidationRow> light_rows() { return rows; }

}  // namespace fringe
