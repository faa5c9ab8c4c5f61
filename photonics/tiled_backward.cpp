#include <algorithm>

#include "core/error.hpp"
#include "photonics/tiled_matrix.hpp"

namespace fringe {

/// Straight through the converters: their steps have no useful derivative (Bengio et al., arXiv:1308.3432).
void TiledMatrix::backward_tile(std::size_t t, ConstMatrix dy, Matrix dx, const Context& context,
                                const Block& at, Scratch& s) {
  const std::size_t first = at.first, width = at.width;
  const float gain = gain_of(t);
  const std::span<float> gradient(gradients_.data() + t * map_.size(), map_.size());
  const Fields<float> out = fields(s.re, s.im, width), middle = fields(s.middle_re, s.middle_im, width),
                      g = fields(s.adjoint_re, s.adjoint_im, width);
  const ConstFields<float> sent = send(t, width, s);
  tiles_[t].propagate(sent, middle, out);

  const std::size_t r0 = first_row(t);
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
                                at_position({context.seed, Purpose::tap_noise, setup_.chip,
                                             static_cast<std::uint32_t>(2 * (first_tile_ + t)), context.shot},
                                            at.position),
                                at.sample, gradient);
  else
    tiles_[t].backward(sent, middle, out, g, gradient);

  if (dx.data == nullptr) return;
  if (inputs_[t].act()) inputs_[t].scale_adjoint(driven(t, width, s), g.re);
  const std::size_t c0 = first_col(t);
  for (std::size_t k = 0; k < cols_of(t); ++k)
    for (std::size_t b = 0; b < width; ++b) dx(c0 + k, first + b) += g.re(k, b) / s.scale[b];
}

void TiledMatrix::backward(const ConstMatrix& x, const ConstMatrix& dy, const Matrix& dx,
                           const Context& context) {
  if (x.rows != cols() || dy.rows != rows() || dy.cols != x.cols)
    throw Error("photonic backward pass: x[" + std::to_string(x.rows) + "×" + std::to_string(x.cols) +
                "] and dy[" + std::to_string(dy.rows) + "×" + std::to_string(dy.cols) + "] do not fit W[" +
                std::to_string(rows()) + "×" + std::to_string(cols()) + "]");
  const Blocks blocks(dy.cols, context);
  // One task per column of tiles: it alone adds to its rows of dx and to its tiles' gradients, in a fixed
  // order.
  pool_->run(tiling_.tile_cols(), [&](std::size_t column, unsigned worker) {
    Scratch& s = scratch_[worker];
    for (std::size_t block = 0; block < blocks.size(); ++block) {
      const Block at = blocks[block];
      const std::size_t first = at.first, width = at.width;
      load_inputs(x, first, width, s);
      // The slopes of a dark sample are those of one so dim that what leaks through its modulators moves
      // nothing.
      std::replace(s.scale.begin(), s.scale.begin() + static_cast<std::ptrdiff_t>(width), 0.0f, 0x1p-60f);
      if (dx.data != nullptr)
        for (std::size_t k = column * n(); k < std::min(cols(), (column + 1) * n()); ++k)
          std::fill_n(dx.row(k) + first, width, 0.0f);
      for (std::size_t row = 0; row < tiling_.tile_rows(); ++row)
        backward_tile(row * tiling_.tile_cols() + column, dy, dx, context, at, s);
    }
  });
}

}  // namespace fringe
