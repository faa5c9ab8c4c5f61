// Shares of peak and of a copy, against lists whose totals are counted by hand.
#include "electronic/attained.hpp"

#include <gtest/gtest.h>

namespace fringe {
namespace {

/// Y[10×30] = W[10×20]·X[20×30], a pass over Y, an update of W.
std::vector<Work> list() {
  std::vector<Work> work(3);
  work[0].rows = 10, work[0].inner = 20, work[0].columns = 30;
  work[0].bytes = 4 * (10 * 20 + 20 * 30 + 10 * 30);
  work[1].kind = Work::Kind::elementwise;
  work[1].rows = 10, work[1].columns = 30;
  work[1].bytes = 4 * 2 * 10 * 30;
  work[2].kind = Work::Kind::weight_update;
  work[2].rows = 10, work[2].inner = 20;
  work[2].bytes = 4 * 5 * 10 * 20;
  return work;
}

TEST(Attained, CountsProductsInTheirFormatAndTheRestAsItIs) {
  const ListTotals half = totals_of(list(), 2), single = totals_of(list(), 4);
  EXPECT_EQ(half.operations, 2.0 * 10 * 20 * 30);
  EXPECT_EQ(half.bytes, 2 * 1100.0 + 2400 + 4000);
  EXPECT_EQ(single.bytes - half.bytes, 2 * 1100.0);
}

TEST(Attained, PeaksAreTheCatalogues) {
  const GpuSpec& h100 = find_gpu("h100-sxm");
  EXPECT_EQ(published_peak(&h100, CublasPrecision::bf16), h100.peak(Format::bf16));
  EXPECT_EQ(published_peak(&h100, CublasPrecision::int8), h100.peak(Format::int8));
  EXPECT_EQ(published_peak(&h100, CublasPrecision::fp64), h100.peak(Format::fp64));
  EXPECT_EQ(published_peak(&h100, CublasPrecision::fp8), h100.peak(Format::fp8));
  EXPECT_FALSE(published_peak(&find_gpu("a100-sxm4-40gb"), CublasPrecision::fp8));
  EXPECT_FALSE(published_peak(&find_gpu("v100-sxm2-32gb"), CublasPrecision::bf16));
  EXPECT_FALSE(published_peak(nullptr, CublasPrecision::fp32));
}

TEST(Attained, SaysWhatIsKnownAndWhatIsNot) {
  const ListTotals totals{1e12, 1e9};
  EXPECT_EQ(attained_text(totals, 0.01, 2e14, 4e12),
            "products at 50 % of the published peak, operands at 2.5 % of a copy's 4 TB/s");
  EXPECT_EQ(attained_text(totals, 0.01, std::nullopt, std::nullopt),
            "products at a share of an unknown peak, what a copy moves is unknown");
}

}  // namespace
}  // namespace fringe
