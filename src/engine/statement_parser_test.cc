#include "engine/statement_parser.h"

#include <gtest/gtest.h>

#include <thread>

namespace cloister::engine {
namespace {

class StatementParserTest : public testing::Test {
 protected:
  sql::StatementTree Parse(std::string_view text) {
    auto tree = parser_->Serialize(text);
    EXPECT_TRUE(tree.has_value()) << tree.error().public_message << tree.error().detail;
    return tree ? *tree : sql::StatementTree{};
  }

  std::unique_ptr<DuckDbStatementParser> parser_ = DuckDbStatementParser::Open().value();
};

TEST_F(StatementParserTest, GivesTheTreeWithEveryMember) {
  const auto tree = Parse("SELECT city, count(*) FROM visits GROUP BY city");
  ASSERT_FALSE(tree.syntax_error.has_value());
  EXPECT_NE(tree.json.find(R"("error":false)"), std::string::npos);
  EXPECT_NE(tree.json.find(R"("table_name":"visits")"), std::string::npos);
  EXPECT_NE(tree.json.find(R"("having":null)"), std::string::npos);
  EXPECT_NE(tree.json.find(R"("distinct":false)"), std::string::npos);
}

TEST_F(StatementParserTest, KeepsEachOfSeveralStatements) {
  const auto tree = Parse("SELECT 1; SELECT 2");
  EXPECT_NE(tree.json.find(R"("value":1)"), std::string::npos);
  EXPECT_NE(tree.json.find(R"("value":2)"), std::string::npos);
}

TEST_F(StatementParserTest, NamesTheByteOfASyntaxError) {
  const auto tree = Parse("SELECT a FORM t");
  ASSERT_TRUE(tree.syntax_error.has_value());
  EXPECT_EQ(tree.syntax_error->position, 14u);
  EXPECT_TRUE(tree.json.empty());
}

TEST_F(StatementParserTest, CountsBytesBehindCharactersOfSeveralBytes) {
  const auto tree = Parse("SELECT 'äöü', a FORM t");
  ASSERT_TRUE(tree.syntax_error.has_value());
  EXPECT_EQ(tree.syntax_error->position, 24u);
  EXPECT_EQ(Parse("SELECT 'ä' FROM t WHERE").syntax_error->position, 24u);
}

TEST_F(StatementParserTest, RefusesWhatIsNotASelect) {
  for (const char* text :
       {"DROP TABLE visits", "INSERT INTO t VALUES (1)", "SET threads = 1", "COPY t TO 'x'", "ATTACH 'x'",
        "PRAGMA version", "CALL enable_logging()", "BEGIN", "SELECT 1; DROP TABLE t", "EXPLAIN SELECT 1",
        "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x"}) {
    EXPECT_TRUE(Parse(text).syntax_error.has_value()) << text;
  }
}

TEST_F(StatementParserTest, RefusesTextsThatTheGrammarWouldReadInPart) {
  using namespace std::string_literals;
  EXPECT_EQ(Parse("SELECT 1\0, secret FROM t"s).syntax_error->position, 8u);
  EXPECT_TRUE(Parse("SELECT '\xff'").syntax_error.has_value());
  EXPECT_TRUE(Parse(std::string(sql::kQueryBytesMax + 1, ' ')).syntax_error.has_value());
  EXPECT_FALSE(Parse("SELECT 1" + std::string(sql::kQueryBytesMax - 8, ' ')).syntax_error.has_value());
}

std::string Repeat(std::string_view text, std::size_t times) {
  std::string all;
  while (times-- > 0) all += text;
  return all;
}

TEST_F(StatementParserTest, SurvivesDeepAndWideTexts) {
  const std::string texts[] = {
      "SELECT " + Repeat("(", 30000) + "1" + Repeat(")", 30000),
      "SELECT " + Repeat("- ", 30000) + "1",
      "SELECT " + Repeat("NOT ", 16000) + "1",
      "SELECT 1" + Repeat("+1", 30000),
      "SELECT 1" + Repeat(",1", 30000),
      "SELECT " + Repeat("[", 30000) + "1" + Repeat("]", 30000),
      "SELECT a" + Repeat("[1]", 20000),
      "SELECT 1" + Repeat("::INT", 12000),
      "SELECT 1" + Repeat(" UNION SELECT 1", 4000),
      Repeat("SELECT * FROM (", 4000) + "SELECT 1" + Repeat(")", 4000),
      "SELECT " + Repeat("f(", 20000) + "1" + Repeat(")", 20000),
      "SELECT * FROM a" + Repeat(" JOIN a ON 1", 5000),
  };
  for (const auto& text : texts) {
    ASSERT_LE(text.size(), sql::kQueryBytesMax);
    (void)parser_->Serialize(text);
    EXPECT_FALSE(Parse("SELECT 1").syntax_error.has_value()) << text.substr(0, 40);
  }
}

TEST_F(StatementParserTest, IsUsableFromSeveralThreads) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int j = 0; j < 50; ++j) EXPECT_FALSE(Parse("SELECT a FROM t").syntax_error.has_value());
    });
  }
}

}  // namespace
}  // namespace cloister::engine
