#pragma once

#include <CLI/CLI.hpp>

#include "export/export_rows.hpp"
#include "runs/show_options.hpp"

namespace livecca::tool {

/// Adds `show` to the program, as add_compare().
CLI::App* add_show(CLI::App& program, ShowOptions& options);

/// Adds `export` to the program, as add_compare().
CLI::App* add_export(CLI::App& program, ExportOptions& options);

}  // namespace livecca::tool
