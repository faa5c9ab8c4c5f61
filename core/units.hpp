// SI base units everywhere; prefixes and decibels only at the edges. Constants: CODATA 2018 (exact by the
// 2019 SI), https://physics.nist.gov/cuu/Constants/.
#pragma once

#include <cmath>
#include <numbers>

namespace fringe {

inline constexpr double pi = std::numbers::pi;
inline constexpr double speed_of_light_m_per_s = 299792458.0;
inline constexpr double planck_j_s = 6.62607015e-34;
inline constexpr double elementary_charge_c = 1.602176634e-19;

/// Power ratio of a gain in dB (negative dB is a loss).
inline double power_ratio_from_db(double gain_db) { return std::pow(10.0, gain_db / 10.0); }
/// Field (amplitude) transmission of an insertion loss, loss_db ≥ 0.
inline double field_transmission_from_loss_db(double loss_db) {
  return loss_db == 0 ? 1.0 : std::pow(10.0, -loss_db / 20.0);
}
/// Energy of one photon [J] at a vacuum wavelength [m].
inline double photon_energy_j(double wavelength_m) {
  return planck_j_s * speed_of_light_m_per_s / wavelength_m;
}

}  // namespace fringe
