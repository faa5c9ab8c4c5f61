// All-optical networks against the plain product of their matrices, and their slopes against finite
// differences.
#include "photonics/optical_network.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <limits>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "core/units.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

/// Fields of unit power a sample and labels, from uniform numbers.
template <class Real = double>
struct Light {
  std::size_t ports, batch;
  std::vector<Real> re, im;
  std::vector<std::int32_t> labels;

  Light(std::size_t p, std::size_t b, std::size_t classes)
      : ports(p), batch(b), re(p * b), im(p * b), labels(b) {
    const DrawStream stream = stream_of({11, Purpose::test, 0, static_cast<std::uint32_t>(p), 0});
    const auto number = [&](std::uint64_t i) { return uniform_from_bits(random_bits(stream, i)); };
    for (std::size_t s = 0; s < batch; ++s) {
      std::vector<Complex> z(ports);
      double power = 0;
      for (std::size_t i = 0; i < ports; ++i) {
        const std::uint64_t at = 2 * (s * ports + i);
        z[i] = {number(at) - 0.5, number(at + 1) - 0.5};
        power += std::norm(z[i]);
      }
      for (std::size_t i = 0; i < ports; ++i) {
        re[i * batch + s] = static_cast<Real>(z[i].real() / std::sqrt(power));
        im[i * batch + s] = static_cast<Real>(z[i].imag() / std::sqrt(power));
      }
      labels[s] = static_cast<std::int32_t>(number(1000000 + s) * static_cast<double>(classes));
    }
  }
  Fields<Real> view() { return {{re.data(), ports, batch}, {im.data(), ports, batch}}; }
};

/// Splitter errors, loss and offsets on every layer.
void age(OpticalNetwork& network) {
  std::uint32_t site = 0;
  for (OpticalLayer& layer : network.layers) {
    const DrawStream stream = stream_of({12, Purpose::test, 0, site++, 0});
    std::uint64_t next = 0;
    const auto uniform = [&](double low, double high) {
      return low + (high - low) * uniform_from_bits(random_bits(stream, next++));
    };
    for (std::size_t n = 0; n < layer.layout.couplers.size(); ++n) {
      layer.chip.alpha_rad[n] = uniform(-0.1, 0.1);
      layer.chip.beta_rad[n] = uniform(-0.1, 0.1);
      layer.chip.theta_error_rad[n] = uniform(-0.1, 0.1);
      layer.chip.loss_db[n] = uniform(0, 0.4);
    }
  }
}

/// Parameters at which every row bends light of unit power.
Nonlinearity bending(std::string_view name) {
  Nonlinearity f = typical_nonlinearity(name);
  if (name == "electro-optic") f.parameters = {0.1, 2.0, 0.8};
  if (name == "mod-softplus") f.parameters = {0.4, 0.5};
  return f;
}

TEST(OpticalNetwork, EqualsThePlainProductOfItsMatrices) {
  for (const std::string_view topology : {"rectangular", "diamond"})
    for (const NonlinearityRow& row : nonlinearities()) {
      OpticalNetwork network = random_optical_network(topology, 5, 3, 4, bending(row.name), 1);
      network.layers[1].nonlinearity.reset();
      age(network);
      Light<> light(5, 9, 4);
      OpticalPass<double> pass(network);
      const MatrixView<const double> powers = pass.forward(light.view());
      ASSERT_EQ(powers.rows, 4u);
      for (std::size_t b = 0; b < 9; ++b) {
        std::vector<Complex> x(5);
        for (std::size_t i = 0; i < 5; ++i) x[i] = {light.re[i * 9 + b], light.im[i * 9 + b]};
        for (const OpticalLayer& layer : network.layers) {
          const std::size_t n = layer.layout.modes;
          const auto a =
              transfer_matrix(layer.layout, realise<double>(layer.layout, layer.phases, layer.chip));
          std::vector<Complex> y(5);
          for (std::size_t r = 0; r < 5; ++r) {
            for (std::size_t c = 0; c < 5; ++c) y[r] += a[r * n + c] * x[c];
            if (!layer.nonlinearity) continue;
            const Nonlinearity& f = *layer.nonlinearity;
            const Complex t = f.row->respond(std::abs(y[r]), f.parameters).t;
            y[r] = f.row->keeps_phase ? t * y[r] : t * std::abs(y[r]);
          }
          x = y;
        }
        // Rounding of fields of at most unit power: three layers of at most 9 columns of a few operations.
        for (std::size_t c = 0; c < 4; ++c)
          EXPECT_NEAR(powers(c, b), std::norm(x[c]), 3 * 16 * 9 * 2.2e-16) << topology << ' ' << row.name;
      }
    }
}

/// Every phase and every parameter, by central differences of fourth order: the truncation error ~h⁴ and the
/// rounding error ~eps/h both stay below 1e-9.
void expect_finite_differences(OpticalNetwork network, const std::string& what) {
  constexpr double h = 1e-3;
  Light<> light(network.ports(), 6, network.classes);
  OpticalPass<double> pass(network);
  OpticalGradient gradient = zero_gradient(network);
  pass.forward(light.view());
  const double loss = pass.loss(light.labels);
  EXPECT_EQ(pass.backward(light.labels, gradient), loss);

  std::vector<std::pair<double*, double>> all;  // what to move, and its slope
  for (std::size_t k = 0; k < network.layers.size(); ++k) {
    OpticalLayer& layer = network.layers[k];
    for (const auto member : {&PhaseProgram::theta, &PhaseProgram::phi, &PhaseProgram::out})
      for (std::size_t i = 0; i < (layer.phases.*member).size(); ++i)
        all.emplace_back(&(layer.phases.*member)[i], (gradient.phases[k].*member)[i]);
    if (layer.nonlinearity)
      for (std::size_t i = 0; i < layer.nonlinearity->row->parameters.size(); ++i)
        all.emplace_back(&layer.nonlinearity->parameters[i], gradient.nonlinearity[k][i]);
  }
  double largest = 0;
  for (const auto& entry : all) largest = std::max(largest, std::abs(entry.second));
  EXPECT_GT(largest, 1e-3) << what;
  for (std::size_t i = 0; i < all.size(); ++i) {
    double& moved = *all[i].first;
    const double middle = moved;
    const auto at = [&](double offset) {
      moved = middle + offset;
      pass.set(network);
      moved = middle;
      pass.forward(light.view());
      return pass.loss(light.labels);
    };
    const double slope = (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h);
    EXPECT_NEAR(all[i].second, slope, 1e-6 * largest) << what << ", parameter " << i;
  }
}

TEST(OpticalNetwork, GradientEqualsFiniteDifferences) {
  for (const NonlinearityRow& row : nonlinearities())
    for (const Readout readout : {Readout::share, Readout::softmax}) {
      OpticalNetwork network = random_optical_network("rectangular", 4, 2, 3, bending(row.name), 2);
      network.readout = readout;
      age(network);
      expect_finite_differences(network, std::string(row.name));
    }
}

TEST(OpticalNetwork, GradientHoldsWithDarkModesDeadCouplersAndOtherCrossings) {
  for (const Crossing& crossing : crossings()) {
    OpticalNetwork network = random_optical_network("diamond", 4, 2, 3, bending("electro-optic"), 3);
    for (OpticalLayer& layer : network.layers) layer.chip = ideal_fabrication(layer.layout, crossing);
    age(network);
    network.layers[0].chip.loss_db[2] = std::numeric_limits<double>::infinity();
    expect_finite_differences(network, std::string(crossing.name));
  }
}

TEST(OpticalNetwork, DarkSamplesCostTheLogarithmOfTheClassesAndHaveNoSlope) {
  const OpticalNetwork network = random_optical_network("rectangular", 4, 2, 3, bending("mod-softplus"), 4);
  Light<> light(4, 5, 3);
  std::fill(light.re.begin(), light.re.end(), 0.0);
  std::fill(light.im.begin(), light.im.end(), 0.0);
  OpticalPass<double> pass(network);
  pass.forward(light.view());
  OpticalGradient gradient = zero_gradient(network);
  EXPECT_NEAR(pass.backward(light.labels, gradient), std::log(3.0), 4.5e-16);
  for (const PhaseProgram& phases : gradient.phases)
    for (const double slope : phases.theta) EXPECT_EQ(slope, 0);
}

TEST(OpticalNetwork, StepsAgainstTheGradientLowerTheLoss) {
  OpticalNetwork network = random_optical_network("rectangular", 6, 2, 4, bending("electro-optic"), 5);
  Light<> light(6, 40, 4);
  OpticalPass<double> pass(network);
  double before = 0, last = std::numeric_limits<double>::infinity();
  for (int step = 0; step < 30; ++step) {
    pass.set(network);
    pass.forward(light.view());
    OpticalGradient gradient = zero_gradient(network);
    const double loss = pass.backward(light.labels, gradient);
    EXPECT_LT(loss, last);
    if (step == 0) before = loss;
    last = loss;
    for (std::size_t k = 0; k < network.layers.size(); ++k)
      for (const auto member : {&PhaseProgram::theta, &PhaseProgram::phi, &PhaseProgram::out})
        for (std::size_t i = 0; i < (gradient.phases[k].*member).size(); ++i)
          (network.layers[k].phases.*member)[i] -= 0.1 * (gradient.phases[k].*member)[i];
  }
  EXPECT_LT(last, 0.9 * before);
}

TEST(OpticalNetwork, ThreadsChangeNoBits) {
  OpticalNetwork network = random_optical_network("rectangular", 8, 3, 5, bending("electro-optic"), 6);
  age(network);
  Light<> light(8, 300, 5);
  ThreadPool one(1), two(2);
  std::vector<double> losses;
  std::vector<OpticalGradient> gradients;
  for (ThreadPool* const pool : {static_cast<ThreadPool*>(nullptr), &one, &two}) {
    OpticalPass<double> pass(network, pool);
    pass.forward(light.view());
    gradients.push_back(zero_gradient(network));
    losses.push_back(pass.backward(light.labels, gradients.back()));
  }
  for (std::size_t run = 1; run < 3; ++run) {
    EXPECT_EQ(losses[run], losses[0]);
    EXPECT_EQ(gradients[run].nonlinearity, gradients[0].nonlinearity);
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_EQ(gradients[run].phases[k].theta, gradients[0].phases[k].theta);
      EXPECT_EQ(gradients[run].phases[k].phi, gradients[0].phases[k].phi);
      EXPECT_EQ(gradients[run].phases[k].out, gradients[0].phases[k].out);
    }
  }
}

// A passive mesh and a softplus of slope at most 1 stretch no distance, so each layer adds its own rounding
// only: 3·eps·√columns of the mesh, and eps of storing y. A power of light below 1 changes by twice that.
TEST(OpticalNetwork, SinglePrecisionIsClose) {
  const std::size_t ports = 8, layers = 3;
  const OpticalNetwork network =
      random_optical_network("rectangular", ports, layers, 5, bending("mod-softplus"), 7);
  Light<float> narrow(ports, 50, 5);
  Light<double> wide(ports, 50, 5);
  wide.re.assign(narrow.re.begin(), narrow.re.end());
  wide.im.assign(narrow.im.begin(), narrow.im.end());
  OpticalPass<float> single(network);
  OpticalPass<double> exact(network);
  const auto p = single.forward(narrow.view()), q = exact.forward(wide.view());
  const double eps = std::numeric_limits<float>::epsilon();
  const double bound = 2 * layers * (3 * eps * std::sqrt(static_cast<double>(ports)) + eps);
  for (std::size_t c = 0; c < 5; ++c)
    for (std::size_t b = 0; b < 50; ++b) EXPECT_NEAR(p(c, b), q(c, b), bound);
}

TEST(OpticalNetwork, EveryTopologyStarts) {
  for (const Topology& topology : topologies()) {
    const OpticalNetwork network = random_optical_network(topology.name, 4, 2, 2, std::nullopt, 8);
    EXPECT_EQ(network.ports(), 4u) << topology.name;
    Light<> light(4, 3, 2);
    OpticalPass<double> pass(network);
    const auto powers = pass.forward(light.view());
    for (std::size_t b = 0; b < 3; ++b) EXPECT_LE(powers(0, b) + powers(1, b), 1 + 1e-14) << topology.name;
  }
}

TEST(OpticalNetwork, RefusesWrongUse) {
  OpticalNetwork network = random_optical_network("rectangular", 4, 2, 3, std::nullopt, 9);
  EXPECT_THROW(random_optical_network("rectangular", 4, 0, 3, std::nullopt, 1), Error);
  EXPECT_THROW(random_optical_network("rectangular", 4, 1, 5, std::nullopt, 1), Error);
  OpticalPass<double> pass(network);
  Light<> light(4, 3, 3), tall(5, 3, 3);
  OpticalGradient gradient = zero_gradient(network), none;
  EXPECT_THROW(pass.forward(tall.view()), Error);
  EXPECT_THROW(pass.loss(light.labels), Error) << "nothing went forward";
  pass.forward(light.view());
  EXPECT_THROW(pass.backward(light.labels, none), Error);
  EXPECT_THROW(pass.loss(std::vector<std::int32_t>{0, 1, 3}), Error) << "no such class";
  EXPECT_NO_THROW(pass.backward(light.labels, gradient));
  EXPECT_THROW(pass.backward(light.labels, gradient), Error) << "the fields are used up";
  network.layers.pop_back();
  EXPECT_THROW(pass.set(network), Error);
  network.layers[0].phases.theta.pop_back();
  EXPECT_THROW(check(network), Error);
}

}  // namespace
}  // namespace fringe
