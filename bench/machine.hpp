// What this processor can do, measured in the same run as the benchmarks that are compared with it.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <vector>

#include "bench/paired.hpp"
#include "photonics/mesh_kernel.hpp"

namespace fringe::bench {

/// Multiply-adds of one thread, two operations each [FLOP/s], with the instruction set of the mesh kernels.
struct MachinePeak {
  double single, dual;
};
const MachinePeak& machine_peak();

/// The same in float with another instruction set.
double single_peak_of(const KernelSet& set);

/// Multiply-adds of two threads in float over those of one, best of many short runs: 2 where the machine
/// gives each a core, at the same clock.
double two_threads_peak();

/// Bytes read plus bytes written per second when one thread copies 128 MiB to another 128 MiB: beyond any
/// cache of one core (J. McCalpin's STREAM counts alike).
double copy_bandwidth();

template <class Real>
double fma_peak() {
  return sizeof(Real) == 4 ? machine_peak().single : machine_peak().dual;
}

template <class Function>
double seconds(Function&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The shortest of several runs of each function [s], in turns so that all meet the same disturbances.
template <class... Functions>
std::array<double, sizeof...(Functions)> best_seconds(int rounds, Functions&&... work) {
  std::array<double, sizeof...(Functions)> best;
  best.fill(1e300);
  for (int round = 0; round < rounds; ++round) {
    std::size_t i = 0;
    ((best[i] = std::min(best[i], seconds(work)), ++i), ...);
  }
  return best;
}

/// `rounds` rounds of all ways in turns, each called calls[way] times in a row.
template <class... Functions>
Rounds<sizeof...(Functions)> in_rounds_of(const std::array<int, sizeof...(Functions)>& calls, int rounds,
                                          Functions&&... work) {
  std::vector<std::array<double, sizeof...(Functions)>> times(static_cast<std::size_t>(rounds));
  for (auto& round : times) {
    std::size_t way = 0;
    const auto time = [&](auto& one) {
      round[way] = seconds([&] {
                     for (int i = 0; i < calls[way]; ++i) one();
                   }) /
                   calls[way];
      ++way;
    };
    (time(work), ...);
  }
  return Rounds<sizeof...(Functions)>(std::move(times));
}

/// The same, one call each.
template <class... Functions>
Rounds<sizeof...(Functions)> in_rounds(int rounds, Functions&&... work) {
  std::array<int, sizeof...(Functions)> once;
  once.fill(1);
  return in_rounds_of(once, rounds, work...);
}

}  // namespace fringe::bench
