#include "photonics/wdm.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {

std::vector<double> wdm_grid(double centre_wavelength_m, double spacing_hz, std::size_t channels) {
  const double centre_hz = speed_of_light_m_per_s / centre_wavelength_m;
  const double first = centre_hz - spacing_hz * (static_cast<double>(channels) - 1) / 2;
  if (channels == 0 || !(spacing_hz > 0) || !(first > 0) || !std::isfinite(centre_hz))
    throw Error("WDM grid of " + std::to_string(channels) + " channels, " + std::to_string(spacing_hz) +
                " Hz apart, at " + std::to_string(centre_wavelength_m) +
                " m; it must have a channel, a positive spacing, and positive frequencies");
  std::vector<double> wavelengths(channels);
  for (std::size_t i = 0; i < channels; ++i)
    wavelengths[i] = speed_of_light_m_per_s / (first + spacing_hz * static_cast<double>(i));
  return wavelengths;
}

std::vector<WdmChannel> wdm_channels(const MeshLayout& layout, const PhaseProgram& held,
                                     const FabricatedMesh& chip, const Dispersion& dispersion,
                                     std::span<const double> wavelengths_m, ConstComplexMatrix target) {
  const std::size_t n = layout.modes;
  if (target.rows != n || target.cols != n)
    throw Error("WDM target is " + std::to_string(target.rows) + "x" + std::to_string(target.cols) +
                "; the mesh has " + std::to_string(n) + " modes");
  std::vector<WdmChannel> channels;
  for (const double wavelength : wavelengths_m) {
    const auto mesh = realise<double>(layout, at_wavelength(held, dispersion, wavelength),
                                      at_wavelength(chip, dispersion, wavelength));
    WdmChannel channel{wavelength, transfer_matrix(layout, mesh), 0, 0};
    std::complex<double> overlap = 0;
    double distance = 0, power = 0;
    for (std::size_t r = 0; r < n; ++r)
      for (std::size_t c = 0; c < n; ++c) {
        const std::complex<double> a = channel.matrix[r * n + c], u = target(r, c);
        overlap += std::conj(u) * a;
        distance += std::norm(a - u);
        power += std::norm(a);
      }
    const auto modes = static_cast<double>(n);
    channel.error = std::sqrt(distance / modes);
    channel.fidelity = power > 0 ? std::norm(overlap) / (modes * power) : 0;
    channels.push_back(std::move(channel));
  }
  return channels;
}

double wdm_macs_per_s(std::span<const WdmChannel> channels, std::size_t modes, double symbol_rate_hz,
                      double most_error) {
  const auto usable = std::count_if(channels.begin(), channels.end(),
                                    [&](const WdmChannel& channel) { return channel.error <= most_error; });
  return static_cast<double>(usable) * static_cast<double>(modes * modes) * symbol_rate_hz;
}

}  // namespace fringe
