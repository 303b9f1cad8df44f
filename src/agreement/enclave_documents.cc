#include "agreement/enclave_documents.h"

#include <algorithm>
#include <array>

#include "agreement/fields.h"
#include "crypto/digest.h"

namespace cloister::agreement {
namespace {

constexpr std::size_t kFindingTextBytesMax = 4096;
constexpr std::size_t kProtectionBytesMax = 200;
constexpr std::int64_t kRowsMax = std::int64_t{1} << 53;
constexpr std::int64_t kTimeBucketMsMax = std::int64_t{1} << 40;
constexpr std::array<std::string_view, 3> kSeverities = {"error", "info", "warning"};

codec::Json EncodeFinding(const ReportFinding& finding) {
  codec::JsonObject json;
  json["rule"] = finding.rule;
  json["owner"] = finding.owner;
  json["severity"] = finding.severity;
  json["from"] = finding.from;
  json["to"] = finding.to;
  json["line"] = finding.line;
  json["message"] = finding.message;
  if (finding.fix) json["fix"] = *finding.fix;
  return json;
}

Result<ReportFinding> DecodeFinding(const codec::Json& json, const std::string& where) {
  codec::ObjectReader in(json, where);
  ReportFinding finding;
  finding.rule = in.String("rule", 64);
  finding.owner = in.String("owner", 256);
  finding.severity = in.String("severity", 16);
  if (std::find(kSeverities.begin(), kSeverities.end(), finding.severity) == kSeverities.end()) {
    in.Fail("severity", "must be error, info or warning");
  }
  finding.from = in.Integer("from", 0, kQueryTextBytesMax);
  finding.to = in.Integer("to", finding.from, kQueryTextBytesMax);
  finding.line = in.Integer("line", 1, kQueryTextBytesMax);
  finding.message = in.String("message", kFindingTextBytesMax);
  finding.fix = in.OptionalString("fix", kQueryTextBytesMax);
  CLOISTER_TRY(in.Finish());
  return finding;
}

Result<std::vector<ReportFinding>> DecodeFindings(const codec::JsonArray& array) {
  std::vector<ReportFinding> findings;
  for (std::size_t i = 0; i < array.size(); ++i) {
    CLOISTER_ASSIGN(ReportFinding finding, DecodeFinding(array[i], "report.findings[" + std::to_string(i) + "]"));
    findings.push_back(std::move(finding));
  }
  return findings;
}

Digest256 DigestOfReport(const codec::JsonObject& report) {
  return crypto::Sha256(AsBytes(codec::CanonicalJson(report)));
}

// All three members of an accepted query, or null for each of a refused one.
std::optional<Report::Accepted> ReadAccepted(codec::ObjectReader& in) {
  const std::string verdict = in.String("verdict");
  const std::optional<Digest256> plan = ReadNullableDigest(in, "plan");
  const std::optional<Digest256> digest = ReadNullableDigest(in, "report_digest");
  const codec::Json& report = in.Any("report");
  if (verdict == "refused") {
    if (plan || digest || !report.is_null()) in.Fail("verdict", "is refused, so plan and report must be null");
    return std::nullopt;
  }
  if (verdict != "accepted") in.Fail("verdict", "must be accepted or refused");
  if (!plan || !digest || !report.is_object()) {
    in.Fail("verdict", "is accepted, so plan, report_digest and report must be there");
    return std::nullopt;
  }
  if (*digest != DigestOfReport(report.get_object())) in.Fail("report_digest", "is not the digest of report");
  return Report::Accepted{.plan = *plan, .report_digest = *digest, .report = report.get_object()};
}

codec::Json EncodeResult(const ReleasedResult& result) {
  codec::JsonObject json;
  json["digest"] = HexDigest(result.digest);
  json["length"] = static_cast<std::int64_t>(result.length_bytes);
  json["format"] = result.format;
  return json;
}

Result<ReleasedResult> DecodeResult(const codec::Json& json) {
  codec::ObjectReader in(json, "receipt.result");
  ReleasedResult result;
  result.digest = in.HexDigest("digest");
  result.length_bytes = static_cast<std::uint64_t>(in.Integer("length", 1, kSealedObjectBytesMax));
  result.format = ReadText(in, "format", {.bytes_max = kResultFormatBytesMax});
  CLOISTER_TRY(in.Finish());
  return result;
}

codec::JsonArray DigestArray(const std::vector<Digest256>& digests) {
  codec::JsonArray array;
  for (const Digest256& digest : digests) array.emplace_back(HexDigest(digest));
  return array;
}

std::vector<std::string> ReadProtections(codec::ObjectReader& in) {
  std::vector<std::string> protections = in.Strings("protections", kProtectionsMax);
  for (const std::string& protection : protections) {
    if (protection.empty() || protection.size() > kProtectionBytesMax || !IsShowable(protection, TextKind::kLine)) {
      in.Fail("protections", "must hold lines of 1 to 200 bytes");
    }
  }
  return protections;
}

}  // namespace

std::int64_t RowBand(std::int64_t rows) {
  std::int64_t band = 16;
  while (band < rows) band *= 2;
  return band;
}

codec::Json EncodeReport(const Report& report) {
  codec::JsonArray findings;
  for (const ReportFinding& finding : report.findings) findings.push_back(EncodeFinding(finding));
  codec::JsonObject json;
  json["environment"] = report.environment.str();
  json["query"] = HexDigest(report.query);
  json["query_id"] = report.query_id.str();
  json["charter"] = HexDigest(report.charter);
  json["verdict"] = report.accepted ? "accepted" : "refused";
  json["plan"] = nullptr;
  json["report_digest"] = nullptr;
  json["report"] = nullptr;
  if (report.accepted) {
    json["plan"] = HexDigest(report.accepted->plan);
    json["report_digest"] = HexDigest(report.accepted->report_digest);
    json["report"] = report.accepted->report;
  }
  json["charges"] = EncodeCharges(report.charges);
  json["recipients"] = TextArray(report.recipients);
  json["approvers"] = TextArray(report.approvers);
  json["findings"] = std::move(findings);
  json["time"] = FormatRfc3339(report.time);
  return json;
}

Result<Report> DecodeReport(const codec::Json& json) {
  codec::ObjectReader in(json, "report");
  Report report{.environment = ReadEnvironmentId(in, "environment"),
                .query = in.HexDigest("query"),
                .query_id = ReadQueryId(in, "query_id")};
  report.charter = in.HexDigest("charter");
  report.accepted = ReadAccepted(in);
  const codec::JsonArray& charges = in.Array("charges", kQueryDatasetsMax);
  report.recipients = ReadThumbprints(in, "recipients", kLinkParticipantsMax);
  report.approvers = ReadThumbprints(in, "approvers", kLinkParticipantsMax);
  const codec::JsonArray& findings = in.Array("findings", kFindingsMax);
  report.time = ReadInstant(in, "time");
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(report.charges, DecodeCharges(charges, "report.charges"));
  CLOISTER_ASSIGN(report.findings, DecodeFindings(findings));
  return report;
}

codec::Json EncodeReceipt(const Receipt& receipt) {
  codec::JsonObject json;
  json["environment"] = receipt.environment.str();
  json["query"] = HexDigest(receipt.query);
  json["query_id"] = receipt.query_id.str();
  json["plan"] = HexDigest(receipt.plan);
  json["report_digest"] = HexDigest(receipt.report_digest);
  json["approvals"] = DigestArray(receipt.approvals);
  json["result"] = EncodeResult(receipt.result);
  json["recipients"] = TextArray(receipt.recipients);
  json["rows"] = receipt.rows;
  json["protections"] = TextArray(receipt.protections);
  json["spent"] = EncodeCharges(receipt.spent);
  json["checkpoint"] = EncodeLedgerPoint(receipt.checkpoint);
  json["time_bucket_ms"] = receipt.time_bucket_ms;
  json["evidence"] = HexDigest(receipt.evidence);
  json["time"] = FormatRfc3339(receipt.time);
  return json;
}

Result<Receipt> DecodeReceipt(const codec::Json& json) {
  codec::ObjectReader in(json, "receipt");
  Receipt receipt{.environment = ReadEnvironmentId(in, "environment"),
                  .query = in.HexDigest("query"),
                  .query_id = ReadQueryId(in, "query_id")};
  receipt.plan = in.HexDigest("plan");
  receipt.report_digest = in.HexDigest("report_digest");
  receipt.approvals = ReadDigests(in, "approvals", kLinkParticipantsMax);
  const codec::Json& result = in.Any("result");
  receipt.recipients = ReadThumbprints(in, "recipients", kLinkParticipantsMax);
  receipt.rows = in.Integer("rows", 0, kRowsMax);
  receipt.protections = ReadProtections(in);
  const codec::JsonArray& spent = in.Array("spent", kQueryDatasetsMax);
  const codec::Json& checkpoint = in.Any("checkpoint");
  receipt.time_bucket_ms = in.Integer("time_bucket_ms", 0, kTimeBucketMsMax);
  receipt.evidence = in.HexDigest("evidence");
  receipt.time = ReadInstant(in, "time");
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(receipt.result, DecodeResult(result));
  CLOISTER_ASSIGN(receipt.spent, DecodeCharges(spent, "receipt.spent"));
  CLOISTER_ASSIGN(receipt.checkpoint, DecodeLedgerPoint(checkpoint, "receipt.checkpoint"));
  return receipt;
}

// What is signed is read back first, so that the enclave never signs what its own reader would refuse.
Result<SignedReport> SignReport(const crypto::Signer& document_key, const Report& report) {
  CLOISTER_ASSIGN(const std::string compact, crypto::SignJws(document_key, kReportTyp, EncodeReport(report)));
  return VerifyReport(compact, document_key.public_key());
}

Result<SignedReceipt> SignReceipt(const crypto::Signer& document_key, const Receipt& receipt) {
  CLOISTER_ASSIGN(const std::string compact, crypto::SignJws(document_key, kReceiptTyp, EncodeReceipt(receipt)));
  return VerifyReceipt(compact, document_key.public_key());
}

Result<SignedReport> VerifyReport(std::string_view compact, const crypto::Ed25519PublicKey& document_key) {
  CLOISTER_ASSIGN(const crypto::VerifiedJws jws, crypto::VerifyJws(compact, kReportTyp, document_key));
  CLOISTER_ASSIGN(Report report, DecodeReport(jws.payload()));
  return SignedReport(std::move(report), jws);
}

Result<SignedReceipt> VerifyReceipt(std::string_view compact, const crypto::Ed25519PublicKey& document_key) {
  CLOISTER_ASSIGN(const crypto::VerifiedJws jws, crypto::VerifyJws(compact, kReceiptTyp, document_key));
  CLOISTER_ASSIGN(Receipt receipt, DecodeReceipt(jws.payload()));
  return SignedReceipt(std::move(receipt), jws);
}

}  // namespace cloister::agreement
