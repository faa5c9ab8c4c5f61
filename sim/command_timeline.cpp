// fringe timeline: when the parts of a workload run on a photonic system.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/error.hpp"
#include "sim/commands.hpp"
#include "sim/timeline.hpp"
#include "sim/version.hpp"

namespace fringe {
namespace {

struct TimelineOptions {
  TimelineRequest request;
  std::string out, trace, stationary = "weights", sums = "digital", seed;
  bool serial = false, json = false;
};

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (file.flush()) return;
  if (std::error_code ignored; std::filesystem::is_regular_file(path, ignored))
    std::filesystem::remove(path, ignored);
  throw Error("--out: '" + path + "' cannot be written");
}

int run_timeline(const TimelineOptions& options) {
  TimelineRequest request = options.request;
  if (const auto seed = parse_seed(options.seed)) request.seed = *seed;
  request.options.mapping.stationary = find_stationary(options.stationary);
  request.options.mapping.sums = find_partial_sums(options.sums);
  request.options.overlap = !options.serial;
  const Timeline timeline = make_timeline(request);
  if (!options.trace.empty()) {
    TraceWriter trace(options.trace, {std::string(program_version), std::string(program_commit),
                                      timeline_toml(timeline), request.seed, "", 1, ""});
    record_timeline(trace, timeline);
  }
  if (!options.out.empty()) write_file(options.out, chrome_trace(timeline));
  std::fputs((options.json ? timeline_json(timeline) : timeline_text(timeline)).c_str(), stdout);
  return 0;
}

}  // namespace

Command add_timeline_command(CLI::App& app) {
  return add_command<TimelineOptions>(
      app, "timeline", "when the parts of a workload run on a photonic system",
      [](CLI::App& command, TimelineOptions& o) {
        TimelineRequest& r = o.request;
        PhotonicScheduleOptions& s = r.options;
        command.add_option("workload", r.workload, "see fringe list workloads, or a model.onnx")->required();
        command
            .add_option("--on", r.preset,
                        "a preset (fringe list devices), published systems among them (fringe list systems)")
            ->required()
            ->type_name("PRESET");
        command.add_option("--out", o.out, "events for Perfetto or chrome://tracing (JSON)")
            ->type_name("FILE");
        command.add_option("--trace", o.trace, "trace to write (HDF5)")->type_name("FILE");
        command.add_option("--batch", r.batch, "samples of a request; default: 1")
            ->check(whole_number())
            ->type_name("N");
        command.add_option("--cores", r.cores, "cores of the system; default: those of the preset")
            ->check(whole_number())
            ->type_name("N");
        command
            .add_option("--stationary", o.stationary,
                        "what stays in the mesh: weights, inputs or outputs; default: weights")
            ->type_name("WHAT");
        command
            .add_option("--sums", o.sums,
                        "where partial sums are added: digital, converter or analog; default: digital")
            ->type_name("WHERE");
        command
            .add_option("--accumulators", s.mapping.accumulators,
                        "columns whose sums a core can hold; default: 1024")
            ->check(whole_number())
            ->type_name("N");
        command.add_option("--banks", s.banks, "banks of phases in a core, 1 or 2; default: 2")
            ->check(whole_number())
            ->type_name("N");
        command
            .add_option("--channels", s.programming_channels, "cores that take phases at once; default: all")
            ->check(whole_number())
            ->type_name("N");
        command.add_option("--chips", r.chips, "chips that the cores stand on; default: 1")
            ->check(whole_number())
            ->type_name("N");
        command.add_option("--link", r.link, "link between chips, see fringe list devices")
            ->type_name("NAME");
        command.add_flag("--serial", o.serial,
                         "one piece of work after the other, as the price adds them up");
        command.add_option("--requests", r.requests, "requests at random times; default: 1")
            ->check(whole_number())
            ->type_name("N");
        command
            .add_option("--rate", r.per_s, "requests a second; default: half of what the busiest part allows")
            ->type_name("N");
        command.add_option("--seed", o.seed, "seed of the times of arrival")->type_name("N");
        add_json_option(command, o.json);
      },
      run_timeline);
}

}  // namespace fringe
