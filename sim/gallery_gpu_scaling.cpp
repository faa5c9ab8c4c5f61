#include <array>

#include "sim/gallery.hpp"
#include "sim/validate_scaling.hpp"

namespace fringe {
namespace {

using enum Claim::Relation;

std::vector<ValidationCase> scaling_errors(const GallerySize&) {
  // In the order of scaling_scores(). The bounds of naive predictions are the model's: they must do worse.
  ValidationCase errors{
      {{"all rows, workload left out", 0.06, 0, at_most},
       {"open rows, workload left out", 0.06, 0, at_most},
       {"sealed rows, workload left out", 0.06, 0, at_most},
       {"sealed rows, constants of the open ones", 0.06, 0, at_most},
       {"8 boards from at most 4, open rows", 0.065, 0, at_most},
       {"8 boards from at most 4, sealed rows", 0.065, 0, at_most},
       {"8 boards from others of at most 4, all rows", 0.065, 0, at_most},
       {"rows that exchange no gradient", 0.06, 0, at_most},
       {"one efficiency for all, workload left out", 0.06, 0, at_least},
       {"perfect scaling", 0.06, 0, at_least}},
      [](Gallery& gallery) {
        std::vector<Measured> found;
        for (const ScalingScore& score : scaling_scores(scaling_rows(gallery.training_table())))
          found.push_back({score.error});
        return found;
      }};
  errors.needs_training_table = true;
  return {errors};
}

struct MachineClaim {
  std::string_view what;
  double limit;
  Claim::Relation relation;
  MachineRatio MachineRatios::*ratio;
};
constexpr std::array<MachineClaim, 8> machine_claims{
    {{"2 × 3090 / 2 × RTX 8000 NVLink", 1, at_least, &MachineRatios::two_3090_over_two_8000},
     {"A100, NVSwitch / PCIe", 1, at_least, &MachineRatios::nvswitch_over_pcie},
     {"A100: the same, at most slightly", 1.1, at_most, &MachineRatios::nvswitch_over_pcie},
     {"2080 Ti, NVLink bridges / none", 1, at_least, &MachineRatios::bridges_over_none},
     {"2080 Ti: the same, at most slightly", 1.1, at_most, &MachineRatios::bridges_over_none},
     {"8 × 3090, BERT large, fp16", 0.25, at_most, &MachineRatios::eight_3090_bert_fp16},
     {"8 × 3090, BERT large, fp32", 0.25, at_most, &MachineRatios::eight_3090_bert_fp32},
     {"8 × 3090, ResNet-50, fp16", 0.8, at_least, &MachineRatios::eight_3090_resnet_fp16}}};

std::vector<ValidationCase> scaling_claims(const GallerySize&) {
  ValidationCase pairs;
  for (const MachineClaim& c : machine_claims)
    for (const char* whose : {": published", ": ours"})
      pairs.claims.push_back({std::string(c.what) + whose, c.limit, 0, c.relation});
  pairs.measure = [](Gallery& gallery) {
    const MachineRatios ratios = machine_ratios(scaling_rows(gallery.training_table()));
    std::vector<Measured> found;
    for (const MachineClaim& c : machine_claims)
      for (const double value : {(ratios.*c.ratio).measured, (ratios.*c.ratio).modelled})
        found.push_back({value});
    return found;
  };
  pairs.needs_training_table = true;
  return {pairs};
}

constexpr std::string_view table =
    "Lambda, PyTorch training throughput of February 2021 (github.com/lambdal/deeplearning-benchmark, commit "
    "e167f02c)";

constexpr std::array rows{
    ValidationRow{
        "gpu-scaling",
        "training throughput of 2 to 8 boards, one board's time given: mean absolute relative error of "
        "electronic/data_parallel.hpp with its ten constants, and one for the start of short runs, fitted to "
        "other workloads, and of naive predictions. 8 boards from at most 4: constants fitted to rows of at "
        "most 4, and the cell's own "
        "largest of those; from others: without the latter. Rates of BERT are those of the steps that its "
        "short runs made (sim/training_runs.hpp). Bounds are what the project asks for",
        "none: exact numbers", table, scaling_errors},
    ValidationRow{
        "gpu-machines",
        "what links bring on the table's machines, as published and as modelled from one board's "
        "published time: throughput in fp32 of two RTX 3090 over two RTX 8000; efficiency with one link "
        "over that with another (geometric means over workloads, precisions and counts); efficiency of "
        "eight RTX 3090 without peer access",
        "none: exact numbers", table, scaling_claims},
};

}  // namespace

std::span<const ValidationRow> gpu_scaling_rows() { return rows; }

}  // namespace fringe
