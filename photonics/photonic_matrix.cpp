#include "photonics/photonic_matrix.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "core/clones.hpp"
#include "core/error.hpp"
#include "photonics/converters.hpp"
#include "photonics/input_channels.hpp"
#include "photonics/output_channels.hpp"
#include "photonics/photonic_tile.hpp"
#include "photonics/tile_programming.hpp"

namespace fringe {
namespace {

constexpr std::size_t block_samples = 128;  // samples of one task; part of no result
static_assert(block_samples % kernel_product_samples == 0);

std::size_t blocks_of(std::size_t batch) { return (batch + block_samples - 1) / block_samples; }

FRINGE_CLONES void widen(float* largest, const float* x, std::size_t count) {
  for (std::size_t b = 0; b < count; ++b) {
    const float size = std::abs(x[b]);
    largest[b] = largest[b] < size ? size : largest[b];
  }
}

FRINGE_CLONES void divide(float* out, const float* x, const float* scale, std::size_t count) {
  for (std::size_t b = 0; b < count; ++b) out[b] = x[b] / scale[b];
}

/// out += gain·scale·in.
FRINGE_CLONES void add_scaled(float* out, const float* in, const float* scale, float gain,
                              std::size_t count) {
  for (std::size_t b = 0; b < count; ++b) out[b] += gain * scale[b] * in[b];
}

/// Buffers of one worker; none is allocated in a pass.
struct Scratch {
  std::vector<float> scale, inputs, sum, common_re, common_im, sent_re, sent_im, re, im, middle_re, middle_im,
      adjoint_re, adjoint_im;
  std::size_t common_column = no_column;  ///< of tiles, whose fields common_re and common_im hold
  ReadingScratch reading;

  static constexpr std::size_t no_column = ~std::size_t{0};
  void reserve(std::size_t rows, std::size_t core_cols, std::size_t modes) {
    sum.resize(rows * block_samples);
    scale.resize(block_samples);
    inputs.resize(core_cols * block_samples);
    for (auto* plane : {&common_re, &common_im, &sent_re, &sent_im, &re, &im, &middle_re, &middle_im,
                        &adjoint_re, &adjoint_im})
      plane->resize(modes * block_samples);
  }
};

class TiledMatrix final : public PhotonicMatrix {
 public:
  TiledMatrix(const PhotonicSetup& setup, const MeshLayout& layout, std::size_t first_tile, ConstMatrix w,
              std::uint32_t site, ThreadPool& pool)
      : setup_(setup),
        layout_(layout),
        tiling_{w.rows, w.cols, layout.ports()},
        site_(site),
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
    for (std::size_t t = 0; t < tiling_.tiles(); ++t) {
      const auto core = static_cast<std::uint32_t>((first_tile + t) % setup_.design.cores);
      tiles_.emplace_back(layout_, *kind_, half(2 * core),
                          kind_->meshes == 2 ? std::optional(half(2 * core + 1)) : std::nullopt);
      inputs_.emplace_back(setup_.effects, n(), setup_.seed, setup_.chip, core);
      outputs_.emplace_back(setup_.effects, n(), setup_.seed, setup_.chip, core, setup_.design.detection);
    }
    std::vector<double> missed(tiles_.size());
    pool_->run(tiles_.size(), [&](std::size_t t, unsigned) { missed[t] = program_tile(t, w); });
    double square = 0, weights = 0;
    for (const double m : missed) square += m * m;
    for (std::size_t r = 0; r < w.rows; ++r)
      for (std::size_t c = 0; c < w.cols; ++c) weights += static_cast<double>(w(r, c)) * w(r, c);
    if (square > 0) residual_ = std::sqrt(square / weights);
  }

  std::size_t rows() const override { return tiling_.rows; }
  std::size_t cols() const override { return tiling_.cols; }
  const Tiling& tiling() const override { return tiling_; }
  double residual() const override { return residual_; }
  std::span<const float> adc_ranges() const override { return ranges_; }
  std::span<float> parameters() override { return parameters_; }
  std::span<float> gradients() override { return gradients_; }

  void commit() override {
    pool_->run(tiles_.size(), [&](std::size_t t, unsigned) {
      const auto p = parameters_of(t);
      for (std::size_t k = 0; k < map_.attenuators(); ++k) {
        float& a = p[map_.attenuation() + k];
        a = std::clamp(a, 0.0f, 1.0f);
      }
      tiles_[t].apply(asked(t));
    });
  }

  void forward(ConstMatrix x, Matrix y, const Context& context) override {
    if (x.rows != cols() || y.rows != rows() || x.cols != y.cols)
      throw Error("photonic product: W[" + std::to_string(rows()) + "×" + std::to_string(cols()) +
                  "] does not fit x[" + std::to_string(x.rows) + "×" + std::to_string(x.cols) + "] and y[" +
                  std::to_string(y.rows) + "×" + std::to_string(y.cols) + "]");
    if (context.calibrate) calibrate(x);
    kept_ = context.keep_for_backward ? x : ConstMatrix();
    // A backward pass comes from the phases; all other passes of a program share its matrices.
    const bool by_matrix = !context.keep_for_backward;
    if (by_matrix) know_transmissions();
    pool_->run(blocks_of(x.cols), [&](std::size_t block, unsigned worker) {
      Scratch& s = scratch_[worker];
      const std::size_t first = block * block_samples, width = std::min(block_samples, x.cols - first);
      load_inputs(x, first, width, s);
      // Tile by tile next to each other: rows of y lie far apart.
      std::fill(s.sum.begin(), s.sum.end(), 0.0f);
      for_each_tile([&](std::size_t t) {
        const Symbols symbols{
            context.seed, setup_.chip, site_, context.shot, context.first_sample + first, tiles_.size(), t};
        const ConstFields<float> sent = send_noisy(t, symbols, width, s);
        const Fields<float> out = fields(s.re, s.im, width);
        // Twice: what comes in may be a little above full scale.
        const float largest =
            by_matrix ? 2 * tiles_[t].largest_gain() : std::numeric_limits<float>::infinity();
        if (by_matrix)
          tiles_[t].multiply(sent, out, outputs_[t].read_im(largest));
        else
          tiles_[t].propagate(sent, out);
        outputs_[t].detect(out, rows_of(t), ranges_[t], largest, symbols, s.reading);
        accumulate(t, width, s);
      });
      for (std::size_t r = 0; r < rows(); ++r)
        std::copy_n(s.sum.data() + r * block_samples, width, y.row(r) + first);
    });
  }

  void backward(ConstMatrix dy, Matrix dx, const Context& context) override {
    if (kept_.data == nullptr || dy.cols != kept_.cols || dy.rows != rows())
      throw Error(
          "photonic backward pass: it follows a forward pass of the same batch with keep_for_backward");
    // One task per column of tiles: it alone adds to its rows of dx and to its tiles' gradients, in a fixed
    // order.
    pool_->run(tiling_.tile_cols(), [&](std::size_t column, unsigned worker) {
      Scratch& s = scratch_[worker];
      for (std::size_t block = 0; block < blocks_of(dy.cols); ++block) {
        const std::size_t first = block * block_samples, width = std::min(block_samples, dy.cols - first);
        load_inputs(kept_, first, width, s);
        if (dx.data != nullptr)
          for (std::size_t k = column * n(); k < std::min(cols(), (column + 1) * n()); ++k)
            std::fill_n(dx.row(k) + first, width, 0.0f);
        for (std::size_t row = 0; row < tiling_.tile_rows(); ++row)
          backward_tile(row * tiling_.tile_cols() + column, dy, dx, context, first, width, s);
      }
    });
  }

  void realised(Matrix w) const override {
    if (w.rows != rows() || w.cols != cols()) throw Error("realised matrix: wrong shape");
    for (std::size_t t = 0; t < tiles_.size(); ++t) {
      const std::vector<float> tile = transmission(t).re;
      const float gain = parameters_[t * map_.size() + map_.gain()];
      for_each_weight(t, [&](std::size_t r, std::size_t c, std::size_t i, std::size_t k) {
        w(r, c) = gain * tile[i * n() + k];
      });
    }
  }

  void start_randomly(std::uint64_t seed) override {
    pool_->run(tiles_.size(), [&](std::size_t t, unsigned) {
      const Draw draw{seed, Purpose::initial_weights, setup_.chip,
                      static_cast<std::uint32_t>(2 * (site_ * tiles_.size() + t))};
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

  CoreProgram asked(std::size_t t) const override {
    return map_.read({parameters_.data() + t * map_.size(), map_.size()});
  }
  CoreProgram held(std::size_t t) const override { return tiles_[t].held(); }

 private:
  std::size_t n() const { return layout_.ports(); }
  std::span<float> parameters_of(std::size_t t) {
    return {parameters_.data() + t * map_.size(), map_.size()};
  }

  const Crossing& crossing() const { return find_crossing(setup_.design.crossing); }
  PhotonicTile::Half half(std::uint32_t mesh) const {
    return {fabricate(layout_, setup_.effects.mesh, setup_.seed, setup_.chip, mesh, crossing()),
            drivers_of(layout_, setup_.effects.mesh, setup_.seed, setup_.chip, mesh)};
  }

  /// Column by column, for tiles of a column share their inputs.
  template <class Visit>
  void for_each_tile(Visit visit) const {
    for (std::size_t c = 0; c < tiling_.tile_cols(); ++c)
      for (std::size_t r = 0; r < tiling_.tile_rows(); ++r) visit(r * tiling_.tile_cols() + c);
  }

  /// Outputs and inputs of the tile that W uses; the others are dark or not read.
  std::size_t rows_of(std::size_t t) const { return std::min(n(), rows() - t / tiling_.tile_cols() * n()); }
  std::size_t cols_of(std::size_t t) const { return std::min(n(), cols() - t % tiling_.tile_cols() * n()); }

  /// visit(row of W, column of W, row of the tile, column of the tile) for the weights that lie on a tile.
  template <class Visit>
  void for_each_weight(std::size_t t, Visit visit) const {
    const std::size_t r0 = t / tiling_.tile_cols() * n(), c0 = t % tiling_.tile_cols() * n();
    for (std::size_t i = 0; i < rows_of(t); ++i)
      for (std::size_t k = 0; k < cols_of(t); ++k) visit(r0 + i, c0 + k, i, k);
  }

  /// Programs a tile and returns how far from the weights it stays on an ideal core, ‖·‖_F.
  double program_tile(std::size_t t, ConstMatrix w) {
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

  /// Of every tile, whose phases may have changed.
  void know_transmissions() {
    pool_->run(tiles_.size(), [&](std::size_t t, unsigned) { tiles_[t].know_transmission(); });
  }
  /// (i, k) = what output i gives for a small input k per unit of it, channel gains included: as a field, so
  /// that gains of power count by their root.
  PhotonicTile::Transmission transmission(std::size_t t) const {
    PhotonicTile::Transmission a = tiles_[t].transmission();
    for (std::size_t i = 0; i < n(); ++i)
      for (std::size_t k = 0; k < n(); ++k) {
        const float gain = field_gain(t, i) * inputs_[t].gain(k);
        a.re[i * n() + k] *= gain;
        a.im[i * n() + k] *= gain;
      }
    return a;
  }
  float field_gain(std::size_t t, std::size_t output) const {
    const float gain = outputs_[t].gain(output);
    return intensity_ ? std::sqrt(gain) : gain;
  }
  /// Of it, what receivers tell.
  std::vector<float> read_transmission(std::size_t t) const {
    PhotonicTile::Transmission a = transmission(t);
    if (intensity_)
      for (std::size_t i = 0; i < a.re.size(); ++i) a.re[i] = magnitude(a.re[i], a.im[i]);
    return std::move(a.re);
  }
  static float magnitude(float re, float im) { return std::sqrt(re * re + im * im); }

  /// Least squares of gain·a against the target (both without signs where intensity is read), and the largest
  /// output that full-scale inputs can give.
  void fit_gain(std::size_t t, MatrixView<const double> target) {
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

  /// Scales every sample to full scale and sends it through the DAC.
  void load_inputs(ConstMatrix x, std::size_t first, std::size_t width, Scratch& s) const {
    std::fill_n(s.scale.begin(), width, 0.0f);
    for (std::size_t k = 0; k < cols(); ++k) widen(s.scale.data(), x.row(k) + first, width);
    for (std::size_t b = 0; b < width; ++b)
      if (s.scale[b] == 0) s.scale[b] = 1;
    s.common_column = Scratch::no_column;
    const Quantiser dac = quantiser(1.0f, setup_.effects.dac_enob);
    for (std::size_t k = 0; k < tiling_.tile_cols() * n(); ++k) {
      float* row = s.inputs.data() + k * block_samples;
      if (k < cols())
        divide(row, x.row(k) + first, s.scale.data(), width);
      else
        std::fill_n(row, width, 0.0f);
      InputChannels::predistort(std::span(row, width), setup_.effects);
      quantise(std::span(row, width), dac);
    }
  }

  static Quantiser quantiser(float range, double enob) {
    return enob > 0 ? make_quantiser(range, enob) : Quantiser{range, 0};
  }

  Fields<float> fields(std::vector<float>& re, std::vector<float>& im, std::size_t width) const {
    return {{re.data(), layout_.modes, width, block_samples},
            {im.data(), layout_.modes, width, block_samples}};
  }
  Fields<float> planes(std::vector<float>& re, std::vector<float>& im, std::size_t width) const {
    return {{re.data(), n(), width, block_samples}, {im.data(), n(), width, block_samples}};
  }
  /// What the DACs of the tile's inputs put out.
  ConstMatrix driven(std::size_t t, std::size_t width, const Scratch& s) const {
    return {s.inputs.data() + t % tiling_.tile_cols() * n() * block_samples, n(), width, block_samples};
  }

  /// Fields at the tile's inputs, without noise, and but for signs() where cores are alike: tiles of a column
  /// then share them.
  ConstFields<float> send_common(std::size_t t, std::size_t width, Scratch& s) const {
    const InputChannels& channels = inputs_[t];
    if (!channels.act()) return {driven(t, width, s), {}};
    const Fields<float> common = planes(s.common_re, s.common_im, width);
    const std::size_t column = t % tiling_.tile_cols();
    if (!channels.alike())
      channels.send(driven(t, width, s), common);
    else if (std::exchange(s.common_column, column) != column)
      channels.send_unsigned(driven(t, width, s), common);
    return {common.re, channels.leaks() ? ConstMatrix(common.im) : ConstMatrix()};
  }
  std::span<const float> signs(std::size_t t) const {
    return inputs_[t].alike() ? inputs_[t].signs() : std::span<const float>();
  }

  /// Fields at the tile's inputs, without noise.
  ConstFields<float> send(std::size_t t, std::size_t width, Scratch& s) const {
    const ConstFields<float> common = send_common(t, width, s);
    if (!common.im.data || signs(t).empty()) return common;
    const Fields<float> sent = planes(s.sent_re, s.sent_im, width);
    for (std::size_t k = 0; k < n(); ++k) {
      const float sign = signs(t)[k], *from = common.im.row(k);
      float* to = sent.im.row(k);
      for (std::size_t b = 0; b < width; ++b) to[b] = sign * from[b];
    }
    return {common.re, sent.im};
  }

  /// With the modulators' memory and the laser's phase.
  ConstFields<float> send_noisy(std::size_t t, const Symbols& symbols, std::size_t width, Scratch& s) const {
    const bool turns = outputs_[t].turns();
    const Fields<float> sent = planes(s.sent_re, s.sent_im, width);
    if (!inputs_[t].remembers()) {
      if (!turns) return send(t, width, s);
      outputs_[t].turn(send_common(t, width, s), signs(t), sent, symbols, s.reading);
      return sent;
    }
    const ConstFields<float> clean = send(t, width, s);
    for (std::size_t k = 0; k < n(); ++k) std::copy_n(clean.re.row(k), width, sent.re.row(k));
    inputs_[t].add_memory(sent.re, symbols, s.reading);
    const ConstFields<float> remembered{sent.re, clean.im};
    if (!turns) return remembered;
    outputs_[t].turn(remembered, {}, sent, symbols, s.reading);
    return sent;
  }

  void accumulate(std::size_t t, std::size_t width, Scratch& s) const {
    const float gain = parameters_[t * map_.size() + map_.gain()];
    const std::size_t r0 = t / tiling_.tile_cols() * n();
    for (std::size_t i = 0; i < rows_of(t); ++i) {
      float* in = s.re.data() + i * block_samples;
      if (intensity_)
        for (std::size_t b = 0; b < width; ++b) in[b] = std::sqrt(std::max(0.0f, in[b]));
      add_scaled(s.sum.data() + (r0 + i) * block_samples, in, s.scale.data(), gain, width);
    }
  }

  /// Sets every tile's range to its largest output for this batch, without noise.
  void calibrate(ConstMatrix x) {
    know_transmissions();
    const std::size_t blocks = blocks_of(x.cols);
    std::vector<float> largest(blocks * tiles_.size());
    pool_->run(blocks, [&](std::size_t block, unsigned worker) {
      Scratch& s = scratch_[worker];
      const std::size_t first = block * block_samples, width = std::min(block_samples, x.cols - first);
      load_inputs(x, first, width, s);
      for_each_tile([&](std::size_t t) {
        tiles_[t].multiply(send(t, width, s), fields(s.re, s.im, width), intensity_);
        float& most = largest[block * tiles_.size() + t];
        for (std::size_t i = 0; i < rows_of(t); ++i)
          for (std::size_t b = 0; b < width; ++b) {
            const float re = s.re[i * block_samples + b],
                        im = intensity_ ? s.im[i * block_samples + b] : 0.0f;
            most = std::max(most, std::abs(outputs_[t].gain(i) * (intensity_ ? re * re + im * im : re)));
          }
      });
    });
    for (std::size_t t = 0; t < tiles_.size(); ++t) {
      float most = 0;
      for (std::size_t block = 0; block < blocks; ++block)
        most = std::max(most, largest[block * tiles_.size() + t]);
      if (most > 0) ranges_[t] = most;
    }
  }

  /// Straight through the converters: their steps have no useful derivative (Bengio et al., arXiv:1308.3432).
  void backward_tile(std::size_t t, ConstMatrix dy, Matrix dx, const Context& context, std::size_t first,
                     std::size_t width, Scratch& s) {
    const float gain = parameters_[t * map_.size() + map_.gain()];
    const std::span<float> gradient(gradients_.data() + t * map_.size(), map_.size());
    const Fields<float> out = fields(s.re, s.im, width), middle = fields(s.middle_re, s.middle_im, width),
                        g = fields(s.adjoint_re, s.adjoint_im, width);
    const ConstFields<float> sent = send(t, width, s);
    tiles_[t].propagate(sent, middle, out);

    const std::size_t r0 = t / tiling_.tile_cols() * n();
    double gain_gradient = 0;
    for (std::size_t i = 0; i < layout_.modes; ++i)
      for (std::size_t b = 0; b < width; ++b) {
        const float d = i < rows_of(t) ? field_gain(t, i) * dy(r0 + i, first + b) * s.scale[b] : 0.0f;
        const float re = out.re(i, b), im = out.im(i, b), read = intensity_ ? magnitude(re, im) : re;
        gain_gradient += static_cast<double>(d) * static_cast<double>(read);
        g.re(i, b) = gain * d;
        g.im(i, b) = 0;
        if (intensity_) {
          // d|z| = Re(z̄·dz)/|z|
          const float turn = read > 0 ? g.re(i, b) / read : 0.0f;
          g.re(i, b) = turn * re;
          g.im(i, b) = turn * im;
        }
      }
    gradient[map_.gain()] += static_cast<float>(gain_gradient);

    if (setup_.measured_gradients)
      tiles_[t].backward_measured(sent, middle, out, g, *setup_.measured_gradients,
                                  {context.seed, Purpose::tap_noise, setup_.chip,
                                   static_cast<std::uint32_t>(site_ * tiles_.size() + t), context.shot},
                                  context.first_sample + first, gradient);
    else
      tiles_[t].backward(sent, middle, out, g, gradient);

    if (dx.data == nullptr) return;
    if (inputs_[t].act()) inputs_[t].scale_adjoint(driven(t, width, s), g.re);
    const std::size_t c0 = t % tiling_.tile_cols() * n();
    for (std::size_t k = 0; k < cols_of(t); ++k)
      for (std::size_t b = 0; b < width; ++b) dx(c0 + k, first + b) += g.re(k, b) / s.scale[b];
  }

  PhotonicSetup setup_;
  MeshLayout layout_;
  Tiling tiling_;
  std::uint32_t site_;
  ThreadPool* pool_;
  const CoreKind* kind_;
  bool intensity_;
  TileParameters map_;
  std::vector<float> parameters_, gradients_, ranges_;
  std::vector<PhotonicTile> tiles_;
  std::vector<InputChannels> inputs_;  ///< of each tile's core
  std::vector<OutputChannels> outputs_;
  std::vector<Scratch> scratch_;
  ConstMatrix kept_;
  double residual_ = 0;
};

}  // namespace

std::unique_ptr<PhotonicMatrix> make_photonic_matrix(const PhotonicSetup& setup, const MeshLayout& layout,
                                                     std::size_t first_tile, ConstMatrix w,
                                                     std::uint32_t site, ThreadPool& pool) {
  return std::make_unique<TiledMatrix>(setup, layout, first_tile, w, site, pool);
}

}  // namespace fringe
