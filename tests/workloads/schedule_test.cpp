#include "workloads/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "expect_error.hpp"

namespace fringe {
namespace {

using testing::expect_error;
using Kind = Schedule::Kind;

TEST(Schedule, SharesByHand) {
  EXPECT_EQ(Schedule{.kind = Kind::constant}.share(7, 10, 5), 1);
  EXPECT_EQ(Schedule{.kind = Kind::linear}.share(0, 10, 5), 1);
  EXPECT_EQ(Schedule{.kind = Kind::linear}.share(5, 10, 5), 0.5);
  EXPECT_EQ(Schedule{}.share(0, 10, 5), 1);
  EXPECT_NEAR(Schedule{}.share(5, 10, 5), 0.5, 0x1p-53);
  // Three quarters of the way: ½(1 − √½).
  EXPECT_NEAR(Schedule{}.share(6, 8, 4), 0.5 - std::sqrt(0.125), 4 * 0x1p-53);
  const Schedule falls{.kind = Kind::step, .every_epochs = 2, .factor = 0.5};
  EXPECT_EQ(falls.share(19, 60, 10), 1);    // epoch 1
  EXPECT_EQ(falls.share(20, 60, 10), 0.5);  // epoch 2
  EXPECT_EQ(falls.share(59, 60, 10), 0.25);
}

TEST(Schedule, WarmsUpInEqualPartsAndFallsOverTheRest) {
  for (const Kind kind : {Kind::constant, Kind::cosine, Kind::linear, Kind::step}) {
    const Schedule schedule{.kind = kind, .warmup_steps = 4};
    for (std::size_t step = 0; step < 4; ++step)
      EXPECT_EQ(schedule.share(step, 12, 100), 0.25 * static_cast<double>(step + 1));
    EXPECT_EQ(schedule.share(4, 12, 100), 1);
  }
  EXPECT_EQ((Schedule{.kind = Kind::linear, .warmup_steps = 4}.share(8, 12, 100)), 0.5);
  EXPECT_NEAR((Schedule{.kind = Kind::cosine, .warmup_steps = 4}.share(8, 12, 100)), 0.5, 0x1p-53);
  // A training shorter than its warm-up never gets beyond it.
  EXPECT_EQ((Schedule{.kind = Kind::cosine, .warmup_steps = 100}.share(9, 10, 5)), 0.1);
}

TEST(Schedule, RefusesSettingsOutOfRange) {
  expect_error([] { validate(Schedule{.every_epochs = 0}); }, {"every_epochs", "1"});
  expect_error([] { validate(Schedule{.factor = 0}); }, {"factor", "above 0"});
}

}  // namespace
}  // namespace fringe
