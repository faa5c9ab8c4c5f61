// fringe breakeven: when light wins, and what would have to become true.
#include <cstdio>
#include <string>
#include <vector>

#include "core/thread_pool.hpp"
#include "sim/breakeven.hpp"
#include "sim/commands.hpp"
#include "sim/progress.hpp"

namespace fringe {
namespace {

struct BreakevenOptions : CommonOptions {
  std::string what, out, training, format;
  std::vector<std::string> boards;
};

int run_breakeven(const BreakevenOptions& options) {
  BreakevenRequest request;
  if (options.what.ends_with(".toml")) {
    request = read_breakeven(options.what);
  } else {
    request = parse_breakeven(default_breakeven_text(), "built-in experiment");
    if (!options.what.empty()) request.workload = options.what;
  }
  if (!options.boards.empty()) request.boards = options.boards;
  if (!options.training.empty()) {
    request.training = find_training_scheme(options.training);
    if (scaled(request.format)) request.format = Format::bf16;
  }
  if (!options.format.empty()) request.format = find_format(options.format);
  const bool file_alone = options.what.empty() || options.what.ends_with(".toml");
  if (!file_alone || !options.boards.empty() || !options.training.empty() || !options.format.empty())
    update_text(request);
  catch_interrupts();
  ThreadPool pool(options.threads);
  Breakeven result;
  {
    ProgressBar progress(options.quiet);
    result = breakeven(request, pool, progress);
  }
  if (!options.out.empty()) record_breakeven(options.out, result);
  std::fputs((options.json ? breakeven_json(result) : breakeven_text(result)).c_str(), stdout);
  if (!options.json && !options.out.empty()) std::printf("\ntrace: %s\n", options.out.c_str());
  return result.stopped ? 130 : 0;
}

}  // namespace

Command add_breakeven_command(CLI::App& app) {
  return add_command<BreakevenOptions>(
      app, "breakeven", "when light wins against a board, and what would have to become true",
      [](CLI::App& command, BreakevenOptions& options) {
        command.add_option("what", options.what,
                           "TOML file with your devices, see experiments/breakeven.toml, or a workload of "
                           "the zoo, or a model.onnx");
        command
            .add_option("--against", options.boards, "boards, instead of the file's; see fringe list gpus")
            ->type_name("NAME");
        command.add_option("--format", options.format, "of the boards, instead of the file's")
            ->type_name("NAME");
        command
            .add_option("--training", options.training,
                        "steps of training instead of inference, boards in bf16 where the file says int8: "
                        "reprogram (slopes on the digital unit, new phases decomposed), in-situ (slopes "
                        "measured in the mesh)")
            ->type_name("WAY");
        command.add_option("--out", options.out, "trace to write (HDF5); without it: none")
            ->type_name("FILE");
        add_common_options(command, options);
      },
      run_breakeven);
}

}  // namespace fringe
