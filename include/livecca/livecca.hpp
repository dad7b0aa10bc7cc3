#pragma once

/// All of livecca but the adaptors (livecca/activations/eigen.hpp and xtensor.hpp).
#include "livecca/activations/activation_view.hpp"
#include "livecca/activations/layout.hpp"
#include "livecca/activations/packed_rows.hpp"
#include "livecca/common/error.hpp"
#include "livecca/common/executor.hpp"
#include "livecca/measures/measure.hpp"
#include "livecca/measures/noise_floor.hpp"
#include "livecca/measures/status.hpp"
#include "livecca/moments/cross_moments.hpp"
#include "livecca/moments/moments.hpp"
#include "livecca/moments/panel.hpp"
#include "livecca/monitor/monitor.hpp"
#include "livecca/sinks/jsonl_file.hpp"
#include "livecca/sinks/row.hpp"
#include "livecca/snapshot/solve.hpp"
