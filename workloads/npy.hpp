// Reader of NPY and NPZ, NumPy's files of arrays: the magic "\x93NUMPY", version, length and text of a header
// (a Python literal with 'descr', 'fortran_order' and 'shape'), then the numbers (NumPy Enhancement Proposal
// 1, R. Kern 2007; numpy.lib.format, versions 1 to 3). An NPZ is a ZIP archive of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "workloads/arrays.hpp"

namespace fringe {

/// Little-endian f4, f8, i4, i8, and u1, in C order. Throws Error naming the file, what it has and the rule.
NumberArray parse_npy(std::span<const std::uint8_t> bytes, const std::string& where);
NumberArray read_npy(const std::filesystem::path& file);

/// The arrays of an NPZ by their names without ".npy". The bytes must outlive the result.
ArrayFile npz_arrays(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace fringe
