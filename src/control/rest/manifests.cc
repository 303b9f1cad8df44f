#include "control/rest/manifests.h"

#include "control/rest/dataset_json.h"

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
    const auto* charter = state.in_force() != nullptr ? state.in_force() : state.proposed();
    return charter != nullptr ? charter->charter.min_group_size : agreement::kMinGroupSizeDefault;
  });
}

Result<agreement::LinkBody> MakeManifest(const DatasetAccess& access, const agreement::SealedObjectRef& object,
                                         const VerifiedView& view) {
  const DatasetRecord& dataset = access.dataset;
  CLOISTER_ASSIGN(const codec::Json schema_json, codec::ParseJson(dataset.schema));
  CLOISTER_ASSIGN(const codec::Json policy_json, codec::ParseJson(dataset.policy));
  agreement::Manifest manifest{
      .dataset = dataset.id, .charter = view.enclave.charter(), .name = dataset.name, .object = object};
  CLOISTER_ASSIGN(manifest.format, agreement::ParseDataFormat(dataset.format));
  CLOISTER_ASSIGN(manifest.schema, agreement::DecodeSchema(schema_json, "schema"));
  CLOISTER_ASSIGN(manifest.policy, agreement::DecodePolicy(policy_json, manifest.schema, "policy"));
  access.member.session->Look([&](const ledger::LedgerState& state) {
    const auto known = state.datasets().find(dataset.id);
    if (known == state.datasets().end()) return;
    const ledger::ManifestRecord& newest = known->second.versions.back();
    manifest.version = newest.manifest.version + 1;
    manifest.previous_manifest = newest.digest;
  });
  return agreement::LinkBody(std::move(manifest));
}

Result<RecordedLink> RecordManifest(const Api& api, const DatasetAccess& access,
                                    const agreement::SealedObjectRef& object,
                                    const std::optional<std::string>& document) {
  // Before the manifest is recorded: from then on the dataset may be loaded at any time, and `available` must
  // stand.
  const DatasetId& id = access.dataset.id;
  CLOISTER_TRY(api.store.datasets.SetStatus(id, DatasetStatus::kEncrypted, std::nullopt, api.clock.Now()));
  const auto make = [&](const VerifiedView& view) { return MakeManifest(access, object, view); };
  auto recorded =
      Submit(api, access.member, {.typ = "cloister-manifest+jws", .document = document, .make = make});
  if (!recorded || recorded->refused) {
    CLOISTER_TRY(api.store.datasets.SetStatus(id, DatasetStatus::kUploaded, std::nullopt, api.clock.Now()));
  }
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

Result<net::Response> AnswerDataset(const Api& api, const DatasetAccess& access, int status,
                                    const std::optional<RecordedLink>& recorded, const std::string& message) {
  CLOISTER_ASSIGN(const auto dataset, api.store.datasets.Find(access.dataset.id));
  CLOISTER_ASSIGN(auto json, EncodeDataset(api, access.member, dataset.value_or(access.dataset)));
  codec::JsonObject answer{{"dataset", std::move(json)}, {"message", message}};
  if (recorded) AddRecorded(answer, *recorded);
  return JsonResponse(status, std::move(answer));
}

}  // namespace cloister::control
