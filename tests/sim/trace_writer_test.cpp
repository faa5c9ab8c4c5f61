#include "sim/trace_writer.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <bit>
#include <csignal>
#include <fstream>
#include <limits>

#include "core/cost.hpp"
#include "sim/trace_reader.hpp"
#include "tests/sim/trace_support.hpp"

namespace fringe {
namespace {

using test::append_epoch;
using test::error_of;
using test::some_info;
namespace fs = std::filesystem;

void append_confusion(TraceWriter& trace, std::vector<std::int64_t> matrix) {
  trace.append("confusion", {{"hardware", "core"}, {"matrix", std::move(matrix)}});
}

TEST(TraceWriter, RoundTripKeepsEveryBit) {
  const test::TemporaryFolder folder;
  const std::vector<double> losses{0.1, -0.0, std::numeric_limits<double>::quiet_NaN(), 5e-324, 1e308};
  {
    TraceWriter trace(folder.file("t.h5"), some_info());
    for (std::size_t i = 0; i < losses.size(); ++i)
      append_epoch(trace, static_cast<std::int64_t>(i), losses[i]);
    append_confusion(trace, {1, 2, 3, 4, 5, 6, 7, 8, 9});
    const std::vector<std::string> hardware(700, "κόρη 64");  // more than one chunk
    std::vector<std::int64_t> sample(700);
    for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = static_cast<std::int64_t>(i) << 33;
    const std::vector<float> margin(700, 0.1f);
    for (int part = 0; part < 2; ++part)
      trace.append_records("predictions", 700,
                           {{"hardware", hardware},
                            {"fold", sample},
                            {"sample", sample},
                            {"label", sample},
                            {"predicted", sample},
                            {"margin", margin}});
  }
  const TraceReader trace(folder.file("t.h5"));
  EXPECT_EQ(trace.records("epochs"), losses.size());
  const std::vector<double> read = trace.numbers("epochs", "loss");
  for (std::size_t i = 0; i < losses.size(); ++i)
    EXPECT_EQ(std::bit_cast<std::uint64_t>(read[i]), std::bit_cast<std::uint64_t>(losses[i]));
  EXPECT_EQ(trace.integers("confusion", "matrix"), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
  EXPECT_EQ(trace.records("predictions"), 1400u);
  EXPECT_EQ(trace.strings("predictions", "hardware")[1399], "κόρη 64");
  EXPECT_EQ(trace.integers("predictions", "sample")[1398], std::int64_t{698} << 33);
  EXPECT_EQ(trace.numbers("predictions", "margin")[701], static_cast<double>(0.1f));
  EXPECT_EQ(trace.text_attribute("experiment"), some_info().experiment);
  EXPECT_EQ(trace.number_attribute("seed"), std::vector<std::uint64_t>{7});
  EXPECT_EQ(trace.strings("parts", "name").size(), part_count);
  EXPECT_EQ(trace.strings("resources", "name")[0], resource_names()[0]);
}

TEST(TraceWriter, KeepsTheWholeSeed) {
  const test::TemporaryFolder folder;
  TraceInfo info = some_info();
  info.seed = std::numeric_limits<std::uint64_t>::max();
  const TraceWriter trace(folder.file("t.h5"), info);
  EXPECT_EQ(TraceReader(trace.path()).number_attribute("seed")[0], info.seed);
}

TEST(TraceWriter, ShowsFlushedRecordsToAFollower) {
  const test::TemporaryFolder folder;
  TraceWriter trace(folder.file("t.h5"), some_info());
  for (std::int64_t i = 0; i < 3; ++i) {
    append_epoch(trace, i, 1);
    EXPECT_EQ(TraceReader(trace.path()).records("epochs"), static_cast<std::size_t>(i + 1));
  }
}

TEST(TraceWriter, PacksLargeColumns) {
  const test::TemporaryFolder folder;
  constexpr std::size_t couplers = 100'000;
  {
    TraceWriter trace(folder.file("t.h5"), some_info());
    const std::vector<double> theta(couplers, 0.5), out(450, 0.0);
    for (std::int64_t tile = 0; tile < 4; ++tile)
      trace.append("phases", {{"hardware", "core"},
                              {"tile", tile},
                              {"mesh", "U"},
                              {"theta_asked", theta},
                              {"phi_asked", theta},
                              {"out_asked", out},
                              {"theta_realised", theta},
                              {"phi_realised", theta},
                              {"out_realised", out}});
  }
  EXPECT_LT(fs::file_size(folder.file("t.h5")), 4 * 4 * couplers * sizeof(double) / 10);
  EXPECT_EQ(TraceReader(folder.file("t.h5")).numbers("phases", "phi_realised"),
            std::vector<double>(4 * couplers, 0.5));
}

TEST(TraceWriter, RefusesWhatTheSchemaDoesNotHave) {
  const test::TemporaryFolder folder;
  TraceWriter trace(folder.file("t.h5"), some_info());
  append_confusion(trace, {1, 2, 3, 4});
  const auto refused = [&](std::string_view table, std::initializer_list<TraceField> record) {
    return error_of([&] { trace.append(table, record); });
  };
  EXPECT_NE(refused("epoch", {}).find("did you mean 'epochs'?"), std::string::npos);
  EXPECT_NE(refused("splits", {{"nane", "a"}}).find("did you mean 'name'?"), std::string::npos);
  EXPECT_NE(refused("confusion", {{"hardware", "a"}}).find("column matrix is missing"), std::string::npos);
  EXPECT_NE(refused("confusion", {{"hardware", "a"}, {"hardware", "b"}}).find("given twice"),
            std::string::npos);
  EXPECT_NE(refused("confusion", {{"hardware", 1.0}}).find("values of type name"), std::string::npos);
  EXPECT_NE(refused("confusion", {{"hardware", std::string(65, 'x')}}).find("at most 64 bytes"),
            std::string::npos);
  const std::vector<std::int64_t> nine(9, 0);
  EXPECT_NE(
      refused("confusion", {{"hardware", "a"}, {"matrix", nine}}).find("takes 4 values per record, not 9"),
      std::string::npos);
  const std::vector<std::string> two(2, "a");
  EXPECT_NE(error_of([&] {
              trace.append_records("confusion", 2, {{"hardware", two}, {"matrix", nine}});
            }).find("9 values for 2 records"),
            std::string::npos);
  EXPECT_EQ(TraceReader(trace.path()).records("confusion"), 1u) << "a refused record leaves no mark";
  append_confusion(trace, {4, 3, 2, 1});
  EXPECT_EQ(TraceReader(trace.path()).records("confusion"), 2u);
}

TEST(TraceWriter, RefusesASizeThatFitsNoDimension) {
  const test::TemporaryFolder folder;
  TraceWriter trace(folder.file("t.h5"), some_info());
  EXPECT_NE(error_of([&] { append_confusion(trace, {1, 2, 3}); }).find("square"), std::string::npos);
  EXPECT_NE(error_of([&] { append_confusion(trace, {}); }).find("not 0"), std::string::npos);
  append_confusion(trace, {1});
}

TEST(TraceWriter, OverwritesOnlyTraces) {
  const test::TemporaryFolder folder;
  const auto creating = [](const std::string& path) {
    return error_of([&] { TraceWriter(path, some_info()); });
  };
  {
    TraceWriter first(folder.file("t.h5"), some_info());
    append_epoch(first, 0, 1);
    EXPECT_NE(creating(folder.file("t.h5")).find("being written by another run"), std::string::npos);
    append_epoch(first, 1, 1);
  }
  EXPECT_EQ(TraceReader(folder.file("t.h5")).records("epochs"), 2u);
  EXPECT_EQ(creating(folder.file("t.h5")), "");
  EXPECT_FALSE(TraceReader(folder.file("t.h5")).has("epochs"));

  std::ofstream(folder.file("thesis.txt")) << "years of work";
  EXPECT_NE(creating(folder.file("thesis.txt")).find("not a fringe trace"), std::string::npos);
  EXPECT_EQ(fs::file_size(folder.file("thesis.txt")), 13u);
  EXPECT_NE(creating("/dev/full").find("not a fringe trace"), std::string::npos);
  EXPECT_NE(creating(folder.path().string()).find("directory"), std::string::npos);
  EXPECT_NE(creating(folder.file("missing/t.h5")).find("No such file or directory"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder.file("missing")));
}

/// Caps the size of files that this process writes: EFBIG takes the way of ENOSPC, and needs no root.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST(TraceWriter, SaysWhenThereIsNoRoomAndKeepsWhatWasFlushed) {
  const test::TemporaryFolder folder;
  for (const rlim_t room : {0u, 100u, 2000u, 20'000u}) {
    const FileSizeLimit limit(room);
    const std::string message = error_of([&] { TraceWriter(folder.file("none.h5"), some_info()); });
    EXPECT_NE(message.find("File too large"), std::string::npos) << room << ": " << message;
    EXPECT_FALSE(fs::exists(folder.file("none.h5"))) << room;
  }
  std::int64_t flushed = 0;
  {
    const FileSizeLimit limit(200'000);
    TraceWriter trace(folder.file("some.h5"), some_info());
    const std::string message = error_of([&] {
      for (; flushed < 100'000; ++flushed) append_epoch(trace, flushed, 0.5 * static_cast<double>(flushed));
    });
    EXPECT_NE(message.find("File too large"), std::string::npos) << message;
    EXPECT_NE(error_of([&] { append_epoch(trace, 0, 0); }).find("earlier write failed"), std::string::npos);
  }
  ASSERT_GT(flushed, 0);
  ASSERT_LT(flushed, 100'000);
  const TraceReader trace(folder.file("some.h5"));
  ASSERT_EQ(trace.records("epochs"), static_cast<std::size_t>(flushed));
  const std::vector<double> losses = trace.numbers("epochs", "loss");
  for (std::size_t i = 0; i < static_cast<std::size_t>(flushed); ++i)
    ASSERT_EQ(losses[i], 0.5 * static_cast<double>(i));
}

}  // namespace
}  // namespace fringe
