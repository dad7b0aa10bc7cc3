#include "moments/products/add_tile.hpp"
#include "moments/products/product_kernel.hpp"

namespace livecca {

using Exact = Pieces<double, 16, 2, 4>;
using Fast = Pieces<float, 16, 2, 4>;

const ProductKernel baseline_kernel{"baseline", Exact::panel, Fast::panel, Exact::add, Fast::add};

}  // namespace livecca
