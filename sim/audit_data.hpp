// `fringe audit-data`: whether the test rows of a data set are news to what is trained on its training rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/thread_pool.hpp"
#include "sim/open_dataset.hpp"
#include "workloads/nearest_neighbour.hpp"

namespace fringe {

struct DataAudit {
  std::string data, source;
  std::size_t samples = 0, features = 0, classes = 0, outputs = 0, groups = 0;
  struct Row {
    std::string split;
    AuditReport report;
  };
  std::vector<Row> splits;
  /// What a leak is worth, of the first leaking split: the score of a nearest neighbour with all training
  /// rows, and without those that a test row is equal or near to, or shares a group with. Absent without a
  /// leak, and where no training row is left.
  struct Worth {
    NeighbourScore given, apart;
    std::size_t removed = 0;  ///< training rows
  };
  std::optional<Worth> worth;

  bool leaks() const;
};

/// Splits as `fringe run` would make them with 5 folds and seed 1. Throws Error as open_dataset does.
DataAudit audit_data(const std::string& what, const DataOptions& options, std::optional<double> tolerance,
                     ThreadPool& pool);

std::string audit_text(const DataAudit& audit);
std::string audit_json(const DataAudit& audit);

}  // namespace fringe
