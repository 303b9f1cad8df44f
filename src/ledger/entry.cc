#include "ledger/entry.h"

#include <array>

#include "agreement/fields.h"
#include "base/check.h"
#include "codec/text.h"
#include "crypto/jws.h"

namespace cloister::ledger {
namespace {

using agreement::HexDigest;
using codec::JsonObject;
using codec::ObjectReader;

constexpr std::array kOutcomes = {Outcome::kReleased, Outcome::kFailed, Outcome::kCancelled};
constexpr std::int64_t kBootsMax = 1'000'000;

void Write(const BootEntry& boot, JsonObject& json) {
  JsonObject keys;
  keys["checkpoint_key"] = codec::Base64UrlEncode(boot.checkpoint_key.raw());
  keys["document_key"] = codec::Base64UrlEncode(boot.document_key.raw());
  json["boot"] = boot.boot;
  json["origin"] = boot.origin;
  json["keys"] = std::move(keys);
  json["charter"] = HexDigest(boot.charter);
  json["recipient_commitment"] = HexDigest(boot.recipient_commitment);
  json["evidence"] = boot.evidence;
  json["endorsements"] = boot.endorsements;
  json["protocol"] = kProtocolVersion;
}

void Write(const CharterEntry& entry, JsonObject& json) {
  json["charter"] = agreement::EncodeCharter(entry.charter);
  json["digest"] = HexDigest(agreement::CharterDigest(entry.charter));
  json["recipient_commitment"] = HexDigest(entry.recipient_commitment);
}

void Write(const LinkEntry& link, JsonObject& json) { json["jws"] = link.jws; }
void Write(const ReportEntry& report, JsonObject& json) { json["jws"] = report.jws; }

void Write(const RefusalEntry& refusal, JsonObject& json) {
  json["document"] = HexDigest(refusal.document);
  json["code"] = refusal.code;
  json["reasons"] = agreement::TextArray(refusal.reasons);
}

void Write(const ReservationEntry& reservation, JsonObject& json) {
  codec::JsonArray approvals;
  for (const Digest256& digest : reservation.approvals) approvals.emplace_back(HexDigest(digest));
  json["query"] = HexDigest(reservation.query);
  json["approvals"] = std::move(approvals);
  json["charges"] = agreement::EncodeCharges(reservation.charges);
}

void Write(const ExecutionEntry& execution, JsonObject& json) {
  json["query"] = HexDigest(execution.query);
  json["outcome"] = OutcomeName(execution.outcome);
  json["code"] = execution.code;
}

void Write(const ReleaseEntry& release, JsonObject& json) {
  json["query"] = HexDigest(release.query);
  json["receipt"] = HexDigest(release.receipt);
  json["result"] = HexDigest(release.result);
  json["guard_state"] = agreement::NullableDigest(release.guard_state);
  json["answer"] = agreement::NullableDigest(release.answer);
}

Result<crypto::Ed25519PublicKey> DecodeKey(const Bytes& raw, std::string_view name) {
  Result<crypto::Ed25519PublicKey> key = crypto::Ed25519PublicKey::FromRaw(raw);
  if (!key) return InvalidArgument("entry.keys." + std::string(name) + " must be an Ed25519 public key");
  return key;
}

Result<EntryBody> ReadBoot(ObjectReader& in) {
  const std::int64_t boot = in.Integer("boot", 0, kBootsMax);
  const std::string origin = in.String("origin");
  if (origin != "generated" && origin != "recovered") in.Fail("origin", "must be generated or recovered");
  const codec::Json& keys = in.Any("keys");
  const Digest256 charter = in.HexDigest("charter");
  const Digest256 commitment = in.HexDigest("recipient_commitment");
  const JsonObject& evidence = in.Object("evidence");
  const codec::JsonArray& endorsements = in.Array("endorsements", kEndorsementsMax);
  (void)in.Integer("protocol", kProtocolVersion, kProtocolVersion);
  CLOISTER_TRY(in.Finish());

  ObjectReader keys_in(keys, in.Path("keys"));
  const Bytes checkpoint_raw = keys_in.Base64Url("checkpoint_key", 32);
  const Bytes document_raw = keys_in.Base64Url("document_key", 32);
  CLOISTER_TRY(keys_in.Finish());
  CLOISTER_ASSIGN(const auto checkpoint_key, DecodeKey(checkpoint_raw, "checkpoint_key"));
  CLOISTER_ASSIGN(const auto document_key, DecodeKey(document_raw, "document_key"));
  return EntryBody(BootEntry{.boot = boot,
                             .origin = origin,
                             .checkpoint_key = checkpoint_key,
                             .document_key = document_key,
                             .charter = charter,
                             .recipient_commitment = commitment,
                             .evidence = evidence,
                             .endorsements = endorsements});
}

Result<EntryBody> ReadCharter(ObjectReader& in) {
  const codec::Json& json = in.Any("charter");
  const Digest256 digest = in.HexDigest("digest");
  const Digest256 commitment = in.HexDigest("recipient_commitment");
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(agreement::Charter charter, agreement::DecodeCharter(json));
  if (agreement::CharterDigest(charter) != digest) return InvalidArgument("entry.digest is not that of the charter");
  return EntryBody(CharterEntry{.charter = std::move(charter), .recipient_commitment = commitment});
}

template <typename Body>
Result<EntryBody> ReadDocument(ObjectReader& in) {
  Body body{.jws = in.String("jws", crypto::kJwsBytesMax)};
  CLOISTER_TRY(in.Finish());
  return EntryBody(std::move(body));
}

Result<EntryBody> ReadRefusal(ObjectReader& in) {
  RefusalEntry refusal{.document = in.HexDigest("document")};
  refusal.code = agreement::ReadText(in, "code", {.bytes_max = kCodeBytesMax});
  refusal.reasons = in.Strings("reasons", kReasonsMax);
  if (refusal.reasons.empty()) in.Fail("reasons", "must not be empty");
  for (const std::string& reason : refusal.reasons) {
    if (reason.size() > kReasonBytesMax) in.Fail("reasons", "must be of at most 1000 bytes each");
  }
  CLOISTER_TRY(in.Finish());
  return EntryBody(std::move(refusal));
}

Result<EntryBody> ReadReservation(ObjectReader& in) {
  ReservationEntry reservation{.query = in.HexDigest("query")};
  reservation.approvals = agreement::ReadDigests(in, "approvals", agreement::kParticipantsMax);
  const codec::JsonArray& charges = in.Array("charges", agreement::kQueryDatasetsMax);
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(reservation.charges, agreement::DecodeCharges(charges, in.Path("charges")));
  return EntryBody(std::move(reservation));
}

Result<EntryBody> ReadExecution(ObjectReader& in) {
  ExecutionEntry execution{.query = in.HexDigest("query")};
  const std::string name = in.String("outcome");
  bool known = false;
  for (const Outcome outcome : kOutcomes) {
    if (name != OutcomeName(outcome)) continue;
    execution.outcome = outcome;
    known = true;
  }
  if (!known) in.Fail("outcome", "must be released, failed or cancelled");
  execution.code = agreement::ReadText(in, "code", {.bytes_max = kCodeBytesMax});
  CLOISTER_TRY(in.Finish());
  return EntryBody(std::move(execution));
}

Result<EntryBody> ReadRelease(ObjectReader& in) {
  ReleaseEntry release{.query = in.HexDigest("query")};
  release.receipt = in.HexDigest("receipt");
  release.result = in.HexDigest("result");
  release.guard_state = agreement::ReadNullableDigest(in, "guard_state");
  release.answer = agreement::ReadNullableDigest(in, "answer");
  CLOISTER_TRY(in.Finish());
  return EntryBody(std::move(release));
}

struct Kind {
  std::string_view name;
  Result<EntryBody> (*read)(ObjectReader&);
};
// In the order of EntryBody's alternatives.
constexpr std::array<Kind, std::variant_size_v<EntryBody>> kKinds = {{{"boot", ReadBoot},
                                                                      {"charter", ReadCharter},
                                                                      {"link", ReadDocument<LinkEntry>},
                                                                      {"report", ReadDocument<ReportEntry>},
                                                                      {"refusal", ReadRefusal},
                                                                      {"reservation", ReadReservation},
                                                                      {"execution", ReadExecution},
                                                                      {"release", ReadRelease}}};

}  // namespace

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kReleased: return "released";
    case Outcome::kFailed: return "failed";
    case Outcome::kCancelled: return "cancelled";
  }
  internal::CheckFailed(__FILE__, __LINE__, "an outcome outside its enumeration");
}

std::string_view EntryKind(const EntryBody& body) { return kKinds[body.index()].name; }

codec::Json EncodeRefusal(const RefusalEntry& refusal) {
  return codec::JsonObject{{"code", refusal.code}, {"reasons", agreement::TextArray(refusal.reasons)}};
}

codec::Json EncodeEntryJson(const Entry& entry) {
  JsonObject json;
  json["kind"] = EntryKind(entry.body);
  json["time"] = FormatRfc3339(entry.time);
  std::visit([&](const auto& body) { Write(body, json); }, entry.body);
  return json;
}

Result<std::string> EncodeEntry(const Entry& entry) {
  std::string text = codec::CanonicalJson(EncodeEntryJson(entry));
  if (text.size() > kEntryBytesMax) {
    return ResourceExhausted("a ledger entry must not be longer than " + std::to_string(kEntryBytesMax) + " bytes");
  }
  return text;
}

Result<Entry> DecodeEntry(std::string_view text) {
  CLOISTER_ASSIGN(const codec::Json json, codec::ParseJson(text, {.bytes_max = kEntryBytesMax}));
  if (codec::CanonicalJson(json) != text) return InvalidArgument("entry is not canonical JSON (RFC 8785)");
  ObjectReader in(json, "entry");
  const std::string name = in.String("kind");
  const Instant time = agreement::ReadInstant(in, "time");
  for (const Kind& kind : kKinds) {
    if (name != kind.name) continue;
    CLOISTER_ASSIGN(EntryBody body, kind.read(in));
    return Entry{.time = time, .body = std::move(body)};
  }
  in.Fail("kind", "is not known in this version");
  return in.Finish().error();
}

}  // namespace cloister::ledger
