// What a response that libcurl receives is coded with. Requests here ask for no coding, so a
// response that has one all the same would be taken for its own content.
//
// Threads: whichever uses the handle.
#ifndef THIRD_PARTY_CONTENT_CODING_H_
#define THIRD_PARTY_CONTENT_CODING_H_

#include <curl/curl.h>

#include <optional>
#include <string>

namespace content_coding {

// What is wrong, for a message, if the response has a content coding other than "identity"
// (RFC 9110, section 8.4). Its head has to have come.
std::optional<std::string> WhatIsWrong(CURL* easy);

}  // namespace content_coding

#endif  // THIRD_PARTY_CONTENT_CODING_H_
