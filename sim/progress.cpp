#include "sim/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>

namespace fringe {
namespace {

std::atomic<int> asked_to_stop = 0;
static_assert(std::atomic<int>::is_always_lock_free);  // or a signal handler may not touch it

void on_signal(int number) {
  if (asked_to_stop.exchange(1) == 0) return;
  std::signal(number, SIG_DFL);
  std::raise(number);
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() noexcept { return asked_to_stop != 0; }

ProgressBar::ProgressBar(bool silent) : silent_(silent), terminal_(isatty(STDERR_FILENO) != 0) {}

ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::clear() {
  if (terminal_ && !stage_.empty()) std::fputs("\r\033[K", stderr);
}

void ProgressBar::progress(std::string_view what, std::size_t done, std::size_t total) {
  if (silent_ || total == 0) return;
  const auto now = Clock::now();
  if (what != stage_) {
    stage_ = what;
    stage_start_ = now;
    last_drawn_ = {};
    if (!terminal_) fmt::print(stderr, "{}\n", stage_);
  }
  using namespace std::chrono_literals;
  if (!terminal_ || (now - last_drawn_ < 100ms && done < total)) return;
  last_drawn_ = now;
  constexpr std::size_t width = 24;
  const std::size_t filled = width * done / total;
  const double elapsed = std::chrono::duration<double>(now - stage_start_).count();
  std::string left;
  if (done > 0 && done < total)
    left = fmt::format(" · {:.0f} s left",
                       elapsed / static_cast<double>(done) * static_cast<double>(total - done));
  std::string bar;
  for (std::size_t i = 0; i < width; ++i) bar += i < filled ? "█" : "░";
  fmt::print(stderr, "\r\033[K{} {:3d} % {}{}", bar, 100 * done / total, stage_, left);
  std::fflush(stderr);
}

}  // namespace fringe
