// fringe serve: requests at random times.
#include <cstdio>
#include <string>

#include "core/thread_pool.hpp"
#include "sim/commands.hpp"
#include "sim/progress.hpp"
#include "sim/serve.hpp"

namespace fringe {
namespace {

struct ServeOptions : CommonOptions {
  ServeRequest request;
  std::string seed;
};

void add_serve_options(CLI::App& command, ServeRequest& request) {
  command.add_option("workload", request.workload, "see fringe list workloads, or a model.onnx")->required();
  command
      .add_option("--on", request.hardware,
                  "presets, boards (h200, or \"h200 int8\"), arrays; cpu and cublas-FORMAT are measured; "
                  "default: all that is modelled")
      ->type_name("NAME");
  command.add_option("--batch", request.most_batch, "largest batch, a power of two; default: 64")
      ->check(whole_number())
      ->type_name("N");
  command.add_option("--bound", request.bound_s, "latency bound [s]; default: 0.015")->type_name("S");
  command.add_option("--share", request.share, "share of the requests that keep to it; default: 0.99")
      ->type_name("P");
  command.add_option("--requests", request.requests, "of each run; default: 270336")
      ->check(whole_number())
      ->type_name("N");
}

int run_serve(const ServeOptions& options) {
  ServeRequest request = options.request;
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

}  // namespace

Command add_serve_command(CLI::App& app) {
  return add_command<ServeOptions>(
      app, "serve", "requests at random times: latencies, and the most that a bound allows",
      [](CLI::App& command, ServeOptions& options) {
        add_serve_options(command, options.request);
        command.add_option("--seed", options.seed, "seed of the times of arrival")->type_name("N");
        add_common_options(command, options);
      },
      run_serve);
}

}  // namespace fringe
