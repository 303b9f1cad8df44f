#include "control/rest/query_check.h"

#include <algorithm>

#include "codec/text.h"

namespace cloister::control {
namespace {

// The dataset's terms in the question, in the place of those that are in force.
void PutUnder(codec::JsonArray& datasets, const Member& member, const CheckUnder& under) {
  const std::string organisation = member.session->Look([&](const ledger::LedgerState& state) {
    return state.in_force() ? OrganisationOf(state.in_force()->charter, under.dataset.owner) : "";
  });
  codec::JsonObject terms{{"dataset", under.dataset.id.str()},
                          {"name", under.dataset.name},
                          {"organisation", organisation},
                          {"owner", under.dataset.owner},
                          {"manifest", std::string(64, '0')},
                          {"schema", agreement::EncodeSchema(under.schema)},
                          {"policy", agreement::EncodePolicy(under.policy)}};
  for (codec::Json& each : datasets) {
    if (each.at("dataset") != terms.at("dataset")) continue;
    terms["manifest"] = each.at("manifest");
    each = std::move(terms);
    return;
  }
  datasets.push_back(std::move(terms));
  std::ranges::sort(datasets, {}, [](const codec::Json& each) { return std::string(each.at("dataset").as_string()); });
}

// Whom `policy_file.h` speaks of where a test does not say who asks.
constexpr std::string_view kAnybody = "anybody";

agreement::Thumbprint FirstOf(const std::optional<std::vector<std::string>>& list, std::string_view otherwise) {
  return list && !list->empty() ? list->front() : std::string(otherwise);
}

// Who asks and who gets it, in the place of the caller and of everybody.
Status PutPeople(codec::JsonObject& question, const Member& member, const CheckAsked& asked, const CheckUnder& under) {
  return member.session->Look([&](const ledger::LedgerState& state) -> Status {
    const agreement::Charter& charter = state.in_force()->charter;
    const std::string who = asked.as.value_or(FirstOf(under.policy.may_query, kAnybody));
    const auto* person = charter.Find(who);
    if (person == nullptr) person = charter.FindByEmail(who);
    if (asked.as && person == nullptr) return NotFound("'as': " + who + " is no participant");
    const std::string analyst = person != nullptr ? person->thumbprint : who;
    const std::string organisation(person != nullptr ? person->organisation : kAnybody);
    const std::string recipient = FirstOf(under.policy.may_receive, analyst);
    question["analyst"] = {{"thumbprint", analyst}, {"organisation", organisation}};
    question["recipients"] = codec::JsonArray{
        codec::JsonObject{{"thumbprint", recipient},
                          {"organisation", OrganisationOf(charter, recipient, organisation)}}};
    return {};
  });
}

}  // namespace

Status PutTerms(codec::JsonObject& question, const Member& member, const CheckAsked& asked, const CheckUnder& under) {
  PutUnder(question.at("datasets").as_array(), member, under);
  return PutPeople(question, member, asked, under);
}

}  // namespace cloister::control
