#include <stdexcept>

#include "file_kind.hpp"
#include "livecca/moments/moments_file.hpp"
#include "support/file_text.hpp"
#include "support/temporary_folder.hpp"

namespace livecca_tests {
namespace {

/// Read by load_moments(). Everything that was read is what save_moments() writes of it.
class MomentsFiles : public FileKind {
 public:
  explicit MomentsFiles(Files files) : FileKind(std::move(files)) {
    for (const auto& [name, bytes] : this->files()) {
      std::string why;
      const std::string everything = everything_in(bytes, why);
      if (everything.empty()) throw std::runtime_error(name + ": " + why);
      expected_.push_back(everything);
    }
  }

  Outcome read(std::size_t file, const std::string& bytes, std::string& why) override {
    const std::string everything = everything_in(bytes, why);
    if (everything.empty()) return Outcome::told;
    why = "other moments";
    return everything == expected_[file] ? Outcome::same : Outcome::silent;
  }

 private:
  /// Empty if the bytes are refused.
  std::string everything_in(const std::string& bytes, std::string& why) const {
    write_text(folder_.path() / "damaged", bytes);
    const auto loaded = livecca::load_moments(folder_.path() / "damaged");
    if (!loaded) {
      why = loaded.why();
      return {};
    }
    const auto saved =
        livecca::save_moments(folder_.path() / "again", loaded->moments, loaded->notes);
    if (!saved) throw std::runtime_error(saved.why());
    return text_of(folder_.path() / "again");
  }

  TemporaryFolder folder_;
  std::vector<std::string> expected_;
};

}  // namespace

std::unique_ptr<FileKind> moments_files(const std::filesystem::path& valid) {
  return std::make_unique<MomentsFiles>(files_of(valid / "moments"));
}

}  // namespace livecca_tests
