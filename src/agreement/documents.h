#pragma once

// The bodies of everything that a participant signs (docs/formats/documents.md, table of links). Values
// without a signature: what was signed, and by whom, is a SignedLink (link.h).
//
// Each Decode is strict: every member there, none unknown, in bounds, lists sorted where the format says so;
// errors name the member's path below "body". Each Encode writes what its Decode reads.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agreement/charge.h"
#include "agreement/object_ref.h"
#include "agreement/policy.h"
#include "agreement/thumbprint.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "codec/json.h"

namespace cloister::agreement {

inline constexpr std::size_t kQueryTextBytesMax = 64 * 1024;
inline constexpr std::size_t kNotesBytesMax = 2000;
inline constexpr std::size_t kQueryNameBytesMax = 200;
inline constexpr std::size_t kDatasetNameBytesMax = 63;
inline constexpr std::int64_t kManifestVersionMax = 1'000'000;
inline constexpr std::size_t kLinkParticipantsMax = 64;  // recipients, unconfirmed: never more than a charter has
inline constexpr std::int64_t kApprovalDaysDefault = 7;

enum class Custody { kSelf, kServer, kBrowser };
std::string_view CustodyName(Custody custody);

// "I verified the enclave with these recipients and this beginning of its ledger, and agree to this charter."
struct Acceptance {
  Digest256 charter{};
  Digest256 recipient_commitment{};
  Digest256 entry_0{};  // leaf hash of ledger entry 0
  Custody custody = Custody::kSelf;
  // Sorted: the thumbprints of keys, and the measurements (hex) of enclave programs, that the signer took from the
  // server unseen.
  std::vector<std::string> unconfirmed = {};
  bool operator==(const Acceptance&) const = default;
};

enum class DataFormat { kCsv, kParquet, kJsonl };
std::string_view DataFormatName(DataFormat format);
Result<DataFormat> ParseDataFormat(std::string_view name);

// The signed description of a dataset: what is in which sealed file, and what may be done with it.
struct Manifest {
  DatasetId dataset;
  std::int64_t version = 1;
  std::optional<Digest256> previous_manifest = {};  // digest of version - 1; absent in version 1 alone
  Digest256 charter{};
  std::string name = {};  // [a-z][a-z0-9_]{0,62}
  DataFormat format = DataFormat::kCsv;
  DatasetSchema schema = {};
  DatasetPolicy policy = {};
  SealedObjectRef object = {};
  bool operator==(const Manifest&) const = default;
};

struct DatasetRead {
  DatasetId dataset;
  Digest256 manifest{};  // digest of the manifest link that the submitter means
  bool operator==(const DatasetRead&) const = default;
};

struct QueryRequest {
  QueryId query;
  std::string name = {};
  std::string text = {};
  codec::JsonObject parameters = {};       // passed on to the compiler
  std::vector<DatasetRead> datasets = {};  // sorted, at least one
  Level level = Level::kAggregateOnly;
  codec::JsonObject privacy = {};           // parameters of the level
  std::vector<Thumbprint> recipients = {};  // sorted, at least one
  Digest256 charter{};
  bool operator==(const QueryRequest&) const = default;
};

// "I read this report of this query, and agree that this plan runs and costs this."
struct Approval {
  Digest256 query{};
  Digest256 plan{};
  Digest256 report{};  // the report_digest of the report: of what people read
  std::vector<Charge> charges = {};
  Instant not_after = {};
  std::string notes = {};
  bool operator==(const Approval&) const = default;
};

// By an approver: no. By the submitter: the query is withdrawn.
struct Rejection {
  Digest256 query{};
  std::string reason = {};
  bool operator==(const Rejection&) const = default;
};

struct Revocation {
  enum class Ends { kManifest, kApproval, kMembership, kTermination };
  Ends ends = Ends::kManifest;
  std::optional<Digest256> document = {};  // the link that ends; absent for membership and termination alone
  std::string reason = {};
  bool operator==(const Revocation&) const = default;
};
std::string_view RevocationEndsName(Revocation::Ends ends);

codec::Json EncodeAcceptance(const Acceptance& acceptance);
codec::Json EncodeManifest(const Manifest& manifest);
codec::Json EncodeQueryRequest(const QueryRequest& query);
codec::Json EncodeApproval(const Approval& approval);
codec::Json EncodeRejection(const Rejection& rejection);
codec::Json EncodeRevocation(const Revocation& revocation);

Result<Acceptance> DecodeAcceptance(const codec::Json& json);
Result<Manifest> DecodeManifest(const codec::Json& json);
Result<QueryRequest> DecodeQueryRequest(const codec::Json& json);
Result<Approval> DecodeApproval(const codec::Json& json);
Result<Rejection> DecodeRejection(const codec::Json& json);
Result<Revocation> DecodeRevocation(const codec::Json& json);

// Whether a text may name a dataset: [a-z][a-z0-9_]{0,62}, and not `dataset_...`, which names one by its id.
bool IsDatasetName(std::string_view name);
// Whether a word says a dataset by its id: dataset_ds_01... or dataset_01...; absent: it does not.
std::optional<DatasetId> DatasetIdIn(std::string_view word);
// The name that is made of a title, by which a query may call the dataset as well: "Visits of 2026" -> visits_of_2026,
// "Dataset 1" -> t_dataset_1. Empty where a title has no letter of a to z.
std::string DatasetNameOf(std::string_view title);
// Whether a query that says `word` may mean the dataset of this name by its title. Not with what stands before or after
// the title: "visits ;" is none.
bool IsTitleOf(std::string_view word, std::string_view name);

}  // namespace cloister::agreement
