#include "photonics/photonic_matrix.hpp"

#include <optional>

#include "core/error.hpp"
#include "photonics/tile_programming.hpp"
#include "photonics/tiled_matrix.hpp"

namespace fringe {

void TiledMatrix::Scratch::reserve(std::size_t rows, std::size_t core_cols, std::size_t modes) {
  sum.resize(rows * row_stride);
  scale.resize(row_stride);
  intensity.resize(row_stride);
  inputs.resize(core_cols * row_stride);
  for (auto* plane : {&common_re, &common_im, &sent_re, &sent_im, &re, &im, &middle_re, &middle_im,
                      &adjoint_re, &adjoint_im})
    plane->resize(modes * row_stride);
}

TiledMatrix::TiledMatrix(const PhotonicSetup& setup, const MeshLayout& layout, std::size_t first_tile,
                         ConstMatrix w, std::uint32_t site, ThreadPool& pool)
    : setup_(setup),
      layout_(layout),
      tiling_{w.rows, w.cols, layout.ports()},
      site_(site),
      first_tile_(first_tile),
      pool_(&pool),
      kind_(&find_core_kind(setup.design.core)),
      intensity_(setup.design.detection == Detection::intensity),
      map_(layout, *kind_),
      parameters_(tiling_.tiles() * map_.size()),
      gradients_(parameters_.size()),
      ranges_(tiling_.tiles()),
      scratch_(pool.size()) {
  if (w.rows == 0 || w.cols == 0) throw Error("a weight matrix has at least one row and one column");
  for (Scratch& s : scratch_) s.reserve(w.rows, tiling_.tile_cols() * n(), layout.modes);
  const auto core_of = [&](std::size_t t) {
    return static_cast<std::uint32_t>((first_tile + t) % setup_.design.cores);
  };
  std::vector<std::optional<PhotonicTile>> fabricated(tiling_.tiles());
  pool_->run(fabricated.size(), [&](std::size_t t, unsigned) {
    fabricated[t].emplace(layout_, *kind_, half(2 * core_of(t)),
                          kind_->meshes == 2 ? std::optional(half(2 * core_of(t) + 1)) : std::nullopt);
  });
  tiles_.reserve(fabricated.size());
  for (std::size_t t = 0; t < fabricated.size(); ++t) {
    tiles_.push_back(std::move(*fabricated[t]));
    inputs_.emplace_back(setup_.effects, n(), setup_.seed, setup_.chip, core_of(t));
    outputs_.emplace_back(setup_.effects, n(), setup_.seed, setup_.chip, core_of(t), setup_.design.detection);
  }
  std::vector<double> missed(tiles_.size());
  pool_->run(tiles_.size(), [&](std::size_t t, unsigned) { missed[t] = program_tile(t, w); });
  double square = 0, weights = 0;
  for (const double m : missed) square += m * m;
  for (std::size_t r = 0; r < w.rows; ++r)
    for (std::size_t c = 0; c < w.cols; ++c) weights += static_cast<double>(w(r, c)) * w(r, c);
  if (square > 0) residual_ = std::sqrt(square / weights);
}

PhotonicTile::Half TiledMatrix::half(std::uint32_t mesh) const {
  return {fabricate(layout_, setup_.effects.mesh, setup_.seed, setup_.chip, mesh,
                    find_crossing(setup_.design.crossing)),
          drivers_of(layout_, setup_.effects.mesh, setup_.seed, setup_.chip, mesh)};
}

CoreProgram TiledMatrix::asked(std::size_t t) const {
  return map_.read({parameters_.data() + t * map_.size(), map_.size()});
}

void TiledMatrix::commit() {
  pool_->run(tiles_.size(), [&](std::size_t t, unsigned) {
    const auto p = parameters_of(t);
    for (std::size_t k = 0; k < map_.attenuators(); ++k) {
      float& a = p[map_.attenuation() + k];
      a = std::clamp(a, 0.0f, 1.0f);
    }
    tiles_[t].apply(asked(t));
  });
}

void TiledMatrix::realised(Matrix w) const {
  if (w.rows != rows() || w.cols != cols()) throw Error("realised matrix: wrong shape");
  for (std::size_t t = 0; t < tiles_.size(); ++t) {
    const std::vector<float> tile = transmission(t).re;
    const float gain = gain_of(t);
    for_each_weight(t, [&](std::size_t r, std::size_t c, std::size_t i, std::size_t k) {
      w(r, c) = gain * tile[i * n() + k];
    });
  }
}

void TiledMatrix::start_randomly(std::uint64_t seed) {
  pool_->run(tiles_.size(), [&](std::size_t t, unsigned) {
    const Draw draw{seed, Purpose::initial_weights, setup_.chip,
                    static_cast<std::uint32_t>(2 * (first_tile_ + t))};
    map_.write(random_program(setup_, layout_, draw), parameters_of(t));
    tiles_[t].apply(asked(t));
    // Loss included: what n basis vectors give.
    const std::vector<float> a = read_transmission(t);
    double square = 0;
    for (const float value : a) square += static_cast<double>(value) * static_cast<double>(value);
    if (square > 0)
      parameters_of(t)[map_.gain()] = static_cast<float>(
          std::sqrt(2.0 / static_cast<double>(cols()) * static_cast<double>(a.size()) / square));
  });
}

/// Programs a tile and returns how far from the weights it stays on an ideal core, ‖·‖_F.
double TiledMatrix::program_tile(std::size_t t, ConstMatrix w) {
  PhotonicTile& tile = tiles_[t];
  const std::size_t used_rows = rows_of(t), used_cols = cols_of(t);
  std::vector<double> target(used_rows * used_cols);
  for_each_weight(t, [&](std::size_t r, std::size_t c, std::size_t i, std::size_t k) {
    target[i * used_cols + k] = w(r, c);
  });
  const MatrixView<const double> weights(target.data(), used_rows, used_cols);
  map_.write(program_for_chip(setup_, layout_, weights, tile), parameters_of(t));
  tile.apply(asked(t));
  tile.know_transmission();
  fit_gain(t, weights);
  return takes_any_matrix(*kind_, setup_.design.detection) ? 0 : nearest_orthogonal(weights, n()).residual;
}

/// (i, k) = what output i gives for a small input k per unit of it, channel gains included: as a field, so
/// that gains of power count by their root.
PhotonicTile::Transmission TiledMatrix::transmission(std::size_t t) const {
  PhotonicTile::Transmission a = tiles_[t].transmission();
  for (std::size_t i = 0; i < n(); ++i)
    for (std::size_t k = 0; k < n(); ++k) {
      const float gain = field_gain(t, i) * inputs_[t].gain(k);
      a.re[i * n() + k] *= gain;
      a.im[i * n() + k] *= gain;
    }
  return a;
}
/// Of it, what receivers tell.
std::vector<float> TiledMatrix::read_transmission(std::size_t t) const {
  PhotonicTile::Transmission a = transmission(t);
  if (intensity_)
    for (std::size_t i = 0; i < a.re.size(); ++i) a.re[i] = magnitude(a.re[i], a.im[i]);
  return std::move(a.re);
}
/// Least squares of gain·a against the target (both without signs where intensity is read), and the largest
/// output that full-scale inputs can give.
void TiledMatrix::fit_gain(std::size_t t, MatrixView<const double> target) {
  const std::vector<float> a = read_transmission(t);
  double overlap = 0, power = 0, largest = 0;
  for (std::size_t i = 0; i < target.rows; ++i) {
    double row = 0;
    for (std::size_t k = 0; k < target.cols; ++k) {
      const double value = a[i * n() + k];
      overlap += value * (intensity_ ? std::abs(target(i, k)) : target(i, k));
      power += value * value;
      row += std::abs(value);
    }
    largest = std::max(largest, intensity_ ? row * row : row);
  }
  parameters_of(t)[map_.gain()] = static_cast<float>(power > 0 ? overlap / power : 0.0);
  ranges_[t] = static_cast<float>(largest > 0 ? largest : 1.0);
}

std::unique_ptr<PhotonicMatrix> make_photonic_matrix(const PhotonicSetup& setup, const MeshLayout& layout,
                                                     std::size_t first_tile, ConstMatrix w,
                                                     std::uint32_t site, ThreadPool& pool) {
  return std::make_unique<TiledMatrix>(setup, layout, first_tile, w, site, pool);
}

}  // namespace fringe
