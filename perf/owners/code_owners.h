// CODEOWNERS: who owns which files of a repository, read as GitHub documents it
// (https://docs.github.com/articles/about-code-owners).
#ifndef PERF_OWNERS_CODE_OWNERS_H_
#define PERF_OWNERS_CODE_OWNERS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace perf {

// A longer file is not read, as GitHub does not load it either.
inline constexpr size_t kMaxCodeOwnersBytes = 3 * 1024 * 1024;

// The rules of one file. Copies are independent; const members may be called from several threads.
//
// A line is a pattern and its owners. The last pattern that matches a file counts, also if it names
// nobody, so that the file has no owners. Patterns are those of gitignore: `*` and `?` match within
// a name, `**` any number of folders; one with a slash at its beginning or in its middle is of the
// root, any other of any folder; one that ends in a slash matches what is in folders of that name.
// What matches a folder matches all that is in it, except where the last name is `*`: that is of
// the files of one folder. `\` takes its meaning from the character after it, such as a space. `#`
// begins a comment. Upper and lower case differ.
class CodeOwners {
 public:
  // Nobody owns anything.
  CodeOwners() = default;

  // Reads a whole file, whatever it holds. Lines that are none are skipped, and `problems` says
  // which: negation by `!`, ranges by `[ ]`, a pattern that begins with `\#`, and owners that are
  // neither @user, @organisation/team nor an address of mail. Of a file of more than
  // kMaxCodeOwnersBytes, nothing is read.
  static CodeOwners Parse(absl::string_view text);

  // The owners of a file, in the order of their line; none if nobody owns it. `path` is relative to
  // the repository's root: "audio/vad/BUILD.bazel".
  std::vector<std::string> OwnersOf(absl::string_view path) const;

  // Everybody whom a line names, sorted and each once.
  std::vector<std::string> Everybody() const;

  // "line 3: …", of at most 20 lines, and how many more there are.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  struct Rule {
    // The pattern as names, in which "**" is any number of them, also none.
    std::vector<std::string> names;
    std::vector<std::string> owners;
  };

  std::vector<Rule> rules_;
  std::vector<std::string> problems_;
};

}  // namespace perf

#endif  // PERF_OWNERS_CODE_OWNERS_H_
