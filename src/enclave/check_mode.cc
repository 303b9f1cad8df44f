#include "enclave/check_mode.h"

#include "codec/text.h"
#include "enclave/compilation.h"
#include "enclave/release_history.h"

namespace cloister::enclave {
namespace {

constexpr std::size_t kPeopleMax = agreement::kParticipantsMax;
constexpr std::size_t kVisibleDatasetsMax = 1024;

Result<CompileQuestion::Person> DecodePerson(const codec::Json& json, const std::string& where) {
  codec::ObjectReader in(json, where);
  CompileQuestion::Person person{.thumbprint = in.String("thumbprint"), .organisation = in.String("organisation")};
  CLOISTER_TRY(in.Finish());
  return person;
}

Result<std::optional<PastRelease>> DecodeReleased(const codec::Json& json, const std::string& where) {
  codec::ObjectReader in(json, where);
  PastRelease released{.text = in.String("text", sql::kQueryBytesMax), .parameters = in.Object("parameters")};
  CLOISTER_TRY(in.Finish());
  return std::optional(std::move(released));
}

Result<VisibleDataset> DecodeDataset(const codec::Json& json, const std::string& where) {
  codec::ObjectReader in(json, where);
  VisibleDataset dataset{
      .compile = {.id = in.String("dataset"), .name = in.String("name"), .organisation = in.String("organisation")},
      .owner = in.String("owner")};
  dataset.compile.manifest = in.HexDigest("manifest");
  const codec::Json& schema = in.Any("schema");
  const codec::Json& policy = in.Any("policy");
  const codec::Json* released = in.OptionalAny("released");
  CLOISTER_TRY(in.Finish());
  if (released != nullptr) {
    CLOISTER_ASSIGN(dataset.released, DecodeReleased(*released, where + ".released"));
  }
  CLOISTER_ASSIGN(dataset.compile.schema, agreement::DecodeSchema(schema, where + ".schema"));
  CLOISTER_ASSIGN(dataset.compile.policy, agreement::DecodePolicy(policy, dataset.compile.schema, where + ".policy"));
  return dataset;
}

}  // namespace

Result<CompileQuestion> DecodeCheckRequest(const codec::Json& json) {
  codec::ObjectReader in(json, "check");
  CompileQuestion question{.text = in.String("text", sql::kQueryBytesMax),
                           .parameters = in.Object("parameters"),
                           .level = in.String("level", 64),
                           .cross_owner_joins = in.Bool("cross_owner_joins")};
  if (in.Has("privacy")) question.privacy = in.Object("privacy");
  const codec::Json& analyst = in.Any("analyst");
  const codec::JsonArray& datasets = in.Array("datasets", kVisibleDatasetsMax);
  const codec::JsonArray& recipients = in.Array("recipients", kPeopleMax);
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(const CompileQuestion::Person person, DecodePerson(analyst, "check.analyst"));
  question.analyst = person.thumbprint;
  question.analyst_organisation = person.organisation;
  for (std::size_t i = 0; i < datasets.size(); ++i) {
    CLOISTER_ASSIGN(VisibleDataset dataset, DecodeDataset(datasets[i], "check.datasets[" + std::to_string(i) + "]"));
    question.datasets.push_back(std::move(dataset));
  }
  for (std::size_t i = 0; i < recipients.size(); ++i) {
    CLOISTER_ASSIGN(CompileQuestion::Person recipient,
                    DecodePerson(recipients[i], "check.recipients[" + std::to_string(i) + "]"));
    question.recipients.push_back(std::move(recipient));
  }
  return question;
}

codec::JsonObject EncodeCheckAnswer(const CompileAnswer& answer) {
  codec::JsonObject json;
  if (!answer.compiled) {
    json["verdict"] = "refused";
    json["findings"] = sql::EncodeFindings(answer.findings);
    return json;
  }
  json["verdict"] = "accepted";
  json["plan"] = codec::HexEncode(answer.compiled->plan_digest);
  json["report_digest"] = codec::HexEncode(answer.compiled->report_digest);
  json["report"] = answer.report;
  json["charges"] = agreement::EncodeCharges(answer.charges);
  json["approvers"] = codec::JsonArray(answer.approvers.begin(), answer.approvers.end());
  return json;
}

Status PinReleased(CompileQuestion& question, sql::StatementParser& parser) {
  for (VisibleDataset& dataset : question.datasets) {
    if (!dataset.released) continue;
    CLOISTER_ASSIGN(dataset.compile.pinned, PinOf(*dataset.released, question, dataset, parser));
  }
  return {};
}

Result<std::string> AnswerCheck(std::string_view request, sql::StatementParser& parser) {
  CLOISTER_ASSIGN(const codec::Json json, codec::ParseJson(request, {.bytes_max = kCheckRequestBytesMax}));
  CLOISTER_ASSIGN(CompileQuestion question, DecodeCheckRequest(json));
  CLOISTER_TRY(PinReleased(question, parser));
  CLOISTER_ASSIGN(const CompileAnswer answer, AskCompiler(question, parser));
  return codec::CanonicalJson(EncodeCheckAnswer(answer));
}

}  // namespace cloister::enclave
