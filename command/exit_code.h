// The exit codes of all our programs: one rule, so that a script can rely on it without reading
// which program it calls.
#ifndef COMMAND_EXIT_CODE_H_
#define COMMAND_EXIT_CODE_H_

namespace command {

// It was done, and where it answers a question, the answer is yes.
inline constexpr int kDone = 0;
// It was done, and the answer is no: a value is invalid, a measurement is red, nothing was found.
inline constexpr int kNo = 1;
// It could not be done, or the command line is wrong.
inline constexpr int kFailed = 2;

}  // namespace command

#endif  // COMMAND_EXIT_CODE_H_
