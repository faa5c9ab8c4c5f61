#include <string>

#include "core/error.hpp"
#include "workloads/network.hpp"

namespace fringe {

NetworkState Network::state() {
  prepare_training();
  NetworkState state{trained_.values(), {}, trained_.state()};
  for (const Buffer<float>& s : states_) state.states.push_back(s.to_host());
  return state;
}

void Network::restore(const NetworkState& state) {
  prepare_training();
  bool fits = state.states.size() == states_.size();
  for (std::size_t i = 0; fits && i < states_.size(); ++i) fits = state.states[i].size() == states_[i].size();
  if (!fits)
    throw Error("state of a training: running statistics of " + std::to_string(state.states.size()) +
                " norms whose sizes are not those of the network's " + std::to_string(states_.size()));
  trained_.restore(state.parameters, state.optimiser);
  for (std::size_t i = 0; i < states_.size(); ++i) states_[i].from_host(state.states[i]);
  for (const auto& matrix : matrices_) matrix->commit();
  read_tables();
}

}  // namespace fringe
