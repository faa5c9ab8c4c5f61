// Ours against a peer, in turns inside one process, and whether the difference is one. Both sides meet the
// same clocks and the same neighbours, so each pair of turns is one observation.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>
#include <vector>

namespace fringe::bench {

struct Turn {
  double ours_s, peer_s;
};

/// work() with the stack `bytes` deeper.
template <class Work>
[[gnu::noinline]] double deeper(std::size_t bytes, Work&& work) {
  volatile char* const below = static_cast<volatile char*>(__builtin_alloca(bytes + 16));
  *below = 0;
  return work();
}

/// How much deeper the n-th run is: multiples of 16 bytes within a page, as good as at random. Where a call's
/// stack lies against its operands is chance, but the same in all runs of a process, and alone makes a call
/// differ from itself: a bare product of 10×64×128 by 0.3 to 0.5 % when 32 to 64 bytes deeper, so both sides
/// take it at all depths (T. Mytkowicz et al., "Producing wrong data without doing anything obviously wrong",
/// ASPLOS 2009, doi:10.1145/1508244.1508275).
inline std::size_t depth_of(std::size_t n) {
  return 16 * (static_cast<std::uint32_t>(n + 1) * 2654435769u >> 24);  // Fibonacci hashing
}

/// `rounds` pairs of turns, alternately ours first and the peer first; ours() and peer() return the seconds
/// of one call as that turn measured it.
template <class Ours, class Peer>
std::vector<Turn> in_turns(int rounds, Ours&& ours, Peer&& peer) {
  std::vector<Turn> turns(static_cast<std::size_t>(rounds));
  bool ours_first = true;
  for (Turn& t : turns) {
    if (ours_first) t.ours_s = ours();
    t.peer_s = peer();
    if (!ours_first) t.ours_s = ours();
    ours_first = !ours_first;
  }
  return turns;
}

inline double median(std::vector<double> x) {
  const auto middle = x.begin() + static_cast<std::ptrdiff_t>(x.size() / 2);
  std::nth_element(x.begin(), middle, x.end());
  if (x.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(x.begin(), middle)) / 2;
}

/// Times [s] of `Ways` ways to do something, round by round.
template <std::size_t Ways>
class Rounds {
 public:
  using Times = std::array<double, Ways>;
  explicit Rounds(std::vector<Times> times) : times_(std::move(times)) {}

  /// Median over the rounds of a figure of one round's times.
  template <class Figure>
  double median_of(Figure&& figure) const {
    std::vector<double> values;
    for (const Times& round : times_) values.push_back(figure(round));
    return median(std::move(values));
  }
  double seconds(std::size_t way) const {
    return median_of([way](const Times& round) { return round[way]; });
  }
  /// Of two ways in the same round, which meet the same clock and the same neighbours.
  double ratio(std::size_t way, std::size_t over) const {
    return median_of([=](const Times& round) { return round[way] / round[over]; });
  }

 private:
  std::vector<Times> times_;
};

/// P(W ≥ w) of the signed-rank statistic W, the sum of the ranks of the positive differences, where each
/// difference is positive or negative with the same probability: exact, by counting the 2ⁿ sign patterns.
/// Equal magnitudes share their mean rank, differences of 0 are left out (F. Wilcoxon, Biometrics Bulletin
/// 1, 80-83, 1945). A small value says that the differences are positive.
inline double signed_rank_p(std::vector<double> differences) {
  std::erase(differences, 0.0);
  std::sort(differences.begin(), differences.end(),
            [](double a, double b) { return std::fabs(a) < std::fabs(b); });
  const std::size_t n = differences.size();
  std::vector<std::size_t> twice_rank(n);  // mean ranks may end in a half
  std::size_t observed = 0;
  for (std::size_t i = 0; i < n;) {
    std::size_t end = i;
    while (end < n && std::fabs(differences[end]) == std::fabs(differences[i])) ++end;
    for (std::size_t k = i; k < end; ++k) {
      twice_rank[k] = i + 1 + end;
      if (differences[k] > 0) observed += twice_rank[k];
    }
    i = end;
  }
  std::vector<double> probability(n * (n + 1) + 1);  // of each sum of twice the ranks
  probability[0] = 1;
  for (const std::size_t rank : twice_rank)
    for (std::size_t sum = probability.size(); sum-- > 0;)
      probability[sum] = (probability[sum] + (sum >= rank ? probability[sum - rank] : 0)) / 2;
  double tail = 0;
  for (std::size_t sum = observed; sum < probability.size(); ++sum) tail += probability[sum];
  return tail;
}

struct Verdict {
  double ours_s, peer_s;  ///< medians
  double ratio;           ///< median of ours/peer of a pair
  double spread;          ///< interquartile range of that ratio
  double p_slower, p_faster;
  std::string_view word;  ///< "slower" or "faster" where its p is below 1 %, else "same"
};

inline Verdict judge(const std::vector<Turn>& turns) {
  constexpr double p_limit = 0.01;
  std::vector<double> ours, peer, ratio, slower, faster;
  for (const Turn& t : turns) {
    ours.push_back(t.ours_s);
    peer.push_back(t.peer_s);
    ratio.push_back(t.ours_s / t.peer_s);
    slower.push_back(t.ours_s - t.peer_s);
    faster.push_back(t.peer_s - t.ours_s);
  }
  std::sort(ratio.begin(), ratio.end());
  Verdict v{median(ours),
            median(peer),
            median(ratio),
            ratio[ratio.size() * 3 / 4] - ratio[ratio.size() / 4],
            signed_rank_p(slower),
            signed_rank_p(faster),
            "same"};
  if (v.p_slower < p_limit) v.word = "slower";
  if (v.p_faster < p_limit) v.word = "faster";
  return v;
}

}  // namespace fringe::bench
