#include "agreement/enclave_documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agreement/people_for_test.h"

namespace cloister::agreement {
namespace {

using ::testing::HasSubstr;

const crypto::Ed25519Signer& DocumentKey() {
  static const crypto::Ed25519Signer key = for_test::SignerFrom("document key");
  return key;
}

Report AReport() {
  for_test::Person analyst = for_test::Analyst();
  const QueryRequest request =
      for_test::RequestOf(for_test::Query('1'), {{.dataset = for_test::Dataset('1'), .manifest = Digest256{1}}},
                          Digest256{5}, {analyst.thumbprint()});
  Report report = for_test::ReportOn(analyst.Sign({.size = 1, .root = Digest256{1}}, request, for_test::Environment()),
                                     {for_test::Hospital().thumbprint()});
  report.findings.push_back({.rule = "R22",
                             .owner = "cloister",
                             .severity = "info",
                             .from = 3,
                             .to = 9,
                             .line = 1,
                             .message = "small groups are left out"});
  return report;
}

Receipt AReceipt() {
  return {.environment = for_test::Environment(),
          .query = Digest256{1},
          .query_id = for_test::Query('1'),
          .plan = Digest256{2},
          .report_digest = Digest256{3},
          .approvals = {Digest256{4}, Digest256{5}},
          .result = {.digest = Digest256{6}, .length_bytes = 5123, .format = "json"},
          .recipients = {for_test::Analyst().thumbprint()},
          .rows = 12,
          .protections = {"R22"},
          .spent = {{.dataset = for_test::Dataset('1'), .runs = 1}},
          .checkpoint = {.size = 9, .root = Digest256{7}},
          .time_bucket_ms = 250,
          .evidence = Digest256{8},
          .time = for_test::kNow};
}

TEST(Report, IsSignedAndRead) {
  const SignedReport report = SignReport(DocumentKey(), AReport()).value();
  EXPECT_EQ(VerifyReport(report.compact(), DocumentKey().public_key())->body(), AReport());
}

TEST(Report, ThatTheEnclaveDidNotSignIsRefused) {
  const SignedReport forged = SignReport(for_test::SignerFrom("the server"), AReport()).value();
  EXPECT_EQ(VerifyReport(forged.compact(), DocumentKey().public_key()).error().code, Code::kVerificationFailed);
}

TEST(Report, AndReceiptAreNotTakenForEachOther) {
  const SignedReceipt receipt = SignReceipt(DocumentKey(), AReceipt()).value();
  EXPECT_THAT(VerifyReport(receipt.compact(), DocumentKey().public_key()).error().public_message,
              HasSubstr("is a cloister-receipt+jws"));
}

TEST(Report, ARefusalHasNoPlan) {
  Report refused = AReport();
  refused.accepted.reset();
  EXPECT_EQ(DecodeReport(EncodeReport(refused)).value(), refused);
  codec::Json json = EncodeReport(refused);
  json.as_object()["plan"] = std::string(64, '0');
  EXPECT_THAT(DecodeReport(json).error().public_message, HasSubstr("report.verdict is refused"));
}

TEST(Report, AnAcceptanceHasAllOfThem) {
  for (const char* member : {"plan", "report_digest", "report"}) {
    codec::Json json = EncodeReport(AReport());
    json.as_object()[member] = nullptr;
    EXPECT_THAT(DecodeReport(json).error().public_message, HasSubstr("report.verdict is accepted")) << member;
  }
}

TEST(Report, WhatPeopleReadIsWhatItsDigestSays) {
  codec::Json json = EncodeReport(AReport());
  json.at("report").as_object()["sentences"] = codec::JsonArray{"counts nothing"};
  EXPECT_EQ(DecodeReport(json).error().public_message, "report.report_digest is not the digest of report");
}

TEST(Report, FindingsAreChecked) {
  Report report = AReport();
  report.findings[0].severity = "shrug";
  EXPECT_THAT(DecodeReport(EncodeReport(report)).error().public_message, HasSubstr("report.findings[0].severity"));
  report = AReport();
  report.findings[0].to = 2;
  EXPECT_THAT(DecodeReport(EncodeReport(report)).error().public_message, HasSubstr("report.findings[0].to"));
  report.findings[0].to = 9;
  report.findings[0].fix = "";
  EXPECT_EQ(DecodeReport(EncodeReport(report)).value(), report);
}

TEST(Receipt, IsSignedAndRead) {
  const SignedReceipt receipt = SignReceipt(DocumentKey(), AReceipt()).value();
  EXPECT_EQ(VerifyReceipt(receipt.compact(), DocumentKey().public_key())->body(), AReceipt());
}

TEST(Receipt, TakesEveryMemberAndNoOther) {
  const codec::Json whole = EncodeReceipt(AReceipt());
  for (const auto& member : whole.as_object()) {
    codec::Json less = whole;
    less.as_object().erase(member.key());
    EXPECT_THAT(DecodeReceipt(less).error().public_message, HasSubstr(std::string(member.key())));
  }
  codec::Json more = whole;
  more.as_object()["suppressed"] = 3;
  EXPECT_EQ(DecodeReceipt(more).error().public_message, "receipt.suppressed is not known here");
}

TEST(Receipt, OfNothingOrOfUnsortedApprovalsIsNotSigned) {
  Receipt receipt = AReceipt();
  std::swap(receipt.approvals[0], receipt.approvals[1]);
  EXPECT_THAT(SignReceipt(DocumentKey(), receipt).error().public_message, HasSubstr("receipt.approvals"));
  receipt = AReceipt();
  receipt.result.length_bytes = 0;
  EXPECT_FALSE(SignReceipt(DocumentKey(), receipt).has_value());
  receipt = AReceipt();
  receipt.protections = {std::string(300, 'x')};
  EXPECT_FALSE(SignReceipt(DocumentKey(), receipt).has_value());
}

TEST(RowBand, IsAPowerOfTwoFromSixteen) {
  EXPECT_EQ(RowBand(0), 16);
  EXPECT_EQ(RowBand(16), 16);
  EXPECT_EQ(RowBand(17), 32);
  EXPECT_EQ(RowBand(1'000'000'000), 1 << 30);
}

}  // namespace
}  // namespace cloister::agreement
