#pragma once

// What the enclave signs: the report (what a query would do, for those who approve it) and the receipt (what
// was run and released). Signed by the document key of one boot, which the ledger's boot entry and its
// evidence introduce. Formats: docs/formats/documents.md, "Enclave documents".

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agreement/charge.h"
#include "agreement/link.h"
#include "agreement/thumbprint.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "codec/json.h"
#include "crypto/jws.h"
#include "crypto/signer.h"

namespace cloister::agreement {

inline constexpr std::size_t kFindingsMax = 256;
inline constexpr std::size_t kProtectionsMax = 64;
inline constexpr std::size_t kResultFormatBytesMax = 16;

// Why a query is refused, or a remark on an accepted one. Offsets are bytes in the query text.
struct ReportFinding {
  std::string rule = {};      // "R07"
  std::string owner = {};     // whose rule it is: a thumbprint, an organisation or "environment"
  std::string severity = {};  // "error": the query does not run because of it; "warning"; "info"
  std::int64_t from = 0;
  std::int64_t to = 0;
  std::int64_t line = 1;
  std::string message = {};
  std::optional<std::string> fix = {};  // text that would pass
  bool operator==(const ReportFinding&) const = default;
};

// What approvers read is what the enclave compiled.
struct Report {
  EnvironmentId environment;
  Digest256 query{};  // digest of the query link
  QueryId query_id;
  Digest256 charter{};
  // An accepted query has all of these three, a refused one none of them.
  struct Accepted {
    Digest256 plan{};
    Digest256 report_digest{};      // SHA-256 of the canonical bytes of `report`
    codec::JsonObject report = {};  // what people read
    bool operator==(const Accepted&) const = default;
  };
  std::optional<Accepted> accepted = {};
  std::vector<Charge> charges = {};
  std::vector<Thumbprint> recipients = {};  // sorted
  std::vector<Thumbprint> approvers = {};   // owners of what is read, sorted; the charter's rule may need more
  std::vector<ReportFinding> findings = {};
  Instant time = {};
  bool operator==(const Report&) const = default;
};

// How many rows a result may have, to whoever may not open it: powers of two from 16, as its size is a band.
// 0 -> 16, 16 -> 16, 17 -> 32.
std::int64_t RowBand(std::int64_t rows);

struct ReleasedResult {
  Digest256 digest{};  // of the sealed file
  std::uint64_t length_bytes = 0;
  std::string format = {};  // "json", "parquet"
  bool operator==(const ReleasedResult&) const = default;
};

struct Receipt {
  EnvironmentId environment;
  Digest256 query{};
  QueryId query_id;
  Digest256 plan{};
  Digest256 report_digest{};
  std::vector<Digest256> approvals = {};  // digests of the approval links, sorted
  ReleasedResult result = {};
  std::vector<Thumbprint> recipients = {};
  std::int64_t rows = 0;                      // RowBand of the rows as released
  std::vector<std::string> protections = {};  // the rules applied, never how often
  std::vector<Charge> spent = {};
  LedgerPoint checkpoint = {};  // the state before the release entry
  std::int64_t time_bucket_ms = 0;
  Digest256 evidence{};  // of the boot that made it
  Instant time = {};
  bool operator==(const Receipt&) const = default;
};

inline constexpr std::string_view kReportTyp = "cloister-report+jws";
inline constexpr std::string_view kReceiptTyp = "cloister-receipt+jws";

codec::Json EncodeReport(const Report& report);
codec::Json EncodeReceipt(const Receipt& receipt);
Result<Report> DecodeReport(const codec::Json& json);
Result<Receipt> DecodeReceipt(const codec::Json& json);

// A document whose signature under a boot's document key fits. Only VerifyReport and VerifyReceipt make one.
template <typename Body>
class EnclaveSigned {
 public:
  const Body& body() const { return body_; }
  const Digest256& digest() const { return digest_; }
  const std::string& compact() const { return compact_; }

 private:
  friend Result<EnclaveSigned<Report>> VerifyReport(std::string_view, const crypto::Ed25519PublicKey&);
  friend Result<EnclaveSigned<Receipt>> VerifyReceipt(std::string_view, const crypto::Ed25519PublicKey&);
  EnclaveSigned(Body body, const crypto::VerifiedJws& jws)
      : body_(std::move(body)), digest_(jws.digest()), compact_(jws.compact()) {}

  Body body_;
  Digest256 digest_;
  std::string compact_;
};
using SignedReport = EnclaveSigned<Report>;
using SignedReceipt = EnclaveSigned<Receipt>;

Result<SignedReport> SignReport(const crypto::Signer& document_key, const Report& report);
Result<SignedReceipt> SignReceipt(const crypto::Signer& document_key, const Receipt& receipt);
Result<SignedReport> VerifyReport(std::string_view compact, const crypto::Ed25519PublicKey& document_key);
Result<SignedReceipt> VerifyReceipt(std::string_view compact, const crypto::Ed25519PublicKey& document_key);

}  // namespace cloister::agreement
