// Sweeps: their points, their numbers against those of a comparison, and equal data however they were run.
#include "sim/sweep.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/compare.hpp"
#include "sim/sweep_records.hpp"
#include "sim/sweep_report.hpp"
#include "sim/text.hpp"
#include "sim/trace_inspect.hpp"
#include "sim/trace_reader.hpp"
#include "tests/sim/trace_support.hpp"

namespace fringe {
namespace {

const std::string base = R"(
name = "small"
seed = 3
folds = 3
chips = 2
chip_samples = 64
batches = [1, 16]
[training]
epochs = 2
[photonic.light]
modes = 8
[electronic]
cpu = false
gpus = ["a100-sxm4-40gb"]
formats = ["fp16", "int8"]
)";

const std::string small_sweep = base + R"(
[sweep]
replicas = 2
[sweep.axes]
"photonic.light.splitting_sigma_rad" = [0.0, 0.05]
"photonic.light.phase_bits" = [4, 8]
)";

SweepFile parsed(const std::string& axes, const std::string& keys = "") {
  return parse_sweep(base + "[sweep]\n" + keys + "[sweep.axes]\n" + axes, "s.toml");
}
std::vector<double> numbers(const SweepFile& sweep, std::size_t axis) {
  std::vector<double> values;
  for (const SweepPoint& point : points_of(sweep)) values.push_back(point[axis].number);
  return values;
}
SweepPlan plan_of(const std::string& text) {
  const SweepFile sweep = parse_sweep(text, "s.toml");
  return plan_sweep(sweep, points_of(sweep));
}

TEST(SweepPoints, AGridHasEveryCombinationTheLastAxisFastest) {
  const SweepFile sweep = parsed("seed = [5, 7]\n\"photonic.light.laser\" = [\"a\", \"b\", \"c\"]\n");
  EXPECT_EQ(numbers(sweep, 0), (std::vector<double>{5, 5, 5, 7, 7, 7}));
  EXPECT_EQ(numbers(sweep, 1), (std::vector<double>{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(sweep.axes[1].labels, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(points_of(sweep)[1][1].toml, "'b'");
}

TEST(SweepPoints, RangesAreLinearOrLogarithmicAndEndWhereTheyShould) {
  EXPECT_EQ(numbers(parsed("a = { from = 1, to = 2, points = 5 }"), 0),
            (std::vector<double>{1, 1.25, 1.5, 1.75, 2}));
  const std::vector<double> decades =
      numbers(parsed("a = { from = 0.001, to = 1, points = 4, scale = 'log' }"), 0);
  ASSERT_EQ(decades.size(), 4u);
  EXPECT_EQ(decades.front(), 0.001);
  EXPECT_EQ(decades.back(), 1);
  for (std::size_t i = 0; i < 4; ++i)  // two roundings of pow and of the product
    EXPECT_NEAR(decades[i], std::pow(10.0, static_cast<double>(i) - 3), 4e-16 * decades[i]);
  EXPECT_EQ(numbers(parsed("a = { from = 1, to = 4, points = 7, whole = true }"), 0),
            (std::vector<double>{1, 2, 3, 4}));  // 1.5 rounds to 2, 2.5 to 3, 3.5 to 4
}

TEST(SweepPoints, AHypercubeMeetsEachShareOfEachAxisOnce) {
  const SweepFile sweep =
      parsed("a = { from = 0, to = 1 }\nb = { from = 0.01, to = 100, scale = 'log' }\nc = [1, 2, 3, 4]\n",
             "points = 100\n");
  const std::vector<double> a = numbers(sweep, 0), b = numbers(sweep, 1), c = numbers(sweep, 2);
  std::set<int> of_a, of_b;
  for (const double x : a) of_a.insert(static_cast<int>(x * 100));
  for (const double x : b) of_b.insert(static_cast<int>(std::log10(x / 0.01) / 4 * 100));
  EXPECT_EQ(of_a.size(), 100u);
  EXPECT_EQ(of_b.size(), 100u);
  for (const double value : {1., 2., 3., 4.}) EXPECT_EQ(std::count(c.begin(), c.end(), value), 25);
  EXPECT_EQ(numbers(sweep, 0), a);
  EXPECT_NE(numbers(parse_sweep("seed = 4\n" + sweep.text.substr(sweep.text.find("folds")), "s.toml"), 0), a);
}

TEST(SweepPlan, BadInputSaysFileAxisValueAndRule) {
  const auto said = [](const std::string& axes, const std::string& keys = "") {
    return test::error_of([&] {
      const SweepFile sweep = parsed(axes, keys);
      plan_sweep(sweep, points_of(sweep));
    });
  };
  struct Wrong {
    std::string said;
    std::vector<std::string> words;
  };
  const std::vector<Wrong> cases{
      {said("\"photonic.light.modes\" = [4, 1]"),
       {"s.toml:18", "photonic.light.modes", "= 1", "from 2 to 4096"}},
      {said("\"photonic.ligth.modes\" = [4]"), {"s.toml:18", "'light'"}},
      {said("\"photonic.light.mdes\" = [4]"), {"mdes", "did you mean 'modes'"}},
      {said("\"trainig.epochs\" = [4]"), {"trainig", "did you mean 'training'"}},
      {said("\"training.epochs\" = [1.5]"), {"training.epochs", "= 1.5", "whole number"}},
      {said("\"seed.x\" = [4]"), {"'seed' is a key"}},
      {said("photonic = [4]"), {"is a table"}},
      {said("\"photonic.light.laser\" = [\"hybrid-external-cavty\"]"), {"hybrid-external-cavity"}},
      {said("a = 4"), {"a list of values, or a range"}},
      {said("a = []"), {"a list of values, or a range"}},
      {said("\"photonic.light.modes\" = [4, 8, 4]"), {"s.toml:18", "has 4 twice"}},
      {said("seed = [1]", "cases = ['corrected', 'corrected']\n"), {"sweep.cases", "has 'corrected' twice"}},
      {said("seed = [1]", "cases = []\n"), {"sweep.cases", "without the key all are run"}},
      {said("a = { from = 2, to = 1, points = 3 }"), {"must be above from"}},
      {said("a = { from = 0, to = 1, points = 3, scale = 'log' }"), {"above 0"}},
      {said("a = { from = 0, to = 1, scale = 'lgo', points = 3 }"), {"did you mean 'log'"}},
      {said("a = { from = 0, to = 1, pints = 3 }"), {"did you mean 'points'"}},
      {said("a = { from = 0 }"), {"lacks 'to'"}},
      {said("a = { from = 0, to = 1 }"), {"points = 2 or more"}},
      {said(""), {"sweep.axes"}},
      {said("seed = [1]", "replica = 3\n"), {"did you mean 'replicas'"}},
      {said("seed = [1]", "cases = ['corected']\n"), {"did you mean 'corrected'"}},
      {said("seed = [1]", "cases = ['trained on chip']\n"), {"in_loop.epochs"}},
      {said("seed = [1]", "cases = ['ideal meshes']\n"),
       {"sweep.cases", "none of photonic.light", "'as fabricated', 'corrected'"}},
      // Number systems as axes.
      {said("\"photonic.light.numbers.gian\" = [1, 2]"), {"gian", "did you mean 'gain'"}},
      {said("\"photonic.light.numbers.system\" = [\"block\", \"resdue\"]"), {"= 'resdue'", "'residue'"}},
      {said("\"photonic.light.numbers.system\" = [\"block\", \"residue\"]\n"
            "\"photonic.light.numbers.gain\" = [1, 2]"),
       {"numbers.gain\" = 1", "belongs to system fixed and block, not to residue"}},
      {said("\"photonic.light.numbers.weight_bits\" = [8, 13]"), {"weight_bits\" = 13", "from 2 to 12"}},
      {said("\"photonic.light.numbers.system\" = [\"residue\"]\n"
            "\"photonic.light.numbers.moduli\" = [[255, 254, 253], [15, 21]]"),
       {"moduli = 15, 21", "share no factor, but 15 and 21 share 3"}},
      {said("\"photonic.light.numbers.moduli\" = [[15, 16]]"), {"moduli", "belongs to system residue"}},
      {said("\"photonic.light.numbers.operators.dense3.weight_bits\" = [4]"),
       {"dense3", "did you mean 'dense"}},
      {said("\"photonic.light.numbers.gain\" = [2]", "cases = ['corrected']\n"),
       {"sweep.cases", "which has 'ideal meshes'"}},
      // Each value is allowed, both together aren't: the rule is that of the design.
      {said("\"photonic.light.phase_bits\" = [32]\n"), {"phase_bits", "= 32"}},
  };
  for (const Wrong& wrong : cases)
    for (const std::string& word : wrong.words)
      EXPECT_NE(wrong.said.find(word), std::string::npos) << "'" << wrong.said << "' lacks '" << word << "'";
  EXPECT_NE(test::error_of([] { parse_experiment(small_sweep, "s.toml"); }).find("fringe sweep"),
            std::string::npos);
}

TEST(SweepPlan, KnowsWhatNetworksAndElectronicsDependOn) {
  const SweepPlan light = plan_of(small_sweep);
  EXPECT_EQ(std::set<std::string>(light.networks.begin(), light.networks.end()).size(), 1u);
  EXPECT_EQ(std::set<std::string>(light.electronics.begin(), light.electronics.end()).size(), 1u);
  const SweepFile epochs = parsed("\"training.epochs\" = [1, 2]\nbatches = [[1], [1, 2]]\n");
  const SweepPlan both = plan_sweep(epochs, points_of(epochs));
  EXPECT_EQ(std::set<std::string>(both.data.begin(), both.data.end()).size(), 1u);
  EXPECT_EQ(std::set<std::string>(both.networks.begin(), both.networks.end()).size(), 2u);
  EXPECT_EQ(std::set<std::string>(both.electronics.begin(), both.electronics.end()).size(), 4u);
  // A network that learns on fresh chips depends on them.
  std::string fresh = small_sweep;
  fresh.replace(fresh.find("epochs = 2"), 10, "epochs = 2\nfresh_chips = 'light'");
  const SweepPlan chips = plan_of(fresh);
  EXPECT_EQ(std::set<std::string>(chips.networks.begin(), chips.networks.end()).size(), 4u);
}

TEST(SweepPlan, TheDigitsOfTheRepositoryShareTheirNetworks) {
  const SweepFile sweep = read_sweep(FRINGE_SOURCE_DIR "/experiments/sweep_digits.toml");
  const SweepPlan plan = plan_sweep(sweep, points_of(sweep));
  EXPECT_EQ(plan.points.size(), 8 * 4 * 2 * 2u);
  EXPECT_EQ(plan.runs(), 16 * plan.points.size());
  EXPECT_EQ(std::set<std::string>(plan.networks.begin(), plan.networks.end()).size(), 1u);
}

struct Stop final : Observer {
  std::size_t most = 0;  ///< runs; 0: any
  std::size_t done = 0, networks = 0;
  void progress(std::string_view what, std::size_t now, std::size_t total) override {
    if (what == "points") done = now;
    if (what == "training networks") networks = total;
  }
  bool stop_requested() const override { return most > 0 && done >= most; }
};

SweepResult run(const SweepPlan& plan, unsigned threads, const std::string& trace, Observer& observer) {
  ThreadPool pool(threads);
  return run_sweep(plan, pool, observer, trace);
}

TEST(Sweep, GivesTheChipsOfTheComparisonOfThatPoint) {
  const test::TemporaryFolder folder;
  const SweepPlan plan = plan_of(small_sweep);
  Stop observer;
  const SweepResult swept = run(plan, 2, folder.file("sweep.h5"), observer);
  ASSERT_EQ(swept.runs.size(), 8u);
  EXPECT_EQ(observer.networks, 2u);  // one for each seed, whatever the points
  // The last point's second replica as an experiment of its own: 0.05 rad, 8 bits, seed 4.
  std::string text = base;
  text.replace(text.find("seed = 3"), 8, "seed = 4");
  text.replace(text.find("modes = 8"), 9, "modes = 8\nsplitting_sigma_rad = 0.05\nphase_bits = 8");
  ThreadPool pool(2);
  Observer silent;
  compare(parse_experiment(text, "c.toml"), pool, silent, folder.file("compare.h5"));
  const TraceReader trace(folder.file("compare.h5"));
  const auto cases = trace.strings("chips", "case");
  const auto chips = trace.integers("chips", "chip");
  const auto accuracy = trace.numbers("chips", "accuracy"), error = trace.numbers("chips", "matrix_error");
  std::size_t matched = 0;
  for (const SweepScore& score : swept.runs.back().scores)
    for (std::size_t i = 0; i < cases.size(); ++i)
      if ("light, " + cases[i] == score.hardware && static_cast<std::size_t>(chips[i]) == score.chip) {
        EXPECT_EQ(accuracy[i], score.accuracy) << score.hardware;
        EXPECT_EQ(error[i], score.matrix_error) << score.hardware;
        ++matched;
      }
  EXPECT_EQ(matched, 4u);  // two chips, as fabricated and corrected
  // Costs are those of the comparison, too.
  const SweepCost& cost = swept.runs[6].costs.front();
  EXPECT_EQ(cost.hardware, "light, as fabricated");
  const auto names = trace.strings("costs", "hardware"), scenarios = trace.strings("costs", "scenario");
  const auto batches = trace.integers("costs", "batch");
  const auto latency = trace.numbers("costs", "latency_s"), energy = trace.numbers("costs", "energy_j");
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == cost.hardware && scenarios[i] == "resident" && batches[i] == 1) {
      EXPECT_EQ(latency[i], cost.latency_s);
      EXPECT_EQ(energy[i], cost.energy_j);
    }
  // Electronics stand at the first point alone, with all replicas.
  for (const SweepRun& r : swept.runs)
    EXPECT_EQ(std::any_of(r.scores.begin(), r.scores.end(),
                          [](const SweepScore& s) { return s.camp == "electronic"; }),
              r.point == 0);
}

// Moduli, bits, gain and width of tiles are axes as any other key, and a point is the comparison there.
TEST(Sweep, NumberSystemsAreAxes) {
  const test::TemporaryFolder folder;
  const std::string sweep_text = base + R"(
[sweep]
cases = ["ideal meshes"]
[sweep.axes]
"photonic.light.modes" = [8, 32]
"photonic.light.numbers.weight_bits" = [2, 6]
"photonic.coded.numbers.moduli" = [[63, 62, 61], [31, 29, 27, 25]]
[photonic.light.numbers]
gain = 2
[photonic.coded.numbers]
system = "residue"
weight_bits = 6
input_bits = 6
)";
  const SweepPlan plan = plan_of(sweep_text);
  ASSERT_EQ(plan.points.size(), 8u);
  EXPECT_EQ(plan.experiments[7].photonic[0].numbers->all.width, 32u);
  EXPECT_EQ(plan.experiments[1].photonic[1].numbers->all.moduli,
            (std::vector<std::uint32_t>{31, 29, 27, 25}));
  ThreadPool pool(2);
  Observer silent;
  const SweepResult swept = run_sweep(plan, pool, silent, folder.file("sweep.h5"));
  ASSERT_EQ(swept.runs.size(), 8u);
  std::string text = base;
  text.replace(text.find("modes = 8"), 9, "modes = 32");
  text += "[photonic.light.numbers]\ngain = 2\nweight_bits = 6\n";
  compare(parse_experiment(text, "c.toml"), pool, silent, folder.file("compare.h5"));
  const TraceReader trace(folder.file("compare.h5"));
  const auto hardware = trace.strings("chips", "case");
  const auto chips = trace.integers("chips", "chip");
  const auto accuracy = trace.numbers("chips", "accuracy");
  std::size_t matched = 0;
  for (const SweepScore& score : swept.runs[7].scores)
    for (std::size_t i = 0; i < hardware.size(); ++i)
      if ("light, " + hardware[i] == score.hardware && static_cast<std::size_t>(chips[i]) == score.chip) {
        EXPECT_EQ(accuracy[i], score.accuracy);
        ++matched;
      }
  EXPECT_EQ(matched, 2u);
  // Residues are integer arithmetic whichever moduli carry it; a fourth core is paid for.
  const auto coded = [&](std::size_t run) {
    std::vector<double> scores;
    for (const SweepScore& score : swept.runs[run].scores)
      if (score.hardware == "coded, ideal meshes") scores.push_back(score.accuracy);
    return scores;
  };
  const auto cost = [&](std::size_t run) {
    for (const SweepCost& c : swept.runs[run].costs)
      if (c.hardware == "coded, ideal meshes") return c.pipelined_energy_j;
    return 0.0;
  };
  EXPECT_EQ(coded(0), coded(1));
  EXPECT_EQ(cost(0), cost(2)) << "an axis of another system";
  EXPECT_NE(cost(0), cost(1));
}

TEST(Sweep, EqualDataForAnyThreadsAndAnyInterruption) {
  const test::TemporaryFolder folder;
  const SweepPlan plan = plan_of(small_sweep);
  Stop silent;
  run(plan, 1, folder.file("one.h5"), silent);
  run(plan, 2, folder.file("two.h5"), silent);
  EXPECT_EQ(compare_traces(folder.file("one.h5"), folder.file("two.h5")), "");
  std::size_t calls = 0, found = 0;
  for (bool stopped = true; stopped; ++calls) {
    Stop after_two;
    after_two.most = 2;
    const SweepResult part = run(plan, 1, folder.file("parts.h5"), after_two);
    EXPECT_EQ(part.found, found);  // nothing is run again
    EXPECT_EQ(part.runs.size(), std::min<std::size_t>(found + 2, 8));
    found = part.runs.size();
    stopped = part.stopped;
    ASSERT_LT(calls, 5u);
  }
  EXPECT_EQ(compare_traces(folder.file("one.h5"), folder.file("parts.h5")), "");
  EXPECT_FALSE(std::filesystem::exists(folder.file("parts.h5.networks")));
  // A complete one is read, not run.
  Stop again;
  EXPECT_EQ(run(plan, 1, folder.file("one.h5"), again).found, 8u);
  EXPECT_EQ(again.done, 0u);
}

TEST(Sweep, GoesOnAfterKillsAndEndsWithEqualData) {
  const std::string python = test::python_with_h5py();
  if (python.empty()) GTEST_SKIP() << "no Python with h5py here to open what a killed sweep leaves";
  const test::TemporaryFolder folder;
  const test::Ran ran = test::run(python +
                                  " " FRINGE_SOURCE_DIR "/tests/sim/kill_sweep.py " FRINGE_BINARY
                                  " " FRINGE_SOURCE_DIR "/tests/sim/kill_sweep.toml " +
                                  folder.file("kills") + " 3");
  EXPECT_TRUE(ran.good) << ran.output;
}

TEST(Sweep, ATraceOfSomethingElseIsLeftAlone) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("t.h5");
  const SweepPlan plan = plan_of(small_sweep);
  Stop one;
  one.most = 1;
  run(plan, 1, path, one);
  Stop silent;
  const auto said = [&](const std::string& text) {
    return test::error_of([&] { run(plan_of(text), 1, path, silent); });
  };
  EXPECT_NE(said("# comment\n" + small_sweep).find("another experiment"), std::string::npos);
  SweepPlan other = plan;
  other.points[0][0].number = 1;
  EXPECT_NE(test::error_of([&] { run(other, 1, path, silent); }).find("other points"), std::string::npos);
  {
    TraceWriter busy(folder.file("busy.h5"), test::some_info());
    EXPECT_NE(test::error_of([&] { run(plan, 1, folder.file("busy.h5"), silent); }).find("being written"),
              std::string::npos);
  }
  EXPECT_NE(test::error_of([&] { run(plan, 1, folder.path().string(), silent); }).find("directory"),
            std::string::npos);
}

TEST(Sweep, TheTableIsNarrowAndNamesAllHardware) {
  const test::TemporaryFolder folder;
  const SweepPlan plan = plan_of(small_sweep);
  Stop silent;
  run(plan, 2, folder.file("t.h5"), silent);
  const StoredSweep stored = read_sweep_trace(TraceReader(folder.file("t.h5")), "t.h5");
  const std::string text = sweep_text(stored, "small", plan.runs());
  for (const char* word : {"light, corrected", "a100-sxm4-40gb int8", "8 of 8 runs", "phase_bits"})
    EXPECT_NE(text.find(word), std::string::npos) << text;
  std::size_t width = 0, begin = 0;
  for (std::size_t end; (end = text.find('\n', begin)) != text.npos; begin = end + 1)
    width = std::max(width, text_width(std::string_view(text).substr(begin, end - begin)));
  EXPECT_LE(width, 118u);
}

}  // namespace
}  // namespace fringe
