#include "control/webhooks/event_types.h"

#include <algorithm>

#include "codec/json.h"

namespace cloister::control {

Result<std::string> JoinWebhookEvents(const std::vector<std::string>& events) {
  for (const std::string& each : events) {
    if (std::ranges::find(kWebhookEvents, each) == kWebhookEvents.end()) {
      return InvalidArgument("'events': " + each +
                             " is none of tee.changed, dataset.changed, query.changed, ledger.changed");
    }
  }
  std::string joined;
  for (const std::string_view each : kWebhookEvents) {
    if (std::ranges::find(events, each) == events.end()) continue;
    joined += (joined.empty() ? "" : " ") + std::string(each);
  }
  if (joined.empty()) return InvalidArgument("'events' must name at least one");
  return joined;
}

std::vector<std::string> SplitWebhookEvents(std::string_view events) {
  std::vector<std::string> words;
  for (const std::string_view each : kWebhookEvents) {
    if ((" " + std::string(events) + " ").find(" " + std::string(each) + " ") != std::string::npos) {
      words.emplace_back(each);
    }
  }
  return words;
}

std::string WebhookTypeOf(const ChangeSubject& subject) { return subject.kind + ".changed"; }

std::string WebhookBody(std::string_view type, Instant time, std::string_view environment, std::string_view id) {
  codec::JsonObject data{{"id", id}};
  if (!environment.empty()) data["environment"] = environment;
  return codec::WriteJson(
      codec::Json(codec::JsonObject{{"type", type}, {"timestamp", FormatRfc3339(time)}, {"data", std::move(data)}}));
}

}  // namespace cloister::control
