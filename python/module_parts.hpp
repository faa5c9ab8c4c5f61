// The parts of the module fringe_mesh, each in the source of its name.
#pragma once

#include <pybind11/pybind11.h>

namespace fringe {

void bind_meshes(pybind11::module_& m);        // module_meshes.cpp
void bind_receivers(pybind11::module_& m);     // module_receivers.cpp
void bind_converters(pybind11::module_& m);    // module_converters.cpp
void bind_accelerators(pybind11::module_& m);  // module_accelerators.cpp

}  // namespace fringe
