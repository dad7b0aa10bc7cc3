#include "word_text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace findings {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string_view>;
using Numbers = std::unordered_map<std::string_view, std::int64_t>;

constexpr std::string_view unknown = "<unk>";
constexpr std::string_view line_end = "<eos>";

struct FileNames {
  const char* train;
  const char* held_out;
  const char* test;
};

constexpr std::array<FileNames, 2> known_names{
    {{"wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens"},
     {"ptb.train.txt", "ptb.valid.txt", "ptb.test.txt"}}};

FileNames names_in(const fs::path& folder) {
  for (const FileNames& names : known_names) {
    if (fs::exists(folder / names.held_out)) return names;
  }
  throw WordTextError(folder.string() +
                      ": expected a folder with wiki.valid.tokens and wiki.test.tokens, or with "
                      "ptb.valid.txt and ptb.test.txt, and the training text if there is one");
}

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    throw WordTextError(file.string() +
                        ": expected a text, cannot open it: " + std::strerror(errno));
  }
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (stream.bad()) {
    throw WordTextError(file.string() + ": byte " + std::to_string(text.size()) +
                        ": expected more of the text, cannot read on");
  }
  return text;
}

/// Control characters do not stand in a text, nor do the bytes that UTF-8 never has.
bool is_of_text(char character) {
  const auto byte = static_cast<unsigned char>(character);
  const bool is_space = byte == '\t' || byte == '\n' || byte == '\r';
  const bool is_control = (byte < 0x20 && !is_space) || byte == 0x7F;
  return !is_control && byte != 0xC0 && byte != 0xC1 && byte < 0xF5;
}

void check_characters(const fs::path& file, std::string_view text) {
  const auto fail = [&](std::size_t byte, const std::string& what) {
    const auto line =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(byte), '\n');
    throw WordTextError(file.string() + ": line " + std::to_string(line + 1) + ", byte " +
                        std::to_string(byte) + ": " + what);
  };
  const auto wrong = std::find_if_not(text.begin(), text.end(), is_of_text);
  if (wrong != text.end()) {
    fail(static_cast<std::size_t>(wrong - text.begin()),
         "expected text in UTF-8, got a byte of value " +
             std::to_string(static_cast<unsigned char>(*wrong)));
  }
  if (!text.empty() && text.back() != '\n') {
    fail(text.size(),
         "expected the end of the line, got the end of the file; the file may be cut short");
  }
}

/// The words of a text, with a line end behind each line that has words.
Words words_of(std::string_view text) {
  constexpr std::string_view spaces = " \t\r\n";
  Words words;
  bool line_has_words = false;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\n' && line_has_words) words.push_back(line_end);
    if (text[at] == '\n') line_has_words = false;
    if (spaces.find(text[at]) != std::string_view::npos) {
      ++at;
      continue;
    }
    const std::size_t end = std::min(text.find_first_of(spaces, at), text.size());
    words.push_back(text.substr(at, end - at));
    line_has_words = true;
    at = end;
  }
  return words;
}

/// The most frequent words, by their numbers; of equally frequent ones the alphabet decides.
Numbers number_words(const Words& words, std::size_t vocabulary) {
  std::unordered_map<std::string_view, std::size_t> counts;
  for (const std::string_view word : words) ++counts[word];
  counts.erase(unknown);
  std::vector<std::pair<std::string_view, std::size_t>> order(counts.begin(), counts.end());
  std::sort(order.begin(), order.end(), [](const auto& one, const auto& other) {
    return one.second != other.second ? one.second > other.second : one.first < other.first;
  });
  order.resize(std::min(order.size(), vocabulary - 1));
  Numbers numbers{{unknown, 0}};
  for (const auto& [word, count] : order) {
    numbers.emplace(word, static_cast<std::int64_t>(numbers.size()));
  }
  return numbers;
}

std::vector<std::int64_t> as_numbers(const Words& words, const Numbers& numbers) {
  std::vector<std::int64_t> result;
  result.reserve(words.size());
  for (const std::string_view word : words) {
    const auto found = numbers.find(word);
    result.push_back(found == numbers.end() ? 0 : found->second);
  }
  return result;
}

/// A file and its words, which are parts of its bytes.
struct TextFile {
  std::string bytes;
  Words words;

  TextFile(const fs::path& file, std::size_t least_words) : bytes(bytes_of(file)) {
    check_characters(file, bytes);
    words = words_of(bytes);
    if (words.size() < least_words) {
      throw WordTextError(file.string() + ": expected a text of at least " +
                          std::to_string(least_words) + " words, got " +
                          std::to_string(words.size()));
    }
  }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;
};

std::vector<std::int64_t> make_text(std::size_t words, std::size_t vocabulary,
                                    std::mt19937_64& engine) {
  constexpr std::int64_t topics = 8;
  constexpr std::int64_t followers = 4;
  constexpr std::uint64_t least_length = 8;
  constexpr std::uint64_t lengths = 16;
  // Number 0 is <unk>, which made text does not need, and 1 is the line end.
  const auto others = static_cast<std::int64_t>(vocabulary) - 2;
  std::vector<std::int64_t> text;
  while (text.size() < words) {
    const auto topic = static_cast<std::int64_t>(engine() % topics);
    const std::uint64_t length = least_length + engine() % lengths;
    std::int64_t word = topic;
    for (std::uint64_t place = 0; place < length; ++place) {
      // The lesser of two draws, so that some words follow more often than others.
      const auto follower =
          static_cast<std::int64_t>(std::min(engine() % followers, engine() % followers));
      word = (word * 31 + topic * 17 + follower * 7 + 3) % others;
      text.push_back(word + 2);
    }
    text.push_back(1);
  }
  text.resize(words);
  return text;
}

WordText described(WordText text, const std::string& source) {
  text.about = std::to_string(text.train.size()) + " training and " +
               std::to_string(text.held_out.size()) + " other words, vocabulary of " +
               std::to_string(text.vocabulary) + ", " + source;
  return text;
}

}  // namespace

WordText read_word_text(const fs::path& folder, const TextSizes& sizes) {
  const FileNames names = names_in(folder);
  const char* train_name = fs::exists(folder / names.train) ? names.train : names.test;
  TextFile train(folder / train_name, sizes.least_words);
  const TextFile held_out(folder / names.held_out, sizes.least_words);
  train.words.resize(std::min(train.words.size(), sizes.train_words));
  const Numbers numbers = number_words(train.words, sizes.vocabulary);
  return described({.train = as_numbers(train.words, numbers),
                    .held_out = as_numbers(held_out.words, numbers),
                    .vocabulary = numbers.size(),
                    .about = {}},
                   std::string(train_name) + " and " + names.held_out);
}

WordText make_word_text(const TextSizes& sizes, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  WordText text;
  text.train = make_text(sizes.train_words, sizes.vocabulary, engine);
  text.held_out = make_text(sizes.held_out_words, sizes.vocabulary, engine);
  text.vocabulary = sizes.vocabulary;
  return described(std::move(text), "made here");
}

WordText word_text(const Settings& settings, const TextSizes& sizes) {
  constexpr std::uint64_t made_text_seed = 2018;
  return settings.data.empty() ? make_word_text(sizes, made_text_seed)
                               : read_word_text(settings.data, sizes);
}

}  // namespace findings
