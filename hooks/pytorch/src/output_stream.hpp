#pragma once

#include <nanobind/nanobind.h>

#include <ostream>
#include <streambuf>
#include <string>

namespace livecca::python {

/// Hands text on to sys.stdout or sys.stderr, as they are when it is made: a notebook or a test may
/// have put something else in their place. May be written without Python's lock.
class PythonStream : public std::ostream {
 public:
  explicit PythonStream(const char* name) : std::ostream(nullptr), buffer_(name) {
    rdbuf(&buffer_);
  }

 private:
  class Buffer : public std::streambuf {
   public:
    explicit Buffer(const char* name) : stream_(nanobind::module_::import_("sys").attr(name)) {}

   protected:
    int_type overflow(int_type character) override {
      if (!traits_type::eq_int_type(character, traits_type::eof())) {
        text_ += traits_type::to_char_type(character);
      }
      return traits_type::not_eof(character);
    }
    std::streamsize xsputn(const char* text, std::streamsize size) override {
      text_.append(text, static_cast<std::size_t>(size));
      return size;
    }
    /// -1 if Python's stream refused, as a full disk makes it do.
    int sync() override;

   private:
    nanobind::object stream_;
    std::string text_;
  };

  Buffer buffer_;
};

}  // namespace livecca::python
