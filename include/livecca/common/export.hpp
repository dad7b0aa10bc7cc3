#pragma once

/// Marks what a shared livecca exports; every other symbol is hidden.
#if defined(__GNUC__)
#define LIVECCA_EXPORT __attribute__((visibility("default")))
#else
#define LIVECCA_EXPORT
#endif
