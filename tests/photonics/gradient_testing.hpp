// A mesh with errors and losses, a batch and a loss function for tests of gradients.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <vector>

#include "core/draw.hpp"
#include "core/units.hpp"
#include "photonics/fields.hpp"
#include "photonics/physical_mesh.hpp"

namespace fringe::gradient_testing {

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

inline std::vector<double> flat(const PhaseProgram& p) {
  std::vector<double> all = p.theta;
  all.insert(all.end(), p.phi.begin(), p.phi.end());
  all.insert(all.end(), p.out.begin(), p.out.end());
  return all;
}

inline double largest(const std::vector<double>& values) {
  double most = 0;
  for (const double v : values) most = std::max(most, std::abs(v));
  return most;
}

}  // namespace fringe::gradient_testing
