// Numbers as people read them.
#include "sim/report.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/text.hpp"

namespace fringe {
namespace {

TEST(Report, SiPrefixes) {
  EXPECT_EQ(si(3.14159e-6, "s"), "3.14 µs");
  EXPECT_EQ(si(999.6e-9, "s"), "1.00 µs");
  EXPECT_EQ(si(0, "J"), "0 J");
  EXPECT_EQ(si(-2.5e3, "W"), "-2.50 kW");
  EXPECT_EQ(si(1e12, "op/s"), "1.00 Top/s");
  EXPECT_EQ(si(1, "s"), "1.00 s");
  EXPECT_EQ(si(1e-18, "J"), "1.00 aJ");
}

// Student's t at 97.5 %: 2.776 for 4 degrees of freedom, 2.093 for 19 (any table).
TEST(Report, IntervalIsStudents) {
  const Estimate five = estimate({1, 2, 3, 4, 5});
  EXPECT_DOUBLE_EQ(five.mean, 3);
  EXPECT_NEAR(five.half_width, 2.776 * std::sqrt(2.5 / 5), 0.005 * five.half_width);
  std::vector<double> twenty(20, 0.0);
  twenty[0] = 1;
  const double deviation = std::sqrt((0.95 * 0.95 + 19 * 0.05 * 0.05) / 19);
  EXPECT_NEAR(estimate(twenty).half_width, 2.093 * deviation / std::sqrt(20.0), 1e-3 * deviation);
  EXPECT_TRUE(std::isnan(estimate({1}).half_width));
}

TEST(Report, JsonHoldsEveryFigureAndNoNan) {
  Comparison c;
  c.float_scores = {estimate({0.9, 0.92})};
  HardwareResult h;
  h.name = "thing";
  h.camp = "electronic";
  h.scores = {estimate({0.9})};
  Cost cost;
  cost.latency_s = 2e-6;
  cost.busy(Resource::matrix_unit) = 1e-6;
  cost.energy(Part::mac) = 3e-6;
  cost.watts(Part::laser) = 1;
  cost.provenance = Provenance::modelled;
  h.costs.push_back({"resident", 1, cost});
  c.hardware.push_back(h);
  const auto json = nlohmann::json::parse(report_json(c));
  EXPECT_TRUE(json["hardware"][0]["accuracy"]["half_width_95"].is_null());
  EXPECT_DOUBLE_EQ(json["hardware"][0]["costs"][0]["throughput_per_s"], 1e6);
  // Matrix unit: 3 µJ of arithmetic and 1 W of laser for 2 µs.
  EXPECT_DOUBLE_EQ(json["hardware"][0]["costs"][0]["energy_per_sample"]["matrix unit"]["one_at_a_time_j"],
                   5e-6);
}

}  // namespace
}  // namespace fringe
