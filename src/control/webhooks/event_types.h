#pragma once

// What webhooks are told of: the kinds of /api/tee/events, each as a type of Standard Webhooks. A body holds type, time
// and ids; whoever wants to know more asks the server, who then looks at what he may see.
//
//   {"data":{"environment":"env_...","id":"qry_..."},"timestamp":"2026-11-22T08:36:00Z","type":"query.changed"}

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "control/workflow/change_subjects.h"

namespace cloister::control {

inline constexpr std::array<std::string_view, 4> kWebhookEvents = {"tee.changed", "dataset.changed", "query.changed",
                                                                   "ledger.changed"};
inline constexpr std::string_view kWebhookTestEvent = "webhook.test";

// As they are stored: sorted as kWebhookEvents, each once, a space between them. kInvalidArgument names an unknown one.
Result<std::string> JoinWebhookEvents(const std::vector<std::string>& events);
std::vector<std::string> SplitWebhookEvents(std::string_view events);

std::string WebhookTypeOf(const ChangeSubject& subject);
// `environment`: empty for a test.
std::string WebhookBody(std::string_view type, Instant time, std::string_view environment, std::string_view id);

}  // namespace cloister::control
