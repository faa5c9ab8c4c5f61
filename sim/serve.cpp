#include "sim/serve.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <memory>
#include <optional>

#include "core/error.hpp"
#include "electronic/cpu_blas.hpp"
#include "electronic/cublas.hpp"
#include "electronic/serving.hpp"
#include "photonics/photonic_accelerator.hpp"
#include "sim/modelled.hpp"
#include "sim/open_workload.hpp"
#include "sim/photonic_study.hpp"

namespace fringe {
namespace {

constexpr std::string_view processor = "cpu";

void check(const ServeRequest& r) {
  for (const std::string& name : r.hardware)
    if (std::ranges::count(r.hardware, name) > 1) throw Error("hardware '" + name + "' is named twice");
  if (!std::has_single_bit(r.most_batch) || r.most_batch > 65536)
    throw Error(fmt::format("largest batch = {} must be a power of two up to 65536", r.most_batch));
  if (!(r.bound_s > 0 && std::isfinite(r.bound_s)))
    throw Error(fmt::format("latency bound = {} s must be positive and finite", r.bound_s));
  if (!(r.share > 0 && r.share < 1))
    throw Error(fmt::format("share of the requests = {} must lie between 0 and 1", r.share));
  const double least = 100 / (1 - r.share);
  if (static_cast<double>(r.requests) < least || r.requests > 100'000'000)
    throw Error(fmt::format(
        "requests = {} must be at least {:.0f}, a hundred beyond the share of {}, and at most 10⁸",
        r.requests, std::ceil(least), r.share));
}

/// Prices of batches 1, 2, 4, … of one hardware.
using Prices = std::vector<Cost>;
ServiceTime service_of(const Prices& prices) {
  return [&prices](int batch, std::size_t) {
    const Cost& cost = prices[static_cast<std::size_t>(std::bit_width(static_cast<unsigned>(batch) - 1))];
    return Service(cost.latency_s, cost.interval_s());
  };
}
double best_rate(const Prices& prices) { return offline_per_s(service_of(prices), 1 << (prices.size() - 1)); }

class Serving {
 public:
  Serving(const ServeRequest& request, ThreadPool& pool)
      : request_(request),
        pool_(pool),
        cpu_(make_cpu_executor(pool)),
        workload_(open_workload(request.workload)) {
    check(request);
    for (std::size_t batch = 1; batch <= request.most_batch; batch *= 2)
      lists_.push_back(lower(workload_.graph, batch, false));
  }

  Served operator()(Observer& observer) {
    add_hardware();
    Served served{request_, {}, false};
    const auto progress = [&](std::size_t done) {
      observer.progress("serving", done, hardware_.size());
      served.stopped = observer.stop_requested();
    };
    progress(0);
    for (std::size_t i = 0; i < hardware_.size() && !served.stopped; progress(++i)) {
      if (hardware_[i].why_not.empty()) serve_on(hardware_[i], prices_[i]);
      served.hardware.push_back(std::move(hardware_[i]));
    }
    return served;
  }

 private:
  template <class Price>
  Prices prices(Price&& price) const {
    Prices all;
    for (const std::vector<Work>& list : lists_) all.push_back(price(list));
    return all;
  }
  void add(std::string name, const char* camp, Prices prices, std::string why_not = {}) {
    ServedHardware hardware;
    hardware.name = std::move(name);
    hardware.camp = camp;
    hardware.why_not = std::move(why_not);
    if (!prices.empty()) hardware.provenance = prices.front().provenance;
    hardware_.push_back(std::move(hardware));
    prices_.push_back(std::move(prices));
  }

  void add_hardware() {
    std::vector<ModelledBoard> boards = modelled_boards(*cpu_, pool_);
    if (request_.hardware.empty()) {
      for (const PhotonicPreset& preset : photonic_presets()) add_preset(preset);
      std::string last;
      for (const ModelledBoard& board : boards)
        if (std::exchange(last, board.board) != board.board) add_fastest(boards, board.board);
      return;
    }
    std::vector<std::string_view> names{processor};
    for (const auto presets : {photonic_presets(), published_presets()})
      for (const PhotonicPreset& preset : presets) names.push_back(preset.name);
    for (const std::string_view name : cublas_names) names.push_back(name);
    for (const ModelledBoard& board : boards) {
      if (names.back() != board.board && std::find(names.begin(), names.end(), board.board) == names.end())
        names.push_back(board.board);
      names.push_back(board.name);
    }
    for (const std::string& name : request_.hardware) {
      if (std::find(names.begin(), names.end(), name) == names.end())
        throw Error(unknown_name("hardware", name, names));
      const auto board = std::find_if(boards.begin(), boards.end(), [&](const ModelledBoard& b) {
        return b.name == name || b.board == name;
      });
      const auto cublas = std::find(cublas_names.begin(), cublas_names.end(), name);
      if (board != boards.end())
        board->board == name ? add_fastest(boards, name) : add_board(*board);
      else if (cublas != cublas_names.end())
        add_cublas(static_cast<CublasPrecision>(cublas - cublas_names.begin()));
      else if (name == processor)
        add_cpu();
      else
        add_preset(find_photonic_preset(name));
    }
  }

  /// Weights resident and a single core; a published system as it is.
  void add_preset(const PhotonicPreset& preset) {
    const std::size_t tiles = tiles_of_design(workload_.graph, preset.design);
    std::vector<std::size_t> choices{preset.design.cores};
    if (!preset.design.published)
      choices = tiles > 1 ? std::vector{tiles, std::size_t{1}} : std::vector{tiles};
    for (const std::size_t cores : choices) {
      PhotonicDesign design = preset.design;
      design.cores = cores;
      const PhotonicPricing pricing(design, find_memory(PhotonicSetup{}.memory), TrainingScheme::reprogram);
      add(cores == 1 ? fmt::format("{}, a single core", preset.name)
                     : fmt::format("{}, {} cores", preset.name, cores),
          "photonic", prices([&](const std::vector<Work>& list) { return pricing.price(list); }));
    }
  }

  double parameters() const { return static_cast<double>(workload_.parameters); }
  Prices prices_of(Accelerator& hardware) const {
    return prices([&](const std::vector<Work>& list) { return hardware.price(list); });
  }
  /// Of the batches that fit its memory.
  Prices prices_of(const ModelledBoard& board) const {
    Prices all;
    for (const std::vector<Work>& list : lists_) {
      if (!board.why_not(parameters(), list).empty()) break;
      all.push_back(board.hardware->price(list));
    }
    return all;
  }
  void add_board(const ModelledBoard& board) {
    add(board.name, "electronic", prices_of(board), board.why_not(parameters(), lists_.front()));
  }
  /// Of formats that fit, those that train before others: the one that serves most requests. Where none fits,
  /// the smallest.
  void add_fastest(const std::vector<ModelledBoard>& boards, const std::string& name) {
    const ModelledBoard* best = nullptr;
    double best_per_s = 0;
    for (const ModelledBoard& board : boards) {
      if (board.board != name) continue;
      const Prices all = prices_of(board);
      const double per_s = all.empty() ? -row_of(board.format).bytes : best_rate(all);
      const auto rank = [](const ModelledBoard& b, double rate) {
        return std::pair(rate > 0 && b.trains(), rate);
      };
      if (best && rank(board, per_s) <= rank(*best, best_per_s)) continue;
      best = &board;
      best_per_s = per_s;
    }
    add_board(*best);
  }
  void add_cpu() { add("cpu-blas", "electronic", prices_of(*make_cpu_blas(*cpu_, pool_))); }
  void add_cublas(CublasPrecision precision) {
    Prices measured;
    std::string why_not;
    try {
      const auto gpu = make_cuda_executor();
      measured = prices_of(*make_cublas(precision, *gpu));
    } catch (const Error& error) {
      const CudaStatus status = cuda_status();
      why_not = status.available ? status.device + ": " + error.what() : status.reason;
    }
    add(std::string(to_string(precision)), "electronic", std::move(measured), std::move(why_not));
  }

  /// Every hardware and rate meets the same requests, at other distances.
  void serve_on(ServedHardware& hardware, const Prices& prices) {
    const ServiceTime service = service_of(prices);
    const Draw draw{.seed = request_.seed, .purpose = Purpose::arrivals};
    hardware.single_stream_s = prices.front().latency_s;
    hardware.offline_per_s = best_rate(prices);
    while (static_cast<double>(1ull << hardware.offline_batch) / prices[hardware.offline_batch].interval_s() <
           hardware.offline_per_s)
      ++hardware.offline_batch;
    hardware.offline_batch = std::size_t{1} << hardware.offline_batch;
    const auto most = static_cast<int>(hardware.offline_batch);
    hardware.loads.resize(serve_loads.size());
    pool_.run(serve_loads.size() + 1, [&](std::size_t i, unsigned) {
      if (i == 0) {
        hardware.server_per_s =
            server_per_s(service, most, request_.bound_s, request_.share, request_.requests, draw);
        return;
      }
      ServedLoad& load = hardware.loads[i - 1];
      load.of_offline = serve_loads[i - 1];
      load.per_s = load.of_offline * hardware.offline_per_s;
      const Latencies latencies = serve(poisson_arrivals(load.per_s, request_.requests, draw), service, most);
      for (std::size_t p = 0; p < serve_percentiles.size(); ++p)
        load.latency_s[p] = latencies.percentile(serve_percentiles[p]);
      load.mean_batch = latencies.mean_batch;
      load.busy = latencies.busy;
    });
  }

  const ServeRequest& request_;
  ThreadPool& pool_;
  std::unique_ptr<Executor> cpu_;
  OpenedWorkload workload_;
  std::vector<std::vector<Work>> lists_;
  std::vector<ServedHardware> hardware_;
  std::vector<Prices> prices_;
};

}  // namespace

Served serve_workload(const ServeRequest& request, ThreadPool& pool, Observer& observer) {
  return Serving(request, pool)(observer);
}

}  // namespace fringe
