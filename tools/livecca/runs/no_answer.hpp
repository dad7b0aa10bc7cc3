#pragma once

#include <string>

#include "runs/run_rows.hpp"

namespace livecca::tool {

/// Why the latest number says nothing of the layer, whatever it is: "100 inputs for 128 features".
/// Empty if it does say something, or if there is none.
std::string why_no_answer(const Curve& curve);

/// What there is to say of the latest number: that, or its status, with the rank where one is
/// lacking, since one less than the width is no alarm. Empty if all is well.
std::string note_of(const Curve& curve);

}  // namespace livecca::tool
