#include <array>

#include "program.hpp"
#include "support/pack_fixture.hpp"
#include "support/random_data.hpp"

using namespace livecca_tests;
using livecca::DType;
using livecca::Layout;
using livecca::PackOptions;
using livecca::PackPrecision;
using livecca::Positions;
using livecca::Reading;
using nlohmann::json;

namespace {

constexpr Eigen::Index images = 120;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A network with a dense layer and a convolution of 4 channels on 2 × 3 positions, an image a row.
struct Network {
  RowMajor fc;
  RowMajor conv;

  explicit Network(std::uint64_t seed)
      : fc((normal_matrix(images, 5, 1) + normal_matrix(images, 5, seed)).cast<float>()),
        conv((normal_matrix(images, 24, 2) + normal_matrix(images, 24, seed + 1)).cast<float>()) {}

  livecca::ActivationView conv_view() const {
    const std::array<std::int64_t, 4> shape{images, 4, 2, 3};
    return {conv.data(), DType::float32, shape};
  }
};

NpyArray array_of(const RowMajor& values, std::vector<std::size_t> shape) {
  return {std::move(shape), {values.data(), values.data() + values.size()}};
}

class PacksFixture : public ProgramFixture {
 public:
  PacksFixture() {
    for (const auto& [name, network] : {std::pair("a", &a), std::pair("b", &b)}) {
      write(std::string(name) + "_fc.npy", array_of(network->fc, {images, 5}));
      write(std::string(name) + "_conv.npy", array_of(network->conv, {images, 4, 2, 3}));
    }
  }

  void write_pack(const std::string& name, const Network& network, const PackOptions& options,
                  const Positions& positions = {}, float of_probe = 0) const {
    PackFixture fixture(path(name), options);
    fixture.facts.positions = positions;
    fixture.facts.fingerprint.emplace();
    const RowMajor probe = RowMajor::Constant(images, 3, of_probe);
    REQUIRE(fixture.facts.fingerprint->add(livecca::view_of(probe)));
    fixture.append_matrix("fc", network.fc);
    fixture.append("conv", network.conv_view(), Layout::nchw);
    fixture.finish(path(name));
  }

  Network a{10};
  Network b{20};
};

constexpr PackOptions exact{.precision = PackPrecision::exact};

}  // namespace

TEST_CASE_FIXTURE(PacksFixture, "two packs compare as the arrays that they were made from") {
  const json fc = compare({"@a_fc.npy", "@b_fc.npy"});
  const json conv = compare({"@a_conv.npy", "@b_conv.npy", "--layout", "nchw"});
  for (const auto& [options, tolerance] :
       {std::pair(exact, 1e-12), std::pair(PackOptions{}, 1e-4)}) {
    write_pack("a.safetensors", a, options);
    write_pack("b.safetensors", b, options);
    const auto rows = json_lines({"compare", "@a.safetensors", "@b.safetensors"});
    REQUIRE(rows.size() == 2);
    // In the order of recording.
    CHECK(rows[0]["layer"] == "fc");
    CHECK(rows[0]["samples"] == images);
    CHECK(rows[1]["layer"] == "conv");
    CHECK(rows[1]["samples"] == 6 * images);
    CHECK(rows[1]["effective_samples"] == images);
    check_same(rows[0]["similarity"], fc["similarity"], tolerance);
    check_same(rows[0]["distance"], fc["distance"], 10 * tolerance);
    check_same(rows[0]["status"], fc["status"], 0);
    check_same(rows[1]["similarity"], conv["similarity"], tolerance);
    check_same(rows[1]["ranks"], conv["ranks"], 0);
  }
  // Beside any other file of named layers, and layer by layer.
  write("c.safetensors", {{"fc", array_of(b.fc, {images, 5}), "F32"}});
  check_same(compare({"@a.safetensors", "@c.safetensors"})["similarity"], fc["similarity"], 1e-4);
  const json all = compare({"@a.safetensors", "@b.safetensors", "--all-layers"});
  CHECK(all.dump().find("conv") != std::string::npos);
}

TEST_CASE_FIXTURE(PacksFixture, "packs in a folder give their layers by file") {
  std::filesystem::create_directory(path("x"));
  std::filesystem::create_directory(path("y"));
  write_pack("x/epoch.safetensors", a, {});
  write_pack("y/epoch.safetensors", b, {});
  const auto rows = json_lines({"compare", "@x", "@y"});
  REQUIRE(rows.size() == 2);
  CHECK(rows[0]["layer"] == "epoch/fc");
  CHECK(rows[1]["layer"] == "epoch/conv");
}

TEST_CASE_FIXTURE(PacksFixture, "packs of other images or positions do not pair") {
  write_pack("a.safetensors", a, {.images = 50, .images_seed = 1});
  write_pack("b.safetensors", b, {.images = 50, .images_seed = 2});
  refuses({"compare", "@a.safetensors", "@b.safetensors"},
          {"same images of the probe", "a.safetensors", "b.safetensors"});
  write_pack("b.safetensors", b, {.images = 50, .images_seed = 1});
  CHECK(json_lines({"compare", "@a.safetensors", "@b.safetensors"})[0]["samples"] == 50);
  write_pack("a.safetensors", a, {}, Positions::sampled(2, 1));
  write_pack("b.safetensors", b, {}, Positions::sampled(2, 3));
  refuses({"compare", "@a.safetensors", "@b.safetensors"},
          {"same positions of every image", "2 of seed 1", "2 of seed 3"});
}

TEST_CASE_FIXTURE(PacksFixture, "of a pack's positions images are the effective samples") {
  // Four of six positions an image.
  write_pack("a.safetensors", a, exact, Positions::sampled(4));
  write_pack("b.safetensors", b, exact, Positions::sampled(4));
  json first;
  for (const char* batch : {"7", "1024"}) {
    const json conv =
        json_lines({"compare", "@a.safetensors", "@b.safetensors", "--batch", batch})[1];
    CHECK(conv["samples"] == 4 * images);
    CHECK(conv["effective_samples"] == images);
    if (first.is_null()) first = conv;
    check_same(conv["similarity"], first["similarity"], 1e-12);
  }
  const auto with_errors =
      json_lines({"compare", "@a.safetensors", "@b.safetensors", "--standard-errors", "5"});
  CHECK(with_errors[0]["standard_error"]["pwcca"].is_number());
}

TEST_CASE_FIXTURE(PacksFixture, "packs whose rows do not pair are refused by name") {
  const auto write_conv = [&](const std::string& name, Eigen::Index count,
                              std::array<std::int64_t, 2> grid) {
    PackFixture fixture(path(name), exact);
    const std::array<std::int64_t, 4> shape{count, 24 / (grid[0] * grid[1]), grid[0], grid[1]};
    fixture.append("conv", {a.conv.data(), DType::float32, shape}, Layout::nchw);
    fixture.finish(path(name));
  };
  write_conv("a.safetensors", images, {2, 3});
  write_conv("b.safetensors", images, {3, 4});
  refuses({"compare", "@a.safetensors", "@b.safetensors"}, {"height and width", "2 x 3", "3 x 4"});
  write_conv("b.safetensors", images - 1, {2, 3});
  refuses({"compare", "@a.safetensors", "@b.safetensors"}, {"as many samples", "119", "120"});
  write_conv("b.safetensors", images, {2, 3});
  refuses({"compare", "@a.safetensors", "@b.safetensors", "--max-features", "3"},
          {"a.safetensors", "--max-features", "got 4"});
  refuses({"compare", "@a.safetensors", "@b.safetensors", "--layout", "nhwc", "--positions", "2"},
          {"a.safetensors", "--positions all", "got 2"});
}

TEST_CASE_FIXTURE(PacksFixture, "packs of different probes are compared with a warning") {
  write_pack("a.safetensors", a, {});
  write_pack("b.safetensors", b, {}, {}, 1);
  const Outcome outcome = run({"compare", "@a.safetensors", "@b.safetensors"});
  CHECK(outcome.exit_code == 0);
  CHECK(std::ranges::count(outcome.err, '\n') == 1);
  CHECK(outcome.err.find("livecca compare: warning: ") == 0);
  CHECK(outcome.err.find("got other inputs") != std::string::npos);
  CHECK(outcome.out.find("fc") != std::string::npos);
}

TEST_CASE_FIXTURE(PacksFixture, "rows that a mask left out of a pack are left out") {
  const RowMajor other = normal_matrix(images, 5, 9).cast<float>();
  std::vector<std::int64_t> lengths(images, 1);
  for (std::size_t i = 0; i < 30; ++i) lengths[4 * i] = 0;
  const auto write_masked = [&](const std::string& name, const RowMajor& values) {
    PackFixture fixture(path(name));
    const std::array<std::int64_t, 3> shape{images, 1, 5};
    fixture.append("lstm", {values.data(), DType::float32, shape}, Reading::pooled(Layout::ntc),
                   livecca::SequenceMask::of_lengths(lengths));
    fixture.finish(path(name));
  };
  write_masked("a.safetensors", a.fc);
  write_masked("b.safetensors", b.fc);
  RowMajor few_a(images - 30, 5);
  RowMajor few_b(images - 30, 5);
  for (Eigen::Index i = 0, row = 0; i < images; ++i) {
    if (i % 4 == 0) continue;
    few_a.row(row) = a.fc.row(i);
    few_b.row(row++) = b.fc.row(i);
  }
  write("a.npy", array_of(few_a, {images - 30, 5}));
  write("b.npy", array_of(few_b, {images - 30, 5}));
  const json found = compare({"@a.safetensors", "@b.safetensors"});
  CHECK(found["samples"] == images - 30);
  check_same(found["similarity"], compare({"@a.npy", "@b.npy"})["similarity"], 1e-4);
}

TEST_CASE_FIXTURE(PacksFixture, "a pack that is damaged is refused in a line") {
  write_pack("a.safetensors", a, {});
  const std::string whole = text_of(path("a.safetensors"));
  for (std::size_t part = 0; part < 20; ++part) {
    write_text(path("b.safetensors"), whole.substr(0, whole.size() * part / 20));
    refuses({"compare", "@a.safetensors", "@b.safetensors"}, {"b.safetensors: expected", "got"});
  }
  std::string changed = whole;
  changed.replace(changed.find("\\\"reading\\\""), 11, "\\\"weather\\\"");
  write_text(path("b.safetensors"), changed);
  refuses({"compare", "@a.safetensors", "@b.safetensors"},
          {"b.safetensors: layer \"conv\": expected a text as reading"});
  write("b.safetensors", {{"fc", array_of(b.fc, {images, 5})}}, {{"format", "livecca.pack"}});
  refuses({"compare", "@a.safetensors", "@b.safetensors"}, {"pack of version 1 or 2"});
}
