#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>

namespace livecca {

/// Counts the bytes of the texts that are being sent. A text that goes to several clients is in
/// memory once, so it counts once.
class HeldTexts {
 public:
  using Text = std::shared_ptr<const std::string>;

  void add(const Text& text) {
    if (++holders_[text.get()] == 1) bytes_ += text->size();
  }
  /// Of a text that was added. To be called once for each add().
  void remove(const Text& text) {
    const auto held = holders_.find(text.get());
    if (--held->second > 0) return;
    holders_.erase(held);
    bytes_ -= text->size();
  }
  std::size_t bytes() const { return bytes_; }

 private:
  std::unordered_map<const std::string*, std::size_t> holders_;  // how many
  std::size_t bytes_ = 0;
};

}  // namespace livecca
