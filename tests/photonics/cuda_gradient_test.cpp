// The GPU's gradients, run on the host thread by thread, against MeshGradient<double>.
#include "photonics/cuda/cuda_gradient.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/mesh_gradient.hpp"
#include "tests/photonics/ring_emulator.hpp"

namespace fringe {
namespace {

struct Problem {
  MeshLayout layout;
  PhaseProgram program;
  FabricatedMesh chip;
  std::size_t batch;
  std::vector<float> y_re, y_im, g_re, g_im;

  /// θ in [theta_low, theta_high]; up to 2·loss_db of loss per coupler, paths and arms included.
  Problem(const char* topology, std::size_t modes, std::size_t samples, double loss_db = 0,
          const Crossing& crossing = mzi_crossing(), double theta_low = 0, double theta_high = pi)
      : layout(find_topology(topology).build(modes)),
        chip(ideal_fabrication(layout, crossing)),
        batch(samples) {
    std::uint32_t site = 1;
    const auto uniform = [&](std::vector<double>& x, std::size_t count, double low, double high) {
      x.resize(count);
      fill_uniform(x, {5, Purpose::test, 0, site++});
      for (double& v : x) v = low + (high - low) * v;
    };
    const std::size_t couplers = layout.couplers.size();
    uniform(program.theta, couplers, theta_low, theta_high);
    uniform(program.phi, couplers, 0, 2 * pi);
    uniform(program.out, modes, 0, 2 * pi);
    if (theta_low < theta_high)
      for (auto* error : {&chip.alpha_rad, &chip.beta_rad, &chip.gamma_rad})
        uniform(*error, couplers, -0.1, 0.1);
    uniform(chip.loss_db, couplers, 0, loss_db);
    uniform(chip.upper_path_db, couplers, 0, loss_db / 2);
    uniform(chip.lower_path_db, couplers, 0, loss_db / 2);
    uniform(chip.out_path_db, modes, 0, loss_db);
    for (auto* plane : {&y_re, &y_im, &g_re, &g_im}) {
      plane->resize(modes * batch);
      fill_normal(*plane, {3, Purpose::test, 0, site++});
    }
  }
};

template <class Real>
struct Result {
  std::vector<Real> y_re, y_im, g_re, g_im;
  PhaseProgram slopes;

  explicit Result(const Problem& p)
      : y_re(p.y_re.begin(), p.y_re.end()),
        y_im(p.y_im.begin(), p.y_im.end()),
        g_re(p.g_re.begin(), p.g_re.end()),
        g_im(p.g_im.begin(), p.g_im.end()),
        slopes{std::vector<double>(p.layout.couplers.size()), std::vector<double>(p.layout.couplers.size()),
               std::vector<double>(p.layout.modes)} {}
  Fields<Real> y(const Problem& p) {
    return {{y_re.data(), p.layout.modes, p.batch}, {y_im.data(), p.layout.modes, p.batch}};
  }
  Fields<Real> g(const Problem& p) {
    return {{g_re.data(), p.layout.modes, p.batch}, {g_im.data(), p.layout.modes, p.batch}};
  }
  std::vector<double> flat() const {
    std::vector<double> all = slopes.theta;
    all.insert(all.end(), slopes.phi.begin(), slopes.phi.end());
    all.insert(all.end(), slopes.out.begin(), slopes.out.end());
    return all;
  }
};

Result<float> emulated(const Problem& p) {
  Result<float> r(p);
  ring::emulate_back(p.layout, realise<double>(p.layout, p.program, p.chip), p.chip, r.y(p), r.g(p),
                     r.slopes);
  return r;
}

double squares(const std::vector<float>& re, const std::vector<float>& im) {
  double sum = 0;
  for (std::size_t i = 0; i < re.size(); ++i)
    sum += static_cast<double>(re[i]) * re[i] + static_cast<double>(im[i]) * im[i];
  return sum;
}
double distance(const std::vector<float>& re, const std::vector<float>& im, const std::vector<double>& x_re,
                const std::vector<double>& x_im) {
  double sum = 0, norm = 0;
  for (std::size_t i = 0; i < re.size(); ++i) {
    sum += (re[i] - x_re[i]) * (re[i] - x_re[i]) + (im[i] - x_im[i]) * (im[i] - x_im[i]);
    norm += x_re[i] * x_re[i] + x_im[i] * x_im[i];
  }
  return std::sqrt(sum / norm);
}

/// A column adds eight roundings to each number and two of its coefficients' own: 10u, which walk, and add up
/// where all couplers are alike. Losses amplify them on the way back by 1/transmission at most.
double rounding(const Problem& p, bool alike) {
  const auto columns = static_cast<double>(p.layout.columns() + 1);
  return 10 * 0x1p-24 * (alike ? columns : std::sqrt(columns)) /
         least_field_transmission(p.layout, realise<double>(p.layout, p.program, p.chip));
}

/// A slope is a sum over samples of products of elements of y and g, each of which is off by `rounding` of a
/// field's norm over √modes, and of at most a chain of 4 samples and 16 rings in single precision, whose
/// roundings, 20u of the sum of magnitudes at most, walk as well. Sums over samples have random signs.
void expect_gradient(const Problem& p, const std::string& what, bool alike = false) {
  MeshGradient<double> reference(p.layout);
  reference.set(p.program, p.chip);
  ASSERT_TRUE(reference.reversible()) << what;
  Result<double> wanted(p);
  reference.backward(wanted.y(p), wanted.g(p), wanted.slopes);
  const Result<float> got = emulated(p);
  const double fields = rounding(p, alike);
  // What was recomputed gives the output again: a passive mesh leaves no more of an error than there was.
  Result<double> x(p), again(p);
  std::copy(got.y_re.begin(), got.y_re.end(), x.y_re.begin());
  std::copy(got.y_im.begin(), got.y_im.end(), x.y_im.begin());
  CompiledMesh<double>(p.layout, realise<double>(p.layout, p.program, p.chip))
      .propagate({x.y(p).re, x.y(p).im}, again.y(p));
  EXPECT_LE(std::sqrt(squares(p.y_re, p.y_im)) * distance(p.y_re, p.y_im, again.y_re, again.y_im),
            fields * std::sqrt(squares(got.y_re, got.y_im)))
      << what;
  EXPECT_LE(distance(got.g_re, got.g_im, wanted.g_re, wanted.g_im), fields) << what;

  const std::vector<double> slopes = got.flat(), exact = wanted.flat();
  // Rms over modes and samples of |y|·|g| at the mesh's input, or its output where fields are larger there.
  const auto size = [&](double y2, double g2) {
    return std::sqrt(y2 * g2) / static_cast<double>(p.layout.modes) / std::sqrt(static_cast<double>(p.batch));
  };
  const double scale = std::max(size(squares(p.y_re, p.y_im), squares(p.g_re, p.g_im)),
                                size(squares(got.y_re, got.y_im), squares(got.g_re, got.g_im)));
  // Of an element: √2 for y and g, four products of a slope (2), and the largest of some thousand normals
  // (4).
  const double bound = (std::sqrt(2.0) * fields + 20 * 0x1p-24) * 2 * 4 * scale;
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    const double away = std::abs(slopes[i] - exact[i]);
    if (!(away <= worst)) worst = away;
    largest = std::max(largest, std::abs(exact[i]));
  }
  EXPECT_LE(worst, bound) << what;
  EXPECT_GE(largest, 100 * bound) << what;
}

TEST(RingGradient, EqualsTheReferenceForEverySize) {
  for (const std::size_t modes : {2, 3, 7, 8, 9, 24, 31, 64, 100, 256, 257, 300})
    expect_gradient(Problem("rectangular", modes, modes < 256 ? 37 : 3), std::to_string(modes));
}

TEST(RingGradient, EqualsTheReferenceForEveryLayoutCrossingAndLoss) {
  for (const char* name : {"rectangular", "triangular"})
    for (const Crossing& crossing : crossings())
      for (const std::size_t modes : {5, 8, 34})
        expect_gradient(Problem(name, modes, 11, 0.1, crossing),
                        std::string(name) + ' ' + std::string(crossing.name) + ' ' + std::to_string(modes));
}

TEST(RingGradient, TakesCrossBarAndHalfStates) {
  for (const double theta : {0.0, pi, pi / 2})
    expect_gradient(Problem("rectangular", 64, 9, 0, mzi_crossing(), theta, theta), std::to_string(theta),
                    true);
}

TEST(RingGradient, ManySamplesFillBlocks) {
  // More than 512 blocks of one warp: blocks of several.
  const Problem p("rectangular", 3, 512 * 32 * 4 * 2 + 5);
  EXPECT_GT(ring::back_threads(1, p.batch), ring::warp);
  expect_gradient(p, "large batch");
}

TEST(RingGradient, AddsToWhatIsThere) {
  const Problem p("rectangular", 9, 5);
  Result<float> once = emulated(p), twice = emulated(p);
  std::copy(p.y_re.begin(), p.y_re.end(), twice.y_re.begin());
  std::copy(p.y_im.begin(), p.y_im.end(), twice.y_im.begin());
  std::copy(p.g_re.begin(), p.g_re.end(), twice.g_re.begin());
  std::copy(p.g_im.begin(), p.g_im.end(), twice.g_im.begin());
  ring::emulate_back(p.layout, realise<double>(p.layout, p.program, p.chip), p.chip, twice.y(p), twice.g(p),
                     twice.slopes);
  const std::vector<double> a = once.flat(), b = twice.flat();
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_EQ(2 * a[i], b[i]);
}

TEST(RingGradient, RefusesWhatCannotGoBack) {
  Problem p("rectangular", 64, 1);
  const ring::Map map = ring::map_of(p.layout);
  std::fill(p.chip.loss_db.begin(), p.chip.loss_db.end(), 0.6);  // 38 dB; a 64th of a field is 36 dB
  EXPECT_THROW(ring::back_tape_of(p.layout, map, realise<double>(p.layout, p.program, p.chip)), Error);
  std::fill(p.chip.loss_db.begin(), p.chip.loss_db.end(), 0.5);
  EXPECT_NO_THROW(ring::back_tape_of(p.layout, map, realise<double>(p.layout, p.program, p.chip)));
  PhysicalMesh<double> dead = realise<double>(p.layout, p.program, p.chip);
  dead.couplers[100] = {};
  EXPECT_THROW(ring::back_tape_of(p.layout, map, dead), Error);
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  EXPECT_THROW(CudaGradient(*cpu, p.layout), Error);
}

}  // namespace
}  // namespace fringe
