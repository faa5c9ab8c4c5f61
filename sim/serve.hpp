// Requests to one piece of hardware as MLPerf Inference puts them (V. J. Reddi et al., arXiv:1911.02549): one
// after another, all at once, and at random times.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/cost.hpp"
#include "core/observer.hpp"
#include "core/thread_pool.hpp"

namespace fringe {

struct ServeRequest {
  std::string workload;  ///< of the zoo, or an ONNX file
  /// Presets, boards ("h200" takes its fastest format that trains, "h200 int8" that one), systolic arrays,
  /// "cpu" and "cublas-FORMAT", which are measured here; empty: everything that is modelled.
  std::vector<std::string> hardware;
  std::size_t most_batch = 64;  ///< a power of two
  // The server scenario's (mlcommons/inference, mlperf.conf at 0edaaf5c: resnet50.Server.target_latency,
  // *.Server.target_latency_percentile, *.Server.min_query_count).
  double bound_s = 15e-3;         ///< for image classification; BERT has 130 ms there
  double share = 0.99;            ///< of the requests that keep to it
  std::size_t requests = 270336;  ///< of each run, for 99 %
  std::uint64_t seed = 1;
};

/// Of the highest rate, at which percentiles are told.
inline constexpr std::array serve_loads{0.1, 0.5, 0.8, 0.95};
inline constexpr std::array serve_percentiles{0.5, 0.9, 0.95, 0.99, 0.999};

struct ServedLoad {
  double of_offline, per_s;
  std::array<double, serve_percentiles.size()> latency_s;
  double mean_batch, busy;
};

struct ServedHardware {
  std::string name, camp;
  Provenance provenance = Provenance::modelled;
  std::string why_not;         ///< "" where it serves
  double single_stream_s = 0;  ///< one request after another
  double offline_per_s = 0;    ///< all at once, in batches of
  std::size_t offline_batch = 0;
  double server_per_s = 0;  ///< at random times, within the bound
  std::vector<ServedLoad> loads;
};

struct Served {
  ServeRequest request;
  std::vector<ServedHardware> hardware;
  bool stopped = false;
};

/// Batches are priced at powers of two; one in between runs as the next of them, as engines that were built
/// for fixed sizes do. None is larger than a modelled board's memory holds with what earlier tokens left, nor
/// than the one that serves most at once: where larger ones take longer for each request, a queue that once
/// made them would never empty. Times are those of compare: on the
/// device. The rate within the bound is found to 0.1 %, and may be half a percent too high where it is near
/// that of all at once, as a run ends before such a queue has settled. Equal requests give equal numbers,
/// measured ones aside. Throws Error where a name, the workload or a number is out of range.
Served serve_workload(const ServeRequest& request, ThreadPool& pool, Observer& observer);

/// At most 118 columns wide.
std::string served_text(const Served& served);
std::string served_json(const Served& served);

}  // namespace fringe
