#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "settings.hpp"

namespace findings {

/// The data on disk is not what was expected. The message is one line that names the file and,
/// where there is one, the line or byte.
class WordTextError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Two texts as numbers of words. Number 0 is <unk>, which stands for every word that is not in the
/// vocabulary; the other numbers are ordered by how often their word is in the training text.
struct WordText {
  std::vector<std::int64_t> train;
  std::vector<std::int64_t> held_out;
  std::size_t vocabulary =
      0;              ///< words with a number; a smaller text may have fewer than asked for
  std::string about;  ///< one line about the texts
};

/// How much text is wanted.
struct TextSizes {
  std::size_t vocabulary = 0;      ///< at most; the other words are <unk>
  std::size_t train_words = 0;     ///< at most
  std::size_t held_out_words = 0;  ///< wanted, beside the training text
  std::size_t least_words = 1;     ///< of either text; fewer are refused
};

/// Reads WikiText-2 (wiki.*.tokens) or Penn Treebank (ptb.*.txt): words between spaces, and a line
/// end, which counts as the word <eos>. Lines without words are left out. Takes the training text
/// if it is there, else the test text, and holds the validation text out. Throws WordTextError.
WordText read_word_text(const std::filesystem::path& folder, const TextSizes& sizes);

/// Sentences of made words. Every sentence has one of eight topics, and a word and the topic decide
/// which four words may follow. So a network gains by remembering how a sentence began.
WordText make_word_text(const TextSizes& sizes, std::uint64_t seed);

/// Reads the texts in settings.data, or makes some. Throws WordTextError.
WordText word_text(const Settings& settings, const TextSizes& sizes);

}  // namespace findings
