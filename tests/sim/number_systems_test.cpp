// Number systems in experiments: keys, accuracy and cost in a comparison, training in them, and the search
// for the cheapest precision.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "core/error.hpp"
#include "sim/compare.hpp"
#include "sim/photonic_study.hpp"
#include "sim/precision.hpp"
#include "sim/report.hpp"
#include "sim/trace_inspect.hpp"
#include "tests/sim/trace_support.hpp"

namespace fringe {
namespace {

using Kind = NumberSystem::Kind;

TEST(NumberSystems, KeysReachTheSystem) {
  const Experiment e = parse_experiment(
      "workload = 'digits-cnn'\n[photonic.a]\nmodes = 32\n[photonic.a.numbers]\nsystem = 'block'\n"
      "weight_bits = 7\ninput_bits = 6\noutput_bits = 9\ngain = 2.5\naverages = 4\nnoise_steps = 0.25\n"
      "[photonic.a.numbers.operators.conv2d2]\ninput_bits = 5\n[photonic.b.numbers]\nsystem = 'residue'\n"
      "modulus_bits = 6\nredundant = 2\nweight_bits = 6\ninput_bits = 6\n[photonic.c]\n",
      "mine.toml");
  ASSERT_EQ(e.photonic.size(), 3u);
  const NumberSystem& a = e.photonic[0].numbers.value().all;
  EXPECT_EQ(a.kind, Kind::block);
  EXPECT_EQ(a.weight_bits, 7);
  EXPECT_EQ(a.input_bits, 6);
  EXPECT_EQ(a.output_bits, 9);
  EXPECT_EQ(a.gain, 2.5);
  EXPECT_EQ(a.averages, 4);
  EXPECT_EQ(a.noise_steps, 0.25);
  EXPECT_EQ(a.width, 32u) << "the modes";
  EXPECT_EQ(e.photonic[0].numbers->of("conv2d2").input_bits, 5);
  EXPECT_EQ(e.photonic[0].numbers->of("conv2d2").weight_bits, 7) << "the system's";
  EXPECT_EQ(e.photonic[0].numbers->of("conv2d1").input_bits, 6);
  EXPECT_EQ(e.photonic[1].numbers.value().all.redundant, 2);
  EXPECT_FALSE(e.photonic[2].numbers.has_value());
}

TEST(NumberSystems, WrongKeysAreRefusedWithTheNearestName) {
  const auto says = [](const std::string& lines, const std::string& what) {
    const std::string text = test::refusal("workload = 'digits-cnn'\n[photonic.a]\n" + lines);
    EXPECT_NE(text.find("mine.toml:"), std::string::npos) << text;
    EXPECT_NE(text.find(what), std::string::npos) << text;
  };
  says("[photonic.a.numbers]\nsystem = 'blok'\n", "'block'");
  says("[photonic.a.numbers]\nweigth_bits = 4\n", "'weight_bits'");
  says("[photonic.a.numbers]\nweight_bits = 13\n", "from 2 to 12");
  says("[photonic.a.numbers]\nmodulus_bits = 6\n", "belongs to system residue");
  says("[photonic.a.numbers]\nsystem = 'residue'\naverages = 2\n",
       "belongs to system fixed, block and sliced");
  says("[photonic.a.numbers]\nsystem = 'residue'\nmoduli = [15, 21]\n",
       "share no factor, but 15 and 21 share 3");
  says("[photonic.a.numbers]\nsystem = 'residue'\nmoduli = [15, 16]\n", "a product of at least 516129");
  says("[photonic.a.numbers]\nsystem = 'residue'\nmoduli = [15, 16]\nmodulus_bits = 4\n", "one of both");
  says("[photonic.a.numbers]\nmoduli = [15, 16]\n", "belongs to system residue");
  says("[photonic.a.numbers]\nsystem = 'residue'\nmoduli = 15\n", "list of whole numbers");
  says("[photonic.a.numbers.operators.conv2d3]\nweight_bits = 4\n", "'conv2d1'");
  says("[photonic.a.numbers.operators.conv2d2]\nsystem = 'fixed'\n", "unknown");
  says("modes = 64\n[photonic.a.numbers]\nweight_bits = 12\ninput_bits = 12\n", "width");
  says("detection = 'intensity'\nmodes = 512\n[photonic.a.numbers]\n", "homodyne");
  says("activations = 'reprogrammed'\n[photonic.a.numbers]\n", "digital");
}

std::string experiment(const std::string& rest) {
  return "workload = 'digits-cnn'\nfolds = 2\nchips = 2\nbatches = [1, 64]\n[training]\nepochs = 4\n" + rest +
         "[electronic]\ncpu = false\n";
}

const HardwareResult& row(const Comparison& c, const std::string& name) {
  for (const HardwareResult& h : c.hardware)
    if (h.name == name) return h;
  throw Error("no row " + name);
}

Comparison run(const std::string& text, unsigned threads, const std::string& trace) {
  ThreadPool pool(threads);
  Observer silent;
  return compare(parse_experiment(text, "mine.toml"), pool, silent, trace);
}

TEST(NumberSystems, ComparisonsHaveTheirAccuracyTimeAndEnergy) {
  const std::string text = experiment(
      "[in_loop]\nepochs = 1\nsamples = 128\n[photonic.block.numbers]\ngain = 4\n"
      "[photonic.coarse.numbers]\nweight_bits = 2\ninput_bits = 2\n"
      "[photonic.residue.numbers]\nsystem = 'residue'\nweight_bits = 6\ninput_bits = 6\nmodulus_bits = 6\n");
  const test::TemporaryFolder folder;
  const Comparison one = run(text, 1, folder.file("one.h5")), two = run(text, 2, folder.file("two.h5"));
  EXPECT_EQ(compare_traces(folder.file("one.h5"), folder.file("two.h5")), "");
  ASSERT_EQ(one.hardware.size(), 6u) << "three systems as they are and trained; no ideal engine";
  const HardwareResult &block = row(one, "block, ideal meshes"), &coarse = row(one, "coarse, ideal meshes"),
                       &residue = row(one, "residue, ideal meshes"),
                       &trained = row(one, "coarse, ideal meshes, trained");
  EXPECT_GT(block.score().mean, one.float_score().mean - 0.02);
  EXPECT_GT(residue.score().mean, one.float_score().mean - 0.02);
  EXPECT_LT(coarse.score().mean, one.float_score().mean - 0.02);
  EXPECT_GT(trained.score().mean, coarse.score().mean) << "slopes go through the rounding";
  for (const HardwareResult* h : {&block, &residue}) {
    EXPECT_EQ(h->numerics, Provenance::simulated);
    EXPECT_NE(h->note.find("ideal"), std::string::npos);
    ASSERT_NE(h->at_best_batch("resident"), nullptr);
    EXPECT_NE(h->at_best_batch("single core"), nullptr);
    EXPECT_NE(h->at_best_batch("training reprogram"), nullptr);
    const Cost& cost = h->at_best_batch("resident")->cost;
    for (const Part part : {Part::laser, Part::adc, Part::dac, Part::modulator, Part::receiver})
      EXPECT_GT(cost.watts(part), 0) << static_cast<int>(part);
    EXPECT_EQ(h->layers.size(), 3u);
    EXPECT_LT(h->layers[0].error, 0.1);
  }
  // Residues take their moduli times as many cores, of narrower converters.
  const NumberSystem n = parse_experiment(text, "mine.toml").photonic.at(2).numbers.value().all;
  const auto moduli = static_cast<double>(moduli_of(n).size());
  const auto watts = [](const HardwareResult& h, Part part) {
    return h.at_best_batch("resident")->cost.watts(part);
  };
  EXPECT_NEAR(watts(residue, Part::laser) / watts(block, Part::laser), moduli, 0.2 * moduli)
      << "tiles of small operators are shared";
  const double cores = watts(residue, Part::laser) / watts(block, Part::laser);
  EXPECT_NEAR(watts(residue, Part::adc) / watts(block, Part::adc), cores / 2, 1e-9 * cores)
      << "two bits less are a quarter of the power by the figure of merit, two quadratures twice that";
  EXPECT_NEAR(watts(residue, Part::receiver) / watts(block, Part::receiver), 2 * cores, 1e-9 * cores);
  EXPECT_NE(report_text(one).find("block, ideal meshes"), std::string::npos);
}

// One link budget: ten times the laser's power is a brighter, quieter reading and ten times its joules.
TEST(NumberSystems, LaserPowerChangesNoiseAndJoules) {
  const auto figures = [](const std::string& power) {
    const Experiment e = parse_experiment(
        "workload = 'digits-cnn'\nfolds = 2\nchip_samples = 64\n[training]\nepochs = 2\n"
        "[photonic.a]\nlaser_power_w = " +
            power + "\n[photonic.a.numbers]\noutput_bits = 12\n",
        "mine.toml");
    ThreadPool pool(2);
    Observer silent;
    Study study(e, pool, silent);
    const PhotonicCase which{"ideal meshes", effects_of(e.photonic[0].design)};
    PhotonicAccelerator light(photonic_setup(study, e.photonic[0], which, 0), study.cpu(), pool);
    PhotonicAccelerator dark(photonic_setup(study, e.photonic[0], {"ideal", {}}, 0), study.cpu(), pool);
    std::vector<float> w(16 * 16), x(16 * 512), y(w.size() * 32), exact(y.size());
    fill_normal(w, {.seed = 1, .site = 1});
    fill_normal(x, {.seed = 1, .site = 2});
    light.program({w.data(), 16, 16}, 0)->forward({x.data(), 16, 512}, {y.data(), 16, 512}, {});
    dark.program({w.data(), 16, 16}, 0)->forward({x.data(), 16, 512}, {exact.data(), 16, 512}, {});
    double noise = 0;
    for (std::size_t i = 0; i < y.size(); ++i) noise += std::pow(static_cast<double>(y[i]) - exact[i], 2);
    const Cost cost = light.price(lower(study.graph(), 1, false));
    return std::pair(std::sqrt(noise / static_cast<double>(y.size())), cost.watts(Part::laser));
  };
  const auto [noise, watts] = figures("0.01");
  const auto [less_noise, more_watts] = figures("0.1");
  EXPECT_NEAR(more_watts / watts, 10, 1e-9);
  // Between shot noise alone, 1/√10, and the receiver's alone, 1/10 of the signal.
  EXPECT_LT(less_noise / noise, 1 / std::sqrt(10.0) * 1.1);
  EXPECT_GT(less_noise / noise, 0.1 * 0.9);
}

/// Mean accuracy of a small network in the numbers of [photonic.coded], trained as `training` says.
double accuracy_in(const std::string& numbers, const std::string& training) {
  const Experiment e =
      parse_experiment("workload = 'digits-mlp'\nfolds = 2\nseed = 2\n[training]\nepochs = 12\n" + training +
                           "[photonic.coded.numbers]\n" + numbers,
                       "mine.toml");
  ThreadPool pool(2);
  Observer silent;
  Study study(e, pool, silent);
  study.train_floating();
  double sum = 0;
  for (std::size_t c = 0; c < 2; ++c)
    sum += run_chip(study, e.photonic[0], main_cases(study, e.photonic[0])[0], c).scores.front();
  return sum / 2;
}

// 1797 samples: a standard error of half a point.
TEST(NumberSystems, NetworksTrainOnThem) {
  const std::string coarse = "weight_bits = 3\ninput_bits = 3\ngain = 2\n";
  EXPECT_GT(accuracy_in(coarse, "fresh_chips = 'coded'\n"), accuracy_in(coarse, "") + 0.01);
}

// Precision that changes from layer to layer acts in training, too: what learnt with one coarse operator runs
// better on it than what learnt without, and than what learnt with the other one coarse.
TEST(NumberSystems, NetworksTrainInThePrecisionOfEachOperator) {
  const std::string coarse = "weight_bits = 2\ninput_bits = 2\n",
                    numbers = "[photonic.coded.numbers.operators.dense1]\n" + coarse,
                    other = "[photonic.other.numbers.operators.dense2]\n" + coarse;
  const double trained = accuracy_in(numbers, "fresh_chips = 'coded'\n");
  EXPECT_GT(trained, accuracy_in(numbers, "") + 0.01);
  EXPECT_GT(trained, accuracy_in(numbers + other, "fresh_chips = 'other'\n") + 0.01);
}

TEST(NumberSystems, PrecisionSearchSavesJoulesAndKeepsAccuracy) {
  const std::string text =
      "workload = 'digits-mlp'\nfolds = 2\nbatches = [1, 256]\n[training]\nepochs = 12\nvalidation = 0.2\n"
      "[photonic.block.numbers]\naverages = 4\noutput_bits = 10\ngain = 2\n"
      "[photonic.coarse.numbers]\nweight_bits = 2\ninput_bits = 2\n";
  const Experiment e = parse_experiment(text, "mine.toml");
  const auto search = [&](unsigned threads, std::size_t entry, double points) {
    ThreadPool pool(threads);
    Observer silent;
    Study study(e, pool, silent);
    study.train_floating();
    return search_precision(study, e.photonic[entry], points);
  };
  const PrecisionSearch one = search(1, 0, 1), two = search(2, 0, 1);
  EXPECT_TRUE(one.reached);
  EXPECT_EQ(one.reason, "");
  EXPECT_GE(one.accuracy, one.float_accuracy - 0.01);
  EXPECT_LT(one.energy_j, 0.5 * one.energy_before_j) << "four readings of each product alone are that much";
  EXPECT_EQ(precision_text(one), precision_text(two)) << "any number of threads";
  EXPECT_EQ(one.found.of("dense1").averages, 1);
  double before = one.energy_before_j;
  std::size_t taken = 0;
  for (const PrecisionStep& step : one.steps)
    if (step.taken) {
      EXPECT_LT(step.energy_j, before) << step.operator_name << " " << step.key;
      before = step.energy_j;
      ++taken;
    }
  EXPECT_GT(taken, 2u);
  EXPECT_LT(taken, one.steps.size()) << "it ends where accuracy forbids the next";
  // What it prints is what an experiment takes.
  const std::string printed = precision_text(one);
  const Experiment again = parse_experiment(text + printed.substr(printed.find("\n[photonic")), "again.toml");
  for (const char* name : {"dense1", "dense2"})
    for (const NumberKey& key : number_keys())
      EXPECT_EQ(key.get(again.photonic[0].numbers->of(name)), key.get(one.found.of(name))) << key.key;
  // More points buy more joules.
  EXPECT_LE(search(2, 0, 5).energy_j, one.energy_j);

  const PrecisionSearch coarse = search(2, 1, 0.5);
  EXPECT_FALSE(coarse.reached);
  EXPECT_FALSE(coarse.reason.empty());
  EXPECT_TRUE(coarse.steps.empty());
  EXPECT_EQ(coarse.energy_j, coarse.energy_before_j);
}

TEST(NumberSystems, TheirExperimentRunsSmall) {
  std::ifstream file(FRINGE_SOURCE_DIR "/experiments/number_systems.toml");
  std::stringstream text;
  text << file.rdbuf();
  Experiment e = parse_experiment(text.str(), "number_systems.toml");
  ASSERT_EQ(e.photonic.size(), 4u);
  e.folds = 2;
  e.training.epochs = 3;
  e.chip_samples = 64;
  e.batches = {1, 16};
  e.cpu = false;
  e.gpus.clear();
  e.formats.clear();
  const test::TemporaryFolder folder;
  ThreadPool pool(2);
  Observer silent;
  const Comparison c = compare(e, pool, silent, folder.file("numbers.h5"));
  ASSERT_EQ(c.hardware.size(), 4u);
  for (const HardwareResult& h : c.hardware) {
    EXPECT_GT(h.score().mean, 0.5) << h.name;
    EXPECT_NE(h.at_best_batch("resident"), nullptr) << h.name;
  }
}

}  // namespace
}  // namespace fringe
