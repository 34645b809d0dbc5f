// A client of one connection, for tests: sends bytes as they are, and reads what comes. Every call
// blocks until something has come.
#ifndef PIPELINE_DOOR_NET_TESTING_TEST_CLIENT_H_
#define PIPELINE_DOOR_NET_TESTING_TEST_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

namespace parlance::pipeline::door {

class TestClient {
 public:
  // Connects to the port on this machine; `is_tls` does not look at the certificate.
  explicit TestClient(uint16_t port, bool is_tls = false, absl::string_view address = "127.0.0.1");
  ~TestClient();
  TestClient(const TestClient&) = delete;
  TestClient& operator=(const TestClient&) = delete;

  bool is_connected() const { return fd_ >= 0; }
  // False if the server is gone.
  bool Send(absl::string_view bytes);
  // Exactly so many bytes; fewer if the server ends before.
  std::string Read(size_t size);
  // Up to and with the end of a head of HTTP.
  std::string ReadHead();
  // Everything until the server ends.
  std::string ReadAll();
  // The next frame's payload, after its first byte; "" if the server ends.
  std::string ReadFrame();
  // Sends the handshake for a path, and returns the response's head.
  std::string Upgrade(absl::string_view path, absl::string_view headers = "");
  // Nothing more will be sent.
  void EndSending();
  // As a program that crashes does: the server sees a reset.
  void Reset();

 private:
  long Receive(char* bytes, size_t size);

  int fd_ = -1;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
};

// What asks for a WebSocket.
std::string UpgradeRequest(absl::string_view path, absl::string_view headers = "");

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_NET_TESTING_TEST_CLIENT_H_
