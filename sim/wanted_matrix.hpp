// The matrices that commands program meshes with, by name.
#pragma once

#include <complex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/draw.hpp"

namespace fringe {

/// "haar" unitaries, real "orthogonal" ones, the "identity".
std::span<const std::string_view> wanted_matrices() noexcept;
/// Throws Error, offering the nearest name.
void check_wanted_matrix(std::string_view name);

/// n×n, row-major; what is random about it comes from `draw`, Purpose::haar by custom. Throws Error as
/// check_wanted_matrix() does.
std::vector<std::complex<double>> wanted_matrix(std::string_view name, std::size_t n, const Draw& draw);

/// For the help of an option: "haar, orthogonal, identity".
std::string wanted_matrix_names();

}  // namespace fringe
