// fringe validate: published laws and figures.
#include <cstdio>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "core/thread_pool.hpp"
#include "sim/commands.hpp"
#include "sim/gpu_training.hpp"
#include "sim/progress.hpp"
#include "sim/training_table.hpp"
#include "sim/validate_scaling.hpp"
#include "sim/validation.hpp"

namespace fringe {
namespace {

struct ValidationOptions : CommonOptions {
  std::string row, data;
  bool all = false, quick = false;
};

/// One row at full size, or all of them; `quick` takes fewer draws and leaves the largest meshes out.
/// MNIST comes from --data, else from where the environment says.
int run_validation(const ValidationOptions& options) {
  const std::string& name = options.row;
  const bool all = options.all, quick = options.quick;
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

}  // namespace

Command add_validate_command(CLI::App& app) {
  return add_command<ValidationOptions>(
      app, "validate", "published laws and figures against what fringe finds",
      [](CLI::App& command, ValidationOptions& options) {
        command.add_option("row", options.row, "one row at full size; without it: every row, quick");
        command.add_flag("--all", options.all, "every row at full size (minutes)");
        command.add_flag("--quick", options.quick, "fewer draws, wider tolerances (under a minute)");
        command
            .add_option("--data", options.data, "directory of MNIST's IDX files; default: $FRINGE_DATA/mnist")
            ->type_name("DIR");
        add_common_options(command, options);
      },
      run_validation);
}

}  // namespace fringe
