#include <sys/stat.h>

#include "program.hpp"

using livecca_tests::npy_dictionary;
using livecca_tests::npy_header;
using livecca_tests::ProgramFixture;
using livecca_tests::small_integers;
using livecca_tests::write_text;

namespace {

/// A good y.npy beside whatever x.npy a test writes.
class InputFixture : public ProgramFixture {
 public:
  InputFixture() { write("y.npy", small_integers({8, 2}, 1)); }

  /// Both as x and as y, the file's path is named with what was expected and what came.
  void refuses_x(const std::vector<std::string>& words) const {
    std::vector<std::string> all = words;
    all.insert(all.end(), {"livecca compare: ", "expected", "got", "x.npy"});
    refuses({"compare", "@x.npy", "@y.npy"}, all);
    refuses({"compare", "@y.npy", "@x.npy", "--format", "json"}, all);
  }

  void refuses_dictionary(const std::string& dictionary,
                          const std::vector<std::string>& words) const {
    CAPTURE(dictionary);
    for (const int version : {1, 2, 3}) {
      write_text(path("x.npy"), npy_header(dictionary, version) + std::string(128, '\0'));
      refuses_x(words);
    }
  }
};

}  // namespace

TEST_CASE_FIXTURE(InputFixture, "a missing file, a folder and a pipe are refused") {
  refuses_x({"No such file"});
  std::filesystem::create_directory(path("x.npy"));
  refuses_x({"folder"});
  std::filesystem::remove(path("x.npy"));
  REQUIRE(::mkfifo(path("x.npy").c_str(), 0600) == 0);
  refuses_x({"pipe"});
  refuses({"compare", "/dev/zero", "@y.npy"}, {"/dev/zero", "device"});
}

TEST_CASE_FIXTURE(InputFixture, "files that are not .npy are refused") {
  write_text(path("x.npy"), "");
  refuses_x({"empty"});
  write_text(path("x.npy"), "\x93NUM");
  refuses_x({"begin"});
  write_text(path("x.npy"), "PK\x03\x04 this is an archive of arrays");
  refuses_x({"begin"});
  write_text(path("x.npy"), "a,b\n1,2\n");
  refuses_x({"begin"});
}

TEST_CASE_FIXTURE(InputFixture, "files cut short anywhere are refused") {
  write("whole.npy", small_integers({8, 2}, 2));
  const std::string whole = livecca_tests::text_of(path("whole.npy"));
  for (const std::size_t size : {6U, 8U, 9U, 10U, 11U, 40U, 127U, 128U, 129U, 255U}) {
    CAPTURE(size);
    write_text(path("x.npy"), whole.substr(0, size));
    refuses_x({});
  }
  write_text(path("x.npy"), whole + "x");
  refuses_x({"128 bytes", "129"});
}

TEST_CASE_FIXTURE(InputFixture, "versions of the future are refused") {
  std::string bytes = npy_header(npy_dictionary("<f8", "(8, 2)")) + std::string(128, '\0');
  bytes[6] = 4;
  write_text(path("x.npy"), bytes);
  refuses_x({"version 4"});
  bytes[6] = 0;
  write_text(path("x.npy"), bytes);
  refuses_x({"version 0"});
}

TEST_CASE_FIXTURE(InputFixture, "a header that lies about the size is refused") {
  refuses_dictionary(npy_dictionary("<f8", "(9, 2)"), {"144 bytes", "got 128", "(9, 2)"});
  refuses_dictionary(npy_dictionary("<f8", "(7, 2)"), {"112 bytes", "got 128"});
  refuses_dictionary(npy_dictionary("<f4", "(8, 2)"), {"64 bytes", "got 128"});
  refuses_dictionary(npy_dictionary("<f8", "(1000000000000, 2)"), {"16000000000000 bytes"});
  refuses_dictionary(npy_dictionary("<f8", "(4611686018427387904, 4611686018427387904)"),
                     {"a file can hold"});
  refuses_dictionary(npy_dictionary("<f8", "(2305843009213693954, 8)"), {"a file can hold"});
  refuses_dictionary(npy_dictionary("<f8", "(99999999999999999999, 2)"), {"63 bits"});
}

TEST_CASE_FIXTURE(InputFixture, "element types that are no real numbers are refused by name") {
  refuses_dictionary(npy_dictionary("<c16", "(4, 2)"),
                     {"float16, float32, float64 or integer", "'<c16' (complex)"});
  refuses_dictionary(npy_dictionary("<c8", "(8, 2)"), {"'<c8' (complex)"});
  refuses_dictionary(npy_dictionary("|O", "(8, 2)"), {"'|O' (objects)"});
  refuses_dictionary(npy_dictionary("<U2", "(8, 2)"), {"'<U2' (strings)"});
  refuses_dictionary(npy_dictionary("|S8", "(8, 2)"), {"'|S8' (strings)"});
  refuses_dictionary(npy_dictionary("<M8[ns]", "(8, 2)"), {"'<M8[ns]' (dates"});
  refuses_dictionary(npy_dictionary("|V2", "(8, 2)"), {"'|V2' (raw bytes)"});
  refuses_dictionary(npy_dictionary("<f16", "(4, 2)"), {"'<f16'"});
  refuses_dictionary(npy_dictionary("<i3", "(8, 2)"), {"'<i3'"});
  refuses_dictionary(npy_dictionary("", "(8, 2)"), {"''"});
  refuses_dictionary("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (8, 2)}",
                     {"structured"});
}

TEST_CASE_FIXTURE(InputFixture, "broken dictionaries are refused") {
  for (const char* dictionary :
       {"", "{", "{}", "None", "{'descr': '<f8'}", "{'descr': '<f8", "{'descr' '<f8'}",
        "{'descr': '<f8', 'fortran_order': Maybe, 'shape': (8, 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (8, 2}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (8 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (8,, 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (16)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': [8, 2]}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-8, -2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (8.0, 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (8, 2)} and more",
        "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (8, 2)}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (8, 2), 'colour': 'red'}"}) {
    refuses_dictionary(dictionary, {"header"});
  }
}

TEST_CASE_FIXTURE(InputFixture, "arrays of the wrong shape are refused") {
  write("x.npy", small_integers({16}, 3));
  refuses_x({"2 axes", "(16,)"});
  write_text(path("x.npy"), npy_header(npy_dictionary("<f8", "()")) + std::string(8, '\0'));
  refuses_x({"2 axes", "()"});
  write("x.npy", small_integers({8, 2, 2}, 3));
  refuses_x({"2 axes", "(8, 2, 2)"});
  write("x.npy", small_integers({8, 1, 1, 2}, 3));
  refuses_x({"2 axes", "(8, 1, 1, 2)", "--layout nchw"});
  write("x.npy", small_integers({1, 1, 1, 1, 1, 1, 1, 1, 8, 2}, 3));
  refuses_x({"2 axes"});
  for (const char* shape : {"(0, 2)", "(8, 0)", "(0, 0)", "(4611686018427387904, 8, 0)"}) {
    CAPTURE(shape);
    write_text(path("x.npy"), npy_header(npy_dictionary("<f8", shape)));
    refuses_x({"at least one row", shape});
  }
}

TEST_CASE_FIXTURE(InputFixture, "files that do not fit each other are refused") {
  write("x.npy", small_integers({9, 2}, 4));
  refuses_x({"as many samples", "9 in", "8 in"});
  write("a.npy", small_integers({8, 4, 4, 3}, 4));
  write("b.npy", small_integers({8, 2, 8, 3}, 4));
  refuses({"compare", "@a.npy", "@b.npy", "--layout", "nhwc"},
          {"height and width", "4 x 4", "2 x 8"});
  refuses({"compare", "@a.npy", "@b.npy", "--layout", "nchw"},
          {"height and width", "4 x 3", "8 x 3"});
  refuses({"compare", "@x.npy", "@x.npy", "--layout", "nchw"},
          {"4 axes (images, channels, height, width)", "nchw", "(9, 2)"});
}

TEST_CASE_FIXTURE(InputFixture, "features beyond the machine's memory are refused, not tried") {
  write("x.npy", small_integers({4, 4000000}, 5), {"|u1"});
  refuses({"compare", "@x.npy", "@x.npy"}, {"memory", "4000000"});
}

TEST_CASE_FIXTURE(InputFixture, "a path of odd characters still makes one line") {
  refuses({"compare", "two\nlines\t\x1b[31m.npy", "@y.npy"}, {"No such file"});
  write("it's a name.npy", small_integers({8, 2}, 1));
  CHECK(compare({"@it's a name.npy", "@y.npy"})["samples"] == 8);
}
