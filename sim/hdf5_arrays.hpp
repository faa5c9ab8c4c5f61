// The data sets of an HDF5 file as arrays of numbers.
#pragma once

#include <string>

#include "workloads/arrays.hpp"

namespace fringe {

/// Those in the root group, of whole or floating-point numbers of any size and byte order. Throws Error
/// naming the file where it is no HDF5 file; read() names the data set where it holds something else.
ArrayFile hdf5_arrays(const std::string& path);

}  // namespace fringe
