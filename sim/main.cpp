// The command line. Exit status: 0 done, 1 traces differ, a law isn't met or data leak, 2 bad input, 130
// stopped on request.
#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/thread_pool.hpp"
#include "sim/advise.hpp"
#include "sim/audit_data.hpp"
#include "sim/calibration.hpp"
#include "sim/compare.hpp"
#include "sim/experiment.hpp"
#include "sim/gpu_training.hpp"
#include "sim/imported.hpp"
#include "sim/listing.hpp"
#include "sim/priced.hpp"
#include "sim/progress.hpp"
#include "sim/report.hpp"
#include "sim/serve.hpp"
#include "sim/trace_inspect.hpp"
#include "sim/training_table.hpp"
#include "sim/validate_scaling.hpp"
#include "sim/validation.hpp"
#include "sim/version.hpp"
#include "workloads/onnx_export.hpp"
#include "workloads/onnx_import.hpp"

namespace {

using namespace fringe;

struct RunOptions {
  std::string data, out, seed, workload, checkpoint;
  unsigned threads = 0;
  bool json = false, quiet = false, allow_leak = false;
};

void add_common_options(CLI::App& command, RunOptions& options) {
  command.add_option("--threads", options.threads, "threads; default: all. Numbers don't depend on it")
      ->type_name("N")
      ->check(CLI::Range(1u, 1024u));
  command.add_flag("--json", options.json, "print the result as JSON");
  command.add_flag("--quiet", options.quiet, "no progress on standard error");
}

void add_run_options(CLI::App& command, RunOptions& options) {
  command.add_option("--out", options.out, "trace to write (HDF5); default: NAME.h5 here")->type_name("FILE");
  command.add_option("--seed", options.seed, "seed of all random numbers, instead of the experiment's")
      ->type_name("N");
  add_common_options(command, options);
}

void add_leak_option(CLI::App& command, RunOptions& options) {
  command.add_flag("--allow-leak", options.allow_leak,
                   "train although test rows stand in the training rows; marks the trace");
}

std::optional<std::uint64_t> parse_seed(const std::string& text) {
  if (text.empty()) return {};
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size())
    throw Error("--seed: takes a whole number from 0 to 2⁵³, not '" + text + "'");
  return seed;
}

/// What is wrong with an argument that no command took. `given` is the command that it stood behind.
std::string unknown_argument(const CLI::App& app, const CLI::App& given, const std::string& argument) {
  std::vector<const CLI::App*> commands{&app};
  std::vector<std::string_view> command_names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands.push_back(command);
    command_names.push_back(command->get_name());
  }
  const std::string help =
      " (see " + app.get_name() + (&given == &app ? "" : " " + given.get_name()) + " --help)";
  if (!argument.starts_with("-")) {
    if (&given == &app) return unknown_name("command", argument, command_names) + help;
    return given.get_name() + " takes no further argument '" + argument + "'" + help;
  }
  const std::string option = argument.substr(0, argument.find('='));
  std::string owners;
  for (const CLI::App* command : commands)
    if (command->get_option_no_throw(option) != nullptr)
      owners += (owners.empty() ? "" : ", ") + command->get_name();
  if (!owners.empty()) return "option '" + option + "' belongs to: " + owners + help;
  std::vector<std::string> names;
  for (const CLI::Option* known : given.get_options())
    for (const std::string& name : known->get_lnames()) names.push_back("--" + name);
  return unknown_name("option", option, std::vector<std::string_view>(names.begin(), names.end())) + help;
}

int run(Experiment experiment, const RunOptions& options) {
  override_experiment(experiment, parse_seed(options.seed),
                      options.data.empty() ? std::nullopt : std::optional(options.data), options.allow_leak);
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

/// `fringe compare`: runs the built-in experiment, or prices a workload that it has no data for.
int run_comparison(const RunOptions& options) {
  const bool images = !options.data.empty();
  Experiment experiment =
      parse_experiment(images ? images_experiment_text() : default_experiment_text(), "built-in experiment");
  if (options.workload.empty() || options.workload == experiment.workload) return run(experiment, options);
  const PricedWorkload workload = options.workload.ends_with(".onnx")
                                      ? priced(read_onnx(options.workload), options.workload)
                                      : priced(find_workload(options.workload));
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

int run_import(const std::string& file, const std::string& out, bool json) {
  const OnnxModel model = read_onnx(file);
  if (!out.empty()) write_onnx(model.graph, model.parameters, out);
  std::fputs((json ? imported_json(model, file) : imported_text(model, file)).c_str(), stdout);
  return 0;
}

/// One row at full size, or all of them; `quick` takes fewer draws and leaves the largest meshes out.
/// MNIST comes from --data, else from where the environment says.
int run_validation(const std::string& name, bool all, bool quick, const RunOptions& options) {
  if (all && quick) throw Error("--all is the full size and --quick the reduced one: give one of them");
  if (all && !name.empty()) throw Error("--all runs every row: it takes no name '" + name + "'");
  std::vector<ValidationRow> rows(validation_rows().begin(), validation_rows().end());
  if (!name.empty()) rows = {find_row("validation row", name, rows)};
  catch_interrupts();
  ThreadPool pool(options.threads);
  GalleryData data = gallery_data_at_hand();
  if (!options.data.empty()) data.mnist = options.data;
  ValidationResult result;
  {
    ProgressBar progress(options.quiet);
    result =
        validate(rows, all || (!name.empty() && !quick) ? full_gallery : quick_gallery, pool, progress, data);
  }
  std::fputs((options.json ? validation_json(result) : validation_text(result)).c_str(), stdout);
  const bool training = name == "gpu-training", scaling = name == "gpu-scaling";
  if ((training || scaling) && !options.json && result.count(Verdict::skipped) == 0) {
    const std::vector<TrainingRow> table = read_training_table(data.training_table);
    const std::string residuals =
        training ? training_residuals(single_gpu_rows(table)) : scaling_residuals(scaling_rows(table));
    std::fputs(("\n" + residuals).c_str(), stdout);
  }
  return exit_status(result);
}

void add_calibration_options(CLI::App& command, CalibrationSetup& setup) {
  command.add_option("--mesh", setup.mesh, "topology, see fringe list meshes")->type_name("NAME");
  command.add_option("--crossing", setup.crossings, "crossing types, see fringe list crossings")
      ->type_name("NAME...");
  command.add_option("--modes", setup.modes, "ports of the mesh")->type_name("N...");
  command.add_option("--splitter-sigma", setup.splitter_sigma_rad, "spread of splitting angles [rad]")
      ->type_name("RAD...");
  command
      .add_option("--splitter-correlation", setup.splitter_correlation,
                  "of the splitters of one coupler, 0 to 1")
      ->type_name("RHO");
  command.add_option("--phase-sigma", setup.phase_sigma_rad, "spread of static phase errors [rad]")
      ->type_name("RAD");
  command.add_option("--phase-bits", setup.phase_bits, "of every phase over 2 pi; 0: unlimited")
      ->type_name("BITS");
  command
      .add_option(
          "--crosstalk", setup.crosstalk,
          "heat of a phase shifter that reaches its neighbours: kappa of kappa exp(-distance/9.65 um)")
      ->type_name("KAPPA");
  std::string targets;
  for (const std::string_view name : calibration_targets())
    targets += (targets.empty() ? "" : ", ") + std::string(name);
  command.add_option("--target", setup.target, targets)->type_name("NAME");
  command
      .add_option("--method", setup.methods, "ways of programming, see fringe list programming; default: all")
      ->type_name("NAME...");
  command.add_option("--chips", setup.chips, "fabricated chips of each case")->type_name("N");
  command.add_option("--input-power", setup.input_power_w, "light of a reading [W]")->type_name("W");
  command.add_option("--integration-time", setup.integration_s, "of a reading [s]")->type_name("S");
}

int run_calibration(CalibrationSetup setup, const RunOptions& options) {
  if (const auto seed = parse_seed(options.seed)) setup.seed = *seed;
  const std::string out = options.out.empty() ? "calibrate.h5" : options.out;
  check(setup);
  catch_interrupts();
  ThreadPool pool(options.threads);
  CalibrationResult result;
  {
    ProgressBar progress(options.quiet);
    result = calibrate(setup, pool, progress, out);
  }
  std::fputs((options.json ? calibration_json(result) : calibration_text(result)).c_str(), stdout);
  if (!options.json) std::printf("\ntrace: %s\n", out.c_str());
  return result.stopped ? 130 : 0;
}

/// The published table, from --data or where the environment says; empty: not at hand.
std::filesystem::path training_table(const std::string& data) {
  return data.empty() ? training_table_at_hand()
                      : std::filesystem::path(data) / "gpu_training" / "lambda_2021_02.csv";
}

void add_advise_options(CLI::App& command, AdviceRequest& request, std::string& precision,
                        std::string& data) {
  std::string workloads;
  for (const TrainingModel& model : training_models())
    workloads += (workloads.empty() ? "" : ", ") + std::string(model.name);
  command.add_option("workload", request.workload, workloads)->required();
  command.add_option("--budget", request.budget_usd, "most that the boards may cost; default: no limit")
      ->type_name("USD");
  command.add_option("--power", request.power_w, "most that the boards may draw (TDP); default: no limit")
      ->type_name("W");
  command.add_option("--precision", precision, "fp16 (mixed) or fp32 (TF32 where a board has it)")
      ->type_name("NAME");
  command.add_option("--years", request.years, "over which the price is spread; default: 3")->type_name("N");
  command.add_option("--kwh", request.usd_per_kwh, "price of a kWh of electricity; default: 0.15")
      ->type_name("USD");
  command
      .add_option("--data", data,
                  "folder that holds gpu_training; default: $FRINGE_DATA; without it: modelled")
      ->type_name("DIR");
}

int run_advise(AdviceRequest request, const std::string& precision, const std::string& data, bool json) {
  constexpr std::array<std::string_view, 2> precisions{"fp16", "fp32"};
  if (precision != "fp16" && precision != "fp32")
    throw Error(unknown_name("--precision", precision, precisions));
  request.half = precision == "fp16";
  workload_of(request.workload);  // says first what is wrong with the command
  const AdviceReport report = advise(request, training_table(data));
  std::fputs((json ? advice_json(report) : advice_text(report)).c_str(), stdout);
  return 0;
}

void add_data_options(CLI::App& command, DataOptions& data, std::optional<double>& near_tolerance) {
  command.add_option("--test", data.test, "file of the test rows, of the same format")->type_name("FILE");
  command.add_option("--label", data.label, "column of the class; default: the last")->type_name("COLUMN");
  command.add_option("--target", data.target, "column of a number to be told instead of a class")
      ->type_name("COLUMN");
  command.add_option("--group", data.group, "column that tells whom a row comes from")->type_name("COLUMN");
  command.add_option("--window", data.window, "bytes of a sample of text; default: 64")->type_name("N");
  command
      .add_option("--near", near_tolerance,
                  "largest difference of near rows, in units of a feature's range; 0: equal rows only; "
                  "default: what chance doesn't reach, up to 0.01")
      ->type_name("SHARE");
}

int run_audit(const RunOptions& options, const DataOptions& data, std::optional<double> near_tolerance) {
  ThreadPool pool(options.threads);
  const DataAudit audited = audit_data(options.data, data, near_tolerance, pool);
  std::fputs((options.json ? audit_json(audited) : audit_text(audited)).c_str(), stdout);
  return audited.leaks() ? 1 : 0;
}

void add_serve_options(CLI::App& command, ServeRequest& request) {
  command.add_option("workload", request.workload, "see fringe list workloads")->required();
  command
      .add_option("--on", request.hardware,
                  "presets, boards (h200, or \"h200 int8\"), arrays; cpu and cublas-FORMAT are measured; "
                  "default: all that is modelled")
      ->type_name("NAME...");
  command.add_option("--batch", request.most_batch, "largest batch, a power of two; default: 64")
      ->type_name("N");
  command.add_option("--bound", request.bound_s, "latency bound; default: 0.015")->type_name("S");
  command.add_option("--share", request.share, "of the requests that keep to it; default: 0.99")
      ->type_name("P");
  command.add_option("--requests", request.requests, "of each run; default: 270336")->type_name("N");
}

int run_serve(ServeRequest request, const RunOptions& options) {
  if (const auto seed = parse_seed(options.seed)) request.seed = *seed;
  catch_interrupts();
  ThreadPool pool(options.threads);
  Served served;
  {
    ProgressBar progress(options.quiet);
    served = serve_workload(request, pool, progress);
  }
  std::fputs((options.json ? served_json(served) : served_text(served)).c_str(), stdout);
  return served.stopped ? 130 : 0;
}

int command_line(int argc, char** argv) {
  CLI::App app("fringe: the same workload on light and on electrons. Without a command: compare.", "fringe");
  app.set_version_flag("--version", std::string(program_version));
  app.require_subcommand(0, 1);
  RunOptions options;
  std::string experiment_file, list_name, trace, other_trace, validation_row;
  bool validate_all = false, validate_quick = false;
  CalibrationSetup calibration;

  auto* compare_command =
      app.add_subcommand("compare", "train on digits, run on every hardware, print the table");
  compare_command
      ->add_option("--data", options.data,
                   "28x28 images, such as a folder of MNIST's files; see fringe list data")
      ->type_name("PATH");
  compare_command
      ->add_option("--workload", options.workload,
                   "see fringe list workloads, or a model.onnx; without data for it, priced on all modelled "
                   "hardware")
      ->type_name("NAME");
  add_leak_option(*compare_command, options);
  add_run_options(*compare_command, options);

  auto* run_command = app.add_subcommand("run", "the same for an experiment of your own");
  run_command->add_option("experiment", experiment_file, "TOML file, see experiments/README.md")->required();
  run_command
      ->add_option("--checkpoint", options.checkpoint,
                   "file (HDF5) where trainings leave their state; where it exists, they go on from it")
      ->type_name("FILE");
  run_command
      ->add_option("--data", options.data, "path or name, instead of the experiment's; see fringe list data")
      ->type_name("PATH");
  add_leak_option(*run_command, options);
  add_run_options(*run_command, options);

  auto* validate_command =
      app.add_subcommand("validate", "published laws and figures against what fringe finds");
  validate_command->add_option("row", validation_row, "one row at full size; without it: every row, quick");
  validate_command->add_flag("--all", validate_all, "every row at full size (minutes)");
  validate_command->add_flag("--quick", validate_quick, "fewer draws, wider tolerances (under a minute)");
  validate_command
      ->add_option("--data", options.data, "directory of MNIST's IDX files; default: $FRINGE_DATA/mnist")
      ->type_name("DIR");
  add_common_options(*validate_command, options);

  auto* calibrate_command =
      app.add_subcommand("calibrate", "program imperfect chips in every way: error, readings, chip time");
  add_calibration_options(*calibrate_command, calibration);
  add_run_options(*calibrate_command, options);

  DataOptions data_options;
  std::optional<double> near_tolerance;
  auto* audit_command = app.add_subcommand(
      "audit-data", "test rows that stand in the training rows; exit status 1 if there are any");
  audit_command->add_option("data", options.data, "path or name, see fringe list data")->required();
  add_data_options(*audit_command, data_options, near_tolerance);
  add_common_options(*audit_command, options);

  AdviceRequest advice;
  std::string advice_precision = "fp16", advice_data;
  bool advice_as_json = false;
  auto* advise_command =
      app.add_subcommand("advise", "which boards, and how many, to train a workload on within a budget");
  add_advise_options(*advise_command, advice, advice_precision, advice_data);
  advise_command->add_flag("--json", advice_as_json, "print the result as JSON");

  ServeRequest serving;
  auto* serve_command =
      app.add_subcommand("serve", "requests at random times: latencies, and the most that a bound allows");
  add_serve_options(*serve_command, serving);
  serve_command->add_option("--seed", options.seed, "seed of the times of arrival")->type_name("N");
  add_common_options(*serve_command, options);

  auto* list_command = app.add_subcommand("list", "what there is to choose from, with sources");
  std::string lists;
  for (const std::string_view name : list_names()) lists += (lists.empty() ? "" : ", ") + std::string(name);
  list_command->add_option("what", list_name, lists)->required();

  auto* inspect_command = app.add_subcommand("inspect", "what a trace holds");
  inspect_command->add_option("trace", trace, "trace (HDF5)")->required();
  inspect_command
      ->add_option("--diff", other_trace,
                   "another trace: tells the first place that differs, measured "
                   "figures aside; exit status 1 if there is one")
      ->type_name("FILE");

  std::string model_file, model_out;
  bool model_as_json = false;
  auto* import_command =
      app.add_subcommand("import", "read an ONNX model: its operators, parameters and shapes");
  import_command->add_option("model", model_file, "model.onnx of opset 11 to 17")->required();
  import_command->add_option("--out", model_out, "write it again as fringe has it")->type_name("FILE");
  import_command->add_flag("--json", model_as_json, "print the result as JSON");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    // An argument that nobody knows says more than one that is missing.
    if (const auto unknown = app.remaining(true); !unknown.empty()) {
      const auto given = app.get_subcommands();
      throw Error(unknown_argument(app, given.empty() ? app : *given.front(), unknown.front()));
    }
    throw Error(error.what());
  }
  if (advise_command->parsed()) return run_advise(advice, advice_precision, advice_data, advice_as_json);
  if (import_command->parsed()) return run_import(model_file, model_out, model_as_json);
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
  if (validate_command->parsed())
    return run_validation(validation_row, validate_all, validate_quick, options);
  if (audit_command->parsed()) return run_audit(options, data_options, near_tolerance);
  if (serve_command->parsed()) return run_serve(serving, options);
  if (calibrate_command->parsed()) return run_calibration(calibration, options);
  if (run_command->parsed()) return run(read_experiment(experiment_file), options);
  return run_comparison(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int status = command_line(argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw fringe::Error(std::string("standard output cannot be written: ") + std::strerror(errno));
    return status;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fringe: %s\n", error.what());
    return 2;
  }
}
