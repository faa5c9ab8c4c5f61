// fringe compare and fringe run: experiments, or prices of a workload without data.
#include <cstdio>
#include <filesystem>

#include "core/error.hpp"
#include "core/thread_pool.hpp"
#include "sim/commands.hpp"
#include "sim/compare.hpp"
#include "sim/experiment.hpp"
#include "sim/open_workload.hpp"
#include "sim/priced.hpp"
#include "sim/progress.hpp"
#include "sim/report.hpp"
#include "workloads/onnx_import.hpp"

namespace fringe {
namespace {

struct ExperimentOptions : RunOptions {
  std::string experiment, workload, checkpoint;
  bool allow_leak = false;
};

void add_leak_option(CLI::App& command, ExperimentOptions& options) {
  command.add_flag("--allow-leak", options.allow_leak,
                   "train although test rows stand in the training rows; marks the trace");
}

int run(Experiment experiment, const ExperimentOptions& options) {
  const auto given = [](const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
  };
  override_experiment(experiment, parse_seed(options.seed), given(options.data), options.allow_leak,
                      given(options.workload));
  const std::string out = options.out.empty() ? experiment.name + ".h5" : options.out;
  if (!options.checkpoint.empty() && std::filesystem::absolute(options.checkpoint).lexically_normal() ==
                                         std::filesystem::absolute(out).lexically_normal())
    throw Error("--checkpoint: " + out + " is the trace of this run; name another file");
  catch_interrupts();
  ThreadPool pool(options.threads);
  Comparison result;
  {
    ProgressBar progress(options.quiet);
    result = compare(experiment, pool, progress, out, options.checkpoint);
  }
  if (result.stopped && !options.checkpoint.empty())
    std::fprintf(stderr, "fringe: stopped; the same command goes on from %s\n", options.checkpoint.c_str());
  std::fputs((options.json ? report_json(result) : report_text(result)).c_str(), stdout);
  if (!options.json) std::printf("\ntrace: %s\n", out.c_str());
  return result.stopped ? 130 : 0;
}

/// `fringe compare`: runs the built-in experiment or a network on data, or prices a workload where it gets
/// none.
int run_comparison(const ExperimentOptions& options) {
  const bool images = !options.data.empty();
  Experiment experiment =
      parse_experiment(images ? images_experiment_text() : default_experiment_text(), "built-in experiment");
  const bool model = is_model_file(options.workload);
  if (options.workload.empty() || (images && (model || options.workload == experiment.workload ||
                                              !find_workload(options.workload).layers.empty())))
    return run(experiment, options);
  const PricedWorkload workload =
      model ? priced(read_onnx(options.workload), options.workload) : priced(find_workload(options.workload));
  if (images)
    throw Error("workload '" + options.workload + "' doesn't run on --data, '" + experiment.workload +
                "' does: leave one of them out");
  if (!options.out.empty() || !options.seed.empty())
    throw Error("workload '" + options.workload +
                "' is priced, not run: it takes no --seed and writes no trace");
  const Comparison result = price_workload(workload);
  std::fputs((options.json ? report_json(result) : priced_text(result, workload)).c_str(), stdout);
  return 0;
}

}  // namespace

Command add_compare_command(CLI::App& app) {
  return add_command<ExperimentOptions>(
      app, "compare", "train on digits, run on every hardware, print the table",
      [](CLI::App& command, ExperimentOptions& options) {
        command
            .add_option(
                "--data", options.data,
                "path or name, instead of the built-in digits, of what the network of --workload reads; "
                "see fringe list data")
            ->type_name("PATH");
        command
            .add_option("--workload", options.workload,
                        "see fringe list workloads; mlp@64-32-10 for layers of your sizes, or a trained "
                        "model.onnx, which run on --data; without data, "
                        "priced on all modelled hardware")
            ->type_name("NAME");
        add_leak_option(command, options);
        add_run_options(command, options);
      },
      run_comparison);
}

Command add_run_command(CLI::App& app) {
  return add_command<ExperimentOptions>(
      app, "run", "the same for an experiment of your own",
      [](CLI::App& command, ExperimentOptions& options) {
        command.add_option("experiment", options.experiment, "TOML file, see experiments/README.md")
            ->required();
        command
            .add_option("--checkpoint", options.checkpoint,
                        "file (HDF5) where trainings leave their state; where it exists, they go on from it")
            ->type_name("FILE");
        command
            .add_option("--data", options.data,
                        "path or name, instead of the experiment's; see fringe list data")
            ->type_name("PATH");
        add_leak_option(command, options);
        add_run_options(command, options);
      },
      [](const ExperimentOptions& options) { return run(read_experiment(options.experiment), options); });
}

}  // namespace fringe
