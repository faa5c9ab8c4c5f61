// Whole photonic accelerators: real matrices on tiled cores, noisy products, time and energy.
#include <fmt/format.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "photonics/photonic_accelerator.hpp"
#include "python/module_arrays.hpp"
#include "python/module_parts.hpp"
#include "python/module_setup.hpp"

namespace fringe {
namespace {

// ---- costs

struct PythonCost {
  Cost cost;
  double macs;

  double duration_s(bool pipelined) const { return pipelined ? cost.interval_s() : cost.latency_s; }
  double energy_j(bool pipelined) const {
    return cost.energy_j(Boundary::accelerator, duration_s(pipelined));
  }
  std::map<std::string, double> energy_by_part_j(bool pipelined) const {
    std::map<std::string, double> parts;
    for (std::size_t i = 0; i < part_count; ++i) {
      const double joules = cost.joules[i] + cost.static_watts[i] * duration_s(pipelined);
      if (joules > 0) parts[std::string(cost_parts()[i].name)] = joules;
    }
    return parts;
  }
};

using Shape = std::tuple<std::size_t, std::size_t, std::size_t>;

/// Products one after the other, as a network lowers to them.
std::vector<Work> work_of(const std::vector<Shape>& products) {
  if (products.empty()) throw Error("products: takes at least one (rows, inner, columns)");
  std::vector<Work> list;
  for (const auto& [rows, inner, columns] : products) {
    if (rows == 0 || inner == 0 || columns == 0)
      throw Error("products: rows, inner and columns must be at least 1");
    Work work;
    const auto number = static_cast<int>(list.size());
    work.name = "product" + std::to_string(number);
    work.weight = number;
    work.rows = rows;
    work.inner = inner;
    work.columns = columns;
    const double operands = static_cast<double>(rows + inner) * static_cast<double>(columns);
    work.bytes = sizeof(float) * (work.matrix_numbers() + operands);
    if (number > 0) work.after = {number - 1};
    list.push_back(std::move(work));
  }
  return list;
}

// ---- the two classes

Floats finite_floats_of(const py::object& given, const char* name) {
  Floats x = floats_of(given, name);
  if (!std::all_of(x.data(), x.data() + x.size(), [](float value) { return std::isfinite(value); }))
    throw Error(std::string(name) + ": takes finite numbers of single precision");
  return x;
}

class PythonAccelerator {
 public:
  PythonAccelerator(PhotonicSetup setup, unsigned threads)
      : setup_(setup),
        pool_(threads),
        cpu_(make_cpu_executor(pool_)),
        engine_(std::move(setup), *cpu_, pool_) {}

  const PhotonicSetup& setup() const { return setup_; }
  std::unique_ptr<ProgrammedMatrix> program(const Floats& w) {
    const ConstMatrix matrix{w.data(), static_cast<std::size_t>(w.shape(0)),
                             static_cast<std::size_t>(w.shape(1))};
    auto programmed = engine_.program(matrix, sites_);
    ++sites_;
    return programmed;
  }
  PythonCost price(const std::vector<Shape>& products) {
    const std::vector<Work> work = work_of(products);
    double macs = 0;
    for (const Work& w : work) macs += w.macs();
    return {engine_.price(work), macs};
  }
  std::vector<std::string> effects() const {
    std::vector<std::string> names;
    for (const EffectRow& row : photonic_effects())
      if (acts(setup_.effects, row)) names.emplace_back(row.name);
    return names;
  }

 private:
  PhotonicSetup setup_;
  ThreadPool pool_;
  std::unique_ptr<Executor> cpu_;
  PhotonicAccelerator engine_;
  std::uint32_t sites_ = 0;  ///< matrices programmed so far
};

struct PythonMatrix {
  std::shared_ptr<PythonAccelerator> accelerator;
  std::unique_ptr<ProgrammedMatrix> matrix;

  Floats run(const py::object& given, const Context& asked) {
    const Floats x = finite_floats_of(given, "x");
    const BatchShape shape(x, matrix->cols(), "x", "a batch");
    if (asked.first_sample + shape.batch > std::uint64_t{1} << 32)
      throw Error("first_sample: samples are numbered below 4294967296");
    Context context = asked;
    context.seed = accelerator->setup().seed;
    Floats y(shape.of(matrix->rows()));
    matrix->forward({x.data(), matrix->cols(), shape.batch}, {y.mutable_data(), matrix->rows(), shape.batch},
                    context);
    return y;
  }
  Floats realised() const {
    Floats w({static_cast<py::ssize_t>(matrix->rows()), static_cast<py::ssize_t>(matrix->cols())});
    matrix->realised({w.mutable_data(), matrix->rows(), matrix->cols()});
    return w;
  }
};

PythonMatrix program(const std::shared_ptr<PythonAccelerator>& accelerator, const py::object& given) {
  const Floats w = finite_floats_of(given, "weights");
  if (w.ndim() != 2 || w.size() == 0) throw Error("weights: takes a matrix [rows, cols]");
  return {accelerator, accelerator->program(w)};
}

void bind_costs(py::module_& m) {
  py::class_<PythonCost>(m, "Cost",
                         "Time and energy of work on an accelerator, modelled from its cited devices, memory "
                         "and digital unit included.")
      .def_property_readonly(
          "latency_s", [](const PythonCost& c) { return c.cost.latency_s; },
          "From first input to last output.")
      .def_property_readonly(
          "interval_s", [](const PythonCost& c) { return c.cost.interval_s(); },
          "Between two such pieces of work in a full pipeline.")
      .def("energy_j", &PythonCost::energy_j, py::arg("pipelined") = false,
           "Of one execution that has the accelerator for its latency, or pipelined for its interval.")
      .def("energy_by_part_j", &PythonCost::energy_by_part_j, py::arg("pipelined") = false,
           "The same by part: laser, dac, adc, phase_hold, dram, ...")
      .def_property_readonly(
          "static_power_w",
          [](const PythonCost& c) {
            double watts = 0;
            for (const double part : c.cost.static_watts) watts += part;
            return watts;
          },
          "Drawn for as long as the accelerator is on; it is in the energies.")
      .def_property_readonly(
          "area_m2", [](const PythonCost& c) { return c.cost.chip_area_m2(); },
          "Of all chips; nan where nobody says.")
      .def_readonly("macs", &PythonCost::macs, "Multiply-accumulates.")
      .def("__repr__", [](const PythonCost& c) {
        return fmt::format("Cost(latency_s={:.4g}, energy_j={:.4g}, macs={:.4g})", c.cost.latency_s,
                           c.energy_j(false), c.macs);
      });
}

}  // namespace

void bind_accelerators(py::module_& m) {
  bind_costs(m);

  py::class_<PythonMatrix>(m, "ProgrammedMatrix",
                           R"(A real matrix as the cores of one chip hold it. Accelerator.program makes it.)")
      .def(
          "multiply",
          [](PythonMatrix& w, const py::object& x, std::uint32_t shot, std::uint64_t first_sample) {
            return w.run(x, {.shot = shot, .first_sample = first_sample});
          },
          py::arg("x"), py::arg("shot") = 0, py::arg("first_sample") = 0,
          R"(W x as the hardware computes it, float32: inputs through DACs and modulators, light through the
chip, readings through receivers and ADCs. x [cols] or [cols, batch], real; each column is scaled to full
scale by its largest magnitude. Column b is sample first_sample + b: its noise depends on the
accelerator's seed and chip, on which matrix this is, shot and its number, not on the batch. Another shot,
other noise. Where intensity is read, |W x|.)")
      .def(
          "__matmul__", [](PythonMatrix& w, const py::object& x) { return w.run(x, {}); }, py::arg("x"),
          "multiply(x), shot 0.")
      .def(
          "calibrate", [](PythonMatrix& w, const py::object& x) { w.run(x, {.calibrate = true}); },
          py::arg("x"),
          R"(Sets the full scale of the ADCs to the largest output of this batch [cols, batch], without noise.
Before, it is the largest that inputs of full scale could give, which most of the ADC's levels never meet.)")
      .def("realised", &PythonMatrix::realised,
           "The matrix that the chip holds, its errors and bits included, noise left out: float32 [rows, "
           "cols].")
      .def(
          "cost",
          [](const PythonMatrix& w, std::size_t batch) {
            return w.accelerator->price({{w.matrix->rows(), w.matrix->cols(), batch}});
          },
          py::arg("batch") = 1,
          "Of multiplying that many columns; the matrix stays on the cores where they hold all its tiles.")
      .def_property_readonly(
          "shape", [](const PythonMatrix& w) { return std::make_pair(w.matrix->rows(), w.matrix->cols()); },
          "(rows, cols).");

  py::class_<PythonAccelerator, std::shared_ptr<PythonAccelerator>>(
      m, "Accelerator",
      R"(A photonic matrix accelerator: one fabricated chip of tiled cores with its converters, receivers and one
link budget, from which noise and joules both follow.)")
      .def(
          py::init([](const std::string& preset, bool corrected,
                      const std::optional<std::vector<std::string>>& effects, std::uint64_t seed,
                      std::uint32_t chip, unsigned threads, const py::kwargs& design) {
            return std::make_shared<PythonAccelerator>(
                setup_of(preset, corrected, effects, seed, chip, design), threads);
          }),
          py::arg("preset") = "realistic", py::kw_only(), py::arg("corrected") = false,
          py::arg("effects") = py::none(), py::arg("seed") = 1, py::arg("chip") = 0, py::arg("threads") = 0,
          R"(preset: "realistic", "coarse-splitters" or a name of `fringe list systems`; other keywords change its
design: the keys of [photonic.NAME] in an experiment, such as modes=32, cores=64, laser_power_w=0.01,
phase_bits=10, output_adc="adc-5gs", detection="intensity", numbers={"system": "residue"}; units, ranges:
experiments/README.md. corrected: phases make good the chip's known splitters. effects: None for all that
the design brings, or the names of those that act (Accelerator.effects has them), [] for an ideal one.
chip: which of the seed's fabricated chips. threads: 0 for all; no number depends on it.)")
      .def(
          "program", &program, py::arg("weights"),
          R"(Real weights [rows, cols] on the next free cores, as many tiles as they need; beyond the last, tiles
share cores and their errors. The order of programming numbers the matrices, and with them their noise.)")
      .def(
          "price", &PythonAccelerator::price, py::arg("products"),
          R"(Cost of products W[rows, inner] X[inner, columns], a list of (rows, inner, columns), one after the
other. Weights stay where the cores hold the tiles of all; otherwise each product is programmed anew.)")
      .def_property_readonly("effects", &PythonAccelerator::effects,
                             "Names of what acts, in the order of light.")
      .def_property_readonly(
          "modes", [](const PythonAccelerator& a) { return a.setup().design.modes; }, "Of a core's meshes.")
      .def_property_readonly(
          "cores", [](const PythonAccelerator& a) { return a.setup().design.cores; }, "That work at once.");
}

}  // namespace fringe
