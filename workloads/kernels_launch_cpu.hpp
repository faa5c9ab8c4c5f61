// Kernels on the host: sites and columns shared out over the pool, columns in blocks of 16, then 4, then one.
// `Width` names the instruction set: every object has functions of its own.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "core/executor.hpp"
#include "core/host_device.hpp"
#include "workloads/kernels_lanes.hpp"
#include "workloads/kernels_tile.hpp"

namespace fringe::kernels {

template <int Width>
class CpuLaunch {
 public:
  explicit CpuLaunch(Executor& executor) : pool_(*executor.pool()) {}

  /// What turns numbers of `run` floats from one axis to another, Tile::size at a time.
  template <int run>
  using TileOf = Tile<Width / static_cast<int>(sizeof(float)), run>;

  /// op.run<lanes>(site, column) until every column of every site is done; `work`: numbers that one column
  /// of a site costs.
  template <class Op>
  void each(std::size_t sites, std::size_t columns, const Op& op, std::size_t work = 1) const {
    share(
        sites, columns,
        [&](std::size_t site, std::size_t begin, std::size_t end) { run(op, site, begin, end); }, work);
  }

  /// op.run<lanes, neighbours>(site, column) along rows of `length` numbers of every column: a vector is 16
  /// columns, or all of few columns and neighbours in the row.
  template <class Op>
  void rows(std::size_t sites, std::size_t length, std::size_t columns, const Op& op) const {
    share(
        sites, columns,
        [&](std::size_t site, std::size_t column, std::size_t end) {
          if (columns == 1) return op.template run<1, 16>(site, 0);
          if (columns == 2) return op.template run<2, 8>(site, 0);
          if (columns == 4) return op.template run<4, 4>(site, 0);
          if (columns == 8) return op.template run<8, 2>(site, 0);
          for (; column + 16 <= end; column += 16) op.template run<16, 1>(site, column);
          for (; column + 4 <= end; column += 4) op.template run<4, 1>(site, column);
          for (; column < end; ++column) op.template run<1, 1>(site, column);
        },
        length);
  }

  /// op.span(site, begin, end) until every column of every site is done.
  template <class Op>
  void spans(std::size_t sites, std::size_t columns, const Op& op, std::size_t work = 1) const {
    share(
        sites, columns,
        [&](std::size_t site, std::size_t begin, std::size_t end) { op.span(site, begin, end); }, work);
  }

  /// out[r] += Σ term(r, o, i) over o < outer, i < count: in double, eight partial sums, in a fixed order.
  template <class Term>
  void sums(std::size_t rows, std::size_t outer, std::size_t count, const Term& term, float* out) const {
    sum_rows(rows, outer * count, out, [&](std::size_t r, auto& lane) {
      for (std::size_t o = 0; o < outer; ++o)
        add_run(static_cast<Index>(count), lane,
                [&](Index i) { return term(r, o, static_cast<std::size_t>(i)); });
    });
  }

  /// The same of whole runs: op.runs(r, o, begin, end, add) calls add(length, term) for the runs that lie in
  /// the columns [begin, end).
  template <class Op>
  void sums_of_runs(std::size_t rows, std::size_t outer, std::size_t columns, const Op& op,
                    float* out) const {
    sum_rows(rows, outer * columns, out, [&](std::size_t r, auto& lane) {
      for (std::size_t o = 0; o < outer; ++o)
        op.runs(r, o, 0, columns, [&](Index length, const auto& term) { add_run(length, lane, term); });
    });
  }

 private:
  static constexpr std::size_t grain = 1 << 14;  // small enough to share out, large enough to repay waking
  using Lanes = std::array<double, 8>;

  template <class Part>
  void sum_rows(std::size_t rows, std::size_t terms, float* out, const Part& part) const {
    const std::size_t per_task = std::max<std::size_t>(1, grain / std::max<std::size_t>(1, terms));
    pool_.run((rows + per_task - 1) / per_task, [&](std::size_t task, unsigned) {
      for (std::size_t r = task * per_task; r < std::min(rows, (task + 1) * per_task); ++r) {
        Lanes lane{};
        part(r, lane);
        double sum = 0;
        for (const double value : lane) sum += value;
        out[r] = static_cast<float>(static_cast<double>(out[r]) + sum);
      }
    });
  }

  // Term i goes to lane i mod 8; the lanes stay in registers.
  template <class Term>
  [[gnu::always_inline]] static void add_run(Index length, Lanes& sums, const Term& term) {
    Lanes lane = sums;
    constexpr auto width = static_cast<Index>(lane.size());
    Index i = 0;
    for (; i + width <= length; i += width)
      for (Index l = 0; l < width; ++l) lane[static_cast<std::size_t>(l)] += term(i + l);
    for (std::size_t l = 0; i < length; ++i, ++l) lane[l] += term(i);
    sums = lane;
  }

  template <class Part>
  void share(std::size_t sites, std::size_t columns, const Part& compute, std::size_t work = 1) const {
    if (sites == 0 || columns == 0) return;
    // A task is some sites, or a part of one; parts are whole cache lines.
    const std::size_t most = std::max<std::size_t>(16, grain / std::max<std::size_t>(1, work) / 16 * 16);
    const std::size_t part = std::min(columns, most), parts = (columns + part - 1) / part;
    const std::size_t per_task = std::max<std::size_t>(1, most / part);
    const std::size_t groups = (sites + per_task - 1) / per_task;
    pool_.run(groups * parts, [&](std::size_t task, unsigned) {
      const std::size_t begin = task % parts * part, end = std::min(columns, begin + part);
      const std::size_t first = task / parts * per_task, last = std::min(sites, first + per_task);
      for (std::size_t site = first; site < last; ++site) compute(site, begin, end);
    });
  }

  template <class Op>
  static void run(const Op& op, std::size_t site, std::size_t column, std::size_t end) {
    for (; column + 16 <= end; column += 16) op.template run<16>(site, column);
    for (; column + 4 <= end; column += 4) op.template run<4>(site, column);
    for (; column < end; ++column) op.template run<1>(site, column);
  }

  ThreadPool& pool_;
};

}  // namespace fringe::kernels
