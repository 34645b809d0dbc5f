#include "perf/explain/flame_graph.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "command/terminal/printable.h"
#include "google/protobuf/io/gzip_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "perf/explain/function_name.h"
#include "perf/explain/pprof.pb.h"

namespace perf {
namespace {

// What a node costs itself.
double SelfOf(const CallNode& node) {
  double self = node.after;
  for (const CallNode& child : node.children) self -= child.after;
  return std::max(0.0, self);
}

// XML has no place for U+FFFE and U+FFFF, not even as references.
std::string XmlText(absl::string_view text) {
  return absl::StrReplaceAll(command::PrintableLine(text), {{"&", "&amp;"},
                                                            {"<", "&lt;"},
                                                            {">", "&gt;"},
                                                            {"\"", "&quot;"},
                                                            {"'", "&#39;"},
                                                            {"\xEF\xBF\xBE", "\\ufffe"},
                                                            {"\xEF\xBF\xBF", "\\uffff"}});
}

// How many levels a tree has.
int DepthOf(const CallNode& node) {
  int depth = 0;
  for (const CallNode& child : node.children) depth = std::max(depth, DepthOf(child));
  return depth + 1;
}

class Drawing {
 public:
  Drawing(const CallNode& root, absl::string_view title)
      : root_(root), title_(XmlText(title)), depth_(DepthOf(root)) {}

  std::string Draw() {
    const int height = kTop + depth_ * kRow + kBottom;
    absl::StrAppend(
        &svg_, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ", kWidth, " ", height,
        "\" width=\"", kWidth, "\" height=\"", height, "\" role=\"img\">\n<title>", title_,
        "</title>\n<style>text { font: 12px sans-serif; fill: #1b1f24; } "
        "rect { stroke: #ffffff; } rect.inlined { stroke: #59636e; stroke-dasharray: 3 2; "
        "}</style>\n"
        "<rect width=\"",
        kWidth, "\" height=\"", height, "\" fill=\"#ffffff\"/>\n<text x=\"", kMargin,
        "\" y=\"20\">", title_, "</text>\n<text x=\"", kMargin, "\" y=\"38\">",
        absl::StrFormat("%.0f", root_.after),
        " instructions an iteration; a box is as wide as a function costs with what it calls; "
        "dashed: inlined</text>\n");
    if (root_.after > 0) DrawNode(root_, kMargin, 0);
    absl::StrAppend(&svg_, "</svg>\n");
    return std::move(svg_);
  }

 private:
  void DrawNode(const CallNode& node, double x, int level) {
    const double width = node.after / root_.after * (kWidth - 2 * kMargin);
    // Nobody sees less.
    if (width < 0.3) return;
    const int y = kTop + (depth_ - 1 - level) * kRow;
    const std::string percent = absl::StrFormat("%.1f %%", node.after / root_.after * 100);
    absl::StrAppendFormat(&svg_,
                          "<g><title>%s%s: %s instructions an iteration, %s</title>"
                          "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"%s/>",
                          XmlText(node.function), node.inlined ? " (inlined)" : "",
                          node.after < 100 ? absl::StrFormat("%.3g", node.after)
                                           : absl::StrFormat("%.0f", node.after),
                          percent, x, y, width, kRow - 1, Colour(node.function),
                          node.inlined ? " class=\"inlined\"" : "");
    // A character of this font is some 7 wide.
    const auto room = static_cast<size_t>(std::max(0.0, (width - 8) / 7));
    std::string text = absl::StrCat(ShortFunctionName(node.function), " ", percent);
    if (text.size() > room) text = ShortFunctionName(node.function);
    if (text.size() > room) text = room > 2 ? command::CutText(text, room - 1) : "";
    if (!text.empty()) {
      absl::StrAppendFormat(&svg_, "<text x=\"%.1f\" y=\"%d\">%s</text>", x + 4, y + kRow - 6,
                            XmlText(text));
    }
    absl::StrAppend(&svg_, "</g>\n");
    for (const CallNode& child : node.children) {
      DrawNode(child, x, level + 1);
      x += child.after / root_.after * (kWidth - 2 * kMargin);
    }
  }

  // One of a few warm colours, the same for a function wherever it is; they mean nothing.
  static absl::string_view Colour(const std::string& function) {
    constexpr absl::string_view kColours[] = {"#f6c177", "#f2a65a", "#f4b393",
                                              "#f7d08a", "#eab676", "#f0c5a0"};
    uint32_t sum = 0;
    for (const char c : function) sum = sum * 31 + static_cast<unsigned char>(c);
    return kColours[sum % std::size(kColours)];
  }

  static constexpr int kWidth = 1200;
  static constexpr int kMargin = 10;
  static constexpr int kRow = 19;
  static constexpr int kTop = 50;
  static constexpr int kBottom = 10;

  const CallNode& root_;
  const std::string title_;
  const int depth_;
  std::string svg_;
};

void Fold(const CallNode& node, std::vector<std::string>& path, std::string& folded) {
  // A semicolon stands between frames.
  path.push_back(absl::StrReplaceAll(command::PrintableLine(node.function), {{";", ":"}}));
  const double self = std::round(SelfOf(node));
  if (self >= 1) {
    absl::StrAppend(&folded, absl::StrJoin(path, ";"), " ", absl::StrFormat("%.0f", self), "\n");
  }
  for (const CallNode& child : node.children) Fold(child, path, folded);
  path.pop_back();
}

class PprofBuilder {
 public:
  std::string Build(const CallNode& root) {
    Text("");
    pprof::ValueType& type = *profile_.add_sample_type();
    type.set_type(Text("instructions"));
    type.set_unit(Text("count"));
    Add(root);
    std::string bytes;
    {
      google::protobuf::io::StringOutputStream stream(&bytes);
      google::protobuf::io::GzipOutputStream compressed(&stream);
      // Writing into a string cannot fail.
      static_cast<void>(profile_.SerializeToZeroCopyStream(&compressed));
      static_cast<void>(compressed.Close());
    }
    return bytes;
  }

 private:
  int64_t Text(const std::string& text) {
    const auto [found, inserted] = texts_.try_emplace(text, profile_.string_table_size());
    if (inserted) profile_.add_string_table(text);
    return found->second;
  }

  uint64_t LocationOf(const std::string& function) {
    const auto [found, inserted] = locations_.try_emplace(function, locations_.size() + 1);
    if (!inserted) return found->second;
    pprof::Function& added = *profile_.add_function();
    added.set_id(found->second);
    added.set_name(Text(command::PrintableLine(function)));
    added.set_system_name(added.name());
    pprof::Location& location = *profile_.add_location();
    location.set_id(found->second);
    location.add_line()->set_function_id(found->second);
    return found->second;
  }

  void Add(const CallNode& node) {
    path_.push_back(LocationOf(node.function));
    const double self = std::round(SelfOf(node));
    if (self >= 1) {
      pprof::Sample& sample = *profile_.add_sample();
      sample.mutable_location_id()->Add(path_.rbegin(), path_.rend());
      sample.add_value(static_cast<int64_t>(self));
    }
    for (const CallNode& child : node.children) Add(child);
    path_.pop_back();
  }

  pprof::Profile profile_;
  std::map<std::string, int64_t> texts_;
  std::map<std::string, uint64_t> locations_;
  std::vector<uint64_t> path_;
};

}  // namespace

std::string FlameGraphSvg(const CallNode& root, absl::string_view title) {
  return Drawing(root, title).Draw();
}

std::string FoldedStacks(const CallNode& root) {
  std::vector<std::string> path;
  std::string folded;
  Fold(root, path, folded);
  return folded;
}

std::string PprofProfile(const CallNode& root) { return PprofBuilder().Build(root); }

}  // namespace perf
