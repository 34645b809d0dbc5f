#include "perf/code/testdata/product.h"

int main(int argc, char** /*argv*/) { return product::Product(argc) + harness::Harness(argc); }
