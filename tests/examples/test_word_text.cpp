#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"
#include "word_text.hpp"

using findings::make_word_text;
using findings::read_word_text;
using findings::WordText;
using findings::WordTextError;
using livecca_tests::TemporaryFolder;

namespace {

using Numbers = std::vector<std::int64_t>;

constexpr findings::TextSizes sizes{.vocabulary = 100, .train_words = 100, .held_out_words = 1};

void write(const std::filesystem::path& file, const std::string& content) {
  std::ofstream(file, std::ios::binary) << content;
}

/// What the reader complains of; empty if it does not.
std::string complaint(const std::filesystem::path& folder, std::size_t least_words = 1) {
  try {
    read_word_text(
        folder,
        {.vocabulary = 100, .train_words = 100, .held_out_words = 1, .least_words = least_words});
    return "";
  } catch (const WordTextError& problem) {
    return problem.what();
  }
}

bool has_text(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos && text.find('\n') == std::string::npos;
}

}  // namespace

TEST_CASE("words are numbered by how often they are, and others are unknown") {
  const TemporaryFolder folder;
  write(folder.path() / "wiki.test.tokens", " \n = the = \n \n the cat , the <unk> \n a cat \n");
  write(folder.path() / "wiki.valid.tokens", "the dog\ta  cat \r\n");
  const WordText text =
      read_word_text(folder.path(), {.vocabulary = 5, .train_words = 100, .held_out_words = 1});
  // the 3, <eos> 3, = 2, cat 2, then "," and "a", which no number is left for.
  CHECK(text.vocabulary == 5);
  CHECK(text.train == Numbers{3, 2, 3, 1, 2, 4, 0, 2, 0, 1, 0, 4, 1});
  CHECK(text.held_out == Numbers{2, 0, 0, 4, 1});
  CHECK(has_text(text.about, "wiki.test.tokens and wiki.valid.tokens"));
}

TEST_CASE("a smaller text has a smaller vocabulary") {
  const TemporaryFolder folder;
  write(folder.path() / "ptb.test.txt", "a b\n");
  write(folder.path() / "ptb.valid.txt", "b c\n");
  const WordText text = read_word_text(folder.path(), sizes);
  CHECK(text.vocabulary == 4);
  CHECK(text.train == Numbers{2, 3, 1});
  CHECK(text.held_out == Numbers{3, 0, 1});
}

TEST_CASE("the training text ends where enough was read") {
  const TemporaryFolder folder;
  write(folder.path() / "ptb.test.txt", "a b\nc d\n");
  write(folder.path() / "ptb.valid.txt", "d c b a\n");
  const WordText text =
      read_word_text(folder.path(), {.vocabulary = 10, .train_words = 4, .held_out_words = 1});
  CHECK(text.train == Numbers{2, 3, 1, 4});
  CHECK(text.held_out == Numbers{0, 4, 3, 2, 1});
}

TEST_CASE("the training text is taken where it is there") {
  const TemporaryFolder folder;
  write(folder.path() / "ptb.train.txt", "a b c\n");
  write(folder.path() / "ptb.test.txt", "a b\n");
  write(folder.path() / "ptb.valid.txt", "b c\n");
  CHECK(read_word_text(folder.path(), sizes).train.size() == 4);
}

TEST_CASE("text outside ASCII is text") {
  const TemporaryFolder folder;
  write(folder.path() / "ptb.test.txt", "\xE2\x80\x93 caf\xC3\xA9 \xF0\x9F\x90\xB1\n");
  write(folder.path() / "ptb.valid.txt", "caf\xC3\xA9\n");
  CHECK(read_word_text(folder.path(), sizes).train.size() == 4);
}

TEST_CASE("a wrong text gives one line that names the place") {
  const TemporaryFolder folder;
  const auto valid = folder.path() / "wiki.valid.tokens";
  CHECK(
      has_text(complaint(folder.path() / "nowhere"), "nowhere: expected a folder with wiki.valid"));
  CHECK(has_text(complaint(folder.path()), "expected a folder with wiki.valid.tokens"));
  write(valid, "a text\n");
  CHECK(has_text(complaint(folder.path()), "wiki.test.tokens: expected a text, cannot open it"));
  write(folder.path() / "wiki.test.tokens", "another text\n");
  CHECK(complaint(folder.path()).empty());

  write(valid, "one\ntwo thr");
  CHECK(has_text(complaint(folder.path()),
                 "wiki.valid.tokens: line 2, byte 11: expected the end of the line"));
  write(valid, std::string("one\n\0two\n", 9));
  CHECK(has_text(complaint(folder.path()),
                 "line 2, byte 4: expected text in UTF-8, got a byte of value 0"));
  write(valid, "one \xFF\n");
  CHECK(has_text(complaint(folder.path()), "line 1, byte 4: expected text in UTF-8"));
  write(valid, "version of something else\n");
  CHECK(has_text(complaint(folder.path(), 6), "wiki.test.tokens: expected a text of at least 6"));
  write(valid, "");
  CHECK(has_text(complaint(folder.path()),
                 "wiki.valid.tokens: expected a text of at least 1 words, got 0"));
}

TEST_CASE("made text is the same for the same seed, and every number is in the vocabulary") {
  constexpr findings::TextSizes made{.vocabulary = 50, .train_words = 2000, .held_out_words = 500};
  const WordText text = make_word_text(made, 7);
  CHECK(text.train.size() == 2000);
  CHECK(text.held_out.size() == 500);
  CHECK(text.train == make_word_text(made, 7).train);
  CHECK(text.train != make_word_text(made, 8).train);
  CHECK(std::all_of(text.train.begin(), text.train.end(),
                    [](std::int64_t word) { return word >= 1 && word < 50; }));
  CHECK(std::count(text.train.begin(), text.train.end(), 1) > 50);
}
