#include "file_kind.hpp"

#include "support/file_text.hpp"
#include "valid_files/saved_run.hpp"
#include "valid_files/valid_files.hpp"

namespace livecca_tests {

const std::vector<NamedKind>& file_kinds() {
  static const std::vector<NamedKind> kinds{{"moments", moments_files},
                                            {"checkpoint", checkpoints},
                                            {"history", histories},
                                            {"packs", packs},
                                            {"rows", rows_files}};
  return kinds;
}

void write_valid_files(const std::filesystem::path& folder) {
  std::filesystem::remove_all(folder);
  write_valid_moments(folder / "moments");
  write_valid_packs(folder / "packs");
  SavedRun::train().put_into(folder / "left");
  SavedRun::train(true).put_into(folder / "finished");
}

FileKind::Files files_of(const std::filesystem::path& folder) {
  FileKind::Files files;
  for (const std::string& name : files_in(folder)) files.emplace_back(name, text_of(folder / name));
  return files;
}

}  // namespace livecca_tests
