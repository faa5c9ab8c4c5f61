// A real matrix as tiles on cores. photonic_matrix.cpp programs them, tiled_forward.cpp sends batches through
// them, tiled_backward.cpp takes slopes back.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "core/aligned_vector.hpp"
#include "photonics/converters.hpp"
#include "photonics/input_channels.hpp"
#include "photonics/output_channels.hpp"
#include "photonics/photonic_accelerator.hpp"
#include "photonics/photonic_tile.hpp"

namespace fringe {

class TiledMatrix final : public PhotonicMatrix {
 public:
  TiledMatrix(const PhotonicSetup& setup, const MeshLayout& layout, std::size_t first_tile, ConstMatrix w,
              std::uint32_t site, ThreadPool& pool);

  std::size_t rows() const override { return tiling_.rows; }
  std::size_t cols() const override { return tiling_.cols; }
  const Tiling& tiling() const override { return tiling_; }
  double residual() const override { return residual_; }
  std::span<const float> adc_ranges() const override { return ranges_; }
  std::span<float> parameters() override { return parameters_; }
  std::span<float> gradients() override { return gradients_; }
  CoreProgram asked(std::size_t t) const override;
  CoreProgram held(std::size_t t) const override { return tiles_[t].held(); }

  void commit() override;
  void realised(Matrix w) const override;
  void start_randomly(std::uint64_t seed) override;
  void forward(const ConstMatrix& x, const Matrix& y, const Context& context) override;
  void backward(const ConstMatrix& x, const ConstMatrix& dy, const Matrix& dx,
                const Context& context) override;

 private:
  static constexpr std::size_t block_samples = 128;  ///< of one task; part of no result
  /// From row to row of a block: a power of two would put them all into a few sets of the first cache.
  static constexpr std::size_t row_stride = block_samples + 16;
  static constexpr std::size_t no_column = ~std::size_t{0};
  /// Columns that one task takes: some of the samples at one position.
  struct Block {
    std::size_t first, width, position;
    std::uint64_t sample;  ///< number of the first
  };
  class Blocks {
   public:
    Blocks(std::size_t columns, const Context& context)
        : context_(context),
          batch_(columns / context.positions),
          per_position_((batch_ + block_samples - 1) / block_samples) {}
    std::size_t size() const { return context_.positions * per_position_; }
    Block operator[](std::size_t index) const {
      const std::size_t position = index / per_position_, b = index % per_position_ * block_samples;
      return {position * batch_ + b, std::min(block_samples, batch_ - b), context_.first_position + position,
              context_.first_sample + b};
    }

   private:
    const Context& context_;
    std::size_t batch_, per_position_;
  };

  /// Buffers of one worker; none is allocated in a pass.
  struct Scratch {
    AlignedVector<float> scale, inputs, sum, intensity, common_re, common_im, sent_re, sent_im, re, im,
        middle_re, middle_im, adjoint_re, adjoint_im;
    std::size_t common_column = no_column;  ///< of tiles, whose fields common_re and common_im hold
    ReadingScratch reading;

    void reserve(std::size_t rows, std::size_t core_cols, std::size_t modes);
  };

  std::size_t n() const { return layout_.ports(); }
  std::span<float> parameters_of(std::size_t t) {
    return {parameters_.data() + t * map_.size(), map_.size()};
  }
  float gain_of(std::size_t t) const { return parameters_[t * map_.size() + map_.gain()]; }
  PhotonicTile::Half half(std::uint32_t mesh) const;

  /// Column by column, for tiles of a column share their inputs.
  template <class Visit>
  void for_each_tile(Visit visit) const {
    for (std::size_t c = 0; c < tiling_.tile_cols(); ++c)
      for (std::size_t r = 0; r < tiling_.tile_rows(); ++r) visit(r * tiling_.tile_cols() + c);
  }
  std::size_t first_row(std::size_t t) const { return t / tiling_.tile_cols() * n(); }
  std::size_t first_col(std::size_t t) const { return t % tiling_.tile_cols() * n(); }
  /// Outputs and inputs of the tile that W uses; the others are dark or not read.
  std::size_t rows_of(std::size_t t) const { return std::min(n(), rows() - first_row(t)); }
  std::size_t cols_of(std::size_t t) const { return std::min(n(), cols() - first_col(t)); }
  /// visit(row of W, column of W, row of the tile, column of the tile) for the weights that lie on a tile.
  template <class Visit>
  void for_each_weight(std::size_t t, Visit visit) const {
    for (std::size_t i = 0; i < rows_of(t); ++i)
      for (std::size_t k = 0; k < cols_of(t); ++k) visit(first_row(t) + i, first_col(t) + k, i, k);
  }

  // Programming.
  double program_tile(std::size_t t, ConstMatrix w);
  void fit_gain(std::size_t t, MatrixView<const double> target);
  PhotonicTile::Transmission transmission(std::size_t t) const;
  std::vector<float> read_transmission(std::size_t t) const;
  float field_gain(std::size_t t, std::size_t output) const {
    const float gain = outputs_[t].gain(output);
    return intensity_ ? std::sqrt(gain) : gain;
  }
  static float magnitude(float re, float im) { return std::sqrt(re * re + im * im); }

  // Light on its way in, and what is read of it.
  void load_inputs(ConstMatrix x, std::size_t first, std::size_t width, Scratch& s) const;
  ConstFields<float> send_common(std::size_t t, std::size_t width, Scratch& s) const;
  std::span<const float> signs(std::size_t t) const;
  ConstFields<float> send(std::size_t t, std::size_t width, Scratch& s) const;
  ConstFields<float> send_noisy(std::size_t t, const Symbols& symbols, std::size_t width, Scratch& s) const;
  void know_transmissions();
  void calibrate(ConstMatrix x);
  bool read_at_once(std::size_t t, ConstFields<float> sent, const Symbols& symbols, std::size_t width,
                    Scratch& s) const;
  void accumulate(std::size_t t, std::size_t width, Scratch& s) const;
  void backward_tile(std::size_t t, ConstMatrix dy, Matrix dx, const Context& context, const Block& block,
                     Scratch& s);

  Fields<float> fields(AlignedVector<float>& re, AlignedVector<float>& im, std::size_t width) const {
    return {{re.data(), layout_.modes, width, row_stride}, {im.data(), layout_.modes, width, row_stride}};
  }
  Fields<float> planes(AlignedVector<float>& re, AlignedVector<float>& im, std::size_t width) const {
    return {{re.data(), n(), width, row_stride}, {im.data(), n(), width, row_stride}};
  }
  /// What the DACs of the tile's inputs put out.
  ConstMatrix driven(std::size_t t, std::size_t width, const Scratch& s) const {
    return {s.inputs.data() + first_col(t) * row_stride, n(), width, row_stride};
  }

  PhotonicSetup setup_;
  MeshLayout layout_;
  Tiling tiling_;
  std::uint32_t site_;
  std::size_t first_tile_;  ///< of all tiles of the accelerator, which number the taps
  ThreadPool* pool_;
  const CoreKind* kind_;
  bool intensity_;
  TileParameters map_;
  std::vector<float> parameters_, gradients_, ranges_;
  std::vector<PhotonicTile> tiles_;
  std::vector<InputChannels> inputs_;  ///< of each tile's core
  std::vector<OutputChannels> outputs_;
  std::vector<Scratch> scratch_;
  double residual_ = 0;
};

}  // namespace fringe
