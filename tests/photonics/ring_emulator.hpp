// The GPU's mesh kernel on the host: a block's threads in lock step, their fields in an array.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "photonics/cuda/ring_tape.hpp"

namespace fringe::ring {

/// As DeviceBlock. What has not arrived is not there: a copy lands at the next arrive(), and its buffer holds
/// NaN until then.
template <int V>
class EmulatedBlock {
 public:
  static constexpr int vectors = V;

  EmulatedBlock(std::uint32_t threads, std::uint32_t lanes, std::uint32_t block, std::uint32_t mesh)
      : mesh_(mesh), first_ring_(block * rings_of_block(threads, lanes)) {
    for (std::uint32_t i = 0; i < threads; ++i) threads_.push_back(thread_of(i, lanes));
    lanes_.resize(threads);
  }

  std::uint32_t mesh() const { return mesh_; }
  std::uint32_t first_ring() const { return first_ring_; }
  template <class F>
  void each(const F& f) {
    for (std::size_t i = 0; i < threads_.size(); ++i) f(threads_[i], lanes_[i]);
  }
  void copy(std::uint32_t buffer, const Quad* from, std::uint32_t count) {
    const float nan = std::nanf("");
    stages_[buffer].assign(count, Quad{{nan, nan, nan, nan}});
    pending_ = {buffer, from, count};
  }
  void arrive() {
    std::copy_n(pending_.from, pending_.count, stages_[pending_.buffer].begin());
    pending_.count = 0;
  }
  const Quad* stage(std::uint32_t buffer) const { return stages_[buffer].data(); }
  template <int C>
  void turn() {
    constexpr int h = leaving_half(C), i = leaving_slot(C);
    const std::vector<Lane<V>> before = lanes_;
    for (std::size_t t = 0; t < threads_.size(); ++t)
      for (int v = 0; v < V; ++v) {
        lanes_[t].re[h][i][v] = before[threads_[t].next].re[h][i][v];
        lanes_[t].im[h][i][v] = before[threads_[t].next].im[h][i][v];
      }
  }

 private:
  struct Copy {
    std::uint32_t buffer = 0;
    const Quad* from = nullptr;
    std::uint32_t count = 0;
  };
  std::uint32_t mesh_, first_ring_;
  std::vector<Thread> threads_;
  std::vector<Lane<V>> lanes_;
  std::array<std::vector<Quad>, 2> stages_;
  Copy pending_;
};

/// Of meshes on a tape.
inline Pass pass_of(const Map& map, const Tape& tape, ConstFields<float> in, Fields<float> y) {
  Pass p;
  p.lanes = map.lanes;
  p.columns = map.columns;
  p.modes = map.modes;
  p.coefficients = tape.coefficients.data();
  p.enter = map.enter();
  p.leave = map.leave();
  p.out = tape.out.data();
  p.rescale = tape.rescale.empty() ? nullptr : tape.rescale.data();
  p.factors = tape.factors.data();
  p.own_input = in.re.rows != map.modes;
  p.in = in;
  p.y = y;
  return p;
}

/// A whole launch.
template <int V>
void emulate(const Pass& pass, bool deferred, std::uint32_t meshes, std::uint32_t threads) {
  const std::size_t samples = std::size_t{rings_of_block(threads, pass.lanes)} * V;
  const auto blocks = static_cast<std::uint32_t>((pass.in.re.cols + samples - 1) / samples);
  for (std::uint32_t mesh = 0; mesh < meshes; ++mesh)
    for (std::uint32_t b = 0; b < blocks; ++b) {
      EmulatedBlock<V> block(threads, pass.lanes, b, mesh);
      deferred ? run<Deferred>(block, pass) : run<Full>(block, pass);
    }
}

}  // namespace fringe::ring
