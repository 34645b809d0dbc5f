// How a request becomes a WebSocket connection, as a server decides it. Extensions are declined by
// not answering them.
//
// Threads: any. Source: RFC 6455, section 4.2; RFC 9110, section 7.8.
#ifndef PIPELINE_DOOR_WIRE_WEBSOCKET_HANDSHAKE_H_
#define PIPELINE_DOOR_WIRE_WEBSOCKET_HANDSHAKE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "pipeline/door/wire/http_request.h"
#include "pipeline/door/wire/http_response.h"

namespace parlance::pipeline::door {

// Whether a request asks for a WebSocket connection, rightly or not.
bool AsksForWebSocket(const HttpRequest& request);

// What is wrong with such a request, as the response that says so: 400, 405, or 426 for another
// version than 13. Nullopt if nothing is.
std::optional<HttpResponse> RefuseHandshake(const HttpRequest& request);

// The subprotocols that the client offers, in its order; what is no token is left out.
std::vector<std::string> OfferedSubprotocols(const HttpRequest& request);

// Whether the client offers that one: byte for byte, as RFC 6455, section 4.2.2, has it.
bool OffersSubprotocol(const HttpRequest& request, absl::string_view name);

// Returns the answer of a server to a client's key, for Sec-WebSocket-Accept.
std::string AcceptOfKey(absl::string_view key);

// The response of status 101 for a request that RefuseHandshake has nothing against. `subprotocol`
// is one of those offered, or empty.
HttpResponse AcceptHandshake(const HttpRequest& request, absl::string_view subprotocol);

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_WIRE_WEBSOCKET_HANDSHAKE_H_
