// The Python module fringe_mesh: meshes, light, receivers, converters and whole products as NumPy arrays. Its
// help is its reference; fringe_mesh.pyi has the types.
#include <pybind11/pybind11.h>

#include "core/error.hpp"
#include "python/module_parts.hpp"

PYBIND11_MODULE(fringe_mesh, m) {
  m.doc() = R"(Photonic matrix engines of Mach-Zehnder interferometers: decomposition, imperfect chips, light,
gradients, receivers, converters, and whole noisy products with their time and energy. Phases in radians,
fields as complex amplitudes, SI units, arrays of NumPy in and out. Errors are ValueErrors of one sentence.
Every random number depends on its seed and counters alone: same seed, same numbers.

A mesh and its chips:
>>> import fringe_mesh as fm
>>> u = fm.haar_unitary(8, seed=1)
>>> mesh = fm.Mesh(8)
>>> program = mesh.decompose(u)
>>> chip = mesh.fabricate(seed=1, chip=0, splitter_sigma_rad=0.02, phase_bits=8)
>>> fm.matrix_error(chip.matrix(program), u), fm.matrix_error(chip.matrix(chip.correct(program)), u)

What a receiver and an ADC make of its light:
>>> y = chip.propagate(program, x)
>>> fm.quantise(fm.Receiver(photons=1e4).read(y, seed=1), bits=6)

A real matrix on a whole accelerator:
>>> w = fm.Accelerator("realistic", seed=1).program(weights)
>>> w.multiply(x), w.cost(batch=256).energy_j())";
  pybind11::register_exception<fringe::Error>(m, "Error", PyExc_ValueError).attr("__doc__") =
      "Bad input, told in one sentence.";
  fringe::bind_meshes(m);
  fringe::bind_receivers(m);
  fringe::bind_converters(m);
  fringe::bind_accelerators(m);
}
