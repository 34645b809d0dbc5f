// Writes a certificate for localhost, and its key, for tests: make_certificate FOLDER NAME
// [expired].
#include <cstdio>
#include <string>

#include "pipeline/door/net/testing/test_certificate.h"

int main(int argc, char** argv) {
  const bool is_expired = argc == 4 && std::string(argv[3]) == "expired";
  if (argc != 3 && !is_expired) {
    std::fputs("make_certificate FOLDER NAME [expired]\n", stderr);
    return 2;
  }
  parlance::pipeline::door::TestCertificateOptions options;
  if (is_expired) options = {.begins = -2, .ends = -1};
  parlance::pipeline::door::MakeTestCertificate(argv[1], argv[2], options);
  return 0;
}
