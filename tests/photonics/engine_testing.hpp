// What the tests of the photonic engine share: a bench with one engine, random numbers, the bound of an ideal
// engine.
#pragma once

#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include "core/units.hpp"
#include "photonics/photonic_accelerator.hpp"

namespace fringe::engine_testing {

inline constexpr double u = 0x1p-24;  // unit roundoff of float

inline std::vector<float> normals(std::size_t count, std::uint32_t site) {
  std::vector<float> values(count);
  fill_normal(values, Draw{11, Purpose::test, 0, site});
  return values;
}

inline PhotonicSetup setup(std::size_t modes, std::size_t cores, const PhotonicEffects& effects = {}) {
  PhotonicSetup s;
  s.name = "test";
  s.design = find_photonic_preset("realistic").design;
  s.design.modes = modes;
  s.design.cores = cores;
  s.effects = effects;
  s.seed = 5;
  return s;
}

struct Bench {
  ThreadPool pool;
  std::unique_ptr<Executor> cpu = make_cpu_executor(pool);
  PhotonicAccelerator hardware;
  explicit Bench(const PhotonicSetup& s, unsigned threads = 1) : pool(threads), hardware(s, *cpu, pool) {}
};

inline std::vector<float> forward(ProgrammedMatrix& matrix, const std::vector<float>& x, std::size_t batch,
                                  const Context& context = {}) {
  std::vector<float> y(matrix.rows() * batch);
  matrix.forward({x.data(), matrix.cols(), batch}, {y.data(), matrix.rows(), batch}, context);
  return y;
}

inline double norm(std::span<const float> v) {
  double sum = 0;
  for (const float x : v) sum += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(sum);
}

// Phases are held in float (off by at most 2π·u each) and fields propagate in float: per tile at most
// (4 meshes' phases·2π + 16·√columns)·u·gain·‖x‖ with gain ≤ ‖W‖_F, added over the tiles of a row.
inline double ideal_bound(double w_norm, double x_norm, std::size_t modes, std::size_t tile_cols) {
  const double columns = static_cast<double>(modes);
  return u * (8 * pi * columns + 16 * std::sqrt(columns) + 2) * static_cast<double>(tile_cols) * w_norm *
         x_norm;
}

}  // namespace fringe::engine_testing
