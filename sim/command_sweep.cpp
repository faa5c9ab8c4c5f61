// fringe sweep: an experiment at every point of its axes.
#include <cstdio>
#include <string>

#include "core/thread_pool.hpp"
#include "sim/commands.hpp"
#include "sim/progress.hpp"
#include "sim/sweep.hpp"
#include "sim/sweep_report.hpp"

namespace fringe {
namespace {

struct SweepOptions : CommonOptions {
  std::string file, out;
};

int sweep(const SweepOptions& options) {
  const SweepFile file = read_sweep(options.file);
  const SweepPlan plan = plan_sweep(file, points_of(file));
  const std::string& name = plan.experiments.front().name;
  const std::string out = options.out.empty() ? name + ".h5" : options.out;
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
  if (!result.runs.empty()) {
    const StoredSweep stored = read_sweep_trace(TraceReader(out), out);
    const auto report = options.json ? sweep_json : sweep_text;
    std::fputs(report(stored, name, plan.runs()).c_str(), stdout);
  }
  if (!options.json) std::printf("\ntrace: %s\n", out.c_str());
  return result.stopped ? 130 : 0;
}

}  // namespace

Command add_sweep_command(CLI::App& app) {
  return add_command<SweepOptions>(
      app, "sweep", "an experiment at every point of its axes, resumable",
      [](CLI::App& command, SweepOptions& options) {
        command.add_option("experiment", options.file, "TOML file with a table [sweep], see experiments/README.md")
            ->required();
        command
            .add_option("--out", options.out,
                        "trace to write (HDF5), or to go on from; default: NAME.h5 here")
            ->type_name("FILE");
        add_common_options(command, options);
      },
      sweep);
}

}  // namespace fringe
