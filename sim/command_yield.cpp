// fringe yield: Monte Carlo over imperfect chips that all run one program.
#include <cstdio>
#include <string>

#include "core/thread_pool.hpp"
#include "sim/commands.hpp"
#include "sim/progress.hpp"
#include "sim/wanted_matrix.hpp"
#include "sim/yield.hpp"

namespace fringe {
namespace {

struct YieldOptions : RunOptions {
  YieldSetup setup;
};

void add_yield_options(CLI::App& command, YieldSetup& setup) {
  const auto add = [&](const char* option, auto& value, const std::string& help, const char* type) {
    return command.add_option(option, value, help)->type_name(type);
  };
  add("--mesh", setup.mesh, "topology, see fringe list meshes; default: rectangular", "NAME");
  add("--crossing", setup.crossings, "crossing types, see fringe list crossings; default: mzi", "NAME");
  add("--modes", setup.modes, "ports of the mesh; default: 8 16 32 64", "N")->check(whole_number());
  add("--splitter-sigma", setup.splitter_sigma_rad, "spread of splitting angles [rad]; default: 0.02", "RAD");
  add("--phase-sigma", setup.phase_sigma_rad, "spread of static phase errors [rad]; default: 0", "RAD");
  add("--phase-bits", setup.phase_bits, "bits of every phase over 2π; default: 0, unlimited", "BITS")
      ->check(whole_number());
  add("--splitter-correlation", setup.splitter_correlation,
      "of the errors of one coupler's splitters, 0 to 1; default: 0", "RHO");
  add("--insertion-loss", setup.insertion_loss_db, "mean loss of each coupler [dB]; default: 0", "DB");
  add("--insertion-loss-sigma", setup.insertion_loss_sigma_db, "spread of it [dB]; default: 0", "DB");
  add("--target", setup.target, "matrix to perform: " + wanted_matrix_names() + "; default: haar", "NAME");
  add("--chips", setup.chips, "chips of each row; default: 1000", "N")->check(whole_number());
  add("--limit", setup.limit,
      "chips with E of at most this are good; default: 0.1, a hundredth of the power astray", "E");
  add("--on", setup.on, "where it is computed: cpu or cuda; default: cpu", "PLACE");
}

int run_yield(const YieldOptions& options) {
  YieldSetup setup = options.setup;
  if (const auto seed = parse_seed(options.seed)) setup.seed = *seed;
  const std::string out = options.out.empty() ? "yield.h5" : options.out;
  check(setup);
  catch_interrupts();
  ThreadPool pool(options.threads);
  YieldResult result;
  {
    ProgressBar progress(options.quiet);
    result = study_yield(setup, pool, progress, out);
  }
  std::fputs((options.json ? yield_json(result) : yield_text(result)).c_str(), stdout);
  if (!options.json && !result.rows.empty()) std::printf("\ntrace: %s\n", out.c_str());
  return result.stopped ? 130 : 0;
}

}  // namespace

Command add_yield_command(CLI::App& app) {
  return add_command<YieldOptions>(
      app, "yield", "thousands of imperfect chips, one program: how far off, and how many are good",
      [](CLI::App& command, YieldOptions& options) {
        add_yield_options(command, options.setup);
        add_run_options(command, options);
        command.footer(
            "Lists make rows, every value with every other; E = ‖U′−U‖/‖U‖ (Frobenius), U wanted, U′ "
            "performed.\n"
            "Chip 17 of seed 1 is, in Python, fringe_mesh.Mesh(64).fabricate(seed=1, chip=17,\n"
            "splitter_sigma_rad=0.02); all run Mesh(64).decompose(haar_unitary(64, seed=1)), and\n"
            "Mesh(64).trials(program, 1000, seed=1, splitter_sigma_rad=0.02) has the same errors.");
      },
      run_yield);
}

}  // namespace fringe
