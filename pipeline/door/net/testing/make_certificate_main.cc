// Writes a certificate for localhost, and its key, for tests: make_certificate FOLDER NAME.
#include <cstdio>

#include "pipeline/door/net/testing/test_certificate.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("make_certificate FOLDER NAME\n", stderr);
    return 2;
  }
  parlance::pipeline::door::MakeTestCertificate(argv[1], argv[2]);
  return 0;
}
