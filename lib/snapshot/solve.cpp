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
  return nullptr;
}

const char* name_of(SpectrumMethod spectrum) {
  switch (spectrum) {
    case SpectrumMethod::none:
      return "none";
    case SpectrumMethod::gram:
      return "gram";
    case SpectrumMethod::svd:
      return "svd";
  }
  return nullptr;
}

}  // namespace livecca
