// What reaches a terminal, character by character.

#include "cli/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "cli/bar_chart.h"
#include "cli/exit_code.h"
#include "cli/printable.h"
#include "cli/progress.h"
#include "cli/query_words.h"
#include "cli/result_table.h"
#include "cli/table.h"

namespace cloister::cli {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Scripts read these numbers; none of them may ever change.
TEST(ExitCodeOf, IsFrozen) {
  const std::vector<std::pair<Code, int>> table = {{Code::kInvalidArgument, 2},   {Code::kUnauthenticated, 4},
                                                   {Code::kPermissionDenied, 1},  {Code::kNotFound, 3},
                                                   {Code::kConflict, 1},          {Code::kFailedPrecondition, 1},
                                                   {Code::kRefused, 5},           {Code::kVerificationFailed, 7},
                                                   {Code::kResourceExhausted, 1}, {Code::kDeadlineExceeded, 124},
                                                   {Code::kCancelled, 2},         {Code::kUnavailable, 1},
                                                   {Code::kDataLoss, 1},          {Code::kInternal, 1}};
  for (const auto& [code, number] : table) EXPECT_EQ(static_cast<int>(ExitCodeOf(code)), number) << CodeName(code);
  EXPECT_EQ(static_cast<int>(ExitCode::kWaiting), 6);
  EXPECT_EQ(static_cast<int>(ExitCode::kBudgetExhausted), 8);
}

TEST(Printable, ShowsWhatATerminalWouldObeyOrHide) {
  EXPECT_EQ(Printable("Jos\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC"), "José 日本");
  EXPECT_EQ(Printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(Printable("a\nb\tc\rd"), "a\\nb\\tc\\x0dd");
  EXPECT_EQ(Printable("drop \xE2\x80\xAEtable"), "drop \\u202etable");  // right-to-left override
  EXPECT_EQ(Printable("pay\xE2\x80\x8Bpal"), "pay\\u200bpal");          // zero-width space
  EXPECT_EQ(Printable("\xC2\x9B"
                      "31m"),
            "\\x9b31m");  // C1 control sequence introducer
  EXPECT_EQ(Printable("bad \xff\xc3 utf-8"), "bad \\xff\\xc3 utf-8");
  EXPECT_EQ(PrintableLines("a\n\tb\x1b"), "a\n    b\\x1b");
}

TEST(Output, SpellsOutWhatOthersWroteWhereverItGoes) {
  std::ostringstream data, talk;
  Output out(data, talk, {});
  const std::string evil = "a\x1b[2J\xE2\x80\xAE\xC2\x9B" "b";
  out.Say(evil);
  out.Warn(evil);
  out.Fail({Code::kInternal, evil});
  out.Show({{"name", evil}});
  EXPECT_EQ(talk.str().find('\x1b'), std::string::npos);
  EXPECT_EQ((talk.str() + data.str()).find('\xE2'), std::string::npos);
  EXPECT_THAT(data.str(), HasSubstr("a\\x1b[2J\\u202e\\x9bb"));
}

TEST(Output, JsonIsTheSameJsonInLettersThatATerminalShows) {
  std::ostringstream data, talk;
  Output out(data, talk, {.format = OutputFormat::kJson});
  const codec::Json value = codec::JsonObject{{"name", "a\x1b\xE2\x80\xAE\xC2\x9B \xF3\xA0\x80\xA1 José"}};
  out.Json(value);
  EXPECT_EQ(codec::ParseJson(data.str()).value(), value);
  EXPECT_THAT(data.str(), HasSubstr("\\u202e\\u009b \\udb40\\udc21 José"));
}

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(DisplayWidth("abc"), 3U);
  EXPECT_EQ(DisplayWidth("日本"), 4U);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1U);
}

TEST(ChooseStyle, FollowsTheSurroundings) {
  const Surroundings terminal{
      .stdout_is_terminal = true, .stderr_is_terminal = true, .term = "xterm", .locale = "C.UTF-8"};
  EXPECT_TRUE(ChooseStyle({}, terminal).colour);
  EXPECT_TRUE(ChooseStyle({}, terminal).unicode);
  EXPECT_FALSE(ChooseStyle({.no_color = true}, terminal).colour);
  EXPECT_FALSE(ChooseStyle({.json = true}, terminal).colour);
  EXPECT_FALSE(ChooseStyle({.quiet = true}, terminal).animate);
  Surroundings dumb = terminal;
  dumb.term = "dumb";
  EXPECT_FALSE(ChooseStyle({}, dumb).colour || ChooseStyle({}, dumb).animate || ChooseStyle({}, dumb).unicode);
  Surroundings no_color = terminal;
  no_color.no_color = "1";
  EXPECT_FALSE(ChooseStyle({}, no_color).colour);
  EXPECT_FALSE(ChooseStyle({}, {}).colour || ChooseStyle({}, {}).unicode);  // a pipe, and no locale
}

TEST(Output, KeepsDataAndTalkApart) {
  std::ostringstream data, talk;
  Output out(data, talk, {.format = OutputFormat::kHuman});
  out.Show({{"a", "1"}, {"longer", "2"}});
  out.Say("working");
  out.Warn("mind this");
  out.Fail(NotFound("no such thing"));
  EXPECT_EQ(data.str(), "a       1\nlonger  2\n");
  EXPECT_EQ(talk.str(), "working\nwarning: mind this\nerror: no such thing\n");
}

TEST(Output, IsSilentWithQuietAndJsonWithJson) {
  std::ostringstream data, talk;
  Output out(data, talk, {.format = OutputFormat::kJson, .quiet = true});
  out.Say("working");
  out.Fail(Conflict("x"));
  EXPECT_EQ(talk.str(), "{\"error\":\"CONFLICT\",\"message\":\"x\"}\n");
}

TEST(Table, AlignsForPeopleAndSeparatesForPipes) {
  Table table({{"NAME"}, {"ROWS", Align::kRight}});
  table.Add({"visits", "20190"});
  table.Add({"日本", "7"});
  EXPECT_EQ(table.Render({}), "NAME     ROWS\nvisits  20190\n日本        7\n");
  EXPECT_EQ(table.Render({.format = OutputFormat::kPlain}), "visits\t20190\n日本\t7\n");
}

TEST(Table, GivesColourNoColumn) {
  Table table({{"A"}, {"B"}});
  table.Add({"\x1b[32mok\x1b[0m", "x"});
  EXPECT_EQ(table.Render({}), "A   B\n\x1b[32mok\x1b[0m  x\n");
}

TEST(CsvField, QuotesWhatNeedsIt) {
  EXPECT_EQ(CsvField("plain"), "plain");
  EXPECT_EQ(CsvField("a,b"), "\"a,b\"");
  EXPECT_EQ(CsvField("say \"x\""), "\"say \"\"x\"\"\"");
  EXPECT_EQ(CsvField(" a"), "\" a\"");
}

TEST(RenderBarChart, ScalesFromZero) {
  const OutputStyle style{.unicode = true, .width_columns = 40};
  EXPECT_EQ(RenderBarChart({{"no insurance", 4, "4"}, {"full", 1, "1"}}, style),
            "no insurance  ███████████████████████ 4\n"
            "full          █████▊                  1\n");
}

TEST(RenderBarChart, DrawsNegativeNumbersToTheLeft) {
  EXPECT_EQ(RenderBarChart({{"a", -5, "-5"}, {"b", 5, "5"}}, {.width_columns = 40}),
            "a  #################                  -5\n"
            "b                   #################  5\n");
}

TEST(RenderBarChart, LeavesManyRowsToTheTable) {
  EXPECT_THAT(RenderBarChart(std::vector<Bar>(kBarsMax + 1), {}), IsEmpty());
  EXPECT_THAT(RenderBarChart({}, {}), IsEmpty());
  EXPECT_EQ(RenderBarChart({{"a", 0, "0"}}, {.width_columns = 40}), "a   0\n");
}

TEST(FormatSize, IsReadable) {
  EXPECT_EQ(FormatSize(0), "0 B");
  EXPECT_EQ(FormatSize(1536), "1.5 KiB");
  EXPECT_EQ(FormatSize(std::uint64_t{300} << 20), "300 MiB");
}

TEST(Progress, IsNothingOffATerminal) {
  std::ostringstream data, talk;
  Output out(data, talk, {});
  const FakeClock clock;
  Progress(out, clock, {.label = "sealing", .total_bytes = 100}).Advance(50);
  EXPECT_THAT(talk.str(), IsEmpty());
}

TEST(Progress, RepaintsOneLineAndCleansUp) {
  std::ostringstream data, talk;
  Output out(data, talk, {.animate = true});
  FakeClock clock;
  {
    Progress progress(out, clock, {.label = "sealing", .total_bytes = 2048});
    clock.Advance(1000);
    progress.Advance(1024);
    progress.Advance(2048);  // within a tenth of a second: not painted
  }
  EXPECT_EQ(talk.str(), "\r\x1b[Ksealing  1.0 KiB of 2.0 KiB  50%  1.0 KiB/s\r\x1b[K");
}

TEST(RenderFindings, PointsAtTheMiddleOfALine) {
  agreement::ReportFinding finding{.rule = "R06",
                                   .owner = "Bank",
                                   .severity = "error",
                                   .from = 15,
                                   .to = 23,
                                   .line = 2,
                                   .message = "no maximum",
                                   .fix = "AVG(cost)"};
  EXPECT_EQ(
      RenderFindings({finding}, {"q.sql", "SELECT a,\n     MAX(cost) FROM t"}),
      "q.sql:2:6: R06 no maximum (rule of Bank)\n         MAX(cost) FROM t\n         ^^^^^^^^\n  mend: AVG(cost)\n");
}

TEST(RenderFindings, SurvivesOffsetsOfAnotherText) {
  agreement::ReportFinding finding{.rule = "R01", .from = 500, .to = 400, .message = "m"};
  EXPECT_EQ(RenderFindings({finding}, {"q", "SELECT 1"}), "q:1:9: R01 m\n    SELECT 1\n            ^\n");
  finding.from = -5;
  finding.to = 3;
  EXPECT_THAT(RenderFindings({finding}, {"q", "SELECT 1"}), HasSubstr("q:1:1:"));
}

TEST(RenderReport, LeavesNothingOut) {
  const codec::Json report = codec::ParseJson(R"({"words":["counts people"],"protections":[],"level":"aggregate_only",
      "columns":[{"name":"n","type":"BIGINT"}],"datasets":[{"id":"ds_1","name":"visits"}],
      "lineage":[{"dataset":"ds_1","column":"id","role":"AGGREGATION","rule":"R06","output":"n"}],
      "noise":{"scale":2}})")
                                 .value();
  EXPECT_EQ(RenderReport(report.get_object(), {}),
            "what it does\n  - counts people\n"
            "protections\n  - nothing\n"
            "answer\n  n BIGINT\n"
            "which column reaches what\n"
            "  COLUMN     ROLE         REACHES  RULE\n"
            "  visits.id  AGGREGATION  n        R06\n"
            "also\nnoise:\n  scale: 2\n");
}

TEST(ResultTable, IsStrict) {
  const auto decode = [](std::string_view text) { return DecodeResult(codec::ParseJson(text).value()); };
  EXPECT_TRUE(decode(R"({"columns":[{"name":"n","type":"BIGINT"}],"rows":[[1],[null]]})"));
  EXPECT_FALSE(decode(R"({"columns":[{"name":"n","type":"BIGINT"}],"rows":[[1,2]]})"));
  EXPECT_FALSE(decode(R"({"columns":[{"name":"n","type":"BIGINT"}],"rows":[[[1]]]})"));
  EXPECT_FALSE(decode(R"({"columns":[],"rows":[],"more":1})"));
}

TEST(ResultTable, ShowsIntervalsAndWhatGeneralisingLost) {
  const auto table = DecodeResult(codec::ParseJson(R"({"columns":[{"name":"ward","type":"VARCHAR"},
      {"name":"a","type":"DOUBLE"}],"rows":[["North",47.5],["South",null]],
      "intervals":[{"column":"a","confidence":0.95,"low":[44.125,null],"high":[50.9,null]}],
      "generalised":{"k":10,"classes":3,"average_class_size":1.5}})").value());
  ASSERT_TRUE(table);
  const std::string shown = RenderResult(*table, {});
  EXPECT_THAT(shown, HasSubstr("44.12 to 50.9"));
  EXPECT_THAT(shown, HasSubstr("classes of rows that look alike: 3\n"));
  EXPECT_THAT(shown, HasSubstr("their average size: 1.5 times the least that is allowed\n"));
  EXPECT_EQ(ResultCsv(*table), "ward,a\nNorth,47.5\nSouth,\n");
  const codec::Json json = ResultJson(*table);
  EXPECT_EQ(json.get_object().at("intervals").get_array().size(), 1u);
}

TEST(ResultTable, KeepsNullAndEmptyApartInCsv) {
  const ResultTable table{.columns = {{"a", "VARCHAR"}, {"b", "DECIMAL(18,2)"}},
                          .rows = {codec::JsonArray{"", nullptr}, codec::JsonArray{"x,y", "1.50"}}};
  EXPECT_EQ(ResultCsv(table), "a,b\n\"\",\n\"x,y\",1.50\n");
  EXPECT_EQ(RenderResult(table, {.format = OutputFormat::kPlain}), "\tNULL\nx,y\t1.50\n");
}

}  // namespace
}  // namespace cloister::cli
