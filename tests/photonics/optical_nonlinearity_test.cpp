// Non-linearities: values worked out by hand, energy, and slopes against finite differences.
#include "photonics/optical_nonlinearity.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <set>
#include <vector>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;
constexpr double eps = std::numeric_limits<double>::epsilon();

template <class Real>
struct Planes {
  std::size_t modes, batch;
  std::vector<Real> re, im;

  Planes(std::size_t m, std::size_t b) : modes(m), batch(b), re(m * b), im(m * b) {}
  Fields<Real> view() { return {{re.data(), modes, batch}, {im.data(), modes, batch}}; }
  Complex at(std::size_t i) const { return {re[i], im[i]}; }
};

class Numbers {
 public:
  explicit Numbers(std::uint32_t site) : stream_(stream_of({3, Purpose::test, 0, site, 0})) {}
  double operator()(double low, double high) {
    return low + (high - low) * uniform_from_bits(random_bits(stream_, next_++));
  }

 private:
  DrawStream stream_;
  std::uint64_t next_ = 0;
};

/// Fields of magnitudes in [least, most].
template <class Real>
Planes<Real> fields(std::size_t modes, std::size_t batch, double least, double most) {
  Planes<Real> planes(modes, batch);
  Numbers number(static_cast<std::uint32_t>(modes * batch));
  for (std::size_t i = 0; i < modes * batch; ++i) {
    const Complex z = std::polar(number(least, most), number(-pi, pi));
    planes.re[i] = static_cast<Real>(z.real());
    planes.im[i] = static_cast<Real>(z.imag());
  }
  return planes;
}

Complex value(const Nonlinearity& f, Complex z) {
  double re = z.real(), im = z.imag();
  const Fields<double> both{{&re, 1, 1}, {&im, 1, 1}};
  apply<double>(f, both, both);
  return {re, im};
}

Complex slope(const Nonlinearity& f, Complex z, Complex g) {
  double zr = z.real(), zi = z.imag(), gr = g.real(), gi = g.imag();
  reverse<double>(f, Fields<double>{{&zr, 1, 1}, {&zi, 1, 1}}, {{&gr, 1, 1}, {&gi, 1, 1}});
  return {gr, gi};
}

Nonlinearity with(std::string_view name, NonlinearityParameters parameters) {
  return {&find_nonlinearity(name), parameters};
}

/// Every row with typical parameters and with others.
std::vector<Nonlinearity> samples() {
  std::vector<Nonlinearity> all;
  for (const NonlinearityRow& row : nonlinearities()) all.push_back(typical_nonlinearity(row.name));
  all.push_back(with("electro-optic", {0.3, 1.1, 0.4}));
  all.push_back(with("electro-optic", {0, 0.7, -2}));
  all.push_back(with("mod-softplus", {0.4, 0.5}));
  all.push_back(with("saturable-absorber", {0.01, 0.2}));
  all.push_back(with("saturable-absorber", {1, 1}));
  all.push_back(with("thin-saturable-absorber", {0.9, 3}));
  return all;
}

TEST(OpticalNonlinearity, EveryRowIsNamedCitedAndInRange) {
  std::set<std::string_view> names;
  for (const NonlinearityRow& row : nonlinearities()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.description.empty()) << row.name;
    EXPECT_FALSE(row.source.empty()) << row.name;
    EXPECT_LE(row.parameters.size(), most_nonlinearity_parameters);
    for (const NonlinearityParameter& p : row.parameters) {
      EXPECT_FALSE(p.name.empty()) << row.name;
      EXPECT_FALSE(p.source.empty()) << row.name << ' ' << p.name;
    }
    EXPECT_NO_THROW(check(typical_nonlinearity(row.name)));
  }
}

TEST(OpticalNonlinearity, ElectroOpticValues) {
  // Nothing tapped, no bias: i e^{−iψ} cos ψ of ψ = p/2·π.
  const Nonlinearity open = with("electro-optic", {0, pi, 0});
  EXPECT_LE(std::abs(value(open, {1, 0})), eps);  // ψ = π/2: dark
  const double r = std::sqrt(0.5);                // ψ = π/4: (1 + i)/2
  EXPECT_LE(std::abs(value(open, r) - Complex(r / 2, r / 2)), 4 * eps);
  // The tap alone: 19 % of the power is lost, a tenth of the field.
  EXPECT_LE(std::abs(value(with("electro-optic", {0.19, 0, 0}), {3, 4}) - 0.9 * Complex(-4, 3)), 16 * eps);
  // Biased to extinction, weak light: |y| = ½ g √(1−α) |z|³, with all its digits.
  const Nonlinearity dark = typical_nonlinearity("electro-optic");
  const double weak = 1e-3, expected = 0.5 * 0.05 * pi * std::sqrt(0.9) * weak * weak * weak;
  // cos ψ near ψ = π/2 keeps the error of ψ, eps, against its own size, g p/2 = 8e-8.
  EXPECT_NEAR(std::abs(value(dark, weak)) / expected, 1, 2 * eps / (0.025 * pi * weak * weak));
}

TEST(OpticalNonlinearity, ModSoftplusIsThePublishedFormula) {
  const double least = 0.1, u = 0.5 * std::log(1 / least - 1);
  const Nonlinearity f = typical_nonlinearity("mod-softplus");
  for (const double r : {0.01, 0.4, 1.0, 3.0, 20.0}) {
    const double published = 0.5 * std::log((1 + std::exp(2 * (r - u))) / (1 + std::exp(-2 * u)));
    const Complex phase = std::polar(1.0, 2.0), y = value(f, r * phase);
    // The published difference of logarithms keeps an absolute error of a few eps.
    EXPECT_LE(std::abs(y - published * phase), 4 * eps * (1 + r)) << r;
  }
  EXPECT_NEAR(std::abs(value(f, 1e4)), 1e4 + 0.5 * std::log(least), 1e4 * eps);
  EXPECT_EQ(value(with("mod-softplus", {1, 1}), {0, 2}), Complex(0, 2));
}

TEST(OpticalNonlinearity, ModulusLosesThePhase) {
  const Nonlinearity f = typical_nonlinearity("modulus");
  EXPECT_EQ(value(f, {3, -4}), Complex(5, 0));
  EXPECT_LE(std::abs(slope(f, {3, -4}, {2, 7}) - 2.0 * Complex(0.6, -0.8)), 4 * eps);
}

TEST(OpticalNonlinearity, SaturableAbsorberValues) {
  // T from ¼ to ½: ln 2 = 2p(1 − ½).
  EXPECT_NEAR(std::norm(value(with("saturable-absorber", {0.25, 1}), std::sqrt(std::numbers::ln2))),
              std::numbers::ln2 / 2, 4 * eps);
  Numbers number(1);
  for (int i = 0; i < 200; ++i) {
    const double start = number(1e-3, 1), saturation = number(0.1, 3), r = std::exp(number(-8, 6));
    const double p = r * r / saturation;
    const double t = std::norm(value(with("saturable-absorber", {start, saturation}), r)) / (r * r);
    // Both sides of the law, with the rounding of T carried through it.
    EXPECT_NEAR(std::log(t / start), 2 * p * (1 - t), 16 * eps * (1 + 2 * p)) << start << ' ' << p;
  }
  EXPECT_NEAR(std::norm(value(with("thin-saturable-absorber", {0.75, 4}), 2)), 4 * 0.625, 8 * eps);
}

TEST(OpticalNonlinearity, PassiveRowsNeverAmplify) {
  for (const NonlinearityRow& row : nonlinearities()) {
    if (!row.passive) continue;
    Numbers number(2);
    for (int i = 0; i < 2000; ++i) {
      Nonlinearity f{&row, {}};
      for (std::size_t k = 0; k < row.parameters.size(); ++k) {
        const NonlinearityParameter& p = row.parameters[k];
        f.parameters[k] = i % 2 == 0 || p.least < 0 || p.most <= 1
                              ? number(p.least, p.most)
                              : std::clamp(std::exp(number(-9, 9)), p.least, p.most);
      }
      const Complex z = std::polar(std::exp(number(-12, 12)), number(-pi, pi));
      EXPECT_LE(std::abs(value(f, z)), std::abs(z) * (1 + 8 * eps)) << row.name;
    }
  }
}

TEST(OpticalNonlinearity, ZeroFieldIsFinite) {
  const Complex g{0.3, -1.2};
  for (const Nonlinearity& f : samples()) {
    EXPECT_EQ(value(f, 0), Complex(0, 0)) << f.row->name;
    const Complex at_zero = slope(f, 0, g);
    if (!f.row->keeps_phase) {
      EXPECT_EQ(at_zero, Complex(0, 0));
      continue;
    }
    EXPECT_EQ(at_zero, std::conj(f.row->respond(0, f.parameters).t) * g) << f.row->name;
    // The slope is continuous: it changes by less than |z| times its own slope, here below 10.
    const double near = 1e-10;
    EXPECT_LE(std::abs(slope(f, {near, near}, g) - at_zero), 10 * near) << f.row->name;
  }
}

// Fourth order: with a step h the error is h⁴/30 of the fifth derivative and 1.5·eps/h of the value. Fields
// stay above 0.2, where the fifth derivative of |z|, the largest of them, is below 45/|z|⁴ = 3e4: at h = 3e-4
// both are below 1e-11 of slopes of order 1, and 1e-6 is far outside.
template <class Move>
double difference(const Move& loss_at) {
  constexpr double h = 3e-4;
  return (8 * (loss_at(h) - loss_at(-h)) - (loss_at(2 * h) - loss_at(-2 * h))) / (12 * h);
}

TEST(OpticalNonlinearity, SlopesEqualFiniteDifferences) {
  for (const Nonlinearity& f : samples()) {
    Planes<double> x = fields<double>(3, 20, 0.2, 1.5);
    // L = Σ Re(w̄ y) + ½|y|⁴
    const Planes<double> w = fields<double>(2, 30, 0.1, 1);
    const auto weight = [&](std::size_t i) { return w.at(i); };
    const auto loss = [&](const Nonlinearity& which) {
      Planes<double> y(3, 20);
      apply<double>(which, x.view(), y.view());
      double sum = 0;
      for (std::size_t i = 0; i < 60; ++i)
        sum += std::real(std::conj(weight(i)) * y.at(i)) + std::norm(y.at(i)) * std::norm(y.at(i)) / 2;
      return sum;
    };
    Planes<double> g(3, 20);
    apply<double>(f, x.view(), g.view());
    for (std::size_t i = 0; i < 60; ++i) {
      const Complex y = g.at(i), slope_out = weight(i) + 2 * std::norm(y) * y;
      g.re[i] = slope_out.real();
      g.im[i] = slope_out.imag();
    }
    NonlinearityParameters by_parameter{};
    reverse<double>(f, x.view(), g.view(), &by_parameter);
    double largest = 0;
    for (std::size_t i = 0; i < 60; ++i) largest = std::max(largest, std::abs(g.at(i)));
    for (std::size_t i = 0; i < 60; ++i)
      for (const auto& [plane, slopes] : {std::pair{&x.re, &g.re}, {&x.im, &g.im}}) {
        double& moved = (*plane)[i];
        const double middle = moved;
        const double expected = difference([&](double h) {
          moved = middle + h;
          const double sum = loss(f);
          moved = middle;
          return sum;
        });
        EXPECT_NEAR((*slopes)[i], expected, 1e-6 * largest) << f.row->name << ", element " << i;
      }
    for (std::size_t k = 0; k < f.row->parameters.size(); ++k) {
      const NonlinearityParameter& p = f.row->parameters[k];
      // At the end of a parameter's range no difference is to be had.
      if (f.parameters[k] < p.least + 1e-3 || f.parameters[k] > p.most - 1e-3) continue;
      const double expected = difference([&](double h) {
        Nonlinearity moved = f;
        moved.parameters[k] += h;
        return loss(moved);
      });
      EXPECT_NEAR(by_parameter[k], expected, 1e-6 * std::abs(expected)) << f.row->name << ' ' << p.name;
    }
  }
}

TEST(OpticalNonlinearity, FloatIsDoubleRounded) {
  for (const Nonlinearity& f : samples()) {
    Planes<float> x = fields<float>(4, 33, 0, 2), y(4, 33);
    Planes<double> wide(4, 33), wide_y(4, 33);
    for (std::size_t i = 0; i < x.re.size(); ++i) {
      wide.re[i] = x.re[i];
      wide.im[i] = x.im[i];
    }
    apply<float>(f, x.view(), y.view());
    apply<double>(f, wide.view(), wide_y.view());
    Planes<float> g = y;
    reverse<float>(f, x.view(), g.view());
    Planes<double> wide_g(4, 33);
    for (std::size_t i = 0; i < x.re.size(); ++i) {
      EXPECT_EQ(y.re[i], static_cast<float>(wide_y.re[i])) << f.row->name;
      EXPECT_EQ(y.im[i], static_cast<float>(wide_y.im[i])) << f.row->name;
      wide_g.re[i] = y.re[i];
      wide_g.im[i] = y.im[i];
    }
    reverse<double>(f, wide.view(), wide_g.view());
    for (std::size_t i = 0; i < x.re.size(); ++i) {
      EXPECT_EQ(g.re[i], static_cast<float>(wide_g.re[i])) << f.row->name;
      EXPECT_EQ(g.im[i], static_cast<float>(wide_g.im[i])) << f.row->name;
    }
  }
}

TEST(OpticalNonlinearity, ThreadsChangeNoBits) {
  ThreadPool one(1), two(2);
  for (const Nonlinearity& f : samples()) {
    Planes<double> x = fields<double>(7, 50, 0, 2);
    std::vector<Planes<double>> g(3, fields<double>(7, 50, 0, 1));
    std::vector<NonlinearityParameters> by_parameter(3);
    ThreadPool* const pools[] = {nullptr, &one, &two};
    for (std::size_t k = 0; k < 3; ++k) {
      apply<double>(f, g[k].view(), g[k].view(), pools[k]);  // in place
      reverse<double>(f, x.view(), g[k].view(), &by_parameter[k], pools[k]);
    }
    for (std::size_t k = 1; k < 3; ++k) {
      EXPECT_EQ(g[k].re, g[0].re) << f.row->name;
      EXPECT_EQ(g[k].im, g[0].im) << f.row->name;
      EXPECT_EQ(by_parameter[k], by_parameter[0]) << f.row->name;
    }
  }
}

TEST(OpticalNonlinearity, RefusesWrongUse) {
  const Nonlinearity f = typical_nonlinearity("modulus");
  Planes<double> small(2, 3), tall(3, 3), wide(2, 4);
  EXPECT_THROW(apply<double>(f, small.view(), tall.view()), Error);
  EXPECT_THROW(reverse<double>(f, small.view(), wide.view()), Error);
  EXPECT_THROW(apply<double>({}, small.view(), small.view()), Error);
  EXPECT_THROW(check(with("electro-optic", {1, 0, 0})), Error);
  EXPECT_THROW(check(with("saturable-absorber", {std::nan(""), 1})), Error);
  try {
    find_nonlinearity("modulos");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("'modulus'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace fringe
