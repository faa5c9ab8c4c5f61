#include "photonics/reverse_order.hpp"

#include <algorithm>
#include <map>

namespace fringe {
namespace {

// Diagonals and, along each, rows of a block: a mode's row is 2 KB where the batch fills its tile.
constexpr long block_diagonals = 8, block_rows = kernel_gradient_run;
// And blocks of blocks, whose rows stay in the second cache: 400 kB.
constexpr long outer_diagonals = 8 * block_diagonals, outer_rows = 16 * block_rows;

}  // namespace

// Of neighbouring modes, a coupler waits for those on diagonals upper − column = k of smaller k, down to one
// row above it, and for those below it on its own. Blocks of diagonals come in increasing k; the rows of each
// next diagonal of a block end one row lower, and a block's parts come from the last mode upwards. Blocks of
// blocks are ordered alike; their edges are edges of blocks.
std::vector<std::uint32_t> reverse_order(const MeshLayout& layout) {
  struct Place {
    long outer_group, outer_part, group, part, pair, position, diagonal;
    std::uint32_t coupler;
  };
  std::vector<Place> places;
  const bool neighbours = std::all_of(layout.couplers.begin(), layout.couplers.end(),
                                      [](const Coupler& c) { return c.lower == c.upper + 1; });
  const auto columns = static_cast<long>(layout.columns()), modes = static_cast<long>(layout.modes);
  std::map<long, long> rank;  // of each diagonal in use
  const auto diagonal = [&](std::uint32_t n, long column) {
    return static_cast<long>(layout.couplers[n].upper) - column;
  };
  const auto for_each = [&](auto&& visit) {
    for (long column = 0; column < columns; ++column)
      for (std::uint32_t n = layout.column_start[static_cast<std::size_t>(column)];
           n < layout.column_start[static_cast<std::size_t>(column) + 1]; ++n)
        visit(n, column);
  };
  for_each([&](std::uint32_t n, long column) { rank[diagonal(n, column)] = 0; });
  long next = 0;
  for (auto& [k, number] : rank) number = next++;
  for_each([&](std::uint32_t n, long column) {
    if (!neighbours) return places.push_back({0, 0, 0, 0, 0, 0, 0, n});
    const long number = rank[diagonal(n, column)];
    const long below = modes - 1 - static_cast<long>(layout.couplers[n].upper);
    places.push_back({number / outer_diagonals, (below + number % outer_diagonals) / outer_rows,
                      number / block_diagonals, (below + number % block_diagonals) / block_rows, number / 2,
                      below + number % 2, number, n});
  });
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    if (a.outer_group != b.outer_group) return a.outer_group < b.outer_group;
    if (a.outer_part != b.outer_part) return a.outer_part < b.outer_part;
    if (a.group != b.group) return a.group < b.group;
    if (a.part != b.part) return a.part < b.part;
    if (a.pair != b.pair) return a.pair < b.pair;
    if (a.position != b.position) return a.position < b.position;
    return a.diagonal != b.diagonal ? a.diagonal < b.diagonal : a.coupler > b.coupler;
  });
  std::vector<std::uint32_t> order;
  for (const Place& place : places) order.push_back(place.coupler);
  return order;
}

std::vector<GradientRun> reverse_runs(std::span<const GradientStep> steps) {
  const std::size_t count = steps.size();
  const auto follow = [&](std::size_t n, std::size_t before) {
    return n < count && steps[n].lower == steps[before].upper;
  };
  // As a coupler's lower mode is the greater one, all three rows differ, and so does the next row of a run.
  const auto two = [&](std::size_t n) { return n + 1 < count && steps[n + 1].upper == steps[n].lower; };
  std::vector<GradientRun> runs;
  for (std::size_t n = 0; n < count;) {
    const std::size_t begin = n, diagonals = two(n) ? 2 : 1;
    do n += diagonals;
    while (n - begin < diagonals * kernel_gradient_run && follow(n, n - diagonals) &&
           two(n) == (diagonals == 2) && (diagonals == 1 || follow(n + 1, n - 1)));
    runs.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(n),
                    static_cast<std::uint32_t>(diagonals)});
  }
  return runs;
}

}  // namespace fringe
