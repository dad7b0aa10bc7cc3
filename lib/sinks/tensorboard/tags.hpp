#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "livecca/sinks/stream.hpp"

namespace livecca {

/// A byte as %0A and so on.
std::string percent_encoded(char byte);

/// A name as a part of a tag: UTF-8, as in rows.jsonl, where control characters, '%', '~' and '/'
/// are written %0A and so on, so that two names never make the same tag. Of no characters: %empty.
std::string tag_part(const std::string& name);
/// The same as a tag's last part, where '/' stays: networks name layers by it.
std::string last_tag_part(const std::string& name);

/// The measures of a run in order, the headline first. TensorBoard sorts groups of cards by name,
/// so a group's name begins with its measure's number. A measure keeps it for the run's whole life,
/// also if the run is taken up again with other measures.
class MeasureNumbers {
 public:
  /// With its direction, or without: then the number is for both.
  void add(const std::string& measure);
  /// With its direction and number: "1 pwcca_distance".
  std::string numbered(const std::string& measure) const;

 private:
  std::size_t place_of(const std::string& measure) const;

  std::vector<std::string> names_;
};

/// TensorBoard's group of cards. What the train stream has stands in groups of its own.
std::string card_group(Stream stream, const std::string& what);

/// Where the numbers of a layer beside a layer of a reference are: TensorBoard's run, relative to
/// the stream's folder, and the card within its group.
struct PairPlace {
  std::string run;
  std::string card;
};

/// A pair of layers of two names is a line of its own on the reference's card. Where all layers are
/// paired with all, each layer of the reference has a card instead: a run for each pair would be
/// too many folders.
PairPlace place_of_pair(const std::string& reference, const std::string& layer,
                        const std::string& reference_layer, bool pairs_all_with_all);

/// One line of Markdown that looks like the text.
std::string markdown_of(const std::string& text);

}  // namespace livecca
