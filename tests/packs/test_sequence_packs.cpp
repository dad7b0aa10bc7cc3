#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "support/file_text.hpp"
#include "support/json_lines.hpp"
#include "support/pack_fixture.hpp"
#include "support/random_data.hpp"
#include "support/temporary_folder.hpp"

// Packs of layers whose rows are the steps of sequences, which a mask leaves out or cuts off.

using namespace livecca;
using livecca_tests::normal_matrix;
using livecca_tests::PackFixture;
using livecca_tests::rows_of;
using livecca_tests::TemporaryFolder;

namespace {

constexpr std::int64_t padded_steps = 5;
constexpr std::int64_t step_features = 3;

/// Batches of sequences with lengths of their own, padded to another number of steps each.
struct SequenceBatches {
  struct Batch {
    std::vector<std::int64_t> lengths;
    std::int64_t padded;
  };
  std::vector<Batch> batches{{{4, 4}, 4}, {{1, 0, 3}, padded_steps}, {{5, 2}, padded_steps}};
  std::vector<std::int64_t> lengths{4, 4, 1, 0, 3, 5, 2};
  Eigen::Matrix<float, -1, -1, Eigen::RowMajor> values =
      normal_matrix(7, padded_steps* step_features, 31).cast<float>();

  void append_to(PackFixture& fixture, bool is_masked = true) const {
    Eigen::Index first = 0;
    for (const auto& [of_batch, padded] : batches) {
      const auto count = static_cast<std::int64_t>(of_batch.size());
      const std::vector<std::int64_t> shape{count, padded, step_features};
      const std::vector<std::int64_t> strides{padded_steps * step_features, step_features, 1};
      const ActivationView view(values.row(first).data(), DType::float32, shape, strides);
      fixture.append("encoder", view, Layout::ntc,
                     is_masked ? SequenceMask::of_lengths(of_batch) : SequenceMask());
      first += count;
    }
  }
  Eigen::RowVectorXd row(std::size_t sequence, std::size_t step) const {
    return values
        .block<1, step_features>(static_cast<Eigen::Index>(sequence),
                                 static_cast<Eigen::Index>(step) * step_features)
        .cast<double>();
  }
};

struct SequencePack {
  TemporaryFolder folder;
  std::filesystem::path path = folder.path() / "pack.safetensors";
  SequenceBatches batches;

  std::shared_ptr<const RecordedPack> write(const PackOptions& options) const {
    PackFixture fixture(path, options);
    batches.append_to(fixture);
    return fixture.finish(path);
  }
};

constexpr PackOptions without_loss{.precision = PackPrecision::exact};

}  // namespace

TEST_CASE_FIXTURE(SequencePack, "every step that is valid comes back at its place") {
  for (const PackOptions& options :
       {without_loss, PackOptions{.precision = PackPrecision::exact, .images = 4}}) {
    const auto pack = write(options);
    const RecordedLayer& layer = pack->layers()[0];
    const auto& kept = pack->kept_images();
    CHECK(pack->images() == (kept.empty() ? 7U : 4U));
    CHECK(layer.is_by_step);
    CHECK(layer.is_of_steps());
    CHECK(layer.rows_per_image == 5);
    CHECK(layer.grid == Grid{1, 5});
    CHECK(layer.rows == 5 * pack->images());
    const auto source = *pack->rows("encoder");
    const std::vector<std::uint8_t> valid = [&] {
      const auto all = source->valid(0, source->rows());
      return std::vector<std::uint8_t>(all.begin(), all.end());
    }();
    REQUIRE(valid.size() == layer.rows);
    for (const std::uint64_t at_once : {1, 3, 7, 40}) {
      const Eigen::MatrixXd rows = rows_of(*pack, "encoder", at_once);
      for (std::size_t i = 0; i < layer.rows; ++i) {
        const std::size_t sequence = kept.empty() ? i / 5 : kept[i / 5];
        const bool is_there = static_cast<std::int64_t>(i % 5) < batches.lengths[sequence];
        CHECK(valid[i] == is_there);
        const Eigen::RowVectorXd expected = is_there
                                                ? batches.row(sequence, i % 5)
                                                : Eigen::RowVectorXd(Eigen::RowVectorXd::Zero(3));
        CHECK(rows.row(static_cast<Eigen::Index>(i)) == expected);
      }
    }
    CHECK_FALSE(source->read(30, 6));
    CHECK(source->valid(30, 6).empty());
  }
}

TEST_CASE_FIXTURE(SequencePack, "the file holds the rows that are there, and which they are") {
  write(without_loss);
  const std::string bytes = livecca_tests::text_of(path);
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  const auto header = livecca_tests::parsed(bytes.substr(8, length));
  CHECK(header["encoder"]["shape"] == nlohmann::json({19, 3}));
  CHECK(header["encoder/steps"]["shape"] == nlohmann::json({7, 5}));
  CHECK(header["encoder/steps"]["dtype"] == "U8");
  CHECK(header["__metadata__"]["version"] == "2");
  const std::size_t begin =
      8 + length + header["encoder/steps"]["data_offsets"][0].get<std::size_t>();
  for (std::size_t i = 0; i < 35; ++i) {
    CHECK(bytes[begin + i] == (static_cast<std::int64_t>(i % 5) < batches.lengths[i / 5] ? 1 : 0));
  }
}

TEST_CASE_FIXTURE(SequencePack, "rows by step have room for more steps, with or without a mask") {
  const auto masked = write(without_loss);
  const auto source = *masked->rows_by_step("encoder", 8);
  CHECK(source->rows() == 7 * 8);
  CHECK(source->rows_per_image() == 8);
  CHECK(source->grid() == Grid{1, 8});
  const auto valid = source->valid(0, 56);
  for (std::size_t i = 0; i < 56; ++i) {
    CHECK(valid[i] == (static_cast<std::int64_t>(i % 8) < batches.lengths[i / 8]));
  }
  CHECK(masked->rows_by_step("encoder", std::size_t{1} << 40U).why().find("expected at most") !=
        std::string::npos);

  PackFixture fixture(path, without_loss);
  fixture.facts.positions = Positions::sampled(2, 3);
  const std::vector<std::int64_t> shape{7, padded_steps, step_features};
  fixture.append("encoder", ActivationView(batches.values.data(), DType::float32, shape),
                 Layout::ntc);
  fixture.append("pooled", ActivationView(batches.values.data(), DType::float32, shape),
                 Reading::pooled(Layout::ntc));
  const auto even = fixture.finish(path);
  CHECK_FALSE(even->find("encoder")->is_by_step);
  CHECK(even->find("encoder")->rows == 14);
  CHECK(even->rows_by_step("pooled").why().find(
            "expected the steps of sequences, got ntc pooled") != std::string::npos);
  const auto by_step = *even->rows_by_step("encoder", 6);
  const auto view = *by_step->read(0, 42);
  const auto* values = static_cast<const float*>(view.data());
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < 42; ++i) {
    choose_positions(Positions::sampled(2, 3), Grid{1, 5}, i / 6, chosen);
    const bool is_there = std::ranges::count(chosen, i % 6) > 0;
    CHECK(by_step->valid(i, 1)[0] == is_there);
    for (std::size_t j = 0; j < 3; ++j) {
      const double expected =
          is_there ? batches.row(i / 6, i % 6)(static_cast<Eigen::Index>(j)) : 0.0;
      CHECK(static_cast<double>(values[i * 3 + j]) == expected);
    }
  }
}

TEST_CASE_FIXTURE(SequencePack, "more steps than a table in memory should have are refused") {
  // One step of each is in the file, so it is small.
  PackFixture fixture(path, without_loss);
  fixture.facts.positions = Positions::sampled(1);
  const float value = 1;
  const std::vector<std::int64_t> shape{65, std::int64_t{1} << 24, 1};
  const std::vector<std::int64_t> strides{0, 0, 1};
  fixture.append("encoder", ActivationView(&value, DType::float32, shape, strides), Layout::ntc);
  const auto pack = fixture.finish(path);
  CHECK(pack->rows("encoder"));
  CHECK(pack->rows_by_step("encoder").why() ==
        path.string() +
            ": layer \"encoder\": expected at most 16777216 steps, and 1073741824 of all "
            "sequences, got 16777216 of 65");
}

TEST_CASE_FIXTURE(SequencePack, "sequences of other lengths in every batch need no mask") {
  PackFixture fixture(path, without_loss);
  batches.append_to(fixture, /*is_masked=*/false);
  const auto pack = fixture.finish(path);
  CHECK(pack->layers()[0].is_by_step);
  const auto source = *pack->rows("encoder");
  const auto valid = source->valid(0, 35);
  CHECK(std::ranges::count(valid, 1) == 2 * 4 + 5 * 5);
}

TEST_CASE_FIXTURE(SequencePack, "a layer whose every step is masked is left out, and said so") {
  PackFixture fixture(path, without_loss);
  const std::vector<std::int64_t> shape{7, padded_steps, step_features};
  const std::vector<std::int64_t> none(7, 0);
  const ActivationView view(batches.values.data(), DType::float32, shape);
  PackedRows rows;
  REQUIRE(rows.pack(view, Layout::ntc, {}, 0, {}, SequenceMask::of_lengths(none)));
  REQUIRE(fixture.writer.append("empty", Layout::ntc, rows, 0));
  batches.append_to(fixture);
  const auto pack = fixture.finish(path);
  CHECK(pack->find("empty") == nullptr);
  REQUIRE(fixture.writer.left_out().size() == 1);
  CHECK(fixture.writer.left_out()[0].second ==
        path.string() +
            ": layer \"empty\": expected steps that the mask does not leave out, got none");
}

TEST_CASE_FIXTURE(SequencePack, "a layer that the kept images have no step of is left out") {
  const PackOptions options{.precision = PackPrecision::exact, .images = 2};
  const auto kept = write(options)->kept_images();
  REQUIRE(kept.size() == 2);
  std::vector<std::int64_t> lengths(7, 3);
  for (const std::size_t image : kept) lengths[image] = 0;
  PackFixture fixture(path, options);
  const std::vector<std::int64_t> shape{7, padded_steps, step_features};
  const ActivationView view(batches.values.data(), DType::float32, shape);
  fixture.append("sparse", view, Layout::ntc, SequenceMask::of_lengths(lengths));
  fixture.append("full", view, Layout::ntc);
  const auto pack = fixture.finish(path);
  CHECK(pack->find("sparse") == nullptr);
  CHECK(pack->find("full") != nullptr);
  REQUIRE(fixture.writer.left_out().size() == 1);
  CHECK(fixture.writer.left_out()[0].second ==
        path.string() +
            ": layer \"sparse\": expected steps that the mask does not leave out, got none in the "
            "images kept");
}

TEST_CASE_FIXTURE(SequencePack, "positions that lie about sequences without a mask are refused") {
  PackFixture fixture(path, without_loss);
  const std::vector<std::int64_t> shape{7, padded_steps, step_features};
  fixture.append("encoder", ActivationView(batches.values.data(), DType::float32, shape),
                 Layout::ntc);
  REQUIRE_FALSE(fixture.finish(path)->layers()[0].is_by_step);
  const std::string whole = livecca_tests::text_of(path);
  const auto rewrite = [&](const std::string& from, const std::string& to) {
    std::string bytes = whole;
    REQUIRE(from.size() == to.size());
    REQUIRE(bytes.find(from) != std::string::npos);
    bytes.replace(bytes.find(from), from.size(), to);
    livecca_tests::write_text(path, livecca_tests::resealed(bytes));
    return RecordedPack::open(path);
  };
  // Every step of every sequence would have its place behind those there are.
  CHECK(rewrite("[1,5]", "[3,5]").why() ==
        path.string() + ": layer \"encoder\": expected sequences on a grid of 1 x 5, got 3 x 5");
  const auto pack = rewrite(R"("positions_per_image":"0")", R"("positions_per_image":"3")");
  REQUIRE_MESSAGE(pack, pack.why());
  CHECK((*pack)->rows_by_step("encoder").why() ==
        path.string() + ": layer \"encoder\": expected as many rows as its positions say, got 35");
}

TEST_CASE_FIXTURE(SequencePack, "steps that lie about the rows are refused") {
  write(without_loss);
  const std::string whole = livecca_tests::text_of(path);
  std::uint64_t length = 0;
  std::memcpy(&length, whole.data(), 8);
  const auto header = livecca_tests::parsed(whole.substr(8, length));
  const std::size_t begin =
      8 + length + header["encoder/steps"]["data_offsets"][0].get<std::size_t>();
  const auto refuses = [&](const std::string& bytes, const std::string& words) {
    livecca_tests::write_text(path, livecca_tests::resealed(bytes));
    const std::string why = RecordedPack::open(path).why();
    CAPTURE(why);
    CHECK(why.starts_with(path.string() + ": "));
    CHECK(why.find(words) != std::string::npos);
  };
  const auto with_byte = [&](std::size_t place, char byte) {
    std::string bytes = whole;
    bytes[begin + place] = byte;
    return bytes;
  };
  refuses(with_byte(4, 1), "expected as many rows as its steps say, got others");
  refuses(with_byte(0, 0), "expected as many rows as its steps say, got others");
  refuses(with_byte(0, 2), "expected 0 or 1");
  const auto refuses_layer = [&](const char* field, const nlohmann::json& value,
                                 const std::string& words) {
    auto changed = header;
    auto layers = livecca_tests::parsed(changed["__metadata__"]["layers"].get<std::string>());
    layers["encoder"][field] = value;
    changed["__metadata__"]["layers"] = layers.dump();
    const std::string text = changed.dump();
    const std::uint64_t size = text.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &size, 8);
    refuses(bytes + text + whole.substr(8 + length), words);
  };
  refuses_layer("rows_per_image", 4, "expected steps of sequences as U8, sequences x 4");
  refuses_layer("rows_per_image", 0, "expected steps of sequences as U8");
  refuses_layer("grid", {1, 6}, "expected steps of sequences as U8");
  refuses_layer("reading", "nchw", "expected steps of sequences as U8");
  refuses_layer("steps", "nothing", "\"nothing\" of its own, got none");
  refuses_layer("valid", "encoder/steps", "expected steps of sequences as U8");
}
