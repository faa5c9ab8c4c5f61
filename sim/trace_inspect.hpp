// What a trace holds, for people and for tests.
#pragma once

#include <string>

namespace fringe {

/// A readable summary: who wrote it, its tables with their number of records, and the hardware under study.
/// Error where the file is missing, is not a fringe trace or has a higher major version.
std::string inspect_trace(const std::string& path);

/// "" where both traces hold bit-equal data wherever the schema demands it (see Equality); otherwise the
/// first place that differs: "/epochs/loss record 3", "/chips in one trace only", "attribute seed".
std::string compare_traces(const std::string& a, const std::string& b);

}  // namespace fringe
