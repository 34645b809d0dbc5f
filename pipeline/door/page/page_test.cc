// The files of the page: that all are there which it asks for, and that a strict policy allows
// them.
#include "pipeline/door/page/page.h"

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "pipeline/door/page/page_file.h"

namespace parlance::pipeline::door {
namespace {

using testing::Contains;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using testing::StartsWith;

const PageFile& Find(absl::string_view path) {
  for (const PageFile& file : PageFiles()) {
    if (file.path == path) return file;
  }
  ADD_FAILURE() << "there is no " << path;
  static const PageFile none = {};
  return none;
}

std::vector<std::string> Paths() {
  std::vector<std::string> paths;
  for (const PageFile& file : PageFiles()) paths.emplace_back(file.path);
  return paths;
}

// What stands between `before` and the next `after`, each time.
std::vector<std::string> Between(absl::string_view text, absl::string_view before,
                                 absl::string_view after) {
  std::vector<std::string> found;
  for (size_t at = text.find(before); at != absl::string_view::npos; at = text.find(before, at)) {
    at += before.size();
    found.emplace_back(text.substr(at, text.find(after, at) - at));
  }
  return found;
}

TEST(PageTest, FilesAreWhatTheirTypesSay) {
  EXPECT_EQ(Find("/").content_type, "text/html; charset=utf-8");
  EXPECT_THAT(std::string(Find("/").body), StartsWith("<!doctype html>"));
  EXPECT_EQ(Find("/style.css").content_type, "text/css; charset=utf-8");
  EXPECT_EQ(Find("/app.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(Find("/icon.svg").content_type, "image/svg+xml");
  EXPECT_THAT(std::string(Find("/icon.svg").body), StartsWith("<svg"));
  for (const PageFile& file : PageFiles()) {
    EXPECT_FALSE(file.body.empty()) << file.path;
    EXPECT_THAT(std::string(file.body), EndsWith("\n")) << file.path << " is cut short";
  }
}

TEST(PageTest, AllThatIsAskedForIsThere) {
  const std::vector<std::string> paths = Paths();
  std::set<std::string> asked;
  for (const PageFile& file : PageFiles()) {
    for (const std::string& name : Between(file.body, " from './", "'")) {
      asked.insert(absl::StrCat("/", name));
    }
  }
  for (const char* const before :
       {" src=\"", "rel=\"icon\" href=\"", "rel=\"stylesheet\" href=\""}) {
    for (const std::string& name : Between(Find("/").body, before, "\"")) {
      asked.insert(absl::StrCat("/", name));
    }
  }
  for (const std::string& name : Between(Find("/player.js").body, "['", "'].map((name) =>")) {
    for (const absl::string_view worklet : absl::StrSplit(name, "', '")) {
      asked.insert(absl::StrCat("/", worklet));
    }
  }
  EXPECT_THAT(asked, Contains("/capture_worklet.js"));
  EXPECT_THAT(asked, Contains("/player_worklet.js"));
  EXPECT_THAT(asked, Contains("/resampler.js"));
  EXPECT_THAT(paths, IsSupersetOf(asked));
}

// default-src 'self' would stop these.
TEST(PageTest, NothingIsWithinThePageOrFromElsewhere) {
  const absl::string_view html = Find("/").body;
  EXPECT_THAT(Between(html, "<style", ">"), IsEmpty());
  EXPECT_THAT(Between(html, " style=", ">"), IsEmpty());
  EXPECT_THAT(Between(html, " onclick=", ">"), IsEmpty());
  for (const std::string& script : Between(html, "<script", "</script>")) {
    EXPECT_THAT(script, testing::EndsWith("\">")) << "a script within the page";
  }
  for (const PageFile& file : PageFiles()) {
    const std::string body(file.body);
    EXPECT_THAT(body, Not(HasSubstr("innerHTML"))) << file.path;
    EXPECT_THAT(body, Not(HasSubstr("eval("))) << file.path;
    EXPECT_THAT(body, Not(HasSubstr("src=\"http"))) << file.path;
    EXPECT_THAT(body, Not(HasSubstr("url("))) << file.path;
  }
}

}  // namespace
}  // namespace parlance::pipeline::door
