#include "sinks/tensorboard/chart_layout.hpp"

#include "common/utf8.hpp"
#include "sinks/tensorboard/tags.hpp"

namespace livecca {
namespace {

/// A chart of every scalar whose tag begins so.
ProtobufWriter chart(const std::string& title, const std::string& beginning) {
  ProtobufWriter lines;
  lines.text(1, "^" + expression_of(beginning) + ".+");
  ProtobufWriter result;
  result.text(1, title);
  result.message(2, lines);
  return result;
}

std::string beginning_of(Stream stream, const std::string& what, const std::string& reference) {
  return std::string("livecca/") + name_of(stream) + '/' + tag_part(what) + '/' +
         tag_part(reference) + '/';
}

}  // namespace

void ChartLayout::add(Stream stream, const std::string& measure, const std::string& reference,
                      bool has_noise_floor) {
  const Charts charts{stream, reference, measure};
  const auto [found, is_new] = charts_.try_emplace(charts, has_noise_floor);
  if (is_new) order_.push_back(charts);
  if (!is_new && (found->second || !has_noise_floor)) return;
  found->second = has_noise_floor;
  is_changed_ = true;
}

ProtobufWriter ChartLayout::take() {
  is_changed_ = false;
  ProtobufWriter layout;
  for (const Charts& charts : order_) {
    // A category a measure: of two runs' layouts TensorBoard may lose charts that only one has in a
    // category of both.
    const std::string title = charts.measure + " to " + charts.reference;
    ProtobufWriter category;
    category.text(1, valid_utf8(title + ", " + name_of(charts.stream) + " stream"));
    category.message(
        2, chart(valid_utf8(title), beginning_of(charts.stream, charts.measure, charts.reference)));
    if (charts_.at(charts)) {
      category.message(
          2, chart(valid_utf8("noise floor of " + title),
                   beginning_of(charts.stream, charts.measure + "_noise_floor", charts.reference)));
    }
    layout.message(2, category);
  }
  return layout;
}

}  // namespace livecca
