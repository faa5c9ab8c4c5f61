// Trace writing. Goal: a flush per record costs less than a millisecond, so that a run with a record per
// training step does not feel it.
#include <benchmark/benchmark.h>

#include <filesystem>

#include "core/draw.hpp"
#include "sim/trace_writer.hpp"

namespace fringe {
namespace {

class BenchTrace {
 public:
  BenchTrace() : writer_(path_, {"0", "", "", 1, "", 1, ""}) {}
  ~BenchTrace() { std::filesystem::remove(path_); }
  TraceWriter& writer() { return writer_; }

 private:
  std::string path_ = (std::filesystem::temp_directory_path() / "fringe_trace_bench.h5").string();
  TraceWriter writer_;
};

void rates(benchmark::State& state, std::size_t records, std::size_t bytes_per_record) {
  const auto count = static_cast<double>(state.iterations()) * static_cast<double>(records);
  state.counters["records/s"] = benchmark::Counter(count, benchmark::Counter::kIsRate);
  state.counters["bytes/s"] =
      benchmark::Counter(count * static_cast<double>(bytes_per_record), benchmark::Counter::kIsRate);
}

/// One epoch record per flush: 120 bytes.
void small_record(benchmark::State& state) {
  BenchTrace trace;
  std::int64_t epoch = 0;
  for (auto _ : state)
    trace.writer().append("epochs", {{"run", "fold 0"},
                                     {"epoch", epoch++},
                                     {"loss", 0.5},
                                     {"train_accuracy", 0.9},
                                     {"test_accuracy", 0.9},
                                     {"validation_loss", 0.5},
                                     {"test_loss", 0.5},
                                     {"validation_accuracy", 0.9}});
  rates(state, 1, 64 + 7 * 8);
}
BENCHMARK(small_record)->Unit(benchmark::kMicrosecond);

/// The phases of one mesh of N modes per flush, packed where a column has 4 KiB.
void mesh_record(benchmark::State& state) {
  BenchTrace trace;
  const auto modes = static_cast<std::size_t>(state.range(0));
  std::vector<double> theta(modes * (modes - 1) / 2), out(modes);
  fill_uniform(theta, {.seed = 1, .purpose = Purpose::benchmark});
  std::int64_t tile = 0;
  for (auto _ : state)
    trace.writer().append("phases", {{"hardware", "core"},
                                     {"tile", tile++},
                                     {"mesh", "U"},
                                     {"theta_asked", theta},
                                     {"phi_asked", theta},
                                     {"out_asked", out},
                                     {"theta_realised", theta},
                                     {"phi_realised", theta},
                                     {"out_realised", out}});
  rates(state, 1, 2 * 64 + 8 + 8 * (4 * theta.size() + 2 * out.size()));
}
BENCHMARK(mesh_record)->Arg(8)->Arg(64)->Arg(256)->Unit(benchmark::kMicrosecond);

/// A batch of predictions per flush: 100 bytes per record.
void batch_of_records(benchmark::State& state) {
  BenchTrace trace;
  const auto records = static_cast<std::size_t>(state.range(0));
  const std::vector<std::string> hardware(records, "core");
  const std::vector<std::int64_t> number(records, 7);
  const std::vector<float> margin(records, 0.5f);
  for (auto _ : state)
    trace.writer().append_records("predictions", records,
                                  {{"hardware", hardware},
                                   {"fold", number},
                                   {"sample", number},
                                   {"label", number},
                                   {"predicted", number},
                                   {"margin", margin}});
  rates(state, records, 64 + 4 * 8 + 4);
}
BENCHMARK(batch_of_records)->Arg(360)->Arg(10'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace fringe
