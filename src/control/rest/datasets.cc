// GET, POST /api/tee/environments/{id}/datasets; GET /api/tee/datasets/{id}.

#include "codec/text.h"
#include "control/rest/dataset_json.h"
#include "control/rest/routes.h"

namespace cloister::control {
namespace {

constexpr std::size_t kDatasetsPerEnvironmentMax = 1024;

Result<DatasetRecord> DecodeRegistration(const Api& api, const Member& member, const codec::Json& body) {
  codec::ObjectReader in(body, "");
  const Instant now = api.clock.Now();
  DatasetRecord dataset{.id = DatasetId::New(api.clock, api.rng),
                        .environment = member.record.id,
                        .owner = member.key.thumbprint,
                        .name = in.String("name"),
                        .description = in.OptionalString("description").value_or(""),
                        .schema = {},
                        .policy = {},
                        .format = in.String("format"),
                        .created_at = now,
                        .updated_at = now};
  const auto id = in.OptionalString("id");
  const codec::Json& schema_json = in.Any("schema");
  const codec::Json& policy_json = in.Any("policy");
  CLOISTER_TRY(in.Finish());
  if (!agreement::IsDatasetName(dataset.name)) {
    return InvalidArgument("'name' must be lower-case letters, digits and _, beginning with a letter, at most 63");
  }
  CLOISTER_TRY(CheckLabel("description", dataset.description, kDescriptionBytesMax));
  CLOISTER_TRY(agreement::ParseDataFormat(dataset.format));
  CLOISTER_ASSIGN(const auto schema, agreement::DecodeSchema(schema_json, "schema"));
  CLOISTER_TRY(agreement::DecodePolicy(policy_json, schema, "policy"));
  dataset.schema = codec::CanonicalJson(schema_json);
  dataset.policy = codec::CanonicalJson(policy_json);
  if (id) {
    CLOISTER_ASSIGN(dataset.id, DatasetId::Parse(*id));
  }
  return dataset;
}

Result<net::Response> Register(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  CLOISTER_ASSIGN(const DatasetRecord dataset, DecodeRegistration(api, member, body));
  CLOISTER_ASSIGN(const auto known, api.store.datasets.InEnvironment(member.record.id));
  if (known.size() >= kDatasetsPerEnvironmentMax)
    return ResourceExhausted("the environment has as many datasets as it may");
  const Status added = api.store.datasets.Add(dataset);
  if (!added && added.error().code == Code::kConflict) return Conflict("a dataset of that name or id exists already");
  CLOISTER_TRY(added);
  CLOISTER_ASSIGN(auto json, EncodeDataset(api, member, dataset));
  return JsonResponse(201, {{"dataset", std::move(json)}});
}

Result<net::Response> List(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const auto records, api.store.datasets.InEnvironment(member.record.id));
  codec::JsonArray datasets;
  for (const DatasetRecord& record : records) {
    CLOISTER_ASSIGN(auto json, EncodeDataset(api, member, record));
    datasets.push_back(std::move(json));
  }
  return JsonResponse(200, {{"datasets", std::move(datasets)}});
}

Result<net::Response> Show(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const DatasetAccess access, RequireDataset(api, request, request.Param("id")));
  CLOISTER_ASSIGN(auto json, EncodeDataset(api, access.member, access.dataset));
  return JsonResponse(200, {{"dataset", std::move(json)}});
}

}  // namespace

Result<codec::JsonObject> EncodeDataset(const Api&, const Member& member, const DatasetRecord& dataset) {
  CLOISTER_ASSIGN(auto schema, codec::ParseJson(dataset.schema));
  CLOISTER_ASSIGN(auto policy, codec::ParseJson(dataset.policy));
  codec::JsonObject json{{"id", dataset.id.str()},
                         {"environment", dataset.environment.str()},
                         {"name", dataset.name},
                         {"description", dataset.description},
                         {"owner", dataset.owner},
                         {"format", dataset.format},
                         {"schema", std::move(schema)},
                         {"policy", std::move(policy)},
                         {"status", DatasetStatusName(dataset.status)},
                         {"created_at", FormatRfc3339(dataset.created_at)},
                         {"updated_at", FormatRfc3339(dataset.updated_at)}};
  if (dataset.error) json["error_message"] = *dataset.error;
  member.session->Look([&](const ledger::LedgerState& state) {
    const auto* charter = state.in_force() != nullptr ? state.in_force() : state.proposed();
    const auto* owner = charter != nullptr ? charter->charter.Find(dataset.owner) : nullptr;
    if (owner != nullptr) {
      json["owner_email"] = owner->email;
      json["owner_organisation"] = owner->organisation;
    }
    const auto* manifest = state.ManifestInForce(dataset.id);
    const bool loaded = dataset.status == DatasetStatus::kEncrypted || dataset.status == DatasetStatus::kAvailable;
    // Its manifest ended with the charter that it named: the file is there, and waits for its owner's signature.
    if (manifest == nullptr && loaded) json["status"] = DatasetStatusName(DatasetStatus::kUploaded);
    if (manifest != nullptr) {
      json["manifest"] = codec::HexEncode(manifest->digest);
      json["version"] = manifest->manifest.version;
      json["object"] = agreement::EncodeObjectRef(manifest->manifest.object);
    }
  });
  return json;
}

void AddDatasetRoutes(net::Router& router, const Api& api) {
  router.Add("GET", "/api/tee/environments/{id}/datasets",
             [&api](const net::Request& request) { return List(api, request); });
  router.Add("POST", "/api/tee/environments/{id}/datasets",
             [&api](const net::Request& request) { return Register(api, request); });
  router.Add("GET", "/api/tee/datasets/{id}", [&api](const net::Request& request) { return Show(api, request); });
}

}  // namespace cloister::control
