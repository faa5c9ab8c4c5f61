// Serving on modelled hardware: the price of one request, queues that must grow with the load, and bad input.
#include "sim/serve.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>

#include "core/error.hpp"
#include "sim/modelled.hpp"
#include "sim/text.hpp"
#include "workloads/zoo.hpp"

namespace fringe {
namespace {

ServeRequest small(std::vector<std::string> hardware) {
  ServeRequest request;
  request.workload = "digits-mlp";
  request.hardware = std::move(hardware);
  request.requests = 20000;
  return request;
}

Served serve_with(const ServeRequest& request, unsigned threads = 1) {
  ThreadPool pool(threads);
  Observer silent;
  return serve_workload(request, pool, silent);
}

TEST(Serve, PercentilesGrowWithTheLoadAndRatesKeepTheirOrder) {
  const Served served =
      serve_with(small({"realistic", "h200", "a100-sxm4-40gb int8", "tpu-v4i", "tpu-v1 output-stationary"}));
  ASSERT_EQ(served.hardware.size(), 6u);  // of a preset, all its cores and one
  EXPECT_TRUE(served.hardware[0].name.starts_with("realistic, "));
  EXPECT_EQ(served.hardware[1].name, "realistic, a single core");
  EXPECT_TRUE(served.hardware[2].name.starts_with("h200 "));
  EXPECT_FALSE(served.hardware[2].name.ends_with("int8"));
  EXPECT_EQ(served.hardware[3].name, "a100-sxm4-40gb int8");
  for (const ServedHardware& h : served.hardware) {
    SCOPED_TRACE(h.name);
    EXPECT_EQ(h.why_not, "");
    EXPECT_EQ(h.provenance, Provenance::modelled);
    EXPECT_GE(h.offline_per_s * h.single_stream_s, 1 - 0x1p-50);
    EXPECT_LE(h.server_per_s, h.offline_per_s);
    ASSERT_EQ(h.loads.size(), serve_loads.size());
    // What the clock of a run can tell: its rounding at the last request.
    const double last_s = 2 * static_cast<double>(served.request.requests) / h.loads.front().per_s;
    const double clock = 4 * last_s * std::numeric_limits<double>::epsilon();
    for (std::size_t l = 0; l < h.loads.size(); ++l) {
      EXPECT_GE(h.loads[l].latency_s[0], h.single_stream_s - clock);
      EXPECT_LE(h.loads[l].busy, 1 + 1e-3);
      for (std::size_t p = 1; p < serve_percentiles.size(); ++p)
        EXPECT_GE(h.loads[l].latency_s[p], h.loads[l].latency_s[p - 1]);
      EXPECT_GE(h.loads[l].mean_batch, h.loads[l > 0 ? l - 1 : 0].mean_batch);
    }
  }
}

/// With batches of one a board is the queue M/D/1: busy as its load says; of a tenth of its rate, nine in ten
/// requests meet it idle.
TEST(Serve, BatchesOfOneAreMD1) {
  ServeRequest request = small({"h200 fp16"});
  request.most_batch = 1;
  const ServedHardware h = serve_with(request).hardware.front();
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const Cost one = modelled_gpu(find_gpu("h200"), Format::fp16, *cpu, pool)
                       .hardware->price(lower(find_workload("digits-mlp").graph(), 1, false));
  EXPECT_EQ(h.single_stream_s, one.latency_s);
  EXPECT_EQ(h.offline_per_s, 1 / one.interval_s());
  EXPECT_EQ(h.offline_batch, 1u);
  const double n = static_cast<double>(request.requests);
  for (const ServedLoad& load : h.loads) {
    EXPECT_EQ(load.mean_batch, 1);
    // The run is n intervals of arrival long, up to their spread.
    EXPECT_NEAR(load.busy, load.of_offline, 5 * load.of_offline / std::sqrt(n));
  }
  const double clock = 20 * n / h.offline_per_s * std::numeric_limits<double>::epsilon();
  EXPECT_NEAR(h.loads.front().latency_s[0], one.latency_s, clock);
  EXPECT_GT(h.loads.front().latency_s[3], one.latency_s + clock);
}

/// Of Llama 2 7B each of 2048 earlier tokens left 2·32·4096 numbers: in FP16 1.07 GB a request, beside
/// weights of 13.48 GB. An L4 of 24 GB holds eight requests, an A100 of 80 GB 61 and so 32, 16 GB one or two.
TEST(Serve, BatchesAreThoseThatTheMemoryHolds) {
  ServeRequest request = small({"l4 fp16", "a100-sxm4-80gb fp16", "v100-pcie-16gb fp16", "rtx3080 fp16"});
  request.workload = "llama2-7b-decode";
  const std::vector<ServedHardware> found = serve_with(request).hardware;
  EXPECT_EQ(found[0].offline_batch, 8u);
  EXPECT_EQ(found[1].offline_batch, 32u);
  EXPECT_EQ(found[2].offline_batch, 2u);
  EXPECT_EQ(found[3].why_not, "its memory of 10.0 GB doesn't hold the weights, 13.5 GB");
  // A request of a longer past doesn't fit even alone.
  ThreadPool pool(1);
  const auto cpu = make_cpu_executor(pool);
  const ModelledBoard board = modelled_gpu(find_gpu("v100-pcie-16gb"), Format::fp16, *cpu, pool);
  Work keys;
  keys.rows = keys.inner = keys.columns = 1;
  keys.off_chip_bytes = 4 * 1e9;
  const std::vector<Work> three(3, keys);
  EXPECT_EQ(board.why_not(6e9, three),
            "its memory of 16.0 GB doesn't hold the weights, 12.0 GB, beside keys and values, 6.00 GB");
  EXPECT_EQ(board.why_not(6e9, std::span(three).first(2)), "");
  keys.kind = Work::Kind::elementwise;  // rows of a table, which are weights
  EXPECT_EQ(board.why_not(6e9, std::vector<Work>(3, keys)), "");
}

TEST(Serve, ABoundBelowOneRequestIsNeverKept) {
  ServeRequest request = small({"h200", "tpu-v1"});
  request.bound_s = 1e-9;
  for (const ServedHardware& h : serve_with(request).hardware) EXPECT_EQ(h.server_per_s, 0);
  request.bound_s = 1;
  for (const ServedHardware& h : serve_with(request).hardware)
    EXPECT_GT(h.server_per_s, 0.9 * h.offline_per_s);
}

TEST(Serve, EqualNumbersForAnyThreadCountAndOthersForAnotherSeed) {
  ServeRequest request = small({});
  request.requests = 10000;
  const std::string one = served_json(serve_with(request, 1));
  EXPECT_EQ(one, served_json(serve_with(request, 2)));
  request.seed = 2;
  EXPECT_NE(one, served_json(serve_with(request, 2)));
}

TEST(Serve, TextIsNoWiderThanATerminalAndSaysWhatIsNotHere) {
  ServeRequest request = small({});
  request.workload = "gpt2-xl";
  request.requests = 10000;
  request.hardware = {"l4", "realistic", "tpu-v1", "cublas-fp8"};
  const Served served = serve_with(request);
  std::istringstream text(served_text(served));
  for (std::string line; std::getline(text, line);) EXPECT_LE(text_width(line), 118u) << line;
  const CudaStatus status = cuda_status();
  if (status.available) GTEST_SKIP() << "there is a GPU";
  EXPECT_EQ(served.hardware.back().why_not, status.reason);
  EXPECT_NE(text.str().find(status.reason), std::string::npos);
}

/// Of a board that holds the weights in 8 bits alone, that format serves; of one that holds them in none, the
/// smallest says why.
TEST(Serve, TheFormatOfABoardIsOneThatFits) {
  ServeRequest request = small({"rtx2070-max-q", "gtx1080ti", "h200"});
  request.workload = "llama2-7b-decode";
  request.most_batch = 1;
  const std::vector<ServedHardware> served = serve_with(request).hardware;
  EXPECT_EQ(served[0].name, "rtx2070-max-q int8");
  EXPECT_EQ(served[0].why_not, "");
  EXPECT_EQ(served[1].name, "gtx1080ti fp16");
  EXPECT_EQ(served[1].why_not, "its memory of 11.0 GB doesn't hold the weights, 13.5 GB");
  EXPECT_FALSE(served[2].name.ends_with("int8") || served[2].name.ends_with("fp8")) << served[2].name;
}

TEST(Serve, BadInputGivesASentence) {
  const auto says = [](auto change) {
    ServeRequest request = small({"h200"});
    change(request);
    try {
      serve_with(request);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  const auto expect = [](const std::string& said, const std::string& part) {
    EXPECT_NE(said.find(part), std::string::npos) << said;
  };
  expect(says([](ServeRequest& r) { r.workload = "resnet5"; }), "resnet50");
  expect(says([](ServeRequest& r) { r.hardware = {"h20"}; }), "h200");
  expect(says([](ServeRequest& r) {
           r.hardware = {"h200", "t4", "h200"};
         }),
         "hardware 'h200' is named twice");
  expect(says([](ServeRequest& r) { r.most_batch = 3; }), "largest batch = 3 must be a power of two");
  expect(says([](ServeRequest& r) { r.bound_s = 0; }), "latency bound");
  expect(says([](ServeRequest& r) { r.bound_s = std::numeric_limits<double>::infinity(); }),
         "latency bound = inf s must be positive and finite");
  expect(says([](ServeRequest& r) { r.share = 1; }), "share of the requests");
  expect(says([](ServeRequest& r) { r.requests = 9000; }), "requests = 9000 must be at least 10000");
}

}  // namespace
}  // namespace fringe
