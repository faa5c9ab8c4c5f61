// When tasks run that need resources and wait for each other: an event-driven list schedule. A server that is
// free takes, of the tasks that are ready for it, those of the lowest turn first, and of these the one with
// the longest way to the end; no task is interrupted, and no server stands idle while a task waits for it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace fringe {

struct Task {
  std::size_t resource = 0;  ///< index into the servers
  double seconds = 0;        ///< how long it keeps one server, ≥ 0
  std::vector<int> after;    ///< tasks that it waits for, in any order
  double released_s = 0;     ///< not before, ≥ 0: when a request arrives
  std::size_t turn = 0;      ///< of tasks that are ready, lower turns go first: requests in their order
};

struct TaskSchedule {
  std::vector<double> start_s, finish_s;  ///< of each task
  std::vector<std::size_t> server;        ///< which of its resource's servers ran it
  std::vector<double> busy_s;             ///< of each resource, summed over its servers
  double makespan_s = 0;                  ///< the last finish
};

/// servers[r] ≥ 1 equal servers of resource r. Of tasks with equal ways to the end the one released earlier
/// goes first, then the lower number: equal inputs, equal schedules. O((tasks + edges)·log tasks). Throws
/// Error on a resource or task that isn't there, a time that is negative or not finite, or a circle.
TaskSchedule schedule_tasks(std::span<const Task> tasks, std::span<const std::size_t> servers);

/// What no schedule goes below: the longest path of dependencies from its release on, and the work of each
/// resource over its servers.
struct ScheduleBounds {
  double path_s = 0;
  double busiest_s = 0;
  double largest() const { return path_s > busiest_s ? path_s : busiest_s; }
};
ScheduleBounds schedule_bounds(std::span<const Task> tasks, std::span<const std::size_t> servers);

}  // namespace fringe
