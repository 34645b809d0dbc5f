// A file that a browser is given.
#ifndef PIPELINE_DOOR_PAGE_PAGE_FILE_H_
#define PIPELINE_DOOR_PAGE_PAGE_FILE_H_

#include "absl/strings/string_view.h"

namespace parlance::pipeline::door {

struct PageFile {
  // Such as "/app.js"; "/" is the page itself.
  absl::string_view path;
  // The type, as the header Content-Type has it.
  absl::string_view content_type;
  absl::string_view body;
};

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_PAGE_PAGE_FILE_H_
