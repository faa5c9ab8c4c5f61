#include "photonics/gradient_programming.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"
#include "core/units.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/correction.hpp"
#include "photonics/haar.hpp"
#include "photonics/mesh_gradient.hpp"
#include "photonics/topology_of.hpp"
#include "photonics/wrap_phase.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

/// [modes × samples] in split planes.
struct Planes {
  Planes(std::size_t modes, std::size_t samples)
      : re(modes * samples), im(modes * samples), rows(modes), cols(samples) {}
  Planes(ConstComplexMatrix m, std::size_t modes) : Planes(modes, m.cols) {
    for (std::size_t r = 0; r < m.rows; ++r)
      for (std::size_t c = 0; c < m.cols; ++c) {
        if (!std::isfinite(m(r, c).real()) || !std::isfinite(m(r, c).imag()))
          throw Error("element (" + std::to_string(r) + ", " + std::to_string(c) +
                      ") of the data to program from is not finite");
        re[r * cols + c] = m(r, c).real();
        im[r * cols + c] = m(r, c).imag();
      }
  }
  Fields<double> view() { return {{re.data(), rows, cols}, {im.data(), rows, cols}}; }

  std::vector<double> re, im;
  std::size_t rows, cols;
};

/// θ, φ, out of a program in a row.
std::vector<double> row_of(const PhaseProgram& p) {
  std::vector<double> x = p.theta;
  x.insert(x.end(), p.phi.begin(), p.phi.end());
  x.insert(x.end(), p.out.begin(), p.out.end());
  return x;
}

void take_row(std::span<const double> x, PhaseProgram& p) {
  const auto part = [&](std::vector<double>& to, std::size_t first) {
    std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(first), to.size(), to.begin());
  };
  part(p.theta, 0);
  part(p.phi, p.theta.size());
  part(p.out, p.theta.size() + p.phi.size());
}

}  // namespace

GradientResult program_from_data(const MeshLayout& layout, const FabricatedMesh& known, ConstComplexMatrix x,
                                 ConstComplexMatrix y, const PhaseProgram& start, const LbfgsOptions& options,
                                 CorrectionGoal goal, ThreadPool* pool) {
  check_sizes(layout, start);
  check_sizes(layout, known);
  const std::size_t ports = layout.ports(), samples = x.cols;
  if (x.rows != ports || y.rows != ports || y.cols != samples || samples == 0)
    throw Error("programming from data: x of " + std::to_string(x.rows) + "x" + std::to_string(x.cols) +
                " and y of " + std::to_string(y.rows) + "x" + std::to_string(y.cols) + " for a mesh of " +
                std::to_string(ports) + " ports; both are [ports x samples]");
  Planes in(x, layout.modes), wanted(y, layout.modes), field(layout.modes, samples), g(layout.modes, samples);
  PhaseProgram program = start, slope = start;
  PhysicalMesh<double> realised = realise<double>(layout, program, known);
  CompiledMesh<double> mesh(layout, realised);
  MeshGradient<double> gradient(layout);
  const double scale = 1 / static_cast<double>(samples);
  const bool both = goal == CorrectionGoal::field;

  const auto objective = [&](std::span<const double> at, std::span<double> out) {
    take_row(at, program);
    realise(layout, program, known, realised);
    mesh.recompile(realised);
    gradient.set(realised, known);
    mesh.propagate(in.view(), field.view(), pool);
    double sum = 0;
    for (std::size_t i = 0; i < ports * samples; ++i) {
      const double re = field.re[i] - wanted.re[i], im = both ? field.im[i] - wanted.im[i] : 0;
      sum += re * re + im * im;
      g.re[i] = 2 * scale * re;
      g.im[i] = 2 * scale * im;
    }
    std::fill(g.re.begin() + static_cast<std::ptrdiff_t>(ports * samples), g.re.end(), 0.0);
    std::fill(g.im.begin() + static_cast<std::ptrdiff_t>(ports * samples), g.im.end(), 0.0);
    if (!gradient.reversible()) {
      field.re = in.re;
      field.im = in.im;
    }
    for (std::vector<double>* part : {&slope.theta, &slope.phi, &slope.out})
      std::fill(part->begin(), part->end(), 0.0);
    gradient.slopes(field.view(), g.view(), slope, pool);
    const std::vector<double> row = row_of(slope);
    std::copy(row.begin(), row.end(), out.begin());
    return scale * sum;
  };
  const LbfgsResult found = minimise(objective, row_of(start), options);
  take_row(found.x, program);
  for (std::vector<double>* part : {&program.theta, &program.phi, &program.out})
    for (double& phase : *part) phase = wrap_phase(phase);
  return {program, std::sqrt(found.value), found.iterations, found.evaluations};
}

GradientResult program_from_target(const MeshLayout& layout, const FabricatedMesh& known,
                                   ConstComplexMatrix target, const PhaseProgram& start,
                                   const LbfgsOptions& options, CorrectionGoal goal, ThreadPool* pool) {
  const std::size_t n = layout.ports();
  std::vector<Complex> identity(n * n);
  for (std::size_t i = 0; i < n; ++i) identity[i * n + i] = 1;
  return program_from_data(layout, known, {identity.data(), n, n}, target, start, options, goal, pool);
}

PhaseProgram random_start(const MeshLayout& layout, const Draw& draw, const Crossing& crossing) {
  const auto translated = [&](const PhaseProgram& program) {
    return &crossing == &mzi_crossing()
               ? program
               : correct_locally(layout, program, ideal_fabrication(layout, crossing));
  };
  const Topology* topology = topology_of(layout);
  if (topology && topology->universal && layout.dark_modes == 0) {
    const std::vector<Complex> u = haar_unitary(layout.ports(), draw);
    return translated(topology->decompose({u.data(), layout.ports(), layout.ports()}));
  }
  const std::size_t count = layout.couplers.size();
  const DrawStream stream = stream_of(draw);
  PhaseProgram p{std::vector<double>(count), std::vector<double>(count), std::vector<double>(layout.modes)};
  const auto uniform = [&](std::size_t element) { return uniform_from_bits(random_bits(stream, element)); };
  for (std::size_t k = 0; k < count; ++k) {
    p.theta[k] = 2 * std::acos(std::sqrt(uniform(2 * k)));
    p.phi[k] = 2 * pi * uniform(2 * k + 1);
  }
  for (std::size_t m = 0; m < layout.modes; ++m) p.out[m] = 2 * pi * uniform(2 * count + m);
  return translated(p);
}

}  // namespace fringe
