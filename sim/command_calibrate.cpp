// fringe calibrate: imperfect chips, programmed in every way.
#include <cstdio>
#include <string>

#include "core/thread_pool.hpp"
#include "sim/calibration.hpp"
#include "sim/commands.hpp"
#include "sim/progress.hpp"
#include "sim/wanted_matrix.hpp"

namespace fringe {
namespace {

struct CalibrationOptions : RunOptions {
  CalibrationSetup setup;
};

void add_calibration_options(CLI::App& command, CalibrationSetup& setup) {
  command.add_option("--mesh", setup.mesh, "topology, see fringe list meshes; default: rectangular")
      ->type_name("NAME");
  command
      .add_option("--crossing", setup.crossings, "crossing types, see fringe list crossings; default: mzi")
      ->type_name("NAME");
  command.add_option("--modes", setup.modes, "ports of the mesh; default: 8")
      ->check(whole_number())
      ->type_name("N");
  command
      .add_option("--splitter-sigma", setup.splitter_sigma_rad,
                  "spread of splitting angles [rad]; default: 0.02")
      ->type_name("RAD");
  command
      .add_option("--splitter-correlation", setup.splitter_correlation,
                  "of the errors of one coupler's splitters, 0 to 1; default: 0")
      ->type_name("RHO");
  command
      .add_option("--phase-sigma", setup.phase_sigma_rad,
                  "spread of static phase errors [rad]; default: 0.02")
      ->type_name("RAD");
  command.add_option("--phase-bits", setup.phase_bits, "bits of every phase over 2π; default: 0, unlimited")
      ->check(whole_number())
      ->type_name("BITS");
  command
      .add_option(
          "--crosstalk", setup.crosstalk,
          "heat of a phase shifter that reaches its neighbours: κ of κ exp(−distance/9.65 µm); default: 0")
      ->type_name("KAPPA");
  command
      .add_option("--target", setup.target,
                  "matrices to program: " + wanted_matrix_names() + "; default: haar")
      ->type_name("NAME");
  command
      .add_option("--method", setup.methods, "ways of programming, see fringe list programming; default: all")
      ->type_name("NAME");
  command.add_option("--chips", setup.chips, "fabricated chips of each case; default: 4")
      ->check(whole_number())
      ->type_name("N");
  command.add_option("--input-power", setup.input_power_w, "light of a reading [W]; default: 0.001")
      ->type_name("W");
  command.add_option("--integration-time", setup.integration_s, "of a reading [s]; default: 1e-6")
      ->type_name("S");
}

int run_calibration(const CalibrationOptions& options) {
  CalibrationSetup setup = options.setup;
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

}  // namespace

Command add_calibrate_command(CLI::App& app) {
  return add_command<CalibrationOptions>(
      app, "calibrate", "program imperfect chips in every way: error, readings, chip time",
      [](CLI::App& command, CalibrationOptions& options) {
        add_calibration_options(command, options.setup);
        add_run_options(command, options);
      },
      run_calibration);
}

}  // namespace fringe
