// Queues against the laws of M/D/1 and M/M/1, and by hand.
#include "electronic/serving.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"

namespace fringe {
namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr double service_s = 0.01;

Service always(int, std::size_t) { return service_s; }

struct Estimate {
  double mean, standard_error;
};

/// Over independent runs that start empty.
constexpr std::uint32_t runs = 64;
constexpr std::size_t requests = 4000;
template <class Value>
Estimate over_runs(double per_s, bool exponential, Value value) {
  double sum = 0, squares = 0;
  for (std::uint32_t run = 0; run < runs; ++run) {
    const auto arrivals = poisson_arrivals(per_s, requests, {7, Purpose::test, run, 0, 0});
    const auto work = poisson_arrivals(1 / service_s, requests, {7, Purpose::test, run, 1, 0});
    const ServiceTime service = [&](int, std::size_t i) -> Service {
      return exponential ? work[i] - (i == 0 ? 0 : work[i - 1]) : service_s;
    };
    const double v = value(serve(arrivals, service, 1));
    sum += v, squares += v * v;
  }
  const double mean = sum / runs;
  return {mean, std::sqrt((squares / runs - mean * mean) / (runs - 1))};
}

/// Four standard errors, and what an empty start leaves: a queue settles in 1/(1 − √ρ)² service times (M/M/1;
/// others are faster), a part ρ/(1 − √ρ)²/requests of the run.
double tolerance(const Estimate& e, double expected, double rho) {
  const double settling = rho / std::pow(1 - std::sqrt(rho), 2) / static_cast<double>(requests);
  return 4 * e.standard_error + settling * expected;
}

/// A. Y. Khinchin, F. Pollaczek: mean wait ρ·s/(2(1 − ρ)) with fixed service times.
TEST(Serving, MeanLatencyOfMD1) {
  for (const double rho : {0.2, 0.5, 0.8}) {
    const double expected = service_s * (1 + rho / (2 * (1 - rho)));
    const Estimate e = over_runs(rho / service_s, false, [](const Latencies& l) { return l.mean(); });
    EXPECT_NEAR(e.mean, expected, tolerance(e, expected, rho)) << rho;
    EXPECT_LT(e.standard_error, 0.03 * expected);
  }
}

/// A. K. Erlang, 1909: P(wait ≤ t) = (1 − ρ)·Σ_{k ≤ t/s} (λ(ks − t))ᵏ/k!·e^{−λ(ks − t)} with fixed service
/// times.
double waits_at_most(double t, double rho) {
  double sum = 0, factorial = 1;
  for (int k = 0; k * service_s <= t; ++k) {
    factorial *= k > 0 ? k : 1;
    const double x = rho * (k - t / service_s);
    sum += std::pow(x, k) / factorial * std::exp(-x);
  }
  return (1 - rho) * sum;
}

TEST(Serving, PercentilesOfMD1) {
  for (const double rho : {0.3, 0.6, 0.8})  // 1 − ρ is none of the p
    for (const double p : {0.5, 0.9, 0.99}) {
      // Nobody waits with probability 1 − ρ.
      double low = 0, high = 40 * service_s;
      while (waits_at_most(0, rho) < p && high - low > 4 * epsilon * high) {
        const double middle = 0.5 * (low + high);
        (waits_at_most(middle, rho) < p ? low : high) = middle;
      }
      const double expected = service_s + low;
      const Estimate e =
          over_runs(rho / service_s, false, [p](const Latencies& l) { return l.percentile(p); });
      EXPECT_NEAR(e.mean, expected, tolerance(e, expected, rho)) << rho << " " << p;
    }
}

/// In a pipeline the queue is that of the intervals; each request then takes its latency.
TEST(Serving, MeanLatencyOfAPipeline) {
  constexpr double rho = 0.7, latency = 5 * service_s;
  double sum = 0, squares = 0;
  for (std::uint32_t run = 0; run < runs; ++run) {
    const auto arrivals = poisson_arrivals(rho / service_s, requests, {7, Purpose::test, run, 0, 0});
    const Latencies l = serve(
        arrivals, [](int, std::size_t) { return Service(latency, service_s); }, 1);
    EXPECT_GE(l.sorted_s.front(), latency * (1 - 4 * requests * epsilon));
    sum += l.mean(), squares += l.mean() * l.mean();
  }
  const Estimate e{sum / runs, std::sqrt((squares / runs - std::pow(sum / runs, 2)) / (runs - 1))};
  const double expected = latency + service_s * rho / (2 * (1 - rho));
  EXPECT_NEAR(e.mean, expected, tolerance(e, expected, rho));
  EXPECT_EQ(offline_per_s([](int, std::size_t) { return Service(latency, service_s); }, 1), 1 / service_s);
}

/// M/M/1: latencies are exponential with rate μ − λ.
TEST(Serving, MeanAndPercentilesOfMM1) {
  for (const double rho : {0.2, 0.5, 0.8}) {
    const double rate = (1 - rho) / service_s;
    const Estimate mean = over_runs(rho / service_s, true, [](const Latencies& l) { return l.mean(); });
    EXPECT_NEAR(mean.mean, 1 / rate, tolerance(mean, 1 / rate, rho)) << rho;
    for (const double p : {0.5, 0.9, 0.99}) {
      const double expected = -std::log(1 - p) / rate;
      const Estimate e =
          over_runs(rho / service_s, true, [p](const Latencies& l) { return l.percentile(p); });
      EXPECT_NEAR(e.mean, expected, tolerance(e, expected, rho)) << rho << " " << p;
    }
  }
}

/// The device works a part ρ of the time, whatever the service times.
TEST(Serving, BusyPartIsRateTimesService) {
  for (const bool exponential : {false, true}) {
    const Estimate e = over_runs(0.6 / service_s, exponential, [](const Latencies& l) { return l.busy; });
    EXPECT_NEAR(e.mean, 0.6, tolerance(e, 0.6, 0.6));
  }
}

/// Arrivals at 0, 0.5, 2, 10 s; a batch takes 3 s and 1 s for each request: {0} till 4, {0.5, 2} till 9,
/// {10}.
TEST(Serving, TakesWhatWaitsByHand) {
  const std::vector<double> arrivals{0, 0.5, 2, 10};
  const auto affine = [](int batch, std::size_t) { return 3.0 + batch; };
  const Latencies l = serve(arrivals, affine, 4);
  EXPECT_EQ(l.sorted_s, (std::vector<double>{4, 4, 7, 8.5}));
  EXPECT_EQ(l.busy, 13.0 / 14);
  EXPECT_EQ(l.mean_batch, 4.0 / 3);
  EXPECT_EQ(l.percentile(0.5), 4);
  EXPECT_EQ(l.percentile(0.51), 7);
  EXPECT_EQ(l.percentile(1), 8.5);
  // One at a time: till 4, 8, 12, 16.
  EXPECT_EQ(serve(arrivals, affine, 1).sorted_s, (std::vector<double>{4, 6, 7.5, 10}));
}

TEST(Serving, BatchesCarryMoreThanOneAtATime) {
  const auto affine = [](int batch, std::size_t) { return 0.009 + 0.001 * batch; };
  EXPECT_EQ(offline_per_s(affine, 1), 1 / affine(1, 0));
  EXPECT_EQ(offline_per_s(affine, 32), 32 / affine(32, 0));
  // Twice of what one at a time can do.
  const auto arrivals = poisson_arrivals(200, 20000, {7, Purpose::test, 0, 0, 0});
  EXPECT_GT(serve(arrivals, affine, 1).percentile(0.5), 10);
  EXPECT_LT(serve(arrivals, affine, 32).percentile(0.99), 0.1);
}

/// A request of M/D/1 meets an idle device with probability 1 − ρ: a part p = 0.9 keeps to the bare service
/// time up to ρ = 0.1.
TEST(Serving, ServerRateFollowsFromTheIdlePart) {
  constexpr std::size_t many = 200'000;
  const double rate = server_per_s(always, 1, service_s * (1 + 1e-9), 0.9, many, {7, Purpose::test, 3, 0, 0});
  // Of a share of correlated requests; and the search's own 0.1 %.
  const double share = std::sqrt(0.1 * 0.9 / many * (1 + 0.1) / (1 - 0.1));
  EXPECT_NEAR(rate * service_s, 0.1, 4 * share + 1e-3);
  EXPECT_EQ(server_per_s(always, 1, 0.9 * service_s, 0.9, 100, {}), 0);
}

TEST(Serving, EqualDrawsGiveEqualBits) {
  const auto once = poisson_arrivals(80, 1000, {1, Purpose::test, 0, 0, 0});
  EXPECT_EQ(once, poisson_arrivals(80, 1000, {1, Purpose::test, 0, 0, 0}));
  EXPECT_NE(once, poisson_arrivals(80, 1000, {2, Purpose::test, 0, 0, 0}));
  // Scaled by the rate.
  EXPECT_NEAR(poisson_arrivals(160, 1000, {1, Purpose::test, 0, 0, 0}).back(), once.back() / 2,
              1000 * epsilon * once.back());
}

TEST(Serving, NamesWhatIsOutOfRange) {
  const std::vector<double> fine{0, 1}, backwards{1, 0};
  EXPECT_THROW(serve({}, always, 1), Error);
  EXPECT_THROW(serve(fine, always, 0), Error);
  EXPECT_THROW(serve(backwards, always, 1), Error);
  EXPECT_THROW(serve(
                   fine, [](int, std::size_t) { return 0.0; }, 1),
               Error);
  EXPECT_THROW(poisson_arrivals(0, 1, {}), Error);
}

}  // namespace
}  // namespace fringe
