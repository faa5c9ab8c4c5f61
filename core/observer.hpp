// Events that long work reports. The library never prints and never writes files: sim/ turns events into
// progress bars and traces.
#pragma once

#include <cstddef>
#include <limits>
#include <string_view>

namespace fringe {

struct EpochEvent {
  std::size_t epoch = 0, epochs = 0;
  double train_loss = 0, train_accuracy = 0;  ///< accuracies are NaN where targets are numbers, not classes
  double test_accuracy = -1;                  ///< −1: not evaluated this epoch
  double validation_loss = std::numeric_limits<double>::quiet_NaN();  ///< NaN: no samples are held back
  double validation_accuracy = std::numeric_limits<double>::quiet_NaN();
  double test_loss = std::numeric_limits<double>::quiet_NaN();  ///< NaN: not evaluated this epoch
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void epoch(const EpochEvent&) {}
  /// Work done so far out of total; called often, must be cheap.
  virtual void progress(std::string_view /*what*/, std::size_t /*done*/, std::size_t /*total*/) {}
  /// True when the user asked to stop: long work then ends cleanly at its next record.
  virtual bool stop_requested() const { return false; }
};

}  // namespace fringe
