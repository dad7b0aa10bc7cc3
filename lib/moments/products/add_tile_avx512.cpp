#include "moments/products/add_tile.hpp"
#include "moments/products/product_kernel.hpp"
#include "moments/products/read_rows.hpp"

namespace livecca {

using Exact = Pieces<double, 64, 3, 8>;
using Fast = Pieces<float, 64, 3, 8>;

using ExactRows = RowPacking<double, Exact::panel>;
using FastRows = RowPacking<float, Fast::panel>;

const ProductKernel avx512_kernel{"avx512",  Exact::panel,    Fast::panel,    Exact::add,
                                  Fast::add, ExactRows::pack, FastRows::pack, RowMeans<64>::find};

}  // namespace livecca
