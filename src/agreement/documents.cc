#include "agreement/documents.h"

#include <algorithm>
#include <array>
#include <functional>

#include "agreement/charter.h"
#include "agreement/fields.h"
#include "agreement/group_size.h"
#include "base/check.h"
#include "codec/ascii.h"
#include "codec/text.h"

namespace cloister::agreement {
namespace {

constexpr std::array kCustodies = {Custody::kSelf, Custody::kServer, Custody::kBrowser};
constexpr std::array kFormats = {DataFormat::kCsv, DataFormat::kParquet, DataFormat::kJsonl};
constexpr std::array kEnds = {Revocation::Ends::kManifest, Revocation::Ends::kApproval, Revocation::Ends::kMembership,
                              Revocation::Ends::kTermination};

// The value of a closed enumeration by its name; the first one after a problem.
template <typename Values, typename NameOf>
auto ReadChoice(codec::ObjectReader& in, std::string_view name, const Values& values, NameOf name_of) {
  const std::string text = in.String(name);
  std::string known;
  for (const auto value : values) {
    if (text == name_of(value)) return value;
    known += (known.empty() ? "" : ", ") + std::string(name_of(value));
  }
  in.Fail(name, "must be one of " + known);
  return values.front();
}

Result<DatasetRead> DecodeDatasetRead(const codec::Json& json, const std::string& where) {
  codec::ObjectReader in(json, where);
  DatasetRead read{.dataset = ReadDatasetId(in, "dataset")};
  read.manifest = in.HexDigest("manifest");
  CLOISTER_TRY(in.Finish());
  return read;
}

Result<std::vector<DatasetRead>> DecodeDatasetReads(const codec::JsonArray& array, const std::string& where) {
  std::vector<DatasetRead> reads;
  for (std::size_t i = 0; i < array.size(); ++i) {
    CLOISTER_ASSIGN(DatasetRead read, DecodeDatasetRead(array[i], where + "[" + std::to_string(i) + "]"));
    reads.push_back(std::move(read));
  }
  if (reads.empty()) return InvalidArgument(where + " must not be empty");
  if (!StrictlyAscending(reads, [](const DatasetRead& read) { return read.dataset; })) {
    return InvalidArgument(where + " must be sorted by dataset, none twice");
  }
  return reads;
}

}  // namespace

std::string_view CustodyName(Custody custody) {
  switch (custody) {
    case Custody::kSelf: return "self";
    case Custody::kServer: return "server";
    case Custody::kBrowser: return "browser";
  }
  internal::CheckFailed(__FILE__, __LINE__, "a custody outside its enumeration");
}

std::string_view DataFormatName(DataFormat format) {
  switch (format) {
    case DataFormat::kCsv: return "csv";
    case DataFormat::kParquet: return "parquet";
    case DataFormat::kJsonl: return "jsonl";
  }
  internal::CheckFailed(__FILE__, __LINE__, "a format outside its enumeration");
}

Result<DataFormat> ParseDataFormat(std::string_view name) {
  for (const DataFormat format : kFormats) {
    if (name == DataFormatName(format)) return format;
  }
  return InvalidArgument("a format must be csv, parquet or jsonl");
}

std::string_view RevocationEndsName(Revocation::Ends ends) {
  switch (ends) {
    case Revocation::Ends::kManifest: return "manifest";
    case Revocation::Ends::kApproval: return "approval";
    case Revocation::Ends::kMembership: return "membership";
    case Revocation::Ends::kTermination: return "termination";
  }
  internal::CheckFailed(__FILE__, __LINE__, "an end outside its enumeration");
}

bool IsDatasetName(std::string_view name) {
  return !name.empty() && name.size() <= kDatasetNameBytesMax && name[0] >= 'a' && name[0] <= 'z' &&
         !name.starts_with("dataset_") && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == name.npos;
}

std::optional<DatasetId> DatasetIdIn(std::string_view word) {
  constexpr std::string_view kBefore = "dataset_";
  if (!word.starts_with(kBefore)) return std::nullopt;
  const std::string id(word.substr(kBefore.size()));
  const auto parsed = DatasetId::Parse(id.starts_with("ds_") ? id : "ds_" + id);
  return parsed ? std::optional(*parsed) : std::nullopt;
}

std::string DatasetNameOf(std::string_view title) {
  std::string name;
  for (const char c : title) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter) name += codec::LowerCase(c);
    else if (!name.empty() && name.back() != '_') name += '_';
  }
  while (!name.empty() && name.back() == '_') name.pop_back();
  const bool taken = name.starts_with("dataset_");  // so begin the names by which ids are read
  if (taken || (!name.empty() && name[0] >= '0' && name[0] <= '9')) name.insert(0, "t_");
  name.resize(std::min(name.size(), kDatasetNameBytesMax));
  return IsDatasetName(name) ? name : "";
}

bool IsTitleOf(std::string_view word, std::string_view name) {
  const auto closes = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ')';
  };
  return !word.empty() && closes(word.front()) && closes(word.back()) && DatasetNameOf(word) == name;
}

codec::Json EncodeAcceptance(const Acceptance& acceptance) {
  codec::JsonObject json;
  json["charter"] = HexDigest(acceptance.charter);
  json["recipient_commitment"] = HexDigest(acceptance.recipient_commitment);
  json["entry_0"] = HexDigest(acceptance.entry_0);
  json["custody"] = CustodyName(acceptance.custody);
  json["unconfirmed"] = TextArray(acceptance.unconfirmed);
  return json;
}

namespace {

// Keys and programs in one list: a thumbprint has 43 characters, a measurement 64 of hex, so none is taken for the
// other.
std::vector<std::string> ReadUnconfirmed(codec::ObjectReader& in) {
  std::vector<std::string> texts = in.Strings("unconfirmed", kLinkParticipantsMax + kMeasurementsMax);
  const auto known = [](const std::string& text) { return IsThumbprint(text) || codec::HexDecodeDigest(text); };
  if (!StrictlyAscending(texts, std::identity{}) || !std::all_of(texts.begin(), texts.end(), known)) {
    in.Fail("unconfirmed", "must be a sorted list of thumbprints and measurements, none twice");
  }
  return texts;
}

}  // namespace

Result<Acceptance> DecodeAcceptance(const codec::Json& json) {
  codec::ObjectReader in(json, "body");
  Acceptance acceptance;
  acceptance.charter = in.HexDigest("charter");
  acceptance.recipient_commitment = in.HexDigest("recipient_commitment");
  acceptance.entry_0 = in.HexDigest("entry_0");
  acceptance.custody = ReadChoice(in, "custody", kCustodies, CustodyName);
  acceptance.unconfirmed = ReadUnconfirmed(in);
  CLOISTER_TRY(in.Finish());
  return acceptance;
}

codec::Json EncodeManifest(const Manifest& manifest) {
  codec::JsonObject json;
  json["dataset"] = manifest.dataset.str();
  json["version"] = manifest.version;
  json["previous_manifest"] = NullableDigest(manifest.previous_manifest);
  json["charter"] = HexDigest(manifest.charter);
  json["name"] = manifest.name;
  json["format"] = DataFormatName(manifest.format);
  json["schema"] = EncodeSchema(manifest.schema);
  json["policy"] = EncodePolicy(manifest.policy);
  json["object"] = EncodeObjectRef(manifest.object);
  return json;
}

Result<Manifest> DecodeManifest(const codec::Json& json) {
  codec::ObjectReader in(json, "body");
  Manifest manifest{.dataset = ReadDatasetId(in, "dataset")};
  manifest.version = in.Integer("version", 1, kManifestVersionMax);
  manifest.previous_manifest = ReadNullableDigest(in, "previous_manifest");
  if ((manifest.version == 1) == manifest.previous_manifest.has_value()) {
    in.Fail("previous_manifest", "must be null in version 1 and a digest in every later one");
  }
  manifest.charter = in.HexDigest("charter");
  manifest.name = in.String("name");
  if (!IsDatasetName(manifest.name)) {
    in.Fail("name", "must be a-z, then up to 62 of a-z, 0-9 and _, and not begin with dataset_");
  }
  manifest.format = ReadChoice(in, "format", kFormats, DataFormatName);
  const codec::Json& schema = in.Any("schema");
  const codec::Json& policy = in.Any("policy");
  const codec::Json& object = in.Any("object");
  if (!StatesGroupSize(policy)) in.Fail("policy", "must state min_group_size");
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(manifest.schema, DecodeSchema(schema, in.Path("schema")));
  CLOISTER_ASSIGN(manifest.policy, DecodePolicy(policy, manifest.schema, in.Path("policy")));
  CLOISTER_ASSIGN(manifest.object, DecodeObjectRef(object, in.Path("object")));
  return manifest;
}

codec::Json EncodeQueryRequest(const QueryRequest& query) {
  codec::JsonArray datasets;
  for (const DatasetRead& read : query.datasets) {
    codec::JsonObject item;
    item["dataset"] = read.dataset.str();
    item["manifest"] = HexDigest(read.manifest);
    datasets.push_back(std::move(item));
  }
  codec::JsonObject json;
  json["query"] = query.query.str();
  json["name"] = query.name;
  json["text"] = query.text;
  json["parameters"] = query.parameters;
  json["datasets"] = std::move(datasets);
  json["level"] = LevelName(query.level);
  json["privacy"] = query.privacy;
  json["recipients"] = TextArray(query.recipients);
  json["charter"] = HexDigest(query.charter);
  return json;
}

Result<QueryRequest> DecodeQueryRequest(const codec::Json& json) {
  codec::ObjectReader in(json, "body");
  QueryRequest query{.query = ReadQueryId(in, "query")};
  query.name = ReadText(in, "name", {.bytes_max = kQueryNameBytesMax});
  query.text = ReadText(in, "text", {.bytes_max = kQueryTextBytesMax, .kind = TextKind::kLines});
  query.parameters = in.Object("parameters");
  const codec::JsonArray& datasets = in.Array("datasets", kQueryDatasetsMax);
  const std::string level = in.String("level");
  query.privacy = in.Object("privacy");
  query.recipients = ReadThumbprints(in, "recipients", kLinkParticipantsMax);
  if (query.recipients.empty()) in.Fail("recipients", "must not be empty");
  query.charter = in.HexDigest("charter");
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(query.level, ParseLevel(level));
  CLOISTER_ASSIGN(query.datasets, DecodeDatasetReads(datasets, in.Path("datasets")));
  return query;
}

codec::Json EncodeApproval(const Approval& approval) {
  codec::JsonObject json;
  json["query"] = HexDigest(approval.query);
  json["plan"] = HexDigest(approval.plan);
  json["report"] = HexDigest(approval.report);
  json["charges"] = EncodeCharges(approval.charges);
  json["not_after"] = FormatRfc3339(approval.not_after);
  json["notes"] = approval.notes;
  return json;
}

Result<Approval> DecodeApproval(const codec::Json& json) {
  codec::ObjectReader in(json, "body");
  Approval approval;
  approval.query = in.HexDigest("query");
  approval.plan = in.HexDigest("plan");
  approval.report = in.HexDigest("report");
  const codec::JsonArray& charges = in.Array("charges", kQueryDatasetsMax);
  approval.not_after = ReadInstant(in, "not_after");
  approval.notes = ReadText(in, "notes", {.bytes_max = kNotesBytesMax, .kind = TextKind::kLines, .may_be_empty = true});
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(approval.charges, DecodeCharges(charges, in.Path("charges")));
  return approval;
}

codec::Json EncodeRejection(const Rejection& rejection) {
  codec::JsonObject json;
  json["query"] = HexDigest(rejection.query);
  json["reason"] = rejection.reason;
  return json;
}

Result<Rejection> DecodeRejection(const codec::Json& json) {
  codec::ObjectReader in(json, "body");
  Rejection rejection;
  rejection.query = in.HexDigest("query");
  rejection.reason =
      ReadText(in, "reason", {.bytes_max = kNotesBytesMax, .kind = TextKind::kLines, .may_be_empty = true});
  CLOISTER_TRY(in.Finish());
  return rejection;
}

codec::Json EncodeRevocation(const Revocation& revocation) {
  codec::JsonObject json;
  json["ends"] = RevocationEndsName(revocation.ends);
  json["document"] = NullableDigest(revocation.document);
  json["reason"] = revocation.reason;
  return json;
}

Result<Revocation> DecodeRevocation(const codec::Json& json) {
  codec::ObjectReader in(json, "body");
  Revocation revocation;
  revocation.ends = ReadChoice(in, "ends", kEnds, RevocationEndsName);
  revocation.document = ReadNullableDigest(in, "document");
  const bool names_document =
      revocation.ends == Revocation::Ends::kManifest || revocation.ends == Revocation::Ends::kApproval;
  if (names_document != revocation.document.has_value()) {
    in.Fail("document", "must be a digest for manifest and approval, and null for membership and termination");
  }
  revocation.reason =
      ReadText(in, "reason", {.bytes_max = kNotesBytesMax, .kind = TextKind::kLines, .may_be_empty = true});
  CLOISTER_TRY(in.Finish());
  return revocation;
}

}  // namespace cloister::agreement
