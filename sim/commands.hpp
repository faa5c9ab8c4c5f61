// The commands of the command line. A command's file adds it with its options and says what it does.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace fringe {

/// A command with what it does when it was given: the exit status, or Error.
struct Command {
  CLI::App* app;
  std::function<int()> run;
};

/// The command with options of its own, which live as long as it does: add(app, options), then
/// run(options).
template <class Options, class Add, class Run>
Command add_command(CLI::App& app, const char* name, const char* description, Add add, Run run) {
  CLI::App* command = app.add_subcommand(name, description);
  const auto options = std::make_shared<Options>();
  add(*command, *options);
  return {command, [options, run] { return run(*options); }};
}

// In the order of the help.
Command add_compare_command(CLI::App& app);
Command add_run_command(CLI::App& app);
Command add_sweep_command(CLI::App& app);
Command add_pareto_command(CLI::App& app);
Command add_sensitivity_command(CLI::App& app);
Command add_validate_command(CLI::App& app);
Command add_calibrate_command(CLI::App& app);
Command add_yield_command(CLI::App& app);
Command add_audit_command(CLI::App& app);
Command add_advise_command(CLI::App& app);
Command add_serve_command(CLI::App& app);
Command add_timeline_command(CLI::App& app);
Command add_precision_command(CLI::App& app);
Command add_breakeven_command(CLI::App& app);
Command add_gemms_command(CLI::App& app);
Command add_list_command(CLI::App& app);
Command add_inspect_command(CLI::App& app);
Command add_import_command(CLI::App& app);

/// What several commands take.
struct CommonOptions {
  unsigned threads = 0;
  bool json = false, quiet = false;
};
struct RunOptions : CommonOptions {
  std::string data, out, seed;
};
void add_common_options(CLI::App& command, CommonOptions& options);
void add_json_option(CLI::App& command, bool& json);
/// --out and --seed with the common ones.
void add_run_options(CLI::App& command, RunOptions& options);
/// For options that count: digits alone, as the parser takes -1 for the largest number there is.
CLI::Validator whole_number();
/// For options with a range, both ends included.
CLI::Validator whole_number(unsigned least, unsigned most);
CLI::Validator number(double least, double most);
/// None where the text is empty. Throws Error where it is no whole number.
std::optional<std::uint64_t> parse_seed(const std::string& text);

}  // namespace fringe
