#include "photonics/cuda/joined_mesh.hpp"

#include <string>
#include <utility>

#include "core/error.hpp"

namespace fringe {

MeshLayout joined_layout(const MeshLayout& first, const MeshLayout& second) {
  if (first.modes != second.modes)
    throw Error("joined meshes: " + std::to_string(first.modes) + " and " + std::to_string(second.modes) +
                " modes");
  MeshLayout both = first;
  const auto begins = [](const MeshLayout& layout) {
    return layout.couplers.empty() ? 0u : layout.couplers.front().upper % 2;
  };
  if ((begins(first) + first.columns() + begins(second)) % 2 != 0)
    both.column_start.push_back(both.column_start.back());
  const auto couplers = static_cast<std::uint32_t>(first.couplers.size());
  for (std::size_t column = 1; column <= second.columns(); ++column)
    both.column_start.push_back(couplers + second.column_start[column]);
  both.couplers.insert(both.couplers.end(), second.couplers.begin(), second.couplers.end());
  return both;
}

PhysicalMesh<double> joined_mesh(const MeshLayout& second_layout, const PhysicalMesh<double>& first,
                                 std::span<const double> transmission, const PhysicalMesh<double>& second) {
  const std::size_t modes = second_layout.modes;
  if (first.out.size() != modes || transmission.size() != modes || second.out.size() != modes ||
      second.couplers.size() != second_layout.couplers.size())
    throw Error("joined meshes: outputs, transmissions and couplers must be those of the second layout, of " +
                std::to_string(modes) + " modes");
  PhysicalMesh<double> both = first;
  std::vector<std::complex<double>> waiting(modes);
  for (std::size_t m = 0; m < modes; ++m) waiting[m] = transmission[m] * first.out[m];
  for (std::size_t n = 0; n < second.couplers.size(); ++n) {
    const std::complex<double> upper = std::exchange(waiting[second_layout.couplers[n].upper], 1.0),
                               lower = std::exchange(waiting[second_layout.couplers[n].lower], 1.0);
    const Matrix2& t = second.couplers[n];
    both.couplers.push_back({t[0] * upper, t[1] * lower, t[2] * upper, t[3] * lower});
  }
  for (std::size_t m = 0; m < modes; ++m) both.out[m] = second.out[m] * waiting[m];
  return both;
}

}  // namespace fringe
