// Adjoint gradients against finite differences of the plain product of couplers.
#include "photonics/mesh_gradient.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <limits>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/compiled_mesh.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

struct Problem {
  MeshLayout layout;
  PhaseProgram program;
  FabricatedMesh chip;
  std::size_t batch;
  std::vector<Complex> input, weight;  ///< [modes × batch]; the loss is Σ Re(conj(weight)·y) + ½Σ|y|⁴

  Problem(std::string_view topology, std::size_t modes, std::size_t samples,
          const Crossing& crossing = mzi_crossing())
      : layout(find_topology(topology).build(modes)),
        chip(ideal_fabrication(layout, crossing)),
        batch(samples) {
    const DrawStream stream = stream_of({5, Purpose::test, 0, static_cast<std::uint32_t>(modes), 0});
    std::uint64_t next = 0;
    const auto uniform = [&](double low, double high) {
      return low + (high - low) * uniform_from_bits(random_bits(stream, next++));
    };
    for (std::size_t i = 0; i < layout.couplers.size(); ++i) {
      program.theta.push_back(uniform(0, pi));
      program.phi.push_back(uniform(0, 2 * pi));
      chip.alpha_rad[i] = uniform(-0.1, 0.1);
      chip.beta_rad[i] = uniform(-0.1, 0.1);
      chip.theta_error_rad[i] = uniform(-0.1, 0.1);
      chip.phi_error_rad[i] = uniform(-0.1, 0.1);
      chip.loss_db[i] = uniform(0, 0.4);
      chip.gamma_rad[i] = uniform(-0.1, 0.1);
      chip.arm_imbalance_db[i] = uniform(-0.2, 0.2);
      chip.upper_path_db[i] = uniform(0, 0.1);
      chip.lower_path_db[i] = uniform(0, 0.1);
    }
    for (std::size_t m = 0; m < layout.modes; ++m) {
      chip.out_path_db[m] = uniform(0, 0.1);
      program.out.push_back(uniform(0, 2 * pi));
      chip.out_error_rad[m] = uniform(-0.1, 0.1);
    }
    for (std::size_t i = 0; i < layout.modes * batch; ++i)
      for (std::vector<Complex>* fields : {&input, &weight}) {
        const double re = uniform(-1, 1), im = uniform(-1, 1);  // in this order in every compiler
        fields->emplace_back(re, im);
      }
  }

  std::vector<Complex> output(const PhaseProgram& phases) const {
    const std::vector<Complex> a = matrix(phases);
    const std::size_t n = layout.modes;
    std::vector<Complex> y(n * batch);
    for (std::size_t r = 0; r < n; ++r)
      for (std::size_t c = 0; c < n; ++c)
        for (std::size_t b = 0; b < batch; ++b) y[r * batch + b] += a[r * n + c] * input[c * batch + b];
    return y;
  }
  std::vector<Complex> matrix(const PhaseProgram& phases) const {
    return transfer_matrix(layout, realise<double>(layout, phases, chip));
  }
  double loss(const PhaseProgram& phases) const {
    const std::vector<Complex> y = output(phases);
    double sum = 0;
    for (std::size_t i = 0; i < y.size(); ++i)
      sum += std::real(std::conj(weight[i]) * y[i]) + std::norm(y[i]) * std::norm(y[i]) / 2;
    return sum;
  }
  PhaseProgram zero_gradient() const {
    return {std::vector<double>(layout.couplers.size()), std::vector<double>(layout.couplers.size()),
            std::vector<double>(layout.modes)};
  }
};

template <class Real>
struct Planes {
  std::size_t modes, batch;
  std::vector<Real> re, im;

  Planes(std::size_t m, const std::vector<Complex>& z) : modes(m), batch(z.size() / m) {
    for (const Complex& v : z) {
      re.push_back(static_cast<Real>(v.real()));
      im.push_back(static_cast<Real>(v.imag()));
    }
  }
  Fields<Real> view() { return {{re.data(), modes, batch}, {im.data(), modes, batch}}; }
  double distance(const std::vector<Complex>& z) const {
    double difference = 0, norm = 0;
    for (std::size_t i = 0; i < z.size(); ++i) {
      difference += std::norm(z[i] - Complex(re[i], im[i]));
      norm += std::norm(z[i]);
    }
    return std::sqrt(difference / norm);
  }
};

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

std::vector<double> flat(const PhaseProgram& p) {
  std::vector<double> all = p.theta;
  all.insert(all.end(), p.phi.begin(), p.phi.end());
  all.insert(all.end(), p.out.begin(), p.out.end());
  return all;
}

double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double v : values) most = std::max(most, std::abs(v));
  return most;
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
  for (std::size_t k = 1; k < results.size(); ++k) {
    if (k == 2) {
      EXPECT_EQ(results[2], results[1]) << "AVX-512 and AVX2, " << what;
    }
    for (std::size_t i = 0; i < results[k].size(); ++i)
      EXPECT_NEAR(results[k][i], results[0][i], roundings * largest(results[0])) << what;
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
        std::vector<double> sums(form.sums());
        kernels.gradient(tape,
                         {y.re.data(), y.im.data(), g.re.data(), g.im.data(), g.re.data(), g.im.data(),
                          samples, samples, samples, samples, samples, samples, 0, samples},
                         scratch.aligned, sums.data());
        sums.insert(sums.end(), g.re.begin(), g.re.end());
        sums.insert(sums.end(), g.im.begin(), g.im.end());
        return sums;
      });
      // Eight roundings per column, amplified by what the mesh loses.
      const double columns = static_cast<double>(p.layout.columns());
      expect_sets_agree(results, eps * 8 * columns * std::pow(10, 0.7 * columns / 20), std::string(topology));
    }
}

TEST(MeshGradient, KernelsOfAllInstructionSetsAgree) {
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

TEST(MeshGradient, ProductsOfABatchAreExactOfWholeNumbers) {
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
         std::vector<double> sums(form.sums());
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
TEST(MeshGradient, BitsAreThoseOfEveryCompiler) {
  const std::uint64_t single[] = {6055369312317922195u, 17676768742286185258u, 17676768742286185258u},
                      dual[] = {8685112415386541909u, 1632342336581992786u, 1632342336581992786u};
  const auto expect = [](const std::vector<std::uint64_t>& hashes, const std::uint64_t* golden) {
    for (std::size_t k = 0; k < hashes.size(); ++k)
      EXPECT_EQ(hashes[k], golden[k]) << available_mesh_kernels().set[k]->isa;
  };
  expect(hashes_of_slopes<float>(), single);
  expect(hashes_of_slopes<double>(), dual);
}
#endif

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
