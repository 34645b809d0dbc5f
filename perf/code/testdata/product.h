// What the product, the harness and the program have in common.
#ifndef PERF_CODE_TESTDATA_PRODUCT_H_
#define PERF_CODE_TESTDATA_PRODUCT_H_

namespace product {

#ifdef CHANGED_SHARED
constexpr int kShared = 10;
#else
constexpr int kShared = 5;
#endif

// Both the product and the harness have a copy of it, and the linker takes one.
[[gnu::noinline]] inline int Shared(int x) { return x / kShared; }

int Product(int x);

}  // namespace product

namespace harness {

int Harness(int x);

}  // namespace harness

#endif  // PERF_CODE_TESTDATA_PRODUCT_H_
