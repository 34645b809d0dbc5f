// A certificate for tests, made when it is asked for.
#ifndef PIPELINE_DOOR_NET_TESTING_TEST_CERTIFICATE_H_
#define PIPELINE_DOOR_NET_TESTING_TEST_CERTIFICATE_H_

#include <string>

namespace parlance::pipeline::door {

struct TestCertificate {
  std::string certificate_file;
  std::string key_file;
};

// Writes a certificate for localhost, which it signs itself, and its key into the folder, as
// NAME.pem and NAME.key.
TestCertificate MakeTestCertificate(const std::string& folder, const std::string& name);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_NET_TESTING_TEST_CERTIFICATE_H_
