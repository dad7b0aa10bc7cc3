#include <filesystem>

#include "program.hpp"

using namespace livecca_tests;

namespace {

/// A good y.safetensors beside whatever x.safetensors a test writes.
class SafetensorsFixture : public ProgramFixture {
 public:
  SafetensorsFixture() { write("y.safetensors", {{"layer", values}}); }

  /// Both as x and as y, the file's path is named with what was expected and what came.
  void refuses_x(std::vector<std::string> words) const {
    words.insert(words.end(), {"livecca compare: ", "x.safetensors", "expected", "got"});
    refuses({"compare", "@x.safetensors", "@y.safetensors"}, words);
    refuses({"compare", "@y.safetensors", "@x.safetensors", "--format", "json"}, words);
  }

  void refuses_bytes(const std::string& bytes, const std::vector<std::string>& words) const {
    write_text(path("x.safetensors"), bytes);
    refuses_x(words);
  }

  NpyArray values = small_integers({8, 2}, 1);
};

}  // namespace

TEST_CASE_FIXTURE(SafetensorsFixture, "a safetensors file cut short anywhere is refused") {
  const std::string whole = safetensors_bytes({{"layer", values, "F16"}});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    write_text(path("x.safetensors"), whole.substr(0, size));
    refuses({"compare", "@x.safetensors", "@y.safetensors"}, {"x.safetensors", "expected"});
  }
  refuses_bytes(whole + "x", {"32 bytes", "33"});
}

TEST_CASE_FIXTURE(SafetensorsFixture, "what is no safetensors file is refused") {
  refuses_x({"No such file"});
  refuses_bytes("", {"empty"});
  refuses_bytes("\x93NUMPY is another format", {"header of at most"});
  refuses_bytes(safetensors_of("[]", ""), {"begins with"});
  refuses_bytes(safetensors_of("{", ""), {"JSON"});
  refuses_bytes(safetensors_of("{}", ""), {"at least one tensor"});
  std::filesystem::remove(path("x.safetensors"));
  std::filesystem::create_directory(path("x.safetensors"));
  refuses_x({".safetensors files in the folder"});
}

TEST_CASE_FIXTURE(SafetensorsFixture, "a header that lies is refused") {
  const auto header = [](const char* dtype, const char* shape, const char* offsets) {
    return safetensors_of(std::string(R"({"layer":{"dtype":")") + dtype + R"(","shape":)" + shape +
                              R"(,"data_offsets":)" + offsets + "}}",
                          std::string(128, '\0'));
  };
  refuses_bytes(header("F64", "[9,2]", "[0,128]"), {"144 bytes", "\"layer\""});
  refuses_bytes(header("F64", "[9,2]", "[0,144]"), {"144 bytes", "got 128"});
  refuses_bytes(header("F32", "[8,2]", "[0,64]"), {"64 bytes", "got 128"});
  refuses_bytes(header("F64", "[8,2]", "[8,136]"), {"at byte 0"});
  refuses_bytes(header("F64", "[4611686018427387904,4]", "[0,128]"), {"2^64"});
  refuses_bytes(header("F63", "[8,2]", "[0,128]"), {"known dtype", "\"F63\""});
}

TEST_CASE_FIXTURE(SafetensorsFixture, "tensors that are no activations are refused by name") {
  write("x.safetensors", {{"layer", values, "F8_E4M3"}});
  refuses_x({"\"layer\"", "F16, BF16, F32, F64, integers or BOOL", "got F8_E4M3"});
  write("x.safetensors", {{"layer", {{0, 2}, {}}}});
  refuses_x({"\"layer\"", "at least one row"});
  write("x.safetensors", {{"layer", {{}, {1}}}});
  refuses_x({"\"layer\"", "2 axes", "()"});
  write("x.safetensors", {{"layer", small_integers({8, 2, 2}, 1)}});
  refuses_x({"\"layer\"", "2 axes", "(8, 2, 2)"});
  write("x.safetensors", {{"layer", small_integers({9, 2}, 1)}});
  refuses_x({"as many samples", "9 in", "8 in"});
  // What is not compared may be anything.
  write("x.safetensors",
        {{"labels", {{8}, {values.values.begin(), values.values.begin() + 8}}, "I64"},
         {"layer", values}});
  const auto found = compare({"@x.safetensors", "@y.safetensors"});
  CHECK(found["unmatched"].size() == 1);
  CHECK_FALSE(found.contains("left_out"));
}

TEST_CASE_FIXTURE(SafetensorsFixture, "nothing in common is refused with what there is") {
  write("x.safetensors",
        {{"a", values}, {"b", values}, {"c", values}, {"d", values}, {"e", values}});
  refuses_x({"same name", "a, b, c, d and 1 more", "layer"});
  write("x.safetensors", {{"evil\x1b[31m\n", values}});
  const auto outcome = run({"compare", "@x.safetensors", "@y.safetensors"});
  CHECK(outcome.exit_code == 2);
  CHECK(outcome.err.find('\x1b') == std::string::npos);
}

TEST_CASE_FIXTURE(SafetensorsFixture, "livecca's own files are known by their format") {
  const auto refuses_metadata = [&](const Metadata& metadata,
                                    const std::vector<std::string>& words) {
    write("x.safetensors", {{"rows", values}}, metadata);
    refuses_x(words);
  };
  refuses_metadata({{"format", "livecca.moments"}}, {"activations", "see livecca solve"});
  refuses_metadata({{"format", "livecca.weather"}}, {"activations", "\"livecca.weather\""});
  refuses_metadata({{"format", "livecca.pack"}}, {"pack of version 1 or 2"});
}
