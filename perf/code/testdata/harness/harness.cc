// What measures, with a part that is its own, a function that the product has, too, and one that
// the distribution's libraries have.
#include "perf/code/testdata/product.h"

#ifdef HAS_FFS
// The program's takes the place of the C library's. Its work is in a function of the harness's.
[[gnu::noinline]] int FirstBit(int x) { return x == 0 ? 0 : HAS_FFS; }
extern "C" int ffs(int x) noexcept { return FirstBit(x); }
#endif

#ifdef ASKS_FOR_ADDED
namespace product {
extern int added;
}  // namespace product
#endif

#ifdef HAS_MAIN
int main(int argc, char** /*argv*/) { return product::Product(argc) + HAS_MAIN; }
#endif

namespace harness {

#if defined(ASKS_FOR_ADDED)
int Harness(int x) { return product::Shared(x) + product::added; }
#elif defined(CHANGED_HARNESS)
int Harness(int x) { return product::Shared(x) * 3; }
#else
int Harness(int x) { return product::Shared(x) * 2; }
#endif

}  // namespace harness
