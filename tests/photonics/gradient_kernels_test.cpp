// The kernels of a gradient: those of all instruction sets against one another, and bits that every compiler
// must give.
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "photonics/mesh_kernel.hpp"
#include "photonics/reverse_form.hpp"
#include "tests/photonics/gradient_testing.hpp"

namespace fringe {
namespace {

using namespace gradient_testing;

/// Numbers of one kernel of each instruction set, widest last.
template <class Real, class Work>
std::vector<std::vector<double>> of_each_set(Work&& work) {
  std::vector<std::vector<double>> results;
  const KernelSets sets = available_mesh_kernels();
  for (std::size_t k = 0; k < sets.count; ++k) results.push_back(work(kernels_of<Real>(*sets.set[k])));
  return results;
}

template <class Real>
struct Scratch {
  std::vector<Real> room;
  Real* aligned;
  explicit Scratch(std::size_t count) : room(count + 64 / sizeof(Real)), aligned(room.data()) {
    while (reinterpret_cast<std::uintptr_t>(aligned) % 64 != 0) ++aligned;
  }
};

/// Those with fused multiply-adds have equal bits; these save half of `roundings`.
void expect_sets_agree(const std::vector<std::vector<double>>& results, double roundings,
                       const std::string& what) {
  const double tolerance = roundings * largest(results[0]);
  for (std::size_t k = 1; k < results.size(); ++k) {
    if (k == 2) {
      EXPECT_EQ(results[2], results[1]) << "AVX-512 and AVX2, " << what;
    }
    for (std::size_t i = 0; i < results[k].size(); ++i)
      EXPECT_NEAR(results[k][i], results[0][i], tolerance) << what;
  }
}

/// Some couplers near the cross state, whose rows trade places, and diagonals that are rescaled on the way;
/// batches that fill no tile, no vector, and a tile and more.
template <class Real>
void expect_gradient_kernels_agree() {
  const double eps = std::numeric_limits<Real>::epsilon();
  for (const std::string_view topology : {"rectangular", "butterfly"})
    for (const std::size_t samples : {3, 75, 150}) {
      Problem p(topology, 64, samples);
      for (std::size_t i = 0; i < p.program.theta.size(); i += 3) p.program.theta[i] *= 0.01;
      ReverseForm<Real> form(p.layout);
      SlopeWeights weights;
      for (std::vector<double>& theta : weights.theta) theta.resize(p.layout.couplers.size());
      ASSERT_TRUE(form.compile(realise<double>(p.layout, p.program, p.chip), weights));
      const GradientTape<Real> tape = form.tape();
      const auto count = [&](auto member) {
        return std::count_if(tape.steps, tape.steps + tape.couplers,
                             [&](const GradientStep& step) { return step.*member != 0; });
      };
      EXPECT_GT(count(&GradientStep::swaps), 0);
      if (topology == "rectangular") {
        EXPECT_GT(count(&GradientStep::rescales), 0);
      }
      const auto results = of_each_set<Real>([&](const KernelsOf<Real>& kernels) {
        Planes<Real> y(64, p.input), g(64, p.weight);
        Scratch<Real> scratch(form.scratch());
        std::vector<Real> sums(form.sums());
        kernels.gradient(tape,
                         {y.re.data(), y.im.data(), g.re.data(), g.im.data(), g.re.data(), g.im.data(),
                          samples, samples, samples, samples, samples, samples, 0, samples},
                         scratch.aligned, sums.data());
        std::vector<double> all(sums.begin(), sums.end());
        all.insert(all.end(), g.re.begin(), g.re.end());
        all.insert(all.end(), g.im.begin(), g.im.end());
        return all;
      });
      // Eight roundings per column, amplified by what the mesh loses.
      const double columns = static_cast<double>(p.layout.columns());
      expect_sets_agree(results, eps * 8 * columns * std::pow(10, 0.7 * columns / 20), std::string(topology));
    }
}

// Fields are recomputed: a deeper mesh takes no more memory per sample.
TEST(GradientKernels, MemoryPerSampleIsIndependentOfDepth) {
  const ReverseForm<float> shallow(rectangular_layout(64, 16)), deep(rectangular_layout(64, 512));
  EXPECT_EQ(deep.scratch(), shallow.scratch());
  EXPECT_EQ(shallow.scratch(), 64 * 4 * kernel_gradient_lanes<float>);
}

TEST(GradientKernels, OfAllInstructionSetsAgree) {
  expect_gradient_kernels_agree<float>();
  expect_gradient_kernels_agree<double>();
}

/// Σ y ḡ of whole numbers is exact: equal bits from all kernels, and those of the plain sum.
template <class Real>
void expect_outer_kernels_exact() {
  for (const std::size_t modes : {1, 5, 12})
    for (const std::size_t samples : {1, 131, 300}) {
      const Problem p("rectangular", 12, samples);
      Planes<Real> y(12, p.input), g(12, p.weight);
      for (std::vector<Real>* plane : {&y.re, &y.im, &g.re, &g.im})
        for (Real& x : *plane) x = std::round(8 * x);
      const std::size_t padded = kernel_outer_modes(modes);
      const auto results = of_each_set<Real>([&](const KernelsOf<Real>& kernels) {
        Scratch<Real> scratch(4 * kernel_outer_lanes<Real> * padded);
        std::vector<double> sums(2 * padded * padded);
        for (std::size_t row = 0; row < padded; row += 4)
          kernels.outer({modes, samples, y.re.data(), y.im.data(), g.re.data(), g.im.data(), samples, samples,
                         samples, samples, row, row + 4, sums.data()},
                        scratch.aligned);
        return sums;
      });
      std::vector<double> expected(2 * padded * padded);
      for (std::size_t r = 0; r < modes; ++r)
        for (std::size_t c = 0; c < modes; ++c)
          for (std::size_t b = 0; b < samples; ++b) {
            const std::size_t at_y = r * samples + b, at_g = c * samples + b;
            const Complex product = Complex(y.re[at_y], y.im[at_y]) * Complex(g.re[at_g], -g.im[at_g]);
            expected[2 * (r * padded + c)] += product.real();
            expected[2 * (r * padded + c) + 1] += product.imag();
          }
      for (const std::vector<double>& sums : results) EXPECT_EQ(sums, expected) << modes << ", " << samples;
    }
}

TEST(GradientKernels, ProductsOfABatchAreExactOfWholeNumbers) {
  expect_outer_kernels_exact<float>();
  expect_outer_kernels_exact<double>();
}

/// FNV-1a of the bits.
std::uint64_t hash_of(const std::vector<double>& values) {
  std::uint64_t hash = 14695981039346656037u;
  for (const double value : values) hash = (hash ^ std::bit_cast<std::uint64_t>(value)) * 1099511628211u;
  return hash;
}

/// Slopes, and adjoints at the input, by the kernels of each set, of a mesh in which some couplers swap.
/// Nothing on the way asks the library for a sine: the output phases are 0.
template <class Real>
std::vector<std::uint64_t> hashes_of_slopes() {
  Problem p("rectangular", 12, 75);
  for (std::vector<double>* zero :
       {&p.program.out, &p.chip.out_error_rad, &p.chip.loss_db, &p.chip.out_path_db, &p.chip.upper_path_db,
        &p.chip.lower_path_db, &p.chip.arm_imbalance_db})
    std::fill(zero->begin(), zero->end(), 0.0);
  for (std::size_t i = 0; i < p.program.theta.size(); i += 3) p.program.theta[i] *= 0.01;
  ReverseForm<Real> form(p.layout);
  SlopeWeights weights;
  for (std::vector<double>& theta : weights.theta) theta.assign(p.layout.couplers.size(), 0.25);
  EXPECT_TRUE(form.compile(realise<double>(p.layout, p.program, p.chip), weights));
  std::vector<std::uint64_t> hashes;
  for (const auto& numbers : of_each_set<Real>([&](const KernelsOf<Real>& kernels) {
         const Planes<Real> y(12, p.input);
         Planes<Real> g(12, p.weight);
         Scratch<Real> scratch(form.scratch());
         std::vector<Real> sums(form.sums());
         kernels.gradient(form.tape(),
                          {y.re.data(), y.im.data(), g.re.data(), g.im.data(), g.re.data(), g.im.data(), 75,
                           75, 75, 75, 75, 75, 0, 75},
                          scratch.aligned, sums.data());
         PhaseProgram gradient = p.zero_gradient();
         form.add_slopes(sums.data(), gradient);
         std::vector<double> all = flat(gradient);
         all.insert(all.end(), g.re.begin(), g.re.end());
         all.insert(all.end(), g.im.begin(), g.im.end());
         return all;
       }))
    hashes.push_back(hash_of(numbers));
  return hashes;
}

#if defined(__x86_64__)
// Bits of every compiler: of the kernels without fused multiply-adds, and of the two with them. Where their
// arithmetic changes on purpose, take what this prints.
TEST(GradientKernels, BitsAreThoseOfEveryCompiler) {
  const std::uint64_t single[] = {8529506297911891480u, 6109833355129564035u, 6109833355129564035u},
                      dual[] = {8685112415386541909u, 1632342336581992786u, 1632342336581992786u};
  const auto expect = [](const std::vector<std::uint64_t>& hashes, const std::uint64_t* golden) {
    for (std::size_t k = 0; k < hashes.size(); ++k)
      EXPECT_EQ(hashes[k], golden[k]) << available_mesh_kernels().set[k]->isa;
  };
  expect(hashes_of_slopes<float>(), single);
  expect(hashes_of_slopes<double>(), dual);
}
#endif

}  // namespace
}  // namespace fringe
