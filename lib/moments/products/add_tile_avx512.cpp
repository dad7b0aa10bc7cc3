#include "moments/products/add_tile.hpp"
#include "moments/products/product_kernel.hpp"

namespace livecca {

using Exact = Pieces<double, 64, 3, 8>;
using Fast = Pieces<float, 64, 3, 8>;

const ProductKernel avx512_kernel{"avx512", Exact::panel, Fast::panel, Exact::add, Fast::add};

}  // namespace livecca
