// GET, POST /api/webhooks; GET, PUT, DELETE /api/webhooks/{id}; POST .../test, .../roll; GET .../deliveries;
// POST .../deliveries/{delivery}/resend. A webhook is its owner's: for everybody else there is none.

#include "control/rest/idempotency.h"
#include "control/rest/preconditions.h"
#include "control/rest/routes.h"
#include "control/rest/scope.h"
#include "control/webhooks/event_types.h"
#include "control/webhooks/signature.h"

namespace cloister::control {
namespace {

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kOverlapHoursMax = 7 * 24;
constexpr std::int64_t kOverlapHoursDefault = 24;
constexpr std::size_t kEventsMax = 16;

codec::Json TimeOrNull(const std::optional<Instant>& time) {
  return time ? codec::Json(FormatRfc3339(*time)) : codec::Json();
}

Result<WebhookSecret> OpenSecret(const Api& api, const WebhookRecord& webhook) {
  CLOISTER_ASSIGN(const std::string text, api.vault.OpenText(webhook.sealed_secret));
  return WebhookSecret::Parse(text);
}

Result<codec::JsonObject> EncodeWebhook(const Api& api, const WebhookRecord& webhook) {
  CLOISTER_ASSIGN(const WebhookSecret secret, OpenSecret(api, webhook));
  const auto events = SplitWebhookEvents(webhook.events);
  const auto public_key = secret.PublicText();
  const auto& reason = webhook.disabled_reason;
  return codec::JsonObject{{"id", webhook.id.str()},
                           {"url", webhook.url},
                           {"events", codec::JsonArray(events.begin(), events.end())},
                           {"signature", WebhookKindName(secret.kind())},
                           {"public_key", public_key ? codec::Json(*public_key) : codec::Json()},
                           {"enabled", webhook.enabled},
                           {"disabled_reason", reason ? codec::Json(*reason) : codec::Json()},
                           {"failing_since", TimeOrNull(webhook.failing_since)},
                           {"rolled_until", TimeOrNull(webhook.old_until)},
                           {"created_at", FormatRfc3339(webhook.created_at)},
                           {"updated_at", FormatRfc3339(webhook.updated_at)}};
}

// Of an attempt its class and its time; nothing of what the receiver said.
codec::JsonObject EncodeDelivery(const DeliveryRecord& delivery) {
  const bool waits = delivery.status == DeliveryStatus::kPending;
  return {{"id", delivery.id.str()},
          {"type", delivery.type},
          {"status", DeliveryStatusName(delivery.status)},
          {"attempts", delivery.attempts},
          {"outcome", delivery.outcome ? codec::Json(*delivery.outcome) : codec::Json()},
          {"attempted_at", TimeOrNull(delivery.attempted_at)},
          {"next_attempt_at", waits ? codec::Json(FormatRfc3339(delivery.next_at)) : codec::Json()},
          {"created_at", FormatRfc3339(delivery.created_at)},
          {"updated_at", FormatRfc3339(delivery.updated_at)}};
}

std::string TagOf(const WebhookRecord& webhook) {
  return EntityTag(webhook.id.str() + "\n" + std::to_string(webhook.version));
}

Result<net::Response> AnswerWebhook(const Api& api, int status, const WebhookRecord& webhook,
                                    const std::optional<WebhookSecret>& shown = std::nullopt) {
  CLOISTER_ASSIGN(codec::JsonObject json, EncodeWebhook(api, webhook));
  codec::JsonObject answer{{"webhook", std::move(json)}};
  if (shown && shown->kind() == WebhookKind::kHmac) answer["secret"] = shown->Text();
  net::Response response = JsonResponse(status, std::move(answer));
  response.headers.emplace_back("etag", TagOf(webhook));
  return response;
}

Result<WebhookRecord> RequireWebhook(const Api& api, const Caller& caller, const net::Request& request) {
  const auto id = WebhookId::Parse(request.Param("id"));
  if (id) {
    CLOISTER_ASSIGN(auto webhook, api.store.webhooks.Find(*id));
    if (webhook && webhook->user == caller.user.id) return *std::move(webhook);
  }
  return NotFound("there is no such webhook");
}

Result<net::Response> List(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const auto records, api.store.webhooks.Of(caller.user.id));
  codec::JsonArray webhooks;
  for (const WebhookRecord& record : records) {
    CLOISTER_ASSIGN(codec::JsonObject json, EncodeWebhook(api, record));
    webhooks.push_back(std::move(json));
  }
  return AnswerList(request, "webhooks", std::move(webhooks));
}

// A webhook tells what its maker could read: a key that may not read makes none that does.
Status CheckReads(const Caller& caller) {
  if (HasScope(caller.scopes, "read")) return {};
  return Error{Code::kPermissionDenied, "this API key has not the scope 'read', so it makes no webhook that tells"};
}

// What a body says of where and what; without a word of events, all.
struct Terms {
  std::string url;
  std::string events;
};
Result<Terms> ReadTerms(const Api& api, codec::ObjectReader& in) {
  const std::string url = in.String("url", net::kOutboundUrlBytesMax);
  const auto events = in.Has("events") ? in.Strings("events", kEventsMax)
                                       : std::vector<std::string>(kWebhookEvents.begin(), kWebhookEvents.end());
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(const auto checked, net::OutboundUrl::Parse(url, api.webhook_reach));
  Terms terms{.url = checked.str(), .events = {}};
  CLOISTER_ASSIGN(terms.events, JoinWebhookEvents(events));
  return terms;
}

Result<net::Response> Create(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_TRY(CheckReads(caller));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const auto kind = ParseWebhookKind(in.OptionalString("signature").value_or("ed25519"));
  CLOISTER_ASSIGN(const Terms terms, ReadTerms(api, in));
  if (!kind) return InvalidArgument("'signature' must be ed25519 or hmac");
  RequestIds ids(api, request);
  const WebhookId id = ids.Make<WebhookId>();
  const WebhookSecret secret = WebhookSecret::Generate(*kind, ids.rng());
  // One that a request before this one made, whose answer was lost.
  CLOISTER_ASSIGN(const auto known, api.store.webhooks.Find(id));
  if (known) return AnswerWebhook(api, 201, *known, secret);
  const Instant now = api.clock.Now();
  WebhookRecord webhook{.id = id, .user = caller.user.id, .url = terms.url, .events = terms.events,
                        .sealed_secret = {}, .created_at = now, .updated_at = now};
  CLOISTER_ASSIGN(webhook.sealed_secret, api.vault.SealText(secret.Text()));
  CLOISTER_ASSIGN(webhook.after_seq, api.store.changes.Newest());
  CLOISTER_TRY(api.store.webhooks.Add(webhook));
  return AnswerWebhook(api, 201, webhook, secret);
}

Result<net::Response> Show(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const WebhookRecord webhook, RequireWebhook(api, caller, request));
  return AnswerWebhook(api, 200, webhook);
}

// Writes what was edited; its answer, or 409 when somebody else was quicker.
Result<net::Response> Write(const Api& api, WebhookRecord webhook,
                            const std::optional<WebhookSecret>& shown = std::nullopt) {
  webhook.updated_at = api.clock.Now();
  CLOISTER_ASSIGN(const bool written, api.store.webhooks.Update(webhook));
  if (!written) return Conflict("the webhook was changed meanwhile; look at it again");
  ++webhook.version;
  return AnswerWebhook(api, 200, webhook, shown);
}

Result<net::Response> Replace(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(WebhookRecord webhook, RequireWebhook(api, caller, request));
  CLOISTER_TRY(CheckReads(caller));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const bool enabled = in.Bool("enabled");
  CLOISTER_ASSIGN(const Terms terms, ReadTerms(api, in));
  // A request that comes again after its work was done has changed the tag itself.
  const bool done = MayHaveChangedIt(request) && webhook.url == terms.url && webhook.events == terms.events &&
                    webhook.enabled == enabled;
  if (auto refused = CheckIfMatch(request, TagOf(webhook)); refused && !done) return *std::move(refused);
  if (enabled && !webhook.enabled) {  // from now on; what happened in between is in /api/tee/events
    CLOISTER_ASSIGN(webhook.after_seq, api.store.changes.Newest());
  }
  webhook.url = terms.url;
  webhook.events = terms.events;
  webhook.enabled = enabled;
  webhook.disabled_reason.reset();
  webhook.failing_since.reset();
  return Write(api, std::move(webhook));
}

Result<net::Response> Remove(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const WebhookRecord webhook, RequireWebhook(api, caller, request));
  CLOISTER_TRY(ReadNothing(request));
  CLOISTER_ASSIGN(const bool removed, api.store.webhooks.Remove(caller.user.id, webhook.id));
  if (!removed) return NotFound("there is no such webhook");
  return JsonResponse(200, {{"message", "The webhook is gone; nothing more is sent to it."}});
}

Result<net::Response> Roll(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(WebhookRecord webhook, RequireWebhook(api, caller, request));
  CLOISTER_ASSIGN(const codec::Json body, ReadJsonBody(request));
  codec::ObjectReader in(body, "");
  const std::int64_t overlap =
      in.OptionalInteger("overlap_hours", 0, kOverlapHoursMax).value_or(kOverlapHoursDefault);
  CLOISTER_TRY(in.Finish());
  CLOISTER_ASSIGN(const WebhookSecret present, OpenSecret(api, webhook));
  RequestIds ids(api, request);
  const WebhookSecret secret = WebhookSecret::Generate(present.kind(), ids.rng());
  if (secret.Text() == present.Text()) return AnswerWebhook(api, 200, webhook, secret);  // done before
  webhook.sealed_old_secret = std::move(webhook.sealed_secret);
  webhook.old_until = Instant{api.clock.Now().unix_ms + overlap * kHourMs};
  CLOISTER_ASSIGN(webhook.sealed_secret, api.vault.SealText(secret.Text()));
  return Write(api, std::move(webhook), secret);
}

// Only what is switched on is sent to.
Status CheckEnabled(const WebhookRecord& webhook) {
  if (webhook.enabled) return {};
  return FailedPrecondition("the webhook is switched off; PUT it with 'enabled': true first");
}

net::Response AnswerDelivery(const DeliveryRecord& delivery) {
  return JsonResponse(202, {{"delivery", EncodeDelivery(delivery)}});
}

Result<net::Response> Test(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const WebhookRecord webhook, RequireWebhook(api, caller, request));
  CLOISTER_TRY(ReadNothing(request));
  CLOISTER_TRY(CheckEnabled(webhook));
  const Instant now = api.clock.Now();
  const DeliveryRecord delivery{.id = RequestIds(api, request).Make<DeliveryId>(),
                                .webhook = webhook.id,
                                .environment = std::nullopt,
                                .type = std::string(kWebhookTestEvent),
                                .body = WebhookBody(kWebhookTestEvent, now, "", webhook.id.str()),
                                .next_at = now,
                                .created_at = now,
                                .updated_at = now};
  CLOISTER_TRY(api.store.webhooks.AddDelivery(delivery));
  CLOISTER_ASSIGN(const auto stored, api.store.webhooks.FindDelivery(delivery.id));
  return AnswerDelivery(stored.value_or(delivery));
}

Result<net::Response> ListDeliveries(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const WebhookRecord webhook, RequireWebhook(api, caller, request));
  CLOISTER_ASSIGN(const auto records, api.store.webhooks.DeliveriesOf(webhook.id));
  codec::JsonArray deliveries;
  for (const DeliveryRecord& record : records) deliveries.push_back(EncodeDelivery(record));
  return AnswerList(request, "deliveries", std::move(deliveries));
}

Result<net::Response> Resend(const Api& api, const net::Request& request) {
  CLOISTER_ASSIGN(const Caller caller, Authenticate(api, request));
  CLOISTER_ASSIGN(const WebhookRecord webhook, RequireWebhook(api, caller, request));
  CLOISTER_TRY(ReadNothing(request));
  const auto id = DeliveryId::Parse(request.Param("delivery"));
  if (!id) return NotFound("there is no such delivery");
  CLOISTER_ASSIGN(const auto delivery, api.store.webhooks.FindDelivery(*id));
  if (!delivery || delivery->webhook != webhook.id) return NotFound("there is no such delivery");
  CLOISTER_TRY(CheckEnabled(webhook));
  CLOISTER_TRY(api.store.webhooks.Resend(*id, api.clock.Now()));
  CLOISTER_ASSIGN(const auto again, api.store.webhooks.FindDelivery(*id));
  return AnswerDelivery(again.value_or(*delivery));
}

}  // namespace

void AddWebhookRoutes(net::Router& router, const Api& api) {
  using Route = Result<net::Response> (*)(const Api&, const net::Request&);
  const auto add = [&](const char* method, const char* pattern, Route route) {
    router.Add(method, pattern, [&api, route](const net::Request& request) { return route(api, request); });
  };
  add("GET", "/api/webhooks", &List);
  add("POST", "/api/webhooks", &Create);
  add("GET", "/api/webhooks/{id}", &Show);
  add("PUT", "/api/webhooks/{id}", &Replace);
  add("DELETE", "/api/webhooks/{id}", &Remove);
  add("POST", "/api/webhooks/{id}/test", &Test);
  add("POST", "/api/webhooks/{id}/roll", &Roll);
  add("GET", "/api/webhooks/{id}/deliveries", &ListDeliveries);
  add("POST", "/api/webhooks/{id}/deliveries/{delivery}/resend", &Resend);
}

}  // namespace cloister::control
