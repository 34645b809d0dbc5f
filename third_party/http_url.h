// A URL of http or https as libcurl reads it, and so as a request to it will go: where it leads,
// and what may be told of it.
//
// Threads: any. Nothing here waits, and no name is looked up.
#ifndef THIRD_PARTY_HTTP_URL_H_
#define THIRD_PARTY_HTTP_URL_H_

#include <string>

#include "absl/status/statusor.h"

namespace http_url {

struct Url {
  // "http" or "https".
  std::string scheme = {};
  // A name or an address; one of IPv6 is in brackets.
  std::string host = {};
  // The scheme, the host and, if the URL has one, the port. Messages have this and nothing else of
  // a URL: names, passwords, paths and queries may be secrets.
  std::string origin = {};
  // The path, from the first / up to the query; "/" if the URL has none.
  std::string path = {};
  // Whether there is a name or a password before the host.
  bool has_credentials = false;
  // Whether the host is this machine itself, whatever a name server says: "localhost", or an
  // address in 127.0.0.0/8 or ::1.
  bool is_this_machine = false;
};

// InvalidArgument, without a word of the URL, if it is none of http or https.
absl::StatusOr<Url> Read(const std::string& url);

}  // namespace http_url

#endif  // THIRD_PARTY_HTTP_URL_H_
