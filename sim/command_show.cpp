// fringe list, fringe inspect and fringe import: what there is, what a trace holds, what a model holds.
#include <cstdio>
#include <string>
#include <string_view>

#include "sim/commands.hpp"
#include "sim/imported.hpp"
#include "sim/listing.hpp"
#include "sim/trace_inspect.hpp"
#include "workloads/onnx_export.hpp"
#include "workloads/onnx_import.hpp"

namespace fringe {
namespace {

int print(const std::string& text) {
  std::fputs(text.c_str(), stdout);
  return 0;
}

struct InspectOptions {
  std::string trace, other;
};

int run_inspect(const InspectOptions& options) {
  if (options.other.empty()) return print(inspect_trace(options.trace));
  const std::string difference = compare_traces(options.trace, options.other);
  print((difference.empty() ? "equal" : "first difference: " + difference) + "\n");
  return difference.empty() ? 0 : 1;
}

struct ImportOptions {
  std::string model, out;
  bool json = false;
};

int run_import(const ImportOptions& options) {
  const OnnxModel model = read_onnx(options.model);
  if (!options.out.empty()) write_onnx(model.graph, model.parameters, options.out);
  return print(options.json ? imported_json(model, options.model) : imported_text(model, options.model));
}

}  // namespace

Command add_list_command(CLI::App& app) {
  return add_command<std::string>(
      app, "list", "what there is to choose from, with sources",
      [](CLI::App& command, std::string& name) {
        std::string lists;
        for (const std::string_view list : list_names())
          lists += (lists.empty() ? "" : ", ") + std::string(list);
        command.add_option("what", name, lists + "; without it: what each holds");
      },
      [](const std::string& name) { return print(name.empty() ? list_of_lists() : list_table(name)); });
}

Command add_inspect_command(CLI::App& app) {
  return add_command<InspectOptions>(
      app, "inspect", "what a trace holds",
      [](CLI::App& command, InspectOptions& options) {
        command.add_option("trace", options.trace, "trace (HDF5)")->required();
        command
            .add_option("--diff", options.other,
                        "another trace: tells the first place that differs, measured "
                        "figures aside; exit status 1 if there is one")
            ->type_name("FILE");
      },
      run_inspect);
}

Command add_import_command(CLI::App& app) {
  return add_command<ImportOptions>(
      app, "import", "read an ONNX model: its operators, parameters and shapes",
      [](CLI::App& command, ImportOptions& options) {
        command.add_option("model", options.model, "model.onnx of opset 11 to 17")->required();
        command.add_option("--out", options.out, "write it again as fringe has it")->type_name("FILE");
        add_json_option(command, options.json);
      },
      run_import);
}

}  // namespace fringe
