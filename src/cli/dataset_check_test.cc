// Files in, problems with line and mend out; no problem ever repeats a value.

#include "cli/dataset_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "cli/object_scan.h"
#include "cli/record_file.h"
#include "cli/schema_guess.h"
#include "sealing/seal_writer.h"

namespace cloister::cli {
namespace {

using agreement::DataFormat;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DatasetCheck : public testing::Test {
 protected:
  DatasetCheck() {
    std::string pattern = testing::TempDir() + "cloister-file-XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~DatasetCheck() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path File(std::string_view content) {
    std::ofstream(folder_ / "data", std::ios::binary) << content;
    return folder_ / "data";
  }
  // Each problem as "line column: message".
  std::vector<std::string> Problems(std::string_view content, DataFormat format = DataFormat::kCsv) {
    const auto path = File(content);
    const auto verdict =
        CheckDatasetFile({.path = path, .format = format, .schema = schema_, .policy = policy_, .progress = {}});
    std::vector<std::string> problems;
    if (!verdict) return {verdict.error().public_message};
    for (const FileProblem& each : verdict->problems) {
      problems.push_back(std::to_string(each.line) + " " + each.column + ": " +
                         each.message.substr(0, each.message.find(';')));
    }
    rows_ = verdict->rows;
    more_ = verdict->more;
    return problems;
  }
  std::string Guess(std::string_view content) {
    const auto schema = GuessCsvSchema(File(content));
    if (!schema) return schema.error().public_message;
    std::string types;
    for (const auto& column : schema->columns) types += (types.empty() ? "" : " ") + column.type.ToString();
    return types;
  }

  agreement::DatasetSchema schema_ =
      agreement::DecodeSchema(codec::ParseJson(R"j([{"name":"id","type":"BIGINT"},{"name":"day","type":"DATE"},
                                                  {"name":"cost","type":"DECIMAL(6,2)"}])j")
                                  .value(),
                              "schema")
          .value();
  agreement::DatasetPolicy policy_ =
      agreement::DecodePolicy(
          codec::ParseJson(R"({"privacy_unit":"id","columns":{"id":{"roles":["join_key"],"domain":"p"},
                                                  "cost":{"roles":["measure"],"bounds":[0,500]}}})")
              .value(),
          schema_, "policy")
          .value();
  std::filesystem::path folder_;
  std::int64_t rows_ = 0;
  bool more_ = false;
};

TEST_F(DatasetCheck, AcceptsWhatTheEnclaveAccepts) {
  EXPECT_THAT(Problems("\xef\xbb\xbfid,day,cost\r\n1,2026-11-22,12.50\r\n2,,\r\n\"3\",\"2026-01-01\",0"), IsEmpty());
  EXPECT_EQ(rows_, 3);
}

TEST_F(DatasetCheck, NamesLineAndColumnOfEachProblem) {
  EXPECT_THAT(Problems("id,day,cost\n1,2026-02-30,5\n,2026-01-01,5\n3,2026-01-01,501\nx,,1.234\n"),
              ElementsAre("2 day: the value is not a date such as 2026-11-22",
                          "3 id: it is the privacy unit, and this row has none",
                          "4 cost: the value is outside of the policy's bounds 0 to 500",
                          "5 id: the value is not a whole number of at most 64 bit",
                          "5 cost: the value is not a number of at most 4 digits before and 2 after the point"));
}

TEST_F(DatasetCheck, CountsLinesInsideQuotes) {
  schema_ =
      agreement::DecodeSchema(
          codec::ParseJson(R"([{"name":"id","type":"BIGINT"},{"name":"note","type":"VARCHAR"}])").value(), "schema")
          .value();
  EXPECT_THAT(Problems("id,note\n1,\"a\nb\nc\"\nx,d\n"), ElementsAre(HasSubstr("5 id: ")));
}

TEST_F(DatasetCheck, StopsAtWhatBreaksTheWholeFile) {
  EXPECT_THAT(Problems("id,cost,day\n1,2,3\n"), ElementsAre(HasSubstr("1 day: the header is not the schema's")));
  EXPECT_THAT(Problems("id,day,cost\n1,2026-01-01\n2,x,y\n"), ElementsAre("2 : only 2 fields"));
  EXPECT_THAT(Problems("id,day,cost\n1,2026-01-01,1,4\n"), ElementsAre("2 : more than 3 fields"));
  EXPECT_THAT(Problems("id,day,cost\n1,20\"26,1\n"), ElementsAre(HasSubstr("2 : a double quote inside a field")));
  EXPECT_THAT(Problems("id,day,cost\n1,,1\n2,,\xff\n"), ElementsAre("3 : not UTF-8"));
  EXPECT_THAT(Problems(""), ElementsAre(HasSubstr("1 : the file is empty")));
  EXPECT_THAT(Problems("id,day,cost\n1,\"2026"), ElementsAre(HasSubstr("2 : ")));
}

TEST_F(DatasetCheck, BoundsItsComplaints) {
  std::string file = "id,day,cost\n";
  for (int i = 0; i < 100; ++i) file += "x,,\n";
  EXPECT_EQ(Problems(file).size(), kProblemsShownMax);
  EXPECT_TRUE(more_);
}

TEST_F(DatasetCheck, ReadsJsonLinesByTheSameRules) {
  EXPECT_THAT(Problems("{\"id\":1,\"day\":\"2026-11-22\",\"cost\":12.5}\n{\"cost\":null,\"id\":\"9007199254740993\"}",
                       DataFormat::kJsonl),
              IsEmpty());
  EXPECT_THAT(
      Problems("{\"id\":true}\n[1]\n{\"day\":\"x\",\"id\":2}\n{\"id\":3,\"more\":1}\n{\"cost\":1}\n",
               DataFormat::kJsonl),
      ElementsAre("1 id: the value is not a whole number of at most 64 bit", "2 : not one JSON object of plain values",
                  "3 day: the value is not a date such as 2026-11-22", "4 : a member that the schema does not name",
                  "5 id: it is the privacy unit, and this row has none"));
}

TEST_F(DatasetCheck, LooksAtTheFrameOfParquet) {
  EXPECT_THAT(Problems("PAR1....PAR1", DataFormat::kParquet), IsEmpty());
  EXPECT_THAT(Problems("PAR1....", DataFormat::kParquet), ElementsAre(HasSubstr("no Parquet file")));
  EXPECT_THAT(Problems("", DataFormat::kParquet), ElementsAre(HasSubstr("no Parquet file")));
}

TEST_F(DatasetCheck, ReadsAFileOfManyBlocks) {
  std::string file = "id,day,cost\n";
  while (file.size() < (std::size_t{5} << 19)) file += "123456,2026-11-22,99.99\n";
  file += "x,,\n";
  const std::size_t lines = static_cast<std::size_t>(std::count(file.begin(), file.end(), '\n'));
  EXPECT_THAT(Problems(file), ElementsAre(HasSubstr(std::to_string(lines) + " id: ")));
  EXPECT_EQ(rows_, static_cast<std::int64_t>(lines) - 1);
}

TEST_F(DatasetCheck, BoundsARecord) {
  EXPECT_THAT(Problems("id,day,cost\n1,\"" + std::string(kRecordBytesMax + (2 << 20), 'a')),
              ElementsAre(HasSubstr("the record that begins here is longer than")));
}

TEST_F(DatasetCheck, GuessesTypesFromAllValues) {
  EXPECT_EQ(Guess("a,b,c,d,e,f\n1,1.5,true,2026-01-01,2026-01-01T10:00:00,x\n-2,3,FALSE,,,\n"),
            "BIGINT DOUBLE BOOLEAN DATE TIMESTAMP VARCHAR");
  EXPECT_EQ(Guess("zip,n\n01234,1\n99999,x\n"), "VARCHAR VARCHAR");  // a ZIP code is no number
  EXPECT_EQ(Guess("a\n\n"), "VARCHAR");
  EXPECT_THAT(Guess("a,b\n1\n"), HasSubstr("line 2: not as many fields"));
  EXPECT_THAT(Guess("a b,c\n1,2\n"), HasSubstr("the header of"));
}

TEST_F(DatasetCheck, ScansASealedFileWithoutItsKey) {
  InsecureRngForTest rng(1);
  const auto recipient = sealing::AgeIdentity::Generate(rng).recipient();
  for (const std::size_t size : {0UL, 1UL, 65'536UL, 65'537UL, 200'000UL}) {
    MemorySink sink(1 << 20);
    auto writer = sealing::SealWriter::Start({.recipients = {&recipient, 1}, .rng = rng, .sink = sink}).value();
    ASSERT_TRUE(writer.Write(Bytes(size, 7)));
    const auto expected = writer.Finish().value();
    const auto scanned = ScanSealedFile(File(AsText(sink.bytes())), {});
    ASSERT_TRUE(scanned) << scanned.error().public_message;
    EXPECT_EQ(scanned->header_digest, expected.header_digest);
    EXPECT_EQ(scanned->length_bytes, expected.length_bytes);
    EXPECT_EQ(scanned->root, expected.root);
  }
}

TEST_F(DatasetCheck, ScansNothingElse) {
  EXPECT_THAT(ScanSealedFile(File("id,day\n1,2\n"), {}).error().public_message,
              HasSubstr("no age file in its binary form"));
  EXPECT_THAT(ScanSealedFile(File("-----BEGIN AGE ENCRYPTED FILE-----\n"), {}).error().public_message,
              HasSubstr("binary form"));
  EXPECT_FALSE(ScanSealedFile(folder_ / "absent", {}).has_value());
}

}  // namespace
}  // namespace cloister::cli
