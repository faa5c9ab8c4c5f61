#include <limits>

#include "core/clones.hpp"
#include "core/error.hpp"
#include "photonics/reading_kernel.hpp"
#include "photonics/tiled_matrix.hpp"

namespace fringe {
namespace {

FRINGE_CLONES void widen(float* largest, const float* x, std::size_t count) {
  for (std::size_t b = 0; b < count; ++b) {
    const float size = std::abs(x[b]);
    largest[b] = largest[b] < size ? size : largest[b];
  }
}

FRINGE_CLONES void divide(float* out, const float* x, const float* scale, std::size_t count) {
  for (std::size_t b = 0; b < count; ++b) out[b] = x[b] / (scale[b] == 0 ? 1.0f : scale[b]);
}

/// out += gain·scale·in.
FRINGE_CLONES void add_scaled(float* out, const float* in, const float* scale, float gain,
                              std::size_t count) {
  for (std::size_t b = 0; b < count; ++b) out[b] += gain * scale[b] * in[b];
}

Quantiser quantiser(float range, double enob) {
  return enob > 0 ? make_quantiser(range, enob) : Quantiser{range, 0};
}

}  // namespace

/// Of every tile, whose phases may have changed.
void TiledMatrix::know_transmissions() {
  pool_->run(tiles_.size(), [&](std::size_t t, unsigned) { tiles_[t].know_transmission(); });
}
/// Scales every sample to full scale and sends it through the DAC. A dark one, all zeros, has the scale 0: by
/// it the digital unit multiplies what is read, noise and offsets as well, which so fade with ever dimmer
/// samples and are gone with a dark one.
void TiledMatrix::load_inputs(ConstMatrix x, std::size_t first, std::size_t width, Scratch& s) const {
  std::fill_n(s.scale.begin(), width, 0.0f);
  for (std::size_t k = 0; k < cols(); ++k) widen(s.scale.data(), x.row(k) + first, width);
  s.common_column = no_column;
  const Quantiser dac = quantiser(1.0f, setup_.effects.dac_enob);
  for (std::size_t k = 0; k < tiling_.tile_cols() * n(); ++k) {
    float* row = s.inputs.data() + k * row_stride;
    if (k < cols())
      divide(row, x.row(k) + first, s.scale.data(), width);
    else
      std::fill_n(row, width, 0.0f);
    InputChannels::predistort(std::span(row, width), setup_.effects);
    quantise(std::span(row, width), dac);
  }
}

/// Fields at the tile's inputs, without noise, and but for signs() where cores are alike: tiles of a column
/// then share them.
ConstFields<float> TiledMatrix::send_common(std::size_t t, std::size_t width, Scratch& s) const {
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
std::span<const float> TiledMatrix::signs(std::size_t t) const {
  return inputs_[t].alike() ? inputs_[t].signs() : std::span<const float>();
}

/// Fields at the tile's inputs, without noise.
ConstFields<float> TiledMatrix::send(std::size_t t, std::size_t width, Scratch& s) const {
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
ConstFields<float> TiledMatrix::send_noisy(std::size_t t, const Symbols& symbols, std::size_t width,
                                           Scratch& s) const {
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

/// All of detect() and accumulate() in one go, where nothing else acts on a reading; false where more does.
bool TiledMatrix::read_at_once(std::size_t t, ConstFields<float> sent, const Symbols& symbols,
                               std::size_t width, Scratch& s) const {
  const auto plain = outputs_[t].plain_reading(ranges_[t], 2 * tiles_[t].largest_gain());
  if (!plain || symbols.first_sample % 4 != 0) return false;
  const bool bright = outputs_[t].intensity(symbols, s.reading, {s.intensity.data(), width});
  const PhotonicTile::Transmission& a = tiles_[t].known_transmission();
  reading_kernel()({rows_of(t),
                    n(),
                    width,
                    a.re.data(),
                    a.im.data(),
                    sent.re.data,
                    sent.im.data,
                    row_stride,
                    bright ? s.intensity.data() : nullptr,
                    outputs_[t].leak().data(),
                    plain->noise_sigma,
                    plain->noise_variance,
                    plain->signal_share,
                    symbols.draw(plain->noise),
                    symbols.element(0, layout_.modes) / 4,
                    plain->adc.range,
                    plain->adc.step,
                    gain_of(t),
                    s.scale.data(),
                    s.sum.data() + first_row(t) * row_stride,
                    row_stride});
  return true;
}

void TiledMatrix::accumulate(std::size_t t, std::size_t width, Scratch& s) const {
  const float gain = gain_of(t);
  const std::size_t r0 = first_row(t);
  for (std::size_t i = 0; i < rows_of(t); ++i) {
    float* in = s.re.data() + i * row_stride;
    if (intensity_)
      for (std::size_t b = 0; b < width; ++b) in[b] = std::sqrt(std::max(0.0f, in[b]));
    add_scaled(s.sum.data() + (r0 + i) * row_stride, in, s.scale.data(), gain, width);
  }
}

void TiledMatrix::forward(const ConstMatrix& x, const Matrix& y, const Context& context) {
  if (x.rows != cols() || y.rows != rows() || x.cols != y.cols)
    throw Error("photonic product: W[" + std::to_string(rows()) + "×" + std::to_string(cols()) +
                "] does not fit x[" + std::to_string(x.rows) + "×" + std::to_string(x.cols) + "] and y[" +
                std::to_string(y.rows) + "×" + std::to_string(y.cols) + "]");
  if (context.positions == 0 || x.cols % context.positions != 0)
    throw Error("photonic product: " + std::to_string(x.cols) + " columns are no " +
                std::to_string(context.positions) + " positions of a batch");
  if (context.calibrate) calibrate(x);
  // A backward pass comes from the phases; all other passes of a program share its matrices.
  const bool by_matrix = !context.training;
  if (by_matrix) know_transmissions();
  const Blocks blocks(x.cols, context);
  pool_->run(blocks.size(), [&](std::size_t block, unsigned worker) {
    Scratch& s = scratch_[worker];
    const Block at = blocks[block];
    const std::size_t first = at.first, width = at.width;
    load_inputs(x, first, width, s);
    // Tile by tile next to each other: rows of y lie far apart.
    std::fill(s.sum.begin(), s.sum.end(), 0.0f);
    for_each_tile([&](std::size_t t) {
      const Symbols symbols{context.seed, setup_.chip,   site_, context.shot,
                            at.sample,    tiles_.size(), t,     at.position};
      const ConstFields<float> sent = send_noisy(t, symbols, width, s);
      if (by_matrix && read_at_once(t, sent, symbols, width, s)) return;
      const Fields<float> out = fields(s.re, s.im, width);
      // Twice: what comes in may be a little above full scale.
      const float largest = by_matrix ? 2 * tiles_[t].largest_gain() : std::numeric_limits<float>::infinity();
      if (by_matrix)
        tiles_[t].multiply(sent, out, outputs_[t].read_im(largest));
      else
        tiles_[t].propagate(sent, out);
      outputs_[t].detect(out, rows_of(t), ranges_[t], largest, symbols, s.reading);
      accumulate(t, width, s);
    });
    for (std::size_t r = 0; r < rows(); ++r)
      std::copy_n(s.sum.data() + r * row_stride, width, y.row(r) + first);
  });
}

/// Sets every tile's range to its largest output for this batch, without noise.
void TiledMatrix::calibrate(ConstMatrix x) {
  know_transmissions();
  const Context anyone;
  const Blocks blocks(x.cols, anyone);
  std::vector<float> largest(blocks.size() * tiles_.size());
  pool_->run(blocks.size(), [&](std::size_t block, unsigned worker) {
    Scratch& s = scratch_[worker];
    const Block at = blocks[block];
    const std::size_t first = at.first, width = at.width;
    load_inputs(x, first, width, s);
    for_each_tile([&](std::size_t t) {
      tiles_[t].multiply(send(t, width, s), fields(s.re, s.im, width), intensity_);
      float& most = largest[block * tiles_.size() + t];
      for (std::size_t i = 0; i < rows_of(t); ++i)
        for (std::size_t b = 0; b < width; ++b) {
          const float re = s.re[i * row_stride + b], im = intensity_ ? s.im[i * row_stride + b] : 0.0f;
          most = std::max(most, std::abs(outputs_[t].gain(i) * (intensity_ ? re * re + im * im : re)));
        }
    });
  });
  for (std::size_t t = 0; t < tiles_.size(); ++t) {
    float most = 0;
    for (std::size_t block = 0; block < blocks.size(); ++block)
      most = std::max(most, largest[block * tiles_.size() + t]);
    if (most > 0) ranges_[t] = most;
  }
}

}  // namespace fringe
