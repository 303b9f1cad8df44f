// The verbs about webhooks.

#include "cli/command_line_family.h"

namespace cloister::cli {
namespace {

constexpr const char* kWebhookHelp = "its id";
constexpr std::int64_t kOverlapHoursMax = 7 * 24;

template <typename V>
CLI::App& AddOnWebhook(Family& family, const char* name, const char* help, std::shared_ptr<V>& verb) {
  CLI::App& command = family.Add(name, help, verb);
  command.add_option("WEBHOOK", verb->webhook, kWebhookHelp)->required();
  return command;
}

}  // namespace

void AddWebhook(CLI::App& app, Invocation& invocation) {
  Family family(app, invocation, "webhook", "Webhooks: the server calls your machine when something changes");
  std::shared_ptr<WebhookListVerb> list;
  family.Add("list", "Your webhooks", list);
  std::shared_ptr<WebhookCreateVerb> create;
  CLI::App& create_command = family.Add("create", "Have changes POSTed to a URL (Standard Webhooks)", create);
  create_command.add_option("URL", create->url, "https://HOST/PATH")->required();
  create_command.add_option("--events", create->events,
                            "tee.changed, dataset.changed, query.changed, ledger.changed; default: all");
  create_command.add_flag("--hmac", create->hmac, "sign with a shared secret instead of Ed25519");
  std::shared_ptr<WebhookShowVerb> show;
  AddOnWebhook(family, "show", "One webhook and its public key", show);
  std::shared_ptr<WebhookEnableVerb> enable, disable;
  AddOnWebhook(family, "enable", "Switch it on, from now on", enable);
  AddOnWebhook(family, "disable", "Switch it off", disable);
  disable->enabled = false;
  std::shared_ptr<WebhookTestVerb> test;
  AddOnWebhook(family, "test", "Send webhook.test", test);
  std::shared_ptr<WebhookRollVerb> roll;
  AddOnWebhook(family, "roll", "A new key; the old one signs beside it for a while", roll)
      .add_option("--overlap-hours", roll->overlap_hours, "how long")
      ->check(CLI::Range(std::int64_t{0}, kOverlapHoursMax))
      ->capture_default_str();
  std::shared_ptr<WebhookRemoveVerb> remove;
  AddOnWebhook(family, "remove", "Nothing more is sent to it", remove);
  std::shared_ptr<WebhookDeliveriesVerb> deliveries;
  AddOnWebhook(family, "deliveries", "What waits, and what came of the last ones", deliveries);
  std::shared_ptr<WebhookResendVerb> resend;
  AddOnWebhook(family, "resend", "Send one again, under the same webhook-id", resend)
      .add_option("DELIVERY", resend->delivery, "its id")
      ->required();
}

}  // namespace cloister::cli
