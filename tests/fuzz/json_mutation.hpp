#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

// Changes to JSON at the level where they mean something, for the mutators.

namespace livecca_fuzz {

using Json = nlohmann::ordered_json;
using Random = std::minstd_rand;

/// 0 … bound − 1.
std::size_t below(std::size_t bound, Random& random);

/// The fuzzer's own change to a text, which may grow by `room` bytes.
std::string mutated(std::string text, std::size_t room);

/// Discarded if it is no JSON, or nests so deep that copies and prints of it would run out of stack
/// here.
Json parsed(const std::string& text);
std::string dumped(const Json& json);

/// Changes one value somewhere within: to another of the same JSON, to an interesting one, by 1, or
/// within the JSON that a text holds. Adds, repeats or drops something in an array or object.
void change_value(Json& root, Random& random);

}  // namespace livecca_fuzz
