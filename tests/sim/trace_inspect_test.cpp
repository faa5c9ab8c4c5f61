#include "sim/trace_inspect.hpp"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <array>
#include <cmath>
#include <fstream>

#include "core/cost.hpp"
#include "tests/sim/trace_support.hpp"

namespace fringe {
namespace {

using test::error_of;
using test::some_info;

struct Small {
  double loss = 0.5;
  double latency = 1e-3;
  std::string provenance = "measured";
  std::int64_t label = 3;
  std::uint64_t seed = 7;
  bool extra_table = false;
};

std::string write(const std::string& path, const Small& what) {
  TraceInfo info = some_info();
  info.seed = what.seed;
  TraceWriter trace(path, info);
  trace.append("hardware", {{"name", "mesh 8×8"},
                            {"camp", "photonic"},
                            {"numerics", "simulated"},
                            {"cost", "modelled"},
                            {"boundary", "accelerator"},
                            {"accuracy_mean", 0.9731},
                            {"accuracy_half_width", 0.002},
                            {"accuracy_chips", std::int64_t{20}},
                            {"at_equal_accuracy", std::int64_t{1}},
                            {"energy_known", std::int64_t{1}},
                            {"note", ""}});
  test::append_epoch(trace, 0, what.loss);
  trace.append("costs", {{"hardware", "CPU"},
                         {"scenario", "resident"},
                         {"provenance", what.provenance},
                         {"batch", std::int64_t{1}},
                         {"latency_s", what.latency},
                         {"interval_s", what.latency},
                         {"throughput_per_s", 1 / what.latency},
                         {"energy_j", 1.0},
                         {"energy_by_part", std::vector<double>(part_count, 0.0)},
                         {"pipelined_energy_j", 1.0},
                         {"pipelined_energy_by_part", std::vector<double>(part_count, 0.0)},
                         {"busy_by_resource", std::vector<double>(resource_count, 0.0)},
                         {"area_m2", std::nan("")},
                         {"area_by_part", std::vector<double>(part_count, 0.0)}});
  if (what.extra_table)
    trace.append("confusion", {{"hardware", "CPU"}, {"matrix", std::vector<std::int64_t>{what.label}}});
  return path;
}

TEST(CompareTraces, TellsWhereTheyDiffer) {
  const test::TemporaryFolder folder;
  const std::string a = write(folder.file("a.h5"), {});
  const auto against = [&](const Small& what) { return compare_traces(a, write(folder.file("b.h5"), what)); };
  EXPECT_EQ(against({}), "");
  EXPECT_EQ(against({.latency = 2e-3}), "") << "a measured time may differ";
  EXPECT_EQ(against({.loss = std::nextafter(0.5, 1.0)}), "/epochs/loss record 0");
  EXPECT_EQ(against({.seed = 8}), "attribute seed");
  EXPECT_EQ(against({.extra_table = true}), "/confusion in one trace only");
  EXPECT_EQ(against({.provenance = "modelled"}), "/costs/provenance record 0");

  const std::string m = write(folder.file("m.h5"), {.provenance = "modelled"});
  EXPECT_EQ(compare_traces(m, write(folder.file("b.h5"), {.latency = 2e-3, .provenance = "modelled"})),
            "/costs/latency_s record 0")
      << "a modelled time must not";
}

TEST(InspectTrace, ShowsTheHardware) {
  const test::TemporaryFolder folder;
  const std::string text = inspect_trace(write(folder.file("a.h5"), {}));
  for (const char* part : {"seed 7", "97.31 %", "mesh 8×8", "a CPU", "name = \"µ\"", "epochs"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST(InspectTrace, RefusesWhatIsNotATrace) {
  const test::TemporaryFolder folder;
  const auto refused = [](const std::string& path) { return error_of([&] { inspect_trace(path); }); };
  EXPECT_NE(refused(folder.file("none.h5")).find("no such file"), std::string::npos);
  EXPECT_NE(refused(folder.path().string()).find("is a directory"), std::string::npos);
  std::ofstream(folder.file("text.h5")) << "not HDF5";
  EXPECT_NE(refused(folder.file("text.h5")).find("not a fringe trace"), std::string::npos);
  EXPECT_NE(refused("/dev/null").find("not a fringe trace"), std::string::npos);
  H5Fclose(H5Fcreate(folder.file("other.h5").c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  EXPECT_NE(refused(folder.file("other.h5")).find("not a fringe trace"), std::string::npos);

  const std::string future = write(folder.file("future.h5"), {});
  const hid_t file = H5Fopen(future.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  const hid_t version = H5Aopen(file, "schema_version", H5P_DEFAULT);
  const std::array<std::int64_t, 2> higher{99, 0};
  H5Awrite(version, H5T_NATIVE_INT64, higher.data());
  H5Aclose(version);
  H5Fclose(file);
  EXPECT_NE(refused(future).find("schema version 99.0"), std::string::npos);
}

TEST(InspectTrace, OtherToolsReadItToo) {
  const test::TemporaryFolder folder;
  const std::string path = write(folder.file("a.h5"), {});
  if (!test::run("h5dump --version").good) GTEST_SKIP() << "h5dump is not installed";
  const test::Ran dump = test::run("h5dump -d /epochs/loss " + path);
  EXPECT_TRUE(dump.good) << dump.output;
  EXPECT_NE(dump.output.find("(0): 0.5"), std::string::npos) << dump.output;
}

TEST(InspectTrace, PythonReaderReadsIt) {
  const std::string python = test::python_with_h5py();
  if (python.empty()) GTEST_SKIP() << "no Python with h5py here";
  const test::TemporaryFolder folder;
  const std::string path = write(folder.file("a.h5"), {});
  const std::string source = FRINGE_SOURCE_DIR;
  const test::Ran ran = test::run("PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=" + source + "/python " + python +
                                  " " + source + "/tests/sim/read_trace.py " + path);
  EXPECT_TRUE(ran.good) << ran.output;
}

}  // namespace
}  // namespace fringe
