// Timelines: the file that trace viewers open, the table of the trace, the numbers.
#include "sim/timeline.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "sim/trace_reader.hpp"
#include "tests/sim/trace_support.hpp"

namespace fringe {
namespace {

TimelineRequest request() {
  TimelineRequest r;
  r.workload = "digits-mlp";
  r.preset = "realistic";
  r.batch = 8;
  r.cores = 2;
  r.requests = 3;
  return r;
}

TEST(Timeline, TheFileHoldsEveryTaskOnItsServer) {
  const Timeline t = make_timeline(request());
  const nlohmann::json file = nlohmann::json::parse(chrome_trace(t));
  std::map<int, std::string> threads;
  std::map<int, std::vector<std::pair<double, double>>> events;
  double end = 0;
  std::size_t tasks = 0;
  for (const auto& event : file.at("traceEvents")) {
    if (event.at("ph") == "M") {
      if (event.at("name") == "thread_name") threads[event.at("tid")] = event.at("args").at("name");
      continue;
    }
    ASSERT_EQ(event.at("ph"), "X");
    ++tasks;
    const double start = event.at("ts"), seconds = event.at("dur");
    events[event.at("tid")].push_back({start, start + seconds});
    end = std::max(end, start + seconds);
  }
  EXPECT_EQ(tasks, t.schedule.tasks.size());
  EXPECT_NEAR(end, 1e9 * t.schedule.times.makespan_s, 8 * 0x1p-52 * end);
  for (auto& [thread, spans] : events) {
    EXPECT_TRUE(threads.contains(thread)) << thread;
    std::ranges::sort(spans);
    for (std::size_t i = 1; i < spans.size(); ++i)
      EXPECT_GE(spans[i].first, spans[i - 1].second - 8 * 0x1p-52 * end) << threads[thread];
  }
}

TEST(Timeline, NumbersAgreeWithTheSchedule) {
  const Timeline t = make_timeline(request());
  const nlohmann::json json = nlohmann::json::parse(timeline_json(t));
  EXPECT_EQ(json.at("makespan_s"), t.schedule.times.makespan_s);
  EXPECT_EQ(json.at("resources").size(), t.schedule.resources.size());
  EXPECT_GE(t.schedule.times.makespan_s, t.schedule.bounds.largest());
  EXPECT_NE(timeline_text(t).find("lower bound: longest chain of work"), std::string::npos);
  TimelineRequest serial = request();
  serial.requests = 1;
  serial.cores = 1;
  serial.options.overlap = false;
  const Timeline one = make_timeline(serial);
  EXPECT_NEAR(one.schedule.times.makespan_s, one.price.latency_s,
              4 * 0x1p-52 * static_cast<double>(one.schedule.tasks.size()) * one.price.latency_s);
}

TEST(Timeline, TheTraceHoldsIt) {
  const Timeline t = make_timeline(request());
  const test::TemporaryFolder folder;
  {
    TraceWriter trace(folder.file("t.h5"), test::some_info());
    record_timeline(trace, t);
  }
  const TraceReader trace(folder.file("t.h5"));
  EXPECT_EQ(trace.records("timeline"), t.schedule.tasks.size());
  EXPECT_EQ(trace.numbers("timeline", "start_s"), t.schedule.times.start_s);
  EXPECT_EQ(trace.numbers("timeline", "finish_s"), t.schedule.times.finish_s);
  EXPECT_EQ(trace.strings("timeline", "resource")[0], t.schedule.resources[t.schedule.tasks[0].resource]);
}

TEST(Timeline, PublishedSystemsSayWhatIsAssumed) {
  TimelineRequest r = request();
  r.preset = "pace";
  r.cores = 0;
  r.requests = 1;
  const Timeline t = make_timeline(r);
  EXPECT_EQ(t.request.cores, 1u);
  EXPECT_NE(timeline_text(t).find("Assumed: 8 bits"), std::string::npos);
  // The power of the whole, once.
  const double energy = nlohmann::json::parse(timeline_json(t)).at("energy_j");
  EXPECT_GE(energy, 8.192 / 2.38 * t.schedule.times.makespan_s);
}

TEST(Timeline, EqualRequestsGiveEqualTimes) {
  EXPECT_EQ(chrome_trace(make_timeline(request())), chrome_trace(make_timeline(request())));
  TimelineRequest other = request();
  other.seed = 2;
  EXPECT_NE(chrome_trace(make_timeline(request())), chrome_trace(make_timeline(other)));
}

TEST(Timeline, SaysWhatIsWrong) {
  const auto refused = [](auto change) {
    TimelineRequest r = request();
    change(r);
    EXPECT_THROW(make_timeline(r), Error);
  };
  refused([](auto& r) { r.workload = "digits-nlp"; });
  refused([](auto& r) { r.preset = "real"; });
  refused([](auto& r) { r.chips = 3; });
  refused([](auto& r) { r.link = "usb"; });
  refused([](auto& r) { r.batch = 0; });
  refused([](auto& r) { r.requests = 0; });
  refused([](auto& r) { r.per_s = -1; });
  EXPECT_THROW(find_stationary("weight"), Error);
  EXPECT_THROW(find_partial_sums("adc"), Error);
}

}  // namespace
}  // namespace fringe
