#include "moments/products/add_tile.hpp"
#include "moments/products/product_kernel.hpp"
#include "moments/products/read_rows.hpp"

namespace livecca {

using Exact = Pieces<double, 32, 3, 4>;
using Fast = Pieces<float, 32, 3, 4>;

using ExactRows = RowPacking<double, Exact::panel>;
using FastRows = RowPacking<float, Fast::panel>;

const ProductKernel avx2_kernel{"avx2",    Exact::panel,    Fast::panel,    Exact::add,
                                Fast::add, ExactRows::pack, FastRows::pack, RowMeans<32>::find};

}  // namespace livecca
