// TLS as a server speaks it over a socket that does not block: 1.2 and 1.3, by OpenSSL.
//
// Threads: a context any, a stream one at a time. What OpenSSL keeps for a stream at rest is small:
// its buffers are given back between records.
#ifndef PIPELINE_DOOR_SOCKET_TLS_H_
#define PIPELINE_DOOR_SOCKET_TLS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

namespace parlance::pipeline::door {

class TlsStream {
 public:
  enum class Result {
    kDone,
    // Nothing was done; to be called again once the socket can be read, or written.
    kWantsRead,
    kWantsWrite,
    // The peer has ended the stream as it should.
    kEnded,
    // It broke off, or does not speak TLS as it should; the stream is of no use any more.
    kFailed,
    // The same, of a handshake: it speaks HTTP without TLS.
    kFailedByHttp,
  };

  explicit TlsStream(SSL* ssl) : ssl_(ssl) {}
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  Result Handshake();
  // `size` becomes how much was read or written, at least 1 if it is done.
  Result Read(absl::Span<uint8_t> bytes, size_t& size);
  // What was not written is to be passed again, with more behind it or not.
  Result Write(absl::Span<const uint8_t> bytes, size_t& size);
  // Whether there is something to read although the socket has nothing.
  bool has_pending() const;
  // Tells the peer, if the socket takes it, that nothing will follow.
  void End();

 private:
  Result ResultOf(int returned);

  SSL* const ssl_;
  bool has_failed_ = false;
};

class TlsContext {
 public:
  // Reads a certificate, with those that lead to its authority after it, and its key, both as PEM.
  // InvalidArgument, with the file and why, if one cannot be read, if the key has a passphrase or
  // can be read by others, or if they do not belong together.
  static absl::StatusOr<std::unique_ptr<TlsContext>> Create(const std::string& certificate_file,
                                                            const std::string& key_file);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  // What clients will mind, such as a certificate that has expired, as a sentence; empty if
  // nothing.
  const std::string& worry() const { return worry_; }
  // A stream over a socket, which has to stay open for as long; null if there is no memory.
  std::unique_ptr<TlsStream> NewStream(int fd) const;

 private:
  explicit TlsContext(SSL_CTX* context) : context_(context) {}

  SSL_CTX* const context_;
  std::string worry_;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_SOCKET_TLS_H_
