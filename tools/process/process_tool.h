// A tool that is a program: run in a child process, for what is not trusted or may hang.
//
// The program reads the arguments, a JSON text, from its standard input until its end, writes the
// result, one JSON value, to its standard output, and exits with 0. Any other exit is an answer,
// too: the call fails with the last line that it wrote to its standard error; 75 (EX_TEMPFAIL,
// sysexits.h) says that another attempt may succeed. Whatever it has started is not waited for. If
// the result is an object with a string named "text", that is what is said aloud.
//
// When its call ends, however it ends, the program is killed with all that it has started.
#ifndef TOOLS_PROCESS_PROCESS_TOOL_H_
#define TOOLS_PROCESS_PROCESS_TOOL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tools/process/child_process.h"
#include "tools/tool_definition.h"

namespace parlance::tools {

struct ProcessToolOptions {
  // The program, sought in PATH, and its arguments. No shell reads them.
  std::vector<std::string> words = {};
  // Variables in addition to this process's environment.
  std::vector<std::pair<std::string, std::string>> environment = {};
  // The folder in which it starts; empty means the current one.
  std::string directory = {};
  ProcessLimits limits = {.cpu_seconds = 10,
                          .memory_bytes = int64_t{1} << 30,
                          .open_files = 256,
                          .file_bytes = int64_t{64} << 20};
  // The most that a program may write to its standard output.
  size_t max_output_bytes = size_t{1} << 20;
};

// Returns a Tool::handler that runs the program. Errors of calls: Unknown if the program exits with
// a status that says so, Cancelled and DeadlineExceeded, and otherwise Unavailable: if there is no
// such program, if it is killed, if its result is too long or not JSON, and for the status 75.
ToolHandler ProcessHandler(ProcessToolOptions options);

}  // namespace parlance::tools

#endif  // TOOLS_PROCESS_PROCESS_TOOL_H_
