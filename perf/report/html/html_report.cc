#include "perf/report/html/html_report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/util/json_util.h"
#include "perf/explain/explanation.pb.h"
#include "perf/report/html/html_text.h"
#include "perf/report/html/page_text.h"
#include "perf/report/report_words.h"
#include "perf/stats/figure_text.h"

namespace perf {
namespace {

// At most this many of a kind are listed as what needs somebody; the table has all.
constexpr size_t kMaxShown = 25;

// A symbol of the report's words as pages show it: not every machine has a font with coloured ones.
std::string PageSymbols(absl::string_view text) {
  return absl::StrReplaceAll(text, {{Symbol(IMPROVED), "▲"}});
}

// "✗ Red" with its colour. The symbol is for the eye alone, as the word says the same.
std::string Badge(absl::string_view key, absl::string_view symbol, absl::string_view word) {
  return absl::StrCat("<span class=\"badge v-", key, "\"><span aria-hidden=\"true\">",
                      PageSymbols(symbol), "</span> ", HtmlText(word), "</span>");
}

std::string Paragraph(absl::string_view style, absl::string_view text) {
  if (text.empty()) return "";
  return absl::StrCat("<p class=\"", style, "\">", HtmlText(text), "</p>\n");
}

std::string CommandBlock(absl::string_view command) {
  if (command.empty()) return "";
  return absl::StrCat("<div class=\"command\"><code>", HtmlText(command), "</code></div>\n");
}

std::string LinkTo(absl::string_view name, absl::string_view title) {
  return absl::StrCat("<a href=\"#m=", FragmentText(name), "\">", HtmlText(title), "</a>");
}

// One thing that needs somebody.
struct Card {
  // How it is coloured: a verdict's key.
  std::string key;
  std::string badge;
  // The measurement that it is about; empty if it is about none, or several.
  std::string name;
  // HTML.
  std::string title;
  std::string body;
};

std::string CardHtml(const Card& card) {
  return absl::StrCat(
      "<li class=\"card v-", card.key, "\"",
      card.name.empty() ? "" : absl::StrCat(" data-name=\"", HtmlText(card.name), "\""), ">\n<h3>",
      card.badge, " ", card.title, "</h3>\n", card.body, "</li>\n");
}

Card CardOf(const MeasurementResult& result) {
  const std::string key = VerdictKey(result.verdict());
  Card card = {.key = key,
               .badge = Badge(key, Symbol(result.verdict()), Words(result)),
               .name = result.name(),
               .title = LinkTo(result.name(), result.title()),
               .body = ""};
  if (const std::string change = ChangeText(result); !change.empty()) {
    absl::StrAppend(&card.title, " <span class=\"change\">", HtmlText(change), "</span>");
  }
  if (IsMissing(result)) {
    absl::StrAppend(&card.body, Paragraph("reason", MissingText(result)),
                    Paragraph("ask", AskText(result)));
    return card;
  }
  // Lines of what nobody has to act on are short.
  if (result.verdict() == ACCEPTED || result.verdict() == IMPROVED) {
    card.body = Paragraph("reason", AcceptanceText(result));
    return card;
  }
  absl::StrAppend(&card.body, "<p class=\"reason\"><code>", HtmlText(result.name()), "</code> ",
                  HtmlText(FiguresText(result)), "</p>\n");
  if (result.has_growth()) absl::StrAppend(&card.body, Paragraph("reason", GrowthText(result)));
  const bool is_explained = result.explanation().cause() != CAUSE_NOT_EXPLAINED;
  absl::StrAppend(&card.body, Paragraph(is_explained ? "why" : "reason", WhyText(result)));
  absl::StrAppend(&card.body, Paragraph("reason", result.note()),
                  Paragraph("reason", AcceptanceText(result)));
  if (!result.noise().empty()) {
    absl::StrAppend(&card.body, Paragraph("reason", absl::StrCat("noisy: ", result.noise())));
  }
  absl::StrAppend(&card.body, Paragraph("ask", AskText(result)));
  if (result.has_unresolved()) {
    absl::StrAppend(&card.body, Paragraph("reason", UnresolvedText(result.unresolved())),
                    Paragraph("reason", absl::StrCat(SettleText(result.unresolved()), ":")));
  }
  absl::StrAppend(&card.body, CommandBlock(result.command()));
  return card;
}

Card CardOf(const RequirementResult& result) {
  const Requirement& requirement = result.requirement();
  const std::string key = IsMissed(result) ? "red" : "unresolved";
  return {.key = key,
          .badge = IsMissed(result) ? Badge(key, Symbol(RED), "Requirement missed")
                                    : Badge(key, Symbol(UNRESOLVED), "Requirement unresolved"),
          .name = requirement.measurement(),
          .title = LinkTo(requirement.measurement(), result.title()),
          .body = absl::StrCat(Paragraph("reason", RequirementText(result)),
                               Paragraph("reason", requirement.why()),
                               Paragraph("ask", AskText(result)), CommandBlock(result.command()))};
}

// The first of them; the rest are counted, with a link to the table of them if there is one.
void AddShown(const std::vector<Card>& cards, absl::string_view what, absl::string_view filter,
              std::string& html) {
  for (size_t i = 0; i < std::min(cards.size(), kMaxShown); ++i) {
    absl::StrAppend(&html, CardHtml(cards[i]));
  }
  if (cards.size() <= kMaxShown) return;
  const std::string more = absl::StrCat("… and ", cards.size() - kMaxShown, " more ", what);
  absl::StrAppend(&html, "<li class=\"more\">",
                  filter.empty() ? absl::StrCat(more, ", in performance_report.txt")
                                 : absl::StrCat("<a href=\"#verdict=", filter, "\">", more, "</a>"),
                  "</li>\n");
}

// Measurements with this verdict, the greatest change first.
std::vector<Card> CardsOf(const Report& report, Verdict verdict) {
  std::vector<const MeasurementResult*> found;
  for (const MeasurementResult& result : report.measurements()) {
    if (result.verdict() == verdict) found.push_back(&result);
  }
  absl::c_stable_sort(found, [](const MeasurementResult* one, const MeasurementResult* other) {
    return std::abs(one->change_percent()) > std::abs(other->change_percent());
  });
  std::vector<Card> cards;
  for (const MeasurementResult* result : found) cards.push_back(CardOf(*result));
  return cards;
}

// What was measured while the machine was noisy; none if it was quiet.
std::vector<Card> NoisyCards(const Report& report) {
  const std::map<std::string, int> reasons = NoiseByReason(report);
  if (reasons.empty()) return {};
  int all = 0;
  for (const auto& [reason, count] : reasons) all += count;
  std::string lines;
  size_t shown = 0;
  for (const auto& [reason, count] : reasons) {
    if (++shown > kMaxShown) break;
    absl::StrAppend(
        &lines,
        Paragraph("reason", reasons.size() == 1 ? reason : absl::StrCat(count, ": ", reason)));
  }
  return {{.key = "unresolved",
           .badge = Badge("unresolved", Symbol(UNRESOLVED), "Noisy"),
           .name = "",
           .title = absl::StrCat("<a href=\"#verdict=noisy\">", all,
                                 all == 1 ? " measurement" : " measurements", "</a>"),
           .body = std::move(lines)}};
}

// Acceptances that somebody has to do something about.
std::vector<Card> ReminderCards(const Report& report) {
  std::vector<Card> cards;
  for (const MeasurementResult& result : report.measurements()) {
    const std::string reminder = ReminderText(result);
    if (reminder.empty()) continue;
    cards.push_back(
        {.key = "accepted",
         .badge = Badge("accepted", Symbol(ACCEPTED), "Acceptance"),
         .name = result.name(),
         .title = LinkTo(result.name(), result.title()),
         .body = absl::StrCat(Paragraph("reason", reminder), Paragraph("ask", AskText(result)))});
  }
  return cards;
}

std::string Cards(const Report& report) {
  std::vector<Card> errors;
  for (const std::string& error : report.errors()) {
    errors.push_back({.key = "red",
                      .badge = Badge("red", Symbol(RED), "Could not measure"),
                      .name = "",
                      .title = "",
                      .body = Paragraph("reason output", error)});
  }
  std::vector<Card> missed;
  std::vector<Card> unresolved;
  for (const RequirementResult& result : report.requirements()) {
    if (IsMissed(result)) missed.push_back(CardOf(result));
    if (IsUnresolved(result)) unresolved.push_back(CardOf(result));
  }
  std::string html;
  AddShown(errors, "that could not be measured", "", html);
  AddShown(missed, "requirements missed", "requirement-missed", html);
  AddShown(CardsOf(report, RED), "red", "red", html);
  const std::vector<Card> missing = CardsOf(report, MISSING);
  AddShown(missing, "missing", "missing", html);
  if (!missing.empty()) {
    absl::StrAppend(&html, "<li class=\"more\">", HtmlText(AboutMissing(report)), "</li>\n");
  }
  AddShown(CardsOf(report, YELLOW), "yellow", "yellow", html);
  AddShown(unresolved, "requirements that are unresolved", "", html);
  AddShown(CardsOf(report, UNRESOLVED), "unresolved", "unresolved", html);
  AddShown(CardsOf(report, NOT_COMPARABLE), "that cannot be compared", "not-comparable", html);
  AddShown(ReminderCards(report), "acceptances", "", html);
  AddShown(NoisyCards(report), "noisy", "noisy", html);
  return html;
}

// What it means that nothing needs anybody.
std::string NothingNeeded(const Report& report) {
  const ReportCounts counts = CountsOf(report);
  std::string text = "Nothing needs you: ";
  const int compared = counts.measured - counts.without_baseline;
  if (compared > 0) {
    absl::StrAppend(&text, "of ", compared,
                    compared == 1 ? " measurement that was" : " measurements that were",
                    " compared, none is worse beyond its line");
    if (counts.accepted > 0) {
      absl::StrAppend(&text, ", but for ", counts.accepted,
                      counts.accepted == 1 ? " that is accepted" : " that are accepted");
    }
  } else {
    absl::StrAppend(&text, "nothing was compared, as there is no baseline yet");
  }
  if (counts.requirements > 0) {
    absl::StrAppend(&text,
                    counts.requirements == 1
                        ? ", and the one requirement is met"
                        : absl::StrCat(", and all ", counts.requirements, " requirements are met"));
  }
  return absl::StrCat(text, ".");
}

std::string NeedsYou(const Report& report) {
  const std::string cards = Cards(report);
  return absl::StrCat(
      "<section id=\"needs-you\" aria-labelledby=\"needs-you-title\">\n"
      "<h2 id=\"needs-you-title\">What needs you</h2>\n",
      cards.empty()
          ? absl::StrCat("<p class=\"nothing\"><span aria-hidden=\"true\">✓</span> ",
                         HtmlText(NothingNeeded(report)), "</p>\n")
          : absl::StrCat("<p id=\"needs-you-filtered\" class=\"nothing\" hidden>Of what "
                         "the filters show, nothing needs you.</p>\n<ul class=\"cards\">\n",
                         cards, "</ul>\n"),
      "</section>\n");
}

// What nobody has to act on, a line for each, in a section of its own; nothing if there is none.
std::string LinesSection(const Report& report, Verdict verdict) {
  const std::vector<Card> cards = CardsOf(report, verdict);
  if (cards.empty()) return "";
  const std::string key = VerdictKey(verdict);
  std::string html = absl::StrCat("<section aria-labelledby=\"", key, "-title\">\n<h2 id=\"", key,
                                  "-title\">", Word(verdict), "</h2>\n<ul class=\"lines\">\n");
  for (size_t i = 0; i < std::min(cards.size(), kMaxShown); ++i) {
    absl::StrAppend(&html, "<li data-name=\"", HtmlText(cards[i].name), "\">", cards[i].badge, " ",
                    cards[i].title, cards[i].body, "</li>\n");
  }
  if (cards.size() > kMaxShown) {
    absl::StrAppend(&html, "<li class=\"more\"><a href=\"#verdict=", key, "\">… and ",
                    cards.size() - kMaxShown, " more</a></li>\n");
  }
  return absl::StrCat(html, "</ul>\n</section>\n");
}

// A count of the summary, which shows what it counts.
std::string CountLink(absl::string_view key, absl::string_view symbol, int count,
                      absl::string_view word) {
  return absl::StrCat("<li><a class=\"count v-", key, count == 0 ? " none" : "",
                      "\" href=\"#verdict=", key, "\" data-verdict=\"", key,
                      "\"><span aria-hidden=\"true\">", PageSymbols(symbol), "</span> <b>", count,
                      "</b> ", word, "</a></li>\n");
}

std::string CountLinks(const Report& report) {
  const ReportCounts counts = CountsOf(report);
  const int stable =
      static_cast<int>(absl::c_count_if(report.measurements(), [](const MeasurementResult& result) {
        return result.verdict() == STABLE;
      }));
  std::string html = absl::StrCat(
      "<nav aria-label=\"Measurements by verdict\">\n<ul class=\"counts\">\n"
      "<li><a class=\"count all\" href=\"#\" data-verdict=\"\"><b>",
      report.measurements_size(), "</b> measurements</a></li>\n");
  const auto always = [&](Verdict verdict, int count) {
    absl::StrAppend(&html, CountLink(VerdictKey(verdict), Symbol(verdict), count,
                                     absl::AsciiStrToLower(Word(verdict))));
  };
  const auto if_any = [&](absl::string_view key, Verdict symbol, int count,
                          absl::string_view word) {
    if (count > 0) absl::StrAppend(&html, CountLink(key, Symbol(symbol), count, word));
  };
  if_any("requirement-missed", RED, counts.requirements_missed,
         counts.requirements_missed == 1 ? "requirement missed" : "requirements missed");
  always(RED, counts.red);
  always(YELLOW, counts.yellow);
  always(IMPROVED, counts.improved);
  always(UNRESOLVED, counts.unresolved);
  always(MISSING, counts.missing);
  always(STABLE, stable);
  if_any("accepted", ACCEPTED, counts.accepted, "accepted");
  if_any("noisy", UNRESOLVED, counts.noisy, "noisy");
  if_any("not-comparable", NOT_COMPARABLE, counts.not_comparable, "not comparable");
  if_any("no-baseline", NO_BASELINE, counts.without_baseline - counts.not_comparable,
         "without baseline");
  return absl::StrCat(html, "</ul>\n</nav>\n");
}

std::string Header(const Report& report) {
  const ReportCounts counts = CountsOf(report);
  std::vector<std::string> about;
  if (counts.requirements > 0) {
    about.push_back(absl::StrCat(RequirementsMet(counts)));
  }
  about.push_back(absl::StrCat("Measured: ", Commit(report), ", ", Profile(report),
                               report.selection().empty() ? "" : ", ", report.selection()));
  about.push_back(absl::StrCat("Machine: ", report.machine()));
  about.push_back(GeneratedAt(report));
  const std::string key =
      absl::StrReplaceAll(absl::AsciiStrToLower(ConclusionWord(report)), {{" ", "-"}});
  std::string html = absl::StrCat(
      "<header class=\"conclusion v-", key, "\">\n<h1><span aria-hidden=\"true\">",
      PageSymbols(ConclusionSymbol(report)), "</span> ", ConclusionWord(report), "</h1>\n");
  absl::StrAppend(&html, "<ul class=\"about\">\n");
  for (const std::string& line : about) {
    absl::StrAppend(&html, "<li>", HtmlText(line), "</li>\n");
  }
  return absl::StrCat(html, "</ul>\n</header>\n");
}

// The form is of use only with the script, which shows it and fills it.
constexpr char kFilters[] =
    R"html(<form id="filters" role="search" aria-label="Filter measurements" hidden>
<label>Name <input type="search" id="filter-name" autocomplete="off" spellcheck="false" aria-keyshortcuts="/" placeholder="Part of a name or title"></label>
<label>Component <select id="filter-component"><option value="">all</option></select></label>
<label id="owner-label">Owner <select id="filter-owner"><option value="">all</option></select></label>
<label>Kind <select id="filter-kind"><option value="">all</option></select></label>
<label>Verdict <select id="filter-verdict"><option value="">all</option></select></label>
<button type="button" id="filter-clear">Clear</button>
<span id="shown" role="status"></span>
</form>
)html";

// Owners, each as a link to what is theirs.
std::string OwnerLinks(const Owners& owners) {
  return absl::StrJoin(owners, ", ", [](std::string* html, const std::string& owner) {
    absl::StrAppend(html, "<a href=\"#owner=", FragmentText(owner), "\">", HtmlText(owner), "</a>");
  });
}

std::string Components(const Report& report) {
  if (report.components().empty()) return "";
  const bool has_owners = HasOwners(report);
  std::string html = absl::StrCat(
      "<section aria-labelledby=\"components-title\">\n<h2 "
      "id=\"components-title\">Components</h2>\n"
      "<div class=\"wide\"><table class=\"components\">\n<thead><tr><th "
      "scope=\"col\">Component</th>"
      "<th scope=\"col\">Status</th><th scope=\"col\" class=\"number\">Measured</th>"
      "<th scope=\"col\">Requirements</th>",
      has_owners ? "<th scope=\"col\">Owners</th>" : "",
      "<th scope=\"col\">Remarkable</th></tr></thead>\n<tbody>\n");
  for (const ComponentStatus& status : report.components()) {
    absl::StrAppend(
        &html, "<tr><th scope=\"row\"><a href=\"#component=", FragmentText(status.component()),
        "\">", HtmlText(status.component()), "</a></th><td>",
        HtmlText(PageSymbols(StatusText(status.status()))), "</td><td class=\"number\">",
        status.num_measurements(), "</td><td>",
        status.num_requirements() == 0 ? "none"
                                       : absl::StrCat(status.num_requirements_met(), " of ",
                                                      status.num_requirements(), " met"),
        "</td><td>", has_owners ? absl::StrCat(OwnerLinks(status.owners()), "</td><td>") : "",
        absl::StrJoin(RemarkableParts(status), ", "), "</td></tr>\n");
  }
  return absl::StrCat(html, "</tbody>\n</table></div>\n</section>\n");
}

// Chains of stages as tables, beside which the script draws them.
std::string Chains(const PageData& data) {
  std::string html;
  for (int i = 0; i < data.chains_size(); ++i) {
    const PageChain& chain = data.chains(i);
    absl::StrAppend(
        &html, "<section class=\"chain\" aria-labelledby=\"chain-title-", i,
        "\">\n<h2 id=\"chain-title-", i, "\">", HtmlText(chain.title()),
        "</h2>\n<div class=\"picture\" data-chain=\"", i,
        "\"></div>\n<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">Stage</th>"
        "<th scope=\"col\" class=\"number\">Median</th><th scope=\"col\" class=\"number\">95th "
        "percentile</th><th scope=\"col\" class=\"number\">99th percentile</th></tr></thead>\n"
        "<tbody>\n");
    const auto row = [&](int index, absl::string_view style) {
      const PageMeasurement& stage = data.measurements(index);
      absl::StrAppend(&html, "<tr class=\"", style, "\"><th scope=\"row\">",
                      LinkTo(stage.name(), stage.title()), "</th>");
      for (const double value : {stage.median(), stage.p95(), stage.p99()}) {
        absl::StrAppend(&html, "<td class=\"number\">", HtmlText(WithUnit(value, stage.unit())),
                        "</td>");
      }
      absl::StrAppend(&html, "</tr>\n");
    };
    for (const int stage : chain.stages()) row(stage, "stage");
    row(chain.total(), "total");
    absl::StrAppend(&html, "</tbody>\n</table></div>\n</section>\n");
  }
  return html;
}

std::string Row(const MeasurementResult& result, const PageMeasurement& page) {
  std::string verdict = Badge(page.verdict(), Symbol(result.verdict()), Words(result));
  if (page.misses_requirement()) {
    absl::StrAppend(&verdict, " ", Badge("red", Symbol(RED), "Requirement missed"));
  }
  if (!result.noise().empty()) {
    absl::StrAppend(&verdict, " ", Badge("unresolved", Symbol(UNRESOLVED), "Noisy"));
  }
  const bool has_median = result.count() > 0 && !IsMissing(result);
  return absl::StrCat(
      "<tr id=\"m=", HtmlText(result.name()), "\"><td>", verdict, "</td><th scope=\"row\">",
      LinkTo(result.name(), result.title()),
      result.title() == result.name() ? ""
                                      : absl::StrCat("<code>", HtmlText(result.name()), "</code>"),
      "</th><td class=\"number\">",
      HasPercentage(result) ? PercentText(result.change_percent()) : "",
      "</td><td class=\"glyph\"></td><td class=\"number\">",
      has_median ? HtmlText(WithUnit(result.median(), result.unit())) : "",
      "</td><td class=\"number\">",
      page.has_baseline_median() ? HtmlText(WithUnit(result.baseline_median(), result.unit())) : "",
      "</td><td>", HtmlText(result.component()), "</td><td>", page.kind(), "</td></tr>\n");
}

std::string Measurements(const Report& report, const PageData& data) {
  std::string html = absl::StrCat(
      "<section id=\"measurements\" aria-labelledby=\"all-title\">\n"
      "<h2 id=\"all-title\">Measurements</h2>\n"
      "<noscript><p>Without JavaScript there are no filters and no pictures; all figures are "
      "here.</p></noscript>\n"
      "<p id=\"no-match\" class=\"nothing\" role=\"status\" hidden></p>\n"
      "<details id=\"all\"><summary>All ",
      report.measurements_size(),
      report.measurements_size() == 1 ? " measurement" : " measurements",
      "</summary>\n<div class=\"wide\"><table class=\"measurements\">\n<thead><tr>"
      "<th scope=\"col\">Verdict</th><th scope=\"col\">Measurement</th>"
      "<th scope=\"col\" class=\"number\">Change</th>"
      "<th scope=\"col\" class=\"glyph\">worse · better</th>"
      "<th scope=\"col\" class=\"number\">Median</th><th scope=\"col\" class=\"number\">Baseline"
      "</th><th scope=\"col\">Component</th><th scope=\"col\">Kind</th></tr></thead>\n<tbody>\n");
  const std::vector<const MeasurementResult*> ordered = InOrderOfGravity(report);
  for (size_t i = 0; i < ordered.size(); ++i) {
    absl::StrAppend(&html, Row(*ordered[i], data.measurements(static_cast<int>(i))));
  }
  return absl::StrCat(html, "</tbody>\n</table></div>\n</details>\n</section>\n");
}

std::string Footer(const Report& report) {
  std::string html = "<footer>\n";
  if (const NextStep next = NextStepOf(report); !next.what.empty()) {
    absl::StrAppend(&html, "<h2>What to do next</h2>\n", Paragraph("reason", next.what),
                    CommandBlock(next.command));
  }
  if (!report.notes().empty()) {
    absl::StrAppend(&html, "<h2>Notes</h2>\n<ul>\n");
    for (const std::string& note : report.notes()) {
      absl::StrAppend(&html, "<li>", HtmlText(note), "</li>\n");
    }
    absl::StrAppend(&html, "</ul>\n");
  }
  const Environment& environment = report.environment();
  absl::StrAppend(
      &html, "<h2>Machine</h2>\n",
      Paragraph(
          "reason",
          absl::StrCat(
              report.machine(), ": ", environment.cpu_model(), ", ", environment.num_cpus(),
              environment.num_cpus() == 1 ? " CPU, " : " CPUs, ", environment.compiler(),
              environment.build_flags().empty() ? "" : ", built with ", environment.build_flags(),
              environment.kernel().empty() ? "" : ", kernel ", environment.kernel())));
  return absl::StrCat(html,
                      "<p id=\"keys\" hidden>Keys: <kbd>/</kbd> goes to the filter by name, "
                      "<kbd>Enter</kbd> opens a measurement, <kbd>Esc</kbd> closes it.</p>\n"
                      "</footer>\n");
}

// Data for the script. No text in it can end the element that it is in.
std::string Json(const PageData& data) {
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  // All texts are UTF-8, so there is nothing that could fail; a page without pictures is the worst.
  if (!google::protobuf::util::MessageToJsonString(data, &json, options).ok()) json = "{}";
  return absl::StrReplaceAll(json, {{"<", "\\u003c"}});
}

}  // namespace

std::string HtmlReport(const Report& report, const HtmlInputs& inputs) {
  const PageData data = MakePageData(report, inputs);
  return absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '",
      kPageStyleHash, "'; script-src '", kPageScriptHash,
      "'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      // Or else a browser asks the server for one.
      "<link rel=\"icon\" href=\"data:,\">\n<title>",
      ConclusionSymbol(report), " ", HtmlText(Conclusion(report)),
      " - performance report</title>\n", "<style>", kPageStyle, "</style>\n</head>\n<body>\n",
      Header(report), CountLinks(report), kFilters, "<main>\n", NeedsYou(report),
      LinesSection(report, ACCEPTED), LinesSection(report, IMPROVED), Chains(data),
      Measurements(report, data), Components(report), "</main>\n", Footer(report),
      "<script type=\"application/json\" id=\"data\">", Json(data), "</script>\n<script>",
      kPageScript, "</script>\n</body>\n</html>\n");
}

}  // namespace perf
