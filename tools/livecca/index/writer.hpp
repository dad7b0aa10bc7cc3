#pragma once

#include <cstdint>
#include <filesystem>

namespace livecca::tool {

/// Whether a process holds a run's rows.jsonl open to write it.
enum class Writer : std::uint8_t {
  there,
  gone,     ///< the run is finished, or its process died
  unknown,  ///< there is no such file, or its file system knows no locks
};

/// By the lock that a writer holds on the file. One system call or three.
Writer writer_of(const std::filesystem::path& rows_file);

}  // namespace livecca::tool
