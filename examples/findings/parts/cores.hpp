#pragma once

namespace findings {

/// LibTorch counts some virtual cores as one; a choice of the user's comes first.
void use_all_cores();

/// Call it first in main(). An LSTM multiplies small matrices, which threads only slow down by
/// waiting for each other, the more so if other programs run. So unless the user's environment says
/// otherwise, the program starts itself again with one thread for products.
void start_again_for_small_products(char** arguments);

}  // namespace findings
