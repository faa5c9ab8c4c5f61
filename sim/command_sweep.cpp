// fringe sweep, fringe pareto, fringe sensitivity: an experiment at many points.
#include <cstdio>
#include <string>

#include "core/thread_pool.hpp"
#include "sim/commands.hpp"
#include "sim/pareto.hpp"
#include "sim/progress.hpp"
#include "sim/sensitivity.hpp"
#include "sim/sweep.hpp"
#include "sim/sweep_report.hpp"
#include "sim/trace_reader.hpp"

namespace fringe {
namespace {

struct SweepOptions : CommonOptions {
  std::string file, out;
};

void add_sweep_options(CLI::App& command, SweepOptions& options, const char* default_out) {
  command.add_option("experiment", options.file, "TOML file with a table [sweep], see experiments/README.md")
      ->required();
  command
      .add_option("--out", options.out,
                  std::string("trace to write (HDF5), or to go on from; default: ") + default_out)
      ->type_name("FILE");
  add_common_options(command, options);
}

SweepResult run_plan(const SweepPlan& plan, const SweepOptions& options, const std::string& out) {
  catch_interrupts();
  ThreadPool pool(options.threads);
  SweepResult result;
  {
    ProgressBar progress(options.quiet);
    result = run_sweep(plan, pool, progress, out);
  }
  if (!options.quiet && result.found > 0)
    std::fprintf(stderr, "fringe: %zu of %zu runs were finished before\n", result.found, plan.runs());
  if (result.stopped) std::fprintf(stderr, "fringe: stopped; the same command goes on\n");
  return result;
}

StoredSweep stored(const std::string& trace) { return read_sweep_trace(TraceReader(trace), trace); }

int sweep(const SweepOptions& options) {
  const SweepFile file = read_sweep(options.file);
  const SweepPlan plan = plan_sweep(file, points_of(file));
  const std::string& name = plan.experiments.front().name;
  const std::string out = options.out.empty() ? name + ".h5" : options.out;
  const SweepResult result = run_plan(plan, options, out);
  if (!result.runs.empty())
    std::fputs((options.json ? sweep_json : sweep_text)(stored(out), name, plan.runs()).c_str(), stdout);
  if (!options.json) std::printf("\ntrace: %s\n", out.c_str());
  return result.stopped ? 130 : 0;
}

int sensitivity(const SweepOptions& options) {
  const SweepFile file = read_sweep(options.file);
  const SweepPlan plan = plan_sweep(file, sensitivity_points(file));
  const std::string& name = plan.experiments.front().name;
  const std::string out = options.out.empty() ? name + "-sensitivity.h5" : options.out;
  if (run_plan(plan, options, out).stopped) return 130;
  const StoredSweep trace = stored(out);
  const SensitivityResult result = sensitivity_of(trace);
  std::fputs((options.json ? sensitivity_json(trace, result) : sensitivity_text(trace, result, name)).c_str(),
             stdout);
  if (!options.json) std::printf("\ntrace: %s\n", out.c_str());
  return 0;
}

struct ParetoOptions {
  std::string trace;
  std::vector<std::string> against;
  bool json = false;
};

int pareto(const ParetoOptions& options) {
  const StoredSweep trace = stored(options.trace);
  std::vector<Price> wanted;
  for (const std::string& name : options.against) wanted.push_back(find_price(name));
  const std::vector<ParetoDesign> front = pareto_front(trace, wanted);
  std::fputs(
      (options.json ? pareto_json(trace, front) : pareto_text(trace, front, options.trace, wanted)).c_str(),
      stdout);
  return 0;
}

}  // namespace

Command add_sweep_command(CLI::App& app) {
  return add_command<SweepOptions>(
      app, "sweep", "an experiment at every point of its axes; the same command goes on after a stop",
      [](CLI::App& command, SweepOptions& options) { add_sweep_options(command, options, "NAME.h5 here"); },
      sweep);
}

Command add_sensitivity_command(CLI::App& app) {
  return add_command<SweepOptions>(
      app, "sensitivity", "which axis of a sweep moves accuracy and joules: ends, Sobol's indices",
      [](CLI::App& command, SweepOptions& options) {
        add_sweep_options(command, options, "NAME-sensitivity.h5 here");
      },
      sensitivity);
}

Command add_pareto_command(CLI::App& app) {
  return add_command<ParetoOptions>(
      app, "pareto", "designs of a sweep that nobody beats: accuracy against energy, time, price and area",
      [](CLI::App& command, ParetoOptions& options) {
        command.add_option("trace", options.trace, "trace of fringe sweep (HDF5)")->required();
        std::string names;
        for (const PriceRow& row : prices()) names += (names.empty() ? "" : ", ") + std::string(row.name);
        command
            .add_option("--against", options.against,
                        "what accuracy is traded for, of " + names + "; default: all")
            ->type_name("NAME");
        add_json_option(command, options.json);
      },
      pareto);
}

}  // namespace fringe
