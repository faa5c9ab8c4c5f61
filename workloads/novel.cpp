#include "workloads/novel.hpp"

#include <string>

#include "workloads/embedded.hpp"
#include "workloads/idx.hpp"

namespace fringe {

std::string_view northanger_abbey() {
  static const std::string text = [] {
    const IdxArray array = parse_idx(embedded::northanger_abbey(), "northanger_abbey/text-idx1-ubyte.gz");
    return std::string(array.values.begin(), array.values.end());
  }();
  return text;
}

}  // namespace fringe
