// Schedules of photonic systems against their price, their bounds, hand calculation and queues.
#include "photonics/photonic_schedule.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/draw.hpp"
#include "core/error.hpp"
#include "electronic/serving.hpp"
#include "tests/photonics/pricing_testing.hpp"

namespace fringe {
namespace {

using namespace pricing_testing;

/// A chain with branches of all kinds of work.
std::vector<Work> random_list(std::uint32_t trial) {
  const DrawStream stream = stream_of({.seed = 5, .trial = trial});
  std::uint64_t element = 0;
  const auto below = [&](std::size_t n) { return random_bits(stream, element++) % n; };
  std::vector<Work> list;
  const std::size_t count = 1 + below(8);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t rows = 1 + below(70), inner = 1 + below(70), columns = 1 + below(3000);
    const auto weight = static_cast<int>(i);
    Work w = product(rows, inner, columns, weight);
    switch (below(5)) {
      case 0:
        w = elementwise(rows, columns);
        break;
      case 1:
        w.weight = -1;
        w.off_chip_bytes = static_cast<double>(below(100000));
        break;
      case 2:
        list.push_back(w);
        w.kind = Work::Kind::outer_product;
        list.push_back(w);
        w.kind = Work::Kind::weight_update;
        w.operations_per_element = 4;
        break;
      default:
        w.transposed = below(2) == 1 && i > 0;
    }
    list.push_back(w);
  }
  for (std::size_t i = 1; i < list.size(); ++i) {
    list[i].after = {static_cast<int>(i - 1)};
    if (i > 2 && below(2) == 1) list[i].after = {static_cast<int>(below(i))};
  }
  return list;
}

PhotonicScheduleOptions serial() {
  PhotonicScheduleOptions options;
  options.overlap = false;
  return options;
}

/// Sums of as many terms as there are tasks.
double rounding(const PhotonicSchedule& s) {
  return 4 * 0x1p-52 * static_cast<double>(s.tasks.size()) * s.times.makespan_s;
}

TEST(PhotonicSchedule, OneCoreWithoutOverlapTakesThePricesLatency) {
  for (std::uint32_t trial = 0; trial < 60; ++trial)
    for (const TrainingScheme scheme : {TrainingScheme::reprogram, TrainingScheme::in_situ})
      for (const ActivationProducts where : {ActivationProducts::digital, ActivationProducts::reprogrammed}) {
        PhotonicDesign d = design(1);
        d.activations = where;
        const PhotonicPricing p = pricing(d, scheme);
        const std::vector<Work> list = random_list(trial);
        const PhotonicSchedule s = schedule_photonic(p, list, serial());
        EXPECT_NEAR(s.times.makespan_s, p.price(list).latency_s, rounding(s)) << "trial " << trial;
        EXPECT_NEAR(s.bounds.path_s, s.times.makespan_s, rounding(s)) << "one chain";
      }
}

// Cores that work in step, and weights that stay: the price's other cases.
TEST(PhotonicSchedule, CoresWithoutOverlapTakeThePricesLatency) {
  for (const std::size_t cores : {2, 4, 8, 64}) {
    const PhotonicPricing p = pricing(design(cores));
    const std::vector<Work> list{product(128, 64, 500, 0), product(64, 128, 77, 1)};
    const PhotonicSchedule s = schedule_photonic(p, list, serial());
    EXPECT_NEAR(s.times.makespan_s, p.price(list).latency_s, rounding(s)) << cores << " cores";
  }
}

TEST(PhotonicSchedule, NothingBeatsItsBounds) {
  for (std::uint32_t trial = 100; trial < 160; ++trial)
    for (const std::size_t cores : {1, 3, 40}) {
      PhotonicScheduleOptions o;
      o.banks = 1 + trial % 2;
      o.programming_channels = trial % 3;
      o.mapping.stationary = static_cast<Stationary>(trial % 3);
      o.mapping.sums = static_cast<PartialSums>(trial / 3 % 3);
      o.mapping.accumulators = 1 + trial % 700;
      PhotonicDesign d = design(cores);
      if (cores > 1) {
        d.chips = 2;
        d.chip_link.bytes_per_s = 1e10;
      }
      const PhotonicPricing p = pricing(d);
      const std::vector<double> arrivals{0, 1e-6, 1e-6, 5e-6};
      const PhotonicSchedule s = schedule_photonic(p, random_list(trial), o, arrivals);
      EXPECT_GE(s.times.makespan_s, s.bounds.largest() - rounding(s));
      double work = 0;  // what was to be done was done, and no server is more than busy
      for (std::size_t r = 0; r < s.servers.size(); ++r) {
        EXPECT_LE(s.utilisation(r), 1 + 0x1p-40);
        work += s.times.busy_s[r];
      }
      double asked = 0;
      for (const Task& t : s.tasks) asked += t.seconds;
      EXPECT_NEAR(work, asked, 4 * 0x1p-52 * static_cast<double>(s.tasks.size()) * asked);
      // No tile is streamed before its phases stand; nothing of a request starts before it arrives.
      for (std::size_t i = 0; i < s.tasks.size(); ++i) {
        EXPECT_GE(s.times.start_s[i], arrivals[s.what[i].request]);
        for (const int before : s.tasks[i].after)
          EXPECT_GE(s.times.start_s[i], s.times.finish_s[static_cast<std::size_t>(before)]);
      }
    }
}

TEST(PhotonicSchedule, ASecondBankHidesTheFasterOfUploadAndLight) {
  const PhotonicPricing p = pricing(design(1));
  for (const std::size_t columns : {10, 1000000}) {
    const Work w = product(64, 64, columns);
    const PricedWork item = p.itemise(std::span(&w, 1)).front();
    const double tiles = 16, up = item.program_s, light = item.stream_s;
    ASSERT_LT(item.fetch_s, up);
    PhotonicScheduleOptions o;
    const PhotonicSchedule two = schedule_photonic(p, std::span(&w, 1), o);
    o.banks = 1;
    const PhotonicSchedule one = schedule_photonic(p, std::span(&w, 1), o);
    const double beside = std::max({item.beside_s, item.sram_s, item.memory_s + item.fetch_s});
    ASSERT_LT(item.memory_s + 16 * item.fetch_s, tiles * (up + light)) << "memory keeps no tile waiting";
    EXPECT_NEAR(two.times.makespan_s,
                std::max(up + (tiles - 1) * std::max(up, light) + light, beside) + item.after_s,
                rounding(two));
    EXPECT_NEAR(one.times.makespan_s, std::max(tiles * (up + light), beside) + item.after_s, rounding(one));
  }
}

TEST(PhotonicSchedule, UploadsTakeTurnsAtTheirChannels) {
  const PhotonicPricing p = pricing(design(8));
  const Work w = product(128, 64, 10);
  PhotonicScheduleOptions o;
  o.programming_channels = 2;
  const PhotonicSchedule s = schedule_photonic(p, std::span(&w, 1), o);
  const double up = p.round_s();
  EXPECT_GE(s.times.makespan_s, 32 * up / 2) << "32 tiles through two channels";
  EXPECT_NEAR(s.utilisation(8), 1, 0.01);
  EXPECT_LE(schedule_photonic(p, std::span(&w, 1), {}).times.makespan_s, 0.26 * s.times.makespan_s);
}

TEST(PhotonicSchedule, WhatStaysDecidesWhatIsUploaded) {
  const PhotonicDesign d = design(1);
  const PhotonicPricing p = pricing(d);
  const Work w = product(3 * d.modes, 2 * d.modes, 5 * d.modes);
  const auto uploads = [&](Stationary stationary, std::size_t accumulators) {
    PhotonicScheduleOptions o;
    o.mapping.stationary = stationary;
    o.mapping.accumulators = accumulators;
    const PhotonicSchedule s = schedule_photonic(p, std::span(&w, 1), o);
    return std::count_if(s.what.begin(), s.what.end(),
                         [](const PhotonicTask& t) { return t.step == PhotonicStep::program; });
  };
  EXPECT_EQ(uploads(Stationary::weights, 1), 6);
  EXPECT_EQ(uploads(Stationary::inputs, 1), 10) << "five times two tiles of X";
  EXPECT_EQ(uploads(Stationary::outputs, 2 * d.modes), 3 * 6)
      << "W three times, for 2, 2 and 1 tiles of columns";
  EXPECT_EQ(uploads(Stationary::outputs, 1000), 6);
  Mapping inputs;
  inputs.stationary = Stationary::inputs;
  const PricedWork item = p.itemise(std::span(&w, 1), inputs).front();
  EXPECT_EQ(item.before_s, p.decomposition(10).latency_s);
  EXPECT_DOUBLE_EQ(item.stream_s,
                   3 * static_cast<double>(d.modes) / d.clock_hz + p.budget().time_of_flight_s);
}

TEST(PhotonicSchedule, SumsAheadOfTheConverterAreNotTheDigitalUnits) {
  const PhotonicDesign d = design(3);
  const PhotonicPricing p = pricing(d);
  const Work w = product(d.modes, 6 * d.modes, 100);
  const double per_operation = (d.digital.fp32_add_j + d.digital.fp32_multiply_j) / 2;
  const double outputs = static_cast<double>(d.modes) * 100;
  const auto joules = [&](Stationary stationary, PartialSums sums) {
    return p.itemise(std::span(&w, 1), {stationary, sums, 1000}).front().parts.front().energy(Part::digital);
  };
  const double digital = joules(Stationary::weights, PartialSums::digital);
  const double analog = joules(Stationary::weights, PartialSums::analog);
  const double eps = 16 * 0x1p-52 * digital;
  EXPECT_NEAR(digital - analog, outputs * 2 * (6 - 2) * per_operation, eps)
      << "six tiles in two turns of three";
  EXPECT_NEAR(digital - joules(Stationary::outputs, PartialSums::converter), outputs * 2 * 5 * per_operation,
              eps);
  EXPECT_EQ(joules(Stationary::weights, PartialSums::converter), digital)
      << "columns would need their sums kept";
}

// One station with a fixed service time, against the queue of electronic/serving and the law of M/D/1.
TEST(PhotonicSchedule, RequestsAtRandomTimesQueue) {
  const PhotonicPricing p = pricing(design(1));
  const Work w = elementwise(1000, 1000);
  const double seconds = p.price(std::span(&w, 1)).latency_s, load = 0.6;
  constexpr std::size_t requests = 40000;
  const std::vector<double> arrivals =
      poisson_arrivals(load / seconds, requests, {.seed = 3, .purpose = Purpose::arrivals});
  PhotonicSchedule s = schedule_photonic(p, std::span(&w, 1), {}, arrivals);
  const double mean = std::accumulate(s.latency_s.begin(), s.latency_s.end(), 0.0) / requests;
  const Latencies queue = serve(
      arrivals, [&](int, std::size_t) { return Service(seconds); }, 1);
  const double last = arrivals.back();  // sums of times up to here
  std::ranges::sort(s.latency_s);
  for (std::size_t i = 0; i < requests; ++i)
    ASSERT_NEAR(s.latency_s[i], queue.sorted_s[i], requests * 0x1p-52 * last);
  // Waiting time of M/D/1: load/(2(1 − load)) services. Neighbours wait together: about 1/(1 − load)²
  // services of correlation leave requests·(1 − load)² independent ones, of spread as large as the mean.
  const double waits = load / (2 * (1 - load));
  EXPECT_NEAR(mean / seconds, 1 + waits, 4 * waits * 2 / std::sqrt(requests * (1 - load) * (1 - load)));
}

TEST(PhotonicSchedule, StaticPowerIsChargedOnceAndWorkForEveryRequest) {
  const PhotonicPricing p = pricing(design(2));
  const Work w = product(64, 64, 100);
  const Cost price = p.price(std::span(&w, 1));
  const std::vector<double> arrivals{0, 0, 1e-5};
  const PhotonicSchedule s = schedule_photonic(p, std::span(&w, 1), {}, arrivals);
  EXPECT_EQ(s.cost.static_watts, price.static_watts);
  EXPECT_DOUBLE_EQ(s.cost.energy(Part::dram), 3 * price.energy(Part::dram));
  EXPECT_EQ(s.cost.latency_s, s.times.makespan_s);
  double watts = 0;
  for (const double part : price.static_watts) watts += part;
  EXPECT_NEAR(s.cost.energy_j(Boundary::accelerator, s.times.makespan_s),
              3 * price.energy_j(Boundary::accelerator, 0) + watts * s.times.makespan_s,
              16 * 0x1p-52 * watts * s.times.makespan_s + 1e-30);
}

TEST(PhotonicSchedule, WhatOtherChipsNeedAndReadCrossesTheLink) {
  PhotonicDesign d = design(4);
  d.chips = 2;
  d.chip_link = {"a test's", 1e9, 2e-12, 5e-9, ""};
  const PhotonicPricing p = pricing(d);
  const Work w = product(4 * d.modes, d.modes, 100);
  const PhotonicSchedule s = schedule_photonic(p, std::span(&w, 1), {});
  const double bytes = 2.0 * static_cast<double>(d.modes) * 100, tiles = 2;
  const double transfer = bytes / d.chip_link.bytes_per_s + d.chip_link.latency_s;
  ASSERT_EQ(s.resources.back(), "link back");
  for (const std::size_t link : {s.resources.size() - 2, s.resources.size() - 1})
    EXPECT_DOUBLE_EQ(s.times.busy_s[link], tiles * transfer) << "two of the four tiles";
  // The price: bytes both ways at the link's joules, busy one way, and a latency each way.
  PhotonicDesign alone = d;
  alone.chips = 1;
  const Cost together = pricing(alone).price(std::span(&w, 1)), apart = p.price(std::span(&w, 1));
  EXPECT_DOUBLE_EQ(apart.energy(Part::link), tiles * 2 * bytes * 8 * d.chip_link.j_per_bit);
  EXPECT_DOUBLE_EQ(apart.busy(Resource::link), tiles * bytes / d.chip_link.bytes_per_s);
  EXPECT_EQ(together.energy(Part::link), 0);
  const double slower = apart.latency_s - together.latency_s;
  EXPECT_GE(slower, 2 * d.chip_link.latency_s * (1 - 0x1p-20));
  EXPECT_LE(slower, 2 * d.chip_link.latency_s + apart.busy(Resource::link));
  EXPECT_DOUBLE_EQ(s.cost.energy(Part::link), apart.energy(Part::link));
}

// Two pieces at once on cores of their own: the one memory on the chip takes their traffic in turns.
TEST(PhotonicSchedule, OnChipMemoryIsAResourceOfItsOwn) {
  const PhotonicPricing p = pricing(design(64));
  const std::vector<Work> list{product(64, 64, 5000, 0), product(64, 64, 5000, 1)};
  const PhotonicSchedule s = schedule_photonic(p, list, {});
  double traffic = 0;
  for (const PricedWork& item : p.itemise(list)) traffic += item.sram_s;
  const auto sram = static_cast<std::size_t>(std::ranges::find(s.resources, "sram") - s.resources.begin());
  ASSERT_LT(sram, s.resources.size());
  EXPECT_GT(traffic, 0);
  EXPECT_DOUBLE_EQ(s.times.busy_s[sram], traffic);
  std::vector<std::pair<double, double>> spans;
  for (std::size_t i = 0; i < s.tasks.size(); ++i)
    if (s.what[i].step == PhotonicStep::sram) spans.push_back({s.times.start_s[i], s.times.finish_s[i]});
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_GE(spans[1].first, spans[0].second);
}

// W[100×130] on 64 inputs and outputs is 2·3 tiles, each with new weights; on 9×27 with five columns at once
// 12·5 tiles without; on an array of 256×100 results one tile for each hundred columns.
TEST(PhotonicSchedule, PublishedSystemsByHand) {
  const Work w = product(100, 130, 1001);
  const auto item = [&](const char* name, const Work& work) {
    return pricing(find_photonic_preset(name).design).itemise(std::span(&work, 1)).front();
  };
  const double eps = 64 * 0x1p-52;
  const PricedWork pace = item("pace", w), albireo = item("albireo-conservative", w),
                   niobate = item("tfln-homodyne-256", w), lightmatter = item("lightmatter-2025", w);
  EXPECT_EQ(pace.tiles, 6);
  EXPECT_NEAR(pace.program_s, 100e-9, eps);
  EXPECT_NEAR(pace.stream_s, 1001e-9, eps);
  EXPECT_EQ(albireo.tiles, 60);
  EXPECT_EQ(albireo.program_s, 0);
  EXPECT_NEAR(albireo.stream_s, 201 / 5e9, eps);
  EXPECT_EQ(niobate.tiles, 11);
  EXPECT_EQ(niobate.program_s + niobate.fetch_s, 0) << "both operands are light";
  EXPECT_NEAR(niobate.stream_s, 130 / 120e9, eps);
  EXPECT_TRUE(lightmatter.resident) << "two tiles on four cores";
  EXPECT_EQ(lightmatter.tiles, 2);
  EXPECT_EQ(item("envise", product(129, 256, 7)).tiles, 2);
  // Light goes one way: with a product with Wᵀ in the list nothing stays, and Wᵀ takes weights of its own.
  std::vector<Work> both{product(64, 64, 10), product(64, 64, 10)};
  both[1].transposed = true;
  const PhotonicPricing p = pricing(find_photonic_preset("pace").design);
  for (const PricedWork& piece : p.itemise(both)) EXPECT_FALSE(piece.resident);
  EXPECT_TRUE(p.itemise(std::span(both).first(1)).front().resident);
}

TEST(PhotonicSchedule, PublishedSystemsRunWithinTheirBoundsAtTheirPower) {
  const std::vector<Work> list{product(300, 200, 64, 0), elementwise(300, 64), product(10, 300, 64, 1)};
  for (const PhotonicPreset& preset : published_presets()) {
    SCOPED_TRACE(preset.name);
    const PhotonicSystem& system = *preset.design.published;
    const PhotonicPricing p = pricing(preset.design);
    const Cost price = p.price(list);
    EXPECT_GT(price.latency_s, 0);
    EXPECT_GT(price.energy(Part::digital), 0);
    EXPECT_LE(price.interval_s(), price.latency_s);
    // No product beats the peak of its system.
    EXPECT_GE(price.busy(Resource::matrix_unit) * preset.design.clock_hz,
              (300.0 * 200 + 10 * 300) * 64 / system.macs_per_symbol() * (1 - 0x1p-40));
    double watts = 0;
    for (const double part : price.static_watts) watts += part;
    if (system.run.whole) {
      EXPECT_NEAR(watts, system.run.power_w, 16 * 0x1p-52 * watts);
    } else {
      EXPECT_GT(watts, std::max(system.run.power_w, watts_of(system.devices)) * (1 - 0x1p-40));
    }
    const PhotonicSchedule s = schedule_photonic(p, list, {});
    EXPECT_GE(s.times.makespan_s, s.bounds.largest() - rounding(s));
    EXPECT_EQ(s.cost.static_watts, price.static_watts);
    EXPECT_NEAR(schedule_photonic(p.with_cores(1), list, serial()).times.makespan_s,
                p.with_cores(1).price(list).latency_s, rounding(s));
  }
}

TEST(PhotonicSchedule, SaysWhatIsWrong) {
  const PhotonicPricing p = pricing(design(2));
  const Work w = product(16, 16, 1);
  const auto refused = [&](auto change, std::vector<double> arrivals = {0}) {
    PhotonicScheduleOptions o;
    change(o);
    EXPECT_THROW(schedule_photonic(p, std::span(&w, 1), o, arrivals), Error);
  };
  refused([](auto& o) { o.banks = 3; });
  refused([](auto& o) { o.mapping.accumulators = 0; });
  refused([](auto&) {}, {});
  refused([](auto&) {}, {1, 0});
  refused([](auto&) {}, std::vector<double>(2000000, 0.0));
}

}  // namespace
}  // namespace fringe
