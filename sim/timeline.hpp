// What happens when on a photonic system: a workload's list of work as a schedule, as numbers, as a table of
// the trace and as a file for trace viewers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "photonics/photonic_schedule.hpp"
#include "sim/trace_writer.hpp"

namespace fringe {

struct TimelineRequest {
  std::string workload;      ///< of the zoo, or an ONNX file
  std::string preset;        ///< photonic, published systems among them
  std::size_t batch = 1;     ///< samples of a request
  std::size_t cores = 0;     ///< 0: those of the preset
  std::size_t chips = 1;     ///< that the cores stand on
  std::string link;          ///< between them, a row of the catalogue; "": that of the preset
  std::size_t requests = 1;  ///< at random times where there is more than one
  double per_s = 0;          ///< requests a second; 0: half of what the busiest resource allows
  std::uint64_t seed = 1;    ///< of the times of arrival
  PhotonicScheduleOptions options;
};

struct Timeline {
  TimelineRequest request;
  std::vector<std::string> operators;  ///< of the list, by index
  std::string model_sha256;            ///< of an ONNX file; "": of the zoo
  PhotonicSchedule schedule;
  Cost price;        ///< of one request, without a schedule
  double per_s = 0;  ///< requests a second; 0: one request
};

/// Throws Error where a name, a number or the schedule is out of range.
Timeline make_timeline(const TimelineRequest& request);

/// "weights", "inputs", "outputs"; "digital", "converter", "analog". Throw Error, offering the nearest name.
Stationary find_stationary(std::string_view name);
PartialSums find_partial_sums(std::string_view name);

/// At most 100 columns wide.
std::string timeline_text(const Timeline& timeline);
std::string timeline_json(const Timeline& timeline);

/// JSON of the Trace Event Format, which Perfetto and chrome://tracing open: a complete event for each task,
/// by start, a thread for each server. Viewers resolve a nanosecond, so a microsecond of the file is a
/// nanosecond of the system; the name of its process says so.
std::string chrome_trace(const Timeline& timeline);

/// The experiment that a trace of it names.
std::string timeline_toml(const Timeline& timeline);
/// A record of the table `timeline` for each task; the workload's file in `models`.
void record_timeline(TraceWriter& trace, const Timeline& timeline);

}  // namespace fringe
