// The program as a user meets it: bad input gets one sentence, exit status 2, and no file.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "sim/text.hpp"

namespace fringe {
namespace {

namespace fs = std::filesystem;

struct Result {
  int status;
  std::string said;
};

const std::string models = FRINGE_SOURCE_DIR "/tests/data/onnx/";

/// Runs `fringe` in an empty directory.
class CommandLine : public testing::Test {
 protected:
  CommandLine() : folder_(fs::temp_directory_path() / ("fringe_cli_" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~CommandLine() override { fs::remove_all(folder_); }

  Result run(const std::string& arguments) const {
    const std::string command = "cd " + folder_.string() + " && " FRINGE_BINARY " " + arguments + " 2>&1";
    std::FILE* pipe = popen(command.c_str(), "r");
    Result result{-1, {}};
    if (pipe == nullptr) return result;
    char buffer[4096];
    while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) result.said.append(buffer, n);
    result.status = WEXITSTATUS(pclose(pipe));
    return result;
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }
  fs::path folder_;
};

std::string idx_images(std::size_t count, std::size_t bytes, unsigned char type = 8) {
  std::string file{0, 0, static_cast<char>(type), 3};
  for (const std::size_t size : {count, std::size_t{28}, std::size_t{28}})
    for (int shift = 24; shift >= 0; shift -= 8) file += static_cast<char>((size >> shift) & 255);
  return file + std::string(bytes, '\1');
}
std::string idx_labels(std::size_t count) {
  std::string file{0, 0, 8, 1};
  for (int shift = 24; shift >= 0; shift -= 8) file += static_cast<char>((count >> shift) & 255);
  return file + std::string(count, '\1');
}

TEST_F(CommandLine, BadInputIsOneSentenceStatusTwoAndNoFile) {
  write("unknown_key.toml", "sed = 1\n");
  write("syntax.toml", "name = 'x'\n[photonic\n");
  write("negative.toml", "[photonic.x]\nsplitting_sigma_rad = -0.1\n");
  write("nan.toml", "[photonic.x]\nphase_sigma_rad = nan\n");
  write("one_mode.toml", "[photonic.x]\nmodes = 1\n");
  write("device.toml", "[photonic.x]\nlaser = 'hybrid-external-cavty'\n");
  write("numbers.toml", "[photonic.x.numbers]\nsystem = 'residu'\n");
  write("no_numbers.toml", "[photonic.x]\n");
  write("data.toml", "data = 'optical-digit'\n");
  write("sweep.toml", "[sweep.axes]\n\"photonic.x.modes\" = [8, 1]\n[photonic.x]\n");
  write("no_trace.h5", "this is text");
  write("not_hdf5.h5", "text");
  struct Wrong {
    std::string arguments, says;
  };
  const std::vector<Wrong> cases{
      {"run unknown_key.toml", "seed"},
      {"serve", "workload"},
      {"serve resnet5", "resnet50"},
      {"serve missing.onnx", "missing.onnx: this file cannot be read"},
      {"serve not_hdf5.h5", "not_hdf5.h5"},
      {"timeline missing.onnx --on realistic --out x.json", "missing.onnx: this file cannot be read"},
      {"timeline " + models + "unsupported.onnx --on realistic --trace x.h5", "'shuffle' is a DepthToSpace"},
      {"breakeven missing.onnx --out x.h5", "missing.onnx: this file cannot be read"},
      {"breakeven resnet5 --out x.h5", "resnet50"},
      {"breakeven " + models + "unsupported.onnx --out x.h5", "'shuffle' is a DepthToSpace"},
      {"serve digits-mlp --on h20", "h200"},
      {"serve digits-mlp --batch 3", "power of two"},
      {"timeline digits-mlp", "--on"},
      {"timeline digits-mpl --on realistic --out x.json", "digits-mlp"},
      {"timeline digits-mlp --on reelistic --out x.json", "'realistic'"},
      {"timeline digits-mlp --on envise --chips 3 --out x.json", "chips = 3"},
      {"timeline digits-mlp --on pace --link pcie5-x1 --out x.json", "pcie5-x16"},
      {"timeline digits-mlp --on realistic --banks 3 --out x.json", "banks = 3"},
      {"timeline digits-mlp --on realistic --sums adc --out x.json", "partial sums"},
      {"timeline digits-mlp --on realistic --requests -1 --out x.json",
       "--requests: takes a whole number, not '-1'"},
      {"timeline digits-mlp --on realistic --cores 99999999999", "at most 1000000"},
      {"timeline digits-mlp --on", "--on: lacks its PRESET"},
      {"serve digits-mlp --bound 15ms", "--bound: takes a number, not '15ms'"},
      {"serve digits-mlp --on h100", "'h100-sxm'"},
      {"calibrate --modes -2", "--modes: takes a whole number, not '-2'"},
      {"timeline digits-mlp --on realistic --out /nonexistent/x.json", "/nonexistent/x.json"},
      {"timeline digits-mlp --on realistic --out /dev/full", "/dev/full"},
      {"run syntax.toml", "syntax.toml:2:"},
      {"run sweep.toml", "fringe sweep"},
      {"sweep", "experiment"},
      {"sweep sweep.toml", "sweep.toml:2: sweep.axes.\"photonic.x.modes\" = 1: must be from 2 to 4096"},
      {"sensitivity negative.toml", "[sweep]"},
      {"pareto missing.h5", "missing.h5"},
      {"run negative.toml", "splitting_sigma_rad"},
      {"run nan.toml", "phase_sigma_rad"},
      {"run one_mode.toml", "modes"},
      {"run device.toml", "hybrid-external-cavity"},
      {"run data.toml", "optical-digits"},
      {"run numbers.toml", "'residue'"},
      {"precision no_numbers.toml", "no photonic system has a number system"},
      {"precision no_numbers.toml --points -1", "--points"},
      {"run missing.toml", "missing.toml"},
      {"compare --data .", "train-images"},
      {"compare --seed -3", "seed"},
      {"compare --threads 0", "threads"},
      {"compare --threads x", "compare: --threads: takes a whole number from 1 to 1024, not 'x'"},
      {"precision x.toml --points 101", "--points: takes a number from 0 to 100, not '101'"},
      {"compare --out /nonexistent/x.h5 --quiet", "/nonexistent/x.h5"},
      {"compare --out . --quiet", "."},
      {"compare --out no_trace.h5 --quiet", "no_trace.h5"},
      {"compare --out /dev/full --quiet", "/dev/full"},
      {"compare --sed 1", "--seed"},
      {"compare --seed 9007199254740993", "seed"},
      {"compare --data nowhere", "nowhere"},
      {"compare --data robot-arm", "workload mlp@6-32-2 would fit them"},
      {"compare --workload mlp@6-", "mlp@64-32-10"},
      {"compare --workload resnet51", "'resnet50'"},
      {"compare --workload resnet50 --data .", "'mnist-mlp' does"},
      {"compare --workload resnet50 --out x.h5", "priced, not run"},
      {"compare --workload digits-mlp --seed 1", "priced, not run"},
      {"compaer", "compare"},
      {"--jsn", "--help --version"},
      {"--json", "belongs to: compare, run"},
      {"list --json", "'--json' belongs to: compare, run"},
      {"list gpus --sed 1", "unknown option '--sed'"},
      {"list gpus --hlep", "'--help'"},
      {"list gpus more", "'more'"},
      {"run x.toml --diff=y", "'--diff' belongs to: inspect"},
      {"inspect x.h5 --dif y.h5", "'--diff'"},
      {"list devics", "devices"},
      {"inspect missing.h5", "missing.h5"},
      {"calibrate --mesh rectangulr", "'rectangular'"},
      {"calibrate --crossing mzi-crosing", "'mzi-crossing'"},
      {"calibrate --method nuling", "'nulling'"},
      {"calibrate --method nulling --mesh butterfly", "nulling"},
      {"calibrate --target har", "'haar'"},
      {"calibrate --modes 1", "--modes 1"},
      {"calibrate --splitter-sigma nan", "--splitter-sigma"},
      {"calibrate --splitter-sigma -0.1", "--splitter-sigma"},
      {"calibrate --phase-bits 40", "--phase-bits"},
      {"calibrate --chips 0", "--chips"},
      {"calibrate --input-power 0", "--input-power"},
      {"calibrate --modes 4 --chips 1 --quiet --out /nonexistent/x.h5", "/nonexistent/x.h5"},
      {"yield --mesh triangulr", "'triangular'"},
      {"yield --mesh binary-tree", "--mesh binary-tree: takes a mesh for which there is a decomposition"},
      {"yield --mesh butterfly --modes 8 --quiet",
       "--mesh butterfly --target haar: a butterfly of 8 modes cannot realise"},
      {"yield --crossing mzi-crosing", "'mzi-crossing'"},
      {"yield --target har", "'haar'"},
      {"yield --on gpu", "--on gpu: must be cpu or cuda"},
      {"yield --modes 1", "--modes 1: must lie in 2 … 1024"},
      {"yield --modes 64 2000", "--modes 2000: must lie in 2 … 1024"},
      {"yield --modes 8 16 8", "--modes 8: is given twice"},
      {"yield --crossing mzi mzi", "--crossing mzi: is given twice"},
      {"yield --modes -2", "--modes: takes a whole number, not '-2'"},
      {"yield --splitter-sigma 0.01 nan", "--splitter-sigma nan: must lie in 0 … π/4 rad"},
      {"yield --phase-sigma -0.1", "--phase-sigma -0.1"},
      {"yield --phase-bits 40", "--phase-bits 40: must lie in 1 … 32, or be 0 for unlimited"},
      {"yield --splitter-correlation 2", "--splitter-correlation 2: must lie in 0 … 1"},
      {"yield --insertion-loss -1", "--insertion-loss -1"},
      {"yield --insertion-loss-sigma inf", "--insertion-loss-sigma inf"},
      {"yield --chips 0", "--chips 0: must lie in 1 … 10000000"},
      {"yield --chips many", "--chips: takes a whole number, not 'many'"},
      {"yield --limit 0", "--limit 0: must be positive and finite"},
      {"yield --limit", "--limit: lacks its E"},
      {"yield --splitter-sigm 0.1", "'--splitter-sigma'"},
      {"yield --modes 4 --chips 1 --quiet --out /nonexistent/x.h5", "/nonexistent/x.h5"},
      {"inspect not_hdf5.h5", "not_hdf5.h5"},
      {"import", "model"},
      {"import missing.onnx", "missing.onnx: this file cannot be read"},
      {"import not_hdf5.h5", "no ONNX model"},
      {"import " + models + "unsupported.onnx", "'shuffle' is a DepthToSpace"},
      {"import " + models + "gemm.onnx --out /nonexistent/x.onnx", "/nonexistent/x.onnx"},
      {"import " + models + "gemm.onnx --workload x", "'--workload' belongs to: compare"},
      {"compare --workload missing.onnx", "missing.onnx"},
      {"compare --workload " + models + "gemm.onnx --seed 1", "priced, not run"},
      {"audit-data", "data"},
      {"audit-data optical-digit", "'optical-digits'"},
      {"audit-data optical-digits --label 3", "no option 'label'"},
      {"audit-data optical-digits --near 2", "from 0 to 1"},
      {"audit-data optical-digits --near much", "--near"},
      {"audit-data not_hdf5.h5", "no known format"},
      {"gemms", "file"},
      {"gemms missing.json", "missing.json: cannot be read"},
      {"gemms not_hdf5.h5", "no result file"},
      {"advise", "workload"},
      {"advise resnet51", "'resnet50'"},
      {"advise bert", "bert_base_squad, bert_large_squad"},
      {"advise resnet50 --budget -1 --data .", "--budget"},
      {"advise resnet50 --budget lots", "--budget"},
      {"advise resnet50 --precision fp61", "'fp16'"},
      {"advise resnet50 --data nowhere", "nowhere"},
      {"advise resnet50 --budgt 1", "'--budget'"},
  };
  const std::size_t before = files();
  for (const Wrong& wrong : cases) {
    const Result result = run(wrong.arguments);
    EXPECT_EQ(result.status, 2) << wrong.arguments << ": " << result.said;
    EXPECT_NE(result.said.find(wrong.says), std::string::npos) << wrong.arguments << " says: " << result.said;
    EXPECT_EQ(std::count(result.said.begin(), result.said.end(), '\n'), 1)
        << wrong.arguments << " says: " << result.said;
    EXPECT_EQ(files(), before) << wrong.arguments << " left a file";
  }
}

TEST_F(CommandLine, PricesWhatNothingHereTrains) {
  const Result table = run("compare --workload mobilenet-v2");
  EXPECT_EQ(table.status, 0) << table.said;
  EXPECT_NE(table.said.find("priced, not run"), std::string::npos) << table.said;
  EXPECT_EQ(run("compare --workload mobilenet-v2 --json").status, 0);
  EXPECT_EQ(run("compare --workload mnist-mlp").status, 0) << "without its images";
  EXPECT_EQ(files(), 0u) << "no trace";
  write("resnet.toml", "workload = \"resnet50\"\n");
  const Result refused = run("run resnet.toml --quiet");
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.said.find("takes samples of [3, 224, 224] and tells 1000 classes"), std::string::npos)
      << refused.said;
}

// 40 images unfold to 784·40·9 numbers in the first convolution, more than its scratch holds: products in
// parts.
TEST_F(CommandLine, RunsConvolutionsWhoseProductsComeInParts) {
  for (const std::string part : {"train", "t10k"}) {
    write(part + "-images-idx3-ubyte", idx_images(40, 40 * 784));
    write(part + "-labels-idx1-ubyte", idx_labels(40));
  }
  write("cnn.toml",
        "workload = 'mnist-cnn'\ndata = '.'\nallow_leak = true\nchips = 1\nbatches = [1]\n"
        "[training]\nepochs = 1\n[electronic]\ngpus = ['h200']\nformats = ['fp16']\n");
  const Result done = run("run cnn.toml --quiet --out cnn.h5");
  EXPECT_EQ(done.status, 0) << done.said;
  EXPECT_NE(done.said.find("h200"), std::string::npos) << done.said;
}

TEST_F(CommandLine, ReadsOnnxModels) {
  const Result table = run("import " + models + "lstm.onnx");
  EXPECT_EQ(table.status, 0) << table.said;
  for (const char* const says : {"opset 14", "[12, 8]", "[5]", "lstm", "8189", "92280"})
    EXPECT_NE(table.said.find(says), std::string::npos) << says << " is missing in: " << table.said;
  EXPECT_EQ(files(), 0u);
  const Result json = run("import " + models + "lstm.onnx --json");
  EXPECT_NE(json.said.find("\"parameters\": 8189"), std::string::npos) << json.said;
  EXPECT_EQ(run("import " + models + "lstm.onnx --out again.onnx").status, 0);
  EXPECT_NE(run("import again.onnx").said.find("8189"), std::string::npos);
  const Result priced = run("compare --workload again.onnx");
  EXPECT_EQ(priced.status, 0) << priced.said;
  EXPECT_NE(priced.said.find("8189 parameters, 92.3 k multiply-accumulates"), std::string::npos)
      << priced.said;
  EXPECT_EQ(run("compare --workload again.onnx --json").status, 0);
  EXPECT_EQ(files(), 1u);
}

TEST_F(CommandLine, RunsTrainedModelsOnData) {
  const Result done =
      run("compare --workload " + models + "digits.onnx --data optical-digits --quiet --out digits.h5");
  EXPECT_EQ(done.status, 0) << done.said;
  for (const char* const says : {"digits.onnx on optical-digits", "The network is the file's as it is",
                                 "cpu-blas", "realistic, corrected", "realistic, trained on chip"})
    EXPECT_NE(done.said.find(says), std::string::npos) << says << " is missing in: " << done.said;
  const Result other = run("compare --workload " + models + "lstm.onnx --data optical-digits --quiet");
  EXPECT_EQ(other.status, 2);
  EXPECT_NE(other.said.find("takes samples of [12, 8] and tells 5 classes; data 'optical-digits' has"),
            std::string::npos)
      << other.said;
  EXPECT_EQ(files(), 1u) << "one trace";
}

TEST_F(CommandLine, DamagedImageFilesAreRefused) {
  const auto refuse = [&](const std::string& images, const std::string& labels, const std::string& says) {
    write("train-images-idx3-ubyte", images);
    write("train-labels-idx1-ubyte", labels);
    write("t10k-images-idx3-ubyte", images);
    write("t10k-labels-idx1-ubyte", labels);
    const Result result = run("compare --quiet --data .");
    EXPECT_EQ(result.status, 2) << result.said;
    EXPECT_NE(result.said.find(says), std::string::npos) << result.said;
    EXPECT_EQ(files(), 4u);
  };
  refuse(idx_images(3, 3 * 784 - 1), idx_labels(3), "train-images-idx3-ubyte");  // truncated
  refuse(idx_images(3, 3 * 784, 9), idx_labels(3), "train-images-idx3-ubyte");   // wrong magic
  refuse(idx_images(3, 3 * 784), idx_labels(2), "train-labels-idx1-ubyte");      // mismatched
}

// Ten training rows of forty test as well.
TEST_F(CommandLine, TrainingOnALeakNeedsPermissionAndMarksTheTrace) {
  std::string train, test;
  for (std::size_t i = 0; i < 40; ++i) {
    std::string row;
    for (std::size_t f = 0; f < 64; ++f) row += std::to_string((i * i * 31 + f * (i + 7) * 17) % 101) + ",";
    row += std::to_string(i % 10) + "\n";
    train += row;
    if (i % 4 == 0) test += row;
  }
  write("train.csv", train);
  write("test.csv", test);
  write("leak.toml",
        "name = 'leak'\ndata = 'train.csv'\nbatches = [1]\nchips = 1\n[data_options]\ntest = 'test.csv'\n"
        "[training]\nepochs = 1\n[electronic]\ncpu = false\n");
  const auto says = [](const Result& result, const std::string& text) {
    EXPECT_NE(result.said.find(text), std::string::npos) << text << " is missing in: " << result.said;
  };
  const Result audit = run("audit-data train.csv --test test.csv");
  EXPECT_EQ(audit.status, 1);
  says(audit, "LEAK");
  says(audit, "10 of 10 test rows");
  EXPECT_EQ(run("audit-data train.csv").status, 0);

  const std::size_t before = files();
  const Result refused = run("run leak.toml --quiet");
  EXPECT_EQ(refused.status, 2);
  says(refused, "10 of 10 test rows");
  says(refused, "--allow-leak");
  EXPECT_EQ(std::count(refused.said.begin(), refused.said.end(), '\n'), 1) << refused.said;
  EXPECT_EQ(files(), before) << "no trace";

  const Result allowed = run("run leak.toml --quiet --allow-leak");
  EXPECT_EQ(allowed.status, 0) << allowed.said;
  says(allowed, "Warning: 10 test samples are known from the training part");
  const Result trace = run("inspect leak.h5");
  says(trace, "Warning: trained on leaking splits, 10 test samples");
  says(trace, "allow_leak = true");
}

TEST_F(CommandLine, SaysWhenItsOutputIsLost) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  for (const std::string arguments : {"list gpus", "--help", "--version"}) {
    const std::string command =
        "cd " + folder_.string() + " && (" FRINGE_BINARY " " + arguments + " 2>said >/dev/full)";
    EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 2) << arguments;
    std::ifstream file(folder_ / "said");
    const std::string said{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NE(said.find("standard output"), std::string::npos) << said;
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  }
}

TEST_F(CommandLine, HelpListsAndVersions) {
  EXPECT_EQ(run("--help").status, 0);
  for (const std::string command :
       {"compare", "advise", "audit-data", "breakeven", "calibrate", "gemms", "import", "inspect", "list",
        "pareto", "precision", "run", "sensitivity", "serve", "sweep", "timeline", "validate", "yield"}) {
    const Result help = run(command + " --help");
    EXPECT_EQ(help.status, 0);
    EXPECT_NE(help.said.find(command), std::string::npos);
    EXPECT_NE(run("--help").said.find(command), std::string::npos);
  }
  for (const std::string list : {"devices", "systems", "meshes", "crossings", "cores", "programming",
                                 "imperfections", "nonlinearities", "gpus", "workloads", "data"}) {
    const Result table = run("list " + list);
    EXPECT_EQ(table.status, 0);
    EXPECT_NE(table.said.find("source: "), std::string::npos) << list;
    EXPECT_EQ(table.said.find("source: \n"), std::string::npos) << list << " has an empty source";
    EXPECT_NE(run("list").said.find("  " + list + " "), std::string::npos);
  }
  // No line is wider than the hundred columns that a terminal has, but for words without a blank.
  for (const std::string wide :
       {"--help", "compare --help", "timeline --help", "yield --help", "list systems", "list gpus"}) {
    std::istringstream lines(run(wide).said);
    for (std::string line; std::getline(lines, line);)
      if (line.find_last_of(' ') > line.find_first_not_of(' ')) {
        EXPECT_LE(text_width(line), 100u) << line;
      }
  }
}

}  // namespace
}  // namespace fringe
