// Adjoint gradients against finite differences of the plain product of couplers.
#include "photonics/mesh_gradient.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "photonics/compiled_mesh.hpp"
#include "tests/photonics/gradient_testing.hpp"

namespace fringe {
namespace {

using namespace gradient_testing;

template <class Real>
struct Backward {
  PhaseProgram gradient;
  Planes<Real> adjoint;
};

/// ∂L/∂Re y + i ∂L/∂Im y = weight + 2|y|²y
template <class Real>
Backward<Real> run_backward(const Problem& p, ThreadPool* pool = nullptr) {
  const std::vector<Complex> y = p.output(p.program);
  std::vector<Complex> g(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) g[i] = p.weight[i] + 2 * std::norm(y[i]) * y[i];
  MeshGradient<Real> gradient(p.layout);
  gradient.set(p.program, p.chip);
  Planes<Real> fields(p.layout.modes, gradient.reversible() ? y : p.input);
  Backward<Real> result{p.zero_gradient(), {p.layout.modes, g}};
  gradient.backward(fields.view(), result.adjoint.view(), result.gradient, pool);
  return result;
}

/// Every topology.
class MeshGradientOf : public testing::TestWithParam<std::string_view> {};
std::vector<std::string_view> topology_names() {
  std::vector<std::string_view> names;
  for (const Topology& topology : topologies()) names.push_back(topology.name);
  return names;
}
std::string test_name(const testing::TestParamInfo<std::string_view>& row) {
  std::string name(row.param);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Topologies, MeshGradientOf, testing::ValuesIn(topology_names()), test_name);

/// Central differences of fourth order: the truncation error ~h⁴ and the rounding error ~eps/h both stay
/// below 1e-9.
void expect_finite_differences(const Problem& p, const std::string& what) {
  const std::vector<double> gradient = flat(run_backward<double>(p).gradient);
  PhaseProgram moved = p.program;
  const double h = 1e-3;
  const auto difference = [&](double& phase) {
    const double middle = phase;
    const auto at = [&](double offset) {
      phase = middle + offset;
      return p.loss(moved);
    };
    const double slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
    phase = middle;
    return slope;
  };
  std::size_t i = 0;
  for (auto* phases : {&moved.theta, &moved.phi, &moved.out})
    for (double& phase : *phases) {
      EXPECT_NEAR(gradient[i], difference(phase), 1e-6 * largest(gradient)) << what << ", parameter " << i;
      ++i;
    }
}

TEST_P(MeshGradientOf, EqualsFiniteDifferencesForEveryCrossing) {
  for (const Crossing& crossing : crossings())
    for (const std::size_t modes : {2, 5, 8})
      expect_finite_differences(Problem(GetParam(), modes, 7, crossing),
                                std::string(crossing.name) + " N=" + std::to_string(modes));
}

// Where no light passes, nothing can be recomputed from the output.
TEST_P(MeshGradientOf, EqualsFiniteDifferencesWithADeadCoupler) {
  for (const Crossing& crossing : crossings())
    for (const std::size_t modes : {2, 8}) {
      Problem p(GetParam(), modes, 7, crossing);
      p.chip.loss_db[p.layout.couplers.size() / 2] = std::numeric_limits<double>::infinity();
      MeshGradient<double> gradient(p.layout);
      gradient.set(p.program, p.chip);
      EXPECT_FALSE(gradient.reversible());
      expect_finite_differences(p, std::string(crossing.name) + " with a dead coupler");
    }
}

TEST_P(MeshGradientOf, SinglePrecisionOfAFrontSplitterIsClose) {
  const Problem p(GetParam(), 12, 45, find_crossing("3-splitter-mzi"));
  const std::vector<double> reversed = flat(run_backward<double>(p).gradient);
  const std::vector<double> single = flat(run_backward<float>(p).gradient);
  MeshGradient<float> gradient(p.layout);
  gradient.set(p.program, p.chip);
  const double columns = static_cast<double>(p.layout.columns());
  const double loss = gradient.reversible() ? std::pow(10, columns * 0.7 / 20) : 1;
  const double rounding = std::numeric_limits<float>::epsilon() * std::sqrt(8 * columns) * loss;
  for (std::size_t i = 0; i < reversed.size(); ++i)
    EXPECT_NEAR(single[i], reversed[i], rounding * largest(reversed)) << i;
}

// 256 columns of 0.5 dB leave 4e-7 of a field: too little to go back from. Slopes of some phases by central
// differences of propagation in double.
TEST(MeshGradient, HeavyLossAtTwoHundredAndFiftySixModes) {
  constexpr std::size_t modes = 256, batch = 3;
  const MeshLayout layout = find_topology("rectangular").build(modes);
  FabricatedMesh chip = ideal_fabrication(layout);
  PhaseProgram program{std::vector<double>(layout.couplers.size()),
                       std::vector<double>(layout.couplers.size()), std::vector<double>(modes)};
  const DrawStream stream = stream_of({256});
  std::uint64_t next = 0;
  const auto uniform = [&] { return uniform_from_bits(random_bits(stream, next++)); };
  for (std::size_t k = 0; k < layout.couplers.size(); ++k) {
    program.theta[k] = pi * uniform();
    program.phi[k] = 2 * pi * uniform();
    chip.alpha_rad[k] = 0.1 * uniform();
    chip.loss_db[k] = 0.5;
  }
  std::vector<Complex> input(modes * batch), weight(modes * batch);
  for (Complex& z : input) z = {uniform(), uniform()};
  for (Complex& z : weight) z = 1e6 * Complex(uniform(), uniform());
  const auto output = [&](const PhaseProgram& phases) {
    Planes<double> y(modes, input);
    CompiledMesh<double>(layout, realise<double>(layout, phases, chip)).propagate(y.view(), y.view());
    return y;
  };
  const auto loss = [&](const PhaseProgram& phases) {
    const Planes<double> y = output(phases);
    double sum = 0;
    for (std::size_t i = 0; i < weight.size(); ++i)
      sum += weight[i].real() * y.re[i] + weight[i].imag() * y.im[i];
    return sum;
  };
  MeshGradient<double> gradient(layout);
  gradient.set(program, chip);
  EXPECT_FALSE(gradient.reversible());
  Planes<double> x(modes, input), g(modes, weight);
  PhaseProgram slopes{std::vector<double>(layout.couplers.size()),
                      std::vector<double>(layout.couplers.size()), std::vector<double>(modes)};
  gradient.backward(x.view(), g.view(), slopes);
  const double scale = largest(flat(slopes)), h = 1e-3;
  for (const std::size_t k : {0u, 127u, 5000u, 16000u, 32000u})
    for (auto phases : {&PhaseProgram::theta, &PhaseProgram::phi}) {
      PhaseProgram moved = program;
      const auto at = [&](double offset) {
        (moved.*phases)[k] = (program.*phases)[k] + offset;
        return loss(moved);
      };
      const double slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
      EXPECT_NEAR((slopes.*phases)[k], slope, 1e-6 * scale) << k;
    }
}

TEST_P(MeshGradientOf, AdjointsPassTheConjugateTranspose) {
  const Problem p(GetParam(), 12, 45);
  const Backward<double> b = run_backward<double>(p);
  // Adjoints only lose on their way, by at most 0.7 dB in each of 24 columns at most.
  const double rounding = 32 * std::numeric_limits<double>::epsilon() * std::pow(10, 24 * 0.7 / 20);
  const std::size_t n = p.layout.modes;

  const std::vector<Complex> y = p.output(p.program), a = p.matrix(p.program);
  std::vector<Complex> expected(y.size());
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t c = 0; c < n; ++c)
      for (std::size_t s = 0; s < 45; ++s) {
        const Complex field = y[r * 45 + s], g = p.weight[r * 45 + s] + 2 * std::norm(field) * field;
        expected[c * 45 + s] += std::conj(a[r * n + c]) * g;
      }
  EXPECT_LE(b.adjoint.distance(expected), rounding);
}

TEST_P(MeshGradientOf, SinglePrecisionIsClose) {
  const Problem p(GetParam(), 16, 100);
  const std::vector<double> exact = flat(run_backward<double>(p).gradient);
  const std::vector<double> single = flat(run_backward<float>(p).gradient);
  // Rounding walks through at most 31 columns of eight operations, amplified by the loss of at most 31 · 0.7
  // dB.
  const double rounding =
      std::numeric_limits<float>::epsilon() * std::sqrt(8.0 * 31) * std::pow(10, 31 * 0.7 / 20);
  for (std::size_t i = 0; i < exact.size(); ++i)
    EXPECT_NEAR(single[i], exact[i], rounding * largest(exact)) << i;
}

// The larger batch is compressed.
TEST_P(MeshGradientOf, BitsDoNotDependOnThreads) {
  for (const std::size_t batch : {201, 701}) {
    const Problem p(GetParam(), 6, batch);
    const Backward<float> alone = run_backward<float>(p);
    for (const unsigned threads : {1u, 2u, 3u}) {
      ThreadPool pool(threads);
      const Backward<float> together = run_backward<float>(p, &pool);
      EXPECT_EQ(flat(alone.gradient), flat(together.gradient)) << threads;
      EXPECT_EQ(alone.adjoint.re, together.adjoint.re);
      EXPECT_EQ(alone.adjoint.im, together.adjoint.im);
    }
  }
}

/// Slopes by the product rule, coupler by coupler, of an ideal mesh on one sample; L = Re ḡy at fixed g.
PhaseProgram slopes_by_the_product_rule(const MeshLayout& layout, const PhaseProgram& p,
                                        std::vector<Complex> x, std::vector<Complex> g) {
  const std::size_t count = layout.couplers.size();
  const auto mesh = realise<double>(layout, p, ideal_fabrication(layout));
  std::vector<std::array<Complex, 2>> inputs(count);
  for (std::size_t n = 0; n < count; ++n) {
    Complex &u = x[layout.couplers[n].upper], &l = x[layout.couplers[n].lower];
    inputs[n] = {u, l};
    const Matrix2& t = mesh.couplers[n];
    u = t[0] * inputs[n][0] + t[1] * inputs[n][1];
    l = t[2] * inputs[n][0] + t[3] * inputs[n][1];
  }
  PhaseProgram slopes{std::vector<double>(count), std::vector<double>(count),
                      std::vector<double>(layout.modes)};
  const Complex i{0, 1};
  for (std::size_t m = 0; m < layout.modes; ++m) {
    slopes.out[m] = std::real(std::conj(g[m]) * i * mesh.out[m] * x[m]);
    g[m] *= std::conj(mesh.out[m]);
  }
  for (std::size_t n = count; n-- > 0;) {
    Complex &u = g[layout.couplers[n].upper], &l = g[layout.couplers[n].lower];
    const Matrix2& t = mesh.couplers[n];
    const double h = p.theta[n] / 2;
    const Complex half = i * std::polar(0.5, h), e = std::polar(1.0, p.phi[n]);
    const auto [a, b] = inputs[n];
    const Complex du = half * (e * std::cos(h) * a - std::sin(h) * b) + i / 2.0 * (t[0] * a + t[1] * b);
    const Complex dl = half * (-e * std::sin(h) * a - std::cos(h) * b) + i / 2.0 * (t[2] * a + t[3] * b);
    slopes.theta[n] = std::real(std::conj(u) * du + std::conj(l) * dl);
    const Complex hu = std::conj(t[0]) * u + std::conj(t[2]) * l,
                  hl = std::conj(t[1]) * u + std::conj(t[3]) * l;
    slopes.phi[n] = std::real(std::conj(hu) * i * a);
    u = hu;
    l = hl;
  }
  return slopes;
}

template <class Real>
void expect_product_rule(std::size_t modes, double theta_low, double theta_high) {
  const MeshLayout layout = find_topology("rectangular").build(modes);
  PhaseProgram program{std::vector<double>(layout.couplers.size()),
                       std::vector<double>(layout.couplers.size()), std::vector<double>(modes, 0.3)};
  const DrawStream stream = stream_of({5, Purpose::test, 1, 0, 0});
  std::uint64_t next = 0;
  const auto uniform = [&] { return uniform_from_bits(random_bits(stream, next++)); };
  for (double& theta : program.theta) theta = theta_low + (theta_high - theta_low) * uniform();
  for (double& phi : program.phi) phi = 2 * pi * uniform();
  std::vector<Complex> x(modes), g(modes);
  double x_norm = 0, g_norm = 0;
  for (std::size_t m = 0; m < modes; ++m) {
    x[m] = {uniform() - 0.5, uniform() - 0.5};
    g[m] = {uniform() - 0.5, uniform() - 0.5};
    x_norm += std::norm(x[m]);
    g_norm += std::norm(g[m]);
  }
  const std::vector<double> expected = flat(slopes_by_the_product_rule(layout, program, x, g));
  MeshGradient<Real> gradient(layout);
  gradient.set(program, ideal_fabrication(layout));
  EXPECT_TRUE(gradient.reversible());
  Planes<Real> y(modes, x), adjoint(modes, g);
  CompiledMesh<Real>(layout, realise<double>(layout, program, ideal_fabrication(layout)))
      .propagate(y.view(), y.view());
  PhaseProgram slopes{std::vector<double>(layout.couplers.size()),
                      std::vector<double>(layout.couplers.size()), std::vector<double>(modes)};
  gradient.backward(y.view(), adjoint.view(), slopes);
  const std::vector<double> found = flat(slopes);
  // Rounding of fields and of sums walks through the columns there and back, eight operations each, and a row
  // holds 1/√modes of a norm. Where couplers are alike the steps of the walk are alike too.
  const double rounding = std::numeric_limits<Real>::epsilon() *
                          (theta_low < theta_high ? std::sqrt(16.0 * static_cast<double>(layout.columns()))
                                                  : 8.0 * static_cast<double>(layout.columns()));
  const double scale = std::sqrt(x_norm * g_norm / static_cast<double>(modes));
  double worst = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double difference = std::abs(found[i] - expected[i]);
    worst = difference <= worst ? worst : difference;
  }
  EXPECT_LE(worst, rounding * scale) << modes << " modes, theta " << theta_low << " ... " << theta_high;
  EXPECT_GE(largest(expected), 100 * rounding * scale);
}

TEST(MeshGradient, ExactStatesMeetTheProductRule) {
  for (const double theta : {0.0, pi, pi / 2}) {
    expect_product_rule<float>(64, theta, theta);
    expect_product_rule<double>(65, theta, theta);
  }
  // Some couplers near the cross state, where rows trade places.
  expect_product_rule<float>(64, 0, 0.2);
  expect_product_rule<double>(64, 0, 0.2);
}

TEST(MeshGradient, ManyModesMeetTheProductRule) {
  expect_product_rule<float>(1024, pi / 2, pi / 2);
  expect_product_rule<float>(300, 0, pi);
  expect_product_rule<double>(300, 0, pi);
}

/// A batch that is compressed against the same one in parts that are not.
template <class Real>
void expect_compressed_like_direct(std::string_view topology, const Crossing& crossing) {
  constexpr std::size_t modes = 24, batch = 520;
  const Problem p(topology, modes, batch, crossing);
  ASSERT_TRUE(CompressedBatch<Real>::pays(p.layout.modes, batch, true));
  MeshGradient<Real> gradient(p.layout);
  gradient.set(p.program, p.chip);
  if (!gradient.reversible()) return;
  const std::size_t rows = p.layout.modes, part = 40;
  ASSERT_FALSE(CompressedBatch<Real>::pays(rows, part, false));
  Planes<Real> y(rows, p.output(p.program)), g(rows, p.weight), direct_g = g;
  PhaseProgram slopes = p.zero_gradient(), all = p.zero_gradient(), direct = p.zero_gradient();
  gradient.slopes(y.view(), g.view(), slopes);
  EXPECT_EQ(g.re, direct_g.re) << "slopes() leaves g alone";
  gradient.backward(y.view(), g.view(), all);
  EXPECT_EQ(flat(slopes), flat(all));
  for (std::size_t first = 0; first < batch; first += part) {
    const auto columns = [&](Planes<Real>& planes) {
      return Fields<Real>{{planes.re.data() + first, rows, part, batch},
                          {planes.im.data() + first, rows, part, batch}};
    };
    gradient.backward(columns(y), columns(direct_g), direct);
  }
  // Both round eight operations in each column on the way; M's entries are at most |Y||G|, and what the mesh
  // has lost comes back. g goes through `rows` products instead of the columns.
  double y_norm = 0, g_norm = 0;
  for (std::size_t i = 0; i < y.re.size(); ++i) {
    y_norm += std::norm(Complex(y.re[i], y.im[i]));
    g_norm += std::norm(p.weight[i]);
  }
  const double eps = std::numeric_limits<Real>::epsilon(), columns = static_cast<double>(p.layout.columns());
  const double rounding = eps * std::sqrt(2 * 8 * columns);
  const double loss = std::pow(10, 0.7 * columns / 20), bound = rounding * loss * std::sqrt(y_norm * g_norm);
  const std::vector<double> a = flat(all), b = flat(direct);
  for (std::size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], bound) << topology << ", " << i;
  EXPECT_GE(largest(b), 10 * bound);
  std::vector<Complex> expected;
  for (std::size_t i = 0; i < direct_g.re.size(); ++i) expected.emplace_back(direct_g.re[i], direct_g.im[i]);
  EXPECT_LE(g.distance(expected), rounding + eps * std::sqrt(4.0 * static_cast<double>(rows)));
}

TEST_P(MeshGradientOf, CompressedBatchesGiveTheSlopesOfTheirSamples) {
  for (const Crossing& crossing : crossings()) {
    expect_compressed_like_direct<float>(GetParam(), crossing);
    expect_compressed_like_direct<double>(GetParam(), crossing);
  }
}

TEST(MeshGradient, TakesAMeshThatIsRealisedAlready) {
  const Problem p("rectangular", 8, 7, find_crossing("3-splitter-mzi"));
  const auto slopes = [&](auto&&... how) {
    MeshGradient<double> gradient(p.layout);
    gradient.set(how...);
    Planes<double> y(8, p.output(p.program)), g(8, p.weight);
    PhaseProgram sum = p.zero_gradient();
    gradient.backward(y.view(), g.view(), sum);
    return flat(sum);
  };
  const auto mesh = realise<double>(p.layout, p.program, p.chip);
  EXPECT_EQ(slopes(mesh, p.chip), slopes(p.program, p.chip));
  MeshGradient<double> other(find_topology("rectangular").build(9));
  EXPECT_THROW(other.set(mesh, p.chip), Error);
}

TEST(MeshGradient, AddsToWhatIsThere) {
  const Problem p("rectangular", 4, 3);
  const Backward<double> once = run_backward<double>(p);
  Backward<double> twice = run_backward<double>(p);
  MeshGradient<double> gradient(p.layout);
  gradient.set(p.program, p.chip);
  const std::vector<Complex> y = p.output(p.program);
  Planes<double> fields(4, y), zero(4, std::vector<Complex>(y.size()));
  gradient.backward(fields.view(), zero.view(), twice.gradient);
  EXPECT_EQ(flat(once.gradient), flat(twice.gradient));
}

TEST(MeshGradient, RefusesWrongShapes) {
  const Problem p("rectangular", 4, 3);
  MeshGradient<double> gradient(p.layout);
  Planes<double> y(4, p.input), g(4, p.weight), tall(6, p.weight);
  PhaseProgram sum = p.zero_gradient(), small;
  EXPECT_THROW(gradient.backward(y.view(), g.view(), sum), Error) << "before set()";
  gradient.set(p.program, p.chip);
  EXPECT_THROW(gradient.backward(y.view(), tall.view(), sum), Error);
  EXPECT_THROW(gradient.backward(y.view(), g.view(), small), Error);
  EXPECT_THROW(gradient.set(small, p.chip), Error);
}

}  // namespace
}  // namespace fringe
