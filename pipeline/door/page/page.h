// The page that people talk to the agent with, as the files that a browser asks for.
//
// All that it loads is among them, and none has a script or a style within: it works under the
// Content-Security-Policy "default-src 'self'". It connects to v1/realtime beside it, and to
// nothing else.
//
// Threads: any. The files are part of the program.
#ifndef PIPELINE_DOOR_PAGE_PAGE_H_
#define PIPELINE_DOOR_PAGE_PAGE_H_

#include "absl/types/span.h"
#include "pipeline/door/page/page_file.h"

namespace parlance::pipeline::door {

absl::Span<const PageFile> PageFiles();

}  // namespace parlance::pipeline::door

#endif  // PIPELINE_DOOR_PAGE_PAGE_H_
