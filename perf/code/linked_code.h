// Whether two programs that Bazel linked run the same code, apart from the harness that measures.
//
// A program is what its link was given: the parameter file that Bazel leaves beside it, and the
// object files, archives and other files which that names. Two links give the same code, and at
// most another layout of it, if all of this holds:
//
//   - The arguments are the same, in any order: flags, libraries of the distribution, what is
//     wrapped. Both programs are built on this machine, so its libraries are the same files.
//   - The objects are the same but for debug information (object_code.h), in any order and at any
//     path, and each is linked in the same way: always, or where it is asked for (--start-lib,
//     archives).
//   - Where several objects define a symbol and the definitions differ, the linker takes one by the
//     order, so the definitions have the same order.
//   - The programs have the same symbols of these objects, of the same sizes. So a member of a
//     library that is asked for in one program alone, by the harness, is seen.
//
// The harness is the suite's drivers and what they use of their package. It runs before, after and
// around what is measured, and changes how that is measured, not what; its own performance tests
// measure it. So its objects may differ, but not where they could take another's place. That is
// each symbol that the harness defines and so does another object (an inline function, a strong
// function ahead of a library's, a common symbol), or that the program gives to shared libraries
// (malloc, but not main): these have to be defined the same, with all of the harness that their
// definitions refer to. A function that only the harness has and the measured code calls, such as
// perf::Recorder's, is the harness. Static libraries of the distribution are not looked into:
// whichever copy of an inline function is linked there is made of headers of the distribution, too.
//
// Whatever is not understood counts, byte for byte: intermediate code, shared libraries, linker
// scripts. If there is any of it, the harness counts as well, as nobody can tell whose place it
// takes. A program without a parameter file that is surely its own is compared byte for byte. So a
// mistake here should cost a measurement that was not needed, and never one that was.
#ifndef PERF_CODE_LINKED_CODE_H_
#define PERF_CODE_LINKED_CODE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace perf {

enum class Sameness {
  // Byte for byte.
  kIdentical,
  // The programs differ, but not in anything that could change what is measured.
  kUnchangedCode,
  kChanged,
};

struct CodeComparison {
  Sameness sameness = Sameness::kIdentical;
  // The difference, in words for people. kUnchangedCode: what differs all the same, "the harness
  // (perf) and debug information". kChanged: what differs first, "audio/vad/neural_vad.o changed".
  std::string what;
};

// Reads files once each.
class LinkReader;

// Compares programs, and keeps what it has read of files, which must not change meanwhile. Not
// thread-safe.
class CodeComparer {
 public:
  // `harness`: the folder of the harness's objects below a build's output folder, "perf". Programs
  // in that folder have no harness. Empty if there is none.
  explicit CodeComparer(std::string harness);
  ~CodeComparer();

  // Both are canonical paths of programs. NotFound or Unavailable if one cannot be read.
  absl::StatusOr<CodeComparison> Compare(const std::string& one, const std::string& other);

 private:
  const std::string harness_;
  const std::unique_ptr<LinkReader> reader_;
};

// Whether the file, a canonical path, is a program that Bazel linked with a parameter file that
// CodeComparer reads.
bool HasLinkParameters(const std::string& program);

// Whether two files are the same byte for byte. Unavailable if one cannot be read.
absl::StatusOr<bool> SameBytes(const std::string& one, const std::string& other);

}  // namespace perf

#endif  // PERF_CODE_LINKED_CODE_H_
