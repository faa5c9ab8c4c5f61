// Arrays of NumPy as the library's vectors and matrices, and back.
#pragma once

#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <complex>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "photonics/decompose.hpp"

namespace fringe {

namespace py = pybind11;

using Complex = std::complex<double>;
using Reals = py::array_t<double, py::array::c_style | py::array::forcecast>;
using Floats = py::array_t<float, py::array::c_style | py::array::forcecast>;
using Complexes = py::array_t<Complex, py::array::c_style | py::array::forcecast>;

/// Throws Error where the array isn't [size], or with size 0 no vector.
std::vector<double> vector_of(const Reals& array, const char* name, std::size_t size);
Reals array_of(const std::vector<double>& values);
Complexes square(const std::vector<Complex>& values, std::size_t n);
/// Throws Error where the array isn't [n, n].
ConstComplexMatrix matrix_of(const Complexes& array, const char* name, std::size_t n);
/// Whatever NumPy makes an array of. Throws Error where it is complex or no numbers.
Floats floats_of(const py::object& given, std::string_view name);

/// A vector [rows] or a batch [rows, batch]; what becomes of it has as many dimensions.
struct BatchShape {
  py::ssize_t dimensions;
  std::size_t batch;

  /// Throws Error where the array has another shape, or no column. `what`: "fields", "a batch".
  BatchShape(const py::array& x, std::size_t rows, std::string_view name, std::string_view what);
  std::vector<py::ssize_t> of(std::size_t rows) const;
};

}  // namespace fringe
