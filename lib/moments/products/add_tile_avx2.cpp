#include "moments/products/add_tile.hpp"
#include "moments/products/product_kernel.hpp"

namespace livecca {

using Exact = Pieces<double, 32, 3, 4>;
using Fast = Pieces<float, 32, 3, 4>;

const ProductKernel avx2_kernel{"avx2", Exact::panel, Fast::panel, Exact::add, Fast::add};

}  // namespace livecca
