#include "sql/compile.h"

#include <gtest/gtest.h>

#include "sql/function.h"
#include "sql/literal.h"

namespace cloister::sql {
namespace {

class NoParser final : public StatementParser {
 public:
  Result<StatementTree> Serialize(std::string_view) override {
    ++calls;
    return answer;
  }
  StatementTree answer;
  int calls = 0;
};

std::vector<Finding> Refusal(const CompileRequest& request, StatementParser& parser) {
  const auto verdict = Compile(request, parser);
  if (!verdict || !std::holds_alternative<std::vector<Finding>>(*verdict)) return {};
  return std::get<std::vector<Finding>>(*verdict);
}

TEST(Compile, RefusesWhatIsTooLongBeforeAnybodyParsesIt) {
  NoParser parser;
  CompileRequest request;
  request.text.assign(kQueryBytesMax + 1, ' ');
  EXPECT_EQ(Refusal(request, parser).at(0).rule, "R23");
  EXPECT_EQ(parser.calls, 0);
}

TEST(Compile, ReportsASyntaxErrorAtItsPlace) {
  NoParser parser;
  parser.answer.syntax_error = SyntaxError{"syntax error", 7};
  CompileRequest request;
  request.text = "SELECT\nFROM";
  const auto findings = Refusal(request, parser);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].rule, "R01");
  EXPECT_EQ(findings[0].range, (TextRange{7, 11}));
  EXPECT_EQ(findings[0].line, 2);
}

TEST(Compile, RefusesTreesItCannotRead) {
  for (const char* json :
       {"", "{}", "[]", "{\"error\":false}", "{\"error\":false,\"statements\":[]}",
        "{\"error\":false,\"statements\":[{}]}",
        "{\"error\":false,\"statements\":[{\"node\":{\"type\":\"SELECT_NODE\"},\"named_param_map\":[]}]}"}) {
    NoParser parser;
    parser.answer.json = json;
    CompileRequest request;
    request.text = "SELECT 1";
    EXPECT_FALSE(Refusal(request, parser).empty()) << json;
  }
}

TEST(Compile, UnknownLevelsAreRefused) {
  NoParser parser;
  CompileRequest request;
  request.text = "SELECT 1";
  for (const char* level : {"", "none", "AGGREGATE_ONLY", "full_access "}) {
    request.level = level;
    const auto findings = Refusal(request, parser);
    ASSERT_FALSE(findings.empty());
    EXPECT_TRUE(std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.rule == "R27"; }))
        << level;
  }
}

TEST(Compile, TwoDatasetsOfOneNameAreTheCallersError) {
  NoParser parser;
  CompileRequest request;
  request.datasets.resize(2);
  request.datasets[0].name = "Patients";
  request.datasets[1].name = "patients";
  EXPECT_FALSE(Compile(request, parser).has_value());
}

TEST(Literal, PrintsEveryValueSoThatItMeansItselfOnly) {
  EXPECT_EQ(Literal::Text("a'b--").ToSql(), "'a''b--'");
  EXPECT_EQ(Literal::Bigint(-3).ToSql(), "(-3)");
  EXPECT_EQ((Literal{Type::Decimal(4, 2), std::int64_t{-5}}).ToSql(), "CAST('-0.05' AS DECIMAL(4,2))");
  EXPECT_EQ(Literal::Date(0).ToSql(), "DATE '1970-01-01'");
}

TEST(Literal, DatesAreDaysThatExist) {
  EXPECT_EQ(ParseDate("2024-02-29"), 19782);
  for (const char* wrong :
       {"2023-02-29", "2024-13-01", "2024-00-01", "24-01-01", "2024-1-01", "2024-01-01 ", "epoch", "infinity"}) {
    EXPECT_FALSE(ParseDate(wrong)) << wrong;
  }
  EXPECT_EQ(FormatDate(AddInterval(*ParseDate("2024-01-31"), {1, 0})), "2024-02-29");
  EXPECT_EQ(FormatDate(AddInterval(*ParseDate("2024-03-31"), {-1, 1})), "2024-03-01");
  EXPECT_EQ(FormatDate(AddInterval(*ParseDate("2024-12-15"), {1, 0})), "2025-01-15");
}

TEST(Function, NamesThatReachFilesClocksOrOtherRowsAreNotListed) {
  for (const char* name :
       {"random", "read_csv", "now", "hash", "md5", "list", "stats", "getenv", "nextval", "any_value", "first", "mode",
        "arg_max", "array_agg", "query", "current_setting", "regexp_matches", "repeat", "chr"}) {
    EXPECT_EQ(FindFunction(name, FunctionKind::kScalar), nullptr) << name;
    EXPECT_EQ(FindFunction(name, FunctionKind::kAggregate), nullptr) << name;
  }
}

TEST(Function, FormatsOfDatesShowTheirFinestPart) {
  using agreement::DateGranularity;
  EXPECT_EQ(FormatGranularity("%Y-%m"), DateGranularity::kMonth);
  EXPECT_EQ(FormatGranularity("%Y"), DateGranularity::kYear);
  EXPECT_EQ(FormatGranularity("%d.%m.%Y"), DateGranularity::kDay);
  EXPECT_EQ(FormatGranularity("%j"), std::nullopt);
  EXPECT_EQ(FormatGranularity("%"), std::nullopt);
}

}  // namespace
}  // namespace cloister::sql
