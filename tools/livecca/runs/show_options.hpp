#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "livecca/sinks/stream.hpp"

namespace livecca::tool {

/// What a layer's name, a curve, a number and a verdict need.
constexpr std::size_t narrowest_canvas = 60;

struct ShowOptions {
  /// Runs' folders, their rows.jsonl, or folders of runs: one run is drawn, several are listed.
  std::vector<std::string> runs;
  bool follow = false;
  std::string measure;             ///< with or without its direction; empty: the run's first
  std::optional<Stream> stream{};  ///< empty: both
  std::string reference;           ///< empty: all
  std::string layer;               ///< a glob; empty: all
  std::size_t width = 0;           ///< 0: the terminal's
};

/// Where a run is drawn.
struct Canvas {
  std::size_t width = 100;
  bool colours = false;
  double now = 0;         ///< Unix seconds
  bool has_died = false;  ///< its process ended without finish()
};

}  // namespace livecca::tool
