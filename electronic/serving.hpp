// Requests to one device: the latency of one, throughput at best, and latencies when requests arrive at
// random.
//
// The device is a service time: seconds until a batch has its results, and until the next one can start.
// Requests queue in the order of arrival; whenever the device is free it takes all that wait, at most
// `most_batch`, and never waits for more. With Poisson arrivals this is the server scenario of MLPerf
// Inference (V. J. Reddi et al., arXiv:1911.02549), one request after another its single-stream, all requests
// at once its offline scenario. With batches of one and a fixed service time it is the queue M/D/1, with
// exponential ones M/M/1.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/draw.hpp"

namespace fringe {

/// Of a batch, both > 0 [s]. In a pipeline the next batch starts before this one is done.
struct Service {
  double latency_s, interval_s;
  Service(double seconds) : latency_s(seconds), interval_s(seconds) {}
  Service(double latency, double interval) : latency_s(latency), interval_s(interval) {}
};
/// `serial` counts the batches of a run, for service times that vary.
using ServiceTime = std::function<Service(int batch, std::size_t serial)>;

struct Latencies {
  std::vector<double> sorted_s;  ///< of every request, from its arrival to the end of its batch
  double busy = 0;               ///< part of the time that the device took no batch
  double mean_batch = 0;

  double mean() const;
  /// The smallest latency that a part p of the requests doesn't exceed, 0 < p <= 1.
  double percentile(double p) const;
};

/// `arrivals_s` in rising order, at least one; most_batch >= 1. Throws Error otherwise, or where a service
/// time isn't positive.
Latencies serve(std::span<const double> arrivals_s, const ServiceTime& service, int most_batch);

/// Times of arrivals at `per_s` on average, independent of each other.
std::vector<double> poisson_arrivals(double per_s, std::size_t count, const Draw& draw);

/// Requests a second when they never run out: the best of batches up to most_batch.
double offline_per_s(const ServiceTime& service, int most_batch);

/// MLPerf's server metric: the highest rate of Poisson arrivals at which a part p of the requests keeps to
/// `bound_s`, within 0.1 %; 0 where not even a lone request does.
double server_per_s(const ServiceTime& service, int most_batch, double bound_s, double p,
                    std::size_t requests, const Draw& draw);

}  // namespace fringe
