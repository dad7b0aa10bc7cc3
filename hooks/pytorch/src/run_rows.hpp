#pragma once

#include <string>
#include <vector>

#include "runs/run_rows.hpp"

namespace livecca::python {

/// What the program makes of rows. Each line is a row's JSON. Throws Error if one is none.
tool::RunRows run_rows_of(const std::vector<std::string>& lines);

}  // namespace livecca::python
