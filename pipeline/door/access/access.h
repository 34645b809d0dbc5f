// Decides who may connect.
//
//   without keys    whoever is on this machine
//   with keys       whoever has one
//
// and of browsers, which act for the pages that they show, those that show a page of ours.
//
// A key is given in `Authorization: Bearer KEY`, or, by browsers, which cannot set that header for
// a WebSocket, as the subprotocol `openai-insecure-api-key.KEY`. In the URL it would end up in the
// logs of proxies: it is refused there. No key is in any error.
//
// Threads: any. Source: RFC 6750, sections 2.1 and 5.3; RFC 6454, section 7; Twilio, "Security:
// validating requests".
#ifndef PIPELINE_DOOR_ACCESS_ACCESS_H_
#define PIPELINE_DOOR_ACCESS_ACCESS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "pipeline/door/access/api_keys.h"
#include "pipeline/door/socket/socket_address.h"
#include "pipeline/door/wire/http_request.h"
#include "pipeline/door/wire/http_response.h"

namespace parlance::pipeline::door {

// The beginning of a subprotocol that is a key. It is never answered.
inline constexpr absl::string_view kKeySubprotocol = "openai-insecure-api-key.";

// The name of whoever asks; empty if `keys` is null, which lets everybody in. Unauthenticated
// without a key or with one that nobody has, InvalidArgument for a key in the URL.
absl::StatusOr<std::string> Authenticate(const HttpRequest& request, const ApiKeys* keys);

// Whether the page that a browser shows may ask: PermissionDenied if not. What has no Origin is no
// browser. Allowed are the origins listed, such as "https://app.example" ("*" is all of them), and
// those whose host is the one that was asked, in numbers or as localhost. Another name has to be
// listed: whoever owns one may have it stand for this machine, and a page of theirs would be let in
// (DNS rebinding).
absl::Status CheckOrigin(const HttpRequest& request, absl::Span<const std::string> allowed);

// Whether it is right to listen at an address: InvalidArgument, with what to do, for one that is
// not of this machine alone, without keys.
absl::Status CheckListening(const SocketAddress& address, bool has_keys);

// Whether Twilio has signed a request, by the account's token: in constant time. `url` is as Twilio
// calls it, with its query; `parameters` are those of a form that was posted, in any order, and
// none for a WebSocket.
bool IsSignedByTwilio(absl::string_view url,
                      std::vector<std::pair<std::string, std::string>> parameters,
                      absl::string_view auth_token, absl::string_view signature);

// The response to an error of these: 400, 401, 403, 429, or 503.
HttpResponse RefusalOf(const absl::Status& status);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_ACCESS_ACCESS_H_
