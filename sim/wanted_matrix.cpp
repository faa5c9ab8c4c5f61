#include "sim/wanted_matrix.hpp"

#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "photonics/haar.hpp"

namespace fringe {
namespace {

constexpr std::array<std::string_view, 3> names{"haar", "orthogonal", "identity"};

}  // namespace

std::span<const std::string_view> wanted_matrices() noexcept { return names; }

void check_wanted_matrix(std::string_view name) {
  if (std::find(names.begin(), names.end(), name) == names.end())
    throw Error(unknown_name("target", name, std::vector<std::string_view>(names.begin(), names.end())));
}

std::vector<std::complex<double>> wanted_matrix(std::string_view name, std::size_t n, const Draw& draw) {
  check_wanted_matrix(name);
  if (name == "haar") return haar_unitary(n, draw);
  std::vector<std::complex<double>> u(n * n);
  if (name == "orthogonal") {
    const std::vector<double> q = haar_orthogonal(n, draw);
    std::copy(q.begin(), q.end(), u.begin());
  } else {
    for (std::size_t i = 0; i < n; ++i) u[i * n + i] = 1;
  }
  return u;
}

std::string wanted_matrix_names() {
  std::string list;
  for (const std::string_view name : names) list += (list.empty() ? "" : ", ") + std::string(name);
  return list;
}

}  // namespace fringe
