#pragma once

// Three people and their terms, for tests of this room and of those above: a hospital and an insurer who own
// data and approve, an analyst who asks. Everything is made from fixed seeds, so that documents have the same
// bytes every time.

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agreement/chain.h"
#include "agreement/charter.h"
#include "agreement/enclave_documents.h"
#include "agreement/link.h"
#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/signer.h"

namespace cloister::agreement::for_test {

inline crypto::Ed25519Signer SignerFrom(std::string_view seed) {
  const Digest256 digest = crypto::Sha256(AsBytes(seed));
  return crypto::Ed25519Signer::FromSeed(SecretBytes::CopyOf(digest)).value();
}
inline Digest256 DigestOf(std::string_view text) { return crypto::Sha256(AsBytes(text)); }

inline const Instant kNow = ParseRfc3339("2026-11-22T08:36:00Z").value();

inline EnvironmentId Environment(char last = '1') {
  return EnvironmentId::Parse("env_0000000000000000000000000" + std::string(1, last)).value();
}
inline DatasetId Dataset(char last) {
  return DatasetId::Parse("ds_0000000000000000000000000" + std::string(1, last)).value();
}
inline QueryId Query(char last) {
  return QueryId::Parse("qry_0000000000000000000000000" + std::string(1, last)).value();
}

// A participant with his own key and the chain that he keeps.
class Person {
 public:
  Person(std::string name, std::vector<ParticipantRole> roles)
      : name_(std::move(name)),
        roles_(std::move(roles)),
        signer_(std::make_shared<const crypto::Ed25519Signer>(SignerFrom(name_))) {}

  const std::string& name() const { return name_; }
  const crypto::Ed25519Signer& signer() const { return *signer_; }
  Thumbprint thumbprint() const { return signer_->public_key().Thumbprint(); }
  const ChainState& chain() const { return chain_; }
  void set_chain(const ChainState& chain) { chain_ = chain; }

  Participant InCharter() const {
    return {.thumbprint = thumbprint(),
            .public_key = signer_->public_key(),
            .recipient = "age1" + std::string(58, name_[0] == 'h' ? 'h' : 'q'),
            .email = name_ + "@example.org",
            .name = name_,
            .organisation = name_ + " ltd",
            .roles = roles_};
  }
  // The next link of the chain, as if it were not sent yet.
  SignedLink Draft(const LedgerPoint& verified, const LinkBody& body, const EnvironmentId& environment,
                   Instant now = kNow) const {
    const FakeClock clock(now);
    return LinkAuthor(environment, *signer_, clock).Sign({.chain = chain_, .checkpoint = verified}, body).value();
  }
  // The next link; the chain goes on from it.
  SignedLink Sign(const LedgerPoint& verified, const LinkBody& body, const EnvironmentId& environment,
                  Instant now = kNow) {
    SignedLink link = Draft(verified, body, environment, now);
    chain_ = Extended(link);
    return link;
  }

 private:
  std::string name_;
  std::vector<ParticipantRole> roles_;
  std::shared_ptr<const crypto::Ed25519Signer> signer_;  // shared, so that a Person can be copied
  ChainState chain_;
};

inline Person Hospital() { return {"hospital", {ParticipantRole::kApprover, ParticipantRole::kOwner}}; }
inline Person Insurer() { return {"insurer", {ParticipantRole::kApprover, ParticipantRole::kOwner}}; }
inline Person Analyst() { return {"analyst", {ParticipantRole::kAnalyst}}; }
inline Person Newcomer() {
  return {"newcomer", {ParticipantRole::kAnalyst, ParticipantRole::kApprover, ParticipantRole::kOwner}};
}

inline std::vector<Thumbprint> Sorted(std::vector<Thumbprint> thumbprints) {
  std::sort(thumbprints.begin(), thumbprints.end());
  return thumbprints;
}

inline Charter CharterOf(const std::vector<Person>& people, ApprovalRule rule = {.kind = ApprovalRule::Kind::kOwners}) {
  Charter charter{.environment = Environment(),
                  .name = "coinsurance and visits",
                  .approval_rule = rule,
                  .cross_owner_joins = true,
                  .appraisal_policy = {.accept = {"simulated"}, .measurements = {DigestOf("the enclave program")}},
                  .recovery = Recovery::kOperator};
  for (const Person& person : people) charter.participants.push_back(person.InCharter());
  std::sort(charter.participants.begin(), charter.participants.end(),
            [](const Participant& a, const Participant& b) { return a.thumbprint < b.thumbprint; });
  return charter;
}

// The charter of the next epoch, with these people.
inline Charter Successor(const Charter& charter, const std::vector<Person>& people) {
  Charter next = CharterOf(people, charter.approval_rule);
  next.epoch = charter.epoch + 1;
  next.previous = CharterDigest(charter);
  return next;
}

inline Manifest ManifestOf(const DatasetId& dataset, std::string name, const Digest256& charter) {
  ColumnPolicy key{.roles = {Role::kJoinKey}, .domain = "person"};
  Manifest manifest{.dataset = dataset, .charter = charter, .name = std::move(name), .format = DataFormat::kCsv};
  manifest.schema.columns = {{.name = "patient_id", .type = {.kind = ColumnType::Kind::kBigint}},
                             {.name = "ward", .type = {.kind = ColumnType::Kind::kVarchar}}};
  manifest.policy.levels = {Level::kAggregateOnly};
  manifest.policy.privacy_unit = "patient_id";
  manifest.policy.columns.emplace("patient_id", key);
  manifest.policy.may_query = {"*"};
  manifest.policy.may_receive = {"*"};
  manifest.object = {.header_digest = DigestOf("header"), .length_bytes = 1000, .root = DigestOf("root")};
  return manifest;
}

inline QueryRequest RequestOf(const QueryId& query, std::vector<DatasetRead> datasets, const Digest256& charter,
                              std::vector<Thumbprint> recipients) {
  return {.query = query,
          .name = "visits by ward",
          .text = "SELECT ward, count(*) FROM visits GROUP BY ward",
          .datasets = std::move(datasets),
          .recipients = Sorted(std::move(recipients)),
          .charter = charter};
}

// A report that accepts a query over datasets of these owners.
inline Report ReportOn(const SignedLink& query, std::vector<Thumbprint> owners) {
  const auto& request = *query.As<QueryRequest>();
  Report report{.environment = query.header().environment,
                .query = query.digest(),
                .query_id = request.query,
                .charter = request.charter,
                .recipients = request.recipients,
                .approvers = Sorted(std::move(owners)),
                .time = kNow};
  const codec::JsonObject people_read = {{"sentences", codec::JsonArray{"counts visits by ward"}}};
  report.accepted = Report::Accepted{.plan = DigestOf("plan"),
                                     .report_digest = crypto::Sha256(AsBytes(codec::CanonicalJson(people_read))),
                                     .report = people_read};
  for (const DatasetRead& read : request.datasets) report.charges.push_back({.dataset = read.dataset, .runs = 1});
  return report;
}

inline Approval ApprovalOf(const Report& report, Instant not_after = {kNow.unix_ms + 7 * 24 * 3600 * 1000}) {
  return {.query = report.query,
          .plan = report.accepted->plan,
          .report = report.accepted->report_digest,
          .charges = report.charges,
          .not_after = not_after,
          .notes = "fine"};
}

}  // namespace cloister::agreement::for_test
