#include "workloads/zoo.hpp"

#include <array>

#include "core/error.hpp"

namespace fringe {
namespace {

template <std::size_t... features>
Graph fully_connected() {
  constexpr std::array<std::size_t, sizeof...(features)> sizes{features...};
  return mlp(sizes);
}

constexpr TrainingOptions adam_cosine(std::size_t epochs, std::size_t batch, float rate) {
  TrainingOptions options;
  options.epochs = epochs;
  options.batch = batch;
  options.optimiser.rate = rate;
  return options;
}

constexpr std::array<Workload, 2> zoo{{
    {.name = "digits-mlp",
     .description = "64-64-10 on the embedded 8×8 optical digits",
     .graph = fully_connected<64, 64, 10>,
     .parameters = 4810,
     .macs = 4736,
     .source =
         "a shape of this project; by hand: 64·64 + 64·10 products, and as many weights with 64 + 10 biases",
     .training = adam_cosine(40, 32, 0.02f)},
    {.name = "mnist-mlp",
     .description = "LeNet-300-100 on 28×28 images in IDX files",
     .graph = fully_connected<784, 300, 100, 10>,
     .parameters = 266610,
     .macs = 266200,
     .source = "shape: Y. LeCun et al., Proc. IEEE 86(11), 1998, doi:10.1109/5.726791; counts: S. Han et "
               "al., NeurIPS "
               "2015, arXiv:1506.02626, tables 1 (267K parameters) and 4 (532K operations, 2 per product)",
     .training = adam_cosine(5, 128, 0.002f)},
}};

}  // namespace

std::span<const Workload> workload_zoo() { return zoo; }

const Workload& find_workload(std::string_view name) { return find_row("workload", name, zoo); }

}  // namespace fringe
