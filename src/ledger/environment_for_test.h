#pragma once

// The environment that most stories of this room's tests play in: a hospital with visits, an insurer with plans, an
// analyst; the charter is in force.

#include <string>
#include <vector>

#include "ledger/story_for_test.h"

namespace cloister::ledger::for_test {

inline const DatasetId kVisits = people::Dataset('1');
inline const DatasetId kPlans = people::Dataset('2');

class Ledger : public testing::Test {
 protected:
  explicit Ledger(agreement::ApprovalRule rule = {.kind = agreement::ApprovalRule::Kind::kOwners})
      : charter_(people::CharterOf({people::Hospital(), people::Insurer(), people::Analyst()}, rule)),
        story_(charter_) {
    for (people::Person* person : {&hospital_, &insurer_, &analyst_}) story_.Accept(*person);
  }
  void OfferBoth() {
    EXPECT_EQ(story_.Offer(hospital_, Visits()).kind, LinkRuling::Kind::kTakesEffect);
    EXPECT_EQ(story_.Offer(insurer_, Plans()).kind, LinkRuling::Kind::kTakesEffect);
  }
  agreement::Manifest Visits() { return people::ManifestOf(kVisits, "visits", story_.charter()); }
  agreement::Manifest Plans() { return people::ManifestOf(kPlans, "plans", story_.charter()); }
  // The next version of a dataset's manifest, for the charter in force.
  agreement::Manifest NextVersion(const DatasetId& dataset) {
    const ManifestRecord& last = story_.state().datasets().at(dataset).versions.back();
    agreement::Manifest next = last.manifest;
    next.version = last.manifest.version + 1;
    next.previous_manifest = last.digest;
    next.charter = story_.charter();
    return next;
  }
  agreement::QueryRequest Join(char id = '1') {
    return people::RequestOf(people::Query(id), {story_.Reading(kVisits), story_.Reading(kPlans)}, story_.charter(),
                             {analyst_.thumbprint()});
  }
  agreement::QueryRequest VisitsOnly(char id = '1') {
    return people::RequestOf(people::Query(id), {story_.Reading(kVisits)}, story_.charter(), {analyst_.thumbprint()});
  }
  QueryPhase PhaseOf(const Digest256& query) const { return story_.state().FindQuery(query)->phase; }
  std::vector<std::string> Endings(const Digest256& query) const {
    return story_.state().ReadinessOf(query, story_.now())->endings;
  }
  std::vector<std::string> Obstacles(const Digest256& query) const {
    return story_.state().ReadinessOf(query, story_.now())->obstacles;
  }
  std::int64_t RunsOn(const DatasetId& dataset) const { return story_.state().SpentOn(dataset).runs; }
  Error ErrorOf(const agreement::SignedLink& link) const { return story_.state().Judge(link, story_.now()).error(); }

  people::Person hospital_ = people::Hospital();
  people::Person insurer_ = people::Insurer();
  people::Person analyst_ = people::Analyst();
  agreement::Charter charter_;
  Story story_;
};

}  // namespace cloister::ledger::for_test
