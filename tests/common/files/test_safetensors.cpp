#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/files/input_file.hpp"
#include "common/files/safetensors.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::TemporaryFolder;
using livecca_tests::write_text;
namespace fs = std::filesystem;

namespace {

const SafetensorsMetadata metadata{{"version", "1"}, {"a \"name\"\n", "ümlaut"}};
const std::vector<SafetensorsTensor> tensors{{"b", "F32", {2, 3}, 40, 64},
                                             {"a", "F64", {5}, 0, 40},
                                             {"empty", "I64", {0, 7}, 64, 64},
                                             {"scalar", "BOOL", {}, 64, 65}};
constexpr std::uint64_t data_bytes = 65;

/// A whole file: `header` behind its length, then zeros.
std::string file_of(std::string_view header, std::size_t count) {
  const std::uint64_t length = header.size();
  std::string text(8, '\0');
  std::memcpy(text.data(), &length, 8);
  return text.append(header).append(count, '\0');
}

/// Why a header before `count` bytes of data is refused; empty if it is not.
std::string refusal(std::string_view json, std::uint64_t count) {
  const std::string why = parse_safetensors_header(json, 8 + json.size() + count).why();
  CHECK(why.find('\n') == std::string::npos);
  return why;
}

/// Why a file with this text is refused, without the path that the reason begins with.
std::string refusal_of_file(const fs::path& path, std::string_view file_text) {
  write_text(path, file_text);
  const auto file = InputFile::open(path);
  REQUIRE(file);
  const auto read = read_safetensors_header(*file);
  if (read) return "";
  const std::string why = read.why();
  REQUIRE(why.starts_with(path.string() + ": "));
  return why.substr(path.string().size() + 2);
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string result;
  for (std::size_t i = 0; i < count; ++i) result += text;
  return result;
}

}  // namespace

TEST_CASE("a header that was written is read as it was") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  for (const std::size_t room : {0, 4096}) {
    const auto written = write_safetensors_header(metadata, tensors, room);
    REQUIRE(written);
    CHECK(written->size() % 8 == 0);
    if (room > 0) CHECK(written->size() == room);
    write_text(path, *written + std::string(data_bytes, 'd'));
    const auto file = InputFile::open(path);
    REQUIRE(file);
    const auto read = read_safetensors_header(*file);
    REQUIRE(read);
    CHECK(read->text == written->substr(8));
    const SafetensorsHeader& header = read->header;
    CHECK(header.data_begin == written->size());
    CHECK(header.metadata == std::map<std::string, std::string>(metadata.begin(), metadata.end()));
    REQUIRE(header.tensors.size() == tensors.size());
    CHECK(header.tensors[0].name == "a");
    CHECK(header.tensors[3].name == "scalar");
    for (const SafetensorsTensor& tensor : tensors) {
      REQUIRE(header.find(tensor.name) != nullptr);
      CHECK(*header.find(tensor.name) == tensor);
    }
    CHECK(header.find("none") == nullptr);
  }
}

TEST_CASE("a header is written field by field in the order given, padded with spaces") {
  const auto written = write_safetensors_header({{"z", "1"}, {"a", "2"}}, {{"t", "U8", {3}, 0, 3}});
  const std::string json =
      R"({"__metadata__":{"z":"1","a":"2"},"t":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})";
  REQUIRE(written);
  CHECK(*written == file_of(json + std::string(88 - json.size(), ' '), 0));
  CHECK(*write_safetensors_header({}, {}) == file_of("{}      ", 0));
}

TEST_CASE("a header that could not be read again is not written") {
  const auto refused = [](const SafetensorsMetadata& strings,
                          const std::vector<SafetensorsTensor>& list, std::size_t room = 0) {
    return write_safetensors_header(strings, list, room).why();
  };
  const SafetensorsTensor good{"t", "U8", {3}, 0, 3};
  CHECK(refused({}, {{"\xFF", "U8", {3}, 0, 3}}) ==
        "expected names and metadata in UTF-8, got other bytes");
  CHECK(refused({{"key", "\xC3"}}, {good}) ==
        "expected names and metadata in UTF-8, got other bytes");
  CHECK(refused({}, {good}, 60) == "expected a header of at most 60 bytes, got 61");
  CHECK(refused({}, {good}, 1) == "expected a header of at most 1 bytes, got 61");
  CHECK(refused({}, {good, good}) == "expected every name once, got \"t\" twice");
  CHECK(refused({{"k", "1"}, {"k", "2"}}, {good}) == "expected every name once, got \"k\" twice");
  CHECK(refused({}, {{"__metadata__", "U8", {3}, 0, 3}}) ==
        "expected a string as \"shape\" of \"__metadata__\", got a list");
  CHECK(refused({}, {{"t", "U8", {3}, 1, 4}}) ==
        "expected the next tensor's data at byte 0, got \"t\" at 1 to 4");
  CHECK(refused({}, {{"t", "U8", {4}, 0, 3}}) ==
        "expected 4 bytes for the shape and dtype of \"t\", got data_offsets 0 to 3");
  CHECK(refused({}, {{"t", "U8", {~std::uint64_t{0}}, 0, ~std::uint64_t{0}}}) ==
        "expected a file of less than 2^64 bytes, got more");
}

TEST_CASE("what is unusual and still the format is read") {
  CHECK(refusal("{}", 0).empty());
  CHECK(refusal("{\n\"__metadata__\": {}\t}  ", 0).empty());
  CHECK(refusal(R"({"": {"shape": [], "data_offsets": [0, 1], "dtype": "I8"}})", 1).empty());
  // Tensors without data may stand anywhere between the others, in any order.
  CHECK(refusal(R"({"b":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},
                    "a":{"dtype":"F64","shape":[0],"data_offsets":[0,0]},
                    "d":{"dtype":"F16","shape":[1],"data_offsets":[2,4]},
                    "c":{"dtype":"BF16","shape":[3,0],"data_offsets":[2,2]}})",
                4)
            .empty());
  const std::string ones = "1" + repeated(",1", 63);
  CHECK(
      refusal(R"({"t":{"dtype":"U8","shape":[)" + ones + R"(],"data_offsets":[0,1]}})", 1).empty());
  for (const char* dtype : {"F64", "F32", "F16", "BF16", "I64", "I32", "I16", "I8", "U64", "U32",
                            "U16", "U8", "BOOL"}) {
    const SafetensorsTensor none{"t", dtype, {0}, 0, 0};
    CHECK(write_safetensors_header({}, {none}));
  }
}

TEST_CASE("text that is not such a header is refused in words") {
  struct Hostile {
    std::string_view json;
    const char* why;
  };
  const std::string_view zero_byte("{}\0{", 4);
  for (const auto& [json, why] : {
           Hostile{"", R"(expected a header that begins with "{", got "")"},
           {" {}", R"(expected a header that begins with "{", got " ")"},
           {"[]", R"(expected a header that begins with "{", got "[")"},
           {"null", R"(expected a header that begins with "{", got "n")"},
           {"\xEF\xBB\xBF{}", R"(expected a header that begins with "{", got "\ufffd")"},
           {zero_byte, "expected JSON, got a zero byte in the header"},
           {"{", "expected JSON, got an error at byte 2 of the header"},
           {"{} {}", "expected JSON, got an error at byte 4 of the header"},
           {R"({"a":})", "expected JSON, got an error at byte 6 of the header"},
           {R"({"a)", "expected JSON, got an error at byte 4 of the header"},
           {"{\"\xFF\":{}}", "expected JSON, got an error at byte 3 of the header"},
           {R"({"\ud800":{}})", "expected JSON, got an error at byte 9 of the header"},
           {R"({"a":1e999})", "expected JSON, got an error at byte 10 of the header"},
           {R"({"a":1})", R"(expected an object as "a", got 1)"},
           {R"({"a":null})", R"(expected an object as "a", got null)"},
           {R"({"a":"text"})", R"(expected an object as "a", got "text")"},
           {R"({"a":[]})", R"(expected an object as "a", got a list)"},
           {R"({"a\nb":true})", R"(expected an object as "a\nb", got true)"},
           {R"({"a":{},"b":{}})", R"(expected dtype, shape and two data_offsets of "a", got less)"},
       }) {
    CHECK(refusal(json, 0) == why);
  }
}

TEST_CASE("metadata that are not strings, each with its own name, are refused") {
  struct Hostile {
    const char* json;
    const char* why;
  };
  for (const auto& [json, why] : {
           Hostile{R"({"__metadata__":null})", R"(expected an object as "__metadata__", got null)"},
           {R"({"__metadata__":[]})", R"(expected an object as "__metadata__", got a list)"},
           {R"({"__metadata__":{"k":1}})", R"(expected a string as "k" of "__metadata__", got 1)"},
           {R"({"__metadata__":{"k":{}}})",
            R"(expected a string as "k" of "__metadata__", got an object)"},
           {R"({"__metadata__":{"k":[]}})",
            R"(expected a string as "k" of "__metadata__", got a list)"},
           {R"({"__metadata__":{"k":"1","k":"1"}})", R"(expected every name once, got "k" twice)"},
           {R"({"__metadata__":{},"__metadata__":{}})",
            R"(expected every name once, got "__metadata__" twice)"},
       }) {
    CHECK(refusal(json, 0) == why);
  }
}

TEST_CASE("a tensor whose fields are not the format's is refused") {
  struct Hostile {
    const char* fields;
    const char* why;
  };
  for (const auto& [fields, why] : {
           Hostile{R"("dtype":"F64","shape":[1])",
                   R"(expected dtype, shape and two data_offsets of "t", got less)"},
           {R"("dtype":"F64","data_offsets":[0,8])",
            R"(expected dtype, shape and two data_offsets of "t", got less)"},
           {R"("shape":[1],"data_offsets":[0,8])",
            R"(expected dtype, shape and two data_offsets of "t", got less)"},
           {R"("dtype":"F64","shape":[1],"data_offsets":[8])",
            R"(expected dtype, shape and two data_offsets of "t", got less)"},
           {R"("dtype":"F64","shape":[1],"data_offsets":[0,8,8])",
            R"(expected at most 2 numbers in data_offsets of "t", got more)"},
           {R"("dtype":"F64","dtype":"F64")", R"(expected every name once, got "dtype" twice)"},
           {R"("Dtype":"F64")", R"(expected dtype, shape and data_offsets of "t", got "Dtype")"},
           {R"("dtype":"f64","shape":[1],"data_offsets":[0,8])",
            R"(expected a known dtype of "t", got "f64")"},
           {R"("dtype":8)", R"(expected a string as dtype of "t", got 8)"},
           {R"("dtype":["F64"])", R"(expected a string as dtype of "t", got a list)"},
           {R"("shape":1)", R"(expected a list as shape of "t", got 1)"},
           {R"("shape":"1")", R"(expected a list as shape of "t", got "1")"},
           {R"("shape":{})", R"(expected a list as shape of "t", got an object)"},
           {R"("data_offsets":null)", R"(expected a list as data_offsets of "t", got null)"},
       }) {
    CHECK(refusal(std::string(R"({"t":{)") + fields + "}}", 8) == why);
  }
}

TEST_CASE("a shape that is not made of sizes, or has too many, is refused") {
  struct Hostile {
    const char* numbers;
    const char* got;
  };
  for (const auto& [numbers, got] : {Hostile{"-1", "a negative number"},
                                     {"1.0", "\"1.0\""},
                                     {"1e2", "\"1e2\""},
                                     {"18446744073709551616", "\"18446744073709551616\""},
                                     {"\"1\"", "\"1\""},
                                     {"null", "null"},
                                     {"true", "true"},
                                     {"[1]", "a list"},
                                     {"{}", "an object"}}) {
    for (const char* field : {"shape", "data_offsets"}) {
      CHECK(refusal(std::string(R"({"t":{")") + field + "\":[" + numbers + "]}}", 8) ==
            std::string("expected integers from 0 to 2^64 - 1 as ") + field + R"( of "t", got )" +
                got);
    }
  }
  CHECK(refusal(R"({"t":{"dtype":"U8","shape":[1)" + repeated(",1", 64) + "]}}", 1) ==
        R"(expected at most 64 numbers in shape of "t", got more)");
}

TEST_CASE("a shape of more bytes than can be counted is refused, with a zero in it too") {
  for (const char* shape : {"2305843009213693952", "4294967296,4294967296", "2305843009213693952,0",
                            "0,2305843009213693952", "18446744073709551615,18446744073709551615"}) {
    CHECK(refusal(std::string(R"({"t":{"dtype":"F64","shape":[)") + shape +
                      R"(],"data_offsets":[0,0]}})",
                  0) == R"(expected a shape of less than 2^64 bytes for "t", got more)");
  }
}

TEST_CASE("tensors have the bytes of their shape, and fill the data without gap or overlap") {
  const auto two = [](const char* first, const char* second) {
    return std::string(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[)") + first +
           R"(]},"b":{"dtype":"U8","shape":[2,2],"data_offsets":[)" + second + "]}}";
  };
  CHECK(refusal(two("0,8", "8,12"), 12).empty());
  CHECK(refusal(two("4,12", "0,4"), 12).empty());
  const char* const size_of_a = R"(expected 8 bytes for the shape and dtype of "a", got )";
  CHECK(refusal(two("0,7", "8,12"), 12) == size_of_a + std::string("data_offsets 0 to 7"));
  CHECK(refusal(two("8,0", "8,12"), 12) == size_of_a + std::string("data_offsets 8 to 0"));
  CHECK(refusal(two("18446744073709551615,7", "8,12"), 12) ==
        size_of_a + std::string("data_offsets 18446744073709551615 to 7"));
  const char* const next_at_8 = "expected the next tensor's data at byte 8, got \"b\" at ";
  CHECK(refusal(two("0,8", "9,13"), 13) == next_at_8 + std::string("9 to 13"));
  CHECK(refusal(two("0,8", "4,8"), 8) == next_at_8 + std::string("4 to 8"));
  CHECK(refusal(two("0,8", "18446744073709551611,18446744073709551615"), 12) ==
        next_at_8 + std::string("18446744073709551611 to 18446744073709551615"));
  CHECK(refusal(two("1,9", "9,13"), 13) ==
        "expected the next tensor's data at byte 0, got \"a\" at 1 to 9");
  CHECK(refusal(two("0,8", "8,12"), 11) == "expected 12 bytes of data as the header says, got 11");
  CHECK(refusal(two("0,8", "8,12"), 13) == "expected 12 bytes of data as the header says, got 13");
  CHECK(refusal("{}", 1) == "expected 0 bytes of data as the header says, got 1");
}

TEST_CASE("nesting, however deep, is refused at its first level") {
  const std::string lists = repeated("[", 1'000'000);
  const std::string objects = repeated("{\"a\":", 1'000'000);
  CHECK(refusal(lists, 0) == R"(expected a header that begins with "{", got "[")");
  CHECK(refusal("{\"a\":" + lists, 0) == R"(expected an object as "a", got a list)");
  CHECK(refusal(R"({"a":{"shape":)" + lists, 0) ==
        R"(expected integers from 0 to 2^64 - 1 as shape of "a", got a list)");
  CHECK(refusal(R"({"__metadata__":{"a":)" + lists, 0) ==
        R"(expected a string as "a" of "__metadata__", got a list)");
  CHECK(refusal(objects, 0) == R"(expected dtype, shape and data_offsets of "a", got "a")");
}

TEST_CASE("a long name is cut in the words about it") {
  const std::string name(1'000'000, 'n');
  CHECK(refusal("{\"" + name + "\":1}", 0) ==
        "expected an object as \"" + std::string(60, 'n') + "\"…, got 1");
  CHECK(refusal(R"({"t":{"shape":[)" + std::string(1'000'000, '9') + "]}}", 0).size() < 200);
}

TEST_CASE("a length that the file has no room for is refused before memory is taken") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  for (const std::uint64_t length :
       {std::uint64_t{3}, std::uint64_t{1} << 40U, ~std::uint64_t{0}}) {
    std::string text = file_of("{}", 0);
    std::memcpy(text.data(), &length, 8);
    CHECK(refusal_of_file(path, text) ==
          "expected a header of at most 2 bytes, got " + std::to_string(length));
  }
  // A sparse file: it has room, but nobody's header is that long.
  const std::uint64_t length = 100'000'001;
  write_text(path, file_of("", 0));
  std::string text(8, '\0');
  std::memcpy(text.data(), &length, 8);
  write_text(path, text);
  fs::resize_file(path, 8 + length);
  const auto file = InputFile::open(path);
  REQUIRE(file);
  CHECK(read_safetensors_header(*file).why() ==
        path.string() + ": expected a header of at most 100000000 bytes, got 100000001");
}

TEST_CASE("a file that is cut short anywhere, or goes on, is refused") {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "file";
  const auto written = write_safetensors_header(metadata, tensors);
  REQUIRE(written);
  const std::string whole = *written + std::string(data_bytes, 'd');
  CHECK(refusal_of_file(path, whole).empty());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CHECK(refusal_of_file(path, whole.substr(0, size)).starts_with("expected "));
  }
  CHECK(refusal_of_file(path, whole + "d") ==
        "expected 65 bytes of data as the header says, got 66");
  CHECK(refusal_of_file(path, "1234567") == "expected a safetensors file, got 7 bytes");
}

TEST_CASE("a header with one wrong byte is refused, or its tensors still fill the file") {
  const auto written = write_safetensors_header(metadata, tensors);
  REQUIRE(written);
  std::string json = written->substr(8);
  for (char& place : json) {
    const char before = place;
    for (const char wrong : {'\0', '0', '9', '"', ',', '{', ']', '-', '\xFF'}) {
      place = wrong;
      const auto header = parse_safetensors_header(json, 8 + json.size() + data_bytes);
      if (!header) continue;
      std::uint64_t end = 0;
      for (const SafetensorsTensor& tensor : header->tensors) end = std::max(end, tensor.end);
      CHECK(end == data_bytes);
    }
    place = before;
  }
}
