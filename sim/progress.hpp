// Progress of long work on a terminal, and a clean stop on Ctrl-C.
#pragma once

#include <chrono>
#include <string>

#include "core/observer.hpp"

namespace fringe {

/// From now on Ctrl-C (SIGINT) and SIGTERM ask long work to stop; a second one ends the program at once.
void catch_interrupts();
bool interrupted() noexcept;

/// On a terminal one line on standard error: bar, share and estimate of the time left; elsewhere a line per
/// stage. Calls must not overlap.
class ProgressBar final : public Observer {
 public:
  explicit ProgressBar(bool silent = false);
  ~ProgressBar() override;
  void progress(std::string_view what, std::size_t done, std::size_t total) override;
  bool stop_requested() const override { return interrupted(); }

 private:
  using Clock = std::chrono::steady_clock;
  void clear();
  bool silent_, terminal_;
  std::string stage_;
  Clock::time_point stage_start_, last_drawn_;
};

}  // namespace fringe
