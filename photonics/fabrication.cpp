#include <algorithm>
#include <cmath>

#include "core/draw.hpp"
#include "photonics/faults.hpp"
#include "photonics/imperfections.hpp"
#include "photonics/path_loss.hpp"
#include "photonics/spatial_field.hpp"

namespace fringe {
namespace {

/// Adds spreads of one chip's draws.
struct Spread {
  std::uint64_t seed;
  std::uint32_t trial, site;

  void operator()(std::vector<double>& values, Purpose purpose, double sigma) const {
    if (sigma == 0) return;
    const DrawStream stream = stream_of({seed, purpose, trial, site});
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] += sigma * static_cast<double>(normal(stream, i));
  }
};

void add_splitter_errors(FabricatedMesh& mesh, const MeshLayout& layout, const MeshImperfections& m,
                         const Spread& spread) {
  const double own = m.splitter_sigma_rad * std::sqrt(1 - m.splitter_correlation);
  const double shared = m.splitter_sigma_rad * std::sqrt(m.splitter_correlation);
  const bool front = mesh.crossing->front_rad != 0;
  spread(mesh.alpha_rad, Purpose::splitter_in, own);
  spread(mesh.beta_rad, Purpose::splitter_out, own);
  if (front) spread(mesh.gamma_rad, Purpose::splitter_front, own);
  if (shared > 0) {
    const std::vector<double> field =
        gaussian_field(coupler_positions(layout, m.geometry), m.splitter_correlation_length_m,
                       {spread.seed, Purpose::splitter_shared, spread.trial, spread.site});
    for (std::size_t k = 0; k < field.size(); ++k) {
      mesh.alpha_rad[k] += shared * field[k];
      mesh.beta_rad[k] += shared * field[k];
      if (front) mesh.gamma_rad[k] += shared * field[k];
    }
  }
  if (mesh.crossing->waveguide_crossings > 0)
    for (double& beta : mesh.beta_rad) beta += std::asin(std::sqrt(m.crossing_leakage));
}

void add_losses(FabricatedMesh& mesh, const MeshLayout& layout, const MeshImperfections& m,
                const Spread& spread) {
  const double crossings = mesh.crossing->waveguide_crossings * m.crossing_loss_db;
  spread(mesh.loss_db, Purpose::loss_spread, m.insertion_loss_sigma_db);
  for (double& loss : mesh.loss_db) loss = std::max(0.0, m.insertion_loss_db + loss) + crossings;
  spread(mesh.arm_imbalance_db, Purpose::arm_imbalance, m.arm_imbalance_sigma_db);
  add_path_loss(mesh, layout, m.geometry,
                {m.waveguide_loss_db_per_m, m.crossing_loss_db,
                 m.balanced_edges ? m.insertion_loss_db + crossings : 0});
}

}  // namespace

FabricatedMesh fabricate(const MeshLayout& layout, const MeshImperfections& m, std::uint64_t seed,
                         std::uint32_t trial, std::uint32_t site, const Crossing& crossing) {
  check(m);
  const Spread spread{seed, trial, site};
  FabricatedMesh mesh = ideal_fabrication(layout, crossing);
  add_splitter_errors(mesh, layout, m, spread);
  add_losses(mesh, layout, m, spread);
  spread(mesh.theta_error_rad, Purpose::phase_error_theta, m.phase_sigma_rad);
  spread(mesh.phi_error_rad, Purpose::phase_error_phi, m.phase_sigma_rad);
  spread(mesh.out_error_rad, Purpose::phase_error_out, m.phase_sigma_rad);
  const double warmed = 2 * pi / m.dispersion.design_wavelength_m * silicon_index_per_k *
                        m.temperature_shift_k * m.path_imbalance_sigma_m;
  spread(mesh.theta_error_rad, Purpose::path_imbalance_theta, warmed);
  spread(mesh.phi_error_rad, Purpose::path_imbalance_phi, warmed);
  spread(mesh.out_error_rad, Purpose::path_imbalance_out, warmed);
  if (m.detuning_m != 0)
    mesh = at_wavelength(std::move(mesh), m.dispersion, m.dispersion.design_wavelength_m + m.detuning_m);
  return apply_faults(std::move(mesh), draw_faults(layout, m.dead_coupler_probability, 0, seed, trial, site));
}

}  // namespace fringe
