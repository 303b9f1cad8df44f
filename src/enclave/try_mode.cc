#include "enclave/try_mode.h"

#include <algorithm>

#include "agreement/synthetic_rows.h"
#include "crypto/digest.h"
#include "enclave/check_mode.h"
#include "enclave/compilation.h"
#include "enclave/protected_run.h"
#include "engine/load.h"
#include "engine/result_json.h"

namespace cloister::enclave {
namespace {

constexpr std::int64_t kRunTimeMs = 20'000;
constexpr std::int64_t kRowsMax = 10'000;
constexpr std::size_t kTryResultBytesMax = 2 << 20;

struct SyntheticOptions {
  std::int64_t seed = 1;
  std::int64_t people = 1000;
  bool thresholds = true;

  codec::JsonObject Encode() const { return {{"seed", seed}, {"people", people}, {"thresholds", thresholds}}; }
};

Result<SyntheticOptions> DecodeOptions(const codec::Json& json) {
  codec::ObjectReader in(json, "check.synthetic");
  constexpr std::int64_t kSeedMax = std::int64_t{1} << 53;
  SyntheticOptions options{.seed = in.Integer("seed", 0, kSeedMax),
                           .people = in.Integer("people", 1, agreement::kSyntheticPeopleMax),
                           .thresholds = in.Bool("thresholds")};
  CLOISTER_TRY(in.Finish());
  return options;
}

// As if one person were a group.
CompileQuestion WithoutThresholds(CompileQuestion question) {
  for (VisibleDataset& dataset : question.datasets) {
    agreement::DatasetPolicy& policy = dataset.compile.policy;
    if (!policy.IsPublic()) policy.min_group_size = 1;
  }
  return question;
}

Status LoadSynthetic(const CompileQuestion& question, const SyntheticOptions& options, const sql::ExecutablePlan& plan,
                     engine::Database& database) {
  for (const VisibleDataset& dataset : question.datasets) {
    const std::string& id = dataset.compile.id;
    if (std::find(plan.datasets().begin(), plan.datasets().end(), id) == plan.datasets().end()) continue;
    const std::string csv = agreement::SyntheticCsv({.name = dataset.compile.name,
                                                     .schema = dataset.compile.schema,
                                                     .policy = dataset.compile.policy,
                                                     .people = options.people,
                                                     .seed = options.seed});
    MemorySource source(AsBytes(csv));
    const auto loaded = engine::LoadTable(database,
                                          {.dataset = id,
                                           .format = engine::FileFormat::kCsv,
                                           .schema = dataset.compile.schema,
                                           .bytes_expected = static_cast<std::int64_t>(csv.size())},
                                          source);
    if (!loaded) return loaded.error();
  }
  return {};
}

// Noise on rows of nobody hides nothing, so its key is made of the seed: the same seed, the same answer.
SecretBytes NoiseKeyOf(std::int64_t seed) {
  const Digest256 digest = crypto::Sha256(AsBytes("cloister synthetic noise " + std::to_string(seed)));
  return SecretBytes::CopyOf(digest);
}

Result<codec::Json> RunPlan(const sql::ExecutablePlan& plan, const SecretBytes& noise_key, engine::Database& database) {
  engine::JsonResultWriter writer(plan.columns(), kTryResultBytesMax);
  engine::Cancellation cancellation;
  ReleaseHistory history;  // of this one answer
  CLOISTER_ASSIGN(const ProtectedSummary summary,
                  ProtectedRun(database, noise_key, &history)
                      .Run(plan,
                           {.time_ms = kRunTimeMs,
                            .rows_max = kRowsMax,
                            .result_bytes_max = static_cast<std::int64_t>(kTryResultBytesMax)},
                           cancellation, writer));
  const std::string text = writer.Finish(
      {.noise = plan.noise(), .intervals = summary.intervals, .generalised = summary.generalised});
  return codec::ParseJson(text, {.bytes_max = 2 * kTryResultBytesMax});
}

Result<codec::Json> Try(const CompileQuestion& question, const SyntheticOptions& options, sql::StatementParser& parser,
                        engine::Database& database) {
  const CompileQuestion run = options.thresholds ? question : WithoutThresholds(question);
  CLOISTER_ASSIGN(const CompileAnswer answer, AskCompiler(run, parser));
  if (!answer.compiled) return Error{Code::kRefused, "without thresholds the query does not compile"};
  CLOISTER_TRY(LoadSynthetic(question, options, answer.compiled->plan, database));
  return RunPlan(answer.compiled->plan, NoiseKeyOf(options.seed), database);
}

}  // namespace

Result<std::string> AnswerTry(std::string_view request, sql::StatementParser& parser, engine::Database& database) {
  CLOISTER_ASSIGN(codec::Json json, codec::ParseJson(request, {.bytes_max = kCheckRequestBytesMax}));
  codec::Json* synthetic = json.is_object() ? json.get_object().if_contains("synthetic") : nullptr;
  if (synthetic == nullptr) return InvalidArgument("check.synthetic is missing");
  CLOISTER_ASSIGN(const SyntheticOptions options, DecodeOptions(*synthetic));
  json.get_object().erase("synthetic");
  CLOISTER_ASSIGN(CompileQuestion question, DecodeCheckRequest(json));
  CLOISTER_TRY(PinReleased(question, parser));
  CLOISTER_ASSIGN(const CompileAnswer answer, AskCompiler(question, parser));
  codec::JsonObject out = EncodeCheckAnswer(answer);
  if (!answer.compiled) return codec::CanonicalJson(out);
  codec::JsonObject tried = options.Encode();
  Result<codec::Json> result = Try(question, options, parser, database);
  if (result) {
    tried["result"] = std::move(result).value();
  } else {
    tried["failure"] = {{"code", CodeName(result.error().code)}, {"message", result.error().public_message}};
  }
  out["synthetic"] = std::move(tried);
  return codec::CanonicalJson(out);
}

}  // namespace cloister::enclave
