// What photons and converters allow: dot products, counts, effective bits.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>

#include "core/units.hpp"
#include "photonics/converters.hpp"
#include "photonics/detection.hpp"
#include "photonics/haar.hpp"
#include "photonics/photonic_accelerator.hpp"
#include "sim/gallery.hpp"

namespace fringe {
namespace {

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

/// The mean of K readings is as good as one of K times the photons.
std::vector<ValidationCase> repeated(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const std::size_t repeats : {1, 4, 16}) {
    constexpr std::size_t n = 16;
    constexpr double per_mac = 0.5;
    cases.push_back({{{fmt::format("N = {}, {} photons per MAC, mean of {}: rms error", n, per_mac, repeats),
                       1 / (2 * std::sqrt(static_cast<double>(n * repeats) * per_mac))}},
                     [repeats, draws = size.draws(200)](Gallery& gallery) {
                       const auto executor = make_cpu_executor(gallery.pool());
                       return std::vector<Measured>{root(means(gallery.each(draws, [&](std::uint32_t draw) {
                         constexpr std::size_t batch = 64;
                         PhotonicAccelerator engine(shot_limited(n, 1, n * per_mac, draw), *executor,
                                                    gallery.pool());
                         const auto o = haar_orthogonal(n, {gallery_seed, Purpose::haar, draw, 2});
                         const std::vector<float> w(o.begin(), o.end());
                         const auto matrix = engine.program({w.data(), n, n}, 0);
                         const std::vector<float> x(n * batch, 1.0f);
                         std::vector<float> y(n * batch);
                         std::vector<double> mean(n * batch);
                         for (std::size_t k = 0; k < repeats; ++k) {
                           Context context;
                           context.seed = gallery_seed;
                           context.shot = static_cast<std::uint32_t>(k);
                           matrix->forward({x.data(), n, batch}, {y.data(), n, batch}, context);
                           for (std::size_t i = 0; i < y.size(); ++i)
                             mean[i] += static_cast<double>(y[i]) / static_cast<double>(repeats);
                         }
                         double error = 0;
                         for (std::size_t i = 0; i < n; ++i) {
                           const double exact =
                               std::accumulate(o.begin() + static_cast<std::ptrdiff_t>(i * n),
                                               o.begin() + static_cast<std::ptrdiff_t>((i + 1) * n), 0.0);
                           for (std::size_t b = 0; b < batch; ++b)
                             error += std::pow(mean[i * batch + b] - exact, 2);
                         }
                         return std::vector<double>{error / static_cast<double>(n * batch)};
                       }))[0])};
                     }});
  }
  return cases;
}

/// One photodiode, light of n photons per reading.
std::vector<ValidationCase> counting(const GallerySize& size) {
  std::vector<ValidationCase> cases;
  for (const double photons : {0.1, 1.0, 10.0, 1000.0}) {
    const std::string label = fmt::format("{} photons", photons);
    std::vector<Claim> claims{{label + ": mean reading", 1}, {label + ": its variance times photons", 1}};
    const bool few = photons <= 10;
    if (few) claims.push_back({label + ": readings of none", std::exp(-photons)});
    ValidationCase counted =
        mean_case(std::move(claims), size.draws(400), [photons, few](std::uint32_t draw) {
          constexpr std::size_t modes = 8, batch = 512;
          std::vector<float> re(modes * batch, 0.6f), im(modes * batch, 0.8f), power(modes * batch);
          detect_intensity({{re.data(), modes, batch}, {im.data(), modes, batch}},
                           {power.data(), modes, batch}, {.signal_photons = photons},
                           {.seed = gallery_seed, .chip = draw});
          double mean = 0, square = 0, none = 0;
          constexpr double count = modes * batch;
          for (const float p : power) {
            mean += static_cast<double>(p) / count;
            square += std::pow(static_cast<double>(p) - 1, 2) / count;
            none += p == 0 ? 1 / count : 0;
          }
          std::vector<double> values{mean, square * photons};
          if (few) values.push_back(none);
          return values;
        });
    // Readings of none are rare: their number has the binomial's spread, also where there was none at all.
    if (few)
      counted.measure = [measure = std::move(counted.measure), photons](Gallery& gallery) {
        std::vector<Measured> found = measure(gallery);
        const double chance = std::exp(-photons),
                     readings = 8 * 512 * static_cast<double>(found.back().draws);
        found.back().standard_error = std::sqrt(chance * (1 - chance) / readings);
        return found;
      };
    cases.push_back(std::move(counted));
  }
  return cases;
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
    ValidationRow{
        "repeated-readings",
        "a dot product read K times and averaged: the noise of K times the photons, so that precision can be "
        "bought product by product",
        "none: exact", "Garg et al., IEEE J. Sel. Top. Quantum Electron. 29(2) (2023), arXiv:2102.06365",
        repeated},
    ValidationRow{"photon-counting",
                  "a photodiode that gets n photons on average counts a Poisson number: variance n, nothing "
                  "at all with probability e^{−n}; below one photon, too",
                  "none: exact",
                  "Glauber, Phys. Rev. 131, 2766 (1963), doi:10.1103/PhysRev.131.2766; below one photon per "
                  "product: Wang et al., Nat. Commun. 13, 123 (2022), doi:10.1038/s41467-021-27774-8",
                  counting},
    ValidationRow{
        "effective-bits", "a converter of b effective bits under a full-scale sine: SNR 6.02·b + 1.76 dB",
        "rounding noise of a sine differs from step²/12 by at most 0.52·2^{−(b−1)/2} of it",
        "IEEE Std 1241-2010; Widrow and Kollár, Quantization Noise (Cambridge, 2008)", effective_bits},
};

}  // namespace

std::span<const ValidationRow> light_rows() { return rows; }

}  // namespace fringe
