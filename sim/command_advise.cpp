// fringe advise: which boards, and how many, for a budget.
#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "sim/advise.hpp"
#include "sim/commands.hpp"
#include "sim/training_models.hpp"
#include "sim/training_table.hpp"

namespace fringe {
namespace {

struct AdviceOptions {
  AdviceRequest request;
  std::string precision = "fp16", data;
  bool json = false;
};

/// The published table, from --data or where the environment says; empty: not at hand.
std::filesystem::path training_table(const std::string& data) {
  return data.empty() ? training_table_at_hand()
                      : std::filesystem::path(data) / "gpu_training" / "lambda_2021_02.csv";
}

void add_advise_options(CLI::App& command, AdviceOptions& options) {
  AdviceRequest& request = options.request;
  std::string workloads;
  for (const TrainingModel& model : training_models())
    workloads += (workloads.empty() ? "" : ", ") + std::string(model.name);
  command.add_option("workload", request.workload, workloads)->required();
  command.add_option("--budget", request.budget_usd, "most that the boards may cost; default: no limit")
      ->type_name("USD");
  command.add_option("--power", request.power_w, "most that the boards may draw (TDP); default: no limit")
      ->type_name("W");
  command.add_option("--precision", options.precision, "fp16 (mixed) or fp32 (TF32 where a board has it)")
      ->type_name("NAME");
  command.add_option("--years", request.years, "over which the price is spread; default: 3")->type_name("N");
  command.add_option("--kwh", request.usd_per_kwh, "price of a kWh of electricity; default: 0.15")
      ->type_name("USD");
  command
      .add_option("--data", options.data,
                  "folder that holds gpu_training; default: $FRINGE_DATA; without it: modelled")
      ->type_name("DIR");
  add_json_option(command, options.json);
}

int run_advise(const AdviceOptions& options) {
  AdviceRequest request = options.request;
  const std::string& precision = options.precision;
  constexpr std::array<std::string_view, 2> precisions{"fp16", "fp32"};
  if (precision != "fp16" && precision != "fp32")
    throw Error(unknown_name("--precision", options.precision, precisions));
  request.half = precision == "fp16";
  workload_of(request.workload);  // says first what is wrong with the command
  const AdviceReport report = advise(request, training_table(options.data));
  std::fputs((options.json ? advice_json(report) : advice_text(report)).c_str(), stdout);
  return 0;
}

}  // namespace

Command add_advise_command(CLI::App& app) {
  return add_command<AdviceOptions>(app, "advise",
                                    "which boards, and how many, to train a workload on within a budget",
                                    add_advise_options, run_advise);
}

}  // namespace fringe
