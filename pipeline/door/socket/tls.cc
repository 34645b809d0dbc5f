#include "pipeline/door/socket/tls.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <ctime>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "openssl/bio.h"
#include "openssl/crypto.h"
#include "openssl/err.h"
#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/ssl.h"
#include "openssl/sslerr.h"
#include "openssl/x509.h"
#include "pipeline/door/socket/whole_file.h"

namespace parlance::pipeline::door {
namespace {

// OpenSSL's own BIO of a socket writes without MSG_NOSIGNAL, and a peer that is gone would end the
// program by SIGPIPE.
int SocketOf(BIO* bio) { return static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio))); }

bool IsTemporary(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

int WriteToSocket(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = send(SocketOf(bio), bytes, static_cast<size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && IsTemporary(errno)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int ReadFromSocket(BIO* bio, char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t received = recv(SocketOf(bio), bytes, static_cast<size_t>(size), 0);
  if (received < 0 && IsTemporary(errno)) BIO_set_retry_read(bio);
  return static_cast<int>(received);
}

long ControlSocket(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* SocketMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    BIO_meth_set_write(made, WriteToSocket);
    BIO_meth_set_read(made, ReadFromSocket);
    BIO_meth_set_ctrl(made, ControlSocket);
    return made;
  }();
  return method;
}

// A chain of certificates has some kilobytes.
constexpr size_t kMaxPemBytes = size_t{1} << 20;

constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

int SelectProtocol(SSL*, const unsigned char** out, unsigned char* out_size,
                   const unsigned char* in, unsigned int in_size, void*) {
  unsigned char* selected = nullptr;
  if (SSL_select_next_proto(&selected, out_size, kHttp11, sizeof(kHttp11), in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_NOACK;
  }
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

absl::Status Error(absl::string_view what) {
  char reason[256] = "";
  ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", reason));
}

// A program that has nobody before it would wait for a passphrase for ever.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*is_writing*/, void* was_wanted) {
  if (was_wanted != nullptr) *static_cast<bool*>(was_wanted) = true;
  return 0;
}

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

absl::Status UseKey(SSL_CTX* context, const std::string& key_file,
                    const std::string& certificate_file) {
  absl::StatusOr<std::string> pem = ReadWholeSecretFile("the key", key_file, kMaxPemBytes);
  if (!pem.ok()) return absl::InvalidArgumentError(pem.status().message());
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  bool wants_passphrase = false;
  const std::unique_ptr<EVP_PKEY, FreeKey> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, &wants_passphrase));
  OPENSSL_cleanse(&(*pem)[0], pem->size());
  if (wants_passphrase) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        absl::StrCat("the key ", key_file, " has a passphrase; remove it with: openssl pkey -in ",
                     key_file, " -out NEW"));
  }
  if (key == nullptr) return Error(absl::StrCat("the key ", key_file, " cannot be read as PEM"));
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return Error(
        absl::StrCat("the key ", key_file, " is not that of the certificate ", certificate_file));
  }
  return absl::OkStatus();
}

std::string TimeText(const ASN1_TIME* time) {
  std::tm parts = {};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "an unknown time";
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", absl::FromTM(parts, absl::UTCTimeZone()),
                          absl::UTCTimeZone());
}

// What clients will mind about the certificate at this time; empty if they mind nothing.
std::string Worry(const X509* certificate, const std::string& certificate_file) {
  const ASN1_TIME* const end = X509_get0_notAfter(certificate);
  const ASN1_TIME* const begin = X509_get0_notBefore(certificate);
  const std::string which = absl::StrCat("the certificate ", certificate_file);
  if (X509_cmp_current_time(end) < 0) {
    return absl::StrCat(which, " has expired, on ", TimeText(end), ": clients will refuse it");
  }
  if (X509_cmp_current_time(begin) > 0) {
    return absl::StrCat(which, " is valid from ", TimeText(begin),
                        " on: until then clients will refuse it");
  }
  return "";
}

}  // namespace

TlsStream::~TlsStream() { SSL_free(ssl_); }

TlsStream::Result TlsStream::ResultOf(int returned) {
  switch (SSL_get_error(ssl_, returned)) {
    case SSL_ERROR_NONE:
      return Result::kDone;
    case SSL_ERROR_WANT_READ:
      return Result::kWantsRead;
    case SSL_ERROR_WANT_WRITE:
      return Result::kWantsWrite;
    case SSL_ERROR_ZERO_RETURN:
      return Result::kEnded;
    default: {
      has_failed_ = true;
      const bool is_http = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
      ERR_clear_error();
      return is_http ? Result::kFailedByHttp : Result::kFailed;
    }
  }
}

TlsStream::Result TlsStream::Handshake() {
  // SSL_get_error looks at what is in the thread's queue.
  ERR_clear_error();
  return ResultOf(SSL_accept(ssl_));
}

TlsStream::Result TlsStream::Read(absl::Span<uint8_t> bytes, size_t& size) {
  size = 0;
  if (has_failed_) return Result::kFailed;
  ERR_clear_error();
  const int wanted = static_cast<int>(std::min<size_t>(bytes.size(), INT_MAX));
  const int returned = SSL_read(ssl_, bytes.data(), wanted);
  if (returned > 0) size = static_cast<size_t>(returned);
  return ResultOf(returned);
}

TlsStream::Result TlsStream::Write(absl::Span<const uint8_t> bytes, size_t& size) {
  size = 0;
  if (has_failed_) return Result::kFailed;
  ERR_clear_error();
  const int wanted = static_cast<int>(std::min<size_t>(bytes.size(), INT_MAX));
  const int returned = SSL_write(ssl_, bytes.data(), wanted);
  if (returned > 0) size = static_cast<size_t>(returned);
  return ResultOf(returned);
}

bool TlsStream::has_pending() const { return SSL_pending(ssl_) > 0; }

void TlsStream::End() {
  if (has_failed_ || SSL_is_init_finished(ssl_) == 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_);
  ERR_clear_error();
}

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Create(const std::string& certificate_file,
                                                               const std::string& key_file) {
  ERR_clear_error();
  SSL_CTX* const made = SSL_CTX_new(TLS_server_method());
  if (made == nullptr) return Error("TLS is not available");
  std::unique_ptr<TlsContext> context(new TlsContext(made));
  SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION);
  // Renegotiation costs a server much, and a client little. What was compressed tells by its length
  // what is in it.
  SSL_CTX_set_options(
      made, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                             SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(made, SelectProtocol, nullptr);
  SSL_CTX_set_default_passwd_cb(made, NoPassphrase);
  // OpenSSL does not say why it cannot read a file.
  if (const auto read = ReadWholeFile("the certificate", certificate_file, kMaxPemBytes);
      !read.ok()) {
    return absl::InvalidArgumentError(read.status().message());
  }
  if (SSL_CTX_use_certificate_chain_file(made, certificate_file.c_str()) != 1) {
    return Error(absl::StrCat("the certificate ", certificate_file, " cannot be read as PEM"));
  }
  if (absl::Status used = UseKey(made, key_file, certificate_file); !used.ok()) return used;
  context->worry_ = Worry(SSL_CTX_get0_certificate(made), certificate_file);
  return context;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

std::unique_ptr<TlsStream> TlsContext::NewStream(int fd) const {
  SSL* const ssl = SSL_new(context_);
  BIO* const bio = BIO_new(SocketMethod());
  if (ssl == nullptr || bio == nullptr) {
    SSL_free(ssl);
    BIO_free(bio);
    return nullptr;
  }
  // OpenSSL keeps a pointer, and a number is all there is to keep.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(fd)));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  SSL_set_accept_state(ssl);
  return std::make_unique<TlsStream>(ssl);
}

}  // namespace parlance::pipeline::door
