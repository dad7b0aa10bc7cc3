#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <limits>

#include "support/file_text.hpp"
#include "support/pack_fixture.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::PackFixture;
using livecca_tests::rows_of;
using livecca_tests::TemporaryFolder;

namespace {

constexpr PackOptions exact{.precision = PackPrecision::exact};

struct PackFolder {
  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "pack.safetensors";

  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(
        std::filesystem::directory_iterator(folder.path()), std::filesystem::directory_iterator()));
  }
};

}  // namespace

TEST_CASE_FIXTURE(PackFolder, "an exact pack gives back every bit, with its facts") {
  const Eigen::MatrixXd doubles = normal_matrix(100, 5, 1).array() + 1e8;
  const Eigen::MatrixXf floats = normal_matrix(100, 7, 2).cast<float>();
  const Eigen::Matrix<Eigen::half, -1, -1> halves = normal_matrix(100, 3, 3).cast<Eigen::half>();
  PackFixture fixture(path, exact);
  fixture.facts.positions = Positions::sampled(16, 5);
  fixture.facts.fingerprint.emplace();
  REQUIRE(fixture.facts.fingerprint->add(view_of(floats)));
  fixture.append_matrix("block/1 double", doubles);
  fixture.append_matrix("floats", floats);
  fixture.append_matrix("halves", halves);
  CHECK(files() == 0);
  const auto pack = fixture.finish(path);
  CHECK(files() == 1);
  CHECK(pack->network() == "net");
  CHECK(pack->epoch() == 7);
  CHECK(pack->step() == 11);
  CHECK(pack->positions() == Positions::sampled(16, 5));
  CHECK(pack->fingerprint() == fixture.facts.fingerprint);
  CHECK(pack->images() == 100);
  CHECK(pack->kept_images().empty());
  REQUIRE(pack->layers().size() == 3);
  CHECK(pack->layers()[0].name == "block/1 double");
  CHECK(pack->layers()[0].stored == DType::float64);
  CHECK(pack->layers()[1].stored == DType::float32);
  CHECK(pack->layers()[2].stored == DType::float16);
  CHECK(rows_of(*pack, "block/1 double") == doubles);
  CHECK(rows_of(*pack, "floats") == floats.cast<double>());
  CHECK(rows_of(*pack, "halves") == halves.cast<double>());
  const RecordedLayer* layer = pack->find("floats");
  REQUIRE(layer != nullptr);
  CHECK(layer->rows == 100);
  CHECK(layer->features == 7);
  CHECK(layer->features_of_tap == 7);
  CHECK(layer->reading == "nc");
  CHECK(layer->roundoff == roundoff_of(DType::float32));
  CHECK(layer->estimated_loss == 0);
  CHECK(pack->find("nothing") == nullptr);
  CHECK(pack->rows("nothing").why() ==
        path.string() + ": expected a layer \"nothing\", got none of that name");
}

TEST_CASE_FIXTURE(PackFolder, "half precision is within its rounding, whatever the offset") {
  // float32 holds 1000 ± 0.01 in steps of 6e-5.
  const Eigen::MatrixXf offset = (normal_matrix(300, 6, 4).array() * 0.01 + 1000).cast<float>();
  const Eigen::MatrixXd wide = normal_matrix(300, 6, 5).array() * 1e-30 + 1e-25;
  Eigen::MatrixXf scales = normal_matrix(300, 6, 6).cast<float>();
  for (Eigen::Index j = 0; j < 6; ++j)
    scales.col(j) *= std::pow(10.0F, static_cast<float>(j * 9 - 27));
  scales.col(2).setConstant(0.1F);
  PackFixture fixture(path);
  fixture.append_matrix("offset", offset);
  fixture.append_matrix("wide", wide);
  fixture.append_matrix("scales", scales);
  const auto pack = fixture.finish(path);
  const auto check = [&](const char* name, const Eigen::MatrixXd& expected) {
    CAPTURE(name);
    const RecordedLayer* layer = pack->find(name);
    CHECK(layer->stored == DType::float16);
    CHECK(layer->estimated_loss > 0);
    CHECK(layer->estimated_loss < 1e-4);
    const Eigen::MatrixXd rows = rows_of(*pack, name);
    const Eigen::RowVectorXd mean = expected.colwise().mean();
    for (Eigen::Index j = 0; j < expected.cols(); ++j) {
      const auto step = static_cast<double>(std::abs(mean(j))) * roundoff_of(layer->observed);
      const Eigen::ArrayXd error = (rows.col(j) - expected.col(j)).array().abs();
      const Eigen::ArrayXd allowed = (expected.col(j).array() - mean(j)).abs() * 0x1p-11 * 1.01;
      CHECK((error <= allowed + 3 * step + 1e-300).all());
    }
  };
  check("offset", offset.cast<double>());
  check("wide", wide);
  check("scales", scales.cast<double>());
  CHECK(rows_of(*pack, "scales").col(2) == scales.col(2).cast<double>());
  CHECK(pack->find("wide")->observed == DType::float64);
  // A roundoff relative to the features themselves would hide 0.01 beside 1000 from whoever reads.
  CHECK(pack->find("offset")->roundoff < 1e-7);
  CHECK(std::filesystem::file_size(path) < 2 * 300 * 18 + 4096);
}

TEST_CASE_FIXTURE(PackFolder, "what half precision would lose is kept as it was") {
  Eigen::MatrixXf twins = normal_matrix(300, 4, 7).cast<float>();
  twins.col(3) = twins.col(2) + 3e-4F * twins.col(1).cwiseProduct(twins.col(0));
  Eigen::MatrixXf deficient = normal_matrix(300, 4, 8).cast<float>();
  deficient.col(3) = deficient.col(1) + deficient.col(2);
  Eigen::MatrixXf nan = normal_matrix(300, 4, 9).cast<float>();
  nan(57, 2) = std::numeric_limits<float>::quiet_NaN();
  nan(58, 1) = std::numeric_limits<float>::infinity();
  Eigen::MatrixXf huge = normal_matrix(300, 4, 10).cast<float>();
  huge(3, 1) = std::numeric_limits<float>::max();
  const Eigen::MatrixXf few = normal_matrix(10, 12, 11).cast<float>();
  PackFixture fixture(path);
  fixture.append_matrix("twins", twins);
  fixture.append_matrix("deficient", deficient);
  fixture.append_matrix("nan", nan);
  fixture.append_matrix("huge", huge);
  CHECK(fixture.writer.rows("nan") == 300);
  CHECK(fixture.writer.nonfinite_rows("nan") == 2);
  CHECK(fixture.writer.nonfinite_rows("twins") == 0);
  const auto pack = fixture.finish(path);
  for (const RecordedLayer& layer : pack->layers()) {
    CAPTURE(layer.name);
    CHECK(layer.stored == DType::float32);
  }
  CHECK(rows_of(*pack, "twins") == twins.cast<double>());
  CHECK(rows_of(*pack, "deficient") == deficient.cast<double>());
  const Eigen::MatrixXd read = rows_of(*pack, "nan");
  CHECK(std::isnan(read(57, 2)));
  CHECK(std::isinf(read(58, 1)));
  CHECK(read.topRows(57) == nan.topRows(57).cast<double>());

  PackFixture narrow(path);
  narrow.append_matrix("few", few);
  CHECK(narrow.finish(path)->layers()[0].stored == DType::float32);
}

TEST_CASE_FIXTURE(PackFolder, "without moments nothing is rounded") {
  PackWriter writer(path, {});
  const Eigen::MatrixXf values = normal_matrix(50, 2, 12).cast<float>();
  PackedRows rows;
  REQUIRE(rows.pack(view_of(values), Layout::nc, {}, 0));
  REQUIRE(writer.append("fc", Layout::nc, rows, 0));
  REQUIRE(writer.finish({}, [](const std::string&) { return nullptr; }));
  CHECK(writer.layers().at(0).stored == DType::float32);
}

TEST_CASE_FIXTURE(PackFolder, "a seeded choice of images is kept, the same of every layer") {
  const Eigen::MatrixXf fc = normal_matrix(60, 3, 13).cast<float>();
  const Eigen::MatrixXf conv = normal_matrix(60, 4 * 2 * 3, 14).cast<float>();
  std::vector<std::size_t> kept;
  for (const auto precision : {PackPrecision::exact, PackPrecision::half}) {
    PackFixture fixture(path, {.precision = precision, .images = 25, .images_seed = 3});
    fixture.append_matrix("fc", fc);
    const Eigen::Matrix<float, -1, -1, Eigen::RowMajor> stored = conv;
    for (std::int64_t first = 0; first < 60; first += 20) {
      const std::array<std::int64_t, 4> shape{20, 4, 2, 3};
      fixture.append("conv", {stored.row(first).data(), DType::float32, shape}, Layout::nchw);
    }
    const auto pack = fixture.finish(path);
    kept = pack->kept_images();
    std::vector<std::size_t> expected;
    choose_features(60, 25, 3, expected);
    CHECK(kept == expected);
    CHECK(pack->images() == 25);
    CHECK(pack->find("conv")->rows == 150);
    CHECK(pack->find("conv")->rows_per_image == 6);
    CHECK(pack->find("conv")->grid == Grid{2, 3});
    const Eigen::MatrixXd fc_rows = rows_of(*pack, "fc");
    const Eigen::MatrixXd conv_rows = rows_of(*pack, "conv");
    const double allowed = precision == PackPrecision::exact ? 0 : 4 * 0x1p-11;
    for (std::size_t i = 0; i < 25; ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      const auto image = static_cast<Eigen::Index>(kept[i]);
      CHECK((fc_rows.row(row) - fc.row(image).cast<double>()).cwiseAbs().maxCoeff() <= allowed);
      for (Eigen::Index p = 0; p < 6; ++p) {
        for (Eigen::Index c = 0; c < 4; ++c) {
          CHECK(std::abs(conv_rows(row * 6 + p, c) - static_cast<double>(conv(image, c * 6 + p))) <=
                allowed);
        }
      }
    }
  }
  PackFixture all(path, {.images = 60});
  all.append_matrix("fc", fc);
  CHECK(all.finish(path)->kept_images().empty());
}

TEST_CASE_FIXTURE(PackFolder, "rows behind a mask are there, and said not to be valid") {
  const std::array<std::int64_t, 3> shape{40, 5, 3};
  const Eigen::Matrix<float, -1, -1, Eigen::RowMajor> values =
      normal_matrix(40, 15, 15).cast<float>();
  std::vector<std::int64_t> lengths(40, 5);
  lengths[4] = 2;
  lengths[39] = 0;
  for (const PackOptions& options : {exact, PackOptions{}, PackOptions{.images = 30}}) {
    PackFixture fixture(path, options);
    const ActivationView view(values.data(), DType::float32, shape);
    fixture.append("plain", view, Reading::at_step(Layout::ntc, 2));
    fixture.append("masked", view, Reading::at_step(Layout::ntc, 2),
                   SequenceMask::of_lengths(lengths));
    const auto pack = fixture.finish(path);
    CHECK((*pack->rows("plain"))->valid(0, 20).empty());
    const auto source = *pack->rows("masked");
    const auto& kept = pack->kept_images();
    const auto valid = source->valid(0, pack->images());
    REQUIRE(valid.size() == pack->images());
    CHECK(source->valid(10, pack->images() - 9).empty());
    const Eigen::MatrixXd rows = rows_of(*pack, "masked");
    for (std::size_t i = 0; i < pack->images(); ++i) {
      const std::size_t image = kept.empty() ? i : kept[i];
      CHECK(valid[i] == (image != 4 && image != 39));
      if (valid[i] == 0) continue;
      CHECK(rows(static_cast<Eigen::Index>(i), 1) ==
            doctest::Approx(static_cast<double>(values(static_cast<Eigen::Index>(image), 7)))
                .epsilon(1e-3));
    }
  }
}

TEST_CASE_FIXTURE(PackFolder, "a layer that changes is given up, the others are kept") {
  PackFixture fixture(path);
  const Eigen::MatrixXf wide = normal_matrix(30, 5, 16).cast<float>();
  const Eigen::MatrixXf narrow = normal_matrix(30, 4, 17).cast<float>();
  fixture.append_matrix("good", narrow);
  fixture.append_matrix("changed", narrow);
  fixture.append_matrix("spoiled", narrow);
  fixture.append("late", view_of(narrow));
  fixture.append("short", view_of(narrow.topRows(20)));
  fixture.writer.spoil("spoiled");
  fixture.writer.spoil("never came");
  PackedRows rows;
  REQUIRE(rows.pack(view_of(wide), Layout::nc, {}, 0));
  CHECK(fixture.writer.append("changed", Layout::nc, rows, 0).why() ==
        path.string() +
            ": layer \"changed\": expected 4 features of float32 read as nc, 1 rows an "
            "image on 1 x 1 positions, got 5 features of float32 read as nc, 1 rows an "
            "image on 1 x 1 positions");
  CHECK(fixture.writer.append("changed", Layout::nc, rows, 0));
  CHECK(fixture.writer.rows("changed") == 0);
  CHECK_FALSE(fixture.writer.append("\xff", Layout::nc, rows, 0));
  const auto pack = fixture.finish(path);
  REQUIRE(pack->layers().size() == 2);
  CHECK(pack->find("good") != nullptr);
  CHECK(pack->find("late") != nullptr);
  REQUIRE(fixture.writer.left_out().size() == 1);
  CHECK(fixture.writer.left_out()[0].first == "short");
  CHECK(fixture.writer.left_out()[0].second ==
        path.string() + ": layer \"short\": expected rows of 30 images as of other layers, got 20");
}

TEST_CASE_FIXTURE(PackFolder, "names of layers that look like other layers' tensors do not clash") {
  PackFixture fixture(path);
  std::map<std::string, Eigen::MatrixXf> layers;
  std::uint64_t seed = 20;
  for (const char* name : {"a", "a/scale", "a/scale+", "a/scale/shift", "__metadata__", "a/valid",
                           "", "/shift", "ünï \"quoted\"\n"}) {
    layers[name] = normal_matrix(40, 2, ++seed).cast<float>();
    fixture.append_matrix(name, layers[name]);
  }
  const auto pack = fixture.finish(path);
  CHECK(pack->layers().size() == layers.size());
  for (const auto& [name, values] : layers) {
    CAPTURE(name);
    CHECK((rows_of(*pack, name) - values.cast<double>()).cwiseAbs().maxCoeff() < 4 * 0x1p-11);
  }
}

TEST_CASE_FIXTURE(PackFolder, "a pack that cannot be written says so, and what was there stays") {
  PackFixture fixture(folder.path() / "missing" / "pack.safetensors");
  const Eigen::MatrixXf values = normal_matrix(30, 2, 40).cast<float>();
  PackedRows rows;
  REQUIRE(rows.pack(view_of(values), Layout::nc, {}, 0));
  CHECK(fixture.writer.append("fc", Layout::nc, rows, 0)
            .why()
            .find("missing/pack.safetensors: expected a temporary file in its folder, got: No such "
                  "file") != std::string::npos);
  livecca_tests::write_text(path, "before");
  PackFixture named(path);
  named.append_matrix("fc", values);
  named.facts.network = "\xff";
  CHECK(named.finish().why() ==
        path.string() + ": expected names and metadata in UTF-8, got other bytes");
  CHECK(livecca_tests::text_of(path) == "before");
}
