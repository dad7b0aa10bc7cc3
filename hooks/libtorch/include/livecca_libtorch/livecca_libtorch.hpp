#pragma once

// Everything for LibTorch, and livecca itself.

#include "livecca/livecca.hpp"
#include "livecca_libtorch/checkpoint.hpp"
#include "livecca_libtorch/evaluation_scope.hpp"
#include "livecca_libtorch/inputs.hpp"
#include "livecca_libtorch/network.hpp"
#include "livecca_libtorch/probe.hpp"
#include "livecca_libtorch/record.hpp"
#include "livecca_libtorch/sequential.hpp"
#include "livecca_libtorch/tap.hpp"
#include "livecca_libtorch/training_step.hpp"
