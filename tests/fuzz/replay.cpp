#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "checks.hpp"
#include "support/file_text.hpp"

// Runs a fuzz target over every file of the folders named on the command line, without a fuzzer.
// A folder that is not there has no files.
int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (const std::string& folder : std::vector<std::string>(argv + 1, argv + argc)) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    // Named before it is tried: the target ends the process where it finds fault.
    std::printf("%s\n", file.c_str());
    std::fflush(stdout);
    const std::string bytes = livecca_tests::text_of(file);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  }
  const livecca_fuzz::Verdicts& verdicts = livecca_fuzz::verdicts();
  std::printf(
      "%zu files, as they are and with their checksum corrected: %llu taken, %llu refused\n",
      files.size(), static_cast<unsigned long long>(verdicts.taken),
      static_cast<unsigned long long>(verdicts.refused));
  // Where nothing is taken any more, the files are out of date and test little.
  return verdicts.taken > 0 && verdicts.refused > 0 ? 0 : 1;
}
