#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/serve.hpp"
#include "sim/text.hpp"

namespace fringe {
namespace {

constexpr std::size_t shown =
    std::find(serve_percentiles.begin(), serve_percentiles.end(), 0.99) - serve_percentiles.begin();

}  // namespace

std::string served_text(const Served& served) {
  const ServeRequest& r = served.request;
  std::string text = fmt::format(
      "fringe serve · {}\nOne device, batches of up to {}. At random times: Poisson arrivals, {} "
      "requests.\n\n",
      r.workload, r.most_batch, r.requests);
  text += "  " + left("", 32) + right("one", 11) + right("all at", 12) + right("in", 7) +
          right("99 % within, at a load of", 33) + right(fmt::format("{:g} % within", 100 * r.share), 15) +
          "\n";
  text += "  " + left("", 32) + right("request", 11) + right("once", 12) + right("batches", 9);
  for (const double load : serve_loads)
    if (load > 0.1) text += right(fmt::format("{:g} %", 100 * load), load == 0.5 ? 9 : 11);
  text += right(si(r.bound_s, "s"), 15) + "\n";
  for (const ServedHardware& h : served.hardware) {
    text += "  " + left(h.name, 32);
    if (!h.why_not.empty()) {
      text += " " + h.why_not + "\n";
      continue;
    }
    text += right(si(h.single_stream_s, "s"), 11) + right(si(h.offline_per_s, "/s"), 12) +
            right(std::to_string(h.offline_batch), 7);
    for (const ServedLoad& load : h.loads)
      if (load.of_offline > 0.1) text += right(si(load.latency_s[shown], "s"), 11);
    text += right(h.server_per_s > 0 ? si(h.server_per_s, "/s") : "–", 15) + "\n";
  }
  text +=
      "\nLoads are parts of the rate of all at once. Whenever the device is free it takes all that wait, up "
      "to\n"
      "the batch named, and never waits for more; a board's memory holds the weights and what a batch's "
      "earlier\n"
      "tokens left. Times are on the device: no host, no network. Scenarios and the default bound: MLPerf\n"
      "Inference, arXiv:1911.02549. Other percentiles and loads: --json.\n";
  if (served.stopped) text += "\nStopped on request; what stands above is complete as far as it goes.\n";
  return text;
}

std::string served_json(const Served& served) {
  using Json = nlohmann::ordered_json;
  const ServeRequest& r = served.request;
  Json root{{"workload", r.workload},        {"largest_batch", r.most_batch}, {"bound_s", r.bound_s},
            {"share_within_bound", r.share}, {"requests", r.requests},        {"seed", r.seed},
            {"stopped", served.stopped}};
  root["hardware"] = Json::array();
  for (const ServedHardware& h : served.hardware) {
    Json row{{"name", h.name}, {"camp", h.camp}, {"available", h.why_not.empty()}};
    if (!h.why_not.empty()) {
      row["note"] = h.why_not;
      root["hardware"].push_back(row);
      continue;
    }
    row["kind"] = to_string(h.provenance);
    row["single_stream_s"] = h.single_stream_s;
    row["offline_per_s"] = h.offline_per_s;
    row["offline_batch"] = h.offline_batch;
    row["server_per_s"] = h.server_per_s;
    row["loads"] = Json::array();
    for (const ServedLoad& load : h.loads) {
      Json percentiles = Json::object();
      for (std::size_t p = 0; p < serve_percentiles.size(); ++p)
        percentiles[fmt::format("{:g}", 100 * serve_percentiles[p])] = load.latency_s[p];
      row["loads"].push_back({{"of_offline", load.of_offline},
                              {"per_s", load.per_s},
                              {"latency_s_by_percentile", percentiles},
                              {"mean_batch", load.mean_batch},
                              {"busy", load.busy}});
    }
    root["hardware"].push_back(row);
  }
  return root.dump(2) + "\n";
}

}  // namespace fringe
