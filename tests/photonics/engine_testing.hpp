// What the tests of the photonic engine share: a bench with one engine, random numbers, the bound of an ideal
// engine.
#pragma once

#include <gtest/gtest.h>

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

/// Checks that neither the number of threads nor the batch matters to a sample; returns y of a batch of 150.
inline std::vector<float> expect_samples_alone(const PhotonicSetup& s, std::size_t rows, std::size_t cols) {
  const std::size_t batch = 150, first = 37, width = 30;
  const auto w = normals(rows * cols, 1), x = normals(cols * batch, 2);
  Bench one(s, 1), two(s, 2);
  const auto a = one.hardware.program({w.data(), rows, cols}, 1),
             b = two.hardware.program({w.data(), rows, cols}, 1);
  const auto whole = forward(*a, x, batch);
  EXPECT_EQ(whole, forward(*b, x, batch)) << "threads change bits";
  std::vector<float> part(cols * width);
  for (std::size_t k = 0; k < cols; ++k)
    for (std::size_t i = 0; i < width; ++i) part[k * width + i] = x[k * batch + first + i];
  Context context;
  context.first_sample = first;
  const auto y = forward(*a, part, width, context);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t i = 0; i < width; ++i) EXPECT_EQ(y[r * width + i], whole[r * batch + first + i]);
  return whole;
}

}  // namespace fringe::engine_testing
