// The main function of tests that need a PostgreSQL server.
#ifndef THIRD_PARTY_POSTGRES_TEST_MAIN_H_
#define THIRD_PARTY_POSTGRES_TEST_MAIN_H_

#include <string>

#include "third_party/postgres_server.h"

namespace postgres {

// Starts one server for all tests, as that takes a second, and runs them; `server` is it meanwhile.
// Where none is installed, that is said rather than failed, and those tests are run that the
// GoogleTest filter `without` selects, or none if it is empty. Returns the exit code.
int RunTestsWithServer(int argc, char** argv, Server** server, const std::string& without = "");

}  // namespace postgres

#endif  // THIRD_PARTY_POSTGRES_TEST_MAIN_H_
