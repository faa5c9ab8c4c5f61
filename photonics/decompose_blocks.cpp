// Decompositions whose couplers are found as unitary 2×2s.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "core/error.hpp"
#include "photonics/correction.hpp"
#include "photonics/decompose.hpp"
#include "photonics/decompose_checks.hpp"

namespace fringe {
namespace {

using Complex = std::complex<double>;

constexpr double negligible = std::numeric_limits<double>::epsilon();
constexpr Matrix2 straight_through{1, 0, 0, 1};

/// A coupler's 2×2, in the order in which light meets them.
struct Block {
  Coupler at;
  Matrix2 matrix;
};

/// The blocks' couplers are those of the layout, perhaps in another order that light allows; a mode's
/// couplers keep theirs. Couplers without a block are in the bar state.
PhaseProgram programmed(const MeshLayout& layout, const std::vector<Block>& blocks, std::vector<double> out) {
  std::vector<std::vector<std::size_t>> waiting(layout.modes);  // blocks by upper mode, last first
  for (std::size_t i = blocks.size(); i-- > 0;) waiting[blocks[i].at.upper].push_back(i);
  std::vector<Matrix2> matrices(layout.couplers.size(), straight_through);
  for (std::size_t k = 0; k < layout.couplers.size(); ++k) {
    auto& next = waiting[layout.couplers[k].upper];
    if (next.empty() || blocks[next.back()].at.lower != layout.couplers[k].lower) continue;
    matrices[k] = blocks[next.back()].matrix;
    next.pop_back();
  }
  out.resize(layout.modes, 0.0);
  const std::vector<double> dark(layout.couplers.size(), 0.0);
  return program_blocks(layout, matrices, out, dark, ideal_fabrication(layout));
}

/// ‖U′ − U‖_F of the ports.
double distance(const MeshLayout& layout, const PhaseProgram& program, ConstComplexMatrix u) {
  const auto realised = transfer_matrix(layout, realise<double>(layout, program, ideal_fabrication(layout)));
  double square = 0;
  for (std::size_t r = 0; r < u.rows; ++r)
    for (std::size_t c = 0; c < u.cols; ++c) square += std::norm(realised[r * layout.modes + c] - u(r, c));
  return std::sqrt(square);
}

/// Butterfly of the rows×rows matrix u, row-major: its blocks on modes first …, stage by stage.
void split_butterfly(const std::vector<Complex>& u, std::size_t size, std::size_t first,
                     std::vector<std::vector<Block>>& stages) {
  const std::size_t half = size / 2;
  std::vector<Complex> halves[2] = {std::vector<Complex>(half * half), std::vector<Complex>(half * half)};
  std::vector<Block> stage;
  for (std::size_t i = 0; i < half; ++i) {
    Matrix2 block{};
    for (std::size_t side = 0; side < 2; ++side) {
      const Complex* upper = &u[i * size + side * half];
      const Complex* lower = &u[(i + half) * size + side * half];
      const auto norm = [&](const Complex* row) {
        return std::accumulate(row, row + half, 0.0,
                               [](double sum, Complex z) { return sum + std::norm(z); });
      };
      const Complex* strong = norm(upper) >= norm(lower) ? upper : lower;
      const double length = std::sqrt(norm(strong));
      Complex* row = &halves[side][i * half];
      for (std::size_t k = 0; k < half; ++k)
        row[k] = half == 1 ? Complex{1} : length > 0 ? strong[k] / length : Complex{};
      for (std::size_t k = 0; k < half; ++k) {
        block[side] += upper[k] * std::conj(row[k]);
        block[2 + side] += lower[k] * std::conj(row[k]);
      }
    }
    stage.push_back(
        {{static_cast<std::uint32_t>(first + i), static_cast<std::uint32_t>(first + i + half)}, block});
  }
  std::size_t level = 0;
  for (std::size_t s = half; s > 1; s /= 2) ++level;
  stages[level].insert(stages[level].end(), stage.begin(), stage.end());
  if (half > 1)
    for (std::size_t side = 0; side < 2; ++side)
      split_butterfly(halves[side], half, first + side * half, stages);
}

}  // namespace

std::vector<Coupler> tree_couplers(std::size_t modes, std::size_t row) {
  std::vector<Coupler> couplers;
  std::vector<std::uint32_t> lit(modes - row);
  std::iota(lit.begin(), lit.end(), static_cast<std::uint32_t>(row));
  while (lit.size() > 1) {
    std::vector<std::uint32_t> next;
    for (std::size_t i = 0; i < lit.size(); i += 2) {
      if (i + 1 < lit.size()) couplers.push_back({lit[i], lit[i + 1]});
      next.push_back(lit[i]);
    }
    lit = std::move(next);
  }
  return couplers;
}

// U = D · (last tree) … (first tree): a coupler whose first row is (x, y)/|(x, y)| takes elements x, y of row
// k to its upper mode.
PhaseProgram decompose_cascaded_trees(ConstComplexMatrix u) {
  check_input(u);
  const std::size_t n = u.rows;
  std::vector<Complex> columns(n * n);
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t c = 0; c < n; ++c) columns[c * n + r] = u(r, c);
  std::vector<Block> blocks;
  std::vector<double> out(n);
  double square = 0;
  for (std::size_t k = 0; k < n; ++k) {
    for (const Coupler& at : tree_couplers(n, k)) {
      Complex *upper = &columns[at.upper * n], *lower = &columns[at.lower * n];
      const Complex x = upper[k], y = lower[k];
      if (std::abs(y) < negligible) {
        blocks.push_back({at, straight_through});
        continue;
      }
      const double length = std::sqrt(std::norm(x) + std::norm(y));
      const Complex p = x / length, q = y / length;
      blocks.push_back({at, {p, q, -std::conj(q), std::conj(p)}});
      for (std::size_t r = k; r < n; ++r) {
        const Complex a = upper[r], b = lower[r];
        upper[r] = a * std::conj(p) + b * std::conj(q);
        lower[r] = b * p - a * q;
      }
    }
    const Complex last = columns[k * n + k];
    out[k] = std::arg(last);
    square += (std::abs(last) - 1) * (std::abs(last) - 1);
    for (std::size_t r = k + 1; r < n; ++r) square += std::norm(columns[k * n + r]);
  }
  check_remainder(u, std::sqrt(square));
  return programmed(find_topology("cascaded-trees").build(n), blocks, out);
}

PhaseProgram decompose_diamond(ConstComplexMatrix u) {
  check_input(u);
  const std::size_t n = u.rows;
  std::vector<Complex> turned(n * n);
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t c = 0; c < n; ++c) turned[r * n + c] = u(n - 1 - r, n - 1 - c);
  const PhaseProgram program = decompose_triangular({turned.data(), n, n});
  const MeshLayout triangle = find_topology("triangular").build(n);
  std::vector<Block> blocks;
  for (std::size_t k = 0; k < triangle.couplers.size(); ++k) {
    const Matrix2 t = transfer(mzi_crossing(), program.theta[k], program.phi[k]);
    const auto upper = static_cast<std::uint32_t>(n - 1 - triangle.couplers[k].lower);
    blocks.push_back({{upper, upper + 1}, {t[3], t[2], t[1], t[0]}});
  }
  return programmed(find_topology("diamond").build(n), blocks, {program.out.rbegin(), program.out.rend()});
}

PhaseProgram decompose_redundant(ConstComplexMatrix u) {
  const PhaseProgram program = decompose_rectangular(u);
  const MeshLayout rectangle = find_topology("rectangular").build(u.rows);
  std::vector<Block> blocks;
  for (std::size_t k = 0; k < rectangle.couplers.size(); ++k)
    blocks.push_back({rectangle.couplers[k], transfer(mzi_crossing(), program.theta[k], program.phi[k])});
  return programmed(find_topology("redundant-rectangular").build(u.rows), blocks, program.out);
}

PhaseProgram decompose_butterfly(ConstComplexMatrix u) {
  check_input(u);
  const std::size_t n = u.rows;
  if ((n & (n - 1)) != 0)
    throw Error("a butterfly is decomposed for powers of two, not for " + std::to_string(n) + " modes");
  std::vector<Complex> matrix(n * n);
  for (std::size_t r = 0; r < n; ++r)
    for (std::size_t c = 0; c < n; ++c) matrix[r * n + c] = u(r, c);
  std::size_t levels = 0;
  for (std::size_t s = n; s > 1; s /= 2) ++levels;
  std::vector<std::vector<Block>> stages(levels);
  split_butterfly(matrix, n, 0, stages);
  std::vector<Block> blocks;
  for (const std::vector<Block>& stage : stages) blocks.insert(blocks.end(), stage.begin(), stage.end());
  const MeshLayout layout = find_topology("butterfly").build(n);
  PhaseProgram program = programmed(layout, blocks, std::vector<double>(n));
  const double missed = distance(layout, program, u), limit = 1e-9 * static_cast<double>(n);
  if (!(missed <= limit))
    throw Error("a butterfly of " + std::to_string(n) +
                " modes cannot realise the matrix: it misses it by |U' - U| = " + std::to_string(missed) +
                " (Frobenius)");
  return program;
}

}  // namespace fringe
