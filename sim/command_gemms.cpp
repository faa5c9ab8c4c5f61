// fringe gemms: the GPU model against products that were measured on a board.
#include <cstdio>
#include <string>

#include "sim/commands.hpp"
#include "sim/measured_gemms.hpp"

namespace fringe {
namespace {

struct GemmOptions {
  std::string file, gpu, seed;
  bool json = false;
};

void add_gemm_options(CLI::App& command, GemmOptions& options) {
  command.add_option("file", options.file, "JSON of scripts/gpu_check.sh, or of bench_gpu --benchmark_out")
      ->required();
  command.add_option("--gpu", options.gpu, "board of the catalogue; default: that of the file's device")
      ->type_name("NAME");
  command.add_option("--seed", options.seed, "of the random half that is fitted; default: 1")->type_name("N");
  add_json_option(command, options.json);
}

int run_gemms(const GemmOptions& options) {
  const CalibratedGpu calibrated =
      calibrate_gpu(read_measured_gemms(options.file), options.gpu, parse_seed(options.seed).value_or(1));
  std::fputs((options.json ? calibrated_json(calibrated) : calibrated_text(calibrated)).c_str(), stdout);
  return 0;
}

}  // namespace

Command add_gemms_command(CLI::App& app) {
  return add_command<GemmOptions>(app, "gemms",
                                  "the GPU model calibrated on products measured on a board, and its error",
                                  add_gemm_options, run_gemms);
}

}  // namespace fringe
