#pragma once

#include <doctest/doctest.h>

#include <Eigen/Core>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/crc32c.hpp"
#include "common/files/safetensors_checksum.hpp"
#include "common/hexadecimal.hpp"
#include "livecca/activations/eigen.hpp"
#include "livecca/common/executor.hpp"
#include "livecca/packs/recorded_pack.hpp"
#include "packs/pack_writer.hpp"
#include "support/packed_values.hpp"

namespace livecca_tests {

/// Feeds layers to a PackWriter in batches, as a monitor does, and their moments.
class PackFixture {
 public:
  explicit PackFixture(std::filesystem::path path, livecca::PackOptions options = {})
      : writer(std::move(path), options) {}

  /// A batch of images, which the writer has to take.
  void append(const std::string& layer, const livecca::ActivationView& view,
              const livecca::Reading& reading = livecca::Layout::nc,
              const livecca::SequenceMask& mask = {}) {
    livecca::PackedRows rows;
    REQUIRE(rows.pack(view, reading, facts.positions, images_[layer], {}, mask));
    const auto appended = writer.append(layer, reading, rows, 0);
    REQUIRE_MESSAGE(appended, appended.why());
    images_[layer] += rows.images();
    rows.center(rows.finite());
    auto place = moments_.try_emplace(layer, rows.features()).first;
    place->second.update(rows, executor_);
  }
  /// A whole samples × features matrix, in three batches.
  template <typename Matrix>
  void append_matrix(const std::string& layer, const Matrix& matrix) {
    const Eigen::Index third = matrix.rows() / 3;
    append(layer, livecca::view_of(matrix.topRows(third)));
    append(layer, livecca::view_of(matrix.middleRows(third, third)));
    append(layer, livecca::view_of(matrix.bottomRows(matrix.rows() - 2 * third)));
  }

  livecca::Result<void> finish() {
    return writer.finish(facts, [this](const std::string& layer) {
      const auto found = moments_.find(layer);
      return found == moments_.end() ? nullptr : &found->second;
    });
  }
  std::shared_ptr<const livecca::RecordedPack> finish(const std::filesystem::path& path) {
    const auto finished = finish();
    REQUIRE_MESSAGE(finished, finished.why());
    CHECK(writer.bytes() == std::filesystem::file_size(path));
    return *livecca::RecordedPack::open(path);
  }

  livecca::PackWriter writer;
  livecca::PackFacts facts{
      .network = "net", .epoch = 7, .step = 11, .positions = {}, .fingerprint = {}};

 private:
  livecca::Executor executor_{1};
  std::map<std::string, livecca::Moments> moments_;
  std::map<std::string, std::uint64_t> images_;
};

/// The bytes of a pack, with the checksum of what they hold.
inline std::string resealed(std::string bytes) {
  const std::size_t digits = *livecca::find_checksum_digits(bytes);
  bytes.replace(digits, 8, "00000000");
  bytes.replace(digits, 8,
                livecca::hexadecimal(livecca::crc32c(std::as_bytes(std::span(bytes)).subspan(8))));
  return bytes;
}

/// All rows of a layer, read in blocks of a few.
inline Eigen::MatrixXd rows_of(const livecca::RecordedPack& pack, const std::string& layer,
                               std::uint64_t at_once = 37) {
  const auto source = *pack.rows(layer);
  const auto features = static_cast<Eigen::Index>(source->features());
  Eigen::MatrixXd result(static_cast<Eigen::Index>(source->rows()), features);
  for (std::uint64_t first = 0; first < source->rows(); first += at_once) {
    const std::uint64_t count = std::min(at_once, source->rows() - first);
    const auto view = source->read(first, count);
    REQUIRE_MESSAGE(view, view.why());
    livecca::PackedRows rows;
    REQUIRE(rows.pack_recorded(*view, 1, {}));
    const std::vector<double> values = values_of(rows);
    using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    result.middleRows(static_cast<Eigen::Index>(first), static_cast<Eigen::Index>(count)) =
        Eigen::Map<const RowMajor>(values.data(), static_cast<Eigen::Index>(count), features);
  }
  return result;
}

}  // namespace livecca_tests
