// A server for software of others to talk to: prints the port of its HTTP listener, then those of
// TLS and plain TCP, and serves until its input ends. The argument is a folder for its certificate.
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "pipeline/door/net/server.h"
#include "pipeline/door/net/server_options.h"
#include "pipeline/door/net/testing/echo_site.h"
#include "pipeline/door/net/testing/test_certificate.h"

int main(int argc, char** argv) {
  using parlance::pipeline::door::EchoSite;
  using parlance::pipeline::door::Server;
  using parlance::pipeline::door::ServerOptions;
  using parlance::pipeline::door::TestCertificate;
  if (argc != 2) return 2;
  const TestCertificate certificate =
      parlance::pipeline::door::MakeTestCertificate(argv[1], "echo_server");
  ServerOptions options;
  options.listeners = {
      {},
      {.certificate_file = certificate.certificate_file, .key_file = certificate.key_file},
      {.is_stream = true}};
  options.num_threads = 2;
  // A whole message of the largest size is said back.
  options.max_waiting_bytes = size_t{32} << 20;
  options.messages = {.per_second = 1e6, .burst = 1e6};
  EchoSite site;
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Create(std::move(options), &site);
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", server.status().ToString().c_str());
    return 2;
  }
  for (size_t i = 0; i < 3; ++i) std::printf("%d\n", (*server)->port(i));
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
