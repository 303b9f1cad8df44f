// A dataset's terms over time: GET, PUT .../policy with ETag and If-Match, POST .../policy/test, GET .../policy/diff,
// GET, POST .../versions, DELETE .../datasets/{id}.
//
// Another policy or schema is another manifest over the same sealed file: the enclave loads it anew under the new
// terms.

#include "agreement/policy_diff.h"
#include "codec/text.h"
#include "control/rest/dataset_files.h"
#include "control/rest/dataset_json.h"
#include "control/rest/dataset_terms.h"
#include "control/rest/manifests.h"
#include "control/rest/preconditions.h"
#include "control/rest/query_check.h"
#include "control/rest/routes.h"
#include "control/rest/statements.h"

namespace cloister::control {
namespace {

constexpr std::size_t kPolicyTestsMax = 50;

struct Terms {
  agreement::DatasetSchema schema;
  agreement::DatasetPolicy policy;
};

Result<Terms> TermsOf(const DatasetRecord& dataset) {
  Terms terms;
  CLOISTER_ASSIGN(const codec::Json schema, codec::ParseJson(dataset.schema));
  CLOISTER_ASSIGN(const codec::Json policy, codec::ParseJson(dataset.policy));
  CLOISTER_ASSIGN(terms.schema, agreement::DecodeSchema(schema, "schema"));
  CLOISTER_ASSIGN(terms.policy, agreement::DecodePolicy(policy, terms.schema, "policy"));
  return terms;
}

codec::JsonArray EncodeChanges(const std::vector<agreement::PolicyChange>& changes) {
  codec::JsonArray json;
  for (const auto& each : changes) {
    json.push_back({{"kind", agreement::PolicyChangeKindName(each.kind)}, {"message", each.words}});
  }
  return json;
}

Result<net::Response> ShowPolicy(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const DatasetAccess access, RequireDataset(api, request, request.Param("id")));
  CLOISTER_ASSIGN(auto policy, codec::ParseJson(access.dataset.policy));
  net::Response response = JsonResponse(200, {{"policy", std::move(policy)},
                                              {"dataset", access.dataset.id.str()},
                                              {"created_at", FormatRfc3339(access.dataset.created_at)},
                                              {"updated_at", FormatRfc3339(access.dataset.updated_at)}});
  response.headers.emplace_back("etag", EntityTag(access.dataset.policy));
  return response;
}

std::vector<ledger::ManifestRecord> VersionsOf(const DatasetAccess& access) {
  return access.member.session->Look([&](const ledger::LedgerState& state) {
    const auto known = state.datasets().find(access.dataset.id);
    return known == state.datasets().end() ? std::vector<ledger::ManifestRecord>() : known->second.versions;
  });
}

// What a request changes; what it does not say stays.
struct NewTerms {
  DatasetRecord dataset;
  std::optional<std::string> document;
  // Which of them stand beside the document.
  bool says_policy = false;
  bool says_schema = false;
  bool says_format = false;
};

Result<NewTerms> DecodeTerms(const codec::Json& body, const DatasetAccess& access, bool with_schema) {
  const DatasetRecord& dataset = access.dataset;
  codec::ObjectReader in(body, "");
  NewTerms terms{.dataset = dataset, .document = std::nullopt};
  const codec::Json* schema_given = with_schema ? in.OptionalAny("schema") : nullptr;
  const auto format_given = with_schema ? in.OptionalString("format") : std::nullopt;
  terms.dataset.format = format_given.value_or(dataset.format);
  const GivenPolicy given{.policy = in.OptionalAny("policy"),
                          .privacy_unit = in.OptionalString("privacy_unit"),
                          .group_size = DefaultGroupSize(access.member)};
  terms.document = in.OptionalString("document", crypto::kJwsBytesMax);
  if (!with_schema && given.policy == nullptr && !terms.document) in.Fail("policy", "is missing");
  CLOISTER_TRY(in.Finish());
  CLOISTER_TRY(agreement::ParseDataFormat(terms.dataset.format));
  terms.says_policy = given.policy != nullptr;
  terms.says_schema = schema_given != nullptr;
  terms.says_format = format_given.has_value();
  if (schema_given != nullptr) {
    CLOISTER_ASSIGN(const codec::Json schema, NormaliseSchema(*schema_given));
    terms.dataset.schema = codec::CanonicalJson(schema);
  }
  CLOISTER_ASSIGN(const codec::Json schema_json, codec::ParseJson(terms.dataset.schema));
  CLOISTER_ASSIGN(const auto schema, agreement::DecodeSchema(schema_json, "schema"));
  if (given.policy != nullptr) {
    CLOISTER_ASSIGN(const codec::Json policy, NormalisePolicy(given, schema));
    terms.dataset.policy = codec::CanonicalJson(policy);
  }
  if (terms.document && !terms.says_policy) return terms;  // the document has the policy
  const auto fits = TermsOf(terms.dataset);
  if (!fits && given.policy == nullptr) {  // what was sent is well formed; what stands is in its way
    return FailedPrecondition("the policy that stands does not fit the new schema: " + fits.error().public_message +
                              "; send a 'policy' with it");
  }
  if (!fits) return fits.error();
  return terms;
}

std::string TextOf(const agreement::DatasetPolicy& policy) {
  return codec::CanonicalJson(agreement::EncodePolicy(policy));
}
std::string TextOf(const agreement::DatasetSchema& schema) {
  return codec::CanonicalJson(agreement::EncodeSchema(schema));
}

// What stands beside a document says the same.
Status CheckBeside(const NewTerms& terms, const agreement::Manifest& manifest) {
  bool same = !terms.says_format || terms.dataset.format == agreement::DataFormatName(manifest.format);
  if (terms.says_schema) {
    CLOISTER_ASSIGN(const codec::Json json, codec::ParseJson(terms.dataset.schema));
    CLOISTER_ASSIGN(const auto schema, agreement::DecodeSchema(json, "schema"));
    same = same && TextOf(schema) == TextOf(manifest.schema);
  }
  if (terms.says_policy) {
    CLOISTER_ASSIGN(const Terms said, TermsOf(terms.dataset));
    same = same && TextOf(said.policy) == TextOf(manifest.policy);
  }
  return same ? Status() : InvalidArgument("'document' has other terms than stand beside it; send it alone");
}

// A manifest that its owner signed says its own terms.
Status TakeFromDocument(const DatasetAccess& access, NewTerms& terms) {
  if (!terms.document) return {};
  const auto object = NewestObject(access);
  if (!object) return FailedPrecondition("there is no file yet that a manifest could name; upload it first");
  CLOISTER_TRY(CheckManifest(access, *object, terms.document));
  CLOISTER_ASSIGN(const auto link, access.member.session->Look([&](const ledger::LedgerState& state) {
    return state.VerifyLink(*terms.document);
  }));
  const auto* manifest = link.As<agreement::Manifest>();
  CLOISTER_CHECK(manifest != nullptr);  // CheckManifest()
  CLOISTER_TRY(CheckBeside(terms, *manifest));
  terms.dataset.policy = TextOf(manifest->policy);
  terms.dataset.schema = TextOf(manifest->schema);
  terms.dataset.format = agreement::DataFormatName(manifest->format);
  return {};
}

// A retry of what was said before something else was is told what the ledger has of it, and changes nothing.
Status CheckNewest(const DatasetAccess& access, const Terms& terms) {
  const agreement::Manifest newest = VersionsOf(access).back().manifest;
  const bool same = TextOf(newest.policy) == TextOf(terms.policy) && TextOf(newest.schema) == TextOf(terms.schema) &&
                    agreement::DataFormatName(newest.format) == access.dataset.format;
  if (same) return {};
  return Error{Code::kRefused, "these terms were recorded, and others have taken their place since"};
}

// Under the session's terms_mutex().
Result<net::Response> Restate(const Api& api, DatasetAccess access, NewTerms terms) {
  CLOISTER_ASSIGN(const Terms before, TermsOf(access.dataset));
  CLOISTER_ASSIGN(const Terms after, TermsOf(terms.dataset));
  terms.dataset.updated_at = api.clock.Now();
  access.dataset = terms.dataset;
  std::optional<RecordedLink> recorded;
  if (const auto object = NewestObject(access)) {
    CLOISTER_ASSIGN(recorded, RecordTerms(api, access, *object, terms.document));
  }
  if (recorded && recorded->refused) return AnswerWithoutEffect(*recorded);
  if (recorded) CLOISTER_TRY(CheckNewest(access, after));
  CLOISTER_TRY(api.store.datasets.SetTerms(terms.dataset));
  CLOISTER_ASSIGN(const auto stored, api.store.datasets.Find(access.dataset.id));
  CLOISTER_ASSIGN(auto json, EncodeDataset(api, access.member, stored.value_or(access.dataset)));
  codec::JsonObject answer{{"dataset", std::move(json)},
                           {"changes", EncodeChanges(agreement::DiffPolicy(before.policy, after.policy))},
                           {"message", "The new terms are recorded."}};
  net::Response response =
      recorded ? AnswerRecorded(200, std::move(answer), *recorded) : JsonResponse(200, std::move(answer));
  if (stored) response.headers.emplace_back("etag", EntityTag(stored->policy));
  return response;
}

// The request's document is in the ledger already: it comes again, and needs neither an enclave nor an If-Match.
bool IsRecorded(const EnvironmentSession& session, const codec::Json& body) {
  const auto* object = body.if_object();
  const codec::Json* document = object == nullptr ? nullptr : object->if_contains("document");
  return document != nullptr && document->is_string() && Recorded(session, std::string(document->get_string()));
}

Result<net::Response> PutPolicy(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(DatasetAccess access, RequireOwner(api, request));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  const auto session = access.member.session;
  const bool again = IsRecorded(*session, body);
  if (NewestObject(access) && !again) CLOISTER_TRY(session->AwaitEnclave());
  MutexLock lock(session->terms_mutex());
  CLOISTER_TRY(LookAgain(api, access));
  CLOISTER_ASSIGN(NewTerms terms, DecodeTerms(body, access, false));
  CLOISTER_TRY(TakeFromDocument(access, terms));
  // What is malformed is so in any version. A request that comes again after its work was done has changed the tag
  // itself (RFC 9110 section 13.1.1 lets it succeed).
  const bool done = again || (MayHaveChangedIt(request) && terms.dataset.policy == access.dataset.policy);
  if (auto failed = CheckIfMatch(request, EntityTag(access.dataset.policy)); failed && !done) return *std::move(failed);
  return Restate(api, std::move(access), std::move(terms));
}

Result<net::Response> AddVersion(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(DatasetAccess access, RequireOwner(api, request));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  const auto session = access.member.session;
  if (NewestObject(access) && !IsRecorded(*session, body)) CLOISTER_TRY(session->AwaitEnclave());
  MutexLock lock(session->terms_mutex());
  CLOISTER_TRY(LookAgain(api, access));
  CLOISTER_ASSIGN(NewTerms terms, DecodeTerms(body, access, true));
  CLOISTER_TRY(TakeFromDocument(access, terms));
  return Restate(api, std::move(access), std::move(terms));
}

Result<net::Response> ListVersions(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const DatasetAccess access, RequireDataset(api, request, request.Param("id")));
  codec::JsonArray versions;
  for (const ledger::ManifestRecord& each : VersionsOf(access)) {
    versions.push_back({{"version", each.manifest.version},
                        {"manifest", codec::HexEncode(each.digest)},
                        {"entry", each.entry},
                        {"revoked", each.revoked},
                        {"format", agreement::DataFormatName(each.manifest.format)},
                        {"schema", agreement::EncodeSchema(each.manifest.schema)},
                        {"policy", agreement::EncodePolicy(each.manifest.policy)},
                        {"object", agreement::EncodeObjectRef(each.manifest.object)},
                        {"created_at", FormatRfc3339(each.recorded)},
                        {"updated_at", FormatRfc3339(each.changed)}});
  }
  return AnswerList(request, "versions", std::move(versions), "version");
}

Result<net::Response> ShowDiff(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const DatasetAccess access, RequireDataset(api, request, request.Param("id")));
  const auto versions = VersionsOf(access);
  CLOISTER_ASSIGN(const std::uint64_t to, QueryNumber(request, "to", versions.size()));
  CLOISTER_ASSIGN(const std::uint64_t from, QueryNumber(request, "from", to > 1 ? to - 1 : to));
  if (from < 1 || to < 1 || from > versions.size() || to > versions.size()) {
    return NotFound("the dataset has no such versions");
  }
  const auto& a = versions[from - 1].manifest;
  const auto& b = versions[to - 1].manifest;
  return JsonResponse(200, {{"from", a.version},
                            {"to", b.version},
                            {"same_file", a.object == b.object},
                            {"same_schema", a.schema == b.schema},
                            {"changes", EncodeChanges(agreement::DiffPolicy(a.policy, b.policy))}});
}

struct PolicyTest {
  std::string name;
  std::string text;
  std::string level;
  std::string expect;
  std::optional<std::string> as;
};

Result<PolicyTest> DecodeTest(const codec::Json& json, std::size_t index) {
  codec::ObjectReader in(json, "tests[" + std::to_string(index) + "]");
  PolicyTest test{.name = in.OptionalString("name").value_or("test " + std::to_string(index + 1)),
                  .text = in.String("query_text", agreement::kQueryTextBytesMax),
                  .level = in.OptionalString("privacy_level").value_or("aggregate_only"),
                  .expect = in.String("expect"),
                  .as = in.OptionalString("as")};
  if (test.expect != "accepted" && test.expect != "refused") in.Fail("expect", "must be 'accepted' or 'refused'");
  CLOISTER_TRY(in.Finish());
  CLOISTER_TRY(agreement::ParseLevel(test.level));
  return test;
}

Result<codec::JsonObject> RunTest(const Api& api, const DatasetAccess& access, const PolicyTest& test,
                                  const Terms& terms) {
  const CheckUnder under{.dataset = access.dataset, .schema = terms.schema, .policy = terms.policy};
  CLOISTER_ASSIGN(const codec::JsonObject verdict,
                  CheckUnderTerms(api, access.member, {.text = test.text, .level = test.level, .as = test.as}, under));
  const std::string got = verdict.contains("verdict") && verdict.at("verdict") == "accepted" ? "accepted" : "refused";
  const codec::Json* findings = verdict.if_contains("findings");
  return codec::JsonObject{{"name", test.name},
                           {"expect", test.expect},
                           {"verdict", got},
                           {"passed", got == test.expect},
                           {"violations", findings != nullptr ? *findings : codec::Json(codec::JsonArray())}};
}

// Nothing is stored: what queries would say of the terms in force, or of others.
Result<net::Response> TestPolicy(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const DatasetAccess access, RequireDataset(api, request, request.Param("id")));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const codec::JsonArray& tests = in.Array("tests", kPolicyTestsMax);
  const GivenPolicy given{.policy = in.OptionalAny("policy"),
                          .privacy_unit = in.OptionalString("privacy_unit"),
                          .group_size = DefaultGroupSize(access.member)};
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(Terms terms, TermsOf(access.dataset));
  if (given.policy != nullptr) {
    CLOISTER_ASSIGN(const codec::Json policy, NormalisePolicy(given, terms.schema));
    CLOISTER_ASSIGN(terms.policy, agreement::DecodePolicy(policy, terms.schema, "policy"));
  }
  codec::JsonArray results;
  bool passed = true;
  for (std::size_t i = 0; i < tests.size(); ++i) {
    CLOISTER_ASSIGN(const PolicyTest test, DecodeTest(tests[i], i));
    CLOISTER_ASSIGN(codec::JsonObject result, RunTest(api, access, test, terms));
    passed = passed && result.at("passed").as_bool();
    results.push_back(std::move(result));
  }
  return JsonResponse(200, {{"passed", passed}, {"results", std::move(results)}});
}

bool HasEnded(const DatasetAccess& access) {
  const auto versions = VersionsOf(access);
  return versions.empty() || versions.back().revoked;
}

// Its manifests end by their owner's signature, the one in force and one that is renewed for a proposal; without one
// there is nothing to end but the registration.
Result<std::optional<RecordedLink>> Revoke(const Api& api, const DatasetAccess& access,
                                           const std::optional<std::string>& document) {
  // Nothing reads it any more where the environment has ended, and nobody signs anything there.
  if (HasEnded(access) || access.member.session->health().over()) return std::optional<RecordedLink>();
  const auto make = [&](const VerifiedView&) -> Result<agreement::LinkBody> {
    // A link that a crash left behind was sent first, and may have been this one.
    if (HasEnded(access)) return Conflict("the dataset's manifest has ended already");
    return agreement::LinkBody(agreement::Revocation{.ends = agreement::Revocation::Ends::kManifest,
                                                     .document = VersionsOf(access).back().digest,
                                                     .reason = "the dataset is removed"});
  };
  const auto ends_it = [&](const agreement::LinkBody& body) {
    const auto* revocation = std::get_if<agreement::Revocation>(&body);
    const auto versions = VersionsOf(access);
    return revocation != nullptr && revocation->ends == agreement::Revocation::Ends::kManifest &&
           std::ranges::any_of(versions, [&](const auto& each) { return each.digest == revocation->document; });
  };
  auto recorded = Submit(
      api, access.member,
      {.typ = "cloister-revocation+jws", .document = document, .make = make, .means = ends_it});
  if (!recorded && HasEnded(access)) return std::optional<RecordedLink>();
  if (!recorded) return recorded.error();
  return std::optional(*std::move(recorded));
}

// The files first: cut off in the middle it is a dataset without them, which is removed when somebody asks again.
Status RemoveWithFiles(const Api& api, const DatasetId& dataset) {
  const FilesTurn turn(dataset);
  CLOISTER_ASSIGN(const auto uploads, api.store.datasets.UploadsOf(dataset));
  for (const UploadRecord& upload : uploads) CLOISTER_TRY(ForgetUpload(api, upload.id));
  return api.store.datasets.Remove(dataset, api.clock.Now());
}

Result<net::Response> Remove(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(DatasetAccess access, RequireOwner(api, request));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const auto document = in.OptionalString("document", crypto::kJwsBytesMax);
  CLOISTER_TRY(in.Finish());
  const auto session = access.member.session;
  const bool signs = !HasEnded(access) && !session->health().over();
  if (const auto enclave = session->AwaitEnclave(); !enclave && signs) return enclave.error();
  MutexLock lock(session->terms_mutex());
  CLOISTER_TRY(LookAgain(api, access));
  CLOISTER_ASSIGN(const auto recorded, Revoke(api, access, document));
  if (recorded && recorded->refused) return AnswerWithoutEffect(*recorded);
  CLOISTER_TRY(RemoveWithFiles(api, access.dataset.id));
  codec::JsonObject answer{{"message", "The dataset is removed; what the ledger says of it stays."}};
  return recorded ? AnswerRecorded(200, std::move(answer), *recorded) : JsonResponse(200, std::move(answer));
}

}  // namespace

void AddPolicyRoutes(net::Router& router, const Api& api) {
  const std::string base = "/api/tee/datasets/{id}";
  router.Add("DELETE", base, [&api](const net::Request& request) { return Remove(api, request); });
  router.Add("GET", base + "/policy", [&api](const net::Request& request) { return ShowPolicy(api, request); });
  router.Add("PUT", base + "/policy", [&api](const net::Request& request) { return PutPolicy(api, request); });
  router.Add("POST", base + "/policy/test", [&api](const net::Request& request) { return TestPolicy(api, request); });
  router.Add("GET", base + "/policy/diff", [&api](const net::Request& request) { return ShowDiff(api, request); });
  router.Add("GET", base + "/versions", [&api](const net::Request& request) { return ListVersions(api, request); });
  router.Add("POST", base + "/versions", [&api](const net::Request& request) { return AddVersion(api, request); });
}

}  // namespace cloister::control
