#include "electronic/serving.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "core/error.hpp"

namespace fringe {

double Latencies::mean() const {
  return std::accumulate(sorted_s.begin(), sorted_s.end(), 0.0) / static_cast<double>(sorted_s.size());
}

double Latencies::percentile(double p) const {
  const auto count = static_cast<double>(sorted_s.size());
  const double rank = std::clamp(std::ceil(p * count), 1.0, count);
  return sorted_s[static_cast<std::size_t>(rank) - 1];
}

Latencies serve(std::span<const double> arrivals_s, const ServiceTime& service, int most_batch) {
  if (arrivals_s.empty()) throw Error("serving: takes at least one request");
  if (most_batch < 1)
    throw Error("serving: largest batch = " + std::to_string(most_batch) + " must be at least 1");
  Latencies result;
  result.sorted_s.reserve(arrivals_s.size());
  double free_at = 0, worked = 0;
  std::size_t batches = 0;
  for (std::size_t next = 0; next < arrivals_s.size(); ++batches) {
    const double start = std::max(free_at, arrivals_s[next]);
    std::size_t end = next + 1;
    while (end < arrivals_s.size() && arrivals_s[end] <= start &&
           end - next < static_cast<std::size_t>(most_batch))
      ++end;
    const Service batch = service(static_cast<int>(end - next), batches);
    if (!(batch.latency_s > 0 && batch.interval_s > 0))
      throw Error("serving: a batch takes " + std::to_string(batch.latency_s) + " s and the next starts " +
                  std::to_string(batch.interval_s) + " s after it; both must be positive");
    free_at = start + batch.interval_s;
    worked += batch.interval_s;
    const double done = start + batch.latency_s;
    for (; next < end; ++next) {
      if (next > 0 && arrivals_s[next] < arrivals_s[next - 1])
        throw Error("serving: request " + std::to_string(next) + " arrives before the one in front of it");
      result.sorted_s.push_back(done - arrivals_s[next]);
    }
  }
  std::ranges::sort(result.sorted_s);
  result.busy = worked / (free_at - arrivals_s.front());
  result.mean_batch = static_cast<double>(arrivals_s.size()) / static_cast<double>(batches);
  return result;
}

std::vector<double> poisson_arrivals(double per_s, std::size_t count, const Draw& draw) {
  if (!(per_s > 0))
    throw Error("serving: arrivals = " + std::to_string(per_s) + " a second must be positive");
  std::vector<double> times(count);
  fill_uniform(times, draw);
  double now = 0;
  for (double& t : times) t = now += -std::log1p(-t) / per_s;
  return times;
}

double offline_per_s(const ServiceTime& service, int most_batch) {
  double best = 0;
  for (int batch = 1; batch <= most_batch; ++batch)
    best = std::max(best, batch / service(batch, 0).interval_s);
  return best;
}

double server_per_s(const ServiceTime& service, int most_batch, double bound_s, double p,
                    std::size_t requests, const Draw& draw) {
  if (service(1, 0).latency_s > bound_s) return 0;
  const auto keeps = [&](double rate) {
    return serve(poisson_arrivals(rate, requests, draw), service, most_batch).percentile(p) <= bound_s;
  };
  // The same uniform draws at every rate: only their scale changes, so the bound is crossed once. No queue
  // outlasts what the device does at best.
  double low = 0, high = offline_per_s(service, most_batch);
  if (keeps(high)) return high;
  while (high - low > 1e-3 * high) {
    const double middle = 0.5 * (low + high);
    (keeps(middle) ? low : high) = middle;
  }
  return low;
}

}  // namespace fringe
