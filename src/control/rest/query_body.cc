#include "control/rest/query_body.h"

#include "control/rest/texts.h"

namespace cloister::control {
namespace {

// What `privacy` may hold, of whatever level. How much of it owners allow is the compiler's to say (rule R25).
Status CheckPrivacy(const codec::Json& privacy) {
  codec::ObjectReader in(privacy, "privacy");
  for (const char* name : {"epsilon", "delta"}) {
    (void)in.OptionalNumber(name, 0, name == std::string_view("delta") ? 1 : agreement::kEpsilonMax);
  }
  const auto mechanism = in.OptionalString("mechanism");
  if (mechanism && *mechanism != "laplace" && *mechanism != "gaussian") {
    in.Fail("mechanism", "must be laplace or gaussian");
  }
  return in.Finish();
}

}  // namespace

Result<QueryBody> DecodeQueryBody(const codec::Json& json, bool for_check) {
  codec::ObjectReader in(json, "");
  QueryBody body{.name = in.OptionalString("name", agreement::kQueryNameBytesMax).value_or(""),
                 .description = in.OptionalString("description", kDescriptionBytesMax).value_or(""),
                 .text = in.String("query_text", agreement::kQueryTextBytesMax)};
  if (in.Has("accesses_datasets")) body.datasets = in.Strings("accesses_datasets", agreement::kQueryDatasetsMax);
  if (in.Has("recipients")) body.recipients = in.Strings("recipients", agreement::kLinkParticipantsMax);
  if (in.Has("parameters")) body.parameters = in.Object("parameters");
  if (codec::WriteJson(codec::Json(body.parameters)).size() > agreement::kQueryTextBytesMax) {
    in.Fail("parameters", "must not have more than " + std::to_string(agreement::kQueryTextBytesMax) + " bytes");
  }
  if (in.Has("privacy")) body.privacy = in.Object("privacy");
  if (in.Has("epsilon")) {  // the short way to say it
    const double epsilon = in.Number("epsilon", 0, agreement::kEpsilonMax);
    if (body.privacy.contains("epsilon")) in.Fail("epsilon", "is said in 'privacy' already");
    body.privacy["epsilon"] = epsilon;
  }
  body.level = in.OptionalString("privacy_level").value_or(body.level);
  if (!for_check) body.document = in.OptionalString("document", crypto::kJwsBytesMax);
  if (!for_check && body.name.empty()) in.Fail("name", "is missing");
  if (body.text.empty()) in.Fail("query_text", "must not be empty");
  if (!agreement::ParseLevel(body.level)) {
    in.Fail("privacy_level", "must be aggregate_only, k_anonymized, differential_privacy or full_access");
  }
  CLOISTER_TRY(in.Finish());
  CLOISTER_TRY(CheckPrivacy(codec::Json(body.privacy)));
  CLOISTER_TRY(CheckLines("query_text", body.text));
  CLOISTER_TRY(CheckLabel("name", body.name, agreement::kQueryNameBytesMax));
  CLOISTER_TRY(CheckLabel("description", body.description, kDescriptionBytesMax));
  return body;
}

}  // namespace cloister::control
