// NVML's loader and readings on a fake of the library, and joules from a counter that moves in steps.
#include "electronic/nvml.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cmath>

namespace fringe {
namespace {

constexpr const char* board = "0000:3b:00.0";

bool says(const Nvml& nvml, const std::string& part) { return nvml.status().find(part) != std::string::npos; }

class NvmlFake : public testing::Test {
 protected:
  void SetUp() override {
    handle = dlopen(FRINGE_FAKE_NVML, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(handle, nullptr) << dlerror();
    failing() = 0;
    *find<unsigned long long>("fake_millijoules") = 5000;
    *find<unsigned long long>("fake_reasons") = 0x5;
  }
  void TearDown() override {
    EXPECT_EQ(*find<int>("fake_open"), 0);  // as many shutdowns as starts
    dlclose(handle);
  }
  template <class T>
  T* find(const char* name) {
    return static_cast<T*>(dlsym(handle, name));
  }
  unsigned& failing() { return *find<unsigned>("fake_failing"); }
  void* handle = nullptr;
};

TEST_F(NvmlFake, ReadsJoulesAndConditions) {
  const Nvml nvml(board, FRINGE_FAKE_NVML);
  EXPECT_TRUE(says(nvml, "counts the joules")) << nvml.status();
  EXPECT_EQ(nvml.energy_j(), 5.0);
  *find<unsigned long long>("fake_millijoules") = 7250;
  EXPECT_EQ(nvml.energy_j(), 7.25);
  EXPECT_EQ(to_string(nvml.conditions()), "1980 MHz, memory 2619 MHz, 61 °C, 540 W, held back by: power cap");
  *find<unsigned long long>("fake_reasons") = 0x1;
  EXPECT_EQ(to_string(nvml.conditions()), "1980 MHz, memory 2619 MHz, 61 °C, 540 W, not held back");
  *find<unsigned long long>("fake_reasons") = 0x10060;
  EXPECT_NE(to_string(nvml.conditions())
                .find("by: temperature, temperature, by hardware, a reason that is not listed"),
            std::string::npos);
}

TEST_F(NvmlFake, WhatFailsIsEmptyAndTheRestGoesOn) {
  failing() = 64;  // the counter
  {
    const Nvml nvml(board, FRINGE_FAKE_NVML);
    EXPECT_TRUE(says(nvml, "counter can't be read: Not Supported")) << nvml.status();
    EXPECT_FALSE(nvml.energy_j());
    EXPECT_EQ(nvml.conditions().power_w, 540.4);
    failing() = 4 | 16 | 32;
    EXPECT_EQ(to_string(nvml.conditions()), "61 °C");
    failing() = 4 | 8 | 16 | 32;
    EXPECT_EQ(to_string(nvml.conditions()), "nothing known");
  }
  failing() = 1;
  EXPECT_TRUE(says(Nvml(board, FRINGE_FAKE_NVML), "does not start: Not Supported"));
  failing() = 0;
  const Nvml other("0000:ff:00.0", FRINGE_FAKE_NVML);
  EXPECT_TRUE(says(other, "does not know the board 0000:ff:00.0")) << other.status();
  EXPECT_FALSE(other.energy_j());
}

TEST(Nvml, AnOldDriverStillTellsWhatItKnows) {
  const Nvml nvml(board, FRINGE_FAKE_OLD_NVML);
  EXPECT_TRUE(says(nvml, "no nvmlDeviceGetTotalEnergyConsumption")) << nvml.status();
  EXPECT_FALSE(nvml.energy_j());
  EXPECT_EQ(nvml.conditions().reasons, 0x5u);  // by the function's older name
}

TEST(Nvml, AbsenceIsASentence) {
  const Nvml nvml(board, "libno-such-nvml.so.1");
  EXPECT_EQ(nvml.status(),
            "joules of the GPU unknown: libno-such-nvml.so.1 is not among this machine's libraries");
  EXPECT_FALSE(nvml.energy_j());
  EXPECT_EQ(to_string(nvml.conditions()), "nothing known");
  EXPECT_TRUE(says(Nvml(board, "libm.so.6"), "has no nvmlInit_v2"));  // some other library
}

// A board of 300 W whose counter is brought up to date every 0.1 s; 3 executions a round of 7 ms.
TEST(Nvml, JoulesBetweenStepsOfTheCounter) {
  constexpr double watts = 300, step = 0.1, round_s = 0.007;
  double time = 0;
  const auto round = [&] {
    time += round_s;
    return 3;
  };
  const auto now = [&] { return time; };
  const auto counter = [&]() -> std::optional<double> {
    return 1000 + watts * step * std::floor(time / step);
  };
  const std::optional<double> joules = joules_each(round, counter, now);
  ASSERT_TRUE(joules);
  // Each step is seen up to a round late: at most two rounds in 0.3 s are counted wrongly.
  EXPECT_NEAR(*joules, watts * round_s / 3, watts * round_s / 3 * 2 * round_s / 0.3);

  // Work that takes longer than all the time that there is: begun at one step, done at another.
  const auto long_round = [&] {
    time += 20;
    return 1;
  };
  const std::optional<double> of_long = joules_each(long_round, counter, now);
  ASSERT_TRUE(of_long);
  EXPECT_NEAR(*of_long, watts * 20, watts * step);

  EXPECT_FALSE(joules_each(
      round, []() -> std::optional<double> { return 5; }, now));  // stands still
  EXPECT_FALSE(joules_each(
      round, []() -> std::optional<double> { return std::nullopt; }, now));
}

}  // namespace
}  // namespace fringe
