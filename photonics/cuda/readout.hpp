// From the fields behind a batch of tiles to a matrix product, in the launch that carries the light: laser
// noise, homodyne detection, receiver and ADC of each output, digital gain, and the sum over the tiles of a
// row.
//
// The arithmetic and the draws are output_channels.hpp's, element by element: on equal fields the readings
// have the bits of OutputChannels::detect(). A block takes the tiles of a row one after the other, so that
// each output of the product belongs to one thread and is summed in the order of tile columns; fields never
// reach memory.
#pragma once

#include <span>
#include <vector>

#include "core/poisson.hpp"
#include "photonics/cuda/ring_pass.hpp"
#include "photonics/output_channels.hpp"
#include "photonics/sine.hpp"
#include "photonics/svd_core.hpp"

namespace fringe::ring {

/// What all receivers of a batch share.
struct Receivers {
  enum Shot : std::uint32_t { steady, of_signal, counted };  ///< as in add_reading_noise()

  DrawStream intensity{}, phase{}, noise{}, counts{}, thermal{}, memory{};
  std::uint64_t first_sample = 0;
  std::uint32_t channels = 0;  ///< modes of a core, to which draws belong
  Shot shot = steady;
  float intensity_sigma = 0, phase_sigma = 0;  ///< 0: none
  float steady_sigma = 0;                      ///< of all noise where the signal adds none
  float constant = 0, share = 0;               ///< variance constant + share·|a|²
  double root_signal = 0, root_oscillator = 0, per_electron = 0;
  float thermal_sigma = 0;  ///< beside counts
};

/// What stands behind one tile.
struct TileReadout {
  float gain = 1;  ///< digital
  float range = 1;
  float step = 0, inverse_step = 0, last = 0;  ///< of the ADC; step 0: none
  float memory_width = 0;
  bool both = false;  ///< whether readings depend on imaginary parts
};

/// What stands behind one output of a tile.
struct ReceiverChannel {
  float gain = 1, bow = 0, twist = 0, leak = 0;
};

/// Receivers of a batch; all outputs are alike but for what TileReadout and ReceiverChannel say. They read by
/// homodyne detection.
Receivers receivers_of(const OutputChannels& outputs, std::size_t channels, const Symbols& symbols);
/// `largest`: no field at the tile's outputs is larger.
TileReadout tile_readout(const OutputChannels& outputs, float gain, float range, float largest);
std::vector<ReceiverChannel> receiver_channels(const OutputChannels& outputs);

/// Throws Error where there are not as many meshes, outputs and scales as tiles, or more rows of them than a
/// launch takes, tiles have other ports than the layout, or light is read by its intensity.
void check_tiles(const MeshLayout& layout, const Tiling& tiling, std::size_t meshes,
                 std::span<const OutputChannels> outputs, std::size_t scales);

/// Tiles of a matrix, row by row, and what reads them.
struct ProductPass {
  Pass light;  ///< y is not used; inputs = tile_cols
  Receivers receivers;
  const TileReadout* tiles = nullptr;
  const ReceiverChannel* channels = nullptr;  ///< [tile][ports]
  const float* scale = nullptr;               ///< of each sample; null: 1
  std::uint32_t tile_cols = 1;
  std::uint32_t ports = 0;  ///< of a core: rows of the product per tile
  Matrix y;
};

/// Element of a draw for sample 0 of the batch (Symbols::element()).
FRINGE_HD inline std::uint64_t element_of(const Receivers& r, std::uint32_t tile, std::uint64_t channel,
                                          std::uint64_t channels) {
  return ((std::uint64_t{tile} * channels + channel) << 32) + r.first_sample;
}

/// f(v, bits) for elements first + v of a draw.
template <int V, class F>
FRINGE_HD inline void each_draw(const DrawStream& stream, std::uint64_t first, const F& f) {
  if constexpr (V % 4 == 0)
    if (first % 4 == 0) {
      for (int block = 0; block < V / 4; ++block) {
        const auto bits = random_block(stream, first / 4 + static_cast<std::uint64_t>(block));
        for (int e = 0; e < 4; ++e) f(4 * block + e, bits[static_cast<std::size_t>(e)]);
      }
      return;
    }
  for (int v = 0; v < V; ++v) f(v, random_bits(stream, first + static_cast<std::uint64_t>(v)));
}

/// The laser's noise of V symbols, common to the outputs of a tile.
template <int V>
struct LaserNoise {
  float epsilon[V], cosine[V], sine[V];
};
template <int V>
FRINGE_HD inline LaserNoise<V> laser_noise(const Receivers& r, std::uint32_t tile, std::size_t sample) {
  LaserNoise<V> laser{};
  const std::uint64_t first = element_of(r, tile, 0, 1) + sample;
  if (r.intensity_sigma > 0)
    each_draw<V>(r.intensity, first, [&](int v, std::uint32_t bits) {
      laser.epsilon[v] = r.intensity_sigma * normal_from_bits(bits);
    });
  if (r.phase_sigma > 0)
    each_draw<V>(r.phase, first, [&](int v, std::uint32_t bits) {
      const SineCosine phase = sine_cosine(r.phase_sigma * normal_from_bits(bits));
      laser.cosine[v] = phase.cosine;
      laser.sine[v] = phase.sine;
    });
  return laser;
}

/// Photons of both diodes, drawn one by one. Kernels call this and read_output(): inlined for each mode of a
/// lane they would be most of the code.
template <int V>
[[gnu::noinline]] FRINGE_HD void count_photons(const Receivers& r, std::uint64_t first_plus,
                                               std::uint64_t first_minus, float (&re)[V],
                                               const float (&im)[V]) {
  for (int v = 0; v < V; ++v) {
    const double a = r.root_signal * static_cast<double>(re[v]),
                 b = r.root_signal * static_cast<double>(im[v]);
    const auto count = [&](double sign, std::uint64_t first) {
      const double amplitude = r.root_oscillator + sign * a;
      return poisson((amplitude * amplitude + b * b) / 2,
                     random_bits(r.counts, first + static_cast<std::uint64_t>(v)));
    };
    const double plus = count(1, first_plus), minus = count(-1, first_minus);
    re[v] = static_cast<float>(r.per_electron * (plus - minus));
  }
}

/// re becomes what the ADC of an output gives: OutputChannels::turn() and detect() of V samples.
template <int V>
[[gnu::noinline]] FRINGE_HD void read_output(const Receivers& r, const TileReadout& t,
                                             const ReceiverChannel& c, const LaserNoise<V>& laser,
                                             std::uint32_t tile, std::uint32_t channel, std::size_t sample,
                                             float (&re)[V], float (&im)[V]) {
  if (r.phase_sigma > 0)
    for (int v = 0; v < V; ++v) {
      const float x = re[v], y = im[v];
      re[v] = x * laser.cosine[v] - y * laser.sine[v];
      im[v] = x * laser.sine[v] + y * laser.cosine[v];
    }
  if (r.intensity_sigma > 0)
    for (int v = 0; v < V; ++v) {
      re[v] = (1.0f + laser.epsilon[v]) * re[v] + c.leak * laser.epsilon[v];
      im[v] = (1.0f + laser.epsilon[v]) * im[v];
    }
  const std::uint64_t first = element_of(r, tile, channel, r.channels) + sample;
  if (r.shot == Receivers::counted && t.both) {
    count_photons<V>(
        r, element_of(r, tile, 2 * std::uint64_t{channel}, 2 * std::uint64_t{r.channels}) + sample,
        element_of(r, tile, 2 * std::uint64_t{channel} + 1, 2 * std::uint64_t{r.channels}) + sample, re, im);
    if (r.thermal_sigma > 0)
      each_draw<V>(r.thermal, first,
                   [&](int v, std::uint32_t bits) { re[v] += r.thermal_sigma * normal_from_bits(bits); });
  } else if (r.shot == Receivers::of_signal && t.both) {
    each_draw<V>(r.noise, first, [&](int v, std::uint32_t bits) {
      re[v] += sqrt_exact(r.constant + r.share * (re[v] * re[v] + im[v] * im[v])) * normal_from_bits(bits);
    });
  } else if (r.steady_sigma > 0) {
    each_draw<V>(r.noise, first,
                 [&](int v, std::uint32_t bits) { re[v] += r.steady_sigma * normal_from_bits(bits); });
  }
  if (t.memory_width != 0)
    each_draw<V>(r.memory, first, [&](int v, std::uint32_t bits) {
      re[v] += t.memory_width * static_cast<float>(uniform_from_bits(bits) - 0.5);
    });
  constexpr float rounder = 12582912.0f;  // as in converters.cpp
  const float inverse_range = 1 / t.range;
  for (int v = 0; v < V; ++v) {
    float x = re[v];
    if (c.bow != 0 || c.twist != 0) {
      const float u = x * inverse_range, rest = 1.0f - u * u;
      x += t.range * (rest > 0 ? rest * (c.bow + c.twist * u) : 0.0f);
    }
    x *= c.gain;
    if (t.step != 0) {
      float code = x * t.inverse_step;
      code = code > t.last ? t.last : code;
      code = code < -t.last ? -t.last : code;
      x = ((code + rounder) - rounder) * t.step;
    }
    re[v] = x;
  }
}

/// The tiles of row `tile_row` of the product.
template <class Form, class Block>
FRINGE_HD inline void run_product(Block& block, const ProductPass& p, std::uint32_t tile_row) {
  constexpr int V = Block::vectors;
  for (std::uint32_t column = 0; column < p.tile_cols; ++column) {
    const std::uint32_t tile = tile_row * p.tile_cols + column;
    run<Form>(block, p.light, tile, [&](const Thread& t, std::size_t sample, const Lane<V>& x) {
      const std::size_t batch = p.y.cols;
      if (!t.active || sample >= batch) return;
      const TileReadout readout = p.tiles[tile];
      const LaserNoise<V> laser = laser_noise<V>(p.receivers, tile, sample);
      each_output(p.light, tile, t, x, [&](std::uint32_t mode, float(&re)[V], float(&im)[V]) {
        const std::size_t row = std::size_t{tile_row} * p.ports + mode;
        if (mode >= p.ports || row >= p.y.rows) return;
        read_output<V>(p.receivers, readout, p.channels[std::size_t{tile} * p.ports + mode], laser, tile,
                       mode, sample, re, im);
        const std::size_t count = batch - sample;
        float* const to = p.y.row(row) + sample;
        float sum[V] = {};
        if (column > 0) load(static_cast<const float*>(to), count, sum);
        for (int v = 0; v < V; ++v) {
          const float scale = p.scale && static_cast<std::size_t>(v) < count ? p.scale[sample + v] : 1.0f;
          sum[v] += readout.gain * scale * re[v];
        }
        store(to, count, sum);
      });
    });
  }
}

}  // namespace fringe::ring
