// The page's style and script, page.css and page.js, as text that BUILD.bazel makes of them.
#ifndef PERF_REPORT_HTML_PAGE_TEXT_H_
#define PERF_REPORT_HTML_PAGE_TEXT_H_

namespace perf {

extern const char kPageStyle[];
extern const char kPageScript[];
// The hashes by which a Content-Security-Policy allows the style and the script: "sha256-…".
extern const char kPageStyleHash[];
extern const char kPageScriptHash[];

}  // namespace perf

#endif  // PERF_REPORT_HTML_PAGE_TEXT_H_
