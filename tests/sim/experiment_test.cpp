// Experiment files: what is read, and what is said of wrong ones.
#include "sim/experiment.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/error.hpp"
#include "photonics/photonic_effects.hpp"
#include "tests/sim/trace_support.hpp"

namespace fringe {
namespace {

TEST(Experiment, BuiltInsAreRead) {
  const Experiment digits = parse_experiment(default_experiment_text(), "built-in");
  EXPECT_EQ(digits.name, "digits");
  EXPECT_EQ(digits.photonic.size(), 2u);
  EXPECT_GE(digits.chips, 20u);
  EXPECT_EQ(digits.text, default_experiment_text());
  EXPECT_EQ(parse_experiment(images_experiment_text(), "built-in").workload, "mnist-mlp");
}

TEST(Experiment, KeysOfTheElectroOpticEndsReachTheDesign) {
  const Experiment e = parse_experiment(
      "[photonic.mine]\nmodulator_drive = 'sine'\nmodulation_depth = 0.5\nextinction_ratio_db = 20\n"
      "rin_db_per_hz = -140\nlinewidth_hz = 1e6\noscillator_delay_m = 0.01\ndac_inl_lsb = 0.3\n"
      "adc_inl_lsb = 0.4\ninput_gain_sigma = 0.01\noutput_gain_sigma = 0.02\nsampling_jitter_s = 1e-13\n",
      "mine.toml");
  const PhotonicDesign& d = e.photonic.at(0).design;
  EXPECT_EQ(d.modulator_drive, ModulatorDrive::sine);
  EXPECT_EQ(d.modulation_depth, 0.5);
  EXPECT_EQ(d.modulator.extinction_ratio_db, 20);
  EXPECT_EQ(d.laser.rin_db_per_hz, -140);
  EXPECT_EQ(d.laser.linewidth_hz, 1e6);
  EXPECT_EQ(d.oscillator_delay_m, 0.01);
  EXPECT_EQ(d.dac_inl_lsb, 0.3);
  EXPECT_EQ(d.adc_inl_lsb, 0.4);
  EXPECT_EQ(d.input_gain_sigma, 0.01);
  EXPECT_EQ(d.output_gain_sigma, 0.02);
  EXPECT_EQ(d.sampling_jitter_s, 1e-13);
}

TEST(Experiment, CoresAndDetectionReachTheDesign) {
  const Experiment e = parse_experiment(
      "[photonic.a]\ncore = 'orthogonal'\ncrossing = 'symmetric-mzi'\n[photonic.b]\ndetection = "
      "'intensity'\n",
      "mine.toml");
  EXPECT_EQ(e.photonic.at(0).design.core, "orthogonal");
  EXPECT_EQ(e.photonic.at(0).design.detection, Detection::homodyne);
  EXPECT_EQ(e.photonic.at(1).design.core, "svd");
  EXPECT_EQ(e.photonic.at(1).design.detection, Detection::intensity);
  EXPECT_EQ(e.photonic.at(1).design.local_oscillator_share, 0) << "all light is signal";
  EXPECT_NE(test::refusal("[photonic.a]\ncore = 'unitry'\n").find("unitary"), std::string::npos);
  EXPECT_NE(test::refusal("[photonic.a]\ncore = 'orthogonal'\n").find("symmetric-mzi"), std::string::npos);
  EXPECT_NE(test::refusal("[photonic.a]\ndetection = 'homodine'\n").find("homodyne"), std::string::npos);
}

TEST(Experiment, ImperfectionsOfTheMeshesReachTheEngine) {
  const Experiment e = parse_experiment(
      "[photonic.mine]\nsplitter_correlation = 0.5\nsplitter_correlation_length_m = 1e-4\n"
      "arm_imbalance_sigma_db = 0.1\ncrossing_loss_db = 0.05\ncrossing_leakage = 1e-4\ndetuning_m = -2e-9\n"
      "temperature_shift_k = 3\npath_imbalance_sigma_m = 1e-6\ncrosstalk_coefficient = 0.1\n"
      "heater_resistance_ohm = 500\nheater_resistance_per_w = 2\ndead_coupler_probability = 1e-3\n"
      "stuck_phase_probability = 2e-3\npi_power_w = 0.02\n",
      "mine.toml");
  const MeshImperfections mesh = effects_of(e.photonic.at(0).design).mesh;
  EXPECT_EQ(mesh.splitter_correlation, 0.5);
  EXPECT_EQ(mesh.splitter_correlation_length_m, 1e-4);
  EXPECT_EQ(mesh.arm_imbalance_sigma_db, 0.1);
  EXPECT_EQ(mesh.crossing_loss_db, 0.05);
  EXPECT_EQ(mesh.crossing_leakage, 1e-4);
  EXPECT_EQ(mesh.detuning_m, -2e-9);
  EXPECT_EQ(mesh.temperature_shift_k, 3);
  EXPECT_EQ(mesh.path_imbalance_sigma_m, 1e-6);
  EXPECT_EQ(mesh.crosstalk.coefficient, 0.1);
  EXPECT_EQ(mesh.drive.resistance_ohm, 500);
  EXPECT_EQ(mesh.drive.resistance_per_w, 2);
  EXPECT_EQ(mesh.drive.pi_power_w, 0.02) << "the phase shifter's";
  EXPECT_EQ(mesh.dead_coupler_probability, 1e-3);
  EXPECT_EQ(mesh.stuck_phase_probability, 2e-3);
  EXPECT_GT(mesh.splitter_sigma_rad, 0) << "the preset's";
  EXPECT_NE(test::refusal("[photonic.a]\nsplitter_correlation_length_m = 1e-9\n").find("1e-8"),
            std::string::npos);
}
TEST(Experiment, PhotonicKeysReachTheDesign) {
  const Experiment e = parse_experiment(
      "[photonic.mine]\npreset = 'realistic'\nmodes = 8\nsplitting_sigma_rad = 0.03\nphase_bits = 10\n"
      "mesh = 'triangular'\ncores = 3\n",
      "mine.toml");
  ASSERT_EQ(e.photonic.size(), 1u);
  const PhotonicDesign& d = e.photonic[0].design;
  EXPECT_EQ(d.modes, 8u);
  EXPECT_EQ(d.splitter.splitting_sigma_rad, 0.03);
  EXPECT_EQ(d.phase_bits, 10);
  EXPECT_EQ(d.topology, "triangular");
  EXPECT_EQ(e.photonic[0].cores, 3u);
}

/// What the file says of a design, in the order of the file.
std::string told(const Experiment& e) {
  std::string text = e.name + " " + std::to_string(e.seed) + " " + std::to_string(e.training.seed) + " " +
                     e.workload + " " + e.data + " " + std::to_string(e.folds) + " " +
                     std::to_string(e.chips) + " " + std::to_string(e.chip_samples) + " " +
                     std::to_string(e.training.epochs) + " " + std::to_string(e.training.batch) + " " +
                     std::to_string(e.training.optimiser.rate) + " " + std::to_string(e.in_loop.epochs) +
                     " " + std::to_string(e.in_loop.chips) + " " + std::to_string(e.in_loop.samples) + " " +
                     std::to_string(e.in_loop.rate) + " " + std::to_string(e.cpu);
  for (const std::size_t batch : e.batches) text += " " + std::to_string(batch);
  for (const auto& list : {e.cublas, e.gpus, e.formats, e.systolic})
    for (const std::string& item : list) text += " " + item;
  for (const PhotonicEntry& entry : e.photonic) {
    const PhotonicDesign& d = entry.design;
    text += "\n" + entry.name + " " + std::to_string(entry.cores) + " " + d.topology;
    for (const std::string_view device :
         {d.phase_shifter.name, d.splitter.name, d.laser.name, d.phase_dac.name})
      text += " " + std::string(device);
    for (const double value : {static_cast<double>(d.modes), static_cast<double>(d.phase_bits), d.clock_hz,
                               d.laser_power_w * 1e9, d.splitter.splitting_sigma_rad * 1e9})
      text += " " + std::to_string(value);
  }
  return text;
}

TEST(Experiment, PublishedSystemsArePresets) {
  const Experiment e = parse_experiment(
      "[photonic.a]\npreset = 'lightmatter-2025'\n[photonic.b]\npreset = 'pace'\ncores = 3\nchips = 3\n"
      "chip_link = 'pcie5-x16'\nclock_hz = 5e8\n[photonic.b.numbers]\nweight_bits = 5\n[photonic.c]\nchips = "
      "4\n",
      "mine.toml");
  const PhotonicEntry &a = e.photonic.at(0), &b = e.photonic.at(1), &c = e.photonic.at(2);
  EXPECT_EQ(a.cores, 4u);
  EXPECT_EQ(a.design.published->published_w, 78);
  ASSERT_TRUE(a.numbers);
  EXPECT_EQ(a.numbers->all.weight_bits, 7);
  EXPECT_EQ(a.numbers->all.input_bits, 10);
  EXPECT_EQ(a.numbers->all.output_bits, 11);
  EXPECT_EQ(a.numbers->all.gain, 1.86);
  EXPECT_EQ(a.numbers->all.width, 128u);
  EXPECT_EQ(b.cores, 3u);
  EXPECT_EQ(b.design.chips, 3u);
  EXPECT_EQ(b.design.chip_link.name, "pcie5-x16");
  EXPECT_EQ(b.design.clock_hz, 5e8);
  EXPECT_EQ(b.numbers->all.weight_bits, 5);
  EXPECT_EQ(c.design.chips, 4u);
  EXPECT_EQ(c.design.chip_link.name, "ucie-advanced");
  EXPECT_EQ(c.cores, 0u);
  EXPECT_FALSE(c.design.published || c.numbers);
  for (const PhotonicPreset& preset : published_presets()) {
    const auto text = "[photonic.a]\npreset = '" + std::string(preset.name) + "'\n";
    EXPECT_EQ(test::refusal(text), "") << preset.name;
  }
  EXPECT_NE(test::refusal("[photonic.a]\npreset = 'pace'\nlaser_power_w = 1\n").find("tells of meshes"),
            std::string::npos);
  EXPECT_NE(test::refusal("[photonic.a]\npreset = 'pase'\n").find("did you mean 'pace'"), std::string::npos);
  EXPECT_NE(test::refusal("[photonic.a]\npreset = 'pace'\nchips = 2\n").find("chips"), std::string::npos);
}

TEST(Experiment, OverridesStandInTheText) {
  // Systems neither in the order of the alphabet nor all of one form; one changes nothing.
  const std::string file =
      "# mine\nname = 'a \"b\" ü'\nseed = 0x10\nphotonic.z.modes = 8\n[training]\nrate = 1e-3\n[electronic]\n"
      "cpu = false\ngpus = ['h200']\nsystolic = "
      "['tpu-v4i']\n[photonic.realistic]\n[photonic.b]\nlaser_power_w = 0.123456789\n"
      "splitting_sigma_rad = 0.0123456789\n[photonic.a]\npreset = 'coarse-splitters'\n";
  const Experiment before = parse_experiment(file, "mine.toml");
  ASSERT_EQ(before.photonic.size(), 4u);
  EXPECT_EQ(before.photonic[0].name + before.photonic[2].name + before.photonic[3].name, "zba");

  Experiment same = before;
  override_experiment(same, {}, {});
  EXPECT_EQ(same.text, file);

  // The largest seed, and a folder whose name wants to be quoted.
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "fringe 'x' \"y\" ü";
  std::filesystem::create_directories(folder);
  Experiment after = before;
  override_experiment(after, std::uint64_t{1} << 53, folder.string());
  EXPECT_EQ(after.seed, std::uint64_t{1} << 53);
  EXPECT_EQ(after.training.seed, after.seed);
  EXPECT_EQ(after.data, folder.string());
  const Experiment again = parse_experiment(after.text, "trace");
  EXPECT_EQ(told(again), told(after)) << after.text;
  std::filesystem::remove(folder);

  Experiment expected = before;
  expected.seed = expected.training.seed = after.seed;
  expected.data = after.data;
  EXPECT_EQ(told(after), told(expected)) << after.text;

  for (const std::string_view text : {default_experiment_text(), images_experiment_text()}) {
    Experiment built_in = parse_experiment(text, "built-in");
    override_experiment(built_in, 7, {});
    EXPECT_EQ(built_in.seed, 7u);
    EXPECT_EQ(told(parse_experiment(built_in.text, "trace")), told(built_in)) << built_in.text;
  }
  EXPECT_THROW(override_experiment(after, (std::uint64_t{1} << 53) + 1, {}), Error);
  EXPECT_THROW(override_experiment(after, {}, "nowhere"), Error);
}

TEST(Experiment, DataOptionsAndLeaks) {
  const Experiment e = parse_experiment(
      "data = 'robot-arm'\nnear_tolerance = 0\n[data_options]\ntest = 't.csv'\nlabel = 'kind'\nwindow = 9\n",
      "t");
  EXPECT_EQ(e.data_options.test + e.data_options.label, "t.csvkind");
  EXPECT_EQ(e.data_options.window, 9u);
  EXPECT_EQ(e.near_tolerance, 0.0);
  EXPECT_FALSE(e.allow_leak);
  Experiment allowed = parse_experiment("", "t");
  EXPECT_FALSE(allowed.near_tolerance) << "chance decides";
  override_experiment(allowed, {}, {}, true);
  EXPECT_TRUE(allowed.allow_leak);
  EXPECT_TRUE(parse_experiment(allowed.text, "trace").allow_leak);
  EXPECT_THROW(parse_experiment("near_tolerance = 1.5", "t"), Error);
  EXPECT_THROW(parse_experiment("[data_options]\nlabl = 'x'", "t"), Error);
  EXPECT_THROW(parse_experiment("data = 'robot-arn'", "t"), Error);
}

TEST(Experiment, TrainingOnTheChip) {
  const Experiment e = parse_experiment(
      "[in_loop]\nepochs = 2\nstart = 'random'\nslopes = 'measured'\ntap_noise = 0.01\ntap_bits = 10\n"
      "[photonic.x]\ncrossing = '3-splitter-mzi'\nmesh = 'diamond'\n",
      "mine.toml");
  EXPECT_TRUE(e.in_loop.random_start);
  ASSERT_TRUE(e.in_loop.measured);
  EXPECT_EQ(e.in_loop.measured->noise, 0.01);
  EXPECT_EQ(e.in_loop.measured->bits, 10);
  EXPECT_EQ(e.photonic[0].design.crossing, "3-splitter-mzi");
  for (const char* wrong :
       {"[in_loop]\nstart = 'radom'\n", "[in_loop]\nslopes = 'exct'\n", "[in_loop]\ntap_bits = 4\n",
        "[in_loop]\nslopes = 'measured'\ntap_bits = 40\n", "[photonic.x]\ncrossing = 'mzy'\n"})
    EXPECT_THROW(parse_experiment(wrong, "mine.toml"), Error) << wrong;
}

TEST(Experiment, TrainingKeysReachTheTraining) {
  const Experiment e = parse_experiment(
      "[training]\noptimiser = 'adamw'\nbeta1 = 0.8\nbeta2 = 0.9\nepsilon = 1e-6\nweight_decay = 0.05\n"
      "clip_norm = 2.5\nschedule = 'step'\nwarmup_steps = 30\nevery_epochs = 3\nfactor = 0.2\n"
      "micro_batch = 8\nvalidation = 0.1\npatience = 4\nformat = 'fp16'\nweight_noise = 0.05\n"
      "output_noise = 0.02\nweight_bits = 6\ninput_bits = 5\nfresh_chips = 'a'\ncheckpoint_every = 100\n"
      "[photonic.a]\n",
      "mine.toml");
  const TrainingOptions& t = e.training;
  EXPECT_EQ(t.optimiser.kind, Optimiser::Kind::adamw);
  EXPECT_EQ(t.optimiser.beta1, 0.8f);
  EXPECT_EQ(t.optimiser.beta2, 0.9f);
  EXPECT_EQ(t.optimiser.epsilon, 1e-6f);
  EXPECT_EQ(t.optimiser.weight_decay, 0.05f);
  EXPECT_EQ(t.optimiser.clip_norm, 2.5f);
  EXPECT_EQ(t.schedule.kind, Schedule::Kind::step);
  EXPECT_EQ(t.schedule.warmup_steps, 30u);
  EXPECT_EQ(t.schedule.every_epochs, 3u);
  EXPECT_EQ(t.schedule.factor, 0.2);
  EXPECT_EQ(t.micro_batch, 8u);
  EXPECT_EQ(t.validation, 0.1);
  EXPECT_EQ(t.patience, 4u);
  EXPECT_TRUE(t.loss_scaling) << "belongs to halves";
  EXPECT_EQ(e.training_hardware.format, Format::fp16);
  EXPECT_EQ(e.training_hardware.perturbation.weight_noise, 0.05);
  EXPECT_EQ(e.training_hardware.perturbation.output_noise, 0.02);
  EXPECT_EQ(e.training_hardware.perturbation.weight_bits, 6);
  EXPECT_EQ(e.training_hardware.perturbation.input_bits, 5);
  EXPECT_EQ(e.training_hardware.fresh_chips, "a");
  EXPECT_EQ(e.checkpoint_every, 100u);
  EXPECT_NO_THROW(validate(t));
  const Experiment sgd = parse_experiment(
      "[training]\noptimiser = 'sgd'\nmomentum = 0.8\nnesterov = true\nweight_decay = 0.1\n", "mine.toml");
  EXPECT_EQ(sgd.training.optimiser.momentum, 0.8f);
  EXPECT_TRUE(sgd.training.optimiser.nesterov);
  EXPECT_TRUE(sgd.training_hardware.plain());
  EXPECT_NO_THROW(validate(sgd.training));
}

TEST(Experiment, EveryFileOfTheRepositoryIsRead) {
  std::size_t files = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(std::string(FRINGE_SOURCE_DIR) + "/experiments"))
    if (file.path().extension() == ".toml" && file.path().stem() != "breakeven" &&
        !file.path().stem().string().starts_with("sweep_")) {
      EXPECT_NO_THROW(read_experiment(file.path().string())) << file.path();
      ++files;
    }
  EXPECT_GE(files, 2u);
}

TEST(Experiment, BatchOneIsAlwaysAmongTheBatches) {
  const auto batches = [](const std::string& text) { return parse_experiment(text, "mine.toml").batches; };
  EXPECT_EQ(batches("batches = [64, 8, 64]\n"), (std::vector<std::size_t>{1, 8, 64}));
  EXPECT_EQ(batches("batches = [1, 10000000]\n"), (std::vector<std::size_t>{1, 10000000}));
  EXPECT_EQ(batches("").front(), 1u);
}

// Neither key of a pair would do without the other.
TEST(Experiment, KeysOfASystemAreJudgedTogether) {
  const Experiment coarse = parse_experiment(
      "[photonic.x]\npreset = 'coarse-splitters'\nphase_dac = 'phase-dac-12bit'\nphase_bits = 10\n",
      "mine.toml");
  EXPECT_EQ(coarse.photonic[0].design.phase_bits, 10);
  EXPECT_EQ(coarse.photonic[0].design.phase_dac.name, "phase-dac-12bit");
  EXPECT_NE(test::refusal("[photonic.x]\npreset = 'coarse-splitters'\nphase_dac = 'phase-dac-12bit'\n"), "");

  const std::string adc = "output_adc = 'adc-1.25gs'\n";
  const Experiment slow = parse_experiment("[photonic.x]\n" + adc + "clock_hz = 1e9\n", "mine.toml");
  EXPECT_EQ(slow.photonic[0].design.clock_hz, 1e9);
  EXPECT_EQ(slow.photonic[0].design.output_adc.name, "adc-1.25gs");
  EXPECT_NE(test::refusal("[photonic.x]\n" + adc), "");
}

struct Wrong {
  std::string text;
  std::vector<std::string> says;
};

TEST(Experiment, SaysWhatIsWrongAndWhere) {
  const std::vector<Wrong> cases{
      {"sed = 3\n", {"mine.toml:1", "sed", "seed"}},
      {"seed = -1\n", {"mine.toml:1", "seed", "-1"}},
      {"seed = 'a'\n", {"mine.toml:1", "seed", "number"}},
      {"\nworkload = 'digits-mpl'\n", {"mine.toml:2", "workload", "digits-mlp"}},
      {"[photonic.x]\nsplitting_sigma_rad = -0.1\n", {"mine.toml:2", "photonic.x.splitting_sigma_rad"}},
      {"[photonic.x]\nsplitting_sigma_rad = nan\n", {"mine.toml:2", "photonic.x.splitting_sigma_rad"}},
      {"[photonic.x]\nphase_sigma_rad = -1\n", {"mine.toml:2", "photonic.x.phase_sigma_rad"}},
      {"[photonic.x]\nmodes = 1\n", {"mine.toml:2", "photonic.x.modes", "2"}},
      {"[photonic.x]\nmodus = 1\n", {"mine.toml:2", "photonic.x.modus", "modes"}},
      {"[photonic.x]\npreset = 'realistik'\n", {"mine.toml:2", "realistic"}},
      {"[photonic.x]\nmesh = 'rectangle'\n", {"mine.toml:2", "rectangular"}},
      {"[photonic.x]\nclock_hz = 1e15\n", {"mine.toml:2", "photonic.x.clock_hz"}},
      {"[electronic]\ngpus = ['rtx309']\n", {"mine.toml:2", "rtx3090"}},
      {"[electronic]\nformats = ['int9']\n", {"mine.toml:2", "int8"}},
      {"[electronic]\ngpus = ['rtx3090', 't4']\nformats = ['fp16', 'fp8']\n",
       {"mine.toml:3", "no board of gpus computes in fp8", "fp64"}},
      {"[electronic]\ngpus = ['h200', 't4', 'h200']\n", {"mine.toml:2: electronic.gpus: has 'h200' twice"}},
      {"[electronic]\ngpus = ['t4']\nformats = ['fp16', 'fp16']\n",
       {"mine.toml:3: electronic.formats: has 'fp16' twice"}},
      {"[electronic]\ngpus = ['t4']\nformats = []\n",
       {"mine.toml:3: electronic.formats: takes one format or more; without the key boards run fp16"}},
      {"[electronic]\ncublas = ['int4']\n", {"mine.toml:2", "electronic.cublas", "int4", "int8"}},
      {"[electronic]\nsystolic = ['tpu-v2']\n", {"mine.toml:2", "electronic.systolic", "tpu-v2", "tpu-v"}},
      {"[electronic]\ncublas = ['bf61']\n", {"mine.toml:2", "electronic.cublas", "bf16"}},
      {"batches = [0]\n", {"mine.toml:1", "batches"}},
      {"batches = [10000001]\n", {"mine.toml:1", "batches", "10000000"}},
      {"batches = [1.5]\n", {"mine.toml:1", "batches"}},
      {"seed = 9007199254740994\n", {"mine.toml:1", "seed"}},
      {"name = ''\n", {"mine.toml:1", "name"}},
      {"name = 'a/b'\n", {"mine.toml:1", "name", "a/b"}},
      {"name = '" + std::string(65, 'a') + "'\n", {"mine.toml:1", "name", "64"}},
      {"[photonic.'a b']\n", {"mine.toml:1", "photonic.a b", "letters"}},
      {"\n[photonic.photonic]\n", {"mine.toml:2", "photonic.photonic"}},
      {"[photonic." + std::string(41, 'a') + "]\n", {"mine.toml:1", "40"}},
      {"[photonic.x]\nphase_bits = 7.5\n", {"mine.toml:2", "photonic.x.phase_bits", "whole", "7.5"}},
      {"[photonic.x]\nmodes = 4097\n", {"mine.toml:2", "photonic.x.modes", "4096"}},
      {"[photonic.x]\nlaser = ''\n", {"mine.toml:2", "photonic.x.laser"}},
      {"[photonic.x]\ninsertion_loss_sigma_db = -1\n", {"mine.toml:2", "photonic.x.insertion_loss_sigma_db"}},
      // The key without which the design would be sound; else the table.
      {"[photonic.x]\nmodes = 8\nphase_bits = 32\nlaser_power_w = 0.2\n",
       {"mine.toml:3", "photonic.x.phase_bits"}},
      {"[photonic.x]\nmodes = 8\noutput_adc = 'adc-1.25gs'\n", {"mine.toml:3", "photonic.x.output_adc"}},
      {"[photonic.x]\nphase_bits = 32\nclock_hz = 1e12\n", {"mine.toml:1", "photonic.x:"}},
      {"[training]\noptimiser = 'adamm'\n", {"mine.toml:2", "training.optimiser", "adamm", "adam"}},
      {"[training]\nmomentum = 0.5\n", {"mine.toml:2", "training.momentum", "sgd"}},
      {"[training]\noptimiser = 'sgd'\nbeta1 = 0.5\n", {"mine.toml:3", "training.beta1", "adam"}},
      {"[training]\noptimiser = 'sgd'\nmomentum = 1\n", {"mine.toml:3", "training.momentum"}},
      {"[training]\noptimiser = 'adam'\nweight_decay = 0.1\n", {"mine.toml:3", "weight_decay", "adamw"}},
      {"[training]\nschedule = 'cosin'\n", {"mine.toml:2", "training.schedule", "cosine"}},
      {"[training]\nfactor = 0.5\n", {"mine.toml:2", "training.factor", "step"}},
      {"[training]\npatience = 3\n", {"mine.toml:2", "training.patience", "validation"}},
      {"[training]\nvalidation = 1\n", {"mine.toml:2", "training.validation"}},
      {"[training]\nformat = 'bf61'\n", {"mine.toml:2", "training.format", "bf16"}},
      {"[training]\nweight_bits = 1\n", {"mine.toml:2", "training.weight_bits", "2 to 16"}},
      {"[training]\nweight_noise = -1\n", {"mine.toml:2", "training.weight_noise"}},
      {"[training]\nfresh_chips = 'b'\n[photonic.a]\n", {"mine.toml:2", "training.fresh_chips", "b", "a"}},
      {"[training]\nfresh_chips = 'a'\n[photonic.a]\ndetection = 'intensity'\nmodes = 64\n",
       {"mine.toml:2", "training.fresh_chips", "homodyne"}},
      {"name = 'x'\nname = \n", {"mine.toml:2:"}},
  };
  for (const Wrong& wrong : cases) {
    const std::string said = test::refusal(wrong.text);
    for (const std::string& part : wrong.says)
      EXPECT_NE(said.find(part), std::string::npos) << "for\n" << wrong.text << "it says: " << said;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace fringe
