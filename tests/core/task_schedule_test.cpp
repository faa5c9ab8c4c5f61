#include "core/task_schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "core/draw.hpp"
#include "core/error.hpp"

namespace fringe {
namespace {

struct Problem {
  std::vector<Task> tasks;
  std::vector<std::size_t> servers;
};

// Times are multiples of 1/64, so that sums are exact and moments that should meet do.
Problem random_problem(std::uint32_t trial) {
  const DrawStream stream = stream_of({.seed = 71, .trial = trial});
  std::uint64_t element = 0;
  const auto below = [&](std::uint32_t n) { return random_bits(stream, element++) % n; };
  Problem p;
  for (std::uint32_t r = 0, count = 1 + below(4); r < count; ++r) p.servers.push_back(1 + below(3));
  for (std::uint32_t i = 0, count = 1 + below(60); i < count; ++i) {
    Task t;
    t.resource = below(static_cast<std::uint32_t>(p.servers.size()));
    t.seconds = below(256) / 64.0;
    if (below(3) == 0) t.released_s = below(1024) / 64.0;
    for (std::uint32_t k = 0; i > 0 && k < below(4); ++k) {
      const int before = static_cast<int>(below(i));
      if (std::find(t.after.begin(), t.after.end(), before) == t.after.end()) t.after.push_back(before);
    }
    p.tasks.push_back(t);
  }
  return p;
}

TEST(TaskSchedule, RandomGraphsKeepEveryRule) {
  for (std::uint32_t trial = 0; trial < 300; ++trial) {
    const Problem p = random_problem(trial);
    const TaskSchedule s = schedule_tasks(p.tasks, p.servers);
    const ScheduleBounds bounds = schedule_bounds(p.tasks, p.servers);
    EXPECT_GE(s.makespan_s, bounds.largest());
    // R. L. Graham, SIAM J. Appl. Math. 17, 416 (1969), for one kind of server; with several, a moment of a
    // list schedule either works off the longest path, waits for a release on it, or has all servers of one
    // kind busy.
    double work = 0;
    for (std::size_t r = 0; r < p.servers.size(); ++r)
      work += s.busy_s[r] / static_cast<double>(p.servers[r]);
    EXPECT_LE(s.makespan_s, work + bounds.path_s);

    double last = 0;
    for (std::size_t i = 0; i < p.tasks.size(); ++i) {
      const Task& t = p.tasks[i];
      EXPECT_EQ(s.finish_s[i], s.start_s[i] + t.seconds);
      EXPECT_GE(s.start_s[i], t.released_s);
      EXPECT_LT(s.server[i], p.servers[t.resource]);
      for (const int before : t.after) EXPECT_GE(s.start_s[i], s.finish_s[static_cast<std::size_t>(before)]);
      last = std::max(last, s.finish_s[i]);
      for (std::size_t j = 0; j < i; ++j)  // one task at a time on a server
        if (p.tasks[j].resource == t.resource && s.server[j] == s.server[i]) {
          EXPECT_TRUE(s.finish_s[j] <= s.start_s[i] || s.finish_s[i] <= s.start_s[j]);
        }
    }
    EXPECT_EQ(s.makespan_s, last);
  }
}

// Whenever a task could run and doesn't, every server of its kind is at work.
TEST(TaskSchedule, NoServerIsIdleWhileATaskWaits) {
  for (std::uint32_t trial = 300; trial < 400; ++trial) {
    const Problem p = random_problem(trial);
    const TaskSchedule s = schedule_tasks(p.tasks, p.servers);
    for (std::size_t i = 0; i < p.tasks.size(); ++i) {
      double ready = p.tasks[i].released_s;
      for (const int before : p.tasks[i].after)
        ready = std::max(ready, s.finish_s[static_cast<std::size_t>(before)]);
      // Moments at which something of this kind starts or ends, between ready and start.
      std::vector<double> moments{ready};
      for (std::size_t j = 0; j < p.tasks.size(); ++j)
        for (const double m : {s.start_s[j], s.finish_s[j]})
          if (m > ready && m < s.start_s[i]) moments.push_back(m);
      if (ready == s.start_s[i]) continue;
      for (const double m : moments) {
        std::size_t running = 0;
        for (std::size_t j = 0; j < p.tasks.size(); ++j)
          running +=
              p.tasks[j].resource == p.tasks[i].resource && s.start_s[j] <= m && m < s.finish_s[j] ? 1 : 0;
        EXPECT_EQ(running, p.servers[p.tasks[i].resource])
            << "trial " << trial << ", task " << i << ", at " << m;
      }
    }
  }
}

TEST(TaskSchedule, ChainsAndPipelinesByHand) {
  // Three requests of load (1 s, one loader) and compute (2 s, one core): the core is the bottleneck.
  std::vector<Task> tasks;
  for (int k = 0; k < 3; ++k) {
    tasks.push_back({0, 1, {}, 0});
    tasks.push_back({1, 2, {2 * k}, 0});
  }
  const std::vector<std::size_t> one{1, 1}, two{1, 2};
  EXPECT_EQ(schedule_tasks(tasks, one).makespan_s, 1 + 3 * 2);
  EXPECT_EQ(schedule_tasks(tasks, two).makespan_s, 3 + 2);
  EXPECT_EQ(schedule_bounds(tasks, one).busiest_s, 6);
  EXPECT_EQ(schedule_bounds(tasks, one).path_s, 3);
  EXPECT_EQ(schedule_tasks({}, one).makespan_s, 0);
}

TEST(TaskSchedule, TheLongerWayGoesFirst) {
  const std::vector<Task> tasks{{0, 1, {}, 0}, {0, 1, {}, 0}, {1, 5, {1}, 0}};
  const std::vector<std::size_t> servers{1, 1};
  const TaskSchedule s = schedule_tasks(tasks, servers);
  EXPECT_EQ(s.start_s[1], 0);
  EXPECT_EQ(s.makespan_s, 6);
}

// Two requests of three steps at one server: the first is done before the second begins.
TEST(TaskSchedule, EarlierTurnsGoFirst) {
  std::vector<Task> tasks;
  for (std::size_t turn = 0; turn < 2; ++turn)
    for (int step = 0; step < 3; ++step) {
      tasks.push_back({0, 1, {}, 0, turn});
      if (step > 0) tasks.back().after = {static_cast<int>(tasks.size()) - 2};
    }
  const std::vector<std::size_t> servers{1};
  const TaskSchedule s = schedule_tasks(tasks, servers);
  EXPECT_EQ(s.finish_s[2], 3);
  EXPECT_EQ(s.start_s[3], 3);
  for (Task& task : tasks) task.turn = 0;  // else the longer way goes first
  EXPECT_EQ(schedule_tasks(tasks, servers).start_s[3], 1);
}

TEST(TaskSchedule, SaysWhatIsWrong) {
  const std::vector<std::size_t> servers{1};
  const auto refused = [&](std::vector<Task> tasks) { EXPECT_THROW(schedule_tasks(tasks, servers), Error); };
  refused({{1, 1, {}, 0}});
  refused({{0, -1, {}, 0}});
  refused({{0, 1, {}, std::numeric_limits<double>::infinity()}});
  refused({{0, 1, {3}, 0}});
  refused({{0, 1, {1}, 0}, {0, 1, {0}, 0}});
}

}  // namespace
}  // namespace fringe
