// When light wins: sizes of lasers and converters, break-evens, maps and files.
#include "sim/breakeven.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numeric>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "photonics/converters.hpp"
#include "photonics/link_budget.hpp"
#include "photonics/photonic_accelerator.hpp"
#include "sim/modelled.hpp"
#include "sim/trace_inspect.hpp"
#include "tests/sim/trace_support.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

constexpr double eps = 2.3e-16;

BreakevenRequest small(const std::string& more = "") {
  return parse_breakeven("[breakeven]\nworkload = 'digits-mlp'\nboards = ['h200']\nbatch = 16\n" + more +
                             "[photonic.mine]\npreset = 'realistic'\nmodes = 8\n",
                         "mine.toml");
}

Breakeven found(const BreakevenRequest& request, unsigned threads = 1) {
  ThreadPool pool(threads);
  Observer observer;
  return breakeven(request, pool, observer);
}

// What the header promises, from the budget at the power that it gives.
TEST(LightCost, NoiseOfTheLaserIsThatOfTheConverter) {
  for (const double bits : {4.0, 8.0, 12.0}) {
    PhotonicDesign design = find_photonic_preset("realistic").design;
    design.laser_power_w = laser_power_for(design, bits);
    const LinkBudget budget = link_budget(design);
    const double couplers = static_cast<double>(2 * mesh_columns(design));
    const double kept = std::pow(10, -couplers * mesh_imperfections(design).insertion_loss_db / 10);
    const double step = 2 / std::exp2(bits);
    EXPECT_NEAR(budget.noise_sigma * budget.noise_sigma / kept / (step * step / 12), 1, 64 * eps);
  }
}

// Shot noise alone falls as the power, 4 times for each bit; the receiver's as its square, 2 times.
TEST(LightCost, ABitMoreTakesTwoToFourTimesTheLight) {
  const PhotonicDesign design = find_photonic_preset("realistic").design;
  for (double bits = 3; bits < 13; ++bits) {
    const double more = laser_power_for(design, bits + 1) / laser_power_for(design, bits);
    EXPECT_GT(more, 2);
    EXPECT_LT(more, 4 + 16 * eps);
  }
}

TEST(LightCost, PartsAddUpAndTheNumberOfCoresIsTheCheapest) {
  const Graph graph = find_workload("digits-mlp").graph();
  const LightCost cost(graph, find_memory(PhotonicSetup{}.memory));
  LightPoint point{find_photonic_preset("realistic").design};
  const LightFigure best = cost(point);
  EXPECT_NEAR(std::accumulate(best.part_j.begin(), best.part_j.end(), 0.0) / best.energy_j, 1, 16 * eps);
  for (point.cores = 1; point.cores <= best.tiles; ++point.cores)
    if ((point.cores & (point.cores - 1)) == 0 || point.cores == best.tiles) {
      EXPECT_GE(cost(point).energy_j, best.energy_j);
    }
  point.cores = 2;
  const LightFigure two = cost(point);
  point.design.phase_shifter.pi_power_w *= 10;
  const auto hold = static_cast<std::size_t>(Part::phase_hold);
  EXPECT_NEAR(cost(point).part_j[hold] / two.part_j[hold], 10, 160 * eps);
}

LightPoint in(NumberSystem::Kind kind, double bits = 8) {
  LightPoint point{find_photonic_preset("realistic").design};
  point.numbers = kind;
  point.bits = bits;
  return point;
}

TEST(LightCost, NumberSystemsPayForPassesMatricesAndReceivers) {
  using Kind = NumberSystem::Kind;
  const Graph graph = find_workload("digits-mlp").graph();
  const LightCost cost(graph, find_memory(PhotonicSetup{}.memory));
  LightPoint fixed = in(Kind::fixed, 6), residue = in(Kind::residue), sliced = in(Kind::sliced);
  fixed.cores = residue.cores = sliced.cores = 1;
  const LightFigure plain = cost(fixed), residues = cost(residue), slices = cost(sliced);
  // 63·62 < 2·16·31² + 1 < 63·62·61; seven magnitude bits in two slices.
  EXPECT_EQ(residues.tiles, 3 * plain.tiles);
  EXPECT_EQ(residues.reading.runs, 1);
  EXPECT_EQ(slices.tiles, 2 * plain.tiles);
  EXPECT_EQ(slices.reading.runs, 2);
  EXPECT_EQ(slices.reading.dac_bits, 5) << "four magnitude bits and a sign";
  // One core has as much to do as it holds matrices, one after the other.
  EXPECT_NEAR(plain.samples_per_s / residues.samples_per_s, 3, 48 * eps);
  // Converters of the same bits; two quadratures have one each.
  const auto watts = [](const LightFigure& f, Part part) {
    return f.part_j[static_cast<std::size_t>(part)] * f.samples_per_s;
  };
  EXPECT_NEAR(watts(residues, Part::dac) / watts(plain, Part::dac), 1, 32 * eps);
  EXPECT_NEAR(watts(residues, Part::adc) / watts(plain, Part::adc), 2, 64 * eps);
  EXPECT_NEAR(watts(residues, Part::receiver) / watts(plain, Part::receiver), 2, 64 * eps);
  // The gain of 128 terms is 8, three bits; that of two or fewer none.
  EXPECT_EQ(reading_of(Kind::block, 11, 128).adc_bits, 8);
  EXPECT_EQ(reading_of(Kind::block, 11, 2).adc_bits, 11);
  EXPECT_EQ(cost(in(Kind::block, 11)).photons_per_mac, cost(in(Kind::fixed, 11)).photons_per_mac);
}

// The noise of a residue as number_system.hpp has it, at the power that residues ask for.
TEST(LightCost, OneResidueInAMillionIsReadWrong) {
  PhotonicDesign design = find_photonic_preset("realistic").design;
  const Reading reading = reading_of(NumberSystem::Kind::residue, 8, design.modes);
  design.laser_power_w = laser_power_for(design, reading.light_bits);
  const double sigma = std::sqrt(2.0) * light_noise(design) * 63 / (2 * std::acos(-1.0));
  EXPECT_NEAR(std::erfc(0.5 / (std::sqrt(2.0) * sigma)) / 1e-6, 1, 0.01);  // 4.892 has four digits
  // In that light the simulated readings are whole-number arithmetic: of 3·8192 none or one is wrong.
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  std::vector<float> w(16 * 16), x(16 * 512), lit(16 * 512), exact(lit.size());
  fill_normal(w, {.seed = 1, .site = 1});
  fill_normal(x, {.seed = 1, .site = 2});
  NumberSystem numbers = reading.numbers.value();
  make_number_matrix({w.data(), 16, 16}, numbers, 0, 0, *cpu, pool)
      ->forward({x.data(), 16, 512}, {exact.data(), 16, 512}, {});
  numbers.light_noise = light_noise(design);
  make_number_matrix({w.data(), 16, 16}, numbers, 0, 0, *cpu, pool)
      ->forward({x.data(), 16, 512}, {lit.data(), 16, 512}, {});
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < lit.size(); ++i) wrong += lit[i] != exact[i] ? 1 : 0;
  EXPECT_LE(wrong, 1u);
}

TEST(LightCost, ResiduesTakeTheLightThatTheyNeed) {
  const Graph graph = find_workload("digits-mlp").graph();
  const LightCost cost(graph, find_memory(PhotonicSetup{}.memory));
  LightPoint point = in(NumberSystem::Kind::residue);
  const double needed = cost(point).photons_per_mac;
  point.photons_per_mac = needed / 10;
  EXPECT_NEAR(cost(point).photons_per_mac / needed, 1, 16 * eps);
  point.photons_per_mac = needed * 10;
  EXPECT_NEAR(cost(point).photons_per_mac / needed, 10, 160 * eps);
  point.numbers = NumberSystem::Kind::fixed;
  point.photons_per_mac = needed / 10;
  EXPECT_NEAR(cost(point).photons_per_mac / needed, 0.1, 1.6 * eps) << "an assumption about light";
}

// A step decomposes and programs every weight once, however many samples it has; in situ it decomposes none.
TEST(LightCost, AStepOfTrainingProgramsAllWeightsAnew) {
  const Workload& workload = find_workload("digits-mlp");
  const Graph graph = workload.graph();
  const MemorySystem memory = find_memory(PhotonicSetup{}.memory);
  const LightCost inference(graph, memory),
      reprogram(graph, memory, TrainingScheme::reprogram, workload.training.optimiser),
      in_situ(graph, memory, TrainingScheme::in_situ, workload.training.optimiser);
  LightPoint point = in(NumberSystem::Kind::fixed);
  point.cores = inference(point).tiles;
  const auto decomposition = static_cast<std::size_t>(Part::decomposition);
  const LightFigure forward = inference(point), step = reprogram(point), measured = in_situ(point);
  EXPECT_GT(step.energy_j, forward.energy_j);
  EXPECT_GT(measured.energy_j, forward.energy_j);
  EXPECT_GT(step.part_j[decomposition], 0);
  EXPECT_EQ(forward.part_j[decomposition], 0);
  EXPECT_EQ(measured.part_j[decomposition], 0);
  LightPoint twice = point;
  twice.batch *= 2;
  EXPECT_NEAR(reprogram(twice).part_j[decomposition] / step.part_j[decomposition], 0.5, 16 * eps);
  // Three matrices for one are decomposed and programmed thrice.
  LightPoint residue = point;
  residue.numbers = NumberSystem::Kind::residue;
  residue.cores = 3 * point.cores;
  EXPECT_NEAR(reprogram(residue).part_j[decomposition] / step.part_j[decomposition], 3, 48 * eps);
  EXPECT_THROW(in_situ(residue), Error);
  // What the schedule prices, without the study.
  PhotonicDesign design = point.design;
  design.cores = point.cores;
  design.input_dac = scaled(design.input_dac, point.bits, design.clock_hz);
  design.output_adc = scaled(design.output_adc, point.bits, design.clock_hz);
  design.laser_power_w = laser_power_for(design, point.bits);
  const Cost cost = PhotonicPricing(design, memory, TrainingScheme::reprogram)
                        .price(lower(graph, point.batch, true, workload.training.optimiser));
  EXPECT_EQ(step.energy_j,
            cost.energy_j(Boundary::accelerator, cost.interval_s()) / static_cast<double>(point.batch));
  EXPECT_EQ(step.latency_s, cost.latency_s);
}

TEST(Breakeven, EveryAssumptionIsWhatWasSetAndHasARangeWithASource) {
  const Graph graph = find_workload("digits-mlp").graph();
  const LightCost cost(graph, find_memory(PhotonicSetup{}.memory));
  for (const AssumptionRow& row : assumption_rows()) {
    const Range cited = row.cited();
    EXPECT_LE(cited.low, cited.high) << row.key;
    EXPECT_GE(cited.low, row.scanned.low) << row.key;
    EXPECT_LE(cited.high, row.scanned.high) << row.key;
    EXPECT_FALSE(row.source.empty()) << row.key;
    EXPECT_FALSE(row.meaning.empty()) << row.key;
    for (const double value : {cited.low, cited.high}) {
      LightPoint point{find_photonic_preset("realistic").design};
      row.set(point, value);
      EXPECT_NEAR(row.get(point, cost(point)) / value, 1, 16 * eps) << row.key;
    }
  }
}

// Light's energy against the board's is computed here without the study.
TEST(Breakeven, CrossingsAndMapAreWhatTheFiguresSay) {
  const BreakevenRequest request = small("map = ['pi_power_w', 'batch']\n");
  const Breakeven result = found(request);
  const BreakevenCase& c = result.cases.at(0);
  const Graph graph = find_workload("digits-mlp").graph();
  const LightCost cost(graph, find_memory(PhotonicSetup{}.memory));
  const auto ratio = [&](const LightPoint& point) {
    return cost(point).energy_j / (point.batch == request.light.batch ? c.board_energy_j : 0);
  };
  EXPECT_EQ(c.ratio, ratio(request.light));
  std::size_t crossings = 0;
  for (const AssumptionResult& a : c.assumptions) {
    if (a.row->key == "batch") continue;
    LightPoint low = request.light, high = request.light;
    a.row->set(low, a.range.low), a.row->set(high, a.range.high);
    EXPECT_EQ(a.ratio_low, ratio(low)) << a.row->key;
    EXPECT_EQ(a.ratio_high, ratio(high)) << a.row->key;
    if (!a.breakeven || a.row->whole) continue;
    ++crossings;
    low = high = request.light;
    a.row->set(low, *a.breakeven / 1.0011), a.row->set(high, *a.breakeven * 1.0011);
    EXPECT_NE(ratio(low) < 1, ratio(high) < 1) << a.row->key;
  }
  EXPECT_GT(crossings, 0u);
  EXPECT_EQ(c.map.axes[0]->key, "pi_power_w");
  EXPECT_EQ(c.map.ratio.size(), c.map.values[0].size() * c.map.values[1].size());
  for (std::size_t i = 1; i < c.assumptions.size(); ++i)
    EXPECT_GE(c.assumptions[i - 1].swing(c.ratio), c.assumptions[i].swing(c.ratio));
  EXPECT_LE(c.best, c.ratio);
}

TEST(Breakeven, NumberSystemsStandBesideEachOther) {
  // A map over axes that leave the meshes as they are, which isn't looked at.
  const std::string map = "map = ['pi_power_w', 'batch']\n";
  const Breakeven result = found(small(map));
  const BreakevenCase& c = result.cases.at(0);
  const Graph graph = find_workload("digits-mlp").graph();
  const LightCost cost(graph, find_memory(PhotonicSetup{}.memory));
  ASSERT_EQ(result.systems.size(), 4u);
  double least = result.light.energy_j;
  for (const auto& [kind, light] : result.systems) {
    LightPoint point = result.request.light;
    point.numbers = kind;
    EXPECT_EQ(light.energy_j, cost(point).energy_j);
    least = std::min(least, light.energy_j);
  }
  const auto numbers = std::find_if(c.assumptions.begin(), c.assumptions.end(),
                                    [](const AssumptionResult& a) { return a.row->key == "numbers"; });
  ASSERT_NE(numbers, c.assumptions.end());
  EXPECT_EQ(numbers->ratio_low, c.ratio) << "as it is";
  EXPECT_EQ(numbers->ratio_high, least / c.board_energy_j);
  // From residues, a step may go to any other system.
  const BreakevenCase coded = found(small(map + "numbers = 'residue'\n")).cases.at(0);
  EXPECT_GT(coded.ratio, c.ratio);
  EXPECT_EQ(std::count_if(coded.steps.begin(), coded.steps.end(),
                          [](const Step& s) { return s.row->key == "numbers"; }),
            1);
}

TEST(Breakeven, TrainingIsPricedOnBothSides) {
  const BreakevenRequest request = small("training = 'reprogram'\n");
  EXPECT_EQ(request.format, Format::bf16) << "slopes don't fit int8";
  const Breakeven result = found(request);
  const BreakevenCase& c = result.cases.at(0);
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const Workload& workload = find_workload("digits-mlp");
  const Cost board = modelled_gpu(find_gpu("h200"), Format::bf16, *cpu, pool)
                         .hardware->price(lower(workload.graph(), 16, true, workload.training.optimiser));
  EXPECT_EQ(c.board_energy_j, board.energy_j(Boundary::accelerator, board.interval_s()) / 16);
  EXPECT_NE(breakeven_text(result).find("training steps of digits-mlp"), std::string::npos);
  EXPECT_NE(breakeven_answer(result, c).at(1).find("Each step programs all weights anew"), std::string::npos);
  const Breakeven measured = found(small("training = 'in-situ'\n"));
  EXPECT_EQ(measured.systems.size(), 1u);
  EXPECT_NE(measured.light.energy_j, result.light.energy_j);
  EXPECT_NE(test::error_of([] {
              found(
                  parse_breakeven("[breakeven]\nworkload = 'llama2-7b-decode'\ntraining = 'reprogram'\n"
                                  "[photonic.mine]\n",
                                  "mine.toml"));
            }).find("which nobody trains"),
            std::string::npos);
  EXPECT_NE(test::error_of([] {
              found(
                  parse_breakeven("[breakeven]\nworkload = 'llama2-7b-prefill'\ntraining = 'reprogram'\n"
                                  "boards = ['a100-sxm4-80gb']\n[photonic.mine]\n",
                                  "mine.toml"));
            }).find("gradients and optimiser state"),
            std::string::npos);
  // State alone fits; the activations of the batch don't. No scan goes on to batches that the board can't
  // hold.
  const std::string large =
      "[breakeven]\nworkload = 'bert-large-384'\ntraining = 'reprogram'\nformat = 'fp16'\n"
      "boards = ['rtx3090']\nbatch = ";
  const std::string system = "[photonic.mine]\n";
  EXPECT_NE(
      test::error_of([&] { found(parse_breakeven(large + "64\n" + system, "mine.toml")); })
          .find("board 'rtx3090' doesn't train workload 'bert-large-384': its memory of 24.0 GB doesn't hold "
                "5.36 GB of weights, gradients and optimiser state, 27.9 GB of activations of 64 samples in "
                "fp16, and 1.41 GB of software; it trains at most 39 at a time"),
      std::string::npos);
  EXPECT_NE(test::error_of([&] {
              found(parse_breakeven(large + "4\nranges = {batch = [1, 64]}\n" + system, "mine.toml"));
            }).find("ranges.batch ends at 64; board 'rtx3090' trains at most 39 at a time"),
            std::string::npos);
}

TEST(Breakeven, NoScanGoesOnToBatchesThatTheBoardDoesNotTrain) {
  const BreakevenCase c = found(parse_breakeven("[breakeven]\nworkload = 'vgg16'\ntraining = 'reprogram'\n"
                                                "boards = ['gtx1080ti']\nformat = 'fp32'\nbatch = 8\n"
                                                "map = ['batch', 'wall_plug']\n[photonic.mine]\n",
                                                "mine.toml"))
                              .cases.at(0);
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const Workload& workload = find_workload("vgg16");
  const auto most =
      static_cast<double>(modelled_gpu(find_gpu("gtx1080ti"), Format::fp32, *cpu, pool)
                              .most_training_batch(workload.graph(), workload.training.optimiser));
  EXPECT_LT(most, 512);
  EXPECT_EQ(c.map.values[0].back(), most);
  for (const AssumptionResult& a : c.assumptions)
    if (a.row->key == "batch") {
      EXPECT_EQ(a.range.high, most);
    }
}

TEST(Breakeven, ABoardWithoutTheFormatNamesItsOwn) {
  BreakevenRequest request = small();
  request.boards = {"h200", "t4", "h200"};  // as --against may say
  EXPECT_EQ(test::error_of([&] { found(request); }), "board 'h200' is named twice");
  request.boards = {"v100-sxm2-16gb"};  // as --against does
  EXPECT_NE(test::error_of([&] { found(request); }).find("has no int8; its formats: fp32, fp16"),
            std::string::npos)
      << test::error_of([&] { found(request); });
}

// Words say where a conclusion turns, from the scan's own threshold.
TEST(Breakeven, TheAnswerSaysWhereTheConclusionTurns) {
  Breakeven result = found(small("map = ['pi_power_w', 'batch']\n"));
  BreakevenCase& c = result.cases.at(0);
  const auto says = [&](const std::string& what) {
    const auto answer = breakeven_answer(result, c);
    return std::any_of(answer.begin(), answer.end(),
                       [&](const std::string& s) { return s.find(what) != s.npos; });
  };
  for (AssumptionResult& a : c.assumptions) a.ratio_low = a.ratio_high = c.ratio = 2;
  c.best = 1.5, c.worst = 100;
  EXPECT_TRUE(says("stands wherever one assumption alone lies in its range, and all of them together."));
  c.best = 0.5;
  EXPECT_TRUE(says("in its range, but all of them together turn it."));
  AssumptionResult& power = *std::find_if(c.assumptions.begin(), c.assumptions.end(),
                                          [](const auto& a) { return a.row->key == "pi_power_w"; });
  power.range = {1e-6, 1e-3};
  power.ratio_low = 0.5, power.ratio_high = 3, power.breakeven = 2e-5;
  EXPECT_TRUE(
      says("does not stand: alone, pi_power_w below 20.0 µW (its range: 1.00 µW … 1.00 mW) turns it"));
  c.ratio = 0.9;
  EXPECT_TRUE(says("pi_power_w above 20.0 µW"));
}

TEST(Breakeven, SameNumbersForAnyNumberOfThreads) {
  EXPECT_EQ(breakeven_json(found(small(), 1)), breakeven_json(found(small(), 2)));
}

TEST(Breakeven, TheFilesOwnRangeReplacesThePublishedOne) {
  const Breakeven result = found(small("[breakeven.ranges]\npi_power_w = [1e-6, 1e-3]\n"));
  const auto& list = result.cases.at(0).assumptions;
  const auto own = std::find_if(list.begin(), list.end(), [](const auto& a) { return a.own_range; });
  ASSERT_NE(own, list.end());
  EXPECT_EQ(own->row->key, "pi_power_w");
  EXPECT_EQ(own->range.high, 1e-3);
}

TEST(Breakeven, TraceJsonAndTextTellTheSame) {
  const Breakeven result = found(small());
  const std::string path = ::testing::TempDir() + "breakeven.h5";
  record_breakeven(path, result);
  EXPECT_NE(inspect_trace(path).find("breakeven_map"), std::string::npos);
  const auto json = nlohmann::json::parse(breakeven_json(result));
  EXPECT_EQ(json["cases"].size(), 1u);
  EXPECT_EQ(json["cases"][0]["assumptions"].size(), assumption_rows().size());
  EXPECT_NE(breakeven_text(result).find("h200 int8"), std::string::npos);
  std::filesystem::remove(path);
}

TEST(Breakeven, ItsTextTellsWhatWasChanged) {
  BreakevenRequest changed = small("training = 'no'\n[breakeven.ranges]\nbits = [6, 9]\n");
  changed.workload = "gnmt";
  changed.boards = {"h100-sxm", "b200"};
  changed.format = Format::bf16;
  changed.training = TrainingScheme::reprogram;
  update_text(changed);
  const BreakevenRequest again = parse_breakeven(changed.text, "again.toml");
  EXPECT_EQ(again.workload, changed.workload);
  EXPECT_EQ(again.boards, changed.boards);
  EXPECT_EQ(again.format, changed.format);
  EXPECT_EQ(again.training, changed.training);
  EXPECT_EQ(again.system, changed.system);
  EXPECT_EQ(again.ranges.at("bits").high, 9);
  EXPECT_EQ(again.light.design.modes, changed.light.design.modes);
}

TEST(Breakeven, ExampleOfTheRepositoryIsRead) {
  EXPECT_NO_THROW(read_breakeven(std::string(FRINGE_SOURCE_DIR) + "/experiments/breakeven.toml"));
  EXPECT_NO_THROW(parse_breakeven(default_breakeven_text(), "built-in experiment"));
}

TEST(Breakeven, BadFilesAreRefusedInASentence) {
  const auto refusal = [](const std::string& text) -> std::string {
    try {
      parse_breakeven(text, "mine.toml");
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  const std::string system = "[photonic.mine]\n";
  EXPECT_EQ(refusal(system), "accepted");
  EXPECT_EQ(refusal("[breakeven]\nworkload = 'resnet5'\n" + system),
            "mine.toml:2: breakeven.workload: unknown workload 'resnet5'; did you mean 'resnet50'?");
  EXPECT_EQ(refusal("[breakeven]\nbits = 99\n" + system),
            "mine.toml:2: breakeven.bits: must be from 3 to 14, not 99");
  EXPECT_EQ(refusal("[breakeven]\nboards = ['v100-sxm2-16gb']\nformat = 'bf16'\n" + system),
            "mine.toml:2: breakeven.boards: 'v100-sxm2-16gb' has no bf16; its formats: fp32, fp16, fp64");
  EXPECT_EQ(refusal("[breakeven.ranges]\nmodes = [8.5, 16]\n" + system),
            "mine.toml:2: breakeven.ranges.modes: takes whole numbers");
  EXPECT_EQ(refusal("[breakeven.ranges]\nbits = [9, 8]\n" + system),
            "mine.toml:2: breakeven.ranges.bits: must rise and lie from 3 to 14, not [9, 8]");
  EXPECT_NE(refusal("[breakeven.ranges]\nbitz = [6, 8]\n" + system).find("did you mean 'bits'?"),
            std::string::npos);
  EXPECT_EQ(refusal("[breakeven]\nmap = ['modes', 'modes']\n" + system),
            "mine.toml:2: breakeven.map: has 'modes' twice");
  EXPECT_EQ(refusal("[breakeven]\nmap = ['modes']\n" + system),
            "mine.toml:2: breakeven.map: takes two different assumptions");
  EXPECT_EQ(refusal("[breakeven]\nboards = ['h200', 'h200']\n" + system),
            "mine.toml:2: breakeven.boards: has 'h200' twice");
  EXPECT_EQ(refusal("[breakeven]\nboards = []\n" + system),
            "mine.toml:2: breakeven.boards: takes one board or more; without the key it is h200");
  EXPECT_EQ(refusal("[breakeven]\ntraining = 'insitu'\n" + system),
            "mine.toml:2: breakeven.training: unknown way of training 'insitu'; did you mean 'in-situ'?");
  EXPECT_NE(refusal("[breakeven]\ntraining = 'reprogram'\nformat = 'int8'\n" + system).find("slopes"),
            std::string::npos);
  EXPECT_NE(
      refusal("[breakeven]\ntraining = 'reprogram'\nformat = 'fp8'\n" + system).find("slopes don't fit fp8"),
      std::string::npos);
  EXPECT_NE(refusal("[breakeven]\nnumbers = 'residues'\n" + system).find("did you mean 'residue'?"),
            std::string::npos);
  EXPECT_NE(refusal("[breakeven]\nnumbers = 'residue'\ntraining = 'in-situ'\n" + system).find("take fixed"),
            std::string::npos);
  EXPECT_NE(refusal("[breakeven.ranges]\nnumbers = [1, 2]\n" + system).find("every name is tried"),
            std::string::npos);
  EXPECT_NE(refusal("name = 'x'\n").find("takes one system"), std::string::npos);
}

}  // namespace
}  // namespace fringe
