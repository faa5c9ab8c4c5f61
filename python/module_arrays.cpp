#include "python/module_arrays.hpp"

namespace fringe {

std::vector<double> vector_of(const Reals& array, const char* name, std::size_t size) {
  if (array.ndim() != 1 || (size > 0 && static_cast<std::size_t>(array.size()) != size))
    throw Error(std::string(name) + ": takes an array [" + (size > 0 ? std::to_string(size) : "couplers") +
                "]");
  return {array.data(), array.data() + array.size()};
}

Reals array_of(const std::vector<double>& values) {
  // By its count alone, pybind11 before 2.12 asks the type for its size, which it misreads in NumPy 2.
  return Reals(std::vector<py::ssize_t>{static_cast<py::ssize_t>(values.size())}, values.data());
}

Complexes square(const std::vector<Complex>& values, std::size_t n) {
  return Complexes({static_cast<py::ssize_t>(n), static_cast<py::ssize_t>(n)}, values.data());
}

ConstComplexMatrix matrix_of(const Complexes& array, const char* name, std::size_t n) {
  if (array.ndim() != 2 || static_cast<std::size_t>(array.shape(0)) != n ||
      static_cast<std::size_t>(array.shape(1)) != n)
    throw Error(std::string(name) + ": takes a matrix [" + std::to_string(n) + ", " + std::to_string(n) +
                "]");
  return {array.data(), n, n};
}

Floats floats_of(const py::object& given, std::string_view name) {
  const py::array any = py::array::ensure(given);
  if (!any || std::string_view("biuf").find(any.dtype().kind()) == std::string_view::npos)
    throw Error(std::string(name) + ": takes real numbers");
  return Floats::ensure(any);
}

BatchShape::BatchShape(const py::array& x, std::size_t rows, std::string_view name, std::string_view what)
    : dimensions(x.ndim()), batch(dimensions == 2 ? static_cast<std::size_t>(x.shape(1)) : 1) {
  if (dimensions < 1 || dimensions > 2 || static_cast<std::size_t>(x.shape(0)) != rows || batch == 0)
    throw Error(std::string(name) + ": takes " + std::string(what) + " [" + std::to_string(rows) + "] or [" +
                std::to_string(rows) + ", batch]");
}

std::vector<py::ssize_t> BatchShape::of(std::size_t rows) const {
  const auto r = static_cast<py::ssize_t>(rows), b = static_cast<py::ssize_t>(batch);
  return dimensions == 1 ? std::vector<py::ssize_t>{r} : std::vector<py::ssize_t>{r, b};
}

}  // namespace fringe
