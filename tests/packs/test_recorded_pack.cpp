#include <doctest/doctest.h>

#include <bit>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <random>
#include <span>
#include <thread>

#include "common/crc32c.hpp"
#include "common/files/safetensors_checksum.hpp"
#include "common/hexadecimal.hpp"
#include "support/file_text.hpp"
#include "support/json_lines.hpp"
#include "support/pack_fixture.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::PackFixture;
using livecca_tests::resealed;
using livecca_tests::rows_of;
using livecca_tests::TemporaryFolder;
using nlohmann::json;

namespace {

/// A good pack of two layers, as bytes to be changed.
class PackBytes {
 public:
  PackBytes() {
    PackFixture fixture(path, {.images = 30, .images_seed = 9});
    fixture.append_matrix("fc", Eigen::MatrixXf(normal_matrix(40, 4, 1).cast<float>()));
    fixture.append_matrix("wide", Eigen::MatrixXd(normal_matrix(40, 3, 2)));
    fixture.facts.fingerprint.emplace();
    REQUIRE(fixture.facts.fingerprint->add(
        view_of(Eigen::MatrixXf(normal_matrix(40, 4, 3).cast<float>()).eval())));
    fixture.finish(path);
    whole = livecca_tests::text_of(path);
    std::uint64_t length = 0;
    std::memcpy(&length, whole.data(), 8);
    header = livecca_tests::parsed(whole.substr(8, length));
    data = whole.substr(8 + length);
  }

  /// One line that begins with the path and holds the words; nothing of a pack.
  void refuses(const std::string& bytes, const std::string& words) const {
    livecca_tests::write_text(path, bytes);
    const std::string why = RecordedPack::open(path).why();
    CAPTURE(why);
    CHECK(why.starts_with(path.string() + ": "));
    CHECK(why.find("expected") != std::string::npos);
    CHECK(why.find("got") != std::string::npos);
    CHECK(why.find('\n') == std::string::npos);
    CHECK(why.find(words) != std::string::npos);
  }
  /// After a change of the header.
  void refuses_header(const std::function<void(json&)>& change, const std::string& words) const {
    json changed = header;
    change(changed);
    refuses(bytes_of(changed), words);
  }
  void refuses_layers(const std::function<void(json&)>& change, const std::string& words) const {
    refuses_header(
        [&](json& changed) {
          json layers = livecca_tests::parsed(changed["__metadata__"]["layers"].get<std::string>());
          change(layers);
          changed["__metadata__"]["layers"] = layers.dump();
        },
        words);
  }
  std::string bytes_of(const json& changed) const {
    const std::string text = changed.dump();
    const std::uint64_t length = text.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, 8);
    return bytes + text + data;
  }

  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "pack.safetensors";
  std::string whole;
  json header;
  std::string data;
};

}  // namespace

TEST_CASE_FIXTURE(PackBytes, "a pack that is cut short anywhere is refused in a line") {
  for (std::size_t part = 0; part < 20; ++part)
    refuses(whole.substr(0, whole.size() * part / 20), "");
  refuses(whole.substr(0, whole.size() - 1), "bytes of data");
  refuses(whole + "x", "bytes of data");
  refuses("", "0 bytes");
  std::filesystem::remove(path);
  CHECK(RecordedPack::open(path).why().find("No such file") != std::string::npos);
}

TEST_CASE_FIXTURE(PackBytes,
                  "no flipped bit of a pack, in its header or its data, is taken for others") {
  std::mt19937_64 random(20240612);
  const std::size_t header_bytes = whole.size() - data.size();
  for (int i = 0; i < 3000; ++i) {
    CAPTURE(i);
    std::string damaged = whole;
    const int bits = 1 + i % 3;
    for (int bit = 0; bit < bits; ++bit) {
      // The data are longer than the header: half of the flips are in each.
      const std::size_t place =
          i % 2 == 0 ? random() % header_bytes : header_bytes + random() % data.size();
      damaged[place] = static_cast<char>(damaged[place] ^ (1 << random() % 8));
    }
    if (damaged != whole) refuses(damaged, "");
  }
  livecca_tests::write_text(path, whole);
  CHECK(RecordedPack::open(path));
}

TEST_CASE_FIXTURE(PackBytes, "a header that lies about the pack is refused") {
  const auto metadata = [&](const char* field, const char* value, const char* words) {
    refuses_header([&](json& changed) { changed["__metadata__"][field] = value; }, words);
  };
  metadata("format", "livecca.moments", "got format \"livecca.moments\"");
  metadata("format", "", "another program");
  metadata("version", "3", "expected a pack of version 1 or 2, got version \"3\"");
  metadata("checksum", "", "expected a checksum in the header, got none");
  metadata("checksum", "crc32c:01234567", "expected contents of checksum 01234567, got ");
  refuses_header([](json& changed) { changed["__metadata__"].erase("checksum"); }, "a checksum");
  metadata("epoch", "1.5", "a number as epoch");
  metadata("step", "-1", "a number as step");
  metadata("positions_per_image", "", "positions_per_image");
  metadata("positions_seed", "18446744073709551616", "positions_seed");
  metadata("fingerprint", "none", "fingerprint");
  metadata("kept", "30 of 30 seed 9", "k of n seed s");
  metadata("kept", "29 of 40 seed 9", "29 images that were kept, got 30");
  metadata("kept", "0 of 40 seed 9", "k of n seed s");
  metadata("kept", " seed 1 of 2", "k of n seed s");
  metadata("layers", "", "JSON object");
  metadata("layers", "[]", "JSON object");
  metadata("layers", "{}", "JSON object");
  metadata("layers", "{\"fc\":7}", "an object of facts");
  refuses_header([](json& changed) { changed.erase("__metadata__"); }, "another program");
  refuses_header([](json& changed) { changed["fc"]["dtype"] = "I16"; }, "F16, F32 or F64");
  refuses_header([](json& changed) { changed["fc"]["shape"] = {120}; }, "samples x features");
  refuses_header([](json& changed) { changed["fc/scale"]["dtype"] = "I32"; }, "F32 or F64");
  refuses_header([](json& changed) { changed["fc/scale"]["shape"] = {2, 2}; }, "4 numbers");
}

TEST_CASE_FIXTURE(PackBytes, "facts of a layer that do not fit are refused by its name") {
  const auto fact = [&](const char* field, const json& value, const char* words) {
    refuses_layers([&](json& layers) { layers["fc"][field] = value; }, "layer \"fc\": expected");
    refuses_layers([&](json& layers) { layers["fc"][field] = value; }, words);
  };
  fact("rows", 7, "a text as rows");
  fact("rows", "nothing", "\"nothing\" of its own, got none");
  fact("rows", "fc/scale", "samples x features");
  fact("scale", "fc", "\"fc\" of its own, got none");
  fact("scale", "", "a scale and a shift together");
  fact("valid", "fc/shift", "\"fc/shift\" of its own");
  fact("rows_per_image", 0, "whole images");
  fact("rows_per_image", -1, "a count as rows_per_image");
  fact("rows_per_image", 30, "whole images");
  fact("grid", json::array({1}), "2 or 3 extents");
  fact("grid", json::array({0, 1}), "2 or 3 extents");
  fact("grid", json::array({1ULL << 40U, 1ULL << 40U}), "positions as grid");
  fact("features_of_tap", 3, "3 features of the tap, got 4");
  fact("observed", "int8", "an element type");
  fact("roundoff", -1e-3, "a number of 0 or more as roundoff");
  fact("estimated_loss", "much", "estimated_loss");
  refuses_layers([](json& layers) { layers.erase("fc"); }, "3 that are not");
  refuses_layers([](json& layers) { layers["again"] = layers["fc"]; }, "of its own, got none");
  refuses_layers(
      [](json& layers) {
        layers["wide"]["rows_per_image"] = 2;
        layers["wide"]["grid"] = {1, 2};
      },
      "as many images in every layer");
}

TEST_CASE_FIXTURE(PackBytes,
                  "scales that are no scales are refused, an infinity in the rows is not") {
  const auto place = [&](const char* tensor) {
    return header[tensor]["data_offsets"][0].get<std::size_t>();
  };
  for (const float wrong : {0.0F, -1.0F, std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()}) {
    std::string bytes = whole;
    std::memcpy(bytes.data() + (whole.size() - data.size()) + place("fc/scale"), &wrong, 4);
    refuses(resealed(bytes), "finite shifts and scales above 0");
  }
  std::string bytes = whole;
  const std::uint16_t infinity = 0x7C00;
  std::memcpy(bytes.data() + (whole.size() - data.size()) + place("fc"), &infinity, 2);
  refuses(bytes, ": the file was changed or damaged");
  livecca_tests::write_text(path, resealed(bytes));
  const auto pack = *RecordedPack::open(path);
  CHECK(std::isinf(rows_of(*pack, "fc")(0, 0)));
}

TEST_CASE_FIXTURE(PackBytes, "sources are independent, and outlive the pack") {
  auto pack = *RecordedPack::open(path);
  const Eigen::MatrixXd expected = rows_of(*pack, "fc");
  const auto one = *pack->rows("fc");
  const auto two = *pack->rows("fc");
  pack.reset();
  const auto view = one->read(0, 30);
  CHECK(two->read(29, 1));
  REQUIRE(view);
  CHECK(static_cast<double>(static_cast<const float*>(view->data())[0]) == expected(0, 0));
  CHECK(view->roundoff() > 1e-6);
  CHECK(one->read(29, 2).why() ==
        path.string() + ": layer \"fc\": expected rows among 30, got 2 from 29 on");
  CHECK_FALSE(one->read(31, std::numeric_limits<std::uint64_t>::max()));
  std::filesystem::resize_file(path, whole.size() - data.size() + 10);
  CHECK(two->read(0, 30).why().find("cut short") != std::string::npos);
}

TEST_CASE_FIXTURE(PackBytes, "threads may read one pack at a time") {
  const auto pack = *RecordedPack::open(path);
  const Eigen::MatrixXd expected = rows_of(*pack, "wide");
  std::vector<std::thread> threads;
  std::array<bool, 4> same{};
  for (bool& result : same) {
    threads.emplace_back([&] {
      const auto source = *pack->rows("wide");
      result = true;
      for (std::uint64_t row = 0; row < 30; ++row) {
        const auto view = source->read(row, 1);
        result = result && view &&
                 static_cast<const double*>(view->data())[1] ==
                     expected(static_cast<Eigen::Index>(row), 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(std::ranges::all_of(same, std::identity()));
}

TEST_CASE("a pack that version 0.1 wrote is read as it was") {
  const auto pack =
      RecordedPack::open(LIVECCA_SOURCE_DIR "/tests/packs/files/version_1.safetensors");
  REQUIRE_MESSAGE(pack, pack.why());
  CHECK((*pack)->network() == "net");
  CHECK((*pack)->images() == 120);
  CHECK((*pack)->fingerprint()->text() ==
        "120 inputs of 12 float32, 81014cd125833016/0350526bb20cc95b");
  REQUIRE((*pack)->layers().size() == 3);
  // row · scale + shift, as computed from the file's bytes without livecca.
  const Eigen::MatrixXd rows = rows_of(**pack, "hidden1");
  REQUIRE(rows.rows() == 120);
  REQUIRE(rows.cols() == 24);
  CHECK(rows(0, 0) == doctest::Approx(-0.78202273696661).epsilon(1e-6));
  CHECK(rows(119, 23) == doctest::Approx(0.9758514240384102).epsilon(1e-6));
}
