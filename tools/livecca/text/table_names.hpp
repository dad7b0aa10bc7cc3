#pragma once

#include <string>
#include <vector>

namespace livecca::tool {

/// Names of layers in a table. Where one is wider than there is room for, the beginning that all
/// have in common, up to a dot, becomes "…": what tells them apart is at their ends.
class TableNames {
 public:
  TableNames(const std::vector<std::string>& names, std::size_t room);

  std::string of(const std::string& name) const;

 private:
  std::size_t left_out_ = 0;  // bytes
  std::size_t room_;
};

}  // namespace livecca::tool
