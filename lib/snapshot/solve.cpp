#include "livecca/snapshot/solve.hpp"

namespace livecca {

const char* name_of(Whitening whitening) {
  switch (whitening) {
    case Whitening::none:
      return "none";
    case Whitening::cholesky:
      return "cholesky";
    case Whitening::eigen:
      return "eigen";
  }
  return "unknown";
}

const char* name_of(Spectrum spectrum) {
  switch (spectrum) {
    case Spectrum::none:
      return "none";
    case Spectrum::gram:
      return "gram";
    case Spectrum::svd:
      return "svd";
  }
  return "unknown";
}

}  // namespace livecca
