// A writer that is killed at any moment leaves a file that a plain h5py opens, with every flushed record.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "core/draw.hpp"
#include "tests/sim/trace_support.hpp"

namespace fringe {
namespace {

constexpr std::int64_t batch = 100;

/// Appends for ever: a small record, a large packed one and a batch per round; tells each finished round.
[[noreturn]] void write_rounds(const std::string& path, int tell) {
  TraceWriter trace(path, test::some_info());
  const std::vector<std::string> hardware(batch, "core");
  const std::vector<float> margin(batch, 0.5f);
  std::vector<std::int64_t> sample(batch);
  std::vector<double> theta(600), out(36);
  for (std::int64_t round = 0;; ++round) {
    const auto value = static_cast<double>(round);
    test::append_epoch(trace, round, value / 2);
    std::fill(theta.begin(), theta.end(), value);
    std::fill(out.begin(), out.end(), value);
    trace.append("phases", {{"hardware", "core"},
                            {"tile", round},
                            {"mesh", "V"},
                            {"theta_asked", theta},
                            {"phi_asked", theta},
                            {"out_asked", out},
                            {"theta_realised", theta},
                            {"phi_realised", theta},
                            {"out_realised", out}});
    for (std::int64_t i = 0; i < batch; ++i) sample[static_cast<std::size_t>(i)] = round * batch + i;
    trace.append_records("predictions", batch,
                         {{"hardware", hardware},
                          {"fold", sample},
                          {"sample", sample},
                          {"label", sample},
                          {"predicted", sample},
                          {"margin", margin}});
    const std::int64_t rounds = round + 1;
    if (::write(tell, &rounds, sizeof rounds) != sizeof rounds) ::_exit(1);
  }
}

/// Starts such a writer, kills it `delay` after its first round, and returns the last round it told.
std::int64_t rounds_before_kill(const std::string& path, std::chrono::microseconds delay) {
  int ends[2];
  if (::pipe(ends) != 0) return 0;
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    try {
      write_rounds(path, ends[1]);
    } catch (...) {
      ::_exit(1);
    }
  }
  ::close(ends[1]);
  std::int64_t rounds = 0;
  std::int64_t told = 0;
  if (::read(ends[0], &told, sizeof told) == sizeof told) rounds = told;
  std::this_thread::sleep_for(delay);
  ::kill(child, SIGKILL);
  while (::read(ends[0], &told, sizeof told) == sizeof told) rounds = told;
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return rounds;
}

TEST(TraceKill, EveryFlushedRecordSurvivesTwentyKills) {
  const std::string python = test::python_with_h5py();
  if (python.empty()) GTEST_SKIP() << "no Python with h5py here to open what a killed writer leaves";
  const test::TemporaryFolder folder;
  std::vector<double> when(20);
  fill_uniform(when, {.seed = 1, .purpose = Purpose::test});
  std::string arguments;
  for (std::size_t kill = 0; kill < when.size(); ++kill) {
    const std::string path = folder.file(std::to_string(kill) + ".h5");
    const std::chrono::microseconds delay(static_cast<std::int64_t>(when[kill] * 60'000));
    const std::int64_t rounds = rounds_before_kill(path, delay);
    ASSERT_GT(rounds, 0);
    arguments += " " + path + " " + std::to_string(rounds);
  }
  const test::Ran ran =
      test::run(python + " " FRINGE_SOURCE_DIR "/tests/sim/check_killed_traces.py" + arguments);
  EXPECT_TRUE(ran.good) << ran.output;
}

}  // namespace
}  // namespace fringe
