#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/decompose.hpp"
#include "photonics/nulling.hpp"
#include "photonics/wrap_phase.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;
using Vector = std::vector<Complex>;

void forwards(const Coupler& c, const Matrix2& t, Vector& field) {
  const Complex a = field[c.upper], b = field[c.lower];
  field[c.upper] = t[0] * a + t[1] * b;
  field[c.lower] = t[2] * a + t[3] * b;
}

void backwards(const Coupler& c, const Matrix2& t, Vector& field) {
  const Complex a = field[c.upper], b = field[c.lower];
  field[c.upper] = std::conj(t[0]) * a + std::conj(t[2]) * b;
  field[c.lower] = std::conj(t[1]) * a + std::conj(t[3]) * b;
}

/// The θ and φ where |a(θ) + c(θ)e^{iφ}| is least, a = s₀ + s₁e^{iθ}, c = s₂ + s₃e^{iθ}: opposite phases, and
/// |a|² − |c|² = p + q·cos(θ − θ₀) zero or as near to it as it comes. Of two such θ the one behind θ₀, or
/// ahead of it where `ahead`.
std::array<double, 2> null_of(const std::array<Complex, 4>& s, bool ahead) {
  const double p = std::norm(s[0]) + std::norm(s[1]) - std::norm(s[2]) - std::norm(s[3]);
  const Complex half_q = std::conj(s[0]) * s[1] - std::conj(s[2]) * s[3];
  const double q = 2 * std::abs(half_q);
  const double turn_by = std::acos(q > 0 ? std::clamp(-p / q, -1.0, 1.0) : 1.0);
  const double theta = (ahead ? -turn_by : turn_by) - std::arg(half_q);
  const Complex turn = std::polar(1.0, theta), a = s[0] + s[1] * turn, c = s[2] + s[3] * turn;
  return {theta, std::abs(a) > 0 && std::abs(c) > 0 ? std::arg(-a / c) : 0.0};
}

PhaseProgram design_cross(const ChipUnderTest& chip) {
  const std::size_t count = chip.layout().couplers.size();
  const CrossingSetting cross = solve(chip.crossing(), {}, {0, 1, 1, 0}, 0);
  return {std::vector<double>(count, cross.theta_rad), std::vector<double>(count, cross.phi_rad),
          std::vector<double>(chip.layout().modes)};
}

class Nulling {
 public:
  Nulling(ChipUnderTest& chip, ConstComplexMatrix u, bool seek_cross)
      : chip_(chip),
        layout_(chip.layout()),
        steps_(null_steps(layout_)),
        front_(chip.crossing().front_rad != 0),
        transmits_at_zero_(std::abs(std::cos(chip.crossing().input_rad + chip.crossing().output_rad)) >
                           std::abs(std::cos(chip.crossing().input_rad - chip.crossing().output_rad))),
        behind_(layout_.couplers.size()),
        ideal_(layout_.couplers.size()) {
    if (u.rows != layout_.modes)
      throw Error("a matrix of " + std::to_string(u.rows) + " rows for a mesh of " +
                  std::to_string(layout_.modes));
    bool rectangular = false;
    for (const NullStep& step : steps_) {
      behind_[step.coupler] = step.behind;
      rectangular |= step.behind;
    }
    const PhaseProgram ideal = rectangular ? decompose_rectangular(u) : decompose_triangular(u);
    for (std::size_t k = 0; k < ideal_.size(); ++k)
      ideal_[k] = transfer(mzi_crossing(), ideal.theta[k], ideal.phi[k]);
    for (const double phase : ideal.out) screen_.push_back(std::polar(1.0, phase));
    program_ = seek_cross ? seek_cross_states(chip) : design_cross(chip);
  }

  PhaseProgram run() {
    std::vector<std::size_t> ahead, behind;  // set so far, in the order in which light meets them
    for (const NullStep& step : steps_) {
      if (step.behind) {
        behind.insert(behind.begin(), step.coupler);
        set_null(step.coupler, !front_, input(ahead, step.column), output(behind, step.row));
      } else {
        ahead.push_back(step.coupler);
        set_null(step.coupler, false, input(ahead, step.column), output(behind, step.row));
      }
    }
    if (!front_) {
      // The phases between both parts.
      move_phases(0, overlaps(ahead, behind));
    } else {
      std::vector<std::size_t> order(ideal_.size());
      for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
      for (std::size_t k = 0; k < order.size(); ++k)
        if (behind_[k])
          set_null(k, false,
                   input({order.begin(), order.begin() + static_cast<std::ptrdiff_t>(k) + 1},
                         layout_.couplers[k].upper),
                   output({order.begin() + static_cast<std::ptrdiff_t>(k) + 1, order.end()},
                          layout_.couplers[k].lower));
    }
    std::vector<std::size_t> all(ideal_.size());
    for (std::size_t k = 0; k < all.size(); ++k) all[k] = k;
    const std::vector<double> lag = overlaps(all, {});
    for (std::size_t m = 0; m < layout_.modes; ++m) program_.out[m] = wrap_phase(program_.out[m] - lag[m]);
    chip_.set(program_);
    return program_;
  }

 private:
  /// The input that ideal couplers would gather in one mode.
  Vector input(const std::vector<std::size_t>& couplers, std::size_t mode) const {
    Vector w(layout_.modes);
    w[mode] = 1;
    for (std::size_t i = couplers.size(); i-- > 0;)
      backwards(layout_.couplers[couplers[i]], ideal_[couplers[i]], w);
    return w;
  }

  /// What ideal couplers and the phase screen would make of light in one mode.
  Vector output(const std::vector<std::size_t>& couplers, std::size_t mode) const {
    Vector v(layout_.modes);
    v[mode] = 1;
    for (const std::size_t k : couplers) forwards(layout_.couplers[k], ideal_[k], v);
    for (std::size_t m = 0; m < layout_.modes; ++m) v[m] *= screen_[m];
    return v;
  }

  Complex overlap(const Vector& w, const Vector& v) {
    const Vector field = chip_.fields(w);
    Complex sum = 0;
    for (std::size_t m = 0; m < layout_.modes; ++m) sum += std::conj(v[m]) * field[m];
    return sum;
  }

  /// Adds phases to modes behind the couplers ahead (or behind coupler `from`−1, all of it), carried through
  /// the couplers behind: T·diag(e^{ia}, e^{ib}) = e^{ib}·T with φ + a − b.
  void move_phases(std::size_t from, std::vector<double> phase) {
    for (std::size_t k = from; k < ideal_.size(); ++k)
      if (behind_[k]) {
        double &upper = phase[layout_.couplers[k].upper], &lower = phase[layout_.couplers[k].lower];
        program_.phi[k] = wrap_phase(program_.phi[k] - upper + lower);
        upper = lower;
      }
    for (std::size_t m = 0; m < layout_.modes; ++m) program_.out[m] = wrap_phase(program_.out[m] - phase[m]);
  }

  /// Sets θ and φ of a coupler where ⟨v|M|w⟩ is least; instead of φ the phase of its upper output where
  /// `output_phase`.
  void set_null(std::size_t k, bool output_phase, const Vector& w, const Vector& v) {
    const PhaseProgram start = program_;
    const auto ask = [&](double theta, double phase) {
      program_ = start;
      program_.theta[k] = wrap_phase(start.theta[k] + theta);
      if (output_phase) {
        std::vector<double> lag(layout_.modes);
        lag[layout_.couplers[k].upper] = -phase;
        move_phases(k + 1, lag);
      } else {
        program_.phi[k] = wrap_phase(start.phi[k] + phase);
      }
      chip_.set(program_);
    };
    std::array<Complex, 4> s;
    for (const std::size_t at : {0u, 1u, 3u, 2u}) {
      ask(at % 2 == 0 ? 0 : pi, at / 2 == 0 ? 0 : pi);
      s[at] = overlap(w, v);
      // A push–pull pair of arms turns both outputs by −θ/2.
      if (chip_.crossing().push_pull) s[at] *= std::polar(1.0, program_.theta[k] / 2);
    }
    // θ₀ is the bar state, or the cross state where the coupler is seen from behind: so θ is in [0, π].
    const auto [theta, phase] =
        null_of({(s[0] + s[1] + s[2] + s[3]) / 4.0, (s[0] - s[1] + s[2] - s[3]) / 4.0,
                 (s[0] + s[1] - s[2] - s[3]) / 4.0, (s[0] - s[1] - s[2] + s[3]) / 4.0},
                output_phase == transmits_at_zero_);
    ask(theta, phase);
  }

  /// Phases of ⟨v|M|w⟩ for each mode between two parts of the mesh.
  std::vector<double> overlaps(const std::vector<std::size_t>& ahead,
                               const std::vector<std::size_t>& behind) {
    chip_.set(program_);
    std::vector<double> phase(layout_.modes);
    for (std::size_t m = 0; m < layout_.modes; ++m)
      phase[m] = std::arg(overlap(input(ahead, m), output(behind, m)));
    return phase;
  }

  ChipUnderTest& chip_;
  const MeshLayout& layout_;
  std::vector<NullStep> steps_;
  bool front_, transmits_at_zero_;
  std::vector<bool> behind_;
  std::vector<Matrix2> ideal_;
  Vector screen_;
  PhaseProgram program_;
};

}  // namespace

PhaseProgram seek_cross_states(ChipUnderTest& chip) {
  constexpr int most_rounds = 10;
  constexpr double settled_rad = 0.3;
  const MeshLayout& layout = chip.layout();
  const std::size_t n = layout.ports();
  PhaseProgram program = design_cross(chip);
  const bool front = chip.crossing().front_rad != 0;
  std::vector<bool> found(layout.couplers.size());
  for (std::size_t step = 0; step < n; ++step) {
    const std::size_t port = step % 2 == 0 ? step / 2 : n - 1 - step / 2;
    std::vector<std::size_t> way;
    std::size_t mode = port;
    for (std::size_t k = 0; k < layout.couplers.size(); ++k) {
      const auto [upper, lower] = layout.couplers[k];
      if (mode != upper && mode != lower) continue;
      if (!found[k]) way.push_back(k);
      found[k] = true;
      mode = mode == upper ? lower : upper;
    }
    if (mode >= n)
      throw Error("cross states send input " + std::to_string(port) + " to no port of this layout");
    Vector input(n);
    input[port] = 1;
    // Settings found in dim light are found again once the line lets more of it through.
    double moved = 2 * pi;
    for (int round = 0; round < most_rounds && moved > settled_rad; ++round) {
      moved = 0;
      for (const std::size_t k : way)
        for (int turn = 0; turn < (front ? 6 : 1); ++turn) {
          // Behind a front splitter the cross state depends on both phases: they take turns.
          double& phase = (turn % 2 == 0 ? program.theta : program.phi)[k];
          // The power is a sine of each phase: three values give its largest.
          const double start = phase;
          Complex sine = 0;
          for (int at = 0; at < 3; ++at) {
            phase = wrap_phase(start + at * 2 * pi / 3);
            chip.set(program);
            sine += chip.powers(input)[mode] * std::polar(1.0, phase);
          }
          phase = wrap_phase(std::arg(sine));
          moved = std::max(moved, std::abs(std::remainder(phase - start, 2 * pi)));
        }
    }
  }
  chip.set(program);
  return program;
}

PhaseProgram null_measured(ChipUnderTest& chip, ConstComplexMatrix u, bool seek_cross) {
  return Nulling(chip, u, seek_cross).run();
}

}  // namespace fringe
