#include "packs/pack_writer.hpp"

#include <Eigen/Core>
#include <algorithm>
#include <cstring>
#include <span>

#include "activations/element_type.hpp"
#include "activations/safetensors_type.hpp"
#include "common/crc32c.hpp"
#include "common/files/safetensors.hpp"
#include "common/files/safetensors_checksum.hpp"
#include "common/hexadecimal.hpp"
#include "common/utf8.hpp"
#include "packs/half_scaling.hpp"

namespace livecca {
namespace {

// Bytes converted at a time.
constexpr std::size_t bytes_written_at_once = std::size_t{1} << 20U;

std::vector<ImageRun> runs_of(const std::optional<KeptImages>& kept, std::uint64_t images) {
  if (!kept) return {{0, images}};
  std::vector<ImageRun> runs;
  for (const std::size_t image : kept->images()) {
    if (runs.empty() || runs.back().first + runs.back().count != image) runs.push_back({image, 0});
    ++runs.back().count;
  }
  return runs;
}

std::uint64_t rows_of(std::span<const ImageRun> runs, const LayerSpool& spool) {
  std::uint64_t rows = 0;
  for (const ImageRun& run : runs) {
    rows += spool.first_row(run.first + run.count) - spool.first_row(run.first);
  }
  return rows;
}

std::vector<double> to_doubles(std::span<const std::byte> bytes, DType dtype) {
  std::vector<double> values(bytes.size() / size_of(dtype));
  with_element_type(dtype, [&](auto zero) {
    using Element = decltype(zero);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<double>(load<Element>(bytes.data() + i * sizeof(Element)));
    }
  });
  return values;
}

/// Bytes of numbers as float32 or float64.
std::vector<std::byte> bytes_of(const std::vector<double>& numbers, bool wide) {
  const std::size_t size = wide ? sizeof(double) : sizeof(float);
  std::vector<std::byte> bytes(numbers.size() * size);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto narrow = static_cast<float>(numbers[i]);
    std::memcpy(bytes.data() + i * size,
                wide ? static_cast<const void*>(&numbers[i]) : static_cast<const void*>(&narrow),
                size);
  }
  return bytes;
}

}  // namespace

const char* name_of(PackPrecision precision) {
  switch (precision) {
    case PackPrecision::half:
      return "half";
    case PackPrecision::exact:
      return "exact";
  }
  return nullptr;
}

/// A file that sums up what is appended to it, but for the first eight bytes, the header's length.
class PackWriter::SummedFile {
 public:
  explicit SummedFile(const std::filesystem::path& path) : file_(path) {}

  Result<void> write_header(std::string_view header) {
    const auto bytes = std::as_bytes(std::span(header));
    checksum_ = crc32c(bytes.subspan(safetensors_length_bytes));
    digits_ = find_checksum_digits(header).value_or(0);
    return file_.write(bytes);
  }
  Result<void> write(std::span<const std::byte> bytes) {
    checksum_ = crc32c(bytes, checksum_);
    return file_.write(bytes);
  }
  /// Puts the checksum where the header has zeros for it.
  Result<void> commit() {
    const std::string digits = hexadecimal(checksum_);
    if (auto written = file_.write_at(digits_, std::as_bytes(std::span(digits))); !written) {
      return written;
    }
    // No sync: it costs more than the file, which its reader checks.
    return file_.commit(AtomicFile::Sync::none);
  }

 private:
  AtomicFile file_;
  std::uint32_t checksum_ = 0;
  std::uint64_t digits_ = 0;
};

/// float16 activations are written by a scaling that changes none of them.
struct PackWriter::Output {
  const LayerSpool* spool = nullptr;
  PackHeader::Layer layer;
  std::optional<HalfScaling> scaling;

  /// What lies beside the rows is of the type that they are decoded to.
  bool is_wide() const { return layer.facts.observed == DType::float64; }
  std::uint64_t bytes_of(const LayerTensors::Tensor& tensor) const {
    const std::uint64_t numbers = layer.facts.features;
    if (&tensor == &layer.tensors.rows)
      return layer.stored_rows * numbers * size_of(layer.facts.stored);
    if (&tensor == &layer.tensors.valid || &tensor == &layer.tensors.steps) {
      return layer.facts.rows;
    }
    return numbers * (is_wide() ? sizeof(double) : sizeof(float));
  }
  std::vector<std::uint64_t> shape_of(const LayerTensors::Tensor& tensor) const {
    if (&tensor == &layer.tensors.rows) return {layer.stored_rows, layer.facts.features};
    if (&tensor == &layer.tensors.valid) return {layer.facts.rows};
    if (&tensor == &layer.tensors.steps) {
      return {layer.facts.rows / layer.facts.rows_per_image, layer.facts.rows_per_image};
    }
    return {layer.facts.features};
  }
  Result<void> write(const LayerTensors::Tensor& tensor, std::span<const ImageRun> runs,
                     SummedFile& file) const;
  Result<void> write_rows(std::span<const ImageRun> runs, SummedFile& file) const;
  Result<void> write_valid(std::span<const ImageRun> runs, SummedFile& file) const;
  Result<void> write_steps(std::span<const ImageRun> runs, SummedFile& file) const;
};

Result<void> PackWriter::Output::write(const LayerTensors::Tensor& tensor,
                                       std::span<const ImageRun> runs, SummedFile& file) const {
  if (&tensor == &layer.tensors.rows) return write_rows(runs, file);
  if (&tensor == &layer.tensors.scale)
    return file.write(livecca::bytes_of(scaling->scale, is_wide()));
  if (&tensor == &layer.tensors.shift)
    return file.write(livecca::bytes_of(scaling->shift, is_wide()));
  if (&tensor == &layer.tensors.steps) return write_steps(runs, file);
  return write_valid(runs, file);
}

Result<void> PackWriter::Output::write_valid(std::span<const ImageRun> runs,
                                             SummedFile& file) const {
  const std::size_t an_image = layer.facts.rows_per_image;
  for (const ImageRun& run : runs) {
    const auto valid =
        std::span(spool->valid()).subspan(run.first * an_image, run.count * an_image);
    if (auto written = file.write(std::as_bytes(valid)); !written) return written;
  }
  return {};
}

Result<void> PackWriter::Output::write_steps(std::span<const ImageRun> runs,
                                             SummedFile& file) const {
  std::vector<std::uint8_t> there(layer.facts.rows_per_image);
  for (const ImageRun& run : runs) {
    for (std::uint64_t i = 0; i < run.count; ++i) {
      spool->steps_of(run.first + i, there);
      if (auto written = file.write(std::as_bytes(std::span(there))); !written) return written;
    }
  }
  return {};
}

Result<void> PackWriter::Output::write_rows(std::span<const ImageRun> runs,
                                            SummedFile& file) const {
  const RecordedLayer& facts = layer.facts;
  const DType spooled = spool->facts().stored;
  const std::uint64_t at_once =
      std::max<std::uint64_t>(1, bytes_written_at_once / (facts.features * size_of(spooled)));
  std::vector<std::byte> bytes;
  std::vector<std::uint16_t> halves;
  for (const ImageRun& run : runs) {
    const std::uint64_t end = spool->first_row(run.first + run.count);
    for (std::uint64_t first = spool->first_row(run.first); first < end; first += at_once) {
      auto read = spool->read(first, std::min(at_once, end - first), bytes);
      if (!read) return read;
      std::span<const std::byte> written = bytes;
      if (facts.stored == DType::float16) {
        to_halves(to_doubles(bytes, spooled), scaling ? &*scaling : nullptr, halves);
        written = std::as_bytes(std::span(halves));
      }
      if (auto done = file.write(written); !done) return done;
    }
  }
  return {};
}

PackWriter::PackWriter(std::filesystem::path path, PackOptions options)
    : path_(std::move(path)), options_(options), spool_(path_) {}

PackWriter::~PackWriter() = default;

PackWriter::Layer* PackWriter::find(const std::string& layer) {
  const auto found = std::ranges::find(layers_, layer, &Layer::name);
  return found == layers_.end() ? nullptr : &*found;
}

const LayerSpool* PackWriter::spool_of(const std::string& layer) const {
  const auto found = std::ranges::find(layers_, layer, &Layer::name);
  return found == layers_.end() ? nullptr : found->spool.get();
}

Result<void> PackWriter::append(const std::string& layer, const Reading& reading,
                                const PackedRows& rows, std::uint64_t feature_seed) {
  Layer* found = find(layer);
  if (found == nullptr) {
    layers_.push_back({layer, std::make_unique<LayerSpool>(spool_, layer)});
    found = &layers_.back();
  }
  if (!found->spool) return {};
  if (!is_utf8(layer)) {
    found->spool.reset();
    return Failure{path_.string() + ": expected a layer's name in UTF-8, got " + in_quotes(layer)};
  }
  auto appended = found->spool->append(reading, rows, feature_seed);
  if (!appended) found->spool.reset();
  return appended;
}

void PackWriter::spoil(const std::string& layer) {
  if (Layer* found = find(layer)) {
    found->spool.reset();
  } else {
    layers_.push_back({layer, nullptr});
  }
}

std::uint64_t PackWriter::rows(const std::string& layer) const {
  const LayerSpool* spool = spool_of(layer);
  return spool == nullptr ? 0 : spool->facts().rows;
}

std::uint64_t PackWriter::nonfinite_rows(const std::string& layer) const {
  const LayerSpool* spool = spool_of(layer);
  return spool == nullptr ? 0 : spool->nonfinite_rows();
}

std::uint64_t PackWriter::most_images() const {
  std::uint64_t images = 0;
  for (const Layer& layer : layers_) {
    if (layer.spool) images = std::max(images, layer.spool->images());
  }
  return images;
}

std::vector<const LayerSpool*> PackWriter::whole_layers(std::uint64_t images,
                                                        std::span<const ImageRun> runs) {
  std::vector<const LayerSpool*> whole;
  for (const Layer& layer : layers_) {
    if (!layer.spool || images == 0) continue;
    const std::string where = path_.string() + ": layer " + in_quotes(layer.name) + ": ";
    if (layer.spool->images() != images) {
      left_out_.emplace_back(layer.name, where + "expected rows of " + std::to_string(images) +
                                             " images as of other layers, got " +
                                             std::to_string(layer.spool->images()));
    } else if (rows_of(runs, *layer.spool) == 0) {
      left_out_.emplace_back(layer.name,
                             where + "expected steps that the mask does not leave out, got none" +
                                 (layer.spool->facts().rows == 0 ? "" : " in the images kept"));
    } else {
      whole.push_back(layer.spool.get());
    }
  }
  return whole;
}

PackWriter::Output PackWriter::output_of(const LayerSpool& spool, const Moments* moments,
                                         std::span<const ImageRun> runs) const {
  Output output{
      .spool = &spool,
      .layer = {.facts = spool.facts(), .tensors = {}, .stored_rows = rows_of(runs, spool)},
      .scaling = {}};
  RecordedLayer& facts = output.layer.facts;
  facts.rows = 0;
  for (const ImageRun& run : runs) facts.rows += run.count * facts.rows_per_image;
  if (facts.observed == DType::float16) {
    facts.stored = DType::float16;
  } else if (options_.precision == PackPrecision::half && spool.nonfinite_rows() == 0 &&
             moments != nullptr) {
    output.scaling = half_scaling(*moments, spool.range(), facts.stored);
  }
  LayerTensors& tensors = output.layer.tensors;
  if (output.scaling) {
    tensors.scale.dtype = tensors.shift.dtype = output.is_wide() ? "F64" : "F32";
    facts.stored = DType::float16;
    facts.roundoff = std::max(facts.roundoff, output.scaling->roundoff);
    facts.estimated_loss = output.scaling->loss;
  }
  tensors.rows.dtype = safetensors_type_of(facts.stored);
  if (!spool.valid().empty()) tensors.valid.dtype = "U8";
  if (spool.is_by_step()) tensors.steps.dtype = "U8";
  return output;
}

Result<void> PackWriter::finish(
    const PackFacts& facts,
    const std::function<const Moments*(const std::string& layer)>& moments_of) {
  const std::uint64_t images = most_images();
  std::optional<KeptImages> kept;
  if (options_.images > 0 && options_.images < images) {
    kept = {.count = options_.images, .total = images, .seed = options_.images_seed};
  }
  const std::vector<ImageRun> runs = runs_of(kept, images);
  const std::vector<const LayerSpool*> whole = whole_layers(images, runs);
  if (whole.empty()) {
    return Failure{left_out_.empty() ? path_.string() + ": expected rows, got none"
                                     : left_out_.front().second};
  }
  PackHeader header{.network = facts.network,
                    .epoch = facts.epoch,
                    .step = facts.step,
                    .positions = facts.positions,
                    .fingerprint = facts.fingerprint,
                    .is_of_training_mode = facts.is_of_training_mode,
                    .kept = kept,
                    .layers = {}};
  std::vector<Output> outputs;
  for (const LayerSpool* spool : whole) {
    outputs.push_back(output_of(*spool, moments_of(spool->facts().name), runs));
    header.layers.push_back(outputs.back().layer);
  }
  name_tensors(header.layers);
  for (std::size_t i = 0; i < outputs.size(); ++i)
    outputs[i].layer.tensors = header.layers[i].tensors;
  if (auto written = write(header, outputs, runs); !written) return written;
  for (const Output& output : outputs) written_.push_back(output.layer.facts);
  layers_.clear();
  return {};
}

Result<void> PackWriter::write(const PackHeader& header, const std::vector<Output>& outputs,
                               std::span<const ImageRun> runs) {
  struct Part {
    const Output* output;
    const LayerTensors::Tensor* tensor;
  };
  // The widest elements first, so that every tensor begins where its type is aligned.
  std::vector<Part> parts;
  for (const char* dtype : {"F64", "F32", "F16", "U8"}) {
    for (const Output& output : outputs) {
      const auto& [rows, scale, shift, valid, steps] = output.layer.tensors;
      for (const LayerTensors::Tensor* tensor : {&rows, &scale, &shift, &valid, &steps}) {
        if (tensor->dtype == dtype) parts.push_back({&output, tensor});
      }
    }
  }
  std::vector<SafetensorsTensor> places;
  std::uint64_t end = 0;
  for (const auto& [output, tensor] : parts) {
    const std::uint64_t begin = end;
    end += output->bytes_of(*tensor);
    places.push_back({tensor->name, tensor->dtype, output->shape_of(*tensor), begin, end});
  }
  const auto metadata = pack_metadata(header);
  if (!metadata) return Failure{path_.string() + ": " + metadata.why()};
  const auto text = write_safetensors_header(*metadata, places);
  if (!text) return Failure{path_.string() + ": " + text.why()};
  SummedFile file(path_);
  if (auto written = file.write_header(*text); !written) return written;
  for (const auto& [output, tensor] : parts) {
    if (auto written = output->write(*tensor, runs, file); !written) return written;
  }
  if (auto committed = file.commit(); !committed) return committed;
  bytes_ = text->size() + end;
  return {};
}

}  // namespace livecca
