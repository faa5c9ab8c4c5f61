#include "photonics/power_sweeps.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/nulling.hpp"
#include "photonics/wrap_phase.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

constexpr std::size_t cross_angles = 3;  // of θ, at which φ is swept

double difference(double a, double b) { return std::remainder(a - b, 2 * pi); }

/// Of one coupler: the inputs whose light enters it where all couplers cross, and the ports where its outputs
/// leave.
struct Lines {
  std::size_t upper_in, lower_in, upper_out, lower_out;
};

std::vector<Lines> lines_of(const MeshLayout& layout) {
  std::vector<std::size_t> line(layout.modes), end(layout.modes);
  for (std::size_t m = 0; m < line.size(); ++m) line[m] = m;
  std::vector<Lines> lines;
  std::set<std::pair<std::size_t, std::size_t>> met;
  for (const auto [upper, lower] : layout.couplers) {
    if (!met.insert(std::minmax(line[upper], line[lower])).second)
      throw Error("power sweeps: inputs " + std::to_string(line[upper]) + " and " +
                  std::to_string(line[lower]) + " meet in two couplers of this layout where all cross");
    lines.push_back({line[upper], line[lower], 0, 0});
    std::swap(line[upper], line[lower]);
  }
  for (std::size_t m = 0; m < line.size(); ++m) end[line[m]] = m;
  for (std::size_t k = 0; k < lines.size(); ++k) {
    Lines& l = lines[k];
    l.upper_out = end[l.lower_in];
    l.lower_out = end[l.upper_in];
    if (std::max({l.upper_in, l.lower_in, l.upper_out, l.lower_out}) >= layout.ports())
      throw Error("power sweeps: coupler " + std::to_string(k) +
                  " of this layout lies between dark modes where all couplers cross");
  }
  return lines;
}

/// What fringes show, of each coupler.
struct Estimate {
  std::vector<double> alpha, beta, theta, phi;
  double crosstalk = 0;
};

/// All sweeps around one program, and what their readings mean.
class SweepPlan {
 public:
  SweepPlan(const MeshLayout& layout, const Crossing& crossing, PhaseProgram base,
            const PowerSweepOptions& options)
      : layout_(layout),
        crossing_(crossing),
        base_(std::move(base)),
        points_(options.points),
        lines_(lines_of(layout)),
        sign_(std::sin(2 * crossing.output_rad) > 0 ? 1 : -1) {
    if (options.crosstalk == nullptr) return;
    heat_.resize(lines_.size());
    const PhaseProgram cool = options.crosstalk->heated(base_);
    for (std::size_t k = 0; k < lines_.size(); ++k) {
      heat_[k] = options.crosstalk->heated(heated_base(k)).theta[k] - cool.theta[k];
      felt_ += heat_[k] * heat_[k];
    }
  }

  /// Powers at the upper and the lower output's port, sweep by sweep.
  std::vector<double> read(ChipUnderTest& chip) const {
    std::vector<double> readings;
    for (std::size_t k = 0; k < lines_.size(); ++k) {
      sweep(chip, base_, k, &PhaseProgram::theta, false, readings);
      for (std::size_t angle = 0; angle < cross_angles; ++angle) {
        PhaseProgram program = base_;
        program.theta[k] = wrap_phase(base_.theta[k] + turn(angle));
        sweep(chip, std::move(program), k, &PhaseProgram::phi, true, readings);
      }
      if (felt_ > 0) sweep(chip, heated_base(k), k, &PhaseProgram::theta, false, readings);
    }
    return readings;
  }

  Estimate estimate(const std::vector<double>& readings) const {
    const std::size_t count = lines_.size();
    Estimate e{std::vector<double>(count), std::vector<double>(count), std::vector<double>(count),
               std::vector<double>(count), felt_ > 0 || heat_.empty() ? 0.0 : 1.0};
    std::vector<double> line_phase(layout_.modes);
    const double* at = readings.data();
    for (std::size_t k = 0; k < count; ++k) {
      e.theta[k] = std::arg(-sign_ * fringe(at, base_.theta[k]));
      Complex mean = 0, cosine = 0, sine = 0;
      for (std::size_t angle = 0; angle < cross_angles; ++angle) {
        const Complex f = fringe(at, base_.phi[k]) / static_cast<double>(cross_angles);
        const double theta = base_.theta[k] + turn(angle) + e.theta[k];
        mean += f;
        cosine += 2 * std::cos(theta) * f;
        sine += 2 * std::sin(theta) * f;
      }
      const Complex along = Complex{0, 1} * sine;
      e.alpha[k] = std::asin(std::clamp((cosine / along).real(), -1.0, 1.0)) / 2;
      e.beta[k] = std::atan((mean / along).real() / std::cos(2 * e.alpha[k])) / 2;
      double &upper = line_phase[layout_.couplers[k].upper], &lower = line_phase[layout_.couplers[k].lower];
      e.phi[k] = difference(std::arg(sign_ * sine), upper - lower);
      const Matrix2 t = transfer(crossing_, base_.theta[k] + e.theta[k], base_.phi[k] + e.phi[k],
                                 {e.alpha[k], e.beta[k], 0, 0});
      std::swap(upper, lower);
      upper += std::arg(t[1]);
      lower += std::arg(t[2]);
      if (felt_ > 0)
        e.crosstalk +=
            heat_[k] * difference(std::arg(-sign_ * fringe(at, base_.theta[k])), e.theta[k]) / felt_;
    }
    return e;
  }

 private:
  double turn(std::size_t angle) const {
    return static_cast<double>(angle) * 2 * pi / static_cast<double>(cross_angles);
  }

  /// Half a turn more of all phases that a θ sweep's light doesn't meet, or whose change it doesn't see.
  PhaseProgram heated_base(std::size_t k) const {
    PhaseProgram program = base_;
    for (double& phase : program.phi) phase = wrap_phase(phase + pi);
    for (double& phase : program.out) phase = wrap_phase(phase + pi);
    const auto behind = std::upper_bound(layout_.column_start.begin(), layout_.column_start.end(), k);
    for (std::size_t other = *(behind - 1); other < *behind; ++other)
      if (other != k) program.theta[other] = wrap_phase(program.theta[other] + pi);
    return program;
  }

  void sweep(ChipUnderTest& chip, PhaseProgram program, std::size_t k,
             std::vector<double> PhaseProgram::*phases, bool both, std::vector<double>& readings) const {
    std::vector<Complex> input(layout_.ports());
    input[lines_[k].upper_in] = both ? std::sqrt(0.5) : 1;
    if (both) input[lines_[k].lower_in] = std::sqrt(0.5);
    for (unsigned point = 0; point < points_; ++point) {
      (program.*phases)[k] = wrap_phase((base_.*phases)[k] + point * 2 * pi / points_);
      chip.set(program);
      const std::vector<double> powers = chip.powers(input);
      readings.push_back(powers[lines_[k].upper_out]);
      readings.push_back(powers[lines_[k].lower_out]);
    }
  }

  /// The next sweep's z where upper less lower power is Re(z·e^{i·phase}) and what doesn't vary: least
  /// squares, plain sums for equal steps.
  Complex fringe(const double*& at, double first) const {
    Complex z = 0;
    for (unsigned point = 0; point < points_; ++point, at += 2)
      z += (at[0] - at[1]) * std::polar(2.0 / points_, -(first + point * 2 * pi / points_));
    return z;
  }

  const MeshLayout& layout_;
  const Crossing& crossing_;
  PhaseProgram base_;
  unsigned points_;
  std::vector<Lines> lines_;
  double sign_;               // a crossing behind the coupler trades its outputs
  std::vector<double> heat_;  // of the expected crosstalk: what heated_base(k) adds to θ of coupler k
  double felt_ = 0;
};

/// Adds what the chip shows over the model; the largest change.
double correct(const Estimate& chip, const Estimate& model, FabricatedMesh& found, double& crosstalk) {
  double most = std::abs(chip.crosstalk - model.crosstalk);
  crosstalk += chip.crosstalk - model.crosstalk;
  const auto add = [&](const std::vector<double>& a, const std::vector<double>& b, std::vector<double>& to) {
    for (std::size_t k = 0; k < to.size(); ++k) {
      const double change = difference(a[k], b[k]);
      most = std::max(most, std::abs(change));
      to[k] = std::remainder(to[k] + change, 2 * pi);
    }
  };
  add(chip.alpha, model.alpha, found.alpha_rad);
  add(chip.beta, model.beta, found.beta_rad);
  add(chip.theta, model.theta, found.theta_error_rad);
  add(chip.phi, model.phi, found.phi_error_rad);
  return most;
}

}  // namespace

PowerSweeps sweep_powers(ChipUnderTest& chip, const FabricatedMesh& nominal,
                         const PowerSweepOptions& options) {
  const MeshLayout& layout = chip.layout();
  const Crossing& crossing = chip.crossing();
  check_sizes(layout, nominal);
  if (nominal.crossing != &crossing)
    throw Error("power sweeps: the nominal chip has crossings '" + std::string(nominal.crossing->name) +
                "', the chip '" + std::string(crossing.name) + "'");
  if (crossing.front_rad != 0)
    throw Error("power sweeps: crossings '" + std::string(crossing.name) +
                "' have a third splitter; sweeps of θ and φ tell two apart");
  if (options.points < 4)
    throw Error("power sweeps: points = " + std::to_string(options.points) + "; at least 4 are needed");
  lines_of(layout);
  const SweepPlan plan(layout, crossing, seek_cross_states(chip), options);
  const std::vector<double> readings = plan.read(chip);
  const Estimate shown = plan.estimate(readings);

  PowerSweeps found{nominal, shown.crosstalk, 0, 0, 0};
  found.chip.alpha_rad = shown.alpha;
  found.chip.beta_rad = shown.beta;
  found.chip.theta_error_rad = shown.theta;
  found.chip.phi_error_rad = shown.phi;
  for (double change = 1;; ++found.replays) {
    ChipDrivers drivers;
    if (options.crosstalk) drivers.crosstalk = options.crosstalk->scaled(found.crosstalk);
    ChipUnderTest model(layout, found.chip, drivers);
    const std::vector<double> played = plan.read(model);
    double square = 0;
    for (std::size_t i = 0; i < readings.size(); ++i) square += std::pow(readings[i] - played[i], 2);
    found.misfit = std::sqrt(square / static_cast<double>(readings.size()));
    // Rounding of the fringes is all that is left, or what the model can't show.
    constexpr double rounding = 1e-13;
    if (found.replays == options.replays || change <= rounding) break;
    change = correct(shown, plan.estimate(played), found.chip, found.crosstalk);
    found.last_change = change;
  }
  return found;
}

}  // namespace fringe
