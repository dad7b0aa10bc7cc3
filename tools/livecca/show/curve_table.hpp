#pragma once

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "runs/pair_curves.hpp"
#include "text/sparkline.hpp"
#include "text/table_names.hpp"

namespace livecca::tool {

/// Which columns a table has beside the layer, its curve and its latest value.
struct CurveColumns {
  bool floor = false;
  bool error = false;
  bool change = false;
  bool drift = false;
  bool status = false;
  bool marks = false;  ///< behind the latest values, and nothing where there are none
  bool anew = false;   ///< beside the status, where a curve begins anew
};

/// One group of curves for people: a line a layer. Columns that a narrow canvas has no room for are
/// left out.
class CurveTable {
 public:
  CurveTable(const RunRows& rows, const CurveGroup& group, const Canvas& canvas);

  /// A title and the table.
  std::string text() const;
  const CurveColumns& columns() const { return columns_; }
  /// Characters that a curve may take.
  std::size_t room() const { return room_; }
  /// Lets curves take no more than this, so that they are as wide as those of another table.
  void narrow(std::size_t room);

  /// Snapshots that a change is over, the first and the last of them included, as of a direction.
  static constexpr std::size_t change_over = 5;

 private:
  using Moment = std::tuple<std::int64_t, std::uint64_t, std::size_t>;

  static std::vector<Moment> moments_of(const Curve& curve);
  CurveColumns all_columns() const;
  void fit();
  Series series_of(const Curve& curve) const;
  std::string direction_of(const Curve& curve, bool colours) const;
  const DriftRow* drift_of(const Curve& curve) const;
  std::string state(const Curve& curve, bool colours) const;
  std::string epochs() const;
  std::vector<std::string> heading(const std::string& curves) const;
  std::vector<std::string> line(const Curve& curve, const std::string& bars, bool colours) const;
  std::size_t width_without_bars() const;
  std::string title() const;

  const RunRows& rows_;
  const CurveGroup& group_;
  Canvas canvas_;
  TableNames names_;
  std::map<Moment, std::size_t> place_of_;  ///< of every snapshot that a curve has
  double highest_ = 0;                      ///< of a full bar
  CurveColumns columns_;
  std::size_t room_ = 0;     ///< characters for a curve
  bool says_epochs_ = true;  ///< rather than their numbers alone
};

}  // namespace livecca::tool
