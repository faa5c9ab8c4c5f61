// Meshes, chips and their light.
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "photonics/chip_drivers.hpp"
#include "photonics/compiled_mesh.hpp"
#include "photonics/correction.hpp"
#include "photonics/gradient_programming.hpp"
#include "photonics/haar.hpp"
#include "photonics/measurement.hpp"
#include "photonics/mesh_engine.hpp"
#include "photonics/mesh_gradient.hpp"
#include "python/module_arrays.hpp"
#include "python/module_parts.hpp"

namespace fringe {
namespace {

/// Strengths by the names that MeshImperfections gives them.
struct Strength {
  std::string_view name;
  double MeshImperfections::*member;
};
constexpr Strength strengths[] = {
    {"splitter_sigma_rad", &MeshImperfections::splitter_sigma_rad},
    {"phase_sigma_rad", &MeshImperfections::phase_sigma_rad},
    {"insertion_loss_db", &MeshImperfections::insertion_loss_db},
    {"insertion_loss_sigma_db", &MeshImperfections::insertion_loss_sigma_db},
    {"splitter_correlation", &MeshImperfections::splitter_correlation},
    {"splitter_correlation_length_m", &MeshImperfections::splitter_correlation_length_m},
    {"arm_imbalance_sigma_db", &MeshImperfections::arm_imbalance_sigma_db},
    {"waveguide_loss_db_per_m", &MeshImperfections::waveguide_loss_db_per_m},
    {"crossing_loss_db", &MeshImperfections::crossing_loss_db},
    {"crossing_leakage", &MeshImperfections::crossing_leakage},
    {"detuning_m", &MeshImperfections::detuning_m},
    {"temperature_shift_k", &MeshImperfections::temperature_shift_k},
    {"path_imbalance_sigma_m", &MeshImperfections::path_imbalance_sigma_m},
    {"dead_coupler_probability", &MeshImperfections::dead_coupler_probability},
    {"stuck_phase_probability", &MeshImperfections::stuck_phase_probability}};

MeshImperfections imperfections_of(const py::kwargs& given) {
  MeshImperfections result;
  for (const auto& [key, value] : given) {
    const std::string name = py::cast<std::string>(key);
    std::vector<std::string_view> names{"phase_bits", "thermal_crosstalk"};
    for (const Strength& row : strengths) names.push_back(row.name);
    const auto* row = std::find_if(std::begin(strengths), std::end(strengths),
                                   [&](const Strength& s) { return s.name == name; });
    try {
      if (name == "phase_bits")
        result.phase_bits = py::cast<int>(value);
      else if (name == "thermal_crosstalk")
        result.crosstalk.coefficient = py::cast<double>(value);
      else if (row != std::end(strengths))
        result.*(row->member) = py::cast<double>(value);
      else
        throw Error(unknown_name("imperfection", name, names));
    } catch (const py::cast_error&) {
      throw Error(name + ": takes a " + (name == "phase_bits" ? "whole number" : "number"));
    }
  }
  return result;
}

struct Mesh {
  const Topology* topology;
  const Crossing* crossing;
  MeshLayout layout;

  Mesh(std::size_t ports, const std::string& mesh, const std::string& kind)
      : topology(&find_topology(mesh)), crossing(&find_crossing(kind)), layout(topology->build(ports)) {}

  PhaseProgram decompose(const Complexes& unitary) const {
    if (topology->decompose == nullptr)
      throw Error("mesh '" + std::string(topology->name) + "' has no decomposition; Chip.fit programs it");
    const PhaseProgram plain = topology->decompose(matrix_of(unitary, "unitary", layout.ports()));
    return crossing == &mzi_crossing() ? plain
                                       : correct_locally(layout, plain, ideal_fabrication(layout, *crossing));
  }

  std::vector<double> trials(const PhaseProgram& program, std::uint32_t first, std::uint32_t count,
                             std::uint64_t seed, const std::string& device,
                             const MeshImperfections& imperfections,
                             const std::function<void()>& between) const {
    if (device != "cpu" && device != "cuda") throw Error("device '" + device + "': must be 'cpu' or 'cuda'");
    constexpr std::uint64_t numbers = std::uint64_t{1} << 32;
    if (std::uint64_t{first} + count > numbers)
      throw Error("first " + std::to_string(first) + " and count " + std::to_string(count) +
                  ": chips have numbers below 2^32");
    ThreadPool pool(device == "cpu" ? 0 : 1);
    const auto gpu = device == "cuda" ? make_cuda_executor() : nullptr;
    const auto engine = gpu ? make_cuda_mesh_engine(*gpu) : make_cpu_mesh_engine(pool);
    const std::size_t modes = layout.modes, ports = layout.ports();
    std::vector<float> unit(modes * ports);
    for (std::size_t i = 0; i < ports; ++i) unit[i * ports + i] = 1;
    const ChipTrials chips{layout, program, imperfections, seed, 0, *crossing};
    const std::uint32_t at_a_time = engine->chips_at_a_time(layout);
    std::vector<double> errors;
    do {
      const auto done = static_cast<std::uint32_t>(errors.size());
      const auto part = engine->errors(chips, first + done, std::min(at_a_time, count - done),
                                       {{unit.data(), modes, ports}, {}});
      errors.insert(errors.end(), part.begin(), part.end());
      between();
    } while (errors.size() < count);
    return errors;
  }
};

/// One fabricated mesh, with what stands between the controller and its phases.
struct Chip {
  MeshLayout layout;
  FabricatedMesh fabricated;
  ChipDrivers drivers;

  Chip(const Mesh& mesh, std::uint64_t seed, std::uint32_t number, const MeshImperfections& imperfections)
      : layout(mesh.layout),
        fabricated(fabricate(layout, imperfections, seed, number, 0, *mesh.crossing)),
        drivers(drivers_of(layout, imperfections, seed, number, 0)) {}

  PhysicalMesh<double> light_meets(const PhaseProgram& program) const {
    check_sizes(layout, program);
    return realise<double>(layout, held_by_chip(drivers, program), fabricated);
  }

  std::vector<Complex> matrix(const PhaseProgram& program) const {
    const std::vector<Complex> all = transfer_matrix(layout, light_meets(program));
    const std::size_t n = layout.ports();
    std::vector<Complex> result(n * n);
    for (std::size_t r = 0; r < n; ++r)
      for (std::size_t c = 0; c < n; ++c) result[r * n + c] = all[r * layout.modes + c];
    return result;
  }

  /// Planes [modes × batch] of fields [ports] or [ports, batch]; dark modes hold 0.
  struct Planes {
    BatchShape shape;
    std::size_t modes, ports, batch;
    std::vector<double> re, im;
    Planes(const MeshLayout& layout, const Complexes& x, const char* name)
        : shape(x, layout.ports(), name, "fields"),
          modes(layout.modes),
          ports(layout.ports()),
          batch(shape.batch),
          re(modes * batch),
          im(modes * batch) {
      for (std::size_t i = 0; i < ports * batch; ++i) re[i] = x.data()[i].real(), im[i] = x.data()[i].imag();
    }
    Fields<double> fields() { return {{re.data(), modes, batch}, {im.data(), modes, batch}}; }
    Complexes array() const {
      Complexes y(shape.of(ports));
      for (std::size_t i = 0; i < ports * batch; ++i) y.mutable_data()[i] = {re[i], im[i]};
      return y;
    }
  };

  Complexes propagate(const PhaseProgram& program, const Complexes& x) const {
    Planes planes(layout, x, "x");
    CompiledMesh<double>(layout, light_meets(program)).propagate(planes.fields(), planes.fields());
    return planes.array();
  }

  std::pair<PhaseProgram, Complexes> gradient(const PhaseProgram& program, const Complexes& x,
                                              const Complexes& g) const {
    Planes in(layout, x, "x"), slope(layout, g, "g");
    if (in.batch != slope.batch) throw Error("x and g: must have as many columns");
    const PhysicalMesh<double> mesh = light_meets(program);
    MeshGradient<double> adjoint(layout);
    adjoint.set(mesh, fabricated);
    if (adjoint.reversible()) CompiledMesh<double>(layout, mesh).propagate(in.fields(), in.fields());
    PhaseProgram result{std::vector<double>(layout.couplers.size()),
                        std::vector<double>(layout.couplers.size()), std::vector<double>(layout.modes)};
    adjoint.backward(in.fields(), slope.fields(), result);
    return {result, slope.array()};
  }

  std::pair<PhaseProgram, double> fit(const Complexes& target, const std::optional<PhaseProgram>& start,
                                      std::uint64_t seed) const {
    const GradientResult found = program_from_target(
        layout, fabricated, matrix_of(target, "target", layout.ports()),
        start ? *start : random_start(layout, {seed, Purpose::initial_weights}, *fabricated.crossing));
    return {found.program, found.residual};
  }
};

double fidelity(const Complexes& a, const Complexes& u) {
  if (u.ndim() != 2) throw Error("u: takes a square matrix");
  const std::size_t n = static_cast<std::size_t>(u.shape(0));
  const ConstComplexMatrix wanted = matrix_of(u, "u", n), real = matrix_of(a, "a", n);
  Complex trace = 0;
  double power = 0;
  for (std::size_t i = 0; i < n * n; ++i)
    trace += std::conj(wanted.data[i]) * real.data[i], power += std::norm(real.data[i]);
  return std::norm(trace) / (static_cast<double>(n) * power);
}

}  // namespace

void bind_meshes(py::module_& m) {
  py::class_<PhaseProgram>(m, "Program", "Phases [rad] that a controller asks for.")
      .def(py::init([](const Reals& theta, const Reals& phi, const Reals& out) {
             return PhaseProgram{vector_of(theta, "theta", 0), vector_of(phi, "phi", 0),
                                 vector_of(out, "out", 0)};
           }),
           py::arg("theta"), py::arg("phi"), py::arg("out"))
      .def_property_readonly(
          "theta", [](const PhaseProgram& p) { return array_of(p.theta); },
          "[couplers]: 0 crosses, pi is bar. A copy.")
      .def_property_readonly(
          "phi", [](const PhaseProgram& p) { return array_of(p.phi); },
          "[couplers], on the upper input. A copy.")
      .def_property_readonly(
          "out", [](const PhaseProgram& p) { return array_of(p.out); },
          "[modes], behind the last column. A copy.");

  py::class_<Chip>(m, "Chip", "One fabricated mesh. Mesh.fabricate makes it.")
      .def(
          "matrix",
          [](const Chip& c, const PhaseProgram& p) { return square(c.matrix(p), c.layout.ports()); },
          py::arg("program"), "What the chip does to light: complex128 [ports, ports], y = A x.")
      .def("propagate", &Chip::propagate, py::arg("program"), py::arg("x"),
           "Fields behind the chip, of fields x [ports] or [ports, batch]; the same shape.")
      .def("gradient", &Chip::gradient, py::arg("program"), py::arg("x"), py::arg("g"),
           "For a real loss L of y = A x and g = dL/dRe y + i dL/dIm y: (dL/dphases as a Program, A^H g). "
           "Exact\n"
           "adjoint, at the phases that the chip holds; x and g [ports] or [ports, batch].")
      .def(
          "correct",
          [](const Chip& c, const PhaseProgram& p) { return correct_locally(c.layout, p, c.fabricated); },
          py::arg("program"),
          "The program made good coupler by coupler with the chip's errors known (Bandyopadhyay et al., "
          "Optica 8,\n"
          "1247 (2021)). Takes a program for plain MZIs.")
      .def("fit", &Chip::fit, py::arg("target"), py::arg("start") = py::none(), py::arg("seed") = 1,
           "Descent over all phases, the chip's errors known, from `start` or a random one: (program, E), "
           "with\n"
           "E = |A - target|_F/sqrt(N). A local minimum; target [ports, ports] need not be unitary.");

  py::class_<Mesh>(m, "Mesh", "A topology of interferometers.")
      .def(py::init<std::size_t, const std::string&, const std::string&>(), py::arg("ports"),
           py::arg("mesh") = "rectangular", py::arg("crossing") = "mzi",
           "mesh: see `fringe list meshes`; crossing: see `fringe list crossings`.")
      .def_property_readonly(
          "ports", [](const Mesh& s) { return s.layout.ports(); }, "N of its matrices.")
      .def_property_readonly(
          "columns", [](const Mesh& s) { return s.layout.columns(); },
          "Couplers that light meets one after the other.")
      .def_property_readonly(
          "couplers",
          [](const Mesh& s) {
            py::array_t<std::int64_t> pairs(
                {static_cast<py::ssize_t>(s.layout.couplers.size()), py::ssize_t{2}});
            for (std::size_t k = 0; k < s.layout.couplers.size(); ++k) {
              pairs.mutable_data()[2 * k] = s.layout.couplers[k].upper;
              pairs.mutable_data()[2 * k + 1] = s.layout.couplers[k].lower;
            }
            return pairs;
          },
          "[couplers, 2]: the modes that meet, in the order in which light does.")
      .def("decompose", &Mesh::decompose, py::arg("unitary"),
           "Phases with which the ideal mesh is a unitary [ports, ports].")
      .def(
          "fabricate",
          [](const Mesh& s, std::uint64_t seed, std::uint32_t chip, const py::kwargs& given) {
            return Chip(s, seed, chip, imperfections_of(given));
          },
          py::arg("seed") = 1, py::arg("chip") = 0,
          "Chip number `chip` of a process; the same seed and number, the same errors. Strengths by name, "
          "such as\n"
          "splitter_sigma_rad, phase_sigma_rad, phase_bits, insertion_loss_db, thermal_crosstalk; none: "
          "ideal.")
      .def(
          "trials",
          [](const Mesh& s, const PhaseProgram& program, std::uint32_t count, std::uint32_t first,
             std::uint64_t seed, const std::string& device, const py::kwargs& given) {
            const MeshImperfections imperfections = imperfections_of(given);
            const auto errors = [&] {
              const py::gil_scoped_release others_run;
              return s.trials(program, first, count, seed, device, imperfections, [] {
                const py::gil_scoped_acquire ours;  // Ctrl-C is heard between parts
                if (PyErr_CheckSignals() != 0) throw py::error_already_set();
              });
            }();
            return array_of(errors);
          },
          py::arg("program"), py::arg("count"), py::kw_only(), py::arg("first") = 0, py::arg("seed") = 1,
          py::arg("device") = "cpu",
          "Monte Carlo: |Y - Y0|_F/|Y0|_F [count] of the chips first ... first + count - 1 of a process "
          "(fabricate), Y\n"
          "what the chip and Y0 what the ideal mesh makes of the ports' unit vectors at the ports: E of a "
          "unitary\n"
          "program; light in dark modes is lost. In single precision, many chips side by side and on all "
          "threads, or\n"
          "on the GPU with device \"cuda\" (neighbours' meshes up to 1024 modes; errors of splitters and "
          "phases,\n"
          "bits, insertion loss, crosstalk). Other Python threads run meanwhile; Ctrl-C stops it soon.");

  m.def(
      "haar_unitary",
      [](std::size_t n, std::uint64_t seed) {
        return square(haar_unitary(n, {seed, Purpose::haar}), n);
      },
      py::arg("n"), py::arg("seed") = 1, "Random unitary [n, n] of the Haar measure.");
  m.def(
      "matrix_error",
      [](const Complexes& a, const Complexes& u) {
        if (u.ndim() != 2) throw Error("u: takes a square matrix");
        const std::size_t n = static_cast<std::size_t>(u.shape(0));
        const ConstComplexMatrix wanted = matrix_of(u, "u", n), real = matrix_of(a, "a", n);
        return matrix_error({real.data, n * n}, {wanted.data, n * n});
      },
      py::arg("a"), py::arg("u"), "E = |A - U|_F/sqrt(N).");
  m.def("fidelity", &fidelity, py::arg("a"), py::arg("u"),
        "F = |tr U^H A|^2/(N tr A^H A), blind to a common loss.");
}

}  // namespace fringe
