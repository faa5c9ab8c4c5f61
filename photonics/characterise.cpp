#include "photonics/characterise.hpp"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/correction.hpp"
#include "photonics/gradient_programming.hpp"
#include "photonics/haar.hpp"
#include "photonics/nulling.hpp"
#include "photonics/topology_of.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

Matrix2 scaled_difference(const Matrix2& a, const Matrix2& b, Complex factor) {
  Matrix2 d;
  for (std::size_t e = 0; e < 4; ++e) d[e] = factor * (a[e] - b[e]);
  return d;
}

struct Model {
  FabricatedMesh chip;
  double crosstalk = 0;
};

/// The unknowns of a chip in a row: α, β, θ, φ (and γ) of each coupler, the output phases, the strength of
/// crosstalk.
class Unknowns {
 public:
  Unknowns(const MeshLayout& layout, const Crossing& crossing, bool crosstalk)
      : couplers_(layout.couplers.size()),
        per_coupler_(crossing.front_rad != 0 ? 5 : 4),
        ports_(layout.ports()),
        crosstalk_(crosstalk) {}

  std::size_t count() const { return of_crosstalk() + (crosstalk_ ? 1 : 0); }
  bool crosstalk() const { return crosstalk_; }
  std::size_t of_crosstalk() const { return per_coupler_ * couplers_ + ports_; }
  std::size_t per_coupler() const { return per_coupler_; }
  std::size_t of_coupler(std::size_t k) const { return per_coupler_ * k; }
  std::size_t of_output(std::size_t m) const { return per_coupler_ * couplers_ + m; }

  Model moved(Model model, const Eigen::VectorXd& step) const {
    FabricatedMesh& chip = model.chip;
    std::vector<double>* const rows[] = {&chip.alpha_rad, &chip.beta_rad, &chip.theta_error_rad,
                                         &chip.phi_error_rad, &chip.gamma_rad};
    for (std::size_t k = 0; k < couplers_; ++k)
      for (std::size_t p = 0; p < per_coupler_; ++p)
        (*rows[p])[k] += step[static_cast<Eigen::Index>(of_coupler(k) + p)];
    for (std::size_t m = 0; m < ports_; ++m)
      chip.out_error_rad[m] += step[static_cast<Eigen::Index>(of_output(m))];
    if (crosstalk_) model.crosstalk += step[static_cast<Eigen::Index>(of_crosstalk())];
    return model;
  }

 private:
  std::size_t couplers_, per_coupler_, ports_;
  bool crosstalk_;
};

/// Derivatives of one coupler. A splitter's derivative is the splitter a quarter turn on, and T is affine in
/// e^{iφ} and in e^{iθ}, or in e^{±iθ/2}.
std::array<Matrix2, 5> slopes(const FabricatedMesh& chip, std::size_t k, double theta, double phi) {
  const Crossing& crossing = *chip.crossing;
  theta += chip.theta_error_rad[k];
  phi += chip.phi_error_rad[k];
  const CrossingErrors e = chip.errors(k);
  const auto turned = [&](double alpha, double beta, double gamma) {
    return transfer(crossing, theta, phi,
                    {e.alpha_rad + alpha, e.beta_rad + beta, e.gamma_rad + gamma, e.arm_imbalance_db});
  };
  const Matrix2 t = turned(0, 0, 0), far = transfer(crossing, theta + pi, phi, e);
  const Complex half_i{0, 0.5};
  return {turned(pi / 2, 0, 0), turned(0, pi / 2, 0),
          crossing.push_pull ? scaled_difference(far, {}, 0.5) : scaled_difference(t, far, half_i),
          scaled_difference(t, transfer(crossing, theta, phi + pi, e), half_i), turned(0, 0, pi / 2)};
}

struct Data {
  std::vector<PhaseProgram> programs;
  std::vector<PhaseProgram> heat;  ///< what crosstalk of strength 1 adds to each; empty without it
  std::vector<Complex> inputs;     ///< [ports × samples]
  std::size_t samples = 0;
  std::vector<double> readings;  ///< [program][sample][port]{Re, Im}, or power
};

/// Sums of squares over everything read, accumulated program by program.
class Fit {
 public:
  Fit(const MeshLayout& layout, const Unknowns& unknowns, const Data& data, ChipReading reading)
      : layout_(layout), unknowns_(unknowns), data_(data), powers_(reading == ChipReading::powers) {
    rows_ = data.samples * layout.ports() * (powers_ ? 1 : 2);
  }

  double square(const Model& model) const {
    double sum = 0;
    for (std::size_t p = 0; p < data_.programs.size(); ++p) {
      const Pass pass(*this, model.chip, held(model, p));
      sum += misfit(pass.fields, p).squaredNorm();
    }
    return sum;
  }

  /// JᵀJ (its lower half) and Jᵀr.
  void normal(const Model& model, Eigen::MatrixXd& square, Eigen::VectorXd& slope) const {
    const auto count = static_cast<Eigen::Index>(unknowns_.count());
    square = Eigen::MatrixXd::Zero(count, count);
    slope = Eigen::VectorXd::Zero(count);
    Eigen::MatrixXd j(static_cast<Eigen::Index>(rows_), count);
    for (std::size_t p = 0; p < data_.programs.size(); ++p) {
      const PhaseProgram program = held(model, p);
      const Pass pass(*this, model.chip, program);
      fill(pass, model.chip, program, j);
      if (unknowns_.crosstalk()) fill_crosstalk(data_.heat[p], j);
      square.selfadjointView<Eigen::Lower>().rankUpdate(j.transpose());
      slope += j.transpose() * misfit(pass.fields, p);
    }
  }

 private:
  /// Light of every input through one setting of the chip.
  struct Pass {
    Pass(const Fit& fit, const FabricatedMesh& chip, const PhaseProgram& program)
        : mesh(realise<double>(fit.layout_, program, chip)), fields(fit.layout_.modes * fit.data_.samples) {
      const std::size_t samples = fit.data_.samples;
      std::copy(fit.data_.inputs.begin(), fit.data_.inputs.end(), fields.begin());
      for (std::size_t k = 0; k < fit.layout_.couplers.size(); ++k) {
        const Matrix2& t = mesh.couplers[k];
        Complex *upper = &fields[fit.layout_.couplers[k].upper * samples],
                *lower = &fields[fit.layout_.couplers[k].lower * samples];
        ahead.insert(ahead.end(), upper, upper + samples);
        ahead.insert(ahead.end(), lower, lower + samples);
        for (std::size_t s = 0; s < samples; ++s) {
          const Complex a = upper[s], b = lower[s];
          upper[s] = t[0] * a + t[1] * b;
          lower[s] = t[2] * a + t[3] * b;
        }
      }
      for (std::size_t m = 0; m < fit.layout_.modes; ++m)
        for (std::size_t s = 0; s < samples; ++s) fields[m * samples + s] *= mesh.out[m];
    }
    PhysicalMesh<double> mesh;
    std::vector<Complex> ahead;   ///< [coupler][upper, lower][sample]: what enters each coupler
    std::vector<Complex> fields;  ///< [mode][sample] at the outputs
  };

  PhaseProgram held(const Model& model, std::size_t p) const {
    PhaseProgram program = data_.programs[p];
    if (!unknowns_.crosstalk()) return program;
    const auto add = [&](const std::vector<double>& heat, std::vector<double>& phases) {
      for (std::size_t i = 0; i < heat.size(); ++i) phases[i] += model.crosstalk * heat[i];
    };
    add(data_.heat[p].theta, program.theta);
    add(data_.heat[p].phi, program.phi);
    add(data_.heat[p].out, program.out);
    return program;
  }

  void fill_crosstalk(const PhaseProgram& heat, Eigen::MatrixXd& j) const {
    constexpr std::size_t theta = 2, phi = 3;
    const auto column = [&](std::size_t unknown) { return j.col(static_cast<Eigen::Index>(unknown)); };
    auto sum = column(unknowns_.of_crosstalk());
    sum.setZero();
    for (std::size_t k = 0; k < layout_.couplers.size(); ++k)
      sum += heat.theta[k] * column(unknowns_.of_coupler(k) + theta) +
             heat.phi[k] * column(unknowns_.of_coupler(k) + phi);
    for (std::size_t m = 0; m < layout_.ports(); ++m) sum += heat.out[m] * column(unknowns_.of_output(m));
  }

  /// Reading less model.
  Eigen::VectorXd misfit(const std::vector<Complex>& fields, std::size_t program) const {
    Eigen::VectorXd r(static_cast<Eigen::Index>(rows_));
    std::size_t row = 0;
    const double* reading = &data_.readings[program * rows_];
    for (std::size_t s = 0; s < data_.samples; ++s)
      for (std::size_t m = 0; m < layout_.ports(); ++m) {
        const Complex y = fields[m * data_.samples + s];
        const auto at = static_cast<Eigen::Index>(row);
        if (powers_) {
          r[at] = reading[row] - std::norm(y);
          row += 1;
        } else {
          r[at] = reading[row] - y.real();
          r[at + 1] = reading[row + 1] - y.imag();
          row += 2;
        }
      }
    return r;
  }

  void put(Eigen::MatrixXd& j, std::size_t unknown, std::size_t sample, std::size_t port, Complex y,
           Complex slope) const {
    const auto column = static_cast<Eigen::Index>(unknown);
    const std::size_t at = sample * layout_.ports() + port;
    if (powers_) {
      j(static_cast<Eigen::Index>(at), column) = 2 * (y.real() * slope.real() + y.imag() * slope.imag());
    } else {
      j(static_cast<Eigen::Index>(2 * at), column) = slope.real();
      j(static_cast<Eigen::Index>(2 * at + 1), column) = slope.imag();
    }
  }

  void fill(const Pass& pass, const FabricatedMesh& chip, const PhaseProgram& program,
            Eigen::MatrixXd& j) const {
    const std::size_t modes = layout_.modes, ports = layout_.ports(), samples = data_.samples;
    for (std::size_t m = 0; m < ports; ++m)
      for (std::size_t at = 0; at < ports; ++at)
        for (std::size_t s = 0; s < samples; ++s) {
          const Complex y = pass.fields[at * samples + s];
          put(j, unknowns_.of_output(m), s, at, y, at == m ? Complex{0, 1} * y : 0.0);
        }
    std::vector<Complex> behind(ports * modes);  // what the rest of the mesh makes of each mode
    for (std::size_t m = 0; m < ports; ++m) behind[m * modes + m] = pass.mesh.out[m];
    for (std::size_t k = layout_.couplers.size(); k-- > 0;) {
      const auto [upper, lower] = layout_.couplers[k];
      const std::array<Matrix2, 5> slope = slopes(chip, k, program.theta[k], program.phi[k]);
      const double shared = field_transmission_from_loss_db(chip.loss_db[k]),
                   upper_way = shared * field_transmission_from_loss_db(chip.upper_path_db[k]),
                   lower_way = shared * field_transmission_from_loss_db(chip.lower_path_db[k]);
      const Complex* in = &pass.ahead[2 * samples * k];
      for (std::size_t p = 0; p < unknowns_.per_coupler(); ++p) {
        const Matrix2& d = slope[p];
        for (std::size_t s = 0; s < samples; ++s) {
          const Complex a = upper_way * in[s], b = lower_way * in[samples + s];
          const Complex u = d[0] * a + d[1] * b, l = d[2] * a + d[3] * b;
          for (std::size_t m = 0; m < ports; ++m)
            put(j, unknowns_.of_coupler(k) + p, s, m, pass.fields[m * samples + s],
                behind[m * modes + upper] * u + behind[m * modes + lower] * l);
        }
      }
      const Matrix2& t = pass.mesh.couplers[k];
      for (std::size_t m = 0; m < ports; ++m) {
        Complex &u = behind[m * modes + upper], &l = behind[m * modes + lower];
        const Complex a = u, b = l;
        u = a * t[0] + b * t[2];
        l = a * t[1] + b * t[3];
      }
    }
  }

  const MeshLayout& layout_;
  const Unknowns& unknowns_;
  const Data& data_;
  bool powers_;
  std::size_t rows_;
};

Data read_chip(ChipUnderTest& chip, const CharacterisationOptions& options) {
  const MeshLayout& layout = chip.layout();
  const std::size_t n = layout.ports();
  Data data;
  data.samples = options.reading == ChipReading::powers ? 2 * n - 1 : n;
  data.inputs.assign(n * data.samples, 0);
  for (std::size_t s = 0; s < data.samples; ++s) {
    const std::size_t port = s < n ? s : s - n + 1;
    data.inputs[port * data.samples + s] = s < n ? 1 : std::sqrt(0.5);
    if (s >= n) data.inputs[s] = std::sqrt(0.5);
  }
  for (unsigned p = 0; p < options.programs; ++p) {
    data.programs.push_back(
        random_start(layout, {options.seed, Purpose::initial_weights, p}, chip.crossing()));
    chip.set(data.programs.back());
    if (options.crosstalk) {
      const PhaseProgram& asked = data.programs.back();
      PhaseProgram heat = options.crosstalk->heated(asked);
      for (std::size_t k = 0; k < heat.theta.size(); ++k) {
        heat.theta[k] -= asked.theta[k];
        heat.phi[k] -= asked.phi[k];
      }
      for (std::size_t m = 0; m < heat.out.size(); ++m) heat.out[m] -= asked.out[m];
      data.heat.push_back(std::move(heat));
    }
    for (std::size_t s = 0; s < data.samples; ++s) {
      std::vector<Complex> input(n);
      for (std::size_t m = 0; m < n; ++m) input[m] = data.inputs[m * data.samples + s];
      if (options.reading == ChipReading::powers) {
        for (const double power : chip.powers(input)) data.readings.push_back(power);
      } else {
        for (const Complex& y : chip.fields(input)) {
          data.readings.push_back(y.real());
          data.readings.push_back(y.imag());
        }
      }
    }
  }
  return data;
}

FabricatedMesh with_sought_phases(ChipUnderTest& chip, FabricatedMesh nominal, std::uint64_t seed) {
  const MeshLayout& layout = chip.layout();
  const std::size_t n = layout.ports();
  const std::vector<Complex> u = haar_unitary(n, {seed, Purpose::haar});
  const PhaseProgram asked = null_measured(chip, {u.data(), n, n}, true);
  const PhaseProgram design =
      correct_locally(layout, topology_of(layout)->decompose({u.data(), n, n}), nominal);
  // Not modulo 2π: a whole turn of push–pull arms is a sign.
  const auto difference = [](const std::vector<double>& a, const std::vector<double>& b,
                             std::vector<double>& to) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] = a[i] - b[i];
  };
  difference(design.theta, asked.theta, nominal.theta_error_rad);
  difference(design.phi, asked.phi, nominal.phi_error_rad);
  difference(design.out, asked.out, nominal.out_error_rad);
  return nominal;
}

}  // namespace

Characterisation characterise(ChipUnderTest& chip, const FabricatedMesh& nominal,
                              const CharacterisationOptions& options) {
  const MeshLayout& layout = chip.layout();
  check_sizes(layout, nominal);
  if (nominal.crossing != &chip.crossing())
    throw Error("characterisation: the nominal chip has crossings '" + std::string(nominal.crossing->name) +
                "', the chip '" + std::string(chip.crossing().name) + "'");
  if (options.programs == 0) throw Error("characterisation: programs = 0; at least 1 is needed");
  const FabricatedMesh start =
      options.seek_phases ? with_sought_phases(chip, nominal, options.seed) : nominal;
  const Data data = read_chip(chip, options);
  const Unknowns unknowns(layout, chip.crossing(), options.crosstalk != nullptr);
  const Fit fit(layout, unknowns, data, options.reading);

  Model model{start};
  unsigned iterations = 0;
  Eigen::MatrixXd square;
  Eigen::VectorXd slope;
  double value = fit.square(model), damping = 1e-3;
  fit.normal(model, square, slope);
  const double scale = square.trace() / static_cast<double>(unknowns.count());
  bool done = false;
  while (!done && iterations < options.iterations) {
    Eigen::MatrixXd damped = square;
    damped.diagonal().array() += damping * scale;
    const Eigen::VectorXd step = damped.selfadjointView<Eigen::Lower>().ldlt().solve(slope);
    const Model tried = unknowns.moved(model, step);
    const double lower = fit.square(tried);
    ++iterations;
    if (lower < value) {
      // Below the rounding of the readings nothing is left to gain.
      done = value - lower <= 1e-12 * value || lower <= 1e-28 * static_cast<double>(data.readings.size());
      model = tried;
      value = lower;
      damping = std::max(1e-12, damping / 10);
      fit.normal(model, square, slope);
    } else {
      damping *= 10;
      done = damping > 1e6;
    }
  }
  const Eigen::VectorXd pivots = square.selfadjointView<Eigen::Lower>().ldlt().vectorD();
  const auto undetermined = static_cast<std::size_t>((pivots.array() < 1e-10 * pivots.maxCoeff()).count());
  return {model.chip,
          model.crosstalk,
          std::sqrt(value / static_cast<double>(data.readings.size())),
          data.readings.size(),
          unknowns.count(),
          undetermined,
          iterations};
}

}  // namespace fringe
