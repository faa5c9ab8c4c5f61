// The command line. Exit status: 0 done, 1 traces differ, 2 bad input, 130 stopped on request.
#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>

#include "core/error.hpp"
#include "core/thread_pool.hpp"
#include "sim/compare.hpp"
#include "sim/experiment.hpp"
#include "sim/listing.hpp"
#include "sim/progress.hpp"
#include "sim/report.hpp"
#include "sim/trace_inspect.hpp"
#include "sim/version.hpp"

namespace {

using namespace fringe;

struct RunOptions {
  std::string data, out, seed;
  unsigned threads = 0;
  bool json = false, quiet = false;
};

void add_run_options(CLI::App& command, RunOptions& options) {
  command.add_option("--out", options.out, "trace to write (HDF5); default: NAME.h5 here")->type_name("FILE");
  command.add_option("--seed", options.seed, "seed of all random numbers, instead of the experiment's")->type_name("N");
  command.add_option("--threads", options.threads, "threads; default: all. Numbers don't depend on it")
      ->type_name("N")
      ->check(CLI::Range(1u, 1024u));
  command.add_flag("--json", options.json, "print the result as JSON");
  command.add_flag("--quiet", options.quiet, "no progress on standard error");
}

std::uint64_t parse_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size())
    throw Error("--seed: takes a whole number from 0 to 2⁶⁴−1, not '" + text + "'");
  return seed;
}

int run(Experiment experiment, const RunOptions& options) {
  if (!options.data.empty()) experiment.data = options.data;
  if (!options.seed.empty()) experiment.training.seed = experiment.seed = parse_seed(options.seed);
  const std::string out = options.out.empty() ? experiment.name + ".h5" : options.out;
  catch_interrupts();
  ThreadPool pool(options.threads);
  Comparison result;
  {
    ProgressBar progress(options.quiet);
    result = compare(experiment, pool, progress, out);
  }
  std::fputs((options.json ? report_json(result) : report_text(result)).c_str(), stdout);
  if (!options.json) std::printf("\ntrace: %s\n", out.c_str());
  return result.stopped ? 130 : 0;
}

int command_line(int argc, char** argv) {
  CLI::App app("fringe: the same workload on light and on electrons. Without a command: compare.", "fringe");
  app.set_version_flag("--version", std::string(program_version));
  app.require_subcommand(0, 1);
  RunOptions options;
  std::string experiment_file, list_name, trace, other_trace;

  auto* compare_command = app.add_subcommand("compare", "train on digits, run on every hardware, print the table");
  compare_command->add_option("--data", options.data, "directory of MNIST-style IDX files (plain or .gz)")
      ->type_name("DIR");
  add_run_options(*compare_command, options);

  auto* run_command = app.add_subcommand("run", "the same for an experiment of your own");
  run_command->add_option("experiment", experiment_file, "TOML file, see experiments/README.md")->required();
  add_run_options(*run_command, options);

  auto* list_command = app.add_subcommand("list", "what there is to choose from, with sources");
  std::string lists;
  for (const std::string_view name : list_names()) lists += (lists.empty() ? "" : ", ") + std::string(name);
  list_command->add_option("what", list_name, lists)->required();

  auto* inspect_command = app.add_subcommand("inspect", "what a trace holds");
  inspect_command->add_option("trace", trace, "trace (HDF5)")->required();
  inspect_command->add_option("--diff", other_trace, "another trace: tells the first place that differs, measured "
                                                     "figures aside; exit status 1 if there is one")
      ->type_name("FILE");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ExtrasError&) {
    const std::string extra = app.remaining(true).at(0);
    const bool option = extra.starts_with("-");
    const std::vector<std::string_view> commands{"compare", "run", "list", "inspect"},
        options_of_any{"--data", "--out", "--seed", "--threads", "--json", "--quiet", "--diff", "--help", "--version"};
    throw Error(unknown_name(option ? "option" : "command", extra, option ? options_of_any : commands) +
                " See fringe --help.");
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    throw Error(error.what());
  }
  if (list_command->parsed()) {
    std::fputs(list_table(list_name).c_str(), stdout);
    return 0;
  }
  if (inspect_command->parsed()) {
    if (other_trace.empty()) {
      std::fputs(inspect_trace(trace).c_str(), stdout);
      return 0;
    }
    const std::string difference = compare_traces(trace, other_trace);
    std::printf("%s\n", difference.empty() ? "equal" : difference.c_str());
    return difference.empty() ? 0 : 1;
  }
  if (run_command->parsed()) return run(read_experiment(experiment_file), options);
  const bool images = !options.data.empty();
  return run(parse_experiment(images ? images_experiment_text() : default_experiment_text(), "built-in experiment"),
             options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return command_line(argc, argv);
  } catch (const fringe::Error& error) {
    std::fprintf(stderr, "fringe: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fringe: %s\n", error.what());
    return 2;
  }
}
