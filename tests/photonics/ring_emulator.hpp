// The GPU's mesh kernel on the host: a block's threads in lock step, their fields in an array.
#pragma once

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include "photonics/cuda/cuda_tiles.hpp"
#include "photonics/cuda/gradient_tape.hpp"
#include "photonics/cuda/readout.hpp"
#include "photonics/cuda/ring_tape.hpp"

namespace fringe::ring {

/// As DeviceBlock. What has not arrived is not there: a copy lands at the next arrive(), and its buffer holds
/// NaN until then.
template <int V, class Real = float>
class EmulatedBlock {
 public:
  static constexpr int vectors = V;

  EmulatedBlock(std::uint32_t threads, std::uint32_t lanes, std::uint32_t block, std::uint32_t mesh,
                std::uint32_t ring_sums = 0)
      : mesh_(mesh), number_(block), rings_(rings_of_block(threads, lanes)) {
    for (auto& set : sums_) set.assign(rings_ * ring_sums, nan_quad());
    for (std::uint32_t i = 0; i < threads; ++i) threads_.push_back(thread_of(i, lanes));
    lanes_.resize(threads);
  }

  std::uint32_t mesh() const { return mesh_; }
  std::uint32_t number() const { return number_; }
  std::uint32_t rings() const { return rings_; }
  std::uint32_t first_ring() const { return number_ * rings_; }
  template <class F>
  void each(const F& f) {
    for (std::size_t i = 0; i < threads_.size(); ++i) f(threads_[i], lanes_[i]);
  }
  void copy(std::uint32_t buffer, const QuadOf<Real>* from, std::uint32_t count) {
    stages_[buffer].assign(count, nan_quad());
    pending_ = {buffer, from, count};
  }
  void arrive() {
    std::copy_n(pending_.from, pending_.count, stages_[pending_.buffer].begin());
    pending_.count = 0;
  }
  const QuadOf<Real>* stage(std::uint32_t buffer) const { return stages_[buffer].data(); }
  QuadOf<Real>* sums(std::uint32_t buffer) { return sums_[buffer].data(); }
  template <class F>
  void other_rings(const F& f) const {
    for (std::uint32_t ring = 1; ring < rings_; ++ring) f(ring);
  }
  template <class F>
  void cells(std::uint32_t count, const F& f) const {
    for (std::uint32_t i = 0; i < count; ++i) f(i);
  }
  template <int C>
  void turn() {
    move<C>(&Thread::next);
  }
  template <int C>
  void turn_back() {
    move<C>(&Thread::previous);
  }

 private:
  template <int C>
  void move(std::uint32_t Thread::*from) {
    constexpr int h = leaving_half(C), i = leaving_slot(C);
    const std::vector<Lane<V, Real>> before = lanes_;
    for (std::size_t t = 0; t < threads_.size(); ++t)
      for (int v = 0; v < V; ++v) {
        lanes_[t].re[h][i][v] = before[threads_[t].*from].re[h][i][v];
        lanes_[t].im[h][i][v] = before[threads_[t].*from].im[h][i][v];
      }
  }
  static QuadOf<Real> nan_quad() {
    const Real nan = std::numeric_limits<Real>::quiet_NaN();
    return {{nan, nan, nan, nan}};
  }
  struct Copy {
    std::uint32_t buffer = 0;
    const QuadOf<Real>* from = nullptr;
    std::uint32_t count = 0;
  };
  std::uint32_t mesh_, number_, rings_;
  std::vector<Thread> threads_;
  std::vector<Lane<V, Real>> lanes_;
  std::array<std::vector<QuadOf<Real>>, 2> stages_, sums_;
  Copy pending_;
};

/// Of meshes on a tape.
template <class Real>
PassOf<Real> pass_of(const Map& map, const TapeOf<Real>& tape, std::type_identity_t<ConstFields<Real>> in,
                     std::type_identity_t<Fields<Real>> y) {
  PassOf<Real> p;
  p.lanes = map.lanes;
  p.columns = map.columns;
  p.modes = map.modes;
  p.coefficients = tape.coefficients.data();
  p.enter = map.enter();
  p.leave = map.leave();
  p.out = tape.out.data();
  p.rescale = tape.rescale.empty() ? nullptr : tape.rescale.data();
  p.factors = tape.factors.data();
  p.inputs = static_cast<std::uint32_t>(in.re.rows / map.modes);
  p.in = in;
  p.y = y;
  return p;
}

/// A whole launch.
template <int V, class Real>
void emulate(const PassOf<Real>& pass, bool deferred, std::uint32_t meshes, std::uint32_t threads) {
  const std::size_t samples = std::size_t{rings_of_block(threads, pass.lanes)} * V;
  const auto blocks = static_cast<std::uint32_t>((pass.in.re.cols + samples - 1) / samples);
  for (std::uint32_t mesh = 0; mesh < meshes; ++mesh)
    for (std::uint32_t b = 0; b < blocks; ++b) {
      EmulatedBlock<V, Real> block(threads, pass.lanes, b, mesh);
      deferred ? run<Deferred>(block, pass) : run<Full>(block, pass);
    }
}

/// A whole launch of tiles; arguments as CudaTiles'.
template <int V>
void emulate_tiles(const MeshLayout& layout, const Tiling& tiling,
                   std::span<const PhysicalMesh<double>> meshes, std::span<const OutputChannels> outputs,
                   std::span<const TileScale> scales, ConstFields<float> sent, const float* scale, Matrix y,
                   const Symbols& symbols, std::uint32_t threads) {
  const Map map = map_of(layout);
  const Tape tape = tape_of(layout, map, meshes);
  std::vector<TileReadout> tiles;
  std::vector<ReceiverChannel> channels;
  for (std::size_t t = 0; t < meshes.size(); ++t) {
    tiles.push_back(tile_readout(outputs[t], scales[t].gain, scales[t].range, scales[t].largest));
    for (const ReceiverChannel& c : receiver_channels(outputs[t])) channels.push_back(c);
  }
  ProductPass pass;
  pass.light = pass_of(map, tape, sent, {});
  pass.light.inputs = static_cast<std::uint32_t>(tiling.tile_cols());
  pass.receivers = receivers_of(outputs[0], layout.modes, symbols);
  pass.tiles = tiles.data();
  pass.channels = channels.data();
  pass.scale = scale;
  pass.tile_cols = pass.light.inputs;
  pass.ports = static_cast<std::uint32_t>(tiling.modes);
  pass.y = y;
  const std::size_t samples = std::size_t{rings_of_block(threads, map.lanes)} * V;
  const auto blocks = static_cast<std::uint32_t>((y.cols + samples - 1) / samples);
  for (std::uint32_t row = 0; row < tiling.tile_rows(); ++row)
    for (std::uint32_t b = 0; b < blocks; ++b) {
      EmulatedBlock<V> block(threads, map.lanes, b, row);
      tape.deferred ? run_product<Deferred>(block, pass, row) : run_product<Full>(block, pass, row);
    }
}

/// A whole launch of gradients, and the slopes of its sums: y and g become those ahead of the mesh.
inline void emulate_back(const MeshLayout& layout, const PhysicalMesh<double>& mesh,
                         const FabricatedMesh& fabricated, Fields<float> y, Fields<float> g,
                         PhaseProgram& gradient) {
  constexpr int S = back_samples;
  const Map map = map_of(layout);
  const BackTape tape = back_tape_of(layout, map, mesh);
  const std::vector<CouplerWeights> weights = coupler_weights(fabricated);
  const std::vector<std::int32_t> at = couplers_at(map);
  const bool front = fabricated.crossing->front_rad != 0;
  const std::uint32_t kinds = front ? 2 : 1, threads = back_threads(map.lanes, y.re.cols);
  const std::size_t samples = std::size_t{rings_of_block(threads, map.lanes)} * S;
  const auto blocks = static_cast<std::uint32_t>((y.re.cols + samples - 1) / samples);
  std::vector<Quad> sums(blocks * sums_of(map.lanes, map.columns, kinds));
  const GradientPass pass{map.lanes,   map.columns, tape.coefficients.data(),
                          map.enter(), map.leave(), tape.screen.data(),
                          y,           g,           sums.data()};
  for (std::uint32_t b = 0; b < blocks; ++b) {
    EmulatedBlock<2 * S> block(threads, map.lanes, b, 0, kinds * pairs * map.lanes);
    front ? run_back<true>(block, pass) : run_back<false>(block, pass);
  }
  const SlopePass slopes{map.lanes,
                         map.columns,
                         blocks,
                         front,
                         sums.data(),
                         at.data(),
                         map.leave(),
                         weights.data(),
                         gradient.theta.data(),
                         gradient.phi.data(),
                         gradient.out.data()};
  for (std::uint32_t item = 0; item < slopes.items(); ++item) {
    SlopeSums total = slice_of(slopes, item, 0);
    for (std::uint32_t slice = 1; slice < slope_slices; ++slice) add(total, slice_of(slopes, item, slice));
    add_slopes(slopes, item, total);
  }
}

}  // namespace fringe::ring
