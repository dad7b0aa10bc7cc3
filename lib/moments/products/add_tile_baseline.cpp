#include "moments/products/add_tile.hpp"
#include "moments/products/product_kernel.hpp"
#include "moments/products/read_rows.hpp"

namespace livecca {

using Exact = Pieces<double, 16, 2, 4>;
using Fast = Pieces<float, 16, 2, 4>;

using ExactRows = RowPacking<double, Exact::panel>;
using FastRows = RowPacking<float, Fast::panel>;

const ProductKernel baseline_kernel{"baseline",     Exact::panel,      Fast::panel,
                                    Exact::add,     Fast::add,         ExactRows::pack,
                                    FastRows::pack, RowMeans<16>::find};

}  // namespace livecca
