// fringe audit-data: test rows that stand in the training rows.
#include <cstdio>
#include <optional>
#include <string>

#include "core/thread_pool.hpp"
#include "sim/audit_data.hpp"
#include "sim/commands.hpp"

namespace fringe {
namespace {

struct AuditOptions : CommonOptions {
  std::string data;
  DataOptions data_options;
  std::optional<double> near_tolerance;
};

void add_data_options(CLI::App& command, DataOptions& data, std::optional<double>& near_tolerance) {
  command.add_option("--test", data.test, "file of the test rows, of the same format")->type_name("FILE");
  command.add_option("--label", data.label, "column of the class; default: the last")->type_name("COLUMN");
  command.add_option("--target", data.target, "column of a number to be told instead of a class")
      ->type_name("COLUMN");
  command.add_option("--group", data.group, "column that tells whom a row comes from")->type_name("COLUMN");
  command.add_option("--window", data.window, "bytes of a sample of text; default: 64")
      ->check(whole_number())
      ->type_name("N");
  command
      .add_option("--near", near_tolerance,
                  "largest difference of near rows, in units of a feature's range; 0: equal rows only; "
                  "default: what chance doesn't reach, up to 0.01")
      ->type_name("SHARE");
}

int run_audit(const AuditOptions& options) {
  ThreadPool pool(options.threads);
  const DataAudit audited = audit_data(options.data, options.data_options, options.near_tolerance, pool);
  std::fputs((options.json ? audit_json(audited) : audit_text(audited)).c_str(), stdout);
  return audited.leaks() ? 1 : 0;
}

}  // namespace

Command add_audit_command(CLI::App& app) {
  return add_command<AuditOptions>(
      app, "audit-data", "test rows that stand in the training rows; exit status 1 if there are any",
      [](CLI::App& command, AuditOptions& options) {
        command.add_option("data", options.data, "path or name, see fringe list data")->required();
        add_data_options(command, options.data_options, options.near_tolerance);
        add_common_options(command, options);
      },
      run_audit);
}

}  // namespace fringe
