// fringe precision: the cheapest number of bits and averages of each layer.
#include <cstdio>

#include "core/error.hpp"
#include "core/thread_pool.hpp"
#include "sim/commands.hpp"
#include "sim/precision.hpp"
#include "sim/progress.hpp"

namespace fringe {
namespace {

struct PrecisionOptions : CommonOptions {
  std::string experiment, seed;
  double points = 1;
};

constexpr double held_back = 0.2;  // of the training rows, where the experiment holds none back

int run_precision(const PrecisionOptions& options) {
  Experiment experiment = read_experiment(options.experiment);
  override_experiment(experiment, parse_seed(options.seed), {});
  if (experiment.training.validation == 0) experiment.training.validation = held_back;
  std::vector<const PhotonicEntry*> entries;
  for (const PhotonicEntry& entry : experiment.photonic)
    if (entry.numbers) entries.push_back(&entry);
  if (entries.empty())
    throw Error(options.experiment + ": no photonic system has a number system; add [photonic.NAME.numbers]");
  catch_interrupts();
  ThreadPool pool(options.threads);
  std::vector<PrecisionSearch> searches;
  bool stopped = false;
  {
    ProgressBar progress(options.quiet);
    Study study(experiment, pool, progress);
    study.train_floating();
    for (const PhotonicEntry* entry : entries) {
      if ((stopped = progress.stop_requested())) break;
      searches.push_back(search_precision(study, *entry, options.points));
    }
    stopped = stopped || progress.stop_requested();
  }
  std::string text = options.json ? precision_json(searches) : "";
  if (!options.json)
    for (const PrecisionSearch& search : searches)
      text += (text.empty() ? "" : "\n") + precision_text(search);
  std::fputs(text.c_str(), stdout);
  return stopped ? 130 : 0;
}

}  // namespace

Command add_precision_command(CLI::App& app) {
  return add_command<PrecisionOptions>(
      app, "precision", "the cheapest bits and averages of each layer at an accuracy",
      [](CLI::App& command, PrecisionOptions& options) {
        command
            .add_option("experiment", options.experiment,
                        "TOML file with [photonic.NAME.numbers], see experiments/README.md")
            ->required();
        command
            .add_option("--points", options.points,
                        "accuracy that may be lost against floating point, in points; default: 1")
            ->type_name("POINTS")
            ->check(number(0, 100));
        command.add_option("--seed", options.seed, "seed of all random numbers, instead of the experiment's")
            ->type_name("N");
        add_common_options(command, options);
      },
      run_precision);
}

}  // namespace fringe
