#include "photonics/mesh_kernel_order.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <span>

namespace fringe {
namespace {

/// A diagonal upper − column = k of the mesh, walked downwards. Sweeps in decreasing k keep the order of
/// light: what a coupler waits for lies above it on its own sweep, or on an earlier sweep no lower than one
/// row below it.
struct Sweep {
  long first = std::numeric_limits<long>::max(), last = -1;  ///< upper rows
  std::vector<std::int32_t> couplers;                        ///< from first to last; −1 where there is none

  std::int32_t at(long row) const {
    return row < first || row > last ? -1 : couplers[static_cast<std::size_t>(row - first)];
  }
};

std::vector<Sweep> sweeps_of(const MeshLayout& layout) {
  std::map<long, Sweep, std::greater<>> by_diagonal;
  const auto for_each = [&](auto&& visit) {
    for (std::size_t column = 0; column < layout.columns(); ++column)
      for (std::uint32_t i = layout.column_start[column]; i < layout.column_start[column + 1]; ++i) {
        const long row = layout.couplers[i].upper;
        visit(by_diagonal[row - static_cast<long>(column)], row, static_cast<std::int32_t>(i));
      }
  };
  for_each([](Sweep& s, long row, std::int32_t) {
    s.first = std::min(s.first, row);
    s.last = std::max(s.last, row);
  });
  for (auto& [k, s] : by_diagonal) s.couplers.assign(static_cast<std::size_t>(s.last - s.first + 1), -1);
  for_each(
      [](Sweep& s, long row, std::int32_t i) { s.couplers[static_cast<std::size_t>(row - s.first)] = i; });
  std::vector<Sweep> sweeps;
  for (auto& [k, s] : by_diagonal) sweeps.push_back(std::move(s));
  return sweeps;
}

/// The shortest wave that holds all sweeps of a full group inside the mesh; none where they are too short for
/// one. Sweep j stands at row t − j while the wave is at t.
std::optional<KernelStep> wave_of(std::span<const Sweep> group, long modes) {
  constexpr long fused = kernel_fused;
  if (group.size() < kernel_fused) return std::nullopt;
  long first = group[0].first, last = group[0].last, first_inside = first, last_inside = last;
  for (long j = 1; j < fused; ++j) {
    const Sweep& s = group[static_cast<std::size_t>(j)];
    first = std::min(first, s.first);
    last = std::max(last, s.last);
    first_inside = std::min(first_inside, s.first + 2 * j);
    last_inside = std::max(last_inside, s.last + 2 * j);
  }
  // Positions [begin, end) at which all sweeps turn.
  long begin = first + fused - 1, end = last + 1;
  const bool head_at_edge = first_inside < 2 * (fused - 1) || begin >= first_inside;
  const bool tail_at_edge = last_inside + 1 >= modes || end <= last_inside - fused + 2;
  if (!head_at_edge) begin = first_inside;
  if (!tail_at_edge) end = last_inside - fused + 2;
  if (begin > end) return std::nullopt;
  const long row = head_at_edge ? first : first_inside - 2 * (fused - 1);
  return KernelStep{KernelStep::wave, head_at_edge, tail_at_edge, static_cast<std::uint32_t>(row),
                    static_cast<std::uint32_t>(end - begin)};
}

void end_group(KernelOrder& order) {
  order.group_steps.push_back(static_cast<std::uint32_t>(order.steps.size()));
  order.group_slots.push_back(static_cast<std::uint32_t>(order.slots.size()));
}

/// The group's couplers in the order of a wave's positions.
void add_wave(KernelOrder& order, const KernelStep& wave, std::span<const Sweep> group) {
  constexpr long fused = kernel_fused;
  const auto turn = [&](long t, long first, long end) {
    for (long j = first; j < end; ++j) order.slots.push_back(group[static_cast<std::size_t>(j)].at(t - j));
  };
  long t = static_cast<long>(wave.row) + (wave.head_at_edge ? 0 : fused - 1);
  for (long i = 0; i < fused - 1; ++i, ++t)
    wave.head_at_edge ? turn(t, 0, i + 1) : turn(t, fused - 1 - i, fused);
  for (std::uint32_t i = 0; i < wave.count; ++i, ++t) turn(t, 0, fused);
  for (long i = 0; i < fused - 1; ++i, ++t)
    wave.tail_at_edge ? turn(t, i + 1, fused) : turn(t, 0, fused - 1 - i);
  order.steps.push_back(wave);
}

}  // namespace

KernelOrder order_by_waves(const MeshLayout& layout) {
  const std::vector<Sweep> sweeps = sweeps_of(layout);
  KernelOrder order{{}, {0}, {0}, {}, {}};
  for (std::size_t g = 0; g < sweeps.size(); g += kernel_fused) {
    const std::span<const Sweep> group(&sweeps[g], std::min<std::size_t>(kernel_fused, sweeps.size() - g));
    if (const std::optional<KernelStep> wave = wave_of(group, static_cast<long>(layout.modes))) {
      add_wave(order, *wave, group);
    } else {
      for (const Sweep& s : group) {
        order.steps.push_back({KernelStep::sweep, true, true, static_cast<std::uint32_t>(s.first),
                               static_cast<std::uint32_t>(s.couplers.size())});
        order.slots.insert(order.slots.end(), s.couplers.begin(), s.couplers.end());
      }
    }
    end_group(order);
  }
  return order;
}

KernelOrder order_by_columns(const MeshLayout& layout) {
  KernelOrder order{{}, {0}, {0}, {}, {}};
  for (std::size_t column = 0; column < layout.columns(); ++column) {
    const std::uint32_t first = layout.column_start[column], end = layout.column_start[column + 1];
    order.steps.push_back({KernelStep::pairs, false, false, first, end - first});
    for (std::uint32_t i = first; i < end; ++i) {
      order.pairs.push_back({layout.couplers[i].upper, layout.couplers[i].lower});
      order.slots.push_back(static_cast<std::int32_t>(i));
    }
    end_group(order);
  }
  return order;
}

}  // namespace fringe
