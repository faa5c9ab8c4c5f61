// Whole comparisons of a network that tells images and of one that tells tokens, in small.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "../workloads/expect_error.hpp"
#include "../workloads/zip_writer.hpp"
#include "core/error.hpp"
#include "sim/compare.hpp"
#include "sim/report.hpp"
#include "sim/trace_inspect.hpp"
#include "sim/trace_reader.hpp"
#include "workloads/ct_phantoms.hpp"
#include "workloads/novel.hpp"

namespace fringe {
namespace {

namespace fs = std::filesystem;

class Targets : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("fringe_targets_" + std::to_string(getpid()) + "_" +
                                           ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  /// An experiment of one epoch, two chips and few samples, of a preset without some of its imperfections:
  /// each is a cause that all chips run alone and without.
  static std::string text(const std::string& workload, const std::string& data, int samples = 2) {
    const std::string few = std::to_string(samples);
    return "workload = '" + workload + "'\ndata = '" + data + R"('
chips = 2
chip_samples = )" +
           few + "\nrange_samples = " + few + R"(
batches = [1]
[training]
epochs = 1
batch = 4
[in_loop]
epochs = 1
chips = 1
samples = 2
[photonic.realistic]
preset = "realistic"
modes = 32
splitting_sigma_rad = 0
phase_sigma_rad = 0
rin_db_per_hz = -300
linewidth_hz = 0
[electronic]
cpu = false
gpus = ["a100-sxm4-40gb"]
formats = ["fp16"]
)";
  }

  Comparison run(const std::string& experiment, unsigned threads, const std::string& trace) const {
    ThreadPool pool(threads);
    Observer silent;
    return compare(parse_experiment(experiment, "targets.toml"), pool, silent, path(trace));
  }

  /// Runs it with one and with two threads: equal traces.
  Comparison twice(const std::string& experiment) const {
    Comparison one = run(experiment, 1, "one.h5");
    run(experiment, 2, "two.h5");
    EXPECT_EQ(compare_traces(path("one.h5"), path("two.h5")), "");
    return one;
  }

  /// Image pairs with a split of their own.
  std::string images(std::size_t train, std::size_t test) const {
    const Dataset pairs = ct_phantoms({.images = train + test});
    const auto part = [&](const std::vector<float>& all, std::size_t begin, std::size_t count) {
      const auto from = all.begin() + static_cast<std::ptrdiff_t>(begin * pairs.features);
      return testing::npy(
          "<f4", "(" + std::to_string(count) + ", 1, 64, 64)",
          std::vector<float>(from, from + static_cast<std::ptrdiff_t>(count * pairs.features)));
    };
    const auto bytes = testing::zip({{"x_train.npy", part(pairs.values, 0, train)},
                                     {"y_train.npy", part(pairs.targets, 0, train)},
                                     {"x_test.npy", part(pairs.values, train, test)},
                                     {"y_test.npy", part(pairs.targets, train, test)}},
                                    false);
    std::ofstream(path("pairs.npz"), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return path("pairs.npz");
  }

  fs::path folder_;
};

const HardwareResult& find(const Comparison& c, const std::string& name) {
  for (const HardwareResult& h : c.hardware)
    if (h.name == name) return h;
  throw Error("no row " + name);
}

TEST_F(Targets, ImagesAreDenoisedOnEveryHardware) {
  // One image a chip: an image is 4096 columns for every tile.
  std::string experiment = text("ct-cnn", images(12, 4), 1) + "[data_options]\ntarget = 'y'\n";
  // Training on chips is that of any network: as tokens do.
  const auto in_loop = experiment.find("[in_loop]");
  experiment.erase(in_loop, experiment.find("[photonic.realistic]") - in_loop);
  const Comparison c = run(experiment, 2, "one.h5");
  EXPECT_EQ(c.metric().key, "psnr_db");
  ASSERT_EQ(c.baselines.size(), 4u);
  EXPECT_EQ(c.baselines[0].name, "as it comes");
  // Tuned, no filter is worse than none by more than what tuning images differ from test images.
  for (const Baseline& b : c.baselines)
    EXPECT_GT(b.scores[0].mean, c.baselines[0].scores[0].mean - 1) << b.name;
  // The ideal engine tells the same images but for rounding: 24-bit phases, five layers, far above the noise.
  EXPECT_NEAR(find(c, "photonic ideal").score().mean, c.float_score().mean, 1e-2);
  EXPECT_LT(find(c, "realistic, as fabricated").score().mean, c.float_score().mean);
  EXPECT_GT(find(c, "realistic, as fabricated").scores[1].half_width, 0) << "two chips";
  EXPECT_GT(c.float_scores[1].half_width, 0) << "over four images";

  const TraceReader trace(path("one.h5"));
  EXPECT_EQ(trace.strings("metrics", "key"), (std::vector<std::string>{"psnr_db", "ssim"}));
  EXPECT_FALSE(trace.has("confusion"));
  EXPECT_FALSE(trace.has("predictions"));
  for (const double accuracy : trace.numbers("hardware", "accuracy_mean")) EXPECT_TRUE(std::isnan(accuracy));
  // Target, floating point, four baselines and the board; the ideal engine and two ways of 'realistic', whose
  // chips saw one image.
  EXPECT_EQ(trace.records("images"), 7u * 4 + 3u * 1);
  EXPECT_EQ(trace.records("scores"), 2 * (4 + 1 + c.hardware.size()));
  EXPECT_EQ(trace.records("chip_scores"), 2 * trace.records("chips"));
  EXPECT_EQ(trace.records("cause_scores"), 2 * trace.records("causes"));

  const std::string report = report_text(c);
  for (const char* part : {"PSNR dB", "SSIM", "non-local means", "dB lost", "At equal PSNR (within 0.5 dB"})
    EXPECT_NE(report.find(part), std::string::npos) << part;
  const auto json = nlohmann::json::parse(report_json(c));
  EXPECT_EQ(json["baselines"].size(), 4u);
  EXPECT_EQ(json["hardware"][0]["psnr_db"]["mean"], c.hardware[0].score().mean);
  EXPECT_TRUE(json["photonic"][0].contains("psnr_db_lost_corrected"));
  EXPECT_NE(inspect_trace(path("one.h5")).find("psnr_db"), std::string::npos);
}

TEST_F(Targets, TokensAreToldOnEveryHardware) {
  std::ofstream(path("part.txt")) << northanger_abbey().substr(0, 64 * 60 + 1);
  const Comparison c = twice(text("char-gpt", path("part.txt")));
  EXPECT_EQ(c.metric().key, "loss_nats");
  ASSERT_EQ(c.baselines.size(), 1u);
  // Half an epoch tells less than counting, and more than guessing among 96.
  EXPECT_LT(c.baselines[0].scores[0].mean, c.float_score().mean);
  EXPECT_LT(c.float_score().mean, std::log(96.0));
  EXPECT_NEAR(find(c, "photonic ideal").score().mean, c.float_score().mean, 1e-3);
  EXPECT_EQ(c.splits.size(), 1u) << "the end of the text alone";

  const TraceReader trace(path("one.h5"));
  EXPECT_EQ(trace.strings("metrics", "key"), (std::vector<std::string>{"loss_nats", "accuracy"}));
  EXPECT_FALSE(trace.has("confusion"));
  EXPECT_FALSE(trace.has("images"));
  EXPECT_EQ(trace.numbers("hardware", "accuracy_mean")[0], c.hardware[0].scores[1].mean);
  for (const double loss : trace.numbers("epochs", "test_loss")) EXPECT_GT(loss, 0);
  const std::string report = report_text(c);
  for (const char* part : {"loss nats", "trigrams, discount", "nats lost", "above floating point"})
    EXPECT_NE(report.find(part), std::string::npos) << part;
}

TEST_F(Targets, SayWhatDoesNotFit) {
  std::ofstream(path("part.txt")) << northanger_abbey().substr(0, 64 * 60 + 1);
  const auto refused = [&](const std::string& workload, const std::string& data) {
    return [=, this] { run(text(workload, data), 1, "none.h5"); };
  };
  testing::expect_error(refused("ct-cnn", path("part.txt")),
                        {"ct-cnn", "part.txt", "64 features", "[1, 64, 64]"});
  testing::expect_error(refused("ct-cnn", "optical-digits"), {"ct-cnn", "optical-digits"});
  testing::expect_error(refused("digits-mlp", "ct-phantoms"), {"digits-mlp", "ct-phantoms"});
  testing::expect_error(refused("char-gpt", "optical-digits"), {"char-gpt", "optical-digits"});
  EXPECT_FALSE(fs::exists(path("none.h5")));
}

}  // namespace
}  // namespace fringe
