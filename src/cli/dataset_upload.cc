// `dataset upload` and `dataset manifest`: a file is checked, sealed for the verified enclave, sent, and described by a
// signed manifest. Each step is on disk before the next, so that running the same command again goes on.

#include <algorithm>

#include "cli/dataset_check.h"
#include "cli/dataset_seal.h"
#include "cli/local_compiler.h"
#include "cli/lookup.h"
#include "cli/object_scan.h"
#include "cli/part_upload.h"
#include "cli/policy_terms.h"
#include "cli/printable.h"
#include "cli/progress.h"
#include "cli/query_wait.h"
#include "cli/replay.h"
#include "cli/run.h"
#include "cli/schema_guess.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "cli/sign.h"
#include "cli/upload_state.h"
#include "crypto/digest.h"

namespace cloister::cli {
namespace {

// The terms as they will be signed.
struct DatasetDraft {
  std::string name;
  std::string description;
  agreement::DataFormat format = agreement::DataFormat::kCsv;
  agreement::DatasetSchema schema;
  agreement::DatasetPolicy policy;
  std::vector<agreement::PolicyTest> tests;  // not signed

  Digest256 Digest() const {
    return crypto::Sha256(AsBytes(codec::CanonicalJson(codec::JsonArray{
        name, agreement::DataFormatName(format), agreement::EncodeSchema(schema), agreement::EncodePolicy(policy)})));
  }
};

// "visits.csv" and "visits.csv.age" are csv.
Result<agreement::DataFormat> FormatOf(const std::string& file, const DatasetTerms& terms) {
  if (!terms.format.empty()) return agreement::ParseDataFormat(terms.format);
  std::filesystem::path name(file);
  if (name.extension() == ".age") name.replace_extension();
  const std::string extension = name.extension().string();
  if (extension == ".csv") return agreement::DataFormat::kCsv;
  if (extension == ".parquet") return agreement::DataFormat::kParquet;
  if (extension == ".jsonl" || extension == ".ndjson") return agreement::DataFormat::kJsonl;
  return InvalidArgument("the name of " + file + " does not say its format; add --format csv, parquet or jsonl");
}

Result<agreement::DatasetSchema> SchemaOf(Session& session, const std::string& file, const DatasetTerms& terms,
                                          agreement::DataFormat format) {
  if (!terms.schema_file.empty()) {
    return ReadSchemaFile(session.context(), terms.schema_file);
  }
  if (format != agreement::DataFormat::kCsv || file.ends_with(".age")) {
    return InvalidArgument(
        "the schema can be read off a plain CSV file only; write it down and add --schema FILE, such as "
        "[{\"name\":\"patient_id\",\"type\":\"BIGINT\"}]");
  }
  CLOISTER_ASSIGN(agreement::DatasetSchema schema, GuessCsvSchema(file));
  std::string words;
  for (const auto& column : schema.columns) {
    words += (words.empty() ? "" : ", ") + Printable(column.name) + " " + column.type.ToString();
  }
  session.out().Say("schema, read off the file: " + words + " (to decide it yourself: --schema FILE)");
  return schema;
}

Result<DatasetDraft> MakeDraft(Session& session, const std::string& file, const DatasetTerms& terms,
                               const agreement::Charter& charter) {
  if (!agreement::IsDatasetName(terms.name)) {
    return InvalidArgument("--name must be lower-case letters, digits and _, beginning with a letter, at most 63");
  }
  DatasetDraft draft{.name = terms.name, .description = terms.description, .schema = {}, .policy = {}, .tests = {}};
  CLOISTER_ASSIGN(draft.format, FormatOf(file, terms));
  CLOISTER_ASSIGN(draft.schema, SchemaOf(session, file, terms, draft.format));
  CLOISTER_ASSIGN(agreement::PolicyFile rules,
                  ReadPolicyTerms(session.context(), {terms.policy_file, terms.unit, charter.min_group_size},
                                  draft.schema));
  draft.policy = std::move(rules.policy);
  draft.tests = std::move(rules.tests);
  return draft;
}

// The tests that the owner stored beside his policy, before anything is sealed or sent.
Status RunStoredTests(Session& session, const VerifiedEnvironment& environment, const DatasetDraft& draft) {
  if (draft.tests.empty()) return {};
  CLOISTER_ASSIGN(const ledger::LedgerState state, ReplayLedger(session, environment));
  CompilerScene scene = SceneOf(environment, state);
  const agreement::Participant* me = environment.charter().Find(session.me());
  std::erase_if(scene.datasets, [&](const SceneDataset& each) { return each.name == draft.name; });
  scene.datasets.push_back({.id = DatasetId::New(session.context().clock, session.context().rng),
                            .name = draft.name,
                            .owner = session.me(),
                            .organisation = me == nullptr ? "" : me->organisation,
                            .schema = draft.schema,
                            .policy = draft.policy});
  const std::size_t place = scene.datasets.size() - 1;
  return RequirePolicyTests(session.context(), std::move(scene), place,
                            {.policy = draft.policy, .tests = draft.tests});
}

// Problems are the user's to mend, so they are shown like a compiler's and the exit code is that of a usage error.
Status CheckFile(Session& session, const std::string& file, const DatasetDraft& draft) {
  const std::filesystem::path path(file);
  CLOISTER_ASSIGN(const SourceFile source, LookAtSource(path));
  Progress progress(session.out(), session.context().clock, {.label = "checking", .total_bytes = source.size_bytes});
  CLOISTER_ASSIGN(const FileVerdict verdict,
                  CheckDatasetFile({.path = path,
                                    .format = draft.format,
                                    .schema = draft.schema,
                                    .policy = draft.policy,
                                    .progress = [&](std::uint64_t done) { progress.Advance(done); }}));
  if (verdict.problems.empty()) return {};
  for (const FileProblem& problem : verdict.problems) {
    session.out().Warn(file + ":" + std::to_string(problem.line) + ": " +
                       (problem.column.empty() ? "" : "column " + Printable(problem.column) + ": ") + problem.message);
  }
  return InvalidArgument("nothing was sealed or sent: " + file + " has " + (verdict.more ? "more than " : "") +
                         std::to_string(verdict.problems.size()) + " problem(s), the first in line " +
                         std::to_string(verdict.problems.front().line));
}

// One run of either verb.
struct Job {
  Session& session;
  const VerifiedEnvironment& environment;
  const std::string& file;
  const DatasetDraft& draft;
  bool sealed_already = false;
};

// Whether what the cache holds is this very file under these very terms.
bool IsOf(const UploadState& state, const UploadState& wanted) {
  std::error_code error;
  return state.source == wanted.source && state.recipient == wanted.recipient && state.terms == wanted.terms &&
         std::filesystem::file_size(state.sealed_path, error) == state.object.length_bytes;
}

Status SealAnew(const Job& job, const UploadCache& cache, UploadState& state) {
  Context& context = job.session.context();
  if (job.sealed_already) {
    state.sealed_path = state.source.path;
    Progress progress(job.session.out(), context.clock, {.label = "reading", .total_bytes = state.source.size_bytes});
    CLOISTER_ASSIGN(state.object, ScanSealedFile(job.file, [&](std::uint64_t done) { progress.Advance(done); }));
    return {};
  }
  CLOISTER_TRY(CheckFile(job.session, job.file, job.draft));
  state.sealed_path = cache.SealedPath().string();
  CLOISTER_ASSIGN(state.object, SealFile(job.session, {.source = job.file,
                                                       .target = state.sealed_path,
                                                       .recipient = state.recipient,
                                                       .size_bytes = state.source.size_bytes}));
  // Sealed bytes must be those that were checked.
  CLOISTER_ASSIGN(const SourceFile after, LookAtSource(job.file));
  if (after == state.source) return {};
  return Conflict(job.file + " changed while it was read; run the command again");
}

// The upload to go on with, or a new one.
Result<UploadState> PrepareState(const Job& job, UploadCache& cache, bool only_resume) {
  Context& context = job.session.context();
  UploadState state{.source = {},
                    .recipient = "",
                    .terms = job.draft.Digest(),
                    .dataset = DatasetId::New(context.clock, context.rng),
                    .object = {},
                    .sealed_path = "",
                    .upload = ""};
  CLOISTER_ASSIGN(state.source, LookAtSource(job.file));
  CLOISTER_ASSIGN(state.recipient, job.environment.enclave().RecipientOf(job.session.me()));
  CLOISTER_ASSIGN(auto before, cache.Load());
  if (before && IsOf(*before, state)) {
    job.session.out().Say("going on with the upload of " + before->dataset.str());
    return std::move(*before);
  }
  if (only_resume) return NotFound("there is no interrupted upload of this file under these terms; leave out --resume");
  CLOISTER_TRY(cache.Clear());
  CLOISTER_TRY(SealAnew(job, cache, state));
  CLOISTER_TRY(cache.Save(state));
  return state;
}

// The server's status of the dataset, empty if it does not know it yet.
Result<std::string> StatusOf(Session& session, const DatasetId& id) {
  const Result<codec::Json> answer = session.api().Get(DatasetPath(id));
  if (!answer && answer.error().code == Code::kNotFound) return std::string();
  if (!answer) return answer.error();
  return TextAt(MemberAt(*answer, "dataset"), "status");
}

Status Register(const Job& job, const UploadState& state) {
  codec::JsonObject request{{"id", state.dataset.str()},
                            {"name", job.draft.name},
                            {"format", agreement::DataFormatName(job.draft.format)},
                            {"schema", agreement::EncodeSchema(job.draft.schema)},
                            {"policy", agreement::EncodePolicy(job.draft.policy)}};
  if (!job.draft.description.empty()) request["description"] = job.draft.description;
  const auto answer = job.session.api().Post(EnvironmentPath(job.environment.id()) + "/datasets", request);
  return answer ? Status() : answer.error();
}

Status SignManifest(const Job& job, const UploadState& state) {
  const auto recorded = SignAndSend(job.session, job.environment,
                                    {.body = agreement::Manifest{.dataset = state.dataset,
                                                                 .version = 1,
                                                                 .previous_manifest = std::nullopt,
                                                                 .charter = job.environment.charter_digest(),
                                                                 .name = job.draft.name,
                                                                 .format = job.draft.format,
                                                                 .schema = job.draft.schema,
                                                                 .policy = job.draft.policy,
                                                                 .object = state.object},
                                     .target = UploadPath(state) + "/complete",
                                     .request = {{"object", agreement::EncodeObjectRef(state.object)}}});
  return recorded ? Status() : recorded.error();
}

// Until the enclave has opened the file and found in it what the manifest says.
Status WaitUntilLoaded(Session& session, const DatasetId& id) {
  Context& context = session.context();
  const std::int64_t until_ms = context.clock.MonotonicMs() + context.flags.timeout_ms;
  for (;;) {
    CLOISTER_ASSIGN(const codec::Json answer, session.api().Get(DatasetPath(id)));
    const codec::Json& dataset = MemberAt(answer, "dataset");
    const std::string status = TextAt(dataset, "status");
    if (status == "available") return {};
    if (status == "failed") {
      return FailedPrecondition("the enclave could not load the file: " + TextAt(dataset, "error_message"));
    }
    if (context.clock.MonotonicMs() >= until_ms) {
      return Error{Code::kDeadlineExceeded,
                   "the file is sent, and the enclave has not loaded it yet; look again with: "
                   "cloister dataset show " +
                       id.str()};
    }
    context.sleep(kPollEveryMs);
  }
}

Status SendAll(const Job& job, UploadCache& cache, UploadState& state) {
  CLOISTER_ASSIGN(std::string status, StatusOf(job.session, state.dataset));
  if (status.empty()) CLOISTER_TRY(Register(job, state));
  if (status.empty() || status == "uploading") {
    CLOISTER_TRY(SendParts(job.session, cache, state));
    CLOISTER_TRY(SignManifest(job, state));
  }
  return WaitUntilLoaded(job.session, state.dataset);
}

Result<ExitCode> Upload(Context& context, const std::string& file, const DatasetTerms& terms, bool sealed_already) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const NamedEnvironment named, FindEnvironment(*session, terms.environment));
  const EnvironmentId& id = named.id;
  CLOISTER_ASSIGN(const VerifiedEnvironment environment, VerifyEnvironment(*session, named, WhichCharter::kAccepted));
  CLOISTER_TRY(CatchUpLinks(*session, environment));
  CLOISTER_ASSIGN(const DatasetDraft draft, MakeDraft(*session, file, terms, environment.charter()));
  CLOISTER_TRY(RunStoredTests(*session, environment, draft));
  const Job job{*session, environment, file, draft, sealed_already};
  UploadCache cache(context.home, id, draft.name);
  CLOISTER_ASSIGN(UploadState state, PrepareState(job, cache, terms.resume));
  CLOISTER_TRY(SendAll(job, cache, state));
  CLOISTER_TRY(cache.Clear());
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"dataset", state.dataset.str()},
                                       {"name", draft.name},
                                       {"status", "available"},
                                       {"object", agreement::EncodeObjectRef(state.object)}});
    return ExitCode::kOk;
  }
  context.out.Show({{"dataset", state.dataset.str()},
                    {"name", draft.name},
                    {"status", "available"},
                    {"sealed", FormatSize(state.object.length_bytes) + " for " + state.recipient}});
  return ExitCode::kOk;
}

}  // namespace

Result<ExitCode> Run(Context& context, const DatasetUploadVerb& verb) {
  return Upload(context, verb.file, verb.terms, false);
}

Result<ExitCode> Run(Context& context, const DatasetManifestVerb& verb) {
  return Upload(context, verb.file, verb.terms, true);
}

}  // namespace cloister::cli
