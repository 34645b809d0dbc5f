// tool validate: values against JSON Schemas.
#ifndef TOOLS_VALIDATE_COMMAND_H_
#define TOOLS_VALIDATE_COMMAND_H_

#include <string>
#include <vector>

namespace parlance::tools {

// Reads the flags --schema, --instance and --batch; takes no arguments. Returns the exit code.
int ValidateCommand(const std::vector<std::string>& arguments);

}  // namespace parlance::tools

#endif  // TOOLS_VALIDATE_COMMAND_H_
