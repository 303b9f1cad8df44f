#include "codec/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace cloister::codec {
namespace {

using testing::ElementsAre;

// Records of fields; `<>` around quoted ones; a problem as its last field "!<offset>".
std::vector<std::vector<std::string>> Read(std::string_view text) {
  std::vector<std::vector<std::string>> records;
  CsvReader reader(text);
  bool new_record = true;
  while (!reader.AtEnd()) {
    if (new_record) records.emplace_back();
    CsvField field;
    if (!reader.Next(field)) {
      records.back().push_back("!" + std::to_string(reader.offset()));
      return records;
    }
    records.back().push_back(field.quoted ? "<" + std::string(field.text) + ">" : std::string(field.text));
    new_record = field.ends_record;
  }
  return records;
}

CsvProblem ProblemOf(std::string_view text) {
  CsvReader reader(text);
  CsvField field;
  while (!reader.AtEnd() && reader.Next(field)) {
  }
  return reader.problem();
}

TEST(Csv, ReadsRecordsOfBothLineEnds) {
  EXPECT_THAT(Read("a,b\r\n1,2\n3,4"),
              ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "2"), ElementsAre("3", "4")));
}

TEST(Csv, TellsNoValueFromTheEmptyText) {
  EXPECT_THAT(Read(",\"\",\n"), ElementsAre(ElementsAre("", "<>", "")));
  EXPECT_THAT(Read("a,"), ElementsAre(ElementsAre("a", "")));
  EXPECT_THAT(Read("\n\n"), ElementsAre(ElementsAre(""), ElementsAre("")));
  EXPECT_THAT(Read(""), ElementsAre());
}

TEST(Csv, UnescapesQuotedFields) {
  EXPECT_THAT(Read("\"a,b\",\"c\r\nd\",\"say \"\"hi\"\"\"\n\"\"\"\"\n"),
              ElementsAre(ElementsAre("<a,b>", "<c\r\nd>", "<say \"hi\">"), ElementsAre("<\">")));
}

TEST(Csv, NamesWhatIsWrongAndWhere) {
  EXPECT_EQ(ProblemOf("a,b\"c\n"), CsvProblem::kQuoteInPlainField);
  EXPECT_EQ(ProblemOf("\"a\"b,c\n"), CsvProblem::kTextAfterQuote);
  EXPECT_EQ(ProblemOf("\"a\" ,c\n"), CsvProblem::kTextAfterQuote);
  EXPECT_EQ(ProblemOf("a,\"b\n"), CsvProblem::kQuoteNotClosed);
  EXPECT_EQ(ProblemOf("a,\"b\"\""), CsvProblem::kQuoteNotClosed);
  EXPECT_EQ(ProblemOf("a\rb\n"), CsvProblem::kCarriageReturn);
  EXPECT_EQ(ProblemOf("a\r"), CsvProblem::kCarriageReturn);
  EXPECT_THAT(Read("1,2\n3,x\"y\n"), ElementsAre(ElementsAre("1", "2"), ElementsAre("3", "!6")));
}

TEST(Csv, AProblemStays) {
  CsvReader reader("a\"b,c\n");
  CsvField field;
  EXPECT_FALSE(reader.Next(field));
  EXPECT_FALSE(reader.Next(field));
  EXPECT_EQ(reader.problem(), CsvProblem::kQuoteInPlainField);
}

TEST(Csv, CutsAtTheLastCompleteRecord) {
  EXPECT_EQ(LastRecordEnd("a,b\n1,2\n3,"), 8u);
  EXPECT_EQ(LastRecordEnd("a\n\"x\ny\"\n\"z\n"), 8u);
  EXPECT_EQ(LastRecordEnd("a\n\"x\"\"\n"), 2u);
  EXPECT_EQ(LastRecordEnd("no end"), 0u);
  EXPECT_EQ(LastRecordEnd(""), 0u);
}

TEST(Csv, CuttingAnywhereGivesTheSameRecords) {
  const std::string text = "id,note\r\n1,\"a\nb\"\r\n2,\"\"\"\n\"\"\"\n3,plain\n4,\"\"\n";
  const auto whole = Read(text);
  for (std::size_t size = 1; size <= text.size(); ++size) {
    const std::size_t end = LastRecordEnd(std::string_view(text).substr(0, size));
    auto parts = Read(text.substr(0, end));
    for (auto& record : Read(text.substr(end))) parts.push_back(record);
    EXPECT_EQ(parts, whole) << size;
  }
}

}  // namespace
}  // namespace cloister::codec
