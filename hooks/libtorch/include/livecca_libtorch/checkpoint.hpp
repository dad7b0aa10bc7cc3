#pragma once

#include <torch/serialize.h>
#include <torch/serialize/archive.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <type_traits>
#include <vector>

#include "livecca/common/export.hpp"
#include "livecca/common/result.hpp"
#include "livecca/monitor/monitor.hpp"

namespace livecca::libtorch {

/// A value of the training that a checkpoint saves and loads: what torch::save() takes (a module in
/// its holder or shared pointer, an optimizer, a tensor), and numbers, such as the next epoch or
/// the best loss. Borrows the value.
class CheckpointValue {
 public:
  template <typename Value>
  explicit CheckpointValue(Value& value) {
    using torch::operator<<;  // of tensors
    using torch::operator>>;
    static_assert(!std::is_const_v<Value>,
                  "A checkpoint also loads its values, so none of them may be const.");
    if constexpr (std::is_const_v<Value>) {
      // Said above.
    } else if constexpr (std::is_arithmetic_v<Value>) {
      using Stored = std::conditional_t<std::is_floating_point_v<Value>, double, std::int64_t>;
      save = [&value](torch::serialize::OutputArchive& archive) {
        archive.write("value", c10::IValue(static_cast<Stored>(value)));
      };
      load = [&value](torch::serialize::InputArchive& archive) {
        c10::IValue read;
        archive.read("value", read);
        value = static_cast<Value>(read.to<Stored>());
      };
    } else {
      constexpr bool is_saved =
          requires(torch::serialize::OutputArchive & out, torch::serialize::InputArchive & in) {
        out << value;
        in >> value;
      };
      static_assert(is_saved,
                    "A checkpoint takes numbers, tensors, optimizers, and modules in their holder "
                    "or shared pointer (net, not *net).");
      if constexpr (is_saved) {
        save = [&value](torch::serialize::OutputArchive& archive) { archive << value; };
        load = [&value](torch::serialize::InputArchive& archive) { archive >> value; };
      }
    }
  }

  std::function<void(torch::serialize::OutputArchive&)> save;
  std::function<void(torch::serialize::InputArchive&)> load;
};

/// Saves a training and its monitor together, so that neither is newer than the other:
///
///     using namespace livecca::libtorch;
///     std::int64_t epoch = 0;
///     auto monitor = resume_or_start(options, "checkpoint", net, optimizer, epoch);
///     while (epoch < epochs) {
///       …
///       ++epoch;
///       const auto saved = save_checkpoint(*monitor, "checkpoint", net, optimizer, epoch);
///       if (!saved) std::cerr << saved.why() << '\n';  // training goes on
///     }
///
/// The folder holds one whole checkpoint, whenever the process is killed: a folder
/// livecca-checkpoint-N, and a link "latest" to it. Earlier ones are removed. Nothing else in the
/// folder is touched.
///
/// Saves the random generator of the CPU, too, but not of other devices. Give resume_or_start() the
/// same values in the same order. Fails if the checkpoint cannot be written; the one before then
/// stays. Waits as Monitor::save() does.
template <typename... Values>
Result<void> save_checkpoint(Monitor& monitor, const std::filesystem::path& folder,
                             Values&... values);

/// Goes on from the checkpoint in the folder, if there is one: loads the values and the monitor.
/// Otherwise begins a run, and saves its first checkpoint at once, so that it can be resumed from
/// then on. If a process ended between the two, its run has no numbers yet: the run is removed and
/// begun again. Never null.
///
/// Throws Error if the checkpoint cannot be read, holds other values or another run's, or cannot be
/// written, and if a new run's folder holds a run already. A module that was only loaded in part is
/// then no network to use.
template <typename... Values>
std::unique_ptr<Monitor> resume_or_start(MonitorOptions options,
                                         const std::filesystem::path& folder, Values&... values);

LIVECCA_EXPORT Result<void> save_checkpoint_of(Monitor& monitor,
                                               const std::filesystem::path& folder,
                                               const std::vector<CheckpointValue>& values);
LIVECCA_EXPORT std::unique_ptr<Monitor> resume_or_start_with(
    MonitorOptions options, const std::filesystem::path& folder,
    const std::vector<CheckpointValue>& values);

template <typename... Values>
Result<void> save_checkpoint(Monitor& monitor, const std::filesystem::path& folder,
                             Values&... values) {
  return save_checkpoint_of(monitor, folder, {CheckpointValue(values)...});
}

template <typename... Values>
std::unique_ptr<Monitor> resume_or_start(MonitorOptions options,
                                         const std::filesystem::path& folder, Values&... values) {
  return resume_or_start_with(std::move(options), folder, {CheckpointValue(values)...});
}

}  // namespace livecca::libtorch
