#include "perf/owners/code_owners.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace perf {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string OwnersIn(const std::string& text, const std::string& path) {
  return absl::StrJoin(CodeOwners::Parse(text).OwnersOf(path), " ");
}

// After the example of GitHub's documentation, rule by rule.
constexpr char kExample[] = R"(# This is a comment.
# Each line is a file pattern followed by one or more owners.

*       @global-owner1 @global-owner2
*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/*  docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
/parts/ @octocat
/parts/github
)";

struct ExampleCase {
  std::string path;
  std::string owners;
};

TEST(CodeOwnersTest, ReadsTheExampleOfTheDocumentation) {
  for (const ExampleCase& one : std::vector<ExampleCase>{
           // The default, unless a later match takes precedence.
           {"README.md", "@global-owner1 @global-owner2"},
           {"src/deep/er/main.cc", "@global-owner1 @global-owner2"},
           {"main.js", "@js-owner"},
           {"src/deep/main.js", "@js-owner"},
           {"main.jsx", "@global-owner1 @global-owner2"},
           {"src/main.go", "docs@example.com"},
           {"src/a.txt", "@octo-org/octocats"},
           // The pattern is of the root, with what is below; the later **/logs takes it over.
           {"build/logs/a.log", "@octocat"},
           // The later /docs/ takes over what docs/* matches.
           {"docs/getting-started.md", "@doctocat"},
           {"docs/build-app/troubleshooting.md", "@doctocat"},
           {"apps/a.cc", "@octocat"},
           {"src/apps/deep/a.cc", "@octocat"},
           {"src/docs/a.cc", "@global-owner1 @global-owner2"},
           {"scripts/deploy", "@doctocat @octocat"},
           {"build/logs", "@octocat"},
           {"scripts/logs/x", "@octocat"},
           {"deeply/nested/logs/x", "@octocat"},
           {"parts/a.cc", "@octocat"},
           {"parts/github/a.cc", ""},
           {"parts/github", ""},
           {"parts/githubs", "@octocat"},
       }) {
    EXPECT_EQ(OwnersIn(kExample, one.path), one.owners) << one.path;
  }
  EXPECT_THAT(CodeOwners::Parse(kExample).problems(), IsEmpty());
  EXPECT_THAT(CodeOwners::Parse(kExample).Everybody(),
              ElementsAre("@doctocat", "@global-owner1", "@global-owner2", "@js-owner",
                          "@octo-org/octocats", "@octocat", "docs@example.com"));
}

struct PatternCase {
  std::string pattern;
  std::vector<std::string> matches;
  std::vector<std::string> others;
};

TEST(CodeOwnersTest, PatternsAreThoseOfGitignore) {
  for (const PatternCase& one : std::vector<PatternCase>{
           {"*", {"a", "a/b", "a/b/c.d", ".x"}, {}},
           {"**", {"a", "a/b"}, {}},
           {"/*", {"a", "a.b"}, {"a/b"}},
           {"/**", {"a", "a/b"}, {}},
           {"a", {"a", "a/b", "x/a", "x/a/b/c"}, {"ab", "x/ab", "b"}},
           {"a/", {"a/b", "x/a/b"}, {"a", "x/a"}},
           {"/a", {"a", "a/b"}, {"x/a", "ab"}},
           {"/a/", {"a/b", "a/b/c"}, {"a", "x/a/b"}},
           {"a/b", {"a/b", "a/b/c"}, {"x/a/b", "a/bc"}},
           {"a/*", {"a/b"}, {"a", "a/b/c", "x/a/b"}},
           {"a/**", {"a/b", "a/b/c"}, {"a", "x/a/b"}},
           {"**/a", {"a", "x/a", "x/y/a", "x/a/b"}, {"xa", "x/ab"}},
           {"**/a/b", {"a/b", "x/a/b", "x/y/a/b/c"}, {"a/x/b"}},
           {"a/**/b", {"a/b", "a/x/b", "a/x/y/b", "a/x/b/c"}, {"a", "b", "x/a/b", "a/bc"}},
           {"**/a/**", {"a/b", "x/a/b/c"}, {"a", "x/a"}},
           {"/a/*/c", {"a/b/c", "a/b/c/d"}, {"a/c", "a/b/b/c"}},
           {"*.js", {"a.js", "x/a.js", ".js", "a.js/b"}, {"a.jsx", "js"}},
           {"a*b*c", {"abc", "axbyc", "x/abbc"}, {"ab", "abcd"}},
           {"a?c",
            {"abc",
             "a\xC3\xA4"
             "c"},
            {"ac", "abbc", "a/c"}},
           {"/a.c", {"a.c"}, {"abc"}},
           {"a\\ b/c", {"a b/c"}, {"a", "b/c"}},
           {"\\*", {"*", "x/*"}, {"a"}},
           {"a#b", {"a#b"}, {"a"}},
           {"A", {"A"}, {"a"}},
           {"\xF0\x9F\x98\x80/", {"\xF0\x9F\x98\x80/a"}, {"a"}},
       }) {
    const CodeOwners owners = CodeOwners::Parse(absl::StrCat(one.pattern, " @o\n"));
    EXPECT_THAT(owners.problems(), IsEmpty()) << one.pattern;
    for (const std::string& path : one.matches) {
      EXPECT_THAT(owners.OwnersOf(path), SizeIs(1)) << one.pattern << " and " << path;
    }
    for (const std::string& path : one.others) {
      EXPECT_THAT(owners.OwnersOf(path), IsEmpty()) << one.pattern << " and " << path;
    }
  }
}

TEST(CodeOwnersTest, LinesMayEndAndBeIndentedInAnyWay) {
  const std::string text =
      "\xEF\xBB\xBF  /a/\t@x   @y\r\n\r\n \t# comment\r\n/b/ @z# no owner\n/c/ @w";
  const CodeOwners owners = CodeOwners::Parse(text);
  EXPECT_THAT(owners.OwnersOf("a/f"), ElementsAre("@x", "@y"));
  EXPECT_THAT(owners.OwnersOf("c/f"), ElementsAre("@w"));
  EXPECT_THAT(owners.problems(), ElementsAre("line 4: '@z#' is neither @user, @organisation/team "
                                             "nor an address of mail"));
}

TEST(CodeOwnersTest, WhatIsNoLineIsSkippedAndSaid) {
  const CodeOwners owners = CodeOwners::Parse(
      "* @default\n"
      "!/a/ @x\n"
      "\\#b @x\n"
      "/[ab]/ @x\n"
      "/a/ x\n"
      "/a/ @\n"
      "/a/ @a/b/c\n"
      "/a/ @x\x01\n"
      "/a\\\n"
      "/ @x\n"
      "a//b @x\n"
      "/a/ <script>alert(1)</script>@x.y\n");
  EXPECT_THAT(owners.OwnersOf("a/f"), ElementsAre("@default"));
  EXPECT_THAT(owners.OwnersOf("#b"), ElementsAre("@default"));
  EXPECT_THAT(
      owners.problems(),
      ElementsAre(
          "line 2: ! negates nothing here", "line 3: \\# begins no pattern here",
          "line 4: [ ] does not mean a range of characters here",
          "line 5: 'x' is neither @user, @organisation/team nor an address of mail",
          "line 6: '@' is neither @user, @organisation/team nor an address of mail",
          "line 7: '@a/b/c' is neither @user, @organisation/team nor an address of mail",
          "line 8: '@x\\x01' is neither @user, @organisation/team nor an address of mail",
          "line 9: the pattern ends in a backslash", "line 10: the pattern has an empty name",
          "line 11: the pattern has an empty name",
          "line 12: '<script>alert(1)</script>@x.y' is neither @user, @organisation/team nor an "
          "address of mail"));
}

TEST(CodeOwnersTest, IsBounded) {
  EXPECT_THAT(CodeOwners::Parse(std::string(kMaxCodeOwnersBytes + 1, '#')).problems(),
              ElementsAre("it has 3145729 bytes, and of more than 3145728 nothing is read"));
  std::string wrong;
  for (int i = 0; i < 100; ++i) wrong += "!a @x\n";
  EXPECT_THAT(CodeOwners::Parse(wrong).problems(), SizeIs(21));
  EXPECT_EQ(CodeOwners::Parse(wrong).problems().back(), "and 80 more lines");
  EXPECT_THAT(CodeOwners::Parse(absl::StrCat("* @", std::string(300, 'a'))).problems(), SizeIs(1));
  EXPECT_LT(CodeOwners::Parse(absl::StrCat("* ", std::string(3000, 'a'))).problems()[0].size(),
            150u);
}

// What would take for ever where each `*` is tried at each place.
TEST(CodeOwnersTest, ManyStarsTakeNoTime) {
  std::string pattern;
  std::string folders;
  for (int i = 0; i < 1000; ++i) {
    pattern += "a*";
    folders += "**/a/";
  }
  EXPECT_THAT(CodeOwners::Parse(pattern + "b @x").OwnersOf(std::string(5000, 'a')), IsEmpty());
  std::string path;
  for (int i = 0; i < 2000; ++i) path += "a/";
  EXPECT_THAT(CodeOwners::Parse(folders + "b @x").OwnersOf(path + "c"), IsEmpty());
}

// Neither text nor path may end the process; what they say does not matter here.
TEST(CodeOwnersTest, IsTotal) {
  const char bytes[] =
      "\\*?/#!@[] \t\n\r\xff"
      "a.";
  unsigned state = 1;
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    std::string path;
    for (int i = 0; i < 24; ++i) {
      state = state * 1664525 + 1013904223;
      text += bytes[(state >> 16) % (sizeof(bytes) - 1)];
      path += bytes[(state >> 24) % (sizeof(bytes) - 1)];
    }
    CodeOwners::Parse(absl::StrCat(text, " @x")).OwnersOf(path);
  }
  EXPECT_THAT(CodeOwners::Parse("* @x").OwnersOf(""), IsEmpty());
  EXPECT_THAT(CodeOwners().OwnersOf("a"), IsEmpty());
}

}  // namespace
}  // namespace perf
