// A certificate for tests, made when it is asked for.
#ifndef PIPELINE_DOOR_NET_TESTING_TEST_CERTIFICATE_H_
#define PIPELINE_DOOR_NET_TESTING_TEST_CERTIFICATE_H_

#include <string>

namespace parlance::pipeline::door {

struct TestCertificate {
  std::string certificate_file;
  std::string key_file;
};

struct TestCertificateOptions {
  // When it is valid, in days from now; less than 0 is in the past.
  int begins = -1;
  int ends = 1;
  // Empty: the key has none.
  std::string passphrase = {};
};

// Writes a certificate for localhost, which it signs itself, and its key into the folder, as
// NAME.pem and NAME.key. The key can be read by its owner alone.
TestCertificate MakeTestCertificate(const std::string& folder, const std::string& name,
                                    const TestCertificateOptions& options = {});

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_NET_TESTING_TEST_CERTIFICATE_H_
