// Services that speak as OpenAI's do: where they are, who may use them, and how they tell of
// errors.
//
// Threads: any. Nothing here waits.
#ifndef PIPELINE_HTTP_SERVICE_H_
#define PIPELINE_HTTP_SERVICE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rapidjson/document.h"

namespace parlance::pipeline {

// Where a service's `path`, such as "/chat/completions", is asked for, of a URL as people give it:
// with or without /v1, with or without the path itself, with a query or none.
std::string ServiceUrl(absl::string_view url, absl::string_view path);

// Whether the service can be asked: InvalidArgument for a URL that no request can have, for a key
// that would go over a network without encryption, and for one with a line break. `whose`: "the
// model's server". No message has anything of the key.
absl::Status CheckService(absl::string_view whose, const std::string& url, absl::string_view key);

// What a service's errors become: Unavailable if another try may help (408, 429, 5xx, an error in
// the middle of an answer), PermissionDenied for a key that is not taken (401, 403), NotFound,
// InvalidArgument for a request that is refused, Unknown.
class ServiceErrors {
 public:
  enum class Words {
    // The server's words are told, on one line, 300 bytes of them at most.
    kQuoted,
    // They are not: they may repeat what somebody said.
    kLeftOut,
  };
  // `whose`: "the model's server"; has to outlive the object.
  ServiceErrors(absl::string_view whose, Words words) : whose_(whose), words_(words) {}

  // The error of a status that is no success. `words`: what the server says of it.
  absl::Status Of(int64_t http_status, absl::string_view words) const;
  // The error of an object in the forms that servers use: {"error": {"message": …, "code": …}},
  // {"error": "…"}, {"message": …}, {"detail": …}, or the inner object alone. `http_status` is a
  // success where the error is all that tells of it.
  absl::Status OfJson(const rapidjson::Value& object, int64_t http_status) const;
  // The error of an answer that broke off, and what it broke off with.
  absl::Status BrokenOff(absl::string_view words) const;

 private:
  const absl::string_view whose_;
  const Words words_;
};

}  // namespace parlance::pipeline

#endif  // PIPELINE_HTTP_SERVICE_H_
