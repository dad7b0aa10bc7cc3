#include <filesystem>
#include <livecca/sinks/tensorboard.hpp>

int main() {
  const auto sink = livecca::tensorboard_sink();
  sink->open({.name = "consumed", .folder = "runs/consumed"});
  sink->log({0, 0, "loss", 0.5}, {1, 1});
  sink->close();
  return std::filesystem::exists("runs/consumed/tensorboard/run") ? 0 : 1;
}
