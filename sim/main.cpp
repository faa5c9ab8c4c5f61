// The command line. Exit status: 0 done, 1 traces differ, a law isn't met or data leak, 2 bad input, 130
// stopped on request.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "sim/commands.hpp"
#include "sim/text.hpp"
#include "sim/version.hpp"

namespace fringe {

void add_json_option(CLI::App& command, bool& json) {
  command.add_flag("--json", json, "print the result as JSON");
}

void add_common_options(CLI::App& command, CommonOptions& options) {
  command
      .add_option("--threads", options.threads,
                  "threads, 1 to 1024; default: all. Numbers don't depend on it")
      ->type_name("N")
      ->check(whole_number(1, 1024));
  add_json_option(command, options.json);
  command.add_flag("--quiet", options.quiet, "no progress on standard error");
}

void add_run_options(CLI::App& command, RunOptions& options) {
  command.add_option("--out", options.out, "trace to write (HDF5); default: NAME.h5 here")->type_name("FILE");
  command.add_option("--seed", options.seed, "seed of all random numbers, instead of the experiment's")
      ->type_name("N");
  add_common_options(command, options);
}

std::optional<std::uint64_t> parse_seed(const std::string& text) {
  if (text.empty()) return {};
  std::uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size())
    throw Error("--seed: takes a whole number from 0 to 2⁵³, not '" + text + "'");
  return seed;
}

CLI::Validator whole_number() {
  return CLI::Validator(
      [](std::string& text) {
        const bool whole = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
        return whole ? std::string() : "takes a whole number, not '" + text + "'";
      },
      "");
}

namespace {

/// The whole text is a number in the range.
template <class Number>
CLI::Validator in_range(const char* kind, Number least, Number most) {
  return CLI::Validator(
      [=](std::string& text) {
        Number value{};
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error == std::errc() && end == text.data() + text.size() && least <= value && value <= most)
          return std::string();
        std::ostringstream said;
        said << "takes a " << kind << " from " << least << " to " << most << ", not '" << text << "'";
        return said.str();
      },
      "");
}

}  // namespace

CLI::Validator whole_number(unsigned least, unsigned most) { return in_range("whole number", least, most); }
CLI::Validator number(double least, double most) { return in_range("number", least, most); }

namespace {

/// Help in lines of at most 100 characters.
class Help : public CLI::Formatter {
  static std::string lines(const std::string& text) {
    const std::string all = wrapped(text, "", 100 - column);
    return all.substr(0, all.find_last_not_of('\n') + 1);
  }

 public:
  static constexpr std::size_t column = 30;
  std::string make_option_desc(const CLI::Option* option) const override {
    return lines(option->get_description());
  }
  std::string make_subcommand(const CLI::App* command) const override {
    std::stringstream out;
    CLI::detail::format_help(out, command->get_name(), lines(command->get_description()), column);
    return out.str();
  }
};

/// What is wrong with the arguments of `given`, in fringe's words where the parser's are its own.
std::string misused(const CLI::App& given, const CLI::ParseError& error) {
  const std::string said = error.what();
  const auto from = [&](std::string_view head, std::string_view tail, const std::string& text) {
    return said.starts_with(head) && said.ends_with(tail)
               ? text + said.substr(head.size(), said.size() - head.size() - tail.size())
               : std::string();
  };
  std::string text = said;
  if (const std::string lacks = from("", " is required", "lacks "); !lacks.empty()) text = lacks;
  if (const std::string bad = from("Could not convert: ", "", ""); !bad.empty()) {
    const std::size_t equals = bad.find(" = ");
    text = bad.substr(0, equals) + ": takes a number, not '" +
           (equals == std::string::npos ? "" : bad.substr(equals + 3)) + "'";
  }
  if (const std::size_t at = said.find(": 1 required "); at != std::string::npos)
    text = said.substr(0, at) + ": lacks its " + said.substr(at + 13, said.rfind(' ') - at - 13);
  return given.get_name() + ": " + text + " (see " +
         (given.get_parent() == nullptr ? "" : given.get_parent()->get_name() + " ") + given.get_name() +
         " --help)";
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

int command_line(int argc, char** argv) {
  CLI::App app("fringe: the same workload on light and on electrons. Without a command: compare.", "fringe");
  app.set_version_flag("--version", std::string(program_version));
  app.require_subcommand(0, 1);
  app.formatter(std::make_shared<Help>());
  const Command commands[] = {
      add_compare_command(app),   add_run_command(app),         add_sweep_command(app),
      add_pareto_command(app),    add_sensitivity_command(app), add_validate_command(app),
      add_calibrate_command(app), add_yield_command(app),       add_audit_command(app),
      add_advise_command(app),    add_serve_command(app),       add_timeline_command(app),
      add_precision_command(app), add_breakeven_command(app),   add_gemms_command(app),
      add_list_command(app),      add_inspect_command(app),     add_import_command(app)};
  app.footer("fringe COMMAND --help tells what a command takes; fringe list, what there is to choose from.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    // An argument that nobody knows says more than one that is missing.
    const auto commands_given = app.get_subcommands();
    const CLI::App& given = commands_given.empty() ? app : *commands_given.front();
    if (const auto unknown = app.remaining(true); !unknown.empty())
      throw Error(unknown_argument(app, given, unknown.front()));
    throw Error(misused(given, error));
  }
  for (const Command& command : commands)
    if (command.app->parsed()) return command.run();
  return commands[0].run();
}

}  // namespace
}  // namespace fringe

int main(int argc, char** argv) {
  try {
    const int status = fringe::command_line(argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      throw fringe::Error(std::string("standard output cannot be written: ") + std::strerror(errno));
    return status;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "fringe: there is not enough memory for this; smaller sizes take less\n");
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fringe: %s\n", error.what());
    return 2;
  }
}
