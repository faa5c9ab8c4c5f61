// Several wavelengths through the same programmed mesh at once (wavelength-division multiplexing).
#pragma once

#include <complex>
#include <span>
#include <vector>

#include "photonics/wavelength.hpp"

namespace fringe {

/// Wavelengths [m] of channels equally spaced in frequency about a centre, as in ITU-T G.694.1, by rising
/// frequency; with an even number the centre lies between two. Throws Error where there is no channel, or one
/// of no positive frequency.
std::vector<double> wdm_grid(double centre_wavelength_m, double spacing_hz, std::size_t channels);

struct WdmChannel {
  double wavelength_m;
  std::vector<std::complex<double>> matrix;  ///< [modes×modes], row-major
  double error;                              ///< E = ‖A − U‖_F/√N, against the target
  double fidelity;                           ///< F = |tr U†A|²/(N·tr A†A)
};

/// What each channel sees of a chip that holds a program. `target` is the unitary that all should see.
/// Channels don't mix: the mesh is linear. Throws Error where sizes disagree.
std::vector<WdmChannel> wdm_channels(const MeshLayout& layout, const PhaseProgram& held,
                                     const FabricatedMesh& chip, const Dispersion& dispersion,
                                     std::span<const double> wavelengths_m, ConstComplexMatrix target);

/// Multiply–accumulates per second of all channels with an error of at most `most_error`, each of them
/// modes² per symbol.
double wdm_macs_per_s(std::span<const WdmChannel> channels, std::size_t modes, double symbol_rate_hz,
                      double most_error);

}  // namespace fringe
