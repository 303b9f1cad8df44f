// `webhook`: what the server tells your machines, as it happens. Signed by the server, not by an enclave: a webhook
// says where to look, and what is looked at is verified as always.

#include <algorithm>

#include "cli/lookup.h"
#include "cli/printable.h"
#include "cli/run.h"
#include "cli/server_json.h"
#include "cli/session.h"
#include "cli/table.h"

namespace cloister::cli {
namespace {

constexpr std::string_view kPath = "/api/webhooks";

std::string PathOf(const std::string& webhook, std::string_view rest = "") {
  return std::string(kPath) + "/" + net::EncodeSegment(webhook) + std::string(rest);
}

std::string JoinedTexts(const codec::JsonArray& texts) {
  std::string joined;
  for (const codec::Json& each : texts) {
    if (each.is_string()) joined += (joined.empty() ? "" : " ") + std::string(each.get_string());
  }
  return joined;
}

std::string StateOf(const codec::Json& webhook) {
  if (!BoolAt(webhook, "enabled")) return "off";
  return TextAt(webhook, "failing_since").empty() ? "on" : "failing";
}

// One webhook, and the secret where the server shows it: once.
void ShowWebhook(Output& out, const codec::Json& answer) {
  if (out.json()) return out.Json(answer);
  const codec::Json& webhook = MemberAt(answer, "webhook");
  Facts facts{{"id", TextAt(webhook, "id")},
              {"url", TextAt(webhook, "url")},
              {"events", JoinedTexts(ArrayAt(webhook, "events"))},
              {"state", StateOf(webhook)},
              {"signature", TextAt(webhook, "signature")}};
  const auto add = [&](const char* label, const std::string& value) {
    if (!value.empty()) facts.emplace_back(label, value);
  };
  add("public key", TextAt(webhook, "public_key"));
  add("secret", TextAt(answer, "secret"));
  add("off because", TextAt(webhook, "disabled_reason"));
  add("failing since", TextAt(webhook, "failing_since"));
  add("old key until", TextAt(webhook, "rolled_until"));
  out.Show(facts);
  if (!TextAt(answer, "secret").empty()) {
    out.Say("The secret is shown this once: give it to the receiver now. Without one to keep, leave out --hmac.");
  }
}

Result<ExitCode> PostAndShow(Context& context, const std::string& path, codec::JsonObject body) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const codec::Json answer, session->api().Post(path, std::move(body)));
  ShowWebhook(context.out, answer);
  return ExitCode::kOk;
}

// For what the server does in a moment, by itself.
Result<ExitCode> PostDelivery(Context& context, const std::string& path, const std::string& webhook) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const codec::Json answer, session->api().Post(path, codec::JsonObject{}));
  if (context.out.json()) {
    context.out.Json(answer);
    return ExitCode::kOk;
  }
  context.out.Show({{"delivery", TextAt(MemberAt(answer, "delivery"), "id")}});
  context.out.Say("It is on its way. What came of it: cloister webhook deliveries " + webhook);
  return ExitCode::kOk;
}

}  // namespace

Result<ExitCode> Run(Context& context, const WebhookListVerb&) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(codec::JsonArray webhooks, FetchList(*session, std::string(kPath), "webhooks"));
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"webhooks", std::move(webhooks)}});
    return ExitCode::kOk;
  }
  Table table({{"WEBHOOK"}, {"STATE"}, {"EVENTS"}, {"URL"}});
  for (const codec::Json& webhook : webhooks) {
    table.Add({Printable(TextAt(webhook, "id")), StateOf(webhook),
               Printable(JoinedTexts(ArrayAt(webhook, "events"))), Printable(TextAt(webhook, "url"))});
  }
  if (table.rows() == 0) context.out.Say("No webhook yet. Add one with: cloister webhook create https://...");
  if (table.rows() > 0) context.out.Line(table.Render(context.out.style()));
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const WebhookCreateVerb& verb) {
  codec::JsonObject body{{"url", verb.url}, {"signature", verb.hmac ? "hmac" : "ed25519"}};
  if (!verb.events.empty()) body["events"] = codec::JsonArray(verb.events.begin(), verb.events.end());
  return PostAndShow(context, std::string(kPath), std::move(body));
}

Result<ExitCode> Run(Context& context, const WebhookShowVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const codec::Json answer, session->api().Get(PathOf(verb.webhook)));
  ShowWebhook(context.out, answer);
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const WebhookEnableVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const net::HttpAnswer present, session->api().Send({.target = PathOf(verb.webhook)}));
  CLOISTER_ASSIGN(const codec::Json answer, net::JsonOf(present));
  const codec::Json& webhook = MemberAt(answer, "webhook");
  net::HttpRequest put{.method = net::HttpMethod::kPut,
                       .target = PathOf(verb.webhook),
                       .fields = {{"If-Match", std::string(present.Field("etag"))}}};
  const codec::JsonObject body{
      {"url", TextAt(webhook, "url")}, {"events", ArrayAt(webhook, "events")}, {"enabled", verb.enabled}};
  CLOISTER_ASSIGN(const net::HttpAnswer written, session->api().SendJson(std::move(put), body));
  CLOISTER_ASSIGN(const codec::Json changed, net::JsonOf(written));
  ShowWebhook(context.out, changed);
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const WebhookTestVerb& verb) {
  return PostDelivery(context, PathOf(verb.webhook, "/test"), verb.webhook);
}

Result<ExitCode> Run(Context& context, const WebhookRollVerb& verb) {
  return PostAndShow(context, PathOf(verb.webhook, "/roll"), {{"overlap_hours", verb.overlap_hours}});
}

Result<ExitCode> Run(Context& context, const WebhookRemoveVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(const codec::Json answer, session->api().Delete(PathOf(verb.webhook)));
  if (context.out.json()) context.out.Json(answer);
  context.out.Say("Nothing more is sent to it.");
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const WebhookDeliveriesVerb& verb) {
  CLOISTER_ASSIGN(auto session, Session::Open(context));
  CLOISTER_ASSIGN(codec::JsonArray deliveries,
                  FetchList(*session, PathOf(verb.webhook, "/deliveries"), "deliveries"));
  if (context.out.json()) {
    context.out.Json(codec::JsonObject{{"deliveries", std::move(deliveries)}});
    return ExitCode::kOk;
  }
  Table table({{"DELIVERY"}, {"TYPE"}, {"STATUS"}, {"OUTCOME"}, {"ATTEMPTS", Align::kRight}, {"LAST"}, {"NEXT"}});
  for (const codec::Json& each : deliveries) {
    table.Add({Printable(TextAt(each, "id")), Printable(TextAt(each, "type")), Printable(TextAt(each, "status")),
               Printable(TextAt(each, "outcome")), std::to_string(IntegerAt(each, "attempts")),
               Printable(TextAt(each, "attempted_at")), Printable(TextAt(each, "next_attempt_at"))});
  }
  if (table.rows() == 0) context.out.Say("Nothing was sent yet. Try it with: cloister webhook test " + verb.webhook);
  if (table.rows() > 0) context.out.Line(table.Render(context.out.style()));
  return ExitCode::kOk;
}

Result<ExitCode> Run(Context& context, const WebhookResendVerb& verb) {
  const std::string path = PathOf(verb.webhook, "/deliveries/" + net::EncodeSegment(verb.delivery) + "/resend");
  return PostDelivery(context, path, verb.webhook);
}

}  // namespace cloister::cli
