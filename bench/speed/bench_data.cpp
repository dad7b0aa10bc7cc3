#include "bench_data.hpp"

#include <array>
#include <cmath>
#include <random>

namespace livecca_bench {

using namespace livecca;

std::vector<float> normal_rows(std::size_t samples, std::size_t features, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> rows(samples * features);
  for (float& value : rows) value = normal(random);
  return rows;
}

std::vector<float> related_rows(const std::vector<float>& others, std::size_t features,
                                unsigned seed) {
  const std::size_t samples = others.size() / features;
  std::vector<float> rows = normal_rows(samples, features, seed);
  for (std::size_t i = 0; i < samples; ++i) {
    for (std::size_t j = 0; j < features; ++j) {
      const float share = static_cast<float>(j) / static_cast<float>(features);
      const float scale = std::pow(1 + static_cast<float>(j), -0.3F);
      float& value = rows[i * features + j];
      value = scale * (share * others[i * features + j] + value);
    }
  }
  return rows;
}

Executor& two_threads() {
  static Executor executor(2);
  return executor;
}

ActivationView view_of(const std::vector<float>& rows, std::size_t features) {
  const std::array<std::int64_t, 2> shape{static_cast<std::int64_t>(rows.size() / features),
                                          static_cast<std::int64_t>(features)};
  return {rows.data(), DType::float32, shape};
}

namespace {

PanelMoments moments_of(const std::vector<float>& x, const std::vector<float>& y,
                        std::size_t features, Executor& executor) {
  Panel panel(executor, {.window = Window::all()});
  panel.add_tap({"a", "layer"}, Layout::nc);
  panel.add_tap({"b", "layer"}, Layout::nc);
  panel.add_pair(0, 1);
  auto step = panel.begin();
  step.observe(0, view_of(x, features));
  step.observe(1, view_of(y, features));
  step.commit();
  return panel.copy_moments();
}

}  // namespace

PanelMoments moments_of_pair(std::size_t features, std::size_t samples, Executor& executor) {
  const std::vector<float> y = normal_rows(samples, features, 1);
  return moments_of(related_rows(y, features, 2), y, features, executor);
}

PanelMoments with_other_x(const PanelMoments& window, std::size_t samples, Executor& executor) {
  const std::size_t features = window.taps[1].moments->features();
  const std::vector<float> y = normal_rows(samples, features, 1);
  PanelMoments other = moments_of(related_rows(y, features, 3), y, features, executor);
  other.taps[1] = window.taps[1];
  return other;
}

PanelMoments moments_of_networks(std::size_t networks, std::size_t layers, std::size_t features,
                                 std::size_t samples, Executor& executor) {
  Panel panel(executor, {.window = Window::all()});
  std::vector<std::vector<float>> rows;
  const std::vector<float> common = normal_rows(samples, features, 1);
  for (std::size_t network = 0; network < networks; ++network) {
    for (std::size_t layer = 0; layer < layers; ++layer) {
      panel.add_tap({std::to_string(network), std::to_string(layer)}, Layout::nc);
      rows.push_back(related_rows(common, features, static_cast<unsigned>(rows.size() + 2)));
      for (std::size_t other = 0; other < network; ++other) {
        panel.add_pair(rows.size() - 1, other * layers + layer);
      }
    }
  }
  auto step = panel.begin();
  for (std::size_t tap = 0; tap < rows.size(); ++tap)
    step.observe(tap, view_of(rows[tap], features));
  step.commit();
  return panel.copy_moments();
}

std::vector<double> square_matrix(std::size_t size, bool symmetric) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  std::vector<double> matrix(size * size);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      matrix[i * size + j] = symmetric && j < i ? matrix[j * size + i] : normal(random);
    }
    if (symmetric) matrix[i * size + i] += 2.1 * std::sqrt(static_cast<double>(size));
  }
  return matrix;
}

}  // namespace livecca_bench
