// The revisions of the Model Context Protocol that are spoken here.
#ifndef TOOLS_MCP_REVISIONS_H_
#define TOOLS_MCP_REVISIONS_H_

#include <algorithm>
#include <array>

#include "absl/strings/string_view.h"

namespace parlance::tools::mcp {

// The newest first: it is the one to ask for.
inline constexpr std::array<const char*, 4> kRevisions = {"2025-11-25", "2025-06-18", "2025-03-26",
                                                          "2024-11-05"};

// Revisions are dates; those before this one have batches of JSON-RPC.
inline constexpr absl::string_view kFirstRevisionWithoutBatches = "2025-06-18";

// In those before this one, an error has an id even if that of the request could not be read: null.
inline constexpr absl::string_view kFirstRevisionOfErrorsWithoutId = "2025-11-25";

inline bool IsKnownRevision(absl::string_view revision) {
  return std::find(kRevisions.begin(), kRevisions.end(), revision) != kRevisions.end();
}

}  // namespace parlance::tools::mcp

#endif  // TOOLS_MCP_REVISIONS_H_
