#include "sim/optical_study.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

struct Frequency {
  int row, column;
};

std::vector<Frequency> lowest_frequencies(std::size_t count, int side) {
  const int highest = (side - 1) / 2;  // beyond it, a coefficient is another's conjugate
  std::vector<Frequency> all;
  for (int row = 0; row <= highest; ++row)
    for (int column = row == 0 ? 0 : -highest; column <= highest; ++column) all.push_back({row, column});
  if (count == 0 || count > all.size())
    throw Error("Fourier features: ports = " + std::to_string(count) + " must be 1 ... " +
                std::to_string(all.size()) + " for images of " + std::to_string(side) + " pixels a side");
  std::sort(all.begin(), all.end(), [](Frequency a, Frequency b) {
    const auto key = [](Frequency f) {
      return std::tuple(5 * f.row * f.row + 6 * f.column * f.column, f.row, f.column);
    };
    return key(a) < key(b);
  });
  all.resize(count);
  return all;
}

/// e^{−2πi k n/side} for n = 0 … side − 1.
std::vector<std::complex<double>> wave(int k, int side) {
  std::vector<std::complex<double>> values;
  for (int n = 0; n < side; ++n) {
    const double angle = -2 * pi * ((k * n) % side) / side;
    values.emplace_back(std::cos(angle), std::sin(angle));
  }
  return values;
}

}  // namespace

FieldSet fourier_features(const Dataset& images, std::size_t ports, std::size_t samples) {
  const int side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(images.features))));
  if (side < 1 || static_cast<std::size_t>(side) * static_cast<std::size_t>(side) != images.features)
    throw Error("Fourier features: " + std::to_string(images.features) + " pixels make no square image");
  const std::vector<Frequency> frequencies = lowest_frequencies(ports, side);
  const std::size_t count = samples == 0 ? images.samples : std::min(samples, images.samples);
  const auto n = static_cast<std::size_t>(side);

  FieldSet set;
  set.ports = ports;
  set.classes = images.classes;
  set.labels.assign(images.labels.begin(), images.labels.begin() + static_cast<std::ptrdiff_t>(count));
  set.re.resize(count * ports);
  set.im.resize(count * ports);
  // Down the columns of each image's rows, transformed at every column frequency in use.
  std::map<int, std::vector<std::complex<double>>> across, lines;
  std::vector<std::vector<std::complex<double>>> down;
  for (const Frequency& f : frequencies) {
    across[f.column] = wave(f.column, side);
    lines[f.column].resize(n);
    down.push_back(wave(f.row, side));
  }
  for (std::size_t s = 0; s < count; ++s) {
    const float* pixel = images.sample(s).data();
    for (auto& [column, line] : lines) {
      const std::vector<std::complex<double>>& turn = across[column];
      for (std::size_t y = 0; y < n; ++y) {
        line[y] = 0;
        for (std::size_t x = 0; x < n; ++x) line[y] += turn[x] * static_cast<double>(pixel[y * n + x]);
      }
    }
    for (std::size_t p = 0; p < ports; ++p) {
      const std::vector<std::complex<double>>& line = lines[frequencies[p].column];
      std::complex<double> sum = 0;
      for (std::size_t y = 0; y < n; ++y) sum += down[p][y] * line[y];
      set.re[s * ports + p] = sum.real();
      set.im[s * ports + p] = sum.imag();
    }
  }
  for (std::size_t s = 0; s < count; ++s) {
    double power = 0;
    for (std::size_t i = s * ports; i < (s + 1) * ports; ++i)
      power += set.re[i] * set.re[i] + set.im[i] * set.im[i];
    if (power == 0) continue;
    for (std::size_t i = s * ports; i < (s + 1) * ports; ++i) {
      set.re[i] /= std::sqrt(power);
      set.im[i] /= std::sqrt(power);
    }
  }
  return set;
}

OpticalOutcome optical_outcome(const FieldSet& learned, const FieldSet& unseen, bool nonlinear,
                               const OpticalStudyOptions& options, ThreadPool* pool,
                               const Observer* observer) {
  OpticalNetwork network = random_optical_network(
      options.topology, options.ports, nonlinear ? options.layers : 1, learned.classes,
      nonlinear ? std::optional(options.nonlinearity) : std::nullopt, options.training.seed);
  const double loss = train_optical(network, learned, options.training, pool, observer).back();
  return {loss, optical_accuracy(network, unseen, pool)};
}

}  // namespace fringe
