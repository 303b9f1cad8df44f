#include "control/rest/manifests.h"

#include <algorithm>

#include "control/rest/dataset_json.h"
#include "control/rest/statements.h"

namespace cloister::control {

Result<DatasetAccess> RequireOwner(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(DatasetAccess access, RequireDataset(api, request, request.Param("id")));
  if (access.dataset.owner != access.member.key.thumbprint) {
    return Error{Code::kPermissionDenied, "only the owner of a dataset does that"};
  }
  return access;
}

// By the charter in force, or the one that everybody is about to accept.
std::int64_t DefaultGroupSize(const Member& member) {
  return member.session->Look([](const ledger::LedgerState& state) {
    const auto* charter = state.governing();
    return charter != nullptr ? charter->charter.min_group_size : agreement::kMinGroupSizeDefault;
  });
}

namespace {

constexpr std::string_view kManifestTyp = "cloister-manifest+jws";

// Of no charter and no version yet.
Result<agreement::Manifest> StoredTerms(const DatasetRecord& dataset, const agreement::SealedObjectRef& object) {
  CLOISTER_ASSIGN(const codec::Json schema_json, codec::ParseJson(dataset.schema));
  CLOISTER_ASSIGN(const codec::Json policy_json, codec::ParseJson(dataset.policy));
  agreement::Manifest manifest{.dataset = dataset.id, .name = dataset.name, .object = object};
  CLOISTER_ASSIGN(manifest.format, agreement::ParseDataFormat(dataset.format));
  CLOISTER_ASSIGN(manifest.schema, agreement::DecodeSchema(schema_json, "schema"));
  CLOISTER_ASSIGN(manifest.policy, agreement::DecodePolicy(policy_json, manifest.schema, "policy"));
  return manifest;
}

}  // namespace

Result<agreement::LinkBody> MakeManifest(const DatasetAccess& access, const agreement::SealedObjectRef& object,
                                         const VerifiedView& view) {
  const DatasetRecord& dataset = access.dataset;
  CLOISTER_ASSIGN(agreement::Manifest manifest, StoredTerms(dataset, object));
  manifest.charter = view.enclave.charter();
  access.member.session->Look([&](const ledger::LedgerState& state) {
    const auto known = state.datasets().find(dataset.id);
    if (known == state.datasets().end()) return;
    const ledger::ManifestRecord& newest = known->second.versions.back();
    manifest.version = newest.manifest.version + 1;
    manifest.previous_manifest = newest.digest;
  });
  return agreement::LinkBody(std::move(manifest));
}

namespace {

// Whether the manifest in force says what would be signed now.
Result<bool> IsSaidAlready(const DatasetAccess& access, const agreement::SealedObjectRef& object) {
  CLOISTER_ASSIGN(agreement::Manifest terms, StoredTerms(access.dataset, object));
  return access.member.session->Look([&](const ledger::LedgerState& state) {
    const ledger::ManifestRecord* found = state.ManifestInForce(access.dataset.id);
    if (found == nullptr) return false;
    terms.version = found->manifest.version;
    terms.previous_manifest = found->manifest.previous_manifest;
    terms.charter = found->manifest.charter;
    return terms == found->manifest;
  });
}

// A request that comes again, or awoke late, after its file was signed for and another one took its place. What was
// said under its Idempotency-Key is found, whatever came after it.
Result<bool> IsLate(const Api& api, const DatasetAccess& access, const OfferedFile& file) {
  const Member& member = access.member;
  if (!file.signed_from || NewestObject(access) == file.object) return false;
  if (!member.caller.note.empty()) {
    CLOISTER_ASSIGN(const auto said,
                    api.store.custody.FindLink(member.session->id(), member.key.thumbprint, member.caller.note));
    if (said) return false;
  }
  return member.session->Look([&](const ledger::LedgerState& state) {
    const auto known = state.datasets().find(access.dataset.id);
    if (known == state.datasets().end()) return false;
    return std::ranges::any_of(known->second.versions, [&](const ledger::ManifestRecord& each) {
      return each.entry >= *file.signed_from && each.manifest.object == file.object;
    });
  });
}

// No new manifest came of it: what the dataset was it is again. One that waits for the enclave goes on waiting.
Status PutStatusBack(const Api& api, const DatasetAccess& access, DatasetStatus before) {
  const bool in_force = access.member.session->Look(
      [&](const ledger::LedgerState& state) { return state.ManifestInForce(access.dataset.id) != nullptr; });
  if (in_force && before == DatasetStatus::kEncrypted) return {};
  const bool decided = before == DatasetStatus::kAvailable || before == DatasetStatus::kFailed;
  const DatasetStatus status = in_force && decided ? before : DatasetStatus::kUploaded;
  const auto error = status == before ? access.dataset.error : std::nullopt;
  return api.store.datasets.SetStatus(access.dataset.id, status, error, api.clock.Now());
}

std::function<bool(const agreement::LinkBody&)> Names(const DatasetId& id, const agreement::SealedObjectRef& object) {
  return [id, object](const agreement::LinkBody& body) {
    const auto* manifest = std::get_if<agreement::Manifest>(&body);
    return manifest != nullptr && manifest->dataset == id && manifest->object == object;
  };
}

// The new terms hold under the proposed charter too. Where that cannot be signed now, nothing of his is in force there
// until he signs again, and his inbox says so (docs/adr/0018-the-last-word-of-an-owner.md).
void Renew(const Api& api, const DatasetAccess& access) {
  (void)api.custodian.RenewForProposal(*access.member.session, access.member.key);
}

}  // namespace

Status CheckManifest(const DatasetAccess& access, const agreement::SealedObjectRef& object,
                     const std::optional<std::string>& document) {
  return CheckDocument(access.member, {.typ = kManifestTyp,
                                       .document = document,
                                       .means = Names(access.dataset.id, object)});
}

Status LookAgain(const Api& api, DatasetAccess& access) {
  CLOISTER_ASSIGN(auto stored, api.store.datasets.Find(access.dataset.id));
  if (!stored) return NotFound("there is no such dataset");
  access.dataset = *std::move(stored);
  return {};
}

Result<RecordedLink> RecordManifest(const Api& api, const DatasetAccess& access, const OfferedFile& file,
                                    const std::optional<std::string>& document) {
  const agreement::SealedObjectRef& object = file.object;
  if (!document || !Recorded(*access.member.session, *document)) CLOISTER_TRY(access.member.session->AwaitEnclave());
  MutexLock lock(access.member.session->terms_mutex());
  DatasetAccess now = access;
  CLOISTER_TRY(LookAgain(api, now));
  if (!document && now.dataset.status != DatasetStatus::kFailed) {
    CLOISTER_ASSIGN(const bool said, IsSaidAlready(now, object));
    if (said) {
      Renew(api, now);
      return LinkInForce(now).value();
    }
  }
  if (!document) {
    CLOISTER_ASSIGN(const bool late, IsLate(api, now, file));
    if (late) return Conflict("another file took this one's place since; upload it again if it is to come back");
  }
  return RecordTerms(api, now, object, document);
}

Result<RecordedLink> RecordTerms(const Api& api, const DatasetAccess& access, const agreement::SealedObjectRef& object,
                                 const std::optional<std::string>& document) {
  const DatasetId& id = access.dataset.id;
  CLOISTER_ASSIGN(const auto stored, api.store.datasets.Find(id));
  const DatasetStatus before = stored ? stored->status : access.dataset.status;
  const std::uint64_t size =
      access.member.session->Look([](const ledger::LedgerState& state) { return state.size(); });
  const Statement statement{.typ = kManifestTyp,
                            .document = document,
                            .make = [&](const VerifiedView& view) { return MakeManifest(access, object, view); },
                            .means = Names(id, object)};
  CLOISTER_TRY(CheckDocument(access.member, statement));
  // Before the manifest is recorded: from then on the dataset may be loaded at any time, and `available` must
  // stand.
  CLOISTER_TRY(api.store.datasets.SetStatus(id, DatasetStatus::kEncrypted, std::nullopt, api.clock.Now()));
  auto recorded = Submit(api, access.member, statement);
  // The same document again stands where it stood, and the enclave is not asked to load it another time; nor is it for
  // one under a charter that is proposed.
  const auto standing = LinkInForce(access);
  const bool is_new = recorded && recorded->entry >= size && standing && standing->entry == recorded->entry;
  if (!is_new) CLOISTER_TRY(PutStatusBack(api, access, before));
  if (recorded && !recorded->refused && !document) Renew(api, access);
  return recorded;
}

std::optional<agreement::SealedObjectRef> NewestObject(const DatasetAccess& access) {
  return access.member.session->Look(
      [&](const ledger::LedgerState& state) -> std::optional<agreement::SealedObjectRef> {
        const auto known = state.datasets().find(access.dataset.id);
        if (known == state.datasets().end()) return std::nullopt;
        return known->second.versions.back().manifest.object;
      });
}

bool IsNamed(const DatasetAccess& access, const agreement::SealedObjectRef& object) {
  return access.member.session->Look([&](const ledger::LedgerState& state) {
    const auto known = state.datasets().find(access.dataset.id);
    if (known == state.datasets().end()) return false;
    return std::ranges::any_of(known->second.versions,
                               [&](const auto& each) { return each.manifest.object == object; });
  });
}

std::optional<RecordedLink> LinkInForce(const DatasetAccess& access) {
  return access.member.session->LookWithCheckpoint(
      [&](const ledger::LedgerState& state, const std::optional<std::string>& note) -> std::optional<RecordedLink> {
        const ledger::ManifestRecord* found = state.ManifestInForce(access.dataset.id);
        if (found == nullptr) return std::nullopt;
        return RecordedLink{.entry = found->entry, .checkpoint = note.value_or(""), .refused = std::nullopt};
      });
}

Result<net::Response> AnswerDataset(const Api& api, const DatasetAccess& access, int status,
                                    const std::optional<RecordedLink>& recorded, const std::string& message) {
  CLOISTER_ASSIGN(const auto dataset, api.store.datasets.Find(access.dataset.id));
  CLOISTER_ASSIGN(auto json, EncodeDataset(api, access.member, dataset.value_or(access.dataset)));
  codec::JsonObject answer{{"dataset", std::move(json)}, {"message", message}};
  return recorded ? AnswerRecorded(status, std::move(answer), *recorded) : JsonResponse(status, std::move(answer));
}

}  // namespace cloister::control
