#include "control/workflow/change_subjects.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace cloister::control {
namespace {

bool IsIn(const std::optional<std::uint64_t>& entry, std::uint64_t from, std::uint64_t to) {
  return entry && *entry >= from && *entry < to;
}

// Whether one of these entries is about the query.
bool Touches(const ledger::LedgerState& state, const ledger::QueryRecord& query, std::uint64_t from,
             std::uint64_t to) {
  const bool refused = std::ranges::any_of(query.rejections, [&](const auto& each) {
    return IsIn(state.EntryOfLink(each.second), from, to);
  });
  const bool step = IsIn(query.entry, from, to) || IsIn(query.report_entry, from, to) ||
                    IsIn(query.reservation_entry, from, to) || IsIn(query.execution_entry, from, to) ||
                    IsIn(query.release_entry, from, to);
  return step || refused || std::ranges::any_of(query.approvals, [&](const auto& each) {
           return IsIn(each.second.entry, from, to);
         });
}

// Whether one of these entries ended the terms that the query waits under: nothing is said of it, and it has expired.
bool Ends(const ledger::LedgerState& state, const ledger::QueryRecord& query, std::uint64_t from, std::uint64_t to) {
  if (query.phase != ledger::QueryPhase::kReported) return false;
  const auto* charter = state.in_force();
  if (charter != nullptr && charter->digest != query.request.charter && IsIn(charter->in_force_from, from, to)) {
    return true;
  }
  return std::ranges::any_of(query.request.datasets, [&](const agreement::DatasetRead& read) {
    const auto& versions = state.datasets().at(read.dataset).versions;
    return std::ranges::any_of(versions, [&](const ledger::ManifestRecord& one) {
      return IsIn(one.revoked_entry, from, to) || (one.entry > query.entry && IsIn(one.entry, from, to));
    });
  });
}

}  // namespace

std::pair<std::uint64_t, std::uint64_t> LedgerPositions(const ChangeRecord& change) {
  std::uint64_t from = 0, to = 0;
  const char* end = change.object.data() + change.object.size();
  const auto first = std::from_chars(change.object.data(), end, from);
  if (first.ptr < end) std::from_chars(first.ptr + 1, end, to);
  return {from, to};
}

std::vector<ChangeSubject> SubjectsOf(const EnvironmentSession& session, const ChangeRecord& change) {
  if (change.kind != "ledger") return {{change.kind, change.object}};
  const auto [from, to] = LedgerPositions(change);
  const std::string environment = change.environment.str();
  std::vector<ChangeSubject> subjects;
  session.Look([&, from = from, to = to](const ledger::LedgerState& state) {
    if (state.in_force() != nullptr && IsIn(state.in_force()->in_force_from, from, to)) {
      subjects.push_back({"tee", environment});
    }
    for (const auto& [digest, query] : state.queries()) {
      const bool concerned = Touches(state, query, from, to) || Ends(state, query, from, to);
      if (concerned) subjects.push_back({"query", query.request.query.str()});
    }
  });
  subjects.push_back({"ledger", environment});
  return subjects;
}

Standing StandingOf(const EnvironmentSession& session, const EnvironmentRecord& record, const Acquaintance& person) {
  if (person.thumbprint.empty()) return Standing::kNone;
  return session.Look([&](const ledger::LedgerState& state) {
    const auto has = [&](const ledger::CharterRecord* charter) {
      return charter != nullptr && charter->charter.Find(person.thumbprint) != nullptr;
    };
    if (state.size() == 0 && record.creator == person.user) return Standing::kParticipant;
    if (has(state.in_force())) return Standing::kParticipant;
    if (!has(state.proposed())) return Standing::kNone;
    return state.in_force() == nullptr ? Standing::kParticipant : Standing::kProposed;
  });
}

}  // namespace cloister::control
