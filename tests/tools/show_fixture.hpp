#pragma once

#include <doctest/doctest.h>

#include <cstddef>
#include <string>

#include "program.hpp"
#include "run_file.hpp"
#include "show/run_view.hpp"

namespace livecca_tests {

/// A run that tests write, and what `livecca show` draws of it.
class ShowFixture : public ProgramFixture {
 public:
  std::string drawn(const livecca::tool::ShowOptions& options = {},
                    const livecca::tool::Canvas& canvas = {}) const {
    const livecca::tool::RunReader reader(run_file.folder());
    return livecca::tool::draw_run(reader.rows(), options, canvas);
  }

  /// The line that begins with this word, behind its indentation, in the table with this title.
  std::string line(const std::string& text, const std::string& title,
                   const std::string& word) const {
    const std::size_t table = text.find(title);
    REQUIRE(table != std::string::npos);
    const std::size_t begin = text.find("\n  " + word + " ", table);
    REQUIRE(begin != std::string::npos);
    return text.substr(begin + 3, text.find('\n', begin + 1) - begin - 3);
  }

  RunFile run_file;
};

inline bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace livecca_tests
