#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#ifdef LIVECCA_TESTS_ON_TBB
#include <tbb/global_control.h>
#endif

int main(int argc, char** argv) {
#ifdef LIVECCA_TESTS_ON_TBB
  // Four threads really run where a test asks for four, however few cores there are.
  const tbb::global_control threads(tbb::global_control::max_allowed_parallelism, 4);
#endif
  return doctest::Context(argc, argv).run();
}
