// GET, POST /api/tee/environments/{id}/datasets; GET /api/tee/datasets/{id}.

#include "codec/text.h"
#include "control/rest/dataset_json.h"
#include "control/rest/dataset_terms.h"
#include "control/rest/idempotency.h"
#include "control/rest/manifests.h"
#include "control/rest/routes.h"

namespace cloister::control {
namespace {

constexpr std::size_t kDatasetsPerEnvironmentMax = 1024;
constexpr std::size_t kBucketBytesMax = 1024;

// A name that SQL cannot say is kept as a title beside one that it can.
Status NameIt(DatasetRecord& dataset) {
  CLOISTER_TRY(CheckLabel("name", dataset.name, agreement::kLabelBytesMax));
  if (agreement::IsDatasetName(dataset.name)) return {};
  dataset.title = dataset.name;
  dataset.name = agreement::DatasetNameOf(dataset.name);
  return dataset.name.empty() ? InvalidArgument("'name' must hold a letter of a to z") : Status();
}

// Where the file is to be fetched from, if this server has such a place.
Status CheckBucket(const Api& api, const DatasetRecord& dataset) {
  if (!dataset.bucket && !dataset.bucket_path) return {};
  if (!dataset.bucket || !dataset.bucket_path) return InvalidArgument("'gcs_bucket' and 'gcs_path' go together");
  if (api.buckets == nullptr) {
    return Error{Code::kRefused,
                 "this server has no buckets to fetch 'gcs_path' from; leave it out and upload the file with PUT "
                 "/api/tee/datasets/{id}/content"};
  }
  const Status named = cloud::CheckObjectName(*dataset.bucket, *dataset.bucket_path);
  return named ? named : Error{named.error().code, "'gcs_bucket' and 'gcs_path': " + named.error().public_message};
}

Result<DatasetRecord> DecodeRegistration(const Api& api, const Member& member, const codec::Json& body) {
  codec::ObjectReader in(body, "");
  const Instant now = api.clock.Now();
  DatasetRecord dataset{.id = DatasetId::New(api.clock, api.rng),
                        .environment = member.record.id,
                        .owner = member.key.thumbprint,
                        .name = in.String("name"),
                        .description = in.OptionalString("description", kDescriptionBytesMax).value_or(""),
                        .schema = {},
                        .policy = {},
                        .format = {},
                        .created_at = now,
                        .updated_at = now};
  const auto id = in.OptionalString("id");
  const auto format = in.OptionalString("format");
  const codec::Json& given_schema = in.Any("schema");
  const GivenPolicy given{.policy = in.OptionalAny("policy"),
                          .privacy_unit = in.OptionalString("privacy_unit"),
                          .group_size = DefaultGroupSize(member)};
  dataset.bucket = in.OptionalString("gcs_bucket", kBucketBytesMax);
  dataset.bucket_path = in.OptionalString("gcs_path", kBucketBytesMax);
  CLOISTER_TRY(in.Finish());
  CLOISTER_TRY(NameIt(dataset));
  CLOISTER_TRY(CheckBucket(api, dataset));
  CLOISTER_TRY(CheckLabel("description", dataset.description, kDescriptionBytesMax));
  dataset.format = format.value_or(FormatOfPath(dataset.bucket_path.value_or("")));
  CLOISTER_TRY(agreement::ParseDataFormat(dataset.format));
  CLOISTER_ASSIGN(const codec::Json schema_json, NormaliseSchema(given_schema));
  CLOISTER_ASSIGN(const auto schema, agreement::DecodeSchema(schema_json, "schema"));
  CLOISTER_ASSIGN(const codec::Json policy_json, NormalisePolicy(given, schema));
  CLOISTER_TRY(agreement::DecodePolicy(policy_json, schema, "policy"));
  dataset.schema = codec::CanonicalJson(schema_json);
  dataset.policy = codec::CanonicalJson(policy_json);
  if (id) {
    CLOISTER_ASSIGN(dataset.id, DatasetId::Parse(*id));
  }
  return dataset;
}

Result<net::Response> AnswerRegistered(const Api& api, const Member& member, const DatasetRecord& dataset) {
  CLOISTER_ASSIGN(auto json, EncodeDataset(api, member, dataset));
  return JsonResponse(
      201, {{"dataset", std::move(json)},
            {"message", "Registered. Upload its file, and it becomes available once the enclave has loaded it."}});
}

Result<net::Response> Register(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  CLOISTER_ASSIGN(DatasetRecord dataset, DecodeRegistration(api, member, body));
  CLOISTER_TRY(RequireLiving(member));
  RequestIds ids(api, request);
  if (!body.get_object().contains("id")) dataset.id = ids.Make<DatasetId>();
  CLOISTER_ASSIGN(const auto again, api.store.datasets.Find(dataset.id));
  if (again && ids.repeatable() && again->owner == member.key.thumbprint && again->environment == member.record.id) {
    return AnswerRegistered(api, member, *again);
  }
  const DailyLimit daily{
      .limit = api.limits.datasets_per_day,
      .what = "datasets registered in this environment",
      .nth_newest = [&](std::int64_t n) { return api.store.datasets.NthNewest(member.record.id, n); }};
  CLOISTER_ASSIGN(auto refused, RefuseDaily(api, daily));
  if (refused) return *std::move(refused);
  CLOISTER_ASSIGN(const auto known, api.store.datasets.InEnvironment(member.record.id));
  if (known.size() >= kDatasetsPerEnvironmentMax)
    return ResourceExhausted("the environment has as many datasets as it may");
  const Status added = api.store.datasets.Add(dataset);
  if (!added && added.error().code == Code::kConflict) return Conflict("a dataset of that name or id exists already");
  CLOISTER_TRY(added);
  return AnswerRegistered(api, member, dataset);
}

Result<net::Response> List(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Member member, RequireMember(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const auto records, api.store.datasets.InEnvironment(member.record.id));
  codec::JsonArray datasets;
  for (const DatasetRecord& record : records) {
    CLOISTER_ASSIGN(auto json, EncodeDataset(api, member, record));
    datasets.push_back(std::move(json));
  }
  return AnswerList(request, "datasets", std::move(datasets));
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
                         {"name", dataset.title.value_or(dataset.name)},
                         {"table_name", dataset.name},
                         {"description", dataset.description},
                         {"owner", dataset.owner},
                         {"format", dataset.format},
                         {"schema", std::move(schema)},
                         {"policy", std::move(policy)},
                         {"status", DatasetStatusName(dataset.status)},
                         {"created_at", FormatRfc3339(dataset.created_at)},
                         {"updated_at", FormatRfc3339(dataset.updated_at)}};
  if (dataset.error) json["error_message"] = *dataset.error;
  if (dataset.bucket) json["gcs_bucket"] = *dataset.bucket;
  if (dataset.bucket_path) json["gcs_path"] = *dataset.bucket_path;
  member.session->Look([&](const ledger::LedgerState& state) {
    const auto* charter = state.governing();
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
