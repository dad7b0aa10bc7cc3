#pragma once

#include <nlohmann/json_fwd.hpp>

#include "verdicts/layer_course.hpp"

namespace livecca {

// What is remembered, as JSON: numbers come back as they were, to the last bit. Those from JSON
// throw nlohmann::json::exception or Error on anything else.

nlohmann::ordered_json to_json(const LossCourse& loss);
LossCourse loss_course_from(const nlohmann::ordered_json& json);

nlohmann::ordered_json to_json(const LayerCourse& course);
LayerCourse layer_course_from(const nlohmann::ordered_json& json);

}  // namespace livecca
