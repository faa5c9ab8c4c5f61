#include "core/task_schedule.hpp"

#include <algorithm>
#include <cmath>
#include <queue>
#include <string>
#include <tuple>
#include <utility>

#include "core/error.hpp"

namespace fringe {
namespace {

std::size_t at(int task) { return static_cast<std::size_t>(task); }

void check(std::span<const Task> tasks, std::span<const std::size_t> servers) {
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const auto refuse = [&](const std::string& what) {
      throw Error("task " + std::to_string(i) + ": " + what);
    };
    const Task& t = tasks[i];
    if (t.resource >= servers.size() || servers[t.resource] == 0)
      refuse("resource " + std::to_string(t.resource) + " has no servers");
    if (!(t.seconds >= 0 && std::isfinite(t.seconds) && t.released_s >= 0 && std::isfinite(t.released_s)))
      refuse("times must be finite and not negative");
    for (const int other : t.after)
      if (other < 0 || at(other) >= tasks.size())
        refuse("waits for task " + std::to_string(other) + ", there are " + std::to_string(tasks.size()));
  }
}

std::vector<std::vector<int>> followers(std::span<const Task> tasks) {
  std::vector<std::vector<int>> next(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i)
    for (const int before : tasks[i].after) next[at(before)].push_back(static_cast<int>(i));
  return next;
}

// An order in which every task comes behind those that it waits for.
std::vector<int> in_order(std::span<const Task> tasks, std::span<const std::vector<int>> next) {
  std::vector<std::size_t> waits(tasks.size());
  std::vector<int> order;
  for (std::size_t i = 0; i < tasks.size(); ++i)
    if ((waits[i] = tasks[i].after.size()) == 0) order.push_back(static_cast<int>(i));
  for (std::size_t k = 0; k < order.size(); ++k)
    for (const int follower : next[at(order[k])])
      if (--waits[at(follower)] == 0) order.push_back(follower);
  if (order.size() < tasks.size()) throw Error("tasks wait for each other in a circle");
  return order;
}

// From the start of each task to the end of what hangs on it.
std::vector<double> ways_to_end(std::span<const Task> tasks, std::span<const std::vector<int>> next,
                                std::span<const int> order) {
  std::vector<double> way(tasks.size());
  for (std::size_t k = order.size(); k-- > 0;) {
    const std::size_t i = at(order[k]);
    for (const int follower : next[i]) way[i] = std::max(way[i], way[at(follower)]);
    way[i] += tasks[i].seconds;
  }
  return way;
}

}  // namespace

TaskSchedule schedule_tasks(std::span<const Task> tasks, std::span<const std::size_t> servers) {
  check(tasks, servers);
  const auto next = followers(tasks);
  const auto way = ways_to_end(tasks, next, in_order(tasks, next));

  TaskSchedule result;
  result.start_s.resize(tasks.size());
  result.finish_s.resize(tasks.size());
  result.server.resize(tasks.size());
  result.busy_s.resize(servers.size());

  struct Later {
    const std::vector<double>& way;
    std::span<const Task> tasks;
    bool operator()(int a, int b) const {
      return std::tuple(tasks[at(a)].turn, -way[at(a)], tasks[at(a)].released_s, a) >
             std::tuple(tasks[at(b)].turn, -way[at(b)], tasks[at(b)].released_s, b);
    }
  };
  using Ready = std::priority_queue<int, std::vector<int>, Later>;
  std::vector<Ready> ready(servers.size(), Ready(Later{way, tasks}));
  using FreeServers = std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>>;
  std::vector<FreeServers> idle(servers.size());
  for (std::size_t r = 0; r < servers.size(); ++r)
    for (std::size_t s = 0; s < servers[r]; ++s) idle[r].push(s);

  // Tasks become ready, or finish.
  struct Event {
    double time;
    bool finish;
    int task;
    bool operator>(const Event& other) const {
      return std::tuple(time, !finish, task) > std::tuple(other.time, !other.finish, other.task);
    }
  };
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  std::vector<std::size_t> waits(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i)
    if ((waits[i] = tasks[i].after.size()) == 0)
      events.push({tasks[i].released_s, false, static_cast<int>(i)});

  std::vector<char> touched(servers.size());
  std::vector<std::size_t> woken;  // those that are
  while (!events.empty()) {
    const double now = events.top().time;
    // All that happens at this moment, before anything starts.
    while (!events.empty() && events.top().time == now) {
      const Event event = events.top();
      events.pop();
      const Task& task = tasks[at(event.task)];
      if (!std::exchange(touched[task.resource], 1)) woken.push_back(task.resource);
      if (!event.finish) {
        ready[task.resource].push(event.task);
        continue;
      }
      idle[task.resource].push(result.server[at(event.task)]);
      for (const int follower : next[at(event.task)])
        if (--waits[at(follower)] == 0)
          events.push({std::max(now, tasks[at(follower)].released_s), false, follower});
    }
    for (const std::size_t r : woken) {
      touched[r] = 0;
      while (!ready[r].empty() && !idle[r].empty()) {
        const int task = ready[r].top();
        ready[r].pop();
        result.server[at(task)] = idle[r].top();
        idle[r].pop();
        const double finish = now + tasks[at(task)].seconds;
        result.start_s[at(task)] = now;
        result.finish_s[at(task)] = finish;
        result.busy_s[r] += tasks[at(task)].seconds;
        result.makespan_s = std::max(result.makespan_s, finish);
        events.push({finish, true, task});
      }
    }
    woken.clear();
  }
  return result;
}

ScheduleBounds schedule_bounds(std::span<const Task> tasks, std::span<const std::size_t> servers) {
  check(tasks, servers);
  const auto next = followers(tasks);
  const auto way = ways_to_end(tasks, next, in_order(tasks, next));
  ScheduleBounds bounds;
  std::vector<double> work(servers.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    bounds.path_s = std::max(bounds.path_s, tasks[i].released_s + way[i]);
    work[tasks[i].resource] += tasks[i].seconds;
  }
  for (std::size_t r = 0; r < servers.size(); ++r)
    bounds.busiest_s =
        std::max(bounds.busiest_s, work[r] / static_cast<double>(std::max<std::size_t>(1, servers[r])));
  return bounds;
}

}  // namespace fringe
