// What a benchmark of pairs shows of its verdict.
#pragma once

#include <benchmark/benchmark.h>

#include <string>

#include "bench/paired.hpp"

namespace fringe::bench {

inline void report(benchmark::State& state, const Verdict& v) {
  state.SetIterationTime(v.ours_s);
  state.SetLabel(std::string(v.word));
  state.counters["peer_us"] = 1e6 * v.peer_s;
  state.counters["times_peer"] = v.ratio;
  state.counters["spread"] = v.spread;
  state.counters["p_slower"] = v.p_slower;
  state.counters["p_faster"] = v.p_faster;
}

}  // namespace fringe::bench
