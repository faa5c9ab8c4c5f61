// Readings in one go against the same steps one after the other: the mesh kernels' product, then noise, steps
// and sum number by number. Equal bits for every instruction set that this processor has.
#include "photonics/reading_kernel.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "photonics/converters.hpp"
#include "photonics/mesh_kernel.hpp"

namespace fringe {
namespace {

struct Kernels {
  ReadingKernel reading;
  const KernelSet* mesh;
};

std::vector<Kernels> kernels() {
  std::vector<Kernels> all{{read_tile_baseline, &mesh_kernels_baseline}};
#if defined(__x86_64__)
  const KernelSets sets = available_mesh_kernels();
  for (std::size_t i = 0; i < sets.count; ++i) {
    if (sets.set[i] == &mesh_kernels_avx2) all.push_back({read_tile_avx2, sets.set[i]});
    if (sets.set[i] == &mesh_kernels_avx512) all.push_back({read_tile_avx512, sets.set[i]});
  }
#endif
  return all;
}

std::vector<float> normals(std::size_t count, std::uint32_t site) {
  std::vector<float> values(count);
  fill_normal(values, {4, Purpose::test, 0, site});
  return values;
}

struct Case {
  std::size_t rows, cols, samples;
  bool im, bright;
  float sigma, share, step;
};

/// sum[rows × stride] of one reading of random numbers; stepwise where `mesh` is given.
std::vector<float> sums(const Case& c, ReadingKernel kernel, const KernelSet* mesh) {
  const std::size_t stride = (c.samples + kernel_product_samples - 1) / kernel_product_samples * 32 + 16;
  const auto re = normals(c.rows * c.cols, 0), im = normals(c.rows * c.cols, 1);
  const auto x_re = normals(c.cols * stride, 2), x_im = normals(c.cols * stride, 3);
  const auto epsilon = normals(stride, 4), leak = normals(c.rows, 5), scale = normals(stride, 6);
  auto sum = normals(c.rows * stride, 7);
  const DrawStream noise = stream_of({5, Purpose::test, 1, 2, 3});
  constexpr std::uint64_t block = (std::uint64_t{7} << 30) + 12;
  constexpr float range = 20, gain = 0.3f, variance = 0.04f;
  const TileReading t{c.rows,
                      c.cols,
                      c.samples,
                      re.data(),
                      im.data(),
                      x_re.data(),
                      c.im ? x_im.data() : nullptr,
                      stride,
                      c.bright ? epsilon.data() : nullptr,
                      leak.data(),
                      c.sigma,
                      variance,
                      c.share,
                      noise,
                      block,
                      range,
                      c.step,
                      gain,
                      scale.data(),
                      sum.data(),
                      stride};
  if (!mesh) {
    kernel(t);
    return sum;
  }
  std::vector<float> y(c.rows * stride), y_im(c.rows * stride);
  const auto add = [&](const std::vector<float>& a, const std::vector<float>& x, std::vector<float>& to,
                       float sign, bool more) {
    kernels_of<float>(*mesh).product(
        {c.rows, c.cols, c.samples, a.data(), x.data(), to.data(), stride, stride, sign, more});
  };
  add(re, x_re, y, 1, false);
  add(im, x_re, y_im, 1, false);
  if (c.im) {
    add(im, x_im, y, -1, true);
    add(re, x_im, y_im, 1, true);
  }
  for (std::size_t i = 0; i < c.rows; ++i)
    for (std::size_t b = 0; b < c.samples; ++b) {
      float value = y[i * stride + b], other = y_im[i * stride + b];
      if (c.bright) {
        value = (1.0f + epsilon[b]) * value + leak[i] * epsilon[b];
        other = (1.0f + epsilon[b]) * other;
      }
      const float sigma =
          c.share > 0 ? sqrt_exact(variance + c.share * (value * value + other * other)) : c.sigma;
      if (sigma > 0) value += sigma * normal(noise, 4 * (block + (std::uint64_t{i} << 30)) + b);
      quantise({&value, 1}, {range, c.step});
      sum[i * stride + b] += gain * scale[b] * value;
    }
  return sum;
}

TEST(ReadingKernel, HasTheBitsOfItsStepsOnEveryInstructionSet) {
  for (const Kernels& k : kernels())
    for (const auto& [rows, cols, samples] :
         {std::array<std::size_t, 3>{64, 64, 128}, {6, 3, 1}, {17, 5, 33}, {1, 64, 31}, {12, 8, 20}})
      for (const bool im : {false, true})
        for (const bool bright : {false, true})
          for (const float sigma : {0.0f, 0.2f})
            for (const float share : {0.0f, 1e-3f})
              for (const float step : {0.0f, 0.07f}) {
                const Case c{rows, cols, samples, im, bright, sigma, share, step};
                const auto at_once = sums(c, k.reading, nullptr), stepwise = sums(c, k.reading, k.mesh);
                const std::size_t stride = at_once.size() / rows;
                std::size_t different = 0;
                for (std::size_t i = 0; i < rows; ++i)
                  for (std::size_t b = 0; b < samples; ++b)
                    different += at_once[i * stride + b] != stepwise[i * stride + b];
                EXPECT_EQ(different, 0u) << k.mesh->isa << ' ' << rows << ' ' << samples << ' ' << im
                                         << bright << ' ' << sigma << ' ' << share << ' ' << step;
              }
}

// Fused products and the rest in single operations: no matter how many fit a register.
TEST(ReadingKernel, WidthsAgreeWhereBothFuse) {
  const auto all = kernels();
  if (all.size() < 3) GTEST_SKIP() << "this processor has one instruction set that fuses, at most";
  const Case c{64, 64, 128, true, true, 0.2f, 0, 0.07f};
  EXPECT_EQ(sums(c, all[1].reading, nullptr), sums(c, all[2].reading, nullptr));
}

}  // namespace
}  // namespace fringe
