#include "inputs/group_file.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "common/files/safetensors.hpp"
#include "common/json_depth.hpp"
#include "inputs/input_error.hpp"
#include "inputs/mapped_file.hpp"

namespace livecca::tool {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* expected_form = "expected {\"group\": [\"path\", ...], ...}, got ";

/// The file's JSON. A name that comes twice would silently win over the first, so it is refused.
Json parse(const std::string& path) {
  const MappedFile file(path);
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()),
                              file.bytes().size());
  if (nests_deeper_than(deepest_json, text)) {
    throw InputError(expected_form + std::string("JSON that nests deeper"));
  }
  std::set<std::string> names;
  const auto once = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth == 1 && event == Json::parse_event_t::key &&
        !names.insert(parsed.get<std::string>()).second) {
      throw InputError("expected every group once, got " + in_quotes(parsed.get<std::string>()) +
                       " twice");
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), once);
  } catch (const Json::parse_error& error) {
    throw InputError(expected_form + std::string("no JSON at byte ") + std::to_string(error.byte));
  }
}

/// Where a path of the file leads, seen from the file's folder.
std::string from_folder_of(const std::string& file, const std::string& path) {
  return (fs::path(file).parent_path() / path).string();
}

bool is_there(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// The input that a path of the file means; nothing if it is none.
std::optional<std::size_t> find_input(const std::string& file, const std::string& path,
                                      const std::vector<std::string>& inputs) {
  const auto same_text = std::ranges::find(inputs, path);
  if (same_text != inputs.end()) return static_cast<std::size_t>(same_text - inputs.begin());
  const std::string beside = from_folder_of(file, path);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    std::error_code ignored;
    if (inputs[i] == beside || fs::equivalent(inputs[i], beside, ignored)) return i;
  }
  return std::nullopt;
}

/// Goes through the file's groups, and fills them.
class GroupReader {
 public:
  GroupReader(const std::string& file, std::vector<std::string>& inputs)
      : file_(file), inputs_(inputs), inputs_given_(!inputs.empty()) {
    groups_.group_of.resize(inputs.size());
  }

  void add(const std::string& name, const Json& members) {
    if (!members.is_array()) {
      throw InputError(expected_form + std::string("no list for ") + in_quotes(name));
    }
    if (members.empty()) {
      throw InputError("expected at least one input in group " + in_quotes(name) + ", got none");
    }
    groups_.names.push_back(name);
    for (const Json& member : members) {
      if (!member.is_string()) {
        throw InputError(expected_form + std::string("something else than a path in ") +
                         in_quotes(name));
      }
      join(member.get<std::string>());
    }
  }

  Groups result() && { return std::move(groups_); }

 private:
  void join(const std::string& path) {
    std::optional<std::size_t>& group = groups_.group_of[input_of(path)];
    const std::size_t current = groups_.names.size() - 1;
    if (group) {
      throw InputError("expected every input in one place, got " + in_quotes(path) + " in " +
                       in_quotes(groups_.names[*group]) +
                       (*group == current ? " twice" : " and " + in_quotes(groups_.names.back())));
    }
    group = current;
  }

  std::size_t input_of(const std::string& path) {
    if (const auto found = find_input(file_, path, inputs_)) return *found;
    if (inputs_given_) {
      throw InputError("expected only inputs of the command line, got " + in_quotes(path));
    }
    const std::string beside = from_folder_of(file_, path);
    if (!is_there(beside) && !is_there(path)) {
      throw InputError("expected inputs that are there, from here or from the file's folder, got " +
                       in_quotes(path));
    }
    inputs_.push_back(is_there(beside) ? beside : path);
    groups_.group_of.emplace_back();
    return inputs_.size() - 1;
  }

  const std::string& file_;
  std::vector<std::string>& inputs_;
  bool inputs_given_;
  Groups groups_;
};

}  // namespace

Groups read_groups(const std::string& path, std::vector<std::string>& inputs) try {
  const Json json = parse(path);
  if (!json.is_object() || json.empty()) {
    throw InputError(expected_form + std::string(json.is_object() ? "no group" : "another value"));
  }
  GroupReader reader(path, inputs);
  for (const auto& [name, members] : json.items()) reader.add(name, members);
  return std::move(reader).result();
} catch (const InputError& error) {
  throw InputError(path + ": " + error.what());
}

}  // namespace livecca::tool
